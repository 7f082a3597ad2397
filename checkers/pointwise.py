"""Answers about a function at a point: its many spellings, and the integrals that lead to it.

What is judged is the result at a point. Lines with integrals, expectations or `arg min` say where it comes from; they
are left out before the answer is read, because the language of answers has no integrals.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from notation.lexicon import GREEK

_GROUP = r"\{(?:[^{}]|\{[^{}]*\})*\}"
_CLAUSE = re.compile(r"(\n|;|\\\\|\\Rightarrow|\\implies|\\Longrightarrow|\\therefore|⇒|⟹|∴|=>|(?<=[^\d\s])\.(?=\s|$))")
_INTEGRAL = re.compile(
    r"\\int(?![a-z])|∫|\\mathbb\s*\{?\s*E|\\operatorname\s*\{?E|𝔼|(?<![A-Za-z])E\s*(?:_|\[|\\left\[)|\\?arg\s*\\?m(?:in|ax)"
    r"|\\?\bm(?:in|ax)\s*_|\\underset|\bd\s*/\s*d[A-Z]|∂\s*/\s*∂|\\frac\s*\{\s*(?:d|\\partial)\s*\}"
)
_STAND_INS = ("\\Upsilon", "\\Xi", "\\Omega", "\\Psi", "\\Theta", "\\Lambda")
_CONSTANTS = frozenset({"pi", "π", "e", "I", "i", "d", "E", "Pi", "Sigma", "Π", "Σ"})
# names that stand for functions of any number, which a definition only recalls
_MEANT = frozenset({"exp", "ln", "log", "sqrt", "max", "min", "tanh", "sigmoid", "sigma", "σ", "softmax"})
_GIVES = re.compile(r"\b(?:gives?|yields?|gets?|obtains?|have|hence|thus|therefore|so|is)\b|\${1,2}(?=[^$]*$)")
_BREAK = re.compile(
    r"\n|[.;,:(]\s|\b(?:which|for|when|if|with|where|eg|e\.g\.|taking|setting|putting|in)\b", re.IGNORECASE
)


def plain_function(text: str, letter: str, axes: Iterable[str]) -> str:
    r"""The text with decorated spellings of a function reduced to its letter.

    >>> plain_function(r"D_G^{*}(x) = 1, \hat D(x) = 2, D*(x) = 3, D^2 = D_{\text{opt}}", "D", ["x"])
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


def own_functions(text: str, known: Iterable[str], axes: Iterable[str]) -> str:
    r"""The text with the functions of a point that it defines itself written as plain names.

    A letter keeps its name. One with a subscript, a word and `\pi` get a letter that stands nowhere else.

    >>> own_functions("D(x) = b + a r(x), r(x) = p(x)/2", ["D", "p"], ["x"])
    'D(x) = b + a r, r = p(x)/2'
    >>> own_functions(r"D(x) = \pi(x) b where \pi(x) := p(x)", ["D", "p"], ["x"]).split()
    ['D(x)', '=', '\\Upsilon', 'b', 'where', '\\Upsilon', ':=', 'p(x)']
    """
    argument = "|".join(map(re.escape, axes))
    at = rf"\s*(?:\\[,!;]\s*)?(?:\\left\s*)?\(\s*(?:{argument})\s*(?:\\right\s*)?\)"
    defined = re.compile(
        rf"(?<![A-Za-z\\_^])(?P<name>\\?[A-Za-z]+|[α-ωΑ-Ω])(?P<sub>\s*_\s*(?:{_GROUP}|\\?[A-Za-z0-9]+))?{at}"
        r"(?=\s*(?::=|=|:|≡|≔|\\equiv(?![a-z])|\\coloneqq|\\triangleq))"
    )
    taken = {_bare(n) for n in known}
    single = "|".join(re.escape(n) for n in known if len(n) == 1) or "(?!)"
    tail = (r"(?!\s*_)", "")
    free = [c for c in _STAND_INS if c not in text]
    for match in list(defined.finditer(text)):
        name, sub = match["name"], match["sub"] or ""
        letter = len(name) == 1 or name.startswith("\\") or name in GREEK
        if _bare(name + sub) in taken or name.lstrip("\\") in _MEANT or not argument:
            continue
        spelled = re.escape(name) + ("" if not sub else rf"\s*_\s*\{{?\s*{re.escape(_bare(sub))}\s*\}}?")
        body = re.split(
            r"[,;\n]|\.\s|\b(?:where|is|are|be|denotes?|which|with|and|so|then|we|the|as)\b",
            text[match.end() :],
            maxsplit=1,
        )[0]
        loose = re.search(rf"(?<![A-Za-z\\_^])(?:{argument})(?![A-Za-z])", re.sub(at, " ", body))
        if loose:  # a function of any number, not of a point
            continue
        plain = letter and not sub and name.lstrip("\\") not in _CONSTANTS
        if not plain and not free:
            continue
        new = name if plain else free.pop(0) + " "
        # `ar(x)` is a times r(x)
        before = r"(?<![\\_^])" if name.startswith("\\") else rf"(?<![A-Za-z\\_^])(?P<times>(?:{single})?)"
        wanted = before + spelled + (rf"(?![A-Za-z]){at}" if plain else rf"(?![A-Za-z0-9])(?:{at})?" + tail[bool(sub)])

        def renamed(found: re.Match[str], new: str = new, name: str = name) -> str:
            return (
                (found.groupdict().get("times") or "")
                + " " * (new != name or bool(found.groupdict().get("times")))
                + new
            )

        text = re.sub(wanted, renamed, text)
    return text


def _bare(name: str) -> str:
    """A name without braces, blanks and what sets its letters upright."""
    name = re.sub(r"\\(?:text|mathrm|mathbf|rm|mathit|operatorname)(?![a-z])", "", name)
    return re.sub(r"[\s{}_\\$]", "", name)


def without_integrals(text: str) -> str:
    r"""The text without the sides of equations that hold an integral, an expectation or an arg min.

    >>> without_integrals("J = \\int f dx; D = \\arg\\min J = 1")
    ' ; ;  D = 1'
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
