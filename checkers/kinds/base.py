"""What every kind of answer can do: solve its question and judge an answer to it."""

from __future__ import annotations

from abc import abstractmethod
from fractions import Fraction
from typing import TYPE_CHECKING

from checkers.assignment import Question
from checkers.doubt import elsewhere, hesitates
from checkers.solution import Solution
from checkers.spec import AnswerSpec
from checkers.verdict import LineVerdict, Status, Verdict, Witness
from derivations.model import Model
from notation.answer import read_formula
from notation.errors import ReadError
from notation.tree import Expr, Partial, Ref

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

    def read(self, bench: Bench, question: Question, model: Model, text: str, field: str) -> Expr:
        """A formula in the answer block; an author's slip points at its field."""
        try:
            return read_formula(text, model.vocabulary)
        except ReadError as problem:
            message = f"{problem.message}: {text}"
            raise bench.assignment.error(message, "questions", question.id, field, hint=problem.hint) from problem

    def quantity(self, bench: Bench, question: Question, model: Model, text: str, field: str) -> Ref:
        """A quantity of the model named in the answer block."""
        tree = self.read(bench, question, model, text, field)
        if not isinstance(tree, Ref):
            raise bench.assignment.error(f"'{text}' is not a quantity", "questions", question.id, field)
        return tree

    def derivative(self, bench: Bench, question: Question, model: Model, text: str, field: str) -> Partial:
        """A derivative in the answer block."""
        tree = self.read(bench, question, model, text, field)
        if not isinstance(tree, Partial):
            hint = "dL/dh_t"
            raise bench.assignment.error(f"'{text}' is not a derivative", "questions", question.id, field, hint=hint)
        return tree

    def judge(self, bench: Bench, question: Question, text: str) -> Verdict:
        """The verdict on one answer; an empty one is `missing`, one outside the language `unreadable`."""
        if not text.strip():
            return verdict(question, text, "missing", message="There is no answer to this question.")
        try:
            found = self.check(bench, question, text)
        except ReadError as problem:
            found = unreadable(question, text, problem)
        except RecursionError:  # a product of thousands of names
            hint = "write it with sums, products and definitions"
            found = unreadable(question, text, ReadError("this formula is too long", text, (0, 1), hint))
        if found.status == "correct" and (why := hesitates(text)):
            return doubtful(question, text, why, found.reading)
        if found.status not in {"correct", "partial"} and (where := elsewhere(text)):
            message = f"The answer points to {where}, which is not here."
            return verdict(question, text, "manual", message=message)
        return found


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
    lines: tuple[LineVerdict, ...] = (),
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
        lines=lines,
        waiting=waiting - marks if waiting else waiting,
    )


def doubtful(question: Question, text: str, why: str, reading: tuple[Expr, ...]) -> Verdict:
    """The verdict on a right value that is denied or left open: a person decides."""
    return verdict(
        question, text, "manual", reading=reading, message=f"The right value stands here, but {why}; a person decides."
    )


def unreadable(question: Question, text: str, problem: ReadError) -> Verdict:
    """The verdict on text outside the language: it costs nothing until a person has looked."""
    shown = f"This could not be read, at line {problem.line}: {problem.message}.\n{problem.caret()}"
    if problem.hint:
        shown += f"\nTry: {problem.hint}"
    return verdict(question, text, "unreadable", message=shown)
