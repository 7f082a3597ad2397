"""Where a formula is to be evaluated: steps, components, and letters that the answer fixes itself."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from checkers.positions import Case, bind, constant, index_value, left_head
from notation.ellipsis import linear
from notation.errors import EvaluationError, ShapeError
from notation.evaluate import evaluate
from notation.statement import Answer, Statement
from notation.tree import Component, Expr, Indicator, Num, Partial, Reduce, Ref, free_names, walk
from reference_impl.world import World

# Relative to the largest entry of the key: float64 through a few hundred operations leaves 1e-13; a real slip at
# unsaturated random values leaves more than 1e-3.
TOLERANCE = 1e-8


@dataclass(frozen=True)
class Asked:
    """What a question asks for.

    `target` is a derivative, a quantity or an expression of one; `allowed` the derivatives that an answer may use
    (None: any but the target); `written` other left sides by which the target may be called. `value` is the key where
    no executed value stands for it; `diagonal` lets a vector stand for the diagonal matrix that carries it;
    `chain_rule` lets the factors of the chain rule stand as they are; `steps` restricts the steps that are asked about.
    """

    target: Expr
    loss: str | None
    allowed: tuple[Expr, ...] | None = None
    layout_open: bool = True
    written: tuple[Expr, ...] = ()
    value: Expr | None = None
    diagonal: bool = False
    chain_rule: bool = False
    steps: Expr | None = None

    @property
    def head(self) -> Ref:
        """The quantity whose value or derivative is asked; of an expression (`e_j^2`), the quantity it is made of."""
        head = self.target.wrt if isinstance(self.target, Partial) else self.target
        return head if isinstance(head, Ref) else next(n for n in walk(head) if isinstance(n, Ref))


class Cases:
    """The cases at which one answer claims something about the asked quantity."""

    asked: Asked
    answer: Answer

    def cases(self, world: World, side: Expr, statement: Statement | None) -> Iterator[Case]:
        """All steps and components at which a side claims something about the target."""
        left = statement.left if statement is not None else None
        head = left_head(left) if left is not None else None
        condition = statement.condition if statement is not None else None
        for at in self.places(world):
            if head is not None:
                binding = bind(head.at, at, world)
            else:
                binding = self.free_binding(side, at, world)
            if binding is None:
                continue
            if condition is not None and not self.holds(condition, world, {**binding, **self.axis_names(at)}):
                continue
            index = components_of(left) if left is not None else ()
            letters = [i.name for i in index if isinstance(i, Ref)] if index else self.free_components(side, world)
            yield Case(at, {**self.determined(world, side, [*letters, *binding]), **binding}, tuple(letters))

    def determined(self, world: World, side: Expr, known: list[str]) -> dict[str, int]:
        """Letters that an equation of the answer fixes, as `y_k = [k = r]` and `y_r = 1` fix r."""
        loose = [n for n in self.unknown(side, world) if n not in known]
        out: dict[str, int] = {}
        for letter in loose:
            rules = [s for s in self.answer.statements if self.is_rule(s, world) and _mentions(s, letter)]
            top = max((max(shape) for shape in world.shapes.values() if shape), default=0)
            fits = [v for v in range(1, top + 1) if rules and all(self.rule_holds(world, s, letter, v) for s in rules)]
            if len(fits) == 1:
                out[letter] = fits[0]
        return out

    def is_rule(self, s: Statement, world: World) -> bool:
        """Whether a statement says something about a component of a known quantity."""
        return len(s.sides) == 2 and isinstance(s.left, Ref) and bool(s.left.index) and s.left.name in world.shapes

    def unknown(self, side: Expr, world: World) -> list[str]:
        """Names in a tree that are neither quantities nor sizes nor steps: index letters."""
        known = {*world.shapes, *world.sizes, *world.ranges, *self.answer.definitions, ":"}
        return sorted(n for n in free_names(side) - known if len(n) == 1)

    def rule_holds(self, world: World, s: Statement, letter: str, value: int) -> bool:
        """Whether an equation holds for one value of a letter and all values of its other letter."""
        others = sorted({n for side in s.sides for n in self.unknown(side, world)} - {letter})
        if not others:  # y_c = 1
            return isinstance(s.sides[1], Num) and self.sides_agree(world, s, {letter: value})
        if len(others) != 1 or not any(isinstance(n, Indicator) for side in s.sides for n in walk(side)):
            return False
        ref = next((n for side in s.sides for n in walk(side) if isinstance(n, Ref) and n.index), None)
        if ref is None or len(world.shapes.get(ref.name, ())) != 1:
            return False
        if value > world.shapes[ref.name][0]:
            return False
        sizes = range(1, world.shapes[ref.name][0] + 1)
        return all(self.sides_agree(world, s, {letter: value, others[0]: k}) for k in sizes)

    def sides_agree(self, world: World, s: Statement, letters: Mapping[str, int]) -> bool:
        """Whether both sides of a statement have one value at these values of its letters."""
        try:
            first, second = (float(evaluate(side, world.scope().at(**letters))) for side in s.sides)
        except (EvaluationError, ShapeError):
            return False
        return abs(first - second) <= TOLERANCE

    def places(self, world: World) -> list[tuple[int, ...]]:
        """The positions of the target: all steps for a free variable, one for a fixed step."""
        ranges = []
        for e, axis in zip(self.asked.head.at, world.axes.get(self.asked.head.name, ()), strict=False):
            low, high = world.ranges[axis]
            value = constant(e, world)
            ranges.append([value] if value is not None else list(range(low, high + 1)))
        return [at for at in itertools.product(*ranges) if self.is_reached(world, at)]

    def is_reached(self, world: World, at: tuple[int, ...]) -> bool:
        """Whether what is differentiated exists where the asked quantity stands at this position."""
        of = self.asked.target.of if isinstance(self.asked.target, Partial) else None
        if self.asked.steps is not None and not self.holds(self.asked.steps, world, self.axis_names(at)):
            return False
        if not isinstance(of, Ref):
            return True
        names = self.axis_names(at)
        return (of.name, tuple(index_value(e, world, names) for e in of.at)) in world.values

    def axis_names(self, at: tuple[int, ...]) -> dict[str, int]:
        """The step variables of the target at a position."""
        out: dict[str, int] = {}
        for e, k in zip(self.asked.head.at, at, strict=True):
            step = linear(e)
            if step is not None and step[0]:
                out[step[0]] = k - step[1]
        return out

    def free_binding(self, side: Expr, at: tuple[int, ...], world: World) -> dict[str, int] | None:
        """Step variables of a bare formula: each letter that stands for a step of some axis takes the target's step."""
        binding: dict[str, int] = {}
        names = self.axis_names(at)
        by_axis = {
            axis: names.get(step[0], k) if (step := linear(e)) is not None else k
            for axis, e, k in zip(world.axes.get(self.asked.head.name, ()), self.asked.head.at, at, strict=True)
        }
        bound = bound_variables(side)
        for node in walk(side):
            ref = node.wrt if isinstance(node, Partial) and isinstance(node.wrt, Ref) else node
            if isinstance(ref, Ref):
                for e, axis in zip(ref.at, world.axes.get(ref.name, ()), strict=False):
                    for r in walk(e):
                        if isinstance(r, Ref) and r.name not in world.sizes and r.name not in bound and axis in by_axis:
                            binding[r.name] = by_axis[axis]
        return {**{a: k for a, k in by_axis.items() if a not in binding}, **binding}

    def free_components(self, side: Expr, world: World) -> list[str]:
        """Letters that stand for a free component in a bare index formula, in alphabetical order."""
        bound = bound_variables(side)
        letters: set[str] = set()
        for node in walk(side):
            if isinstance(node, (Ref, Component)):
                for e in node.index:
                    for r in walk(e):
                        if (
                            isinstance(r, Ref)
                            and not r.at
                            and r.name != ":"
                            and r.name not in bound
                            and r.name not in world.sizes
                            and r.name not in world.ranges
                        ):
                            letters.add(r.name)
        return sorted(letters)

    def holds(self, condition: Expr, world: World, index: Mapping[str, int]) -> bool:
        """Whether the condition of a statement holds at a step."""
        from notation.evaluate import Evaluator

        try:
            return Evaluator(world.scope().at(**index)).holds(condition)
        except (EvaluationError, ShapeError):
            return True


def components_of(left: Expr) -> tuple[Expr, ...]:
    """The component letters of a left side: of what is differentiated first, then of what it is differentiated by."""
    head = left_head(left)
    above = left.of.index if isinstance(left, Partial) and isinstance(left.of, Ref) else ()
    return (*above, *(head.index if head is not None else ()))


def bound_variables(e: Expr) -> set[str]:
    """The variables of all sums and products in a tree."""
    return {n.variable for n in walk(e) if isinstance(n, Reduce)}


def _mentions(s: Statement, letter: str) -> bool:
    return any(isinstance(n, Ref) and n.name == letter for side in s.sides for n in walk(side))
