"""Does a formula say what was asked? Evaluate it beside the key on true trajectories, at every step and component.

The left side of an answer tells what it is about; it may be shifted in time (`dL/dc_{t-1} = ...`), written by
components
or left out. All adjoints that the formula uses have their true values, so a recursive answer is checked one equation
at a
time. What a formula uses is recorded while it is evaluated: that is how "in terms of" is enforced.
"""

from __future__ import annotations

import functools
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeAlias

import numpy as np

from checkers.cases import TOLERANCE, Asked, Cases
from checkers.positions import Case, index_value, step_label
from checkers.readings import READINGS, Reading, readings
from checkers.stacked import over_steps
from notation.arrays import Special, is_zero
from notation.errors import EvaluationError, MissingStepError, ShapeError
from notation.evaluate import evaluate
from notation.scope import Clause, Scope
from notation.statement import Answer, Statement
from notation.tree import DerivativeKind, Expr, Partial, Ref, free_names, walk
from reference_impl.world import Array, World

# A derivative that was looked up: of what, at which step, by what, at which step, total or direct.
Used: TypeAlias = tuple[str, tuple[int, ...], str, tuple[int, ...], DerivativeKind]
Outcome = Literal["agrees", "differs", "shape", "no value"]


@dataclass
class Comparison:
    """How one side compares with the key in all Worlds."""

    outcome: Outcome = "agrees"
    compared: int = 0
    error: float = 0.0
    message: str = ""
    missing: str = ""
    absent: str = ""
    span: tuple[int, int] = (0, 0)
    world: World | None = None
    step: str = ""
    expected: Array | None = None
    yours: Array | None = None
    transposed: bool = False
    used: set[Used] = field(default_factory=set)
    forbidden: set[Used] = field(default_factory=set)
    reading: Reading = READINGS[0]

    @property
    def rank(self) -> int:
        """The better of two readings is the one with the lower rank."""
        return {"agrees": 0, "differs": 1, "no value": 2, "shape": 3}[self.outcome]


