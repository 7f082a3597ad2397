"""What a submission holds once it is read, whatever file it came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

# Bounds on what one student hands in, far above any exam. Reading is linear in the length, with these as factors.
MAX_LINES = 50_000
MAX_HEADINGS = 2_000


@dataclass(frozen=True, slots=True)
class Answer:
    """The text of one answer as typed, and where it begins: a line of the file, or a cell of a notebook."""

    text: str
    line: int


@dataclass(frozen=True, slots=True)
class Unknown:
    """Text under a heading that is no question of the assignment; kept so that nothing handed in is lost."""

    heading: str
    text: str
    line: int


@dataclass(frozen=True, slots=True)
class Submission:
    """One student's answers by question id. A question that was left blank is not in `answers`.

    `problems` are remarks on the file in words; `id` is what a JSON line gave as its own name, and `blank` the question
    that such a line names without an answer to it.
    """

    student: str
    answers: Mapping[str, Answer]
    source: Path
    problems: tuple[str, ...] = ()
    unknown: tuple[Unknown, ...] = ()
    id: str | int | None = None
    blank: str = ""


@dataclass(slots=True)
class Gathering:
    """Collects answers while a file is read, and the remarks that go with them."""

    answers: dict[str, Answer] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    unknown: list[Unknown] = field(default_factory=list)
    place: str = "line"

    def add(self, question: str, text: str, line: int) -> None:
        """Note one answer. Blank text is no answer; of several answers to one question the last counts."""
        text = text.encode("utf-8", "replace").decode().strip()  # JSON can hold half a character, which no output can
        if not text:
            return
        if question in self.answers:
            first = self.answers[question].line
            self.problems.append(
                f"question {question} is answered twice ({self.place}s {first} and {line}): the last one counts"
            )
        self.answers[question] = Answer(text, line)

    def add_unknown(self, heading: str, text: str, line: int, suggestion: str) -> None:
        """Note text under a heading that names no question."""
        hint = f"; {suggestion}" if suggestion else ""
        self.problems.append(f"'{shortened(heading)}' ({self.place} {line}) is no question of this assignment{hint}")
        text = text.encode("utf-8", "replace").decode().strip()
        self.unknown.append(Unknown(heading.encode("utf-8", "replace").decode(), text, line))

    def submission(self, student: str, source: Path, id: str | int | None = None) -> Submission:
        """All that was gathered, under the student's name or, where none was given, the file's."""
        name = " ".join("".join(c if c.isprintable() else " " for c in student).split())
        return Submission(
            shortened(name, 200) or source.stem, self.answers, source, tuple(self.problems), tuple(self.unknown), id
        )


def shortened(text: str, length: int = 60) -> str:
    """`text` on one line, cut at `length` characters.

    >>> shortened("a  b\\nc", 4)
    'a b…'
    """
    line = " ".join(text.split())
    return line if len(line) <= length else line[: length - 1].rstrip() + "…"
