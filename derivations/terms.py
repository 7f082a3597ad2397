"""Sums of products with bound indices, in SymPy: what the calculus works on.

A `Term` is a SymPy body (a product of indexed quantities and pointwise functions of them) under a list of bound index
variables and conditions. Index bookkeeping is done here; SymPy does the algebra of the bodies.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import sympy as sp

from notation.errors import EvaluationError
from notation.tree import (
    Add,
    All,
    Block,
    Call,
    Cases,
    Compare,
    Component,
    Div,
    Expr,
    Indicator,
    Mul,
    Neg,
    Num,
    Partial,
    Pow,
    Reduce,
    Ref,
)

S: TypeAlias = Any  # a SymPy expression; SymPy ships no types

ADJOINT = "\u2202"  # prefix of the name of an adjoint: the total derivative of the loss by the quantity


class Sigmoid(sp.Function):  # type: ignore[misc]
    """The logistic function, opaque except for its derivative."""

    is_real = True

    def fdiff(self, argindex: int = 1) -> S:
        """The first derivative, as SymPy asks for it."""
        return self * (1 - self)


class Tanh(sp.Function):  # type: ignore[misc]
    """The hyperbolic tangent, opaque so that nothing rewrites 1 - tanh^2 as 1/cosh^2."""

    is_real = True

    def fdiff(self, argindex: int = 1) -> S:
        """The first derivative, as SymPy asks for it."""
        return 1 - self**2


class Relu(sp.Function):  # type: ignore[misc]
    """max(x, 0), with the step function as derivative."""

    is_real = True

    def fdiff(self, argindex: int = 1) -> S:
        """The first derivative, as SymPy asks for it."""
        return Step(self.args[0])


class Step(sp.Function):  # type: ignore[misc]
    """1 where x > 0, else 0; its derivative is 0 almost everywhere."""

    is_real = True

    def fdiff(self, argindex: int = 1) -> S:
        """The first derivative, as SymPy asks for it."""
        return sp.Integer(0)


class Opaque(sp.Function):  # type: ignore[misc]
    """A function known by name only; `order` primes are its derivatives. Arguments: argument, name, order."""

    is_real = True

    def fdiff(self, argindex: int = 1) -> S:
        """The first derivative, as SymPy asks for it."""
        x, name, order = self.args
        return Opaque(x, name, order + 1)


_FUNCTIONS: dict[str, Callable[[S], S]] = {
    "sigmoid": Sigmoid,
    "tanh": Tanh,
    "relu": Relu,
    "heaviside": Step,
    "exp": sp.exp,
    "log": sp.log,
    "sqrt": sp.sqrt,
    "sin": sp.sin,
    "cos": sp.cos,
    "abs": sp.Abs,
    "softplus": lambda x: sp.log(1 + sp.exp(x)),
    "sinh": sp.sinh,
    "cosh": sp.cosh,
    "tan": sp.tan,
    "asin": sp.asin,
    "acos": sp.acos,
    "atan": sp.atan,
}
_NAMES: dict[type, str] = {
    Sigmoid: "sigmoid",
    Tanh: "tanh",
    Relu: "relu",
    Step: "heaviside",
    sp.exp: "exp",
    sp.log: "log",
    sp.sin: "sin",
    sp.cos: "cos",
    sp.Abs: "abs",
    sp.sinh: "sinh",
    sp.cosh: "cosh",
    sp.sign: "sign",
    sp.tan: "tan",
    sp.asin: "asin",
    sp.acos: "acos",
    sp.atan: "atan",
}


@dataclass(frozen=True, slots=True)
class Bound:
    """A summation variable with its inclusive range."""

    variable: S
    low: S
    high: S


@dataclass(frozen=True, slots=True)
class Term:
    """sum over `bound` of [conditions] * body."""

    body: S
    bound: tuple[Bound, ...] = ()
    conditions: tuple[S, ...] = ()

    def times(self, other: Term) -> Term:
        """The product; the bound variables of both must be distinct."""
        return Term(self.body * other.body, self.bound + other.bound, self.conditions + other.conditions)

    def subs(self, old: S, new: S) -> Term:
        """Replace an index variable everywhere."""
        return Term(
            self.body.subs(old, new),
            tuple(Bound(b.variable, b.low.subs(old, new), b.high.subs(old, new)) for b in self.bound),
            tuple(c.subs(old, new) for c in self.conditions),
        )


_counter: list[Iterator[int]] = [itertools.count(1)]


def restart(after: int = 0) -> None:
    """Number new bound variables from there on: a derivation looks the same whatever was derived before it."""
    _counter[0] = itertools.count(after + 1)


def numbered() -> int:
    """How many bound variables there are since the numbering began."""
    count = next(_counter[0]) - 1
    restart(count)
    return count


def fresh(stem: str = ".j") -> S:
    """A bound variable that is new in this derivation, so that no sum captures another's index."""
    return sp.Symbol(f"{stem}#n{next(_counter[0]):04}", integer=True)


