"""Equations that an answer states on its way to a right result: is one of them untrue?

Only what was read as a whole and has a value is judged; all else is left alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import pairwise

import numpy as np

from checkers.limiting import RUNGS, Ladder
from checkers.scales import Course
from notation.errors import EvaluationError, ReadError, ShapeError
from notation.evaluate import evaluate
from notation.scope import Scope
from notation.statement import Answer, Statement
from notation.tree import Compare, Expr, Partial, Reduce, Ref, number, walk
from reference_impl.world import Array, World

# Values that agree are off by rounding; those of another formula by their own size.
SAME, APART = 1e-6, 0.02
# Two scales at which an equation between formulas in the scale must hold as it stands.
SCALES = (0.75, 1.5)
_NO_VALUE = (EvaluationError, ShapeError, ReadError, KeyError, OverflowError, ZeroDivisionError, TypeError, ValueError)
_APPROXIMATE = re.compile(r"≈|≃|~|→|->|\\(?:approx|sim|simeq|to|rightarrow)(?![a-z])")
# which positions an equation is about, in the words behind it
_OTHER = re.compile(r"≠|\\neq?(?![a-z])|!=|\\not\s*\\in|∉|\b(?:others?|rest|remaining|else|elsewhere)\b")
_D = r"(?:∂|\\partial|\\mathrm\s*\{\s*d\s*\}|d)\s*"


class _Steps:
    """The values of a limit's quantities once an answer's formula is put in, at one scale."""

    def __init__(self, ladder: Ladder, formula: Expr, courses: Mapping[str, Course], answer: Answer) -> None:
        self.ladder, self.formula, self.courses, self.answer = ladder, formula, courses, answer
        self.moving = any(c in {"large", "small", "negative"} for c in courses.values())

    def scope(self, world: World, scale: float) -> Scope:
        letters = self.ladder.letters(world, self.courses, scale, 0.7)
        return replace(self.ladder.consequent(world, self.formula, letters, self.answer.definitions), inner_dot=True)

    def error(self, sides: tuple[Expr, Expr], scope: Scope, least: float) -> float:
        """How far two sides are apart, as a share of the larger one."""
        one, other = (np.asarray(evaluate(s, scope), dtype=float).reshape(-1) for s in sides)
        if one.shape != other.shape or not (np.isfinite(one).all() and np.isfinite(other).all()):
            raise EvaluationError("these have no values to compare")
        size = max(float(np.abs(one).max()), float(np.abs(other).max()), least)
        return float(np.abs(one - other).max()) / size

    def moves(self, side: Expr, scopes: Iterable[Scope]) -> bool:
        """Whether a side depends on the scale."""
        one, other = (np.asarray(evaluate(side, s), dtype=float) for s in scopes)
        return float(np.abs(one - other).max()) > SAME

    def untrue(self, sides: tuple[Expr, Expr], world: World, index: dict[str, int], approximate: bool) -> bool:
        """Whether two sides differ. Beside a number, a quantity that depends on the scale is meant in the limit."""
        scopes = [self.scope(world, s).at(**index) for s in SCALES]
        if all(self.error(sides, s, 1e-3) <= SAME for s in scopes):
            return False
        if self.moving and not approximate and all(self.moves(side, scopes) for side in sides):
            return True
        errors: list[float] = []
        for k in RUNGS if self.moving else (0,):
            try:
                errors.append(self.error(sides, self.scope(world, 2.0**k).at(**index), 1.0))
            except (OverflowError, ZeroDivisionError, EvaluationError):
                break
        if self.moving and len(errors) < 4:
            return False
        return bool(errors) and errors[-1] > APART and (len(errors) < 2 or errors[-1] > 0.9 * errors[-2])


def untrue_in_limit(
    ladder: Ladder, formula: Expr, courses: Mapping[str, Course], answer: Answer, main: Statement, chosen: str
) -> Statement | None:
    """The first equation beside the statement that answers which does not hold for what that statement chooses.

    An equation with a running index is untrue where it holds at no position at all.
    """
    steps = _Steps(ladder, formula, courses, answer)
    about = [s for s in answer.statements if len(s.sides) > 1 and any(_is(side, chosen) for side in s.sides)]
    seen = about == [main]
    for s in answer.statements:
        if s is main:
            seen = True
        elif seen and s.role == "claim" and len(s.sides) > 1 and s not in about:
            for pair in pairwise(s.sides):
                between = answer.text[pair[0].span[1] : max(pair[1].span[0], pair[0].span[1])]
                if _nowhere_true(steps, pair, s, bool(_APPROXIMATE.search(between))):
                    return s
    return None


def _nowhere_true(steps: _Steps, pair: tuple[Expr, Expr], s: Statement, approximate: bool) -> bool:
    """Whether two sides differ in some World, at every position that they may be about."""
    nodes = [node for side in pair for node in walk(side)]
    if any(isinstance(node, (Compare, Partial)) for node in nodes):
        return False
    if any(isinstance(side, Ref) and not side.at and side.name in steps.courses for side in pair):
        return False  # beta = 100, for example
    behind = re.split(r"\n|[.;](?!\d)", steps.answer.text[s.span[1] :])[0][:40]
    for world in steps.ladder.worlds:
        named = {p.name for n in nodes if isinstance(n, Ref) for p in n.at if isinstance(p, Ref)}
        running = sorted(named - {*world.sizes} - {*bound(pair)})
        try:
            if len(running) > 1:
                return False
            low, high = world.ranges.get(running[0], next(iter(world.ranges.values()))) if running else (0, 0)
            places = [{running[0]: k} if running else {} for k in range(low, high + 1)]
            if s.condition is not None and running:
                scope = world.scope()
                places = [p for p in places if bool(np.asarray(evaluate(s.condition, scope.at(**p))))] or places
            elif running and _OTHER.search(behind):
                rules = steps.ladder.model.samples
                taken = {world.sizes[n] for n, rule in rules.items() if rule.startswith("position")}
                places = [p for p in places if p[running[0]] not in taken]
            if places and all(steps.untrue(pair, world, place, approximate) for place in places):
                return True
        except _NO_VALUE:
            return False
    return False


def bound(sides: Iterable[Expr]) -> Iterator[str]:
    """The variables of the sums and products in these sides."""
    for side in sides:
        yield from (node.variable for node in walk(side) if isinstance(node, Reduce))


def with_slopes_as_zero(text: str, letter: str) -> str:
    r"""The text with derivatives by a letter, on the left of an equation, as the 0 that they are at an optimum.

    >>> with_slopes_as_zero("f'(D) = p (D - b), \\frac{dL}{dD}: q", "D")
    '0 = p (D - b), 0 = q'
    """
    by = rf"{_D}{re.escape(letter)}(?:\s*\([^()]*\))?"
    name = r"(?:\\?[A-Za-z]+(?:_\w|_\{[^{}]*\})?\s*(?:\([^()]*\))?)?"
    slope = (
        rf"(?:\\d?frac\s*\{{\s*{_D}{name}\s*\}}\s*\{{\s*{by}\s*\}}|(?<![A-Za-z\\]){_D}{name}\s*/\s*\(?\s*{by}\s*\)?"
        rf"|(?<![A-Za-z\\])[A-Za-z]\s*(?:'|′|\^\s*\{{?\\prime\}}?)(?!['′])\s*(?:\(\s*{re.escape(letter)}(?:\s*\([^()]*\))?\s*\))?)"
    )
    text = re.sub(rf"{slope}\s*(?:=(?!>)|:(?!=))", "0 =", text)
    return re.sub(rf"{slope}[^=\n;⇒:]*=(?!>)", "0 =", text)


def untrue_at(
    answer: Answer,
    target: Ref,
    loss: str | None,
    inputs: frozenset[str],
    scopes: Callable[[Answer], Iterable[Scope]],
) -> Statement | None:
    """The first equation in the target and all inputs which the optimum does not fulfil; `scopes` hold its values."""
    for s in answer.statements:
        if s.role != "claim" or s.condition is not None or len(s.sides) < 2 or s.sides[0] == target:
            continue
        slopes = [e for e in s.sides if isinstance(e, Partial)]
        sides = [e for e in s.sides if e not in slopes]
        if any(not isinstance(e.of, Ref) or e.of.name != loss or e.wrt != target for e in slopes):
            continue
        if slopes:
            sides.append(number(0))
        nodes = [node for side in sides for node in walk(side)]
        own = [c.body for n in nodes if isinstance(n, Ref) for c in answer.definitions.get(n.name, ())]
        names = {n.name for n in [*nodes, *(x for body in own for x in walk(body))] if isinstance(n, Ref)}
        odd = any(isinstance(n, (Compare, Partial)) for n in nodes) or loss in names
        if odd or target not in nodes or not inputs <= names:
            continue
        try:
            if any(_apart([evaluate(side, scope) for side in sides]) for scope in scopes(answer)):
                return s
        except _NO_VALUE:
            continue
    return None


def _apart(values: list[Array]) -> bool:
    flat = [float(np.asarray(v)) for v in values]
    return max(flat) - min(flat) > SAME * max(1.0, *map(abs, flat))


def stated(answer: Answer, s: Statement) -> str:
    """An equation as the answer writes it, for a message."""
    return " ".join(answer.text[s.span[0] : s.span[1]].split())[:80]


def at_optimum(scope: Scope, target: Ref, at: tuple[int, ...], value: Array) -> Scope:
    """A scope in which the target has its optimal value at one point."""

    def lookup(wanted: str, where: tuple[int, ...]) -> Array:
        return value if (wanted, where) == (target.name, at) else scope.lookup(wanted, where)

    return replace(scope, lookup=lookup)


def _is(e: Expr, name: str) -> bool:
    return isinstance(e, Ref) and e.name == name and not e.index
