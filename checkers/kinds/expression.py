"""A forward expression: the answer is an equation of the model itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from checkers.assignment import Question
from checkers.formula import Alternative, Formula
from checkers.kinds.base import Kind
from checkers.relation import Asked
from checkers.roads import autograd_road
from checkers.solution import Solution
from checkers.spec import Strict
from checkers.verdict import Verdict
from derivations.derivation import Step
from derivations.model import Model
from notation.answer import read_formula
from notation.errors import ReadError
from notation.tree import Compare, Expr, Ref

if TYPE_CHECKING:
    from checkers.bench import Bench


class Foreseen(Strict):
    """A formula that an examiner foresees, and what becomes of an answer that equals it."""

    formula: str
    verdict: Literal["correct", "partial", "wrong", "manual"]
    message: str


class Expression(Kind):
    """`expression of: e_{kj}`: how the model computes this quantity."""

    kind: Literal["expression"] = "expression"
    model: str
    expression_of: str = Field(alias="expression of")
    foreseen: list[Foreseen] = Field([])

    def target(self, model: Model, bench: Bench, question: Question) -> Ref:
        """The quantity that is asked."""
        tree = self.read(self.expression_of, "expression of", model, bench, question)
        if not isinstance(tree, Ref):
            raise bench.assignment.error(
                f"'{self.expression_of}' is not a quantity", "questions", question.id, "expression of"
            )
        return tree

    def read(self, text: str, field: str, model: Model, bench: Bench, question: Question) -> Expr:
        """A formula in the answer block; an author's slip points at its field."""
        try:
            return read_formula(text, model.vocabulary)
        except ReadError as problem:
            raise bench.assignment.error(
                f"{problem.message}: {text}", "questions", question.id, field, hint=problem.hint
            ) from problem

    def key(self, model: Model, target: Ref, bench: Bench, question: Question) -> Expr:
        """The right side of the forward equation."""
        try:
            return model.equation(target.name).right
        except KeyError:
            raise bench.assignment.error(
                f"the model has no equation for {target.name}", "questions", question.id, "expression of"
            ) from None

    def solve(self, bench: Bench, question: Question) -> Solution:
        """Derive the answer and check it on every road that applies."""
        from derivations.steps import index_equation

        model = bench.model(self.model)
        target = self.target(model, bench, question)
        key = self.key(model, target, bench, question)
        worlds = bench.worlds(self.model)
        claim = Compare((target, key), ("=",))
        return Solution(
            question.id,
            answers=(claim,),
            index_form=(index_equation(model, target, key),),
            steps=(Step(claim, "the forward equation of the model"),),
            roads=(autograd_road(claim, target, worlds, name="executed"),),
            rule="Any formula with the same value counts.",
        )

    def check(self, bench: Bench, question: Question, text: str) -> Verdict:
        """Judge one answer that is not empty."""
        model = bench.model(self.model)
        target = self.target(model, bench, question)
        key = self.key(model, target, bench, question)
        alternatives = tuple(
            Alternative(self.read(f.formula, "foreseen", model, bench, question), f.verdict, f.message)
            for f in self.foreseen
        )
        return Formula(
            question, model, bench.worlds(self.model), Asked(target, model.loss, None), key, alternatives=alternatives
        ).judge(text)
