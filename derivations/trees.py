"""From SymPy bodies back to index-form trees."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

import sympy as sp

from derivations.terms import _NAMES, ADJOINT, Opaque, S, Term
from notation.errors import EvaluationError
from notation.tree import (
    Add,
    All,
    Block,
    Call,
    Cases,
    Compare,
    Component,
    DerivativeKind,
    Div,
    Expr,
    Indicator,
    Mul,
    Neg,
    Partial,
    Pow,
    Reduce,
    Ref,
    number,
    substitute,
)


class ToTree:
    """Converts SymPy bodies back to index-form trees; `axes` gives how many positions of a name are steps.

    `objective` is what adjoints are derivatives of; `local` tells what a slope of a function known by name only is:
    of which quantity, by which, total or direct.
    """

    def __init__(
        self,
        axes: Callable[[str], int],
        objective: Ref | None,
        local: Callable[[str], tuple[Ref, Ref, DerivativeKind] | None] = lambda key: None,
    ) -> None:
        self.axes = axes
        self.objective = objective or Ref("L")
        self.local = local

    def scalar(self, x: S) -> Expr:
        """The tree of a SymPy expression."""
        if x.is_Rational:
            return _rational(int(x.p), int(x.q))
        if isinstance(x, sp.Indexed):
            return self.indexed(str(x.base), [self.scalar(i) for i in x.indices])
        if isinstance(x, sp.Symbol):
            return self.indexed(x.name, [])
        if x.is_Add:
            if any(isinstance(a, sp.Symbol) and a.is_integer for a in x.args):  # an index: t + 1, 2r + i - 2
                return Add(tuple(self.scalar(a) for a in sorted(x.as_ordered_terms(), key=_place)))
            parts = [self.scalar(a) for a in x.as_ordered_terms()]
            parts.sort(key=lambda p: isinstance(p, Neg))
            return Add(tuple(parts))
        if x.is_Mul:
            return self.product(x)
        if x.is_Pow:
            return self.power(x.base, x.exp)
        if isinstance(x, Opaque):
            return Call(str(x.args[1]), (self.scalar(x.args[0]),), int(x.args[2]))
        if type(x) in _NAMES:
            return Call(_NAMES[type(x)], tuple(self.scalar(a) for a in x.args))
        if x == sp.pi:
            return Call("pi", ())
        if x == sp.E:
            return Call("exp", (number(1),))
        if isinstance(x, sp.core.relational.Relational):
            return self.relation(x)
        raise EvaluationError(f"{x} cannot be shown")

    def relation(self, x: S) -> Expr:
        """A relation between indices."""
        names = {sp.Eq: "=", sp.Ne: "!=", sp.Lt: "<", sp.Le: "<=", sp.Gt: ">", sp.Ge: ">="}
        return Compare((self.scalar(x.lhs), self.scalar(x.rhs)), (names[type(x)],))  # type: ignore[arg-type]

    def indexed(self, key: str, indices: list[Expr]) -> Expr:
        """A quantity from its key and indices."""
        if (slope := self.local(key)) is not None:
            of, wrt, kind = slope
            names = {a.name: i for a, i in zip(of.at, indices, strict=False) if isinstance(a, Ref)}
            at = tuple(substitute(a, names) for a in wrt.at)
            inner = replace(wrt, at=at, index=tuple(indices[len(of.at) :]))
            return Partial(replace(of, at=tuple(indices[: len(of.at)])), inner, kind)
        adjoint = key.startswith(ADJOINT)
        name, *blocks = key.removeprefix(ADJOINT).split("|")
        steps = self.axes(name)
        at, index = tuple(indices[:steps]), tuple(indices[steps:])
        value: Expr = Ref(name, at, () if blocks else index)
        if adjoint:
            value = Partial(self.objective, value)
        for spec in blocks:
            axis, number_ = spec.split(":")
            value = Block(value, int(axis), int(number_))
        return Component(value, index) if blocks else value

    def power(self, base: S, exponent: S) -> Expr:
        """A power; negative ones become fractions."""
        if exponent.is_Rational and exponent.is_negative:
            return Div(number(1), self.power(base, -exponent))
        if exponent == 1:
            return self.scalar(base)
        if exponent == sp.Rational(1, 2):
            return Call("sqrt", (self.scalar(base),))
        return Pow(self.scalar(base), self.scalar(exponent))

    def product(self, x: S) -> Expr:
        """A product with its sign in front."""
        coefficient, rest = x.as_coeff_Mul()
        top: list[Expr] = []
        bottom: list[Expr] = []
        for f in ordered(sp.Mul.make_args(rest)):
            base, exponent = f.as_base_exp()
            if exponent.is_Rational and exponent.is_negative:
                bottom.append(self.power(base, -exponent))
            else:
                top.append(self.scalar(f))
        p, q = abs(int(coefficient.p)), int(coefficient.q)
        if p != 1:
            top.insert(0, number(p))
        if q != 1:
            bottom.insert(0, number(q))
        value = product_of(top)
        if bottom:
            value = Div(value, product_of(bottom))
        return Neg(value) if coefficient.is_negative else value

    def term(self, t: Term) -> Expr:
        """The tree of a term with its sums and conditions.

        A condition stands at the innermost sum whose variable it restricts, so that no step or component outside its
        range is ever asked for.
        """
        body: Expr = self.scalar(t.body)
        negative = isinstance(body, Neg)
        if isinstance(body, Neg):
            body = body.body
        left = list(t.conditions)
        for b in reversed(t.bound):
            mine = [c for c in left if b.variable in c.free_symbols]
            left = [c for c in left if c not in mine]
            low, high = self.scalar(b.low), self.scalar(b.high)
            body = Reduce("sum", str(b.variable), low, high, self.all_of(mine) if mine else None, body)
        equalities = [c for c in left if isinstance(c, sp.Eq)]
        for c in equalities:
            body = Mul(Indicator(self.scalar(c)), body)
        if others := [c for c in left if c not in equalities]:
            body = Cases(((body, self.all_of(others)), (number(0), None)))
        return Neg(body) if negative else body

    def all_of(self, conditions: list[S]) -> Expr:
        """Conditions that must all hold; what they guard is not evaluated elsewhere."""
        trees: list[Expr] = []
        for c in conditions:
            above = next(
                (d for d in conditions if isinstance(c, sp.Ge) and isinstance(d, sp.Le) and d.lhs == c.lhs), None
            )
            if above is not None:  # both ends of a range
                ends = (self.scalar(c.rhs), self.scalar(c.lhs), self.scalar(above.rhs))
                trees.append(Compare(ends, ("<=", "<=")))
            elif not (isinstance(c, sp.Le) and any(isinstance(d, sp.Ge) and d.lhs == c.lhs for d in conditions)):
                trees.append(self.scalar(c))
        return trees[0] if len(trees) == 1 else All(tuple(trees))


def _place(term: S) -> tuple[bool, bool, int]:
    """Where a term of an index stands: numbers last, minus signs late, larger strides first."""
    coefficient = term.as_coeff_Mul()[0]
    size = int(abs(coefficient)) if coefficient.is_Integer else 1
    return bool(term.is_number), bool(coefficient.is_negative), -size


def ordered(items: Iterable[S]) -> list[S]:
    """A stable order that reads well: adjoints first, then names, then functions of them."""

    def rank(f: S) -> tuple[int, str]:
        text = str(f)
        if text.startswith(ADJOINT):
            return 0, text
        if f.is_Number:
            return -1, text
        if isinstance(f, (sp.Indexed, sp.Symbol)):
            return 1, text
        return 2, text

    return sorted(items, key=rank)


def product_of(factors: list[Expr]) -> Expr:
    """A left-nested product; no factors is 1."""
    if not factors:
        return number(1)
    out = factors[0]
    for f in factors[1:]:
        out = Mul(out, f)
    return out


def _rational(p: int, q: int) -> Expr:
    value: Expr = number(abs(p)) if q == 1 else Div(number(abs(p)), number(q))
    return Neg(value) if p < 0 else value
