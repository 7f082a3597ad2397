"""What a reader says when it cannot read: where, what was expected, and what to try."""

from __future__ import annotations

from notation.tree import Span

_EXCERPT = 76  # characters of a line that are shown: as many as fit a sheet and a terminal without wrapping


class ReadError(Exception):
    """Text is outside the language. The message is written for the person who typed the text.

    Attributes: `message`, `text` (the whole input), `span` (where), `hint` (what to try, may be empty).
    """

    def __init__(self, message: str, text: str, span: Span, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.text = text
        self.span = span
        self.hint = hint
        # what the unreadable equation is about (a tree), when its left side could be read
        self.about: object | None = None

    @property
    def line(self) -> int:
        """The line of the slip, counted from 1."""
        return self.text.count("\n", 0, self.span[0]) + 1

    @property
    def column(self) -> int:
        """The column of the slip, counted from 1."""
        return self.span[0] - (self.text.rfind("\n", 0, self.span[0]) + 1) + 1

    def caret(self) -> str:
        """The line of the slip with a caret beneath it.

        >>> print(ReadError("what follows '+'?", "a + ", (3, 4)).caret())
        a +
           ^
        """
        start = self.text.rfind("\n", 0, self.span[0]) + 1
        end = self.text.find("\n", start)
        line = self.text[start : end if end >= 0 else len(self.text)].replace("\t", " ")
        offset, width = self.span[0] - start, max(1, min(self.span[1], start + len(line)) - self.span[0])
        if len(line) > _EXCERPT:  # a long line is cut around the slip, so that the caret stays in view
            cut = max(0, min(offset - _EXCERPT // 2, len(line) - _EXCERPT))
            shown = line[cut : cut + _EXCERPT]
            if cut:
                shown = "…" + shown[1:]
            line = shown if cut + _EXCERPT >= len(line) else shown[:-1] + "…"
            offset -= cut
            width = min(width, len(line) - offset)
        return f"{line.rstrip()}\n{' ' * offset}{'^' * min(width, 30)}"

    def __str__(self) -> str:
        tail = f"\nTry: {self.hint}" if self.hint else ""
        return f"line {self.line}, column {self.column}: {self.message}\n{self.caret()}{tail}"


class ShapeError(Exception):
    """Shapes that cannot be combined: readable, but it has no value.

    `span` is the place of the offending operation in the text of the formula.
    """

    def __init__(self, message: str, span: Span = (0, 0)) -> None:
        super().__init__(message)
        self.message = message
        self.span = span


class EvaluationError(Exception):
    """A tree has no value for another reason than shapes: an unknown name, a range that is too long."""


class OutOfRangeError(EvaluationError):
    """A component is asked for that an array does not have."""


class NoCaseError(EvaluationError):
    """None of the stated cases applies."""


class MissingStepError(EvaluationError):
    """A quantity is used at a step at which it does not exist, such as a gate at step 0."""
