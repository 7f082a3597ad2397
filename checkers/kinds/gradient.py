"""Gradients and recurrences of adjoints: derived with the calculus, checked against autograd and a standard module."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from checkers.assignment import Question
from checkers.formula import Formula
from checkers.kinds.base import Kind
from checkers.relation import Asked
from checkers.roads import autograd_road, derived_road, standard_road
from checkers.solution import Plot, Solution
from checkers.verdict import Verdict
from derivations.model import Model
from notation.answer import read_formula
from notation.errors import ReadError
from notation.tree import Expr, Partial

if TYPE_CHECKING:
    from checkers.bench import Bench


class Gradient(Kind):
    """`gradient of: L`, `with respect to: C_t`, `in terms of: [dL/dC_{t+1}, dL/dh_t]`.

    `unroll` carries a linear recurrence through to the last step; `layout: fixed` refuses a transposed answer.
    """

    kind: Literal["gradient"] = "gradient"
    model: str
    gradient_of: str = Field(alias="gradient of")
    with_respect_to: str = Field(alias="with respect to")
    in_terms_of: list[str] = Field([], alias="in terms of")
    layout: Literal["open", "fixed"] = "open"
    unroll: bool = False
    prose: bool = False
    words: str = ""
    rubric: list[str] = Field([])
    demonstration: str = ""

    def target(self, model: Model, bench: Bench, question: Question) -> Expr:
        """The derivative that is asked, as a tree."""
        return self.read(
            f"\\frac{{\\partial {self.gradient_of}}}{{\\partial {self.with_respect_to}}}",
            "with respect to",
            model,
            bench,
            question,
        )

    def allowed(self, model: Model, bench: Bench, question: Question) -> tuple[Expr, ...]:
        """The derivatives that an answer may use."""
        return tuple(self.read(text, "in terms of", model, bench, question) for text in self.in_terms_of)

    def read(self, text: str, field: str, model: Model, bench: Bench, question: Question) -> Expr:
        """A formula in the answer block; an author's slip points at its field."""
        try:
            tree = read_formula(text, model.vocabulary)
        except ReadError as problem:
            raise bench.assignment.error(
                f"{problem.message}: {text}", "questions", question.id, field, hint=problem.hint
            ) from problem
        if not isinstance(tree, Partial):
            raise bench.assignment.error(
                f"'{text}' is not a derivative", "questions", question.id, field, hint="dL/dh_t"
            )
        return tree

    def solve(self, bench: Bench, question: Question) -> Solution:
        """Derive the answer and check it on every road that applies."""
        from derivations.gradients import derive_gradient

        model = bench.model(self.model)
        target, allowed = self.target(model, bench, question), self.allowed(model, bench, question)
        derived = derive_gradient(model, target, allowed, unroll=self.unroll)
        worlds = bench.worlds(self.model)
        roads = [derived_road(derived, target, worlds), autograd_road(derived.claim, target, worlds)]
        roads.extend(standard_road(bench, self.model))
        plots: tuple[Plot, ...] = ()
        if self.demonstration:
            from checkers.demonstrations import demonstrate

            plots = demonstrate(self.demonstration, bench, self.model)
        return Solution(
            question.id,
            answers=(derived.claim,),
            index_form=(derived.index_form,) if derived.index_form is not None else (),
            steps=derived.steps,
            assumptions=derived.assumptions,
            roads=tuple(roads),
            words=self.words,
            rubric=tuple(self.rubric),
            rule="Any formula with the same value counts; it may use only the derivatives that the question names.",
            plots=plots,
        )

    def check(self, bench: Bench, question: Question, text: str) -> Verdict:
        """Judge one answer that is not empty."""
        model = bench.model(self.model)
        target, allowed = self.target(model, bench, question), self.allowed(model, bench, question)
        asked = Asked(target, model.loss, allowed, self.layout == "open")
        key = bench.solution(question.id).answers[0]
        return Formula(question, model, bench.worlds(self.model), asked, key.sides[-1], prose=self.prose).judge(text)  # type: ignore[attr-defined]
