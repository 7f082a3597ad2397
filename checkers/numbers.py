"""Numbers in answers: which of the values in a text is the answer, and what it is worth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from notation.answer import read_answer
from notation.arrays import Special
from notation.errors import EvaluationError, ReadError, ShapeError
from notation.evaluate import evaluate
from notation.scope import Scope
from notation.statement import Answer, Statement
from notation.tree import Expr, Num, Ref, walk
from notation.vocabulary import Vocabulary
from notation.words import NUMBER_WORDS
from reference_impl.world import Array

_SCALES = {"thousand": 1000, "million": 1_000_000}
_TOTALS = frozenset(
    "total totals altogether overall answer ans therefore thus hence so final finally sum result".split()
)


@dataclass(frozen=True)
class Value:
    """One statement of an answer with the value of its last side; `None` where that is not a plain number or list."""

    statement: Statement
    value: Array | None
    problem: str = ""
    depends: tuple[str, ...] = ()

    @property
    def words(self) -> frozenset[str]:
        """The words just before the value, in lower case."""
        return frozenset(w.lower() for w in self.statement.words)


def read_numbers(
    text: str, vocabulary: Vocabulary, sizes: Mapping[str, int], *, thousands: bool = True
) -> tuple[Answer, list[Value]]:
    """All statements of an answer with their values; names in `sizes` count as numbers."""
    answer = read_answer(text, vocabulary, thousands=thousands)
    if answer.errors and not any(valued(s, sizes).value is not None for s in answer.statements):
        # letters that are no names of the question may still be read as unknowns
        opened = read_answer(text, Vocabulary(open=True), thousands=thousands)
        if not opened.errors:
            answer = opened
    given: dict[str, int] = {}
    said: list[Statement] = []
    for s in answer.statements:
        if s.role == "premise" or _mention(s):
            continue
        value = _inserted(s)
        if value is not None:
            given[value[0]] = value[1]
        else:
            said.append(s)
    if not said:  # nothing but a name, `n extra parameters`
        said = [s for s in answer.statements if _mention(s) and s.role != "premise"]
    return answer, [valued(s, {**sizes, **given}) for s in said]


def _inserted(s: Statement) -> tuple[str, int] | None:
    """A size that the answer inserts: `with n = 3`."""
    announced = s.role == "definition" or any(w.lower() in {"for", "if", "here"} for w in s.words)
    left, right = s.left, s.sides[-1]
    if (
        not announced
        or not isinstance(left, Ref)
        or left.at
        or left.index
        or not isinstance(right, Num)
        or right.value.denominator != 1
    ):
        return None
    return left.name, int(right.value)


def _mention(s: Statement) -> bool:
    """A lone name in a sentence says nothing about a number."""
    return len(s.sides) == 1 and isinstance(s.sides[0], Ref)


def valued(s: Statement, sizes: Mapping[str, int]) -> Value:
    """The value of the last side of a statement."""
    side = s.sides[-1]
    depends = tuple(
        sorted({r.name for r in walk(side) if isinstance(r, Ref) and (r.name not in sizes or r.at or r.index)})
    )
    if depends:
        return Value(s, None, depends=depends)
    try:
        return Value(s, number_of(side, sizes))
    except (EvaluationError, ShapeError) as problem:
        return Value(s, None, str(problem))


def number_of(side: Expr, sizes: Mapping[str, int]) -> Array:
    """The value of a side made of numbers and sizes."""

    def lookup(name: str, at: tuple[int, ...]) -> Array:
        if name in sizes and not at:
            return np.asarray(float(sizes[name]))
        raise EvaluationError(f"{name} has no value here")

    value = evaluate(side, Scope(lookup=lookup))
    if isinstance(value, Special):
        raise EvaluationError("this is not a number")
    return np.asarray(value)


def answer_value(values: list[Value]) -> Value | None:
    """The value that is the answer: announced as total or answer, else one that the others add up to, else the last."""
    found = [v for v in values if v.value is not None or v.depends]
    announced = [v for v in found if v.words & _TOTALS]
    if announced:
        return announced[-1]
    amounts = [float(v.value) for v in found if v.value is not None and v.value.shape == ()]
    if len(found) == len(amounts) >= 3 and amounts[0] == sum(amounts[1:]):  # 72 parameters: 60 weights, 12 biases
        return found[0]
    return found[-1] if found else None


def number_word(answer: Answer) -> int | None:
    """A number written in words (`none`, `seventy-two`), when it is the only one."""
    found: list[int] = []
    total, current, open_ = 0, 0, False
    for word in (*(w.lower() for w in answer.words), ""):
        if word in NUMBER_WORDS and word not in {"no", "none", "nothing", "nil"}:
            current, open_ = current + NUMBER_WORDS[word], True
        elif word == "hundred" and open_:
            current *= 100
        elif word in _SCALES and open_:
            total, current = total + current * _SCALES[word], 0
        elif word == "and" and open_:
            continue
        else:
            if open_:
                found.append(total + current)
            total, current, open_ = 0, 0, False
            if word in NUMBER_WORDS:
                found.append(NUMBER_WORDS[word])
    unique = set(found)
    return unique.pop() if len(unique) == 1 else None


def nothing_to_read(text: str, what: str) -> ReadError:
    """There is no number in the answer."""
    return ReadError(f"there is no {what} in this answer", text, (0, min(len(text), 20)), f"write the {what}")


def shown(value: float) -> str:
    """A number as people write it."""
    return f"{value:,.0f}" if float(value).is_integer() and abs(value) < 1e15 else f"{value:.6g}"
