"""Lines beside the result: equations about quantities of the model that an answer states on its way, true or not.

A right result with a false line before it is not simply correct. A line counts as false only where both of its sides
have values and no reading of shapes, layouts and kinds of derivative makes them equal; what cannot be evaluated, or
speaks of names of the answer's own, is left alone.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Collection, Iterator
from dataclasses import replace

import numpy as np

from checkers.cases import TOLERANCE
from checkers.own_nodes import own_slope
from checkers.readings import Reading, readings
from checkers.relation import Used, broadcast_special, recording
from derivations.model import Model
from notation.errors import EvaluationError, ShapeError
from notation.evaluate import Evaluator, evaluate
from notation.plain import to_plain
from notation.scope import Scope
from notation.statement import Answer, Statement
from notation.tree import DerivativeKind, Expr, Num, Ones, Partial, Reduce, Ref, free_names, walk
from reference_impl.world import Array, World

_DIFFERENTIALS = re.compile(r"\bdifferentials?\b", re.IGNORECASE)
_ROUGH = 1e-6  # of a difference quotient
_MOST = 300  # places at which one line is tried in one World
_KINDS: tuple[DerivativeKind, ...] = ("total", "direct", "immediate")


def false_line(
    answer: Answer, result: Collection[Statement], model: Model, worlds: tuple[World, ...]
) -> Statement | None:
    """The first statement beside the result that is false under every reading; None where none is."""
    if _DIFFERENTIALS.search(answer.text):
        return None  # dh_t = ... dc_t is no derivative of a loss
    spans = {s.span for s in result}
    own = set(answer.definitions)
    for s in answer.statements:
        if s.role == "premise" or s.span in spans or len(s.sides) < 2 or not _is_claim(s.sides[0], s, model, own):
            continue
        if any(_is_false(s, side, answer, model, worlds) for side in s.sides[1:]):
            return s
    return None


def told_false(line: Statement) -> str:
    """What is said of a false line beside a right result."""
    return f"The result is right, but this line is not: {' = '.join(to_plain(x) for x in line.sides)}."


def _is_claim(left: Expr, s: Statement, model: Model, own: set[str]) -> bool:
    """Whether a statement says what a computed quantity or a derivative of the model is."""
    known = set(model.vocabulary.quantities) - own
    if isinstance(left, Partial):
        return (
            not left.signal
            and isinstance(left.of, Ref)
            and isinstance(left.wrt, Ref)
            and left.of.name in known
            and left.wrt.name in known | own
        )
    computed = {e.left.name for e in model.equations}
    assumed = isinstance(s.sides[-1], Num)  # h_0 = 0, f_t = 1
    return (
        isinstance(left, Ref) and left.name in computed & known - {model.loss} and not assumed
    )  # a loss may be scaled


def _is_false(s: Statement, side: Expr, answer: Answer, model: Model, worlds: tuple[World, ...]) -> bool:
    left = s.sides[0]
    if isinstance(side, (Num, Ones)) or left in set(walk(side)):  # 1 may be the identity
        return False
    lefts = [replace(left, kind=k) for k in _KINDS] if isinstance(left, Partial) and left.kind == "total" else [left]
    for n, (head, reading) in enumerate(itertools.product(lefts, readings(side, answer, worlds[0].parameters))):
        outcomes = {_holds(head, side, s, answer, model, world, reading) for world in worlds[:2]}
        if outcomes == {True} or (n == 0 and False not in outcomes):
            return False  # true, or not even false as it stands
    return True


def _holds(
    left: Expr, side: Expr, s: Statement, answer: Answer, model: Model, world: World, reading: Reading
) -> bool | None:
    """Whether both sides have one value at all places that the statement speaks of; None where they have none."""
    used: set[Used] = set()
    goals = {left.of.name} if isinstance(left, Partial) and isinstance(left.of, Ref) else set()
    scope = recording(world, answer.definitions, used, reading.options, {world.loss, *goals})
    compared = 0
    for letters in _places(left, side, answer, world):
        there = scope.at(**letters)
        try:
            if s.condition is not None and not Evaluator(there).holds(s.condition):
                continue
            mine = np.asarray(_truth(left, answer, model, there))
            yours = broadcast_special(evaluate(side, there), mine)
        except (EvaluationError, ShapeError):
            continue
        if not np.isfinite(mine).all() or not np.isfinite(yours).all():
            continue
        rough = isinstance(left, Partial) and isinstance(left.wrt, Ref) and left.wrt.name in answer.definitions
        if (same := _same(mine, yours, _ROUGH if rough else TOLERANCE)) is None:
            return None
        if not same:
            return False
        compared += mine.size
    return True if compared else None


def _truth(left: Expr, answer: Answer, model: Model, scope: Scope) -> Array:
    """The true value of a left side; that of a derivative by an own node from the equation the node is a part of."""
    if isinstance(left, Partial) and isinstance(left.wrt, Ref) and left.wrt.name in answer.definitions:
        slope = own_slope(left, model.equations, answer.definitions[left.wrt.name], scope)
        if slope is None:
            raise EvaluationError("the node is no part of an equation")
        return slope()
    value: Array = evaluate(left, scope)
    return value


def _same(mine: Array, yours: Array, tolerance: float) -> bool | None:
    """Equal as they stand or transposed, a diagonal also as its vector; None where the shapes differ."""
    scale = max(float(np.abs(mine).max(initial=0.0)), 1e-6)

    def near(a: Array, b: Array) -> bool:
        return a.shape == b.shape and float(np.abs(a - b).max(initial=0.0)) <= tolerance * scale

    pairs = [(mine, yours), (mine.T, yours), (mine.reshape(-1), yours.reshape(-1))]
    square = mine.ndim == 2 and mine.shape[0] == mine.shape[1]
    if square and yours.size == mine.shape[0] and yours.ndim:
        pairs.append((mine, np.diag(yours.reshape(-1))))
    if yours.shape == () and square:
        pairs.append((mine, float(yours) * np.eye(len(mine))))  # an empty product
    if any(near(a, b) for a, b in pairs):
        return True
    return False if mine.size == yours.size else None


def _places(left: Expr, side: Expr, answer: Answer, world: World) -> Iterator[dict[str, int]]:
    """Values for the free letters of a statement: steps along their sequence, components within their sizes."""
    bound = {n.variable for e in (left, side) for n in walk(e) if isinstance(n, Reduce)}
    places = {
        i.name for e in (left, side) for n in walk(e) if isinstance(n, Ref) for i in n.index if isinstance(i, Ref)
    }
    known = {*world.shapes, *world.sizes, *answer.definitions, ":"} - (places - bound)  # f_i: no input gate here
    names = free_names(left) | free_names(side) | (places - bound)
    steps = {
        n for name in names & set(answer.definitions) for c in answer.definitions[name] for n in free_names(c.body)
    }
    letters = sorted((names | (steps & set(world.ranges))) - known)
    spans: dict[str, range] = {}
    for n in itertools.chain(walk(left), walk(side)):
        if not isinstance(n, Ref) or n.name not in world.shapes:
            continue
        for e, axis in zip(n.at, world.axes.get(n.name, ()), strict=False):
            for name in free_names(e) & set(letters):
                low, high = world.ranges[axis]
                spans.setdefault(name, range(low, high + 1))
        for i, size in zip(n.index, world.shapes[n.name], strict=False):
            if isinstance(i, Ref) and i.name in letters:
                most = range(1, size + 1)
                spans[i.name] = min(spans.get(i.name, most), most, key=len)
    for name in set(letters) & set(world.ranges):  # of an own step, n = t + 1
        spans.setdefault(name, range(world.ranges[name][0], world.ranges[name][1] + 1))
    if set(letters) - set(spans):
        return
    for values in itertools.islice(itertools.product(*(spans[x] for x in letters)), _MOST):
        yield dict(zip(letters, values, strict=True))
