"""An optimum: the function that makes an objective as small or as large as possible, point by point."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import Field

from checkers.assignment import Question
from checkers.cases import Asked
from checkers.formula import Alternative, Formula
from checkers.intermediate import at_optimum, stated, untrue_at, with_slopes_as_zero
from checkers.kinds.base import Kind, verdict
from checkers.kinds.expression import Foreseen
from checkers.pointwise import before_special_case, own_functions, plain_function, without_integrals
from checkers.solution import Road, Solution
from checkers.verdict import Verdict
from derivations.derivation import Step
from derivations.model import Model
from notation.answer import read_answer
from notation.errors import EvaluationError, ShapeError
from notation.evaluate import evaluate
from notation.scope import Scope
from notation.statement import Answer
from notation.tree import Compare, Expr, Partial, Reduce, Ref, number, walk
from reference_impl.world import Array, Place, World

if TYPE_CHECKING:
    from checkers.bench import Bench

# Newton's iteration in float64 ends where rounding does; a wrong key is off by its own size.
AGREEMENT = 1e-8


class Optimum(Kind):
    """`optimum of: D_x`: the value at every point that minimises (or maximises) the loss of the model.

    The loss must be one sum over the points, so that the optimum is found at each of them by itself.
    """

    kind: Literal["optimum"] = "optimum"
    model: str
    optimum_of: str = Field(alias="optimum of")
    sense: Literal["minimise", "maximise"] = "minimise"
    domain: tuple[float, float] | None = None
    aliases: dict[str, str] = Field({})
    foreseen: list[Foreseen] = Field([])

    def target(self, model: Model, bench: Bench, question: Question) -> Ref:
        """The function that is to be chosen, at a point."""
        return self.quantity(bench, question, model, self.optimum_of, "optimum of")

    def integrand(self, model: Model, bench: Bench, question: Question) -> Expr:
        """What the loss sums over the points."""
        right = model.equation(model.loss).right if model.loss is not None else None
        if not isinstance(right, Reduce) or right.operation != "sum":
            message = "the loss of this model is not one sum over points"
            raise bench.assignment.error(message, "questions", question.id, "model", hint="L = \\sum_{x=1}^N ...")
        return right.body

    def solve(self, bench: Bench, question: Question) -> Solution:
        """Derive the answer and check it on every road that applies."""
        from derivations.stationary import stationary

        model = bench.model(self.model)
        target = self.target(model, bench, question)
        quantities = model.vocabulary.quantities
        positive = [n for n in quantities if "positive" in model.samples.get(n, "")]
        found = stationary(
            self.integrand(model, bench, question),
            target,
            positive,
            lambda name: len(quantities[name].axes) if name in quantities else 0,
            self.sense,
            self.domain,
        )
        assert model.loss is not None
        slope = Partial(Ref(model.loss), target)
        claim = Compare((target, found.value), ("=",))
        sign, word = (">", "minimum") if self.sense == "minimise" else ("<", "maximum")
        curvature = Compare((found.second, number(0)), (sign,))  # type: ignore[arg-type]
        return Solution(
            question.id,
            answers=(claim,),
            steps=(
                Step(
                    Compare((slope, found.derivative, number(0)), ("=", "=")),
                    "no other point depends on the value at this one, so the optimum is found point by point",
                ),
                Step(claim, "solved for the value"),
                Step(curvature, f"the second derivative there, so this is the {word}, and the only one"),
            ),
            roads=tuple(self.roads(model, target, found.value, bench.worlds(self.model))),
            rule="Any formula with the same value counts.",
        )

    def roads(self, model: Model, target: Ref, key: Expr, worlds: tuple[World, ...]) -> list[Road]:
        """The slope at the key by autograd, and a numerical search that does not know the key."""
        from reference_impl.search import search, slope_at

        slope = distance = 0.0
        count = 0
        for world in worlds:
            places = [at for name, at in world.values if name == target.name]
            values = {at: float(evaluate(key, self.scope(world, target, at))) for at in places}
            slope = max(slope, slope_at(model, world, target.name, values))
            reached = search(model, world, target.name, self.sense, self.domain)
            scale = max(*map(abs, values.values()), 1e-12)
            distance = max(distance, max(abs(reached[at] - values[at]) for at in places) / scale)
            count += len(places)
        tried = f"{count} points in {len(worlds)} random models"
        return [
            Road("autograd: slope 0", bool(np.isfinite(slope)) and slope < AGREEMENT, slope, tried),
            Road(f"numerical search ({self.sense})", bool(distance < AGREEMENT), distance, tried),
        ]

    def scope(self, world: World, target: Ref, at: tuple[int, ...]) -> Scope:
        """Where a formula has its value at one point."""
        names = [a.name for a in target.at if isinstance(a, Ref)]
        return world.scope().at(**dict(zip(names, at, strict=True)))

    def check(self, bench: Bench, question: Question, text: str) -> Verdict:
        """Judge one answer that is not empty."""
        model = bench.model(self.model).also_called(self.aliases)
        target = self.target(model, bench, question)
        claim = bench.solution(question.id).answers[0]
        assert isinstance(claim, Compare)
        key = claim.sides[-1]
        alternatives = tuple(
            Alternative(self.read(bench, question, model, f.formula, "foreseen"), f.verdict, f.message)
            for f in self.foreseen
        )
        asked = Asked(target, model.loss, None, value=key)
        judge = Formula(question, model, bench.worlds(self.model), asked, key, True, alternatives)
        ranges = model.vocabulary.ranges
        known = {target.name, *model.vocabulary.quantities, *model.vocabulary.spellings}
        plain = own_functions(plain_function(text, target.name, ranges), known, ranges)
        lines = own_functions(
            with_slopes_as_zero(plain_function(text, target.name, ranges), target.name), known, ranges
        )
        plain = without_integrals(plain)
        found = judge.judge(plain)
        general = before_special_case(plain, model.parameters)
        if found.status != "correct" and general.strip() and general != plain:
            first = judge.judge(general)
            if first.status == "correct":
                found = replace(first, notes=(*first.notes, "the remark on particular values was not judged"))
        if found.status == "correct":
            lines = without_integrals(before_special_case(lines, model.parameters))
            found = self.with_lines(bench, question, found, lines, model, target, key)
        if found.status == "wrong" and self.condition_holds(plain, model, target, key, bench.worlds(self.model)):
            found = verdict(
                question, text, "partial", message="The condition for the optimum is right; it is still to be solved."
            )
        if found.status in {"wrong", "unreadable"} and "=" not in text and len(re.findall(r"[A-Za-z]{3,}", text)) >= 6:
            found = verdict(question, text, "manual", message="An explanation in words waits for a person.")
        return replace(found, answer=text)

    def with_lines(
        self, bench: Bench, question: Question, found: Verdict, lines: str, model: Model, target: Ref, key: Expr
    ) -> Verdict:
        """The verdict on a right optimum, which an untrue equation on the way to it makes partial."""
        answer = read_answer(lines, model.vocabulary)

        def scopes(read: Answer) -> Iterator[Scope]:
            for world in bench.worlds(self.model):
                for name, at in world.values:
                    if name == target.name:
                        value = np.asarray(evaluate(key, self.scope(world, target, at)))
                        where = replace(self.scope(world, target, at), definitions=read.definitions)
                        yield at_optimum(where, target, at, value)

        at_points = (n for n in model.inputs if n != target.name and model.vocabulary.quantities[n].axes)
        untrue = untrue_at(answer, target, model.loss, frozenset(at_points), scopes)
        if untrue is None:
            return found
        message = f"The result is right, but a line on the way to it is not: {stated(answer, untrue)}."
        return verdict(question, found.answer, "partial", reading=found.reading, message=message)

    def condition_holds(self, text: str, model: Model, target: Ref, key: Expr, worlds: tuple[World, ...]) -> bool:
        """Whether an answer ends in an equation that the optimum fulfils, without being solved for it."""
        stated = [s for s in read_answer(text, model.vocabulary).statements if len(s.sides) > 1]
        if any(target in s.sides for s in stated):
            return False
        implicit = [s for s in stated if any(target in walk(side) for side in s.sides)]
        return bool(implicit) and all(
            self.fulfilled(implicit[-1].sides, world, target, key, 0.0)
            and not self.fulfilled(implicit[-1].sides, world, target, key, 1.0)
            for world in worlds
        )

    def fulfilled(self, sides: tuple[Expr, ...], world: World, target: Ref, key: Expr, off: float) -> bool:
        """Whether all sides are equal at every point when the optimum, shifted by `off`, is put in."""
        sides = tuple(s for s in sides if not isinstance(s, Partial))
        for name, at in world.values:
            if name != target.name:
                continue
            scope = self.scope(world, target, at)
            optimal = np.asarray(evaluate(key, scope)) + off
            place = (name, at)

            def lookup(wanted: str, where: tuple[int, ...], place: Place = place, value: Array = optimal) -> Array:
                return value if (wanted, where) == place else world.lookup(wanted, where)

            try:
                values = [float(evaluate(s, replace(scope, lookup=lookup))) for s in sides]
            except (EvaluationError, ShapeError, TypeError):
                return False
            if len(values) < 2 or not max(values) - min(values) <= AGREEMENT * max(1.0, *map(abs, values)):
                return False
        return True
