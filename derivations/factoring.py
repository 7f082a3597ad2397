"""Sums of terms in the products that a person would write: `o dh - o dh tanh^2` is `dh o (1 - tanh^2)`."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

import sympy as sp

from derivations.terms import ADJOINT, S, Term

# Sums of more terms are not put together again: trying costs more than it helps the reader.
LONGEST_SUM = 16


def factored(terms: Sequence[Term], axes: Callable[[str], int]) -> list[Term]:
    """Terms with the same sums and adjoints brought together: `o dh - o dh tanh^2` is `dh o (1 - tanh^2)`."""
    groups: dict[tuple[object, ...], list[Term]] = {}
    for t in terms:
        marks = tuple(sorted(str(a) for a in t.body.atoms(sp.Indexed) if _is_common(a, axes, t.body)))
        groups.setdefault((t.bound, t.conditions, marks), []).append(t)
    out = []
    for (bound, conditions, _), members in groups.items():
        body = sp.Add(*[m.body for m in members])
        out.append(Term(_positive_lead(_in_products(sp.factor_terms(body))), bound, conditions))  # type: ignore[arg-type]
    return out


def _in_products(body: S) -> S:
    """Expanded products put together again: `1 - z - h^2 + z h^2` is `(1 - z)(1 - h^2)`."""
    sign: S = sp.Integer(1)
    out: list[S] = []
    for f in sp.Mul.make_args(body):
        found = list(sp.Mul.make_args(sp.factor(f))) if f.is_Add and 4 <= len(f.args) <= LONGEST_SUM else [f]
        if len(found) == 1:
            out.append(f)
            continue
        for one in _squares(found):
            flip = one.is_Add and one.as_coeff_Add()[0].is_negative  # 1 - z, not z - 1
            out.append(-one if flip else one)
            sign = -sign if flip else sign
    changed = out != list(sp.Mul.make_args(body))
    return sp.factor_terms(sign * sp.Mul(*out)) if changed else body


def _squares(factors: list[S]) -> list[S]:
    """Factors in which `(1 - h)(1 + h)` is `1 - h^2` again."""
    for a, b in itertools.combinations(factors, 2):
        if (
            a.is_Add
            and b.is_Add
            and a.as_coeff_Add()[1] == b.as_coeff_Add()[1]
            and len((whole := sp.expand(a * b)).args) == 2
        ):
            rest = list(factors)
            rest.remove(a)
            rest.remove(b)
            return _squares([*rest, whole])
    return factors


def _positive_lead(body: S) -> S:
    """`-(y - yhat)` is `yhat - y`."""
    coefficient, rest = body.as_coeff_Mul()
    if not coefficient.is_negative:
        return body
    factors = list(sp.Mul.make_args(rest))
    for n, f in sorted(enumerate(factors), key=lambda one: one[1].as_coeff_Add()[0] != 0):  # 1 - z stays as it is
        if f.is_Add and len(f.args) == 2 and any(_negative(a) for a in f.args):
            factors[n] = sp.Add(*[-a for a in f.args])
            return -coefficient * sp.Mul(*factors)
    return body


def _negative(x: S) -> bool:
    return bool(x.as_coeff_Mul()[0].is_negative)


def _is_common(a: S, axes: Callable[[str], int], body: S) -> bool:
    """Adjoints, and matrices, decide which terms belong together; a squared one is part of a slope such as 1 - H^2."""
    name = str(a.base)
    if name.startswith(ADJOINT) or "|" in name:
        return True
    return len(a.indices) - axes(name) > 1 and a in sp.Mul.make_args(body)