class Relation(Cases):
    """Compares the sides of one answer with the key of one question."""

    def __init__(self, asked: Asked, worlds: tuple[World, ...], answer: Answer) -> None:
        self.asked = asked
        self.worlds = worlds
        self.answer = answer

    def compare(self, side: Expr, statement: Statement | None = None) -> Comparison:
        """The best comparison over all readings; a reading that agrees wins."""
        if not self.asked.head.at:
            for step in sorted(free_names(side) & set(self.worlds[0].ranges)):
                side = over_steps(side, step, self.answer.text)
        loose = self.loose_step(side)
        if loose and not any(w.lower().startswith("sum") for w in self.answer.words):
            absent = f"the step {loose} is left free, and what is asked has no step: is a sum over all steps missing?"
            return Comparison("differs", absent=absent)
        best: Comparison | None = None
        for reading in readings(side, self.answer, self.worlds[0].parameters):
            found = self.under(side, statement, reading)
            if best is None or found.rank < best.rank:
                best = found
            if found.outcome == "agrees":
                break
        assert best is not None
        return best

    def loose_step(self, side: Expr) -> str:
        """A sequence variable that stands free in a formula for something that has no step; empty where none does."""
        if self.asked.head.at or not isinstance(self.asked.target, Partial):
            return ""
        if self.answer.definitions or any(
            s.role == "definition" and s.left is not None for s in self.answer.statements
        ):
            return ""
        free = free_names(side) & set(self.worlds[0].ranges) - set(self.answer.definitions)
        return min(free, default="")

    def under(self, side: Expr, statement: Statement | None, reading: Reading) -> Comparison:
        """The comparison under one reading, stopping at the first disagreement."""
        out = Comparison(reading=reading)
        for world in sorted(self.worlds, key=lambda w: sum(w.sizes.values())):
            done = 0
            for case in self.cases(world, side, statement):
                result = self.one(world, side, case, reading, out)
                if result is None:
                    continue
                done += 1
                if out.outcome != "agrees":
                    return out
            if done == 0 and out.absent:
                out.outcome, out.world = "differs", world
                return out
            if done == 0:
                out.outcome = "no value"
                out.message = out.message or "it has no value at any step"
                return out
        if out.absent:
            out.outcome = "differs"
        elif out.missing:  # right wherever it has a value, but it has none at a step that is asked
            out.outcome, out.message = "no value", out.missing
        return out

    # -- one evaluation
    # -------------------------------------------------------------------------------------------------

    def one(self, world: World, side: Expr, case: Case, reading: Reading, out: Comparison) -> bool | None:
        """Compare at one step; None where the formula has no finite value at the last step by convention."""
        expected = np.asarray(self.expected(world, case.at))
        if {"row_vectors", "swapped"} & set(reading.options) and self.asked.layout_open and expected.ndim == 2:
            expected = expected.T
        used: set[Used] = set()
        goals = {world.loss, self.differentiated(world, case.at)[0]}
        scope = recording(world, self.answer.definitions, used, reading.options, goals)
        if not isinstance(self.asked.target, Partial):
            scope = self.watched(scope, used, case.at)
        where = step_label(self.asked.head, case.at)
        try:
            if case.letters:
                yours = self.by_component(side, scope, case, expected)
            else:
                raw = evaluate(side, scope.at(**case.binding))
                yours = broadcast_special(raw, expected)
        except ShapeError as problem:
            out.outcome, out.message, out.span = "shape", problem.message, problem.span
            out.world, out.step = world, where
            return True
        except EvaluationError as problem:
            if not (self.is_last(world, case.at) and len(self.places(world)) > 1):
                if isinstance(problem, MissingStepError):
                    out.absent = out.absent or f"{problem}, and {where} is asked"
                out.missing = out.missing or f"{problem} ({where})"
            out.message = out.message or str(problem)
            return None
        out.used |= used
        out.forbidden |= {u for u in used if not self.permitted(world, case, u)}
        out.world, out.step = world, where
        if self.asked.diagonal and yours.ndim == 2 and yours.shape == (expected.shape[0], 1):
            yours = np.diag(yours.reshape(-1))  # the vector on the diagonal stands for the diagonal matrix
        fitted, transposed = fit(yours, expected, self.asked.layout_open)
        if fitted is None:
            out.outcome = "shape"
            out.message = f"this is {describe(yours)}, and {describe(column(expected))} is needed"
            out.expected, out.yours = expected, yours
            return True
        if not np.isfinite(fitted).all():
            if self.is_last(world, case.at) and len(self.places(world)) > 1:
                return None
            out.outcome, out.message = "no value", "it has no finite value"
            return True
        scale = max(float(np.abs(expected).max(initial=0.0)), 1e-6)
        error = float(np.abs(fitted - expected).max(initial=0.0)) / scale
        out.compared += expected.size
        out.error = max(out.error, error)
        out.transposed |= transposed
        if error > TOLERANCE:
            out.outcome = "differs"
            out.expected, out.yours = expected, fitted
        return True

    def watched(self, scope: Scope, used: set[Used], place: tuple[int, ...]) -> Scope:
        """A scope that also writes down when the asked quantity itself is looked up."""
        name = self.asked.head.name

        def lookup(wanted: str, at: tuple[int, ...]) -> Array:
            if wanted == name and at == place:
                used.add((name, at, name, at, "total"))
            value: Array = scope.lookup(wanted, at)
            return value

        return replace(scope, lookup=lookup)

    def by_component(self, side: Expr, scope: Scope, case: Case, expected: Array) -> Array:
        """A formula for one component, evaluated for all of them."""
        if len(case.letters) != expected.ndim:
            raise ShapeError(f"{len(case.letters)} free component index(es), and {expected.ndim} are needed")
        out = np.zeros(expected.shape)
        for index in np.ndindex(*expected.shape):
            binding = {**case.binding, **{n: k + 1 for n, k in zip(case.letters, index, strict=True)}}
            value = evaluate(side, scope.at(**binding))
            value = np.zeros(()) if is_zero(value) else value
            if isinstance(value, Special) or tuple(value.shape) != ():
                raise ShapeError("with component indices every factor must be a number, and a whole vector stands here")
            out[index] = float(value)
        return out

    def expected(self, world: World, at: tuple[int, ...]) -> Array:
        """The true value of the target at a position."""
        head = self.asked.head
        if self.asked.value is not None:
            return np.asarray(evaluate(self.asked.value, world.scope().at(**self.axis_names(at))))
        if isinstance(self.asked.target, Partial):
            of = self.asked.target.of
            assert isinstance(of, Ref)
            of_at = tuple(index_value(e, world, self.axis_names(at)) for e in of.at)
            return world.partial(of.name, of_at, head.name, at, self.asked.target.kind)
        if isinstance(self.asked.target, Ref):
            return world.lookup(head.name, at)
        return self.computed(world, at)

    def computed(self, world: World, at: tuple[int, ...]) -> Array:
        """The value of an asked expression, for all of its free components."""
        scope = world.scope().at(**self.axis_names(at))
        letters = [i.name for i in self.asked.head.index if isinstance(i, Ref)]
        if not letters:
            return np.asarray(evaluate(self.asked.target, scope))
        shape = world.shapes[self.asked.head.name]
        out = np.zeros(shape)
        for index in np.ndindex(*shape):
            binding = {n: k + 1 for n, k in zip(letters, index, strict=True)}
            out[index] = float(evaluate(self.asked.target, scope.at(**binding)))
        return out

    def is_last(self, world: World, at: tuple[int, ...]) -> bool:
        """Whether a position is the last step, where the next one is 0 by convention."""
        axes = world.axes.get(self.asked.head.name, ())
        return any(k == world.ranges[a][1] for k, a in zip(at, axes, strict=False))

    def permitted(self, world: World, case: Case, used: Used) -> bool:
        """Whether the question lets this derivative stand at this step."""
        of, of_at, wrt, wrt_at, kind = used
        mine = (wrt, wrt_at) == (self.asked.head.name, case.at)
        if not isinstance(self.asked.target, Partial):
            return not mine
        if mine and (of, of_at) == self.differentiated(world, case.at) and kind == self.asked.target.kind:
            return False
        gradient = of in (self.asked.loss, self.differentiated(world, case.at)[0]) and not world.shapes.get(of, ())
        if self.asked.chain_rule:  # factors may stand, but what is left of the asked derivative itself may not
            return not mine or kind != "total" or self.is_direct(world, used)
        if self.asked.allowed is None:
            return gradient and kind == "total"
        return any(self.matches(world, case, pattern, used) for pattern in self.asked.allowed)

    def differentiated(self, world: World, at: tuple[int, ...]) -> tuple[str, tuple[int, ...]]:
        """What is differentiated, at its step; the asked quantity itself where no derivative is asked."""
        of = self.asked.target.of if isinstance(self.asked.target, Partial) else self.asked.head
        assert isinstance(of, Ref)
        return of.name, tuple(index_value(e, world, self.axis_names(at)) for e in of.at)

    def is_direct(self, world: World, used: Used) -> bool:
        """Whether a total derivative has no other path than the direct one, so that nothing is left to unfold."""
        of, of_at, wrt, wrt_at, _ = used
        if not world.shapes[of] and ((of, of_at), (wrt, wrt_at), "direct") not in world.jacobians:
            return False  # dE_t/dV is what is asked again, for one step
        total = world.partial(of, of_at, wrt, wrt_at, "total")
        return bool(np.allclose(total, world.partial(of, of_at, wrt, wrt_at, "direct"), rtol=1e-12, atol=0.0))

    def matches(self, world: World, case: Case, pattern: Expr, used: Used) -> bool:
        """Whether a derivative is the one that a question allows by name, at its step or at any."""
        of, of_at, wrt, wrt_at, kind = used
        assert isinstance(pattern, Partial)
        assert isinstance(pattern.wrt, Ref)
        assert isinstance(pattern.of, Ref)
        if (pattern.of.name, pattern.wrt.name, pattern.kind) != (of, wrt, kind):
            return False
        mine = {
            e.name: k
            for e, k in zip(self.asked.head.at, case.at, strict=True)
            if isinstance(e, Ref) and e.name not in world.sizes
        }
        positions = (*pattern.of.at, *pattern.wrt.at)
        names = {r.name for e in positions for r in walk(e) if isinstance(r, Ref)} - set(world.sizes)
        if names <= set(mine):
            return (*of_at, *wrt_at) == tuple(index_value(e, world, mine) for e in positions)
        return (wrt, wrt_at) != (self.asked.head.name, case.at)  # any step of this quantity, but not the target itself


