"""Running the equations that an answer defines: each quantity by the answer's own clause, on true trajectories."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from checkers.cases import TOLERANCE
from checkers.verdict import Witness
from checkers.witness import numbers
from derivations.model import Equation, Model
from notation.arrays import Special
from notation.errors import EvaluationError, ReadError, ShapeError
from notation.evaluate import evaluate
from notation.scope import Clause, Scope
from notation.statement import Answer, Statement
from notation.tree import (
    Add,
    All,
    Call,
    Compare,
    Component,
    Expr,
    Neg,
    Reduce,
    Ref,
    Vector,
    number,
    rebuild,
    substitute,
    walk,
)
from notation.vocabulary import Quantity
from reference_impl.world import Array, World


@dataclass(frozen=True, slots=True)
class Stated:
    """One equation: the positions and components it is for, its right side, and when it holds."""

    at: tuple[Expr, ...]
    index: tuple[Expr, ...]
    body: Expr
    condition: Expr | None = None

    @staticmethod
    def of(e: Equation) -> Stated:
        """A forward equation of a model."""
        return Stated(e.left.at, e.left.index, e.right)

    @property
    def clause(self) -> Clause:
        """The equation as a clause of a definition."""
        return Clause(self.at, self.index, self.body, self.condition)


@dataclass(frozen=True)
class Design:
    """The equations by name; `names` are those that are asked for, the result last."""

    model: Model
    names: tuple[str, ...]
    stated: Mapping[str, tuple[Stated, ...]]


@dataclass
class Outcome:
    """What running a design gave; `undefined` are asked quantities that the design uses without an equation."""

    agrees: bool = True
    compared: int = 0
    error: float = 0.0
    problem: str = ""
    witness: Witness | None = None
    undefined: set[str] = field(default_factory=set)


# -- from statements to equations -----------------------------------------------------------------------------------


def clauses(answer: Answer, model: Model) -> dict[str, tuple[Stated, ...]]:
    """The equations of an answer by the quantity that they define; raises `ReadError` for lists that do not match."""
    out: dict[str, list[Stated]] = {}
    span = _written_span(answer)
    for s in (s.without_set() for s in answer.statements):
        if span is not None:
            s = replace(s, sides=tuple(_bounded(side, *span) for side in s.sides))
        for left, one in _equations(s, answer.text, model):
            out.setdefault(left, []).append(one)
    for name, own in answer.definitions.items():
        if name not in out:
            out[name] = [Stated(c.at, c.index, c.body, c.condition) for c in own]
    leaves = {*model.inputs, *model.parameters, *model.sizes}
    return {name: tuple(found) for name, found in out.items() if name not in leaves}


def _written_span(answer: Answer) -> tuple[str, Expr, Expr] | None:
    """The only range over which an answer writes out a list or a sum, `w_0[t], ..., w_{t-1}[t]`, and its letter."""
    nodes = [n for s in answer.statements for side in s.sides for n in walk(side) if isinstance(n, Reduce)]
    open_letters = {n.variable for n in nodes if n.operation == "sum" and n.low is None and n.high is None}
    written = [n for n in nodes if n.low is not None and n.high is not None]
    lists = [n for n in written if n.operation == "stack" and n not in [s.left for s in answer.statements]]
    spans = {(n.low, n.high) for n in lists if n.low is not None and n.high is not None}
    if len(open_letters) != 1 or len(spans) != 1:
        return None
    return open_letters.pop(), *spans.pop()


def _bounded(e: Expr, letter: str, low: Expr, high: Expr) -> Expr:
    """Sums over a letter without a range with that of the answer's own list."""
    if isinstance(e, Reduce) and e.operation == "sum" and e.variable == letter and e.low is None and e.high is None:
        e = replace(e, low=low, high=high)
    return rebuild(e, lambda c: _bounded(c, letter, low, high))


