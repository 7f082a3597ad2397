"""Numbers that a report gives a name: `test accuracy: 97.8 %`, `10,698 parameters`."""

from __future__ import annotations

import re
from dataclasses import dataclass

_NUMBER = (
    r"(?<![\w.])(?P<n>\d{1,3}(?:[,\u202f ]\d{3})+(?![\d.])|\d+(?:\.\d+)?)"
    r"\s*(?P<unit>\\?%|percent\b|[kK]\b|[mM]illion\b)?"
)
_BETWEEN = r"[^\d\n;]{0,32}?"  # words between a name and its number
_SCALES = {"k": 1000.0, "million": 1e6}


@dataclass(frozen=True)
class Reported:
    """A named number: its value, whether it is written in per cent, and where it stands."""

    value: float
    percent: bool
    start: int
    end: int
    rounded: bool = False


def reported(text: str, stem: str, *, without: tuple[str, ...] = ()) -> list[Reported]:
    """All numbers that stand next to a word with this stem; words in `without` just before it are another quantity.

    >>> [r.value for r in reported("train accuracy 99%, test accuracy: 97.8 %", "accura", without=("train",))]
    [97.8]
    >>> [r.value for r in reported("LSTM-32 has 10,698 parameters", "param")]
    [10698.0]
    """
    word = rf"\b{stem}\w*"
    found: dict[int, Reported] = {}
    for pattern in (rf"{_NUMBER}\s*(?:[a-zA-Z-]+\s+){{0,2}}?{word}", rf"{word}{_BETWEEN}{_NUMBER}"):
        for match in re.finditer(pattern, text, re.IGNORECASE):
            start, end = match.span("n")
            before = text[max(0, match.start() - 24) : match.end()].lower()
            named = before[: max(before.rfind(stem), 0)]
            if any(start <= r.start < end or r.start <= start < r.end for r in found.values()):
                continue
            last = max(((named.rfind(w), w) for w in (*without, "test") if w in named), default=(0, ""))
            if last[1] in without:
                continue
            unit = (match["unit"] or "").lower()
            value = float(re.sub(r"[,\u202f ]", "", match["n"])) * _SCALES.get(unit, 1.0)
            found[start] = Reported(value, unit in {"%", "\\%", "percent"}, start, match.end("n"), unit in _SCALES)
    return [found[k] for k in sorted(found)]