def recording(
    world: World,
    definitions: Mapping[str, tuple[Clause, ...]],
    used: set[Used],
    options: Mapping[str, bool],
    goals: Collection[str | None],
) -> Scope:
    """A scope that writes down every derivative that is looked up; those of `goals` are never direct ones."""

    def partial(of: str, of_at: tuple[int, ...], wrt: str, wrt_at: tuple[int, ...], kind: DerivativeKind) -> Array:
        if of not in goals and (direct or (by_parameter and wrt in world.parameters)):
            kind = "direct"
        if of not in goals and immediate:
            kind = "immediate"
        used.add((of, of_at, wrt, wrt_at, kind))
        return world.partial(of, of_at, wrt, wrt_at, kind)

    direct, by_parameter = options.get("direct", False), options.get("direct_parameters", False)
    immediate = options.get("immediate", False)
    own = {"direct", "direct_parameters", "immediate", "signals", "mixed", "swapped"}
    plain = {k: v for k, v in options.items() if k not in own}
    slope = world.slope if options.get("signals") else None
    if options.get("mixed"):
        slope = functools.partial(world.slope, cell=slope is None, loose=True)
    return replace(world.scope(definitions, **plain), partial=partial, slope=slope)


def column(value: Array) -> Array:
    """A raw array in the shapes of the interpreter."""
    return value.reshape(-1, 1) if value.ndim == 1 else value