def _equations(s: Statement, text: str, model: Model) -> Iterator[tuple[str, Stated]]:
    if s.role == "premise" or len(s.sides) < 2:
        return
    left, right = s.sides[0], s.sides[-1]
    quantity = model.vocabulary.quantities.get(left.name) if isinstance(left, Ref) else None
    if isinstance(left, Ref) and quantity is not None and _is_whole(left, right, quantity):
        ranges = model.vocabulary.ranges
        family = min(quantity.axes, key=list(ranges).index)
        place = Add((Ref(family), Neg(ranges[family][0] or number(1)), number(1)))
        yield left.name, Stated(left.at, left.index, Component(right, (place,)), s.condition)
    elif isinstance(left, Ref):
        yield left.name, Stated(left.at, left.index, right, s.condition)
    elif isinstance(left, Reduce) and left.operation == "stack":
        yield from _family(left, right, s.condition)
    elif isinstance(left, Vector) and isinstance(right, Vector):
        yield from _lists(list(left.entries), list(right.entries), s, text)


def _is_whole(left: Ref, right: Expr, quantity: Quantity) -> bool:
    """Whether `a = softmax(...)` gives a whole family of numbers at once: no member is named, the right is a list."""
    plain = left.at == tuple(Ref(axis) for axis in quantity.axes)
    return (
        plain and len(left.at) == 2 and not quantity.shape and isinstance(right, Call) and right.function == "softmax"
    )


def _family(left: Reduce, right: Expr, condition: Expr | None) -> Iterator[tuple[str, Stated]]:
    """`a[t] = softmax(w[t])`: every member of the family is one entry of the right side."""
    if isinstance(left.body, Ref) and left.low is not None:
        place = Add((Ref(left.variable), Neg(left.low), number(1)))
        yield left.body.name, Stated(left.body.at, left.body.index, Component(right, (place,)), condition)


def _lists(lefts: list[Expr], rights: list[Expr], s: Statement, text: str) -> Iterator[tuple[str, Stated]]:
    """Entry by entry; where one side runs on and the other still names single entries, the range is cut."""
    while lefts and rights:
        left, right = lefts.pop(0), rights.pop(0)
        left_runs, right_runs = (isinstance(e, Reduce) and e.operation == "stack" for e in (left, right))
        if left_runs and not right_runs:
            left, rest = _first(left)
            lefts.insert(0, rest)
        elif right_runs and not left_runs:
            right, rest = _first(right)
            rights.insert(0, rest)
        elif left_runs and right_runs:
            assert isinstance(left, Reduce)
            assert isinstance(right, Reduce)
            shift = Add((Ref(left.variable), right.low or number(1), Neg(left.low or number(1))))
            body = substitute(right.body, {right.variable: shift})
            ends = Compare((left.low or number(1), Ref(left.variable), left.high or number(1)), ("<=", "<="))
            holds: Expr = ends if s.condition is None else All((ends, s.condition))
            if isinstance(left.body, Ref):
                yield left.body.name, Stated(left.body.at, left.body.index, body, holds)
            continue
        if isinstance(left, Ref):
            yield left.name, Stated(left.at, left.index, right, s.condition)
    if lefts or rights:
        raise ReadError("the two lists have different lengths", text, s.span, "write one equation for each quantity")


def _first(e: Expr) -> tuple[Expr, Expr]:
    """The first member of a list over a range, and the list without it."""
    assert isinstance(e, Reduce)
    low = e.low or number(1)
    return substitute(e.body, {e.variable: low}), replace(e, low=Add((low, number(1))))


# -- running --------------------------------------------------------------------------------------------------------


def run(design: Design, worlds: tuple[World, ...]) -> Outcome:
    """Compute the result of a design at every step, earlier steps at their true values."""
    out = Outcome()
    result = design.names[-1]
    problem = ""
    for world in sorted(worlds, key=lambda w: sum(w.sizes.values())):
        for at in _places(world, result):
            out.problem = ""
            _compare(design, world, result, at, out, own=True)
            if not out.agrees:  # it may need what does not exist at the first steps, and be refuted at a later one
                out.problem = ""
                return out
            problem = problem or out.problem
    out.problem = problem
    return out


