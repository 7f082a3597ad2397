"""A forward expression: the answer is an equation of the model itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from checkers.assignment import Question
from checkers.cases import Asked
from checkers.formula import Alternative, Formula
from checkers.kinds.base import Kind
from checkers.roads import autograd_road
from checkers.solution import Solution
from checkers.spec import Strict
from checkers.verdict import Verdict
from derivations.derivation import Step
from derivations.index_form import index_equation, readable
from derivations.model import Model
from notation.tree import Compare, Component, Expr, Ref, rebuild

if TYPE_CHECKING:
    from checkers.bench import Bench


class Foreseen(Strict):
    """A formula that an examiner foresees, and what becomes of an answer that equals it."""

    formula: str
    verdict: Literal["correct", "partial", "wrong", "manual"]
    message: str


class Expression(Kind):
    """`expression of: e_{kj}`: how the model computes this quantity; `also written` are other left sides."""

    kind: Literal["expression"] = "expression"
    model: str
    expression_of: str = Field(alias="expression of")
    also_written: list[str] = Field([], alias="also written")
    aliases: dict[str, str] = Field({})
    foreseen: list[Foreseen] = Field([])

    def target(self, model: Model, bench: Bench, question: Question) -> Expr:
        """What is asked: a quantity, or an expression of one such as `e_j(t)^2`."""
        return self.read(bench, question, model, self.expression_of, "expression of")

    def key(self, model: Model, target: Expr, bench: Bench, question: Question) -> Expr:
        """The right side of the forward equation, inserted where the quantity stands."""
        if isinstance(target, Ref) and not target.index:
            try:
                return model.equation(target.name).right
            except KeyError:
                message = f"the model has no equation for {target.name}"
                raise bench.assignment.error(message, "questions", question.id, "expression of") from None

        def inserted(e: Expr) -> Expr:
            if isinstance(e, Ref) and any(q.left.name == e.name for q in model.equations):
                right = model.equation(e.name).right
                return readable(model.lowering().scalar(Component(right, e.index)) if e.index else right, [])
            return rebuild(e, inserted)

        return inserted(target)

    def solve(self, bench: Bench, question: Question) -> Solution:
        """Derive the answer and check it on every road that applies."""
        model = bench.model(self.model)
        target = self.target(model, bench, question)
        key = self.key(model, target, bench, question)
        worlds = bench.worlds(self.model)
        claim = Compare((target, key), ("=",))
        return Solution(
            question.id,
            answers=(claim,),
            index_form=(index_equation(model, target, key),) if isinstance(target, Ref) and not target.index else (),
            steps=(Step(claim, "the forward equation of the model"),),
            roads=(autograd_road(claim, target, worlds, name="executed"),),
            rule="Any formula with the same value counts.",
        )

    def check(self, bench: Bench, question: Question, text: str) -> Verdict:
        """Judge one answer that is not empty."""
        model = bench.model(self.model).also_called(self.aliases)
        target = self.target(model, bench, question)
        key = self.key(model, target, bench, question)
        alternatives = tuple(
            Alternative(self.read(bench, question, model, f.formula, "foreseen"), f.verdict, f.message)
            for f in self.foreseen
        )
        written = tuple(self.read(bench, question, model, text, "also written") for text in self.also_written)
        asked = Asked(target, model.loss, None, written=written)
        return Formula(question, model, bench.worlds(self.model), asked, key, alternatives=alternatives).judge(text)
