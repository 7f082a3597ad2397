"""What every kind of answer can do: solve its question and judge an answer to it."""

from __future__ import annotations

from abc import abstractmethod
from fractions import Fraction
from typing import TYPE_CHECKING

from checkers.assignment import Question
from checkers.solution import Solution
from checkers.spec import AnswerSpec
from checkers.verdict import Status, Verdict, Witness
from notation.errors import ReadError
from notation.tree import Expr

if TYPE_CHECKING:
    from checkers.bench import Bench


class Kind(AnswerSpec):
    """Base of all kinds. A new kind is one file with a subclass, registered in `checkers.kinds`."""

    @abstractmethod
    def solve(self, bench: Bench, question: Question) -> Solution:
        """Derive the answer and check it on every road that applies."""

    @abstractmethod
    def check(self, bench: Bench, question: Question, text: str) -> Verdict:
        """Judge one answer that is not empty; a `ReadError` becomes the verdict `unreadable`."""

    def judge(self, bench: Bench, question: Question, text: str) -> Verdict:
        """The verdict on one answer; an empty one is `missing`, one outside the language `unreadable`."""
        if not text.strip():
            return verdict(question, text, "missing", message="There is no answer to this question.")
        try:
            return self.check(bench, question, text)
        except ReadError as problem:
            return unreadable(question, text, problem)


def verdict(
    question: Question,
    text: str,
    status: Status,
    *,
    marks: Fraction | None = None,
    message: str = "",
    evidence: str = "",
    witness: Witness | None = None,
    diagnosis: str | None = None,
    reading: tuple[Expr, ...] = (),
    notes: tuple[str, ...] = (),
) -> Verdict:
    """A verdict with the marks that its status implies: all for correct, half for partial, none otherwise."""
    if marks is None:
        marks = {"correct": question.marks, "partial": question.marks / 2}.get(status, Fraction(0))
    waiting = question.marks if status in {"manual", "unreadable", "undecided"} else Fraction(0)
    return Verdict(
        question.id,
        text,
        status,
        marks,
        question.marks,
        message=message,
        evidence=evidence,
        witness=witness,
        diagnosis=diagnosis,
        reading=reading,
        notes=notes,
        waiting=waiting - marks if waiting else waiting,
    )


def unreadable(question: Question, text: str, problem: ReadError) -> Verdict:
    """The verdict on text outside the language: it costs nothing until a person has looked."""
    shown = f"This could not be read, at line {problem.line}: {problem.message}.\n{problem.caret()}"
    if problem.hint:
        shown += f"\nTry: {problem.hint}"
    return verdict(question, text, "unreadable", message=shown)
