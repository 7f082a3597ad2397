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
from notation.tree import Concat, Expr, Mul, Reduce, Ref, Vector
from notation.vocabulary import Vocabulary

_TIMES = re.compile(r"(?<=[\w)\]}])\s*(?:-\s*)?\b(?:by|x|X)\b(?:\s*-)?\s*(?=[\w(\[{\\])")
_UNIT = re.compile(r"(?<=\d)\s*-?\s*(?:dim(?:ensional|ensions?|s)?\b|D\b|d\b(?![\w/]))")
# an m-vector, $n$-dimensional
_LETTER = re.compile(
    r"\$?(?<![\w\\^_{])([A-Za-z])(?!\w)\$?\s*-\s*(?=(?:dim(?:ensional)?|(?:column )?vector|component|element|entry)\b)"
)
_RAISED = re.compile(r"<sup>\s*([^<]*?)\s*</sup>")  # R<sup>3</sup>, as PDF readers export it
# 3 (the windows start at n = 1, 3 and 5): what explains a shape is none
_MEANT = re.compile(r"(?<=[\d\w}$])\s*\((?:the|one|each|because|since|as|for|namely|there)\b[^()×]*\)")
_TRAILING = re.compile(r"(\d)\s*,\s*\)")


@dataclass(frozen=True)
class Dims:
    """One shape found in an answer; `words` are those that stand before it, `subject` what they are said of."""

    sizes: tuple[int, ...]
    statement: Statement
    words: tuple[str, ...]
    subject: str = ""


UNKNOWN = 0.0  # a dimension that is only named, such as the F of 30 x 30 x F


def read_shapes(
    text: str, vocabulary: Vocabulary, sizes: Mapping[str, int], *, named: bool = False, lone: bool = False
) -> tuple[Answer, list[Dims]]:
    """All shapes in an answer, in the order in which they stand.

    `named` lets a letter stand for an unknown number; with `lone`, a size on its own is a shape.
    """
    plain = _TRAILING.sub(r"\1)", _UNIT.sub(" dimensional ", _RAISED.sub(r"^{\1}", text)))
    plain = _MEANT.sub(lambda m: " " * len(m[0]), plain)
    plain = _TIMES.sub(" × ", _LETTER.sub(lambda m: f"R^{{{m[1]}}} " if m[1] in sizes else m[0], plain))
    answer = read_answer(plain, vocabulary, thousands=False)
    if answer.errors:
        opened = read_answer(plain, Vocabulary(open=True), thousands=False)
        if not opened.errors:
            answer = opened
    out: list[Dims] = []
    subject = ""
    for s in answer.statements:
        if s.role == "premise" or [w.lower() for w in s.words[-2:]] in (["sum", "to"], ["sums", "to"], ["up", "to"]):
            continue  # the entries sum to 1
        side = s.sides[-1]
        parts = side.entries if isinstance(side, Vector) else ()
        several = len(parts) > 1 and all(len(dimensions(p)) > 1 for p in parts)
        before = len(out)
        for part in parts if several else (side,):
            found = shape_of(part, sizes, named=named, lone=lone)
            if found is not None:
                placed = replace(s, sides=(*s.sides[:-1], part), span=part.span if several else s.span)
                out.append(Dims(found, placed, s.words, subject))
        if len(out) == before:  # `c[t] is an m-vector`: what is named last is what the next shape is said of
            subject = spoken_of(side) if len(s.sides) == 1 else ""
    return answer, out


def spoken_of(side: Expr) -> str:
    """The quantity that a side names on its own, or all members of a family of; empty for anything else."""
    if isinstance(side, Reduce) and side.operation == "stack":
        side = side.body
    return side.name if isinstance(side, Ref) else ""


def shape_of(
    side: Expr, sizes: Mapping[str, int], *, named: bool = False, lone: bool = False
) -> tuple[int, ...] | None:
    """A side of a statement as a shape, or None."""
    if isinstance(side, Ref) and not (lone and side.name in sizes):
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
