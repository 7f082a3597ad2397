"""The look of a formula: a small tree of boxes between the expression tree and the printers.

Precedence and parentheses are decided once, when an `Expr` (or an examiner's LaTeX) becomes boxes; LaTeX, Typst, MathML
and plain text then only spell boxes. A box holds no markup: names are single letters or checked words, so nothing
that a student typed can reach a typesetter as a command.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Literal, TypeAlias

Style = Literal["roman", "bold", "blackboard", "calligraphic"]


@dataclass(frozen=True, slots=True)
class Letter:
    """One identifier: a Latin letter, or a Greek or other character of `symbols.LETTERS`."""

    char: str


GROUP = "\u202f"  # stands between groups of three digits


@dataclass(frozen=True, slots=True)
class Digits:
    """A number as it is written, such as `0.70`; `GROUP` may stand between its digits."""

    text: str


@dataclass(frozen=True, slots=True)
class Word:
    """The upright name of a function, such as `softmax`; letters and digits only."""

    text: str


@dataclass(frozen=True, slots=True)
class Sign:
    """An operator, relation or punctuation mark, as one character."""

    char: str


@dataclass(frozen=True, slots=True)
class Text:
    """Upright words inside a formula; any characters."""

    text: str


@dataclass(frozen=True, slots=True)
class Space:
    """White space: `thin` between factors, `quad` between parts."""

    kind: Literal["thin", "medium", "quad"]


@dataclass(frozen=True, slots=True)
class Row:
    """Boxes side by side."""

    items: tuple[Box, ...]


@dataclass(frozen=True, slots=True)
class Frac:
    """A built-up fraction."""

    top: Box
    bottom: Box


@dataclass(frozen=True, slots=True)
class Script:
    """A base with a subscript, a superscript and derivative primes."""

    base: Box
    sub: Box | None = None
    sup: Box | None = None
    primes: int = 0


@dataclass(frozen=True, slots=True)
class Fence:
    """A body between delimiters, each one of `( ) [ ] { } | ‖ ⌊ ⌋ ⌈ ⌉ ⟨ ⟩`, or empty for none."""

    left: str
    right: str
    body: Box


@dataclass(frozen=True, slots=True)
class Root:
    """A square root."""

    body: Box


@dataclass(frozen=True, slots=True)
class Accent:
    """A mark over a body: `hat`, `tilde`, `bar`, `dot`, `vec`, `overline`."""

    kind: str
    body: Box


@dataclass(frozen=True, slots=True)
class Styled:
    """A body in another alphabet."""

    style: Style
    body: Box


@dataclass(frozen=True, slots=True)
class Big:
    """A large operator (`∑`, `∏`) with its limits; the body follows it in the row."""

    char: str
    low: Box | None = None
    high: Box | None = None


@dataclass(frozen=True, slots=True)
class Grid:
    """Cells in rows between delimiters; `left` is `{` and `right` empty for cases."""

    rows: tuple[tuple[Box, ...], ...]
    left: str
    right: str


@dataclass(frozen=True, slots=True)
class Marked:
    """A part that the sheet points at, shown on a tinted ground."""

    body: Box


Box: TypeAlias = (
    Letter
    | Digits
    | Word
    | Sign
    | Text
    | Space
    | Row
    | Frac
    | Script
    | Fence
    | Root
    | Accent
    | Styled
    | Big
    | Grid
    | Marked
)


def row(*items: Box) -> Box:
    """Boxes side by side, flat; a single box stands for itself.

    >>> row(Letter("a"), row(Sign("+"), Letter("b")))
    Row(items=(Letter(char='a'), Sign(char='+'), Letter(char='b')))
    """
    flat = tuple(part for item in items for part in (item.items if isinstance(item, Row) else (item,)))
    return flat[0] if len(flat) == 1 else Row(flat)


def parts(box: Box) -> Iterator[Box]:
    """The boxes directly inside a box."""
    for f in fields(box):
        yield from _boxes(getattr(box, f.name))


def _boxes(value: object) -> Iterator[Box]:
    if isinstance(value, Box):
        yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from _boxes(item)


def is_tall(box: Box) -> bool:
    """Whether parentheses around the box have to grow."""
    if isinstance(box, (Frac, Big, Grid, Root)):
        return True
    if isinstance(box, Script):
        return is_tall(box.base)
    return any(is_tall(part) for part in parts(box))


def width(box: Box | None) -> float:
    """A rough width in ems of the text font: good enough to decide where to break a line.

    >>> width(row(Letter("a"), Sign("+"), Letter("b")))
    2.5
    """
    match box:
        case None:
            return 0.0
        case Digits(text):
            return 0.5 * len(text)
        case Word(text) | Text(text):
            return 0.5 * len(text)
        case Letter():
            return 0.6
        case Sign(char):
            return 0.3 if char in ",;.:" else 1.3
        case Space(kind):
            return {"thin": 0.2, "medium": 0.3, "quad": 1.0}[kind]
        case Frac(top, bottom):
            return 0.2 + max(width(top), width(bottom))
        case Script(base, sub, sup, primes):
            return width(base) + 0.3 * primes + 0.7 * max(width(sub), width(sup))
        case Big(_, low, high):
            return max(1.4, 0.7 * width(low), 0.7 * width(high))
        case Fence(left, right, body):
            return 0.4 * (bool(left) + bool(right)) + width(body)
        case Grid(rows):
            columns = max(len(r) for r in rows)
            return 0.8 + sum(max(width(r[i]) for r in rows if i < len(r)) + 0.8 for i in range(columns))
        case _:
            return sum(width(part) for part in parts(box))
