"""Remarks in parentheses: words about a formula, in which a stray sign is no formula of its own."""

from __future__ import annotations

import re
from functools import cache

_WORD = re.compile(r"(?<![\\\w])[A-Za-z][a-z]{2,}(?![\w(])")
_PARENTHESES = re.compile(r"\((?:[^()\n]|\([^()\n]*\))*\)")
_RELATION = re.compile(r"[=<>≈∈]|\\(?:approx|leq?|geq?|in|sim)\b")
_IMMEDIATE = re.compile(r"(?<![\w}])d\+(?=[A-Za-z]\w*(?:\[[^\]\n]*\]|_?\{[^}\n]*\}|\([^)\n]*\))?\s*/\s*(?:d|∂))")
_THAT_IS = re.compile(r"(?<![\w.\\])[iI]\.e\.")
_MEANING = re.compile(
    r"(?<=[\s.])\((?P<said>\s*[A-Za-z]\w*(?:_\{?\w+\}?|\[\w\])?\s*:?=\s*(?:\\frac|∂|\\partial|d\w+\s*/)[^()\n]*)\)"
)
_FEW, _SOME = 4, 2


@cache
def remarks(text: str) -> tuple[tuple[int, int], ...]:
    """Where remarks stand: parentheses with at least four words and no relation.

    >>> remarks("y = 2x (the gradients after tanh are left out)")
    ((7, 46),)
    >>> remarks("y = f(x), sum (k = 1 to n)")
    ()
    """
    return tuple(m.span() for m in _PARENTHESES.finditer(text) if _words(m[0]) >= _FEW and not _RELATION.search(m[0]))


def with_immediate(text: str) -> str:
    """The text with the plus of an immediate derivative as a sign of its own: `d+H/dW`."""
    return _IMMEDIATE.sub("∂⁺", text)


def in_words(text: str) -> str:
    """The text with "i.e." as a word of one piece, and with a meaning in parentheses, `(g_t = dE/dO_t)`, on its own."""
    return _MEANING.sub(lambda m: f";{m['said']} ", _THAT_IS.sub("thus", text))


def without_conditions(text: str) -> str:
    """The text with blanks for a remark between a left side and its equals sign: `dC/df (with C_{t-1} fixed) = ...`."""

    def blank(match: re.Match[str]) -> str:
        here = _words(match[0]) >= _SOME and not _RELATION.search(match[0])
        return " " * len(match[0]) if here else match[0]

    return re.sub(_PARENTHESES.pattern + r"(?=[ \t]*(?:&[ \t]*)?=)", blank, text)


def _words(text: str) -> int:
    return len(_WORD.findall(text))
