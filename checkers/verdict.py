"""The verdict on one answer: status, marks, reason and, where it is refuted, a witness.

Wrong, unreadable and undecided are three different things; `manual` waits for a person and `missing` was not answered.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from notation.tree import Expr

Status = Literal["correct", "partial", "wrong", "unreadable", "undecided", "manual", "missing"]


@dataclass(frozen=True, slots=True)
class Witness:
    """Numbers at which an answer and its key differ.

    `where` says the sizes, seed and step in words; `expected` and `yours` are the two values as short text.
    """

    where: str
    expected: str
    yours: str
    difference: float | None = None

    def to_dict(self) -> dict[str, object]:
        """Plain data for JSON."""
        return {"where": self.where, "expected": self.expected, "yours": self.yours, "difference": self.difference}


LineStatus = Literal["right", "first_error", "follows", "wrong"]


@dataclass(frozen=True, slots=True)
class LineVerdict:
    """The verdict on one line of an answer of several: `follows` is wrong only because an earlier line is.

    `reading` is the line as it was read, for sheets.
    """

    text: str
    verdict: LineStatus
    message: str = ""
    reading: tuple[Expr, ...] = ()

    def to_dict(self) -> dict[str, object]:
        """Plain data for JSON."""
        return {"text": self.text, "verdict": self.verdict, "message": self.message}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was decided about one answer, and why.

    `reading` is how the answer was read (empty when it could not be), `notes` are remarks that cost nothing, and
    `waiting` is the part of `out_of` that a person has still to give. `lines` judges an answer of several lines one by
    one.
    """

    question: str
    answer: str
    status: Status
    marks: Fraction
    out_of: Fraction
    message: str = ""
    evidence: str = ""
    witness: Witness | None = None
    diagnosis: str | None = None
    reading: tuple[Expr, ...] = ()
    notes: tuple[str, ...] = ()
    waiting: Fraction = Fraction(0)
    lines: tuple[LineVerdict, ...] = ()

    def to_dict(self) -> dict[str, object]:
        """The verdict as plain data, with the field names of the command-line contract."""
        return {
            "question": self.question,
            "answer": self.answer,
            "verdict": self.status,
            "marks": plain(self.marks),
            "out_of": plain(self.out_of),
            "evidence": self.evidence,
            "witness": self.witness.to_dict() if self.witness else None,
            "diagnosis": self.diagnosis,
            "message": self.message,
            **({"lines": [line.to_dict() for line in self.lines]} if self.lines else {}),
        }


def plain(marks: Fraction) -> int | float:
    """Marks as a JSON number: an integer where they are whole."""
    return marks.numerator if marks.denominator == 1 else float(marks)
