"""The Jacobian of one quantity by another, at steps of its own: `dh_t/dh_{t-1}` as a matrix or by components."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from checkers.assignment import Question
from checkers.cases import Asked
from checkers.formula import Formula
from checkers.kinds.base import Kind
from checkers.roads import autograd_road, derived_road, standard_road
from checkers.solution import Solution
from checkers.verdict import Verdict
from derivations.model import Model
from notation.tree import Partial

if TYPE_CHECKING:
    from checkers.bench import Bench


class Jacobian(Kind):
    """`jacobian of: h_t`, `with respect to: h_{t-1}`: the total derivative, rows for the first, columns for the second.

    `layout: fixed` refuses the transposed matrix; `aliases` are names of this question alone.
    """

    kind: Literal["jacobian"] = "jacobian"
    model: str
    jacobian_of: str = Field(alias="jacobian of")
    with_respect_to: str = Field(alias="with respect to")
    layout: Literal["open", "fixed"] = "open"
    aliases: dict[str, str] = Field({})

    def target(self, model: Model, bench: Bench, question: Question) -> Partial:
        """The derivative that is asked, as a tree."""
        text = f"\\frac{{\\partial {self.jacobian_of}}}{{\\partial {self.with_respect_to}}}"
        return self.derivative(bench, question, model, text, "with respect to")

    def solve(self, bench: Bench, question: Question) -> Solution:
        """Derive the answer and check it on every road that applies."""
        from derivations.gradients import derive_gradient

        model = bench.model(self.model)
        target, worlds = self.target(model, bench, question), bench.worlds(self.model)
        derived = derive_gradient(model, target, ())
        return Solution(
            question.id,
            answers=(derived.claim,),
            index_form=(derived.index_form,) if derived.index_form is not None else (),
            steps=derived.steps,
            assumptions=derived.assumptions,
            roads=(
                derived_road(derived, target, worlds),
                autograd_road(derived.claim, target, worlds),
                *standard_road(bench, self.model),
            ),
            rule="Any formula with the same value counts; all derivatives in it must be carried out.",
        )

    def check(self, bench: Bench, question: Question, text: str) -> Verdict:
        """Judge one answer that is not empty."""
        model = bench.model(self.model).also_called(self.aliases)
        target = self.target(model, bench, question)
        key = bench.solution(question.id).answers[0]
        asked = Asked(target, model.loss, (), self.layout == "open")
        return Formula(question, model, bench.worlds(self.model), asked, key.sides[-1]).judge(text)  # type: ignore[attr-defined]
