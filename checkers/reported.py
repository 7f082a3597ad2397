"""Numbers that a report gives a name: `test accuracy: 97.8 %`, `10,698 parameters`, a column of a table."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_NUMBER = (
    r"(?<![\w.#])(?P<n>\d{1,3}(?:[,\u202f ]\d{3})+(?!\d|\.\d)|\d+(?:\.\d+)?)"
    r"\s*(?P<unit>\\?%|percent\b|[kK]\b|[mM]illion\b)?"
)
# `accuracy: 97 %` and `accuracy of 97 %` name the number behind, `97 % accuracy, 8714 parameters` the one in front
_DIRECT = r"[\s:=≈~*$|]*(?:(?:is|was|of|are|at|approx\w*|about|reached|\\approx|count)[\s:=≈~*$]*)*"
_BETWEEN = r"(?:\s*\([^()\n]*\))?[^\d\n;,.<>≥≤]{0,40}?"
_BEFORE = r"[\s*$]*(?:[a-zA-Z-]+[\s*$]+){0,2}?"
# numbers that say which model or how long: LSTM-32, 64 units, 10 epochs, 3-layer, 41 s
_SIZE = re.compile(
    r"(?:\b(?:LSTM|GRU|RNN|epochs?|layers?|units?|hidden|h)\s*[-_=:(]?\s*|\b(?:seed|batch(?: size)?)\s*=?\s*)"
    r"\d+(?![\d.,]*\d)|\b[\d,]+ (?:test |training |handwritten )*(?:images|samples|examples|digits)"
    r"|\b\d{1,3}(?=\s*:\s)|\b(?:FC|dense|linear)\s*[-_(]?\s*\d+\b(?![\d.,]*\d)"
    r"|\b\d+(?:\.\d+)?\s*-?\s*(?:hidden|units?|layers?|epochs?|neurons?|cells?|s\b|secs?\b|seconds?|min(?:utes)?\b|h\b|ms\b)",
    re.IGNORECASE,
)
_SCALES = {"k": 1000.0, "million": 1e6}
# a further model and its number: `..., GRU-64: 22,858`, `and GRU-64 has 22,858`, `and 97.9 % for GRU-64`
_MODEL = (
    r"(?:\b(?:LSTM|GRU|RNN|units?|hidden|h|n)\s*[-_=(]?\s*#+\)?|#+[ -]*(?:hidden )?units?\)?"
    r"|\(#+\)|(?<![\w#])#+(?=\s*:))"
)
_NEXT = re.compile(
    rf"{_MODEL}[\s*$]*(?:[:=≈→]|->|has|have|had|with|gives|gets|got|reaches|reached|is|was|:)?[\s*$]*{_NUMBER}",
    re.IGNORECASE,
)
# what follows makes a number a summand or part of another statement: 7,936 + 2,112, 7,936 in the LSTM
_PART = re.compile(
    rf"\s*(?:[-+*·×=^]|\\times|\\cdot|(?:in|for)\b(?!\s+(?:total|all|sum)|\s+(?:the\s+)?{_MODEL}|\s*#)"
    r"|(?:recurrent|weights|biases|units|hidden|images|s|ms)\b)",
    re.IGNORECASE,
)
# 7,936 + 2,112 + 650 = 10,698
_SUM = re.compile(rf"(?:\s*(?:[-+*·×]|\\times|\\cdot)\s*[\d,]+)+\s*=\s*{_NUMBER}")
_NEXT_SHARE = re.compile(
    rf"{_MODEL}[^.;\n%#]{{0,40}}?(?<![\w.,#])(?P<n>\d+(?:\.\d+)?)\s*(?P<unit>\\?%|percent\b)", re.IGNORECASE
)
_OTHER = re.compile(r"[^\d.,;]*?(?:train|valid|loss|entropy|error|time)", re.IGNORECASE)
# `97 % and 98 %`, `10698 / 28874`, `0.97 for 32 units and 0.98`
_LISTED = re.compile(
    rf"[\s$*]*(?:\(?\s*(?:for|with|at)?\s*(?:the\s+)?{_MODEL})?[\s$*]*(?:,|/|;|\band\b|&|resp\.)[\s$*]*(?:and\s+)?{_NUMBER}",
    re.IGNORECASE,
)
_COUNT = 100  # smaller numbers beside a model are no counts of parameters
_RULE = re.compile(r"^[\s|:+-]+$")
_TABULAR = re.compile(r"\\begin\{(tabular|array)\}\s*(?:\{[^{}]*\})?(.*?)\\end\{\1\}", re.S)


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
    >>> [r.value for r in reported("Parameters: GRU-32: 8,714, GRU-64: 22,858", "param")]
    [8714.0, 22858.0]
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
        if match is not None and (whole := _SUM.match(masked, match.end("n"))) is not None:
            match = whole
        if match is None or _part(masked, match):
            continue
        for one in (match, *_further(masked, match)):
            if not any(r.start == one.start("n") for r in found):
                found.append(_as_reported(one))
    return found


def _as_reported(match: re.Match[str]) -> Reported:
    unit = (match["unit"] or "").lower()
    value = float(re.sub(r"[,\u202f ]", "", match["n"])) * _SCALES.get(unit, 1.0)
    return Reported(value, unit in {"%", "\\%", "percent"}, match.start("n"), match.end("n"), unit in _SCALES)


def _further(masked: str, first: re.Match[str]) -> Iterator[re.Match[str]]:
    """The numbers of further models that are of the same kind: shares after a share, counts after a count."""
    position, kind = first.end(), _kind(first)
    while (match := _LISTED.match(masked, position)) is not None and _kind(match) == kind != "":
        if _OTHER.match(masked, match.end()) or _part(masked, match):
            break
        yield match
        position = match.end()
    while (match := (_NEXT_SHARE if kind == "percent" else _NEXT).search(masked, position)) is not None:
        position = match.end()
        other = _OTHER.search(match[0]) or _OTHER.match(masked, match.end()) or _part(masked, match)
        if not other and _kind(match) == kind != "":
            yield match


def _part(masked: str, match: re.Match[str]) -> bool:
    """Whether a count is only a part of one: 7,936 in the LSTM layer."""
    return _kind(match) == "count" and _PART.match(masked, match.end()) is not None


def _kind(match: re.Match[str]) -> str:
    """A percentage, a share of 1, or a count; nothing for any other number."""
    told = _as_reported(match)
    if told.percent:
        return "percent"
    if "." in match["n"] and told.value <= 1:
        return "share"
    return "count" if told.value >= _COUNT else ""


def flattened(text: str) -> str:
    """The text with tables told cell by cell: `LSTM 32 test accuracy: 96.9 %`.

    >>> flattened("| model | accuracy |\\n|---|---|\\n| GRU 32 | 97 % |").strip()
    'GRU 32 accuracy: 97 %'
    """
    text = _TABULAR.sub(
        lambda m: "\n".join(
            f"| {r.replace('&', '|')} |" for r in m[2].replace("\\hline", "").split("\\\\") if r.strip()
        ),
        text,
    )
    out: list[str] = []
    block: list[list[str]] = []
    for line in [*text.split("\n"), ""]:
        if line.count("|") >= 2:
            if not _RULE.match(line):
                block.append([c.strip().strip("*$ ") for c in line.strip().strip("|").split("|")])
            continue
        if block:
            out.extend(_cells(block))
            block = []
        out.append(line)
    return "\n".join(out[:-1])


def _cells(rows: list[list[str]]) -> Iterator[str]:
    """The cells with their row and column; whichever of the two names a quantity stands last, before the number."""
    if any(re.search(r"\d\.\d|\d{4}", c) for c in rows[0]):  # bars between measures, no head
        yield from (", ".join(row) for row in rows)
        return
    head = [c.rstrip(".: ") for c in rows[0]]
    measured = re.compile("acc|param|loss|entropy|time", re.IGNORECASE)
    for row in rows[1:]:
        first = row[0].rstrip(".: ")
        labels = [c for c in zip(head[1:], row[1:], strict=False) if not measured.search(c[0]) and _name_like(c[1])]
        more = " ".join(cell for _, cell in labels)
        for column, cell in zip(head[1:], row[1:], strict=False):
            if not cell or (column, cell) in labels:
                continue
            one, other = (column, first) if measured.search(first) else (f"{first} {more}".strip(), column)
            yield f"{one} {other}: {cell}"


def _name_like(cell: str) -> bool:
    """Whether a cell says which model a row is about: 64, GRU."""
    return re.fullmatch(r"[A-Za-z][\w -]*|\d{1,3}", cell) is not None