def broadcast_special(value: Any, expected: Array) -> Array:
    """A bare identity or vector of ones gets the size of what is expected."""
    if not isinstance(value, Special):
        return np.asarray(value)
    if is_zero(value):
        return np.zeros(column(expected).shape)
    if value.kind == "identity" and expected.ndim == 2 and expected.shape[0] == expected.shape[1]:
        return np.eye(expected.shape[0]) * float(value.factor)
    return np.full(column(expected).shape, float(value.factor))


def fit(yours: Array, expected: Array, layout_open: bool) -> tuple[Array | None, bool]:
    """`yours` in the raw shape of the key, and whether it had to be transposed; None where it does not fit."""
    if yours.shape == expected.shape:
        return yours, False
    wanted = column(expected)
    if yours.shape == wanted.shape:
        return yours.reshape(expected.shape), False
    if layout_open and yours.ndim == 2 and yours.shape == wanted.shape[::-1]:
        return yours.T.reshape(expected.shape), True
    if expected.ndim == 2 and yours.ndim == 2 and 1 in yours.shape and yours.size == expected.size:
        return yours.reshape(expected.shape), False  # a chain of Jacobians that ends in one by a matrix
    if yours.shape == () and expected.size and not yours.any():  # 0 for a vector of zeros
        return np.zeros(expected.shape), False
    return None, False


def describe(value: Array) -> str:
    """A shape in words."""
    from notation.arrays import describe as words

    return words(tuple(value.shape))
