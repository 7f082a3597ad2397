"""Judging a whole number: exact, however it is written."""

from __future__ import annotations

import re
from collections.abc import Mapping

from checkers.assignment import Question
from checkers.doubt import doubt
from checkers.kinds.base import doubtful, verdict
from checkers.numbers import answer_value, nothing_to_read, number_word, read_numbers, shown
from checkers.verdict import Status, Verdict, Witness
from notation.tree import Expr, Num, walk
from notation.vocabulary import Vocabulary
from notation.words import NUMBER_WORDS

# 3.09 million
_SCALE = re.compile(r"(\d+(?:\.\d+)?) (thousand|million)\b")
# 199*199 positions x 3 channels
_LETTER_X = re.compile(r"(?<=[\w)])\s+[xX]\s+(?=[\d(])")
# 3 088 878: digits grouped by spaces
_SPACED = re.compile(r"(?<![\d.,])\d{1,3}(?: \d{3})+(?![\d.,])")


def _word_span(text: str) -> tuple[int, int]:
    """Where the first number word stands."""
    match = re.search(rf"\b(?:{'|'.join(NUMBER_WORDS)})\b", text, re.IGNORECASE)
    return match.span() if match else (0, 0)


def judge_integer(
    question: Question,
    text: str,
    key: int,
    vocabulary: Vocabulary,
    sizes: Mapping[str, int],
    foreseen: Mapping[int, tuple[Status, str]],
) -> Verdict:
    """The verdict on an answer that must be one whole number."""
    text_read = _LETTER_X.sub(" × ", text)
    text_read = _SCALE.sub(lambda m: f"{m[1]} × 10^{3 if m[2] == 'thousand' else 6}", text_read)
    answer, values = read_numbers(_SPACED.sub(lambda m: m[0].replace(" ", ""), text_read), vocabulary, sizes)
    found = answer_value(values)
    if found is None:
        word = number_word(answer)
        if word is not None and word == key and doubt(text, _word_span(text), value=True):
            return doubtful(question, text, "the answer denies it", ())
        if word is not None:
            return _decided(question, text, float(word), key, (), foreseen, rounded=False)
        if answer.errors:
            raise answer.errors[0]
        raise nothing_to_read(text, "number")
    reading = found.statement.tree
    if found.value is None:
        if found.depends:
            return verdict(
                question,
                text,
                "wrong",
                reading=reading,
                message=f"A number is asked, and this depends on {', '.join(found.depends)}.",
            )
        return verdict(question, text, "undecided", reading=reading, message=found.problem)
    if answer.errors:
        raise answer.errors[0]
    if found.value.shape != ():
        return verdict(
            question,
            text,
            "wrong",
            reading=reading,
            message=f"One number is asked, and this is a list of {found.value.size}.",
        )
    if float(found.value) == key and (why := doubt(text, found.statement.span, value=True)):
        return doubtful(question, text, why, reading)
    texts = [n.text for n in walk(found.statement.sides[-1]) if isinstance(n, Num)]
    rounded = any("." in t or "e" in t.lower() for t in texts)
    return _decided(question, text, float(found.value), key, reading, foreseen, rounded=rounded)


def _decided(
    question: Question,
    text: str,
    value: float,
    key: int,
    reading: tuple[Expr, ...],
    foreseen: Mapping[int, tuple[Status, str]],
    *,
    rounded: bool,
) -> Verdict:
    if value == key:
        return verdict(question, text, "correct", reading=reading, evidence=f"the integer {shown(key)}")
    witness = Witness("", shown(key), shown(value), abs(value - key))
    if value.is_integer() and int(value) in foreseen:
        status, message = foreseen[int(value)]
        return verdict(
            question, text, status, reading=reading, message=message, witness=None if status == "correct" else witness
        )
    if rounded and key and abs(value - key) / abs(key) < 5e-3:
        return verdict(
            question,
            text,
            "partial",
            reading=reading,
            witness=witness,
            message=f"This is rounded; the exact number {shown(key)} is asked.",
        )
    return verdict(
        question,
        text,
        "wrong",
        reading=reading,
        witness=witness,
        message=f"The number is {shown(key)}, not {shown(value)}.",
    )
