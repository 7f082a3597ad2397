"""A set of defining equations: judged by running what the answer itself defines beside the model."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from checkers.assignment import Question
from checkers.kinds.base import Kind, unreadable, verdict
from checkers.renaming import relabelled
from checkers.runs import Design, Outcome, Stated, clauses, first_false, run
from checkers.solution import Road, Solution
from checkers.spec import Strict
from checkers.verdict import Verdict
from derivations.derivation import Step
from derivations.model import Model
from notation.answer import read_answer
from notation.errors import ReadError
from notation.plain import to_plain
from notation.tree import Compare, Expr, Ref

if TYPE_CHECKING:
    from checkers.bench import Bench

# The better verdict of two readings of a design.
_SENTENCE = 8  # words at least
_ORDER = ("correct", "partial", "wrong", "undecided", "unreadable")


class ForeseenDesign(Strict):
    """A model that an examiner foresees, and what becomes of an answer that computes the same."""

    model: str
    verdict: Literal["partial", "wrong", "manual"]
    message: str


class Equations(Kind):
    """`equations of: [q_{i,t}, ..., h_t]`: all that a model needs to compute the last of them.

    An answer is right when the last quantity, computed from the answer's own equations, is that of the model at every
    step. `or` names models that are right as well (other ways to share weights), `otherwise: manual` leaves what equals
    none of them to a person, `foreseen` are models that are known to be no answer.
    """

    kind: Literal["equations"] = "equations"
    model: str
    equations_of: list[str] = Field(alias="equations of", min_length=1)
    also: list[str] = Field([], alias="or")
    foreseen: list[ForeseenDesign] = Field([])
    otherwise: Literal["wrong", "manual"] = "wrong"
    aliases: dict[str, str] = Field({})

    def names(self, bench: Bench, question: Question, model: Model) -> tuple[str, ...]:
        """The quantities whose equations are asked, the result last."""
        return tuple(self.quantity(bench, question, model, text, "equations of").name for text in self.equations_of)

    def solve(self, bench: Bench, question: Question) -> Solution:
        """Derive the answer and check it on every road that applies."""
        model = bench.model(self.model)
        equations = [model.equation(name) for name in self.names(bench, question, model)]
        claims = tuple(Compare((e.left, e.right), ("=",)) for e in equations)
        roads = []
        for name in (self.model, *self.also, *(f.model for f in self.foreseen)):
            other = bench.model(name)
            stated = {e.left.name: (Stated.of(e),) for e in other.equations if e.left.name != other.loss}
            found = run(Design(other, self.names(bench, question, other), stated), bench.worlds(name))
            roads.append(Road(f"run, {name}", found.agrees, found.error, f"{found.compared} values"))
        return Solution(
            question.id,
            answers=claims,
            steps=tuple(Step(c, "a forward equation of the model") for c in claims),
            roads=tuple(roads),
            rule="The equations are run: the last quantity must have the value of the model at every step.",
        )

    def check(self, bench: Bench, question: Question, text: str) -> Verdict:
        """Judge one answer that is not empty."""
        verdicts = [v for name in (self.model, *self.also) for v in self.readings(bench, question, text, name)]
        best = min(verdicts, key=lambda v: _ORDER.index(v.status))
        for f in self.foreseen if best.status != "correct" else ():
            for found in self.readings(bench, question, text, f.model):
                if found.status == "correct":
                    return verdict(question, text, f.verdict, reading=found.reading, message=f.message)
        if best.status == "unreadable" and self.otherwise == "manual" and self.in_words(bench, text):
            return verdict(question, text, "manual", message="A design in words waits for a person.")
        if best.status == "wrong" and self.otherwise == "manual":
            message = "These equations are none of the designs that are known to be right; a person decides."
            return verdict(question, text, "manual", reading=best.reading, message=message)
        return best

    def readings(self, bench: Bench, question: Question, text: str, name: str) -> Iterator[Verdict]:
        """The verdicts on the answer as it stands, and with its labels of parameters read as those of the model."""
        model = bench.model(name).also_called(self.aliases)
        for one in (text, *relabelled(text, model)):
            found = self.against(bench, question, one, name)
            if one == text or found.status == "correct":
                yield replace(found, answer=text)

    def in_words(self, bench: Bench, text: str) -> bool:
        """Whether an answer is a sentence or more, without any equation."""
        try:
            answer = read_answer(text, bench.model(self.model).vocabulary)
        except ReadError:
            return False
        return "=" not in text and not answer.errors and len(answer.words) >= _SENTENCE

    def against(self, bench: Bench, question: Question, text: str, name: str) -> Verdict:
        """The verdict on the answer as a description of one model."""
        model = bench.model(name).also_called(self.aliases)
        names = self.names(bench, question, model)
        try:
            answer = read_answer(text, model.vocabulary)
            stated = clauses(answer, model)
        except ReadError as problem:
            return unreadable(question, text, problem)
        if answer.errors:
            return unreadable(question, text, answer.errors[0])
        reading = tuple(tree for s in answer.statements for tree in s.tree)
        result = to_plain(Ref(names[-1]))
        if names[-1] not in stated:
            if not stated:
                empty = ReadError("there is no equation in this answer", text, (0, min(len(text), 20)), "h_t = ...")
                return unreadable(question, text, empty)
            message = f"There is no equation for {result}, which is what the others are for."
            return verdict(question, text, "partial", reading=reading, message=message)
        found = run(Design(model, names, stated), bench.worlds(name))
        return self.judged(question, text, found, Design(model, names, stated), bench, name, reading)

    def judged(
        self,
        question: Question,
        text: str,
        found: Outcome,
        design: Design,
        bench: Bench,
        name: str,
        reading: tuple[Expr, ...],
    ) -> Verdict:
        """The verdict on what running the equations gave."""
        if found.problem:
            message = f"This could not be run: {found.problem}."
            return verdict(question, text, "undecided", reading=reading, message=message)
        if not found.agrees:
            wrong = first_false(design, bench.worlds(name))
            told = f" The first equation that does not hold is that of {wrong}." if wrong else ""
            message = f"Run at these numbers, the equations give another {to_plain(Ref(design.names[-1]))}.{told}"
            return verdict(
                question,
                text,
                "wrong",
                reading=reading,
                witness=found.witness,
                message=message,
            )
        if found.undefined:
            listed = ", ".join(sorted(to_plain(Ref(n)) for n in found.undefined))
            message = f"What stands here is right, but {listed} has no equation of its own."
            return verdict(question, text, "partial", reading=reading, message=message)
        evidence = f"run at {found.compared} values in {len(bench.worlds(name))} random models"
        return verdict(question, text, "correct", reading=reading, evidence=evidence)
