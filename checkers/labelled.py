"""Cutting an answer into its fields: `outputs: n`, `(i) n outputs`, rows of a table, lines of a form, or sentences."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from checkers.spelled_out import spelled_out

_NUMERALS = (("i", "ii", "iii", "iv", "v", "vi"), ("1", "2", "3", "4", "5", "6"), ("a", "b", "c", "d", "e", "f"))
_NOISE = re.compile(r"\*\*|__|`|\\item\b|\\begin\{\w+\}(?:\[[^\]]*\])?|\\end\{\w+\}|^\s*#+\s*", re.MULTILINE)
_ABBREVIATION = re.compile(
    r"\b(?:(?:i\.\s?e|e\.\s?g|incl|resp|viz|w\.\s?r\.\s?t|prob|dist|approx|vs|cf)\.(?=\s*[,a-z(])|no\.(?=\s*of\b))",
    re.IGNORECASE,
)
# a long line that goes on in the next one, which is no label
_WRAPPED = re.compile(r"(?<=[^\n]{50}[a-z,)}])[ \t]*\n[ \t]*(?=[a-z]{2,}[ ,-])(?![ivx]+\b|[^\n]{0,40}[:=])")
_SENTENCE = re.compile(r"\n+|;|(?<![.\d])\.(?!\.)(?=\s|$)|(?<=\d)\.(?=\s+[A-Z]|\s*$)|\||(?<=[a-z])\)\s*(?=[A-Z])")


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text and the field it is labelled with; empty where it has no label."""

    field: str
    text: str


def pieces(text: str, labels: Mapping[str, Sequence[str]]) -> list[Piece]:
    """The pieces of an answer, in order. `labels` are the fields with the names by which they are called.

    >>> [(p.field, p.text.strip()) for p in pieces("outputs: n; change: no", {"outputs": [], "change": []})]
    [('outputs', 'n;'), ('change', 'no')]
    >>> [(p.field, p.text.strip()) for p in pieces("(i) n (ii) none", {"outputs": [], "change": []})]
    [('outputs', 'n'), ('change', 'none')]
    """
    text = _NOISE.sub(" ", spelled_out(text).strip().strip("{}")).replace('"', " ")
    text = _WRAPPED.sub(" ", text)
    text = _ABBREVIATION.sub(lambda m: m[0].replace(".", "").lower() + " ", text)
    marks = _enumerated(text, list(labels)) or _named(text, labels)
    if not marks:
        return [Piece("", s) for s in _SENTENCE.split(text) if s.strip()]
    out = [Piece("", s) for s in _SENTENCE.split(text[: marks[0][1]]) if s.strip()]
    for (field, _, start), following in zip(marks, [*marks[1:], None], strict=True):
        end = following[1] if following is not None else len(text)
        inside = _relabelled(text[start:end], labels.get(field, ()), field)
        lines = [s for s in re.split(r"\n+|(?<=[^.\d\s])\.\s|;\s", inside) if s.strip(" ,;.|")]
        out.append(Piece(field, lines[0] if lines else ""))
        out.extend(Piece(field, s) for s in lines[1:])
    return out


def _enumerated(text: str, fields: list[str]) -> list[tuple[str, int, int]]:
    """The places of (i), (ii), ... or 1., 2., ... when they stand in order: field, begin, end."""
    for numerals in _NUMERALS:
        found: list[tuple[str, int, int]] = []
        position = 0
        for field, numeral in zip(fields, numerals, strict=False):
            mark = re.compile(rf"(?:^|(?<=[\s;,.|]))(?:\(\s*{numeral}\s*\)|{numeral}\s*[).:])(?!\d)\s*", re.IGNORECASE)
            match = mark.search(text, position)
            if match is None:
                break
            found.append((field, match.start(), match.end()))
            position = match.end()
        if len(found) >= 2 and (len(found) == len(fields) or not text[: found[0][1]].strip()):
            return found
    return []


def _named(text: str, labels: Mapping[str, Sequence[str]]) -> list[tuple[str, int, int]]:
    """The places of explicit labels such as `outputs:` or `inputs =`."""
    found: list[tuple[str, int, int]] = []
    for field, names in labels.items():
        forms = sorted({field, *names}, key=len, reverse=True)
        alternatives = "|".join(re.escape(f).replace(r"\ ", r"[\s_\-]+") for f in forms)
        mark = re.compile(
            rf"(?:(?:^|\n)[ \t]*(?:[-*•'|]|\(?[\da-z]{{1,3}}[.)])*|(?<=[;,|{{(])|(?<=\.\s))\s*(?:the\s+)?"
            rf"(?:{alternatives})'?\s*(?:\?|\([^()]*\))?\s*(?::|=|\||->|→|\s[-–—]\s)\s*",
            re.IGNORECASE,
        )
        match = mark.search(text)
        if match is not None:
            found.append((field, match.start(), match.end()))
            if mark.search(text, match.end()) is not None:  # said twice: a person looks at it
                return []
    return sorted(found, key=lambda m: m[1])


def _relabelled(text: str, names: Sequence[str], field: str) -> str:
    """A piece without a label that repeats what its numeral says."""
    forms = sorted({field, *names}, key=len, reverse=True)
    alternatives = "|".join(re.escape(f).replace(r"\ ", r"[\s_\-]+") for f in forms)
    return re.sub(
        rf"^\s*(?:the\s+)?(?:{alternatives})\s*(?:\?|\([^()]*\))?\s*(?::|=|\s[-–—]\s)\s*",
        " ",
        text,
        flags=re.IGNORECASE,
    )
