"""The lines of an answer as a graded sheet shows them, each with its verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from checkers.verdict import LineStatus, LineVerdict
from notation.boxes import Box
from notation.layout import layout


@dataclass(frozen=True, slots=True)
class LineView:
    """One line of an answer that was judged line by line: an icon, a word, the line as typed and as read, and why."""

    icon: str
    word: str
    text: str
    message: str
    read: tuple[Box, ...] = ()


_LINE_WORDS: dict[LineStatus, tuple[str, str]] = {
    "right": ("✓", "right"),
    "first_error": ("✗", "first error"),
    "follows": ("↳", "follows"),
    "wrong": ("✗", "wrong"),
}


def line_views(lines: Sequence[LineVerdict]) -> tuple[LineView, ...]:
    """The lines of an answer; where all are right there is nothing to point at."""
    if all(line.verdict == "right" for line in lines):
        return ()
    return tuple(
        LineView(
            *_LINE_WORDS[line.verdict],
            line.text,
            line.message,
            tuple(layout(e, exact=False) for e in line.reading),
        )
        for line in lines
    )
