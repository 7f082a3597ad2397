"""What the equations say about sums and quotients of whole quantities: deviations from a mean add up to 0, and a
quotient of two quantities has a name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import sympy as sp

from derivations.terms import Bound, S, Term

if TYPE_CHECKING:
    from derivations.equations import IndexEquation


@dataclass(frozen=True, slots=True)
class Quotient:
    """`target = top / bottom` for all values of `variables`."""

    top: S
    bottom: S
    target: S
    variables: tuple[S, ...]

    def named(self, body: S) -> S:
        """A product in which the quotient is called by its name.

        >>> from sympy import IndexedBase, Symbol
        >>> i, k = Symbol("i", integer=True), Symbol("k", integer=True)
        >>> s, x, u = Symbol("s"), IndexedBase("x"), IndexedBase("u")
        >>> Quotient(u[i], s, x[i], (i,)).named(u[k] ** 2 / s**3)
        x[k]**2/s
        """
        wild = {v: sp.Wild(f"w{n}") for n, v in enumerate(self.variables)}
        powers = {f.as_base_exp()[0]: f.as_base_exp()[1] for f in sp.Mul.make_args(body)}
        for base, power in powers.items():
            match = base.match(self.top.subs(wild)) if isinstance(base, type(self.top)) else None
            if match is None or not (power.is_Integer and power > 0):
                continue
            below = self.bottom.subs(wild).subs(match)
            times = min(power, -powers.get(below, sp.Integer(0)))
            if times.is_Integer and times > 0:
                return self.named(body * (self.target.subs(wild).subs(match) * below / base) ** times)
        return body


def quotients(equations: Sequence[IndexEquation]) -> list[Quotient]:
    """The equations that divide one quantity by another."""
    found = []
    for e in equations:
        if e.hidden or len(e.terms) != 1 or e.terms[0].bound or e.terms[0].conditions:
            continue
        top, bottom = e.terms[0].body.as_numer_denom()
        if isinstance(top, sp.Indexed) and isinstance(bottom, (sp.Indexed, sp.Symbol)):
            variables = tuple(b.variable for b in e.free)
            target = sp.IndexedBase(e.name)[variables] if variables else sp.Symbol(e.name, real=True)
            found.append(Quotient(top, bottom, target, variables))
    return found


def centred(equations: Sequence[IndexEquation]) -> dict[tuple[str, int], tuple[S, S]]:
    """Quantities whose entries add up to 0 along one index: name and place of the index, with its range.

    `u_i = x_i - m` is one where `m` is the mean of `x`, and so is `u_i / s`.
    """
    found: dict[tuple[str, int], tuple[S, S]] = {}
    for e in equations:
        for place, b in enumerate(e.free):
            if _deviates(e, b, equations) or _inherits(e, b, found):
                found[e.name, place] = (b.low, b.high)
    return found


def _deviates(e: IndexEquation, along: Bound, equations: Sequence[IndexEquation]) -> bool:
    """Whether an equation subtracts from a quantity its mean over an index."""
    bodies = [t.body for t in e.terms]
    if len(bodies) != 2 or any(t.bound or t.conditions for t in e.terms):
        return False
    for x, minus in (bodies, bodies[::-1]):
        mean = -minus
        if not isinstance(x, sp.Indexed) or along.variable not in x.free_symbols or along.variable in mean.free_symbols:
            continue
        for m in equations:
            if m.name != str(getattr(mean, "base", mean)) or len(m.terms) != 1 or len(m.terms[0].bound) != 1:
                continue
            (b,) = m.terms[0].bound
            own = dict(zip((f.variable for f in m.free), getattr(mean, "indices", ()), strict=True))
            whole = (b.low, b.high) == (along.low, along.high)
            each = m.terms[0].body.subs(own, simultaneous=True).subs(b.variable, along.variable)
            if whole and sp.expand(each * (b.high - b.low + 1) - x) == 0:
                return True
    return False


def _inherits(e: IndexEquation, along: Bound, found: dict[tuple[str, int], tuple[S, S]]) -> bool:
    """Whether an equation multiplies such a quantity by what does not depend on the index."""
    if len(e.terms) != 1 or e.terms[0].bound or e.terms[0].conditions:
        return False
    return vanishes(e.terms[0].body, along, found)


def vanishes(body: S, along: Bound, found: dict[tuple[str, int], tuple[S, S]]) -> bool:
    """Whether a product adds up to 0 over an index."""
    factors = [f for f in sp.Mul.make_args(body) if along.variable in f.free_symbols]
    if len(factors) != 1 or not isinstance(factors[0], sp.Indexed):
        return False
    places = [n for n, i in enumerate(factors[0].indices) if along.variable in i.free_symbols]
    if len(places) != 1 or factors[0].indices[places[0]] != along.variable:
        return False
    return found.get((str(factors[0].base), places[0])) == (along.low, along.high)


def without_vanishing(terms: list[Term], found: dict[tuple[str, int], tuple[S, S]]) -> list[Term]:
    """The terms that do not add up to 0."""
    return [t for t in terms if t.conditions or not any(vanishes(t.body, b, found) for b in t.bound)]
