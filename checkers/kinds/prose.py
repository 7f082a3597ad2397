"""Prose: shown with its model answer and rubric, and left to a person."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from checkers.assignment import Question
from checkers.kinds.base import Kind, verdict
from checkers.solution import Plot, Solution, Table
from checkers.verdict import Verdict

if TYPE_CHECKING:
    from checkers.bench import Bench


class Prose(Kind):
    """`words:` is the model answer, `rubric:` the points a person looks for, `demonstration:` a computed figure."""

    kind: Literal["prose"] = "prose"
    model: str | None = None
    words: str
    rubric: list[str]
    demonstration: str = ""

    def solve(self, bench: Bench, question: Question) -> Solution:
        """Derive the answer and check it on every road that applies."""
        plots: tuple[Plot, ...] = ()
        tables: tuple[Table, ...] = ()
        if self.demonstration:
            from checkers.demonstrations import demonstrate

            shown = demonstrate(self.demonstration, bench, self.model, question)
            plots, tables = shown.plots, shown.tables
        rule = "Read by a person."
        return Solution(question.id, words=self.words, rubric=tuple(self.rubric), rule=rule, plots=plots, tables=tables)

    def check(self, bench: Bench, question: Question, text: str) -> Verdict:
        """Judge one answer that is not empty."""
        return verdict(question, text, "manual", message="An explanation in words waits for a person.")
