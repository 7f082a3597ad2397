"""The exceptions of backprove, by audience.

    BackproveError            anything this project raises on purpose
    +-- UsageError            a command or a call was made with arguments that cannot be served
    +-- PlacedError           something is wrong in a file, at a line
        +-- AuthorError       an assignment is bad: file, line, what is wrong, what to try
        +-- SubmissionError   a submission cannot be read at all: its message is shown to the student

Each carries its data as attributes; `str()` is the one message a person reads.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import Path

# difflib's default of 0.6 misses `lstm` for `cell_lstm`, and 0.5 suggests nonsense for names of three letters.
_NEARNESS = 0.55
_WORD_LENGTH = 60  # no name is longer, and comparing takes time with the length


class BackproveError(Exception):
    """Base of every error that backprove raises on purpose; `hint` says what to try."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} ({self.hint})" if self.hint else self.message


class PlacedError(BackproveError):
    """A problem in a file, told with the file and the line."""

    def __init__(self, message: str, *, file: str | Path = "", line: int | None = None, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.file = str(file)
        self.line = line

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.file and self.line else self.file
        text = super().__str__()
        return f"{place}: {text}" if place else text


class AuthorError(PlacedError):
    """An assignment that cannot be used, with the place to mend.

    >>> print(AuthorError("unknown field 'knd'", file="ct3.md", line=12, hint="did you mean 'kind'?"))
    ct3.md:12: unknown field 'knd' (did you mean 'kind'?)
    """


class UsageError(BackproveError):
    """A request that cannot be served as it was made, such as an unknown question."""


class SubmissionError(PlacedError):
    """A submission that cannot be read; the message is written for the student who handed it in."""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A suggestion for a mistyped name, or the list of names when it is short, or nothing.

    >>> did_you_mean("nmae", ["name", "kind"])
    "did you mean 'name'?"
    >>> did_you_mean("zzz", ["name", "kind"])
    'expected one of: kind, name'
    """
    names = sorted(set(known))
    folded = {name.lower(): name for name in reversed(names)}
    near = difflib.get_close_matches(word[:_WORD_LENGTH].lower(), list(folded), n=1, cutoff=_NEARNESS)
    if near:
        return f"did you mean '{folded[near[0]]}'?"
    return f"expected one of: {', '.join(names)}" if 0 < len(names) <= 20 else ""
