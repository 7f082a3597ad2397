"""The direct path through a recurrence: the product of the local derivatives from one step to another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import Field

from checkers.assignment import Question
from checkers.cases import Asked
from checkers.formula import Formula
from checkers.kinds.base import Kind
from checkers.roads import AGREEMENT
from checkers.solution import Road, Solution
from checkers.verdict import Verdict
from derivations.derivation import Step
from derivations.model import Model
from notation.evaluate import evaluate
from notation.tree import Add, Compare, Expr, Neg, Num, Partial, Reduce, Ref, number
from reference_impl.world import World

if TYPE_CHECKING:
    from checkers.bench import Bench


class Path(Kind):
    """`path of: C_t` from step 1 to the last one: the Jacobian along this state alone, everything else held fixed."""

    kind: Literal["path"] = "path"
    model: str
    path_of: str = Field(alias="path of")

    def state(self, model: Model, bench: Bench, question: Question) -> Ref:
        """The state along which the path goes."""
        return self.quantity(bench, question, model, self.path_of, "path of")

    def solve(self, bench: Bench, question: Question) -> Solution:
        """Derive the answer and check it on every road that applies."""
        from derivations.gradients import derive_local

        model = bench.model(self.model)
        state = self.state(model, bench, question)
        (axis,) = (a.name for a in state.at if isinstance(a, Ref))
        local = derive_local(model, state, before(state))
        low, high = model.vocabulary.ranges[axis]
        assert low is not None
        product = Reduce("product", axis, after(low), high, None, local)
        claim = Compare((self.target(model, state, axis), product), ("=",))
        step = Compare((Partial(state, before(state), "direct"), local), ("=",))
        return Solution(
            question.id,
            answers=(claim,),
            steps=(
                Step(step, "one step along the state alone"),
                Step(claim, "one factor for each step, later ones on the left"),
            ),
            roads=(self.executed(bench.worlds(self.model), state, product),),
            rule="A product of diagonal matrices, or of the vectors on their diagonals.",
        )

    def target(self, model: Model, state: Ref, axis: str) -> Partial:
        """The Jacobian of the last state by the first."""
        low, high = model.vocabulary.ranges[axis]
        assert low is not None
        assert high is not None
        return Partial(Ref(state.name, (high,)), Ref(state.name, (low,)), "direct")

    def executed(self, worlds: tuple[World, ...], state: Ref, product: Expr) -> Road:
        """The product of the step Jacobians that autograd gives with the other quantities held fixed."""
        worst, count = 0.0, 0
        for world in worlds:
            low, high = world.ranges[world.axes[state.name][0]]
            out = np.eye(world.shapes[state.name][0])
            for t in range(low + 1, high + 1):
                out = world.partial(state.name, (t,), state.name, (t - 1,), "direct") @ out
            mine = np.asarray(evaluate(product, world.scope()))
            worst = max(worst, float(np.abs(mine - out).max() / np.abs(out).max()))
            count += out.size
        return Road("autograd", worst <= AGREEMENT, worst, f"{count} values in {len(worlds)} models")

    def check(self, bench: Bench, question: Question, text: str) -> Verdict:
        """Judge one answer that is not empty."""
        model = bench.model(self.model)
        claim = bench.solution(question.id).answers[0]
        assert isinstance(claim, Compare)
        asked = Asked(claim.sides[0], model.loss, (), value=claim.sides[1], diagonal=True)
        return Formula(question, model, bench.worlds(self.model), asked, claim.sides[1]).judge(text)


def after(step: Expr) -> Expr:
    """The step that follows."""
    return number(int(step.value) + 1) if isinstance(step, Num) else Add((step, number(1)))


def before(state: Ref) -> Ref:
    """The same state one step earlier."""
    (t,) = state.at
    return Ref(state.name, (Add((t, Neg(number(1)))),))
