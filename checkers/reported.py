"""Numbers that a report gives a name: `test accuracy: 97.8 %`, `10,698 parameters`."""

from __future__ import annotations

import re
from dataclasses import dataclass

_NUMBER = (
    r"(?<![\w.#])(?P<n>\d{1,3}(?:[,\u202f ]\d{3})+(?!\d|\.\d)|\d+(?:\.\d+)?)"
    r"\s*(?P<unit>\\?%|percent\b|[kK]\b|[mM]illion\b)?"
)
# `accuracy: 97 %` and `accuracy of 97 %` name the number behind, `97 % accuracy, 8714 parameters` the one in front
_DIRECT = r"[\s:=≈~*$|]*(?:(?:is|was|of|are|at|approx\w*|about|reached|\\approx|count)[\s:=≈~*$]*)*"
_BETWEEN = r"[^\d\n;,.<>≥≤]{0,40}?"
_BEFORE = r"[\s*$]*(?:[a-zA-Z-]+[\s*$]+){0,2}?"
# numbers that say which model or how long: LSTM-32, 64 units, 10 epochs, 3-layer, 41 s
_SIZE = re.compile(
    r"(?:\b(?:LSTM|GRU|RNN|epochs?|layers?|units?|hidden|h)\s*[-_=:(]?\s*|\b(?:seed|batch(?: size)?)\s*=?\s*)"
    r"\d+(?![\d.,]*\d)|\b[\d,]+ (?:test |training |handwritten )*(?:images|samples|examples|digits)"
    r"|\b\d+(?:\.\d+)?\s*-?\s*(?:hidden|units?|layers?|epochs?|neurons?|cells?|s\b|secs?\b|seconds?|min(?:utes)?\b|h\b|ms\b)",
    re.IGNORECASE,
)
_SCALES = {"k": 1000.0, "million": 1e6}


@dataclass(frozen=True)
class Reported:
    """A named number: its value, whether it is written in per cent or rounded to thousands, and where it stands."""

    value: float
    percent: bool
    start: int
    end: int
    rounded: bool = False


def reported(text: str, stem: str, *, without: tuple[str, ...] = ()) -> list[Reported]:
    """All numbers that a word with this stem names; words in `without` just before it make it another quantity.

    >>> [r.value for r in reported("train accuracy 99%, test accuracy: 97.8 %", "accura", without=("train",))]
    [97.8]
    >>> [r.value for r in reported("LSTM-32 has 10,698 parameters, accuracy 97 %", "param")]
    [10698.0]
    """
    masked = _SIZE.sub(lambda m: re.sub(r"\d", "#", m[0]), text)
    found: list[Reported] = []
    for word in re.finditer(rf"\b(?:{stem}\w*|{stem[:3]}\b)", masked, re.IGNORECASE):
        named = masked[max(0, word.start() - 24) : word.start()].lower()
        last = max(((named.rfind(w), w) for w in (*without, "test") if w in named), default=(0, ""))
        if last[1] in without:
            continue
        behind = re.compile(_DIRECT + _NUMBER, re.IGNORECASE).match(masked, word.end())
        front = re.search(f"(?<![-+*/^(=] ){_NUMBER}{_BEFORE}$", masked[: word.start()])
        match = behind or front or re.compile(_BETWEEN + _NUMBER, re.IGNORECASE).match(masked, word.end())
        if match is None or any(r.start == match.start("n") for r in found):
            continue
        unit = (match["unit"] or "").lower()
        value = float(re.sub(r"[,\u202f ]", "", match["n"])) * _SCALES.get(unit, 1.0)
        found.append(
            Reported(value, unit in {"%", "\\%", "percent"}, match.start("n"), match.end("n"), unit in _SCALES)
        )
    return found
