"""Shapes in answers: `3 x 5`, `(3, 5)`, `R^{3x5}`, `3 by 5`, and several of them in one answer."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from checkers.numbers import number_of
from notation.answer import read_answer
from notation.brackets import dimensions
from notation.errors import EvaluationError, ShapeError
from notation.statement import Answer, Statement
from notation.tree import Concat, Expr, Mul, Ref, Vector
from notation.vocabulary import Vocabulary

_TIMES = re.compile(r"(?<=[\w)\]}])\s*(?:-\s*)?\b(?:by|x|X)\b(?:\s*-)?\s*(?=[\w(\[{\\])")
_UNIT = re.compile(r"(?<=\d)\s*-?\s*(?:dim(?:ensional|ensions?|s)?\b|D\b|d\b(?![\w/]))")
_TRAILING = re.compile(r"(\d)\s*,\s*\)")


@dataclass(frozen=True)
class Dims:
    """One shape found in an answer; `words` are those that stand before it, `rest` those after it."""

    sizes: tuple[int, ...]
    statement: Statement
    words: tuple[str, ...]


UNKNOWN = 0.0  # a dimension that is only named, such as the F of 30 x 30 x F


def read_shapes(
    text: str, vocabulary: Vocabulary, sizes: Mapping[str, int], *, named: bool = False
) -> tuple[Answer, list[Dims]]:
    """All shapes in an answer, in the order in which they stand; `named` lets a letter stand for an unknown number."""
    plain = _TRAILING.sub(r"\1)", _UNIT.sub(" dimensional ", text))
    plain = _TIMES.sub(" × ", plain)
    answer = read_answer(plain, vocabulary, thousands=False)
    if answer.errors:
        opened = read_answer(plain, Vocabulary(open=True), thousands=False)
        if not opened.errors:
            answer = opened
    out: list[Dims] = []
    for s in answer.statements:
        if s.role == "premise":
            continue
        side = s.sides[-1]
        parts = side.entries if isinstance(side, Vector) else ()
        several = len(parts) > 1 and all(len(dimensions(p)) > 1 for p in parts)
        for part in parts if several else (side,):
            found = shape_of(part, sizes, named=named)
            if found is not None:
                placed = replace(s, sides=(*s.sides[:-1], part), span=part.span if several else s.span)
                out.append(Dims(found, placed, s.words))
    return answer, out


def shape_of(side: Expr, sizes: Mapping[str, int], *, named: bool = False) -> tuple[int, ...] | None:
    """A side of a statement as a shape, or None."""
    if isinstance(side, Ref):
        return None
    parts = _factors(side) if named else dimensions(side)
    if named and all(isinstance(d, Ref) for d in parts):
        return None
    try:
        values = [UNKNOWN if named and isinstance(d, Ref) else float(number_of(d, sizes)) for d in parts]
    except (EvaluationError, ShapeError, TypeError):
        return None
    if not values or any(not v.is_integer() or v < 0 for v in values):
        return None
    return tuple(int(v) for v in values)


def _factors(side: Expr) -> list[Expr]:
    """The dimensions of a side in which a letter may stand for one: `30 x 30 F` too."""
    if isinstance(side, Mul) and any(isinstance(part, Ref) for part in (side.left, side.right)):
        return _factors(side.left) + _factors(side.right)
    if isinstance(side, Mul) and side.kind == "star":
        return _factors(side.left) + _factors(side.right)
    if isinstance(side, (Vector, Concat)):
        return [d for item in (side.entries if isinstance(side, Vector) else side.blocks) for d in _factors(item)]
    return [side]


def show(sizes: tuple[int, ...]) -> str:
    """A shape in words.

    >>> show((3, 5))
    '3 × 5'
    """
    return " × ".join(map(str, sizes))


def names_side(s: Statement, name: str) -> bool:
    """Whether a statement names a quantity on one of its sides."""
    return any(isinstance(side, Ref) and side.name == name for side in s.sides) and not isinstance(s.sides[0], Vector)
