"""Programs and experiments: read by a person, except that a reported number must lie within its bounds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from checkers.assignment import Question
from checkers.doubt import doubt
from checkers.kinds.base import Kind, doubtful, verdict
from checkers.numbers import answer_value, read_numbers, shown
from checkers.solution import Solution
from checkers.spec import Strict
from checkers.verdict import Verdict, Witness
from notation.vocabulary import Vocabulary

if TYPE_CHECKING:
    from checkers.bench import Bench


class Metric(Strict):
    """A number that the program reports, with the bounds in which a working one lies."""

    name: str
    low: float
    high: float
    outside: Literal["wrong", "manual"] = "wrong"


class Program(Kind):
    """`words:` says what a working program does, `rubric` what a person looks for, `metric` bounds a number."""

    kind: Literal["program"] = "program"
    words: str
    rubric: list[str] = Field([])
    metric: Metric | None = None

    def solve(self, bench: Bench, question: Question) -> Solution:
        """Derive the answer and check it on every road that applies."""
        rule = "Read by a person."
        if self.metric is not None:
            rule = f"A reported {self.metric.name} counts from {self.metric.low:g} to {self.metric.high:g}."
        return Solution(question.id, words=self.words, rubric=tuple(self.rubric), rule=rule)

    def check(self, bench: Bench, question: Question, text: str) -> Verdict:
        """Judge one answer that is not empty."""
        if self.metric is None:
            return verdict(question, text, "manual", message="A program waits for a person.")
        answer, values = read_numbers(text, Vocabulary(open=True), {})
        found = answer_value(values)
        if found is None or found.value is None or found.value.shape != () or answer.errors:
            return verdict(question, text, "manual", message=f"No {self.metric.name} was found; a person decides.")
        if why := doubt(text, found.statement.span, value=True):
            return doubtful(question, text, why, found.statement.tree)
        value = float(found.value)
        if self.metric.low <= value <= self.metric.high:
            return verdict(
                question, text, "correct", reading=found.statement.tree, evidence=f"{self.metric.name} {value:g}"
            )
        if self.metric.outside == "manual":
            bounds = f"{shown(self.metric.low)} and {shown(self.metric.high)}"
            message = f"{shown(value)} is not between {bounds}; a person decides."
            return verdict(question, text, "manual", reading=found.statement.tree, message=message)
        bounds = f"{shown(self.metric.low)} to {shown(self.metric.high)}"
        return verdict(
            question,
            text,
            "wrong",
            reading=found.statement.tree,
            witness=Witness(self.metric.name, bounds, shown(value)),
            message=f"A working program reaches a {self.metric.name} of {bounds}.",
        )