def index_symbol(name: str) -> S:
    """An index variable or size."""
    return sp.Symbol(name, integer=True)


# -- from trees
# -----------------------------------------------------------------------------------------------------------


def key_of(e: Expr) -> tuple[str, tuple[Expr, ...], tuple[Expr, ...]]:
    """The base name (with its blocks), steps and components of a quantity in index form."""
    if isinstance(e, Component):
        name, at, index = key_of(e.body)
        return name, at, (*index, *e.index)
    if isinstance(e, Block):
        name, at, index = key_of(e.body)
        return f"{name}|{e.axis}:{e.number}", at, index
    if isinstance(e, Ref):
        return e.name, e.at, e.index
    raise EvaluationError("only a quantity can stand here")


class ToSympy:
    """Converts scalar index-form trees; `is_index` tells names that are index variables or sizes."""

    def __init__(self, is_index: Callable[[str], bool]) -> None:
        self.is_index = is_index

    def scalar(self, e: Expr) -> S:
        """A tree without sums."""
        if isinstance(e, Num):
            return sp.Rational(e.value.numerator, e.value.denominator)
        if isinstance(e, (Ref, Component)):
            return self.quantity(e)
        if isinstance(e, Partial):
            name, at, index = key_of(e.wrt)
            return (
                sp.IndexedBase(ADJOINT + name)[tuple(self.scalar(x) for x in (*at, *index))]
                if at or index
                else sp.Symbol(ADJOINT + name, real=True)
            )
        if isinstance(e, Add):
            return sp.Add(*[self.scalar(t) for t in e.terms])
        if isinstance(e, Neg):
            return -self.scalar(e.body)
        if isinstance(e, Mul):
            return self.scalar(e.left) * self.scalar(e.right)
        if isinstance(e, Div):
            return self.scalar(e.top) / self.scalar(e.bottom)
        if isinstance(e, Pow):
            return self.scalar(e.base) ** self.scalar(e.exponent)
        if isinstance(e, Call):
            return self.function(e)
        raise EvaluationError(f"{type(e).__name__} is not part of the calculus")

    def function(self, e: Call) -> S:
        """A function value; primes are carried out."""
        if e.function == "pi":
            return sp.pi
        x = self.scalar(e.args[0])
        if e.function not in _FUNCTIONS:
            return Opaque(x, sp.Symbol(e.function), sp.Integer(e.order))
        value = _FUNCTIONS[e.function](x)
        for _ in range(e.order):
            dummy = sp.Dummy(real=True)
            value = _FUNCTIONS[e.function](dummy).diff(dummy).subs(dummy, x)
        return value

    def quantity(self, e: Expr) -> S:
        """A quantity with its steps and components."""
        name, at, index = key_of(e)
        if not at and not index:
            return index_symbol(name) if self.is_index(name) else sp.Symbol(name, real=True)
        return sp.IndexedBase(name)[tuple(self.scalar(x) for x in (*at, *index))]

    def terms(self, e: Expr) -> list[Term]:
        """A tree with sums as a list of terms."""
        if isinstance(e, Add):
            return [t for part in e.terms for t in self.terms(part)]
        if isinstance(e, Neg):
            return [replace(t, body=-t.body) for t in self.terms(e.body)]
        if isinstance(e, Mul):
            return [a.times(self.renamed(b)) for a in self.terms(e.left) for b in self.terms(e.right)]
        if isinstance(e, Div) and not has_sum(e.bottom):
            below = self.scalar(e.bottom)
            return [replace(t, body=t.body / below) for t in self.terms(e.top)]
        if isinstance(e, Reduce) and e.operation == "sum":
            if e.low is None or e.high is None:
                raise EvaluationError("a sum without bounds")
            variable = fresh()
            old = index_symbol(e.variable)
            bound = Bound(variable, self.scalar(e.low), self.scalar(e.high))
            conditions = tuple(c.subs(old, variable) for c in self.conditions(e.condition))
            inner = [t.subs(old, variable) for t in self.terms(e.body)]
            return [Term(t.body, (bound, *t.bound), (*conditions, *t.conditions)) for t in inner]
        if isinstance(e, Indicator):
            return [Term(sp.Integer(1), (), self.conditions(e.condition))]
        if isinstance(e, Cases):
            return self.branches(e)
        if isinstance(e, Pow) and has_sum(e.base) and isinstance(e.exponent, Num) and e.exponent.value in (2, 3):
            out = self.terms(e.base)
            for _ in range(int(e.exponent.value) - 1):
                out = [a.times(self.renamed(b)) for a in out for b in self.terms(e.base)]
            return out
        if has_sum(e):
            raise EvaluationError("a sum inside a function must be named first")
        return [Term(part) for part in sp.Add.make_args(sp.expand(self.scalar(e)))]

    def branches(self, e: Cases) -> list[Term]:
        """Every branch under its condition and under the contrary of those before it."""
        out: list[Term] = []
        others: tuple[S, ...] = ()
        for n, (body, condition) in enumerate(e.branches):
            own = self.conditions(condition)
            out.extend(replace(t, conditions=(*t.conditions, *own, *others)) for t in self.terms(body))
            if len(own) > 1 and n + 1 < len(e.branches):
                raise EvaluationError("only the last case may have several conditions")
            others = (*others, *(sp.Not(c) for c in own))
        return out

    def renamed(self, t: Term) -> Term:
        """The term with new bound variables."""
        for b in t.bound:
            new = fresh()
            t = Term(
                t.body,
                tuple(replace(x, variable=new) if x.variable == b.variable else x for x in t.bound),
                t.conditions,
            ).subs(b.variable, new)
        return t

    def conditions(self, e: Expr | None) -> tuple[S, ...]:
        """Relations between indices that must all hold; a chain `1 <= i <= n` is two of them."""
        if e is None:
            return ()
        if isinstance(e, All):
            return tuple(c for part in e.conditions for c in self.conditions(part))
        kinds = {"=": sp.Eq, "!=": sp.Ne, "<": sp.Lt, "<=": sp.Le, ">": sp.Gt, ">=": sp.Ge}
        if isinstance(e, Compare) and set(e.relations) <= set(kinds):
            sides = [self.scalar(side) for side in e.sides]
            return tuple(kinds[r](a, b) for a, r, b in zip(sides, e.relations, sides[1:], strict=False))
        raise EvaluationError("this condition is not part of the calculus")


def has_sum(e: Expr) -> bool:
    """Whether a sum occurs in a tree."""
    from notation.tree import walk

    return any(isinstance(n, (Reduce, Indicator, Cases)) for n in walk(e))