def first_false(design: Design, worlds: tuple[World, ...]) -> str:
    """The first quantity whose equation does not hold when all others have their true values."""
    for name in design.stated:
        if name not in design.model.vocabulary.quantities or name not in worlds[0].shapes:
            continue
        for world in worlds:
            out = Outcome()
            for at in _places(world, name):
                _compare(design, world, name, at, out, own=False)
                if not out.agrees:
                    from notation.plain import to_plain

                    return to_plain(Ref(name, tuple(number(k) for k in at)))
    return ""


def _places(world: World, name: str) -> list[tuple[int, ...]]:
    """The steps at which a quantity is computed, its first values aside."""
    ranges = [world.ranges[axis] for axis in world.axes.get(name, ())]
    inside = (at for n, at in world.values if n == name)
    return sorted(at for at in inside if all(low <= k <= high for k, (low, high) in zip(at, ranges, strict=True)))


def _compare(design: Design, world: World, name: str, at: tuple[int, ...], out: Outcome, *, own: bool) -> None:
    """Compute one quantity at one position beside its true value."""
    try:
        value = _value(design, world, name, at, out, own=own)
    except (EvaluationError, ShapeError) as problem:
        out.problem = problem.message if isinstance(problem, ShapeError) else str(problem)
        return
    expected = world.values[name, at]
    flat = np.asarray(value, dtype=np.float64).reshape(-1)
    if flat.size != expected.size or not np.isfinite(flat).all():
        out.problem = "the sizes do not fit" if flat.size != expected.size else "a value is not finite"
        return
    scale = max(float(np.abs(expected).max(initial=0.0)), 1e-6)
    error = float(np.abs(flat - expected.reshape(-1)).max(initial=0.0)) / scale
    out.compared += flat.size
    out.error = max(out.error, error)
    if error > TOLERANCE:
        out.agrees = False
        where = f"{world.label}, step {', '.join(map(str, at))}"
        out.witness = Witness(where, numbers(expected), numbers(flat), error)


def _value(design: Design, world: World, name: str, at: tuple[int, ...], out: Outcome, *, own: bool) -> Array:
    """The right side of the clause for a position; with `own`, other quantities come from the design where it can."""
    others = {n: tuple(s.clause for s in found) for n, found in design.stated.items() if n != name}
    known = design.model.vocabulary.quantities
    used = others if own else {n: c for n, c in others.items() if n not in known or n not in world.shapes}
    scope = world.scope(used)
    scope = replace(scope, lookup=_watched(scope, design, name, out))
    chosen = _Chooser(replace(scope, definitions={**used, name: tuple(s.clause for s in design.stated[name])}))
    clause, bound = chosen.pick(name, at)
    value = evaluate(clause, scope.at(**bound))
    if isinstance(value, Special):
        raise EvaluationError("the size of the right side is not known")
    return np.asarray(value)


def _watched(scope: Scope, design: Design, result: str, out: Outcome) -> Callable[[str, tuple[int, ...]], Array]:
    """A look-up that writes down which asked quantities are used without an equation."""

    def lookup(name: str, at: tuple[int, ...]) -> Array:
        if name in design.names and name != result and name not in design.stated:
            out.undefined.add(name)
        value: Array = scope.lookup(name, at)
        return value

    return lookup


class _Chooser:
    """Finds the clause that applies at a position."""

    def __init__(self, scope: Scope) -> None:
        from notation.evaluate import Evaluator

        self.evaluator = Evaluator(scope)

    def pick(self, name: str, at: tuple[int, ...]) -> tuple[Expr, dict[str, int]]:
        """The right side for a position, and the values of its letters."""
        chosen = self.evaluator.choose(name, at, ())
        if chosen is None:
            raise EvaluationError(f"there is no equation for {name} at step {', '.join(map(str, at))}")
        body, bound, _ = chosen
        return body, bound
