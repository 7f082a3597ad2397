"""Answers about a function at a point: its many spellings, and the integrals that lead to it.

What is judged is the result at a point. Lines with integrals, expectations or `arg min` say where it comes from; they
are left out before the answer is read, because the language of answers has no integrals.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_GROUP = r"\{(?:[^{}]|\{[^{}]*\})*\}"
_CLAUSE = re.compile(r"(\n|;|\\\\|\\Rightarrow|\\implies|\\Longrightarrow|\\therefore|⇒|⟹|∴|=>|(?<=[^\d\s])\.(?=\s|$))")
_INTEGRAL = re.compile(
    r"\\int(?![a-z])|∫|\\mathbb\s*\{?\s*E|\\operatorname\s*\{?E|𝔼|(?<![A-Za-z])E\s*(?:_|\[|\\left\[)|\\?arg\s*\\?m(?:in|ax)"
    r"|\\?\bm(?:in|ax)\s*_|\\underset|\bd\s*/\s*d[A-Z]|∂\s*/\s*∂|\\frac\s*\{\s*(?:d|\\partial)\s*\}"
)
_GIVES = re.compile(r"\b(?:gives?|yields?|gets?|obtains?|have|hence|thus|therefore|so|is)\b|\${1,2}(?=[^$]*$)")
_BREAK = re.compile(
    r"\n|[.;,:(]\s|\b(?:which|for|when|if|with|where|eg|e\.g\.|taking|setting|putting|in)\b", re.IGNORECASE
)


def plain_function(text: str, letter: str, axes: Iterable[str]) -> str:
    r"""The text with decorated spellings of a function reduced to its letter.

    >>> plain_function(r"D_G^{*}(x) = 1, \\hat D(x) = 2, D*(x) = 3, D^2 = D_{\\text{opt}}", "D", ["x"])
    'D(x) = 1, D(x) = 2, D(x) = 3, D^2 = D'
    """
    name = re.escape(letter)
    marks = rf"(?:\s*[\^_]\s*(?:{_GROUP}|\\[A-Za-z]+|[A-Za-z]+|\*))"
    accented = rf"\\(?:hat|tilde|bar|widehat|widetilde)\s*(?:\{{\s*{name}\s*\}}|\s{name}(?![A-Za-z]))"
    text = re.sub(accented, letter, text)

    def reduced(match: re.Match[str]) -> str:
        decoration = match[0][len(letter) :]
        return match[0] if re.search(r"\^\s*\{?\s*[\d\-+T]", decoration) or re.search(r"\d", decoration) else letter

    text = re.sub(rf"(?<![A-Za-z\\_^]){name}{marks}+", reduced, text)
    argument = "|".join(map(re.escape, axes))
    return re.sub(rf"(?<![A-Za-z\\_^]){name}\s*(?:\*|∗|⋆|★)(?=\s*(?:=|\(\s*(?:{argument})\s*\)))", letter, text)


def without_integrals(text: str) -> str:
    r"""The text without the sides of equations that hold an integral, an expectation or an arg min.

    >>> without_integrals("J = \\int f dx; D = \\arg\\min J = 1")
    ' ; ;  D= 1'
    """
    pieces = _CLAUSE.split(text)
    return "".join(_kept(piece) if k % 2 == 0 else piece for k, piece in enumerate(pieces))


def _kept(clause: str) -> str:
    if not _INTEGRAL.search(clause):
        return clause
    sides = [s for s in map(_after_words, _sides(clause)) if not _INTEGRAL.search(s)]
    if len(sides) < 2:
        return " ; "
    math = clause.count("$") > 0
    return " " + ("=".join(s.replace("$", "") for s in sides) if math else "=".join(sides))


def _after_words(side: str) -> str:
    """The end of a side after a word such as `gives`, where only what stands before it holds an integral."""
    tail = _GIVES.split(side)[-1]
    return tail if _INTEGRAL.search(side) and tail.strip(" $") and not _INTEGRAL.search(tail) else side


def _sides(clause: str) -> list[str]:
    """The sides of a chain of equations, split at the equals signs outside brackets."""
    out, depth, start = [], 0, 0
    for k, c in enumerate(clause):
        depth += (c in "([{") - (c in ")]}")
        if c == "=" and depth <= 0:
            out.append(clause[start:k])
            start = k + 1
    return [*out, clause[start:]]


def before_special_case(text: str, parameters: Iterable[str]) -> str:
    """The part of an answer before a remark that gives parameters numbers; all of it where there is none.

    >>> before_special_case("D = b p, which for a=0 and b=1 is D = p", ["a", "b"])
    'D = b p, '
    """
    names = "|".join(map(re.escape, parameters))
    found = re.search(rf"(?<![A-Za-z_\\^(])(?:{names})\s*=\s*[-−]?\d", text) if names else None
    if found is None:
        return text
    breaks = list(_BREAK.finditer(text, 0, found.start()))
    words = [m for m in breaks if m[0].strip().isalpha()]
    cut = words[-1].start() if words and found.start() - words[-1].end() <= 3 else None
    if cut is not None:  # `, which for a = 0`: the relative clause begins earlier
        earlier = [m for m in words[:-1] if cut - m.end() <= 2]
        cut = earlier[-1].start() if earlier else cut
    elif breaks:
        cut = breaks[-1].start()
    return text[: cut or 0]
