"""SymPy's road to the derivatives of a computational graph: nodes inserted into each other, then differentiated."""

from __future__ import annotations

import sympy as sp

from derivations.graph import Graph, Key, name_of
from derivations.terms import Relu, S, Sigmoid, Step, Tanh, ToSympy
from derivations.trees import ToTree
from notation.errors import EvaluationError
from notation.tree import Expr

_DIGITS = 30  # SymPy evaluates with these; the passes to compare with have about 16


def _plain(x: S) -> S:
    """The functions of the calculus as SymPy's own, so that their derivatives are SymPy's too."""
    x = x.replace(Sigmoid, lambda z: 1 / (1 + sp.exp(-z))).replace(Tanh, sp.tanh)
    return x.replace(Relu, lambda z: sp.Max(z, 0)).replace(Step, lambda z: sp.Heaviside(z, 0))


class ClosedForm:
    """The nodes of a graph as SymPy expressions in its inputs, or in any node that is held as a variable."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.reader = ToSympy(lambda name: False)
        self.symbols = {k: self.reader.quantity(name_of(k)) for k in (*graph.inputs, *graph.by_key)}
        self.at = {self.symbols[k]: sp.Rational(repr(v)) for k, v in graph.inputs.items()}

    def expressions(self, held: Key | None = None) -> dict[Key, S]:
        """Every node in terms of the inputs; from `held` on in terms of that node too."""
        out: dict[Key, S] = {k: self.symbols[k] for k in self.graph.inputs}
        for node in self.graph.nodes:
            formula = self.reader.scalar(node.formula)
            inner = {self.symbols[k]: out[k] for k in out}
            out[node.key] = self.symbols[node.key] if node.key == held else formula.xreplace(inner)
        return out

    def jacobian(self) -> tuple[tuple[S, ...], ...]:
        """The derivatives of the outputs by the inputs, exact at the point."""
        nodes = self.expressions()
        return tuple(
            tuple(sp.expand(nodes[y].diff(self.symbols[x])).subs(self.at) for x in self.graph.inputs)
            for y in self.graph.outputs
        )

    def tangents(self) -> dict[Key, tuple[float, ...]]:
        """The derivative of every node by every input."""
        nodes = {k: _plain(e) for k, e in self.expressions().items()}
        return {k: tuple(self.number(e.diff(self.symbols[x])) for x in self.graph.inputs) for k, e in nodes.items()}

    def adjoints(self) -> dict[Key, tuple[float, ...]]:
        """The derivative of every output by every node."""
        out: dict[Key, tuple[float, ...]] = {}
        plain = self.expressions()
        for key in (*self.graph.inputs, *self.graph.by_key):
            nodes = self.expressions(key)
            back = {} if key in self.graph.inputs else {self.symbols[key]: plain[key]}
            out[key] = tuple(
                self.number(_plain(nodes[y]).diff(self.symbols[key]).xreplace({k: _plain(v) for k, v in back.items()}))
                for y in self.graph.outputs
            )
        return out

    def number(self, e: S) -> float:
        """The value of an expression at the point."""
        return float(e.subs(self.at).evalf(_DIGITS))


def exact_jacobian(graph: Graph) -> tuple[tuple[Expr, ...], ...] | None:
    """The Jacobian at the point without decimals, where SymPy's forms can be printed."""
    show = ToTree(lambda name: 1, None)
    try:
        return tuple(tuple(show.scalar(x) for x in row) for row in ClosedForm(graph).jacobian())
    except EvaluationError:
        return None
