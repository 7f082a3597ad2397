"""Displayed formulas: lines that fit the page, aligned at their relations.

Breaking works on boxes, so that answers, derivation steps and an examiner's forward equations break alike.
"""

from __future__ import annotations

import textwrap
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from notation import texlike
from notation.boxes import Box, Row, Sign, Space, Text, is_tall, row, width
from notation.layout import layout
from notation.tree import Expr

PAGE_WIDTH = 42.0  # ems that fit a displayed line on the A4 sheet, by the estimate of `boxes.width`
SHORT_CHAIN = 20.0  # ems; shorter chains, such as `1 <= i <= 3`, stay in one line
_RELATIONS = ("=", "≤<≥>≠≈∈→")
_TERMS = "+-"
_FACTORS = "⊙·∗⊗"


@dataclass(frozen=True, slots=True)
class Line:
    """One line: what stands before the alignment point, and what stands after it (relation first)."""

    left: Box | None
    right: Box

    @property
    def width(self) -> float:
        """The estimated width in ems."""
        return width(self.left) + width(self.right)


def lines(expr: Expr, *, highlight: Collection[Expr] = (), limit: float = PAGE_WIDTH) -> tuple[Line, ...]:
    """The lines of one displayed expression; a chain `a = b = c` takes one line per relation."""
    return break_lines(layout(expr, highlight=highlight, exact=False), limit)


def source_lines(text: str, limit: float = PAGE_WIDTH) -> tuple[Line, ...]:
    """The lines of formulas in LaTeX, one per line of text; what is not understood stands as words."""
    found: list[Line] = []
    for line in text.splitlines():
        if line.strip():
            box = texlike.read(line.strip())
            found += break_lines(box, limit) if box else [Line(None, Text(piece)) for piece in _wrapped(line.strip())]
    return tuple(found)


def break_lines(box: Box, limit: float) -> tuple[Line, ...]:
    """The box as aligned lines no wider than `limit`, as far as it has places to break."""
    items = box.items if isinstance(box, Row) else (box,)
    relations: list[int] = []
    for kind in _RELATIONS:
        relations = [i for i, item in enumerate(items) if isinstance(item, Sign) and item.char in kind]
        if relations:
            break
    if not relations or relations[0] == 0:
        return _broken(None, items, limit)
    left = row(*items[: relations[0]])
    if len(relations) > 1 and width(box) <= SHORT_CHAIN and not is_tall(box):
        return (Line(left, row(*items[relations[0] :])),)
    found: list[Line] = []
    for start, end in zip(relations, [*relations[1:], len(items)], strict=True):
        found += _broken(left if start == relations[0] else None, items[start:end], limit)
    return tuple(found)


def _broken(left: Box | None, items: Sequence[Box], limit: float) -> tuple[Line, ...]:
    room = limit - width(left)
    for pieces in (_split(items, _TERMS), _split(items, _TERMS + _FACTORS), [[item] for item in items]):
        rows: list[list[Box]] = [[]]
        for piece in pieces:
            if rows[-1] and sum(map(width, rows[-1])) + sum(map(width, piece)) > room:
                rows.append([Space("quad"), Text("")])  # after nothing, a plus would be set as a sign
            rows[-1] += piece
        if all(sum(map(width, r)) <= room for r in rows):
            break
    return tuple(Line(left if i == 0 else None, row(*r)) for i, r in enumerate(rows))


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, width=int(2 * PAGE_WIDTH)) or [text]


def _split(items: Sequence[Box], signs: str) -> list[list[Box]]:
    pieces: list[list[Box]] = [[]]
    for i, item in enumerate(items):
        after_relation = i > 0 and isinstance(items[i - 1], Sign)
        if isinstance(item, Sign) and item.char in signs and i > 0 and not after_relation:
            pieces.append([])
        pieces[-1].append(item)
    return pieces
