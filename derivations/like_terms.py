"""Sums of terms kept tidy: bound variables with their ranges, and terms that are equal up to the names of these."""

from __future__ import annotations

from dataclasses import replace

import sympy as sp

from derivations.terms import Bound, S, Term


def stem_of(b: Bound) -> str:
    """The letter that a bound variable was made from."""
    return str(b.variable).split("#", maxsplit=1)[0]


def within_bounds(term: Term) -> Term:
    """Conditions that only move an end of a sum, as i >= 1 of a sum from i = 0, taken into its range."""
    bound, left = list(term.bound), []
    for c in term.conditions:
        place = next((k for k, b in enumerate(bound) if c.free_symbols and b.variable in (c.lhs, c.rhs)), None)
        moved = _moved(bound[place], c) if place is not None else None
        if place is None or moved is None:
            left.append(c)
        else:
            bound[place] = moved
    return Term(term.body, tuple(bound), tuple(left))


def _moved(b: Bound, c: S) -> Bound | None:
    """The range that is left of a sum under a condition; None where it is no range."""
    other = c.rhs if c.lhs == b.variable else c.lhs
    if not other.is_number or not b.low.is_number:
        return None
    below = isinstance(c, (sp.Ge, sp.Gt)) == (c.lhs == b.variable)
    strict = isinstance(c, (sp.Gt, sp.Lt))
    if isinstance(c, sp.Ne):
        return replace(b, low=b.low + 1) if other == b.low else (b if other < b.low else None)
    if isinstance(c, (sp.Ge, sp.Gt, sp.Le, sp.Lt)) and below:
        return replace(b, low=max(b.low, other + (1 if strict else 0)))
    return None


def solved_for(index: S, wanted: S, unsolved: list[Bound]) -> tuple[Bound, S] | None:
    """Solve index = wanted for an unsolved variable that stands alone with coefficient +1 or -1."""
    index = sp.expand(index)
    for b in unsolved:
        coefficient = index.coeff(b.variable)
        if coefficient in (1, -1) and not (index - coefficient * b.variable).has(b.variable):
            return b, sp.expand((wanted - (index - coefficient * b.variable)) * coefficient)
    return None


def length(b: Bound) -> S:
    """How many values a summation variable takes."""
    return sp.expand(b.high - b.low + 1)


def occurs(b: Bound, term: Term, conditions: list[S]) -> bool:
    """Whether a summation variable occurs in the body, a condition or the range of another sum."""
    ends = {s for other in term.bound for s in (other.low.free_symbols | other.high.free_symbols)}
    return b.variable in term.body.free_symbols | ends or restricts(b, conditions)


def restricts(b: Bound, conditions: list[S]) -> bool:
    """Whether a condition says something about a summation variable."""
    return any(b.variable in c.free_symbols for c in conditions)


def collect(terms: list[Term]) -> list[Term]:
    """Add up like terms: equal up to the names of their bound variables."""
    seen: dict[tuple[object, ...], Term] = {}
    for t in terms:
        t = canonical(t)
        coefficient, rest = t.body.as_coeff_Mul()
        key = (rest, t.bound, t.conditions)
        if key in seen:
            before = seen[key].body.as_coeff_Mul()[0]
            seen[key] = Term((before + coefficient) * rest, t.bound, t.conditions)
        else:
            seen[key] = t
    return [t for t in seen.values() if t.body != 0]


def canonical(t: Term) -> Term:
    """Bound variables renamed in the order in which they appear, so that equal terms look equal."""
    order = sorted(t.bound, key=lambda b: (str(b.high), _signature(t.body, b.variable)))
    for n, b in enumerate(order):
        stem = str(b.variable).split("#")[0]
        new = sp.Symbol(f"{stem}#c{n}", integer=True)
        t = Term(
            t.body, tuple(replace(x, variable=new) if x.variable == b.variable else x for x in t.bound), t.conditions
        ).subs(b.variable, new)
    return Term(t.body, tuple(sorted(t.bound, key=lambda b: str(b.variable))), tuple(sorted(t.conditions, key=str)))


def _signature(body: S, variable: S) -> str:
    """How a bound variable occurs, without the names of the other bound variables."""

    def mark(index: S) -> str:
        if not any("#" in str(s) for s in index.free_symbols):
            return str(index)
        return "*" if index.has(variable) else "."

    atoms = [a for a in body.atoms(sp.Indexed) if variable in a.free_symbols]
    parts = [f"{a.base}:{[mark(i) for i in a.indices]}" for a in atoms]
    return ",".join(sorted(parts))
