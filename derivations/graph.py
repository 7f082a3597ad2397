"""Computational graphs of scalars: a formula as a list of nodes, each a function of earlier ones, at a point.

Values run forwards, tangents run forwards with them (one for every input), adjoints run backwards (one for every
output).
Nothing here imports SymPy, so that an answer can be judged by the same passes through a student's own nodes.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

from derivations.elementary import partial
from notation.errors import EvaluationError, ShapeError
from notation.evaluate import evaluate
from notation.scope import Scope
from notation.tree import Add, Call, Div, Expr, Mul, Neg, Num, Pow, Ref, number, rebuild, walk

# A node, input or output by its letter and its numbers: v_4 is ("v", (4,)).
Key: TypeAlias = tuple[str, tuple[int, ...]]


class GraphError(Exception):
    """A graph that cannot be built or run; the message is for whoever wrote its formulas."""


def key_of(ref: Ref) -> Key:
    """The key of a name with numbers as subscripts.

    >>> key_of(Ref("v", (Neg(number(1)),)))
    ('v', (-1,))
    """
    return ref.name, tuple(_whole(e) for e in (*ref.at, *ref.index))


def _whole(e: Expr) -> int:
    sign = -1 if isinstance(e, Neg) else 1
    body = e.body if isinstance(e, Neg) else e
    if not isinstance(body, Num) or body.value.denominator != 1:
        raise GraphError("a subscript here is a whole number")
    return sign * int(body.value)


def name_of(key: Key) -> Ref:
    """The name of a key, as it is printed.

    >>> name_of(("v", (4,)))
    Ref(name='v', at=(Num(value=Fraction(4, 1), text=''),), index=())
    """
    return Ref(key[0], tuple(Neg(number(-k)) if k < 0 else number(k) for k in key[1]))


def references(e: Expr) -> tuple[Key, ...]:
    """The nodes a formula uses, each once, in reading order."""
    return tuple(dict.fromkeys(key_of(n) for n in walk(e) if isinstance(n, Ref)))


@dataclass(frozen=True, slots=True)
class Node:
    """One step of a computation: its name and its formula in earlier nodes and inputs."""

    key: Key
    formula: Expr


@dataclass(frozen=True)
class Graph:
    """Nodes in the order in which they are computed, from inputs whose values are given to outputs.

    >>> x, y = Ref("x"), Ref("y")
    >>> square = Graph({("x", ()): 3.0}, (Node(("y", ()), Mul(x, x)),), (("y", ()),))
    >>> square.values["y", ()], square.tangents["y", ()], square.adjoints["x", ()]
    (9.0, (6.0,), (6.0,))
    """

    inputs: Mapping[Key, float]
    nodes: tuple[Node, ...]
    outputs: tuple[Key, ...]

    @cached_property
    def by_key(self) -> dict[Key, Node]:
        """The nodes by name."""
        return {n.key: n for n in self.nodes}

    @cached_property
    def values(self) -> dict[Key, float]:
        """Forward propagation: the value of every input and node."""
        known = dict(self.inputs)
        for node in self.nodes:
            known[node.key] = number_at(node.formula, known)
        return known

    @cached_property
    def slopes(self) -> dict[Key, dict[Key, float]]:
        """The local derivatives of every node by the nodes it uses."""
        return {
            node.key: {k: number_at(partial(node.formula, name_of(k)), self.values) for k in references(node.formula)}
            for node in self.nodes
        }

    @cached_property
    def tangents(self) -> dict[Key, tuple[float, ...]]:
        """Forward mode: the derivative of everything by every input, in the order of the inputs."""
        columns = [self.derivatives_by(k) for k in self.inputs]
        return {k: tuple(c[k] for c in columns) for k in self.values}

    def derivatives_by(self, source: Key) -> dict[Key, float]:
        """The total derivative of everything by one input or node, along all paths that lead away from it."""
        out = dict.fromkeys(self.inputs, 0.0) | {source: 1.0}
        for node in self.nodes:
            if node.key != source:
                out[node.key] = sum((d * out[k] for k, d in self.slopes[node.key].items()), 0.0)
        return out

    @cached_property
    def adjoints(self) -> dict[Key, tuple[float, ...]]:
        """Reverse mode: the derivative of every output by everything, in the order of the outputs."""
        rows = [self.derivatives_of(k) for k in self.outputs]
        return {k: tuple(r[k] for r in rows) for k in self.values}

    def derivatives_of(self, target: Key) -> dict[Key, float]:
        """The total derivative of one node by everything, collected backwards."""
        out = dict.fromkeys(self.values, 0.0) | {target: 1.0}
        for node in reversed(self.nodes):
            for k, d in self.slopes[node.key].items():
                out[k] += out[node.key] * d
        return out

    @property
    def jacobian(self) -> tuple[tuple[float, ...], ...]:
        """Rows are outputs, columns are inputs."""
        return tuple(self.tangents[k] for k in self.outputs)

    def with_slopes(self, slopes: Mapping[Key, Mapping[Key, float]]) -> Graph:
        """The same graph with other local derivatives, to see what a slip at one edge does."""
        changed = Graph(self.inputs, self.nodes, self.outputs)
        changed.__dict__["values"] = self.values
        changed.__dict__["slopes"] = {k: dict(v) for k, v in slopes.items()}
        return changed


def number_at(e: Expr, known: Mapping[Key, float]) -> float:
    """The value of a formula in known names; `GraphError` where it has none."""

    def lookup(name: str, at: tuple[int, ...]) -> object:
        import numpy as np

        if (name, at) not in known:
            raise EvaluationError(f"{name}{''.join(f'_{k}' for k in at)} has no value here")
        return np.float64(known[name, at])

    try:
        value = float(evaluate(e, Scope(lookup=lookup)))
    except (EvaluationError, ShapeError, TypeError, ValueError) as problem:
        raise GraphError(str(problem)) from problem
    if not math.isfinite(value):
        raise GraphError("this has no finite value")
    return value


def ordered(nodes: Iterable[Node], given: Iterable[Key]) -> tuple[Node, ...]:
    """The nodes so that each comes after what it uses; `GraphError` names what is missing or goes in a circle."""
    waiting = list(nodes)
    known = set(given)
    out: list[Node] = []
    while waiting:
        ready = next((n for n in waiting if all(k in known for k in references(n.formula))), None)
        if ready is None:
            missing = {k for n in waiting for k in references(n.formula)} - known - {n.key for n in waiting}
            shown = ", ".join(sorted(f"{k[0]}{''.join(f'_{i}' for i in k[1])}" for k in missing))
            raise GraphError(f"{shown} is not defined" if missing else "the nodes depend on each other in a circle")
        out.append(ready)
        known.add(ready.key)
        waiting.remove(ready)
    return tuple(out)


# -- a formula taken apart into elementary operations ------------------------------------------------------------------


class _Cutter:
    def __init__(self, letter: str, inputs: Iterable[Key]) -> None:
        self.letter = letter
        self.nodes: list[Node] = []
        self.seen: dict[Expr, Ref] = {}
        for key in inputs:
            self.node(name_of(key))

    def node(self, formula: Expr) -> Ref:
        """The node of an elementary formula; the same formula is computed once."""
        if formula not in self.seen:
            key = (self.letter, (len(self.nodes) + 1,))
            self.nodes.append(Node(key, formula))
            self.seen[formula] = name_of(key)
        return self.seen[formula]

    def cut(self, e: Expr) -> Ref:
        """The node that computes an expression, after those that compute its parts."""
        if isinstance(e, (Num, Ref)):
            return self.node(e)
        if isinstance(e, Add):
            total = self.cut(e.terms[0])
            for term in e.terms[1:]:
                part = self.cut(term.body if isinstance(term, Neg) else term)
                total = self.node(Add((total, Neg(part) if isinstance(term, Neg) else part)))
            return total
        if isinstance(e, Pow) and isinstance(e.exponent, Num):
            return self.node(Pow(self.cut(e.base), e.exponent))  # a square is one operation, its exponent no node
        if isinstance(e, (Neg, Mul, Div, Pow)) or (isinstance(e, Call) and e.args and not e.order):
            return self.node(rebuild(e, self.cut))
        if isinstance(e, Call) and not e.args:
            return self.node(e)
        raise GraphError(f"{type(e).__name__} is no elementary operation")


def taken_apart(outputs: Mapping[Key, Expr], inputs: Mapping[Key, float], letter: str = "v") -> Graph:
    """The graph of a formula at the level of elementary operations; a part that occurs twice is one node.

    >>> x = Ref("x")
    >>> graph = taken_apart({("y", ()): Call("sin", (Mul(x, x),))}, {("x", ()): 2.0})
    >>> [n.key for n in graph.nodes]
    [('v', (1,)), ('v', (2,)), ('v', (3,)), ('y', ())]
    """
    cutter = _Cutter(letter, inputs)
    last = [Node(key, cutter.cut(formula)) for key, formula in outputs.items()]
    return Graph(inputs, (*cutter.nodes, *last), tuple(outputs))
