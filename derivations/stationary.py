"""The optimum of an integral at every point by itself: pointwise calculus of variations.

An objective `integral of f(p(x), q(x), D(x)) dx` shares no value of D between two points, so its optimum over all
functions D is the optimum of the integrand at each point: the derivative by D(x) is 0 there, the second has one sign.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import sympy as sp

from derivations.terms import S, ToSympy
from derivations.trees import ToTree
from notation.errors import EvaluationError
from notation.tree import Expr, Ref, walk

Sense = Literal["minimise", "maximise"]


@dataclass(frozen=True, slots=True)
class Stationary:
    """Where an integrand is stationary: its first derivative, the solution, and the second derivative there."""

    derivative: Expr
    value: Expr
    second: Expr


def stationary(
    integrand: Expr,
    over: Ref,
    positive: Sequence[str],
    axes: Callable[[str], int],
    sense: Sense = "minimise",
    domain: tuple[float, float] | None = None,
) -> Stationary:
    """Solve for the optimum of `integrand` over the quantity `over`, everything else held fixed.

    `positive` names quantities known to be positive, `axes` tells how many positions of a name are steps, `domain`
    bounds the values of `over`. Raises `EvaluationError` where there is no single optimum, or where the second
    derivative has no certain sign.
    """
    convert = ToSympy(lambda name: name in {r.name for e in over.at for r in walk(e) if isinstance(r, Ref)})
    body = convert.scalar(integrand)
    unknown = convert.scalar(over)
    names: dict[S, S] = {}
    for atom in sorted(body.atoms(sp.Indexed, sp.Symbol), key=str):
        bare = isinstance(atom, sp.Symbol) and not any(atom in i.free_symbols for i in body.atoms(sp.Indexed))
        if isinstance(atom, sp.Indexed) or bare:
            label = str(atom.base) if isinstance(atom, sp.Indexed) else atom.name
            names[atom] = sp.Symbol(f"v{len(names):03}", real=True, positive=True if label in positive else None)
    if unknown not in names:
        raise EvaluationError("the objective does not depend on what is to be chosen")
    plain = body.subs(names)
    x = names[unknown]
    if domain is not None and domain[0] >= 0:  # log D has a value there
        inside = sp.Symbol(x.name, positive=True)
        plain, x, names[unknown] = plain.subs(x, inside), inside, inside
    first = sp.Add(*(sp.factor(t) for t in sp.Add.make_args(plain.diff(x))))
    value, second = optimum(first, x, sense)
    back = {v: k for k, v in names.items()}
    tree = ToTree(axes, None)
    return Stationary(*(tree.scalar(e.subs(back)) for e in (first, value, second)))


def optimum(first: S, x: S, sense: Sense) -> tuple[S, S]:
    """The zero of a first derivative that is the optimum, and the second derivative there."""
    found = []
    for value in sp.solve(first, x):
        value = sp.factor(sp.together(value))
        second = sp.factor(sp.together(first.diff(x).subs(x, value)))
        if (second.is_positive if sense == "minimise" else second.is_negative) is True:
            found.append((value, second))
    if len(found) != 1:
        raise EvaluationError(f"there is no single stationary point that is certainly where to {sense}")
    return found[0]
