"""Letters that an answer lets grow: which ones it uses beside the names of the question, and what it says about them.

`q = \\beta (k_a + k_b)` with `\\beta \\to \\infty`, `c large`, `T \\to 0`, or a factor that is only called large.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from notation.lexer import tokenize
from notation.lexicon import FUNCTIONS, GREEK, GREEK_LETTERS
from notation.vocabulary import Symbol, Vocabulary, group

# What becomes of a letter: it grows, shrinks to 0, goes to minus infinity, is a vector at right angles to what is named
# in the text, or nothing is said about it. `denied` is a saying that contradicts itself or is taken back.
Course = Literal["large", "small", "negative", "orthogonal", "free", "denied"]

_INFINITY = r"(?:\+\s*)?(?:∞|\\infty|infinity|infty|inf\b|oo\b)"
_ARROW = r"(?:→|⟶|-+>|\\to(?![a-z])|\\rightarrow|\\longrightarrow|=>?)"
_GOES = (
    r"(?:(?:tends?|goes|go|going|tending|grows|growing|approach(?:es|ing)?|diverges?|is taken|taken|is sent|sent)"
    r"\s+(?:to(?:wards)?\s+)?(?:plus\s+|positive\s+)?)"
)
_VERY = r"(?:(?:very|sufficiently|arbitrarily|extremely|really|quite|suitably|infinitely|much)\s+){0,4}"
_LARGE = r"(?:large|big|huge|high|great|enormous)(?:\s+enough)?"
_MUCH = (
    r"(?:(?:very|so)\s+)?(?:much|far|way|vastly|significantly|considerably|substantially|a lot|many times"
    r"|orders? of magnitude|infinitely)"
)
_MORE = r"(?:larger|bigger|greater|higher)"
# what a letter is compared with: not the next statement
_THAN = (
    r"(?:(?!\b(?:so|then|and|which|this|these|we|gives?|giving|such|because|hence|thus|but|or|if|unless|is|works?|makes?"
    r"|where|with|let)\b)[^,;.\n)=])*"
)
_NEAR = r"(?:(?:very|extremely|arbitrarily|really)\s+)?(?:close\s+to|near(?:ly)?|just\s+above|slightly\s+above|almost)"
_KIND = (
    r"(?:positive|real|scalar|constant|number|value|factor|multiplier|scale|scaling|coefficient|finite|inverse"
    r"|temperature)"
)
_LINK = (
    r"(?:(?:is|are|be|being|chosen|taken|made|set|to|as|a|an|some|any|the|with|for|of|and|it|we|let|here|positive|real"
    r"|scalar|constant|number)\s+){0,8}"
)
_LEAD = (
    r"(?:(?:where|with|for|as|and|when|let|if|taking|take|in the limit(?: of| as| that)?|choose|choosing|pick|using"
    r"|some|a|an|any|the)\s+){0,6}"
)
_ABOVE = r"(?:\s*>\s*[01](?![.\d]))?\$?"
_ORTHOGONAL = r"(?:orthogonal|perpendicular|null\s?space)[^.;,\n]*"
_DENIAL = re.compile(r"\b(?:not|never|no|without|isn't|need|unless|small)\b|n't\b", re.IGNORECASE)
_SPOKEN = re.compile(
    rf"(?:\b(?:some|a|an)\s+)?{_VERY}(?:large|big|huge)[ _]+(?:{_KIND}[ _]*)+(?=\s*(?:[*×·(⋅]|\\cdot|\\times))"
    rf"|(?<=[*×·⋅])\s*\(\s*(?:\b(?:some|a|an)\s+)?{_VERY}(?:large|big|huge)[ _]+(?:{_KIND}\b[ _]*)+\)"
    rf"|(?<=[*×·⋅])\s*(?:\b(?:some|a|an)\s+)?{_VERY}(?:large|big|huge)[ _]+(?:{_KIND}\b[ _]*)+",
    re.IGNORECASE,
)
# signs that have no place in a formula, as the words they stand for
_SIGNS = {"≫": ">>", "⋙": ">>", "⊥": " orthogonal ", "⟂": " orthogonal ", "∝": " proportional ", "≪": "<<"}
# so that exp(c) >> m: a remark, unless it is the answer itself
_COMPARED = re.compile(r"(?:^|(?<=[,;.\n]))[^,;.\n]*>>[^,;.\n]*|\b(?:so|such)\s+that\b[^,;.\n]*>>[^,;.\n]*")
_DOMAIN = re.compile(r"\s*(?:\\in|∈)\s*(?:\\mathbb\s*\{?\s*R\s*\}?|ℝ|R\b)\s*(?:[\^_]\s*\{?\s*(?:\+|>\s*0)\s*\}?|⁺|₊)*")
_STAND_IN = "\\Xi"


@dataclass(frozen=True, slots=True)
class Scales:
    """The text without what it says about its letters, and the course of each letter by its canonical name."""

    text: str
    courses: Mapping[str, Course]


def scales(text: str, known: Vocabulary, hidden: frozenset[str] = frozenset()) -> Scales:
    r"""Find the letters of an answer that are no names of the question. `hidden` names count as unknown, too.

    >>> found = scales("q = \\beta k, \\beta \\to \\infty", Vocabulary())
    >>> found.courses["\\beta"], found.text.rstrip(" ;,")
    ('large', 'q = \\beta k')
    """
    courses: dict[str, Course] = {}
    text = _DOMAIN.sub(" ", re.sub(r"\\(?:text|mathrm|mbox)\s*\{([^{}]*)\}", r" \1 ", text))
    text = re.sub(r"\b(?:e\.\s?g|i\.\s?e)\.", ",", text)
    for sign, words in _SIGNS.items():
        text = text.replace(sign, words)
    text = re.sub(r"\\propto(?![a-z])", " proportional ", re.sub(r"\\perp(?![a-z])", " orthogonal ", text))
    spoken = _SPOKEN.sub(lambda m: f" {_STAND_IN} ", text)
    if spoken != text:
        text = spoken
        courses[Symbol("Xi").canonical] = "large"
    for letter in letters(text, known, hidden):
        name = Symbol(letter).canonical
        if name in courses:
            continue
        text, courses[name] = _course(text, letter)
    return Scales(_COMPARED.sub("", text), courses)


def letters(text: str, known: Vocabulary, hidden: frozenset[str] = frozenset()) -> list[str]:
    """The unknown letters that stand on the line, not in a sub- or superscript."""
    out: list[str] = []
    tokens = [t for t in tokenize(text) if t.kind not in {"newline"}]
    i = 0
    while i < len(tokens):
        token = tokens[i]
        if token.kind == "op" and token.text in {"_", "^"}:
            _, i = group(tokens, i + 1)
            continue
        after = tokens[i + 1] if i + 1 < len(tokens) else None
        subscript = after is not None and after.kind == "op" and after.text == "_"
        letter = token.kind in {"name", "greek"} and (len(token.text) == 1 or token.kind == "greek")
        unknown = not known.knows_base(token.text) or (token.text in hidden and not subscript)
        if letter and unknown and token.text not in FUNCTIONS and token.text not in {"e", "I", "pi", "Sigma", *out}:
            out.append(token.text)
        i += 1
    return out


def _course(text: str, letter: str) -> tuple[str, Course]:
    """What a text says about a letter, and the text without it."""
    x = _spelled(letter)
    # in `k/c with a tiny c` the words belong to the second c
    own = rf"(?!(?:\s+(?:and|{_KIND})\b)*,?\s+{x})"
    rules: list[tuple[Course, str]] = [
        ("negative", rf"{_LEAD}{x}\s*(?:{_ARROW}\s*|{_GOES}|minus\s+)[-−]\s*{_INFINITY}"),
        ("negative", rf"{_LEAD}{x}\s*(?:{_ARROW}\s*|{_GOES})(?:minus|negative)\s+{_INFINITY}"),
        ("large", rf"\\?lim(?:it)?\w*\s*_?\s*[{{(]?\s*{x}\s*{_ARROW}\s*{_INFINITY}\s*[}})]?"),
        ("small", rf"\\?lim(?:it)?\w*\s*_?\s*[{{(]?\s*{x}\s*{_ARROW}\s*0\s*(?:\^\{{?\+\}}?|\+)?\s*[}})]?"),
        ("large", rf"{_LEAD}{x}\s*(?:{_ARROW}\s*|{_GOES}|{_LINK}){_INFINITY}"),
        ("small", rf"{_LEAD}{x}\s*(?:{_ARROW}\s*|{_GOES})(?:0(?![.\d])|zero)\s*(?:\^\{{?\+\}}?|\+)?"),
        ("large", rf"{_LEAD}{x}\s*[:,(]?\s*{_LINK}{_MUCH}\s+{_MORE}\s+than\b{_THAN}"),
        ("large", rf"{_LEAD}{x}\s*(?:(?:vastly|greatly|far|by far|largely)\s+exceeds{_THAN}|exceeds{_THAN}by\s+far\b)"),
        ("large", rf"{_LEAD}{x}\s*(?:vastly\s+|by\s+far\s+|clearly\s+)?dominates\b{_THAN}"),
        ("small", rf"{_LEAD}{x}\s*[:,(]?\s*{_LINK}{_NEAR}\s+(?:0(?![.\d])|zero\b)"),
        ("large", rf"{_LEAD}{x}\s*(?:>>+|\\ggg?(?![a-z]))\s*[^,;.\n)]*"),
        (
            "large",
            (
                rf"{_LEAD}{x}\s*[:,(]?\s*(?:(?:is|=)\s+)?(?:not\s+|n't\s+)?{_LINK}{_VERY}{_LARGE}\b(?:\s+{_KIND}\b)*"
                rf"{own}"
            ),
        ),
        ("large", rf"{_LEAD}{_VERY}\b{_LARGE}(?:\s+(?:and\s+)?{_KIND}\b)*,?\s+{x}{_ABOVE}"),
        ("small", rf"{_LEAD}{x}\s*[:,(]?\s*(?:(?:is|=)\s+)?{_LINK}{_VERY}(?:small|tiny)\b(?:\s+{_KIND}\b)*{own}"),
        ("small", rf"{_LEAD}{_VERY}\b(?:small|tiny)(?:\s+{_KIND}\b)*,?\s+{x}{_ABOVE}"),
        ("orthogonal", rf"{_LEAD}{x}(?:(?!{x})[^.;\n]){{0,40}}?{_ORTHOGONAL}"),
    ]
    said: list[Course] = []
    for course, pattern in rules:
        for bracket in (rf"\(\s*{pattern}\s*\)", pattern):
            found = re.search(bracket, text, re.IGNORECASE)
            if found is None or (said and course == "orthogonal"):
                continue
            denied = course in {"large", "small"} and _DENIAL.search(
                re.sub(r"\bsmall\b", "", found[0]) if course == "small" else found[0]
            )
            denied = denied or re.search(r"(?:\bnot|n't)\s+$", text[: found.start()])
            said.append("denied" if denied else course)
            joint = " " if "lim" in found[0][:6] else " ; "
            text = text[: found.start()] + joint + text[found.end() :]
            break
    distinct = set(said)
    return text, (said[0] if len(distinct) == 1 else "denied" if distinct else "free")


def _spelled(letter: str) -> str:
    """A pattern for a letter however it is typed, alone or between dollar signs."""
    forms = [re.escape(c) for c, name in GREEK_LETTERS.items() if name == letter] if len(letter) > 1 else []
    if letter in GREEK:
        forms += [rf"\\{letter}(?![A-Za-z])", rf"\\var{letter}(?![A-Za-z])", rf"(?<![A-Za-z\\]){letter}(?![A-Za-z])"]
    else:
        forms.append(rf"(?<![A-Za-z\\_^]){re.escape(letter)}(?![A-Za-z_])")
    # case matters for the letter though not for the words around it
    return rf"\$?(?-i:{'|'.join(forms)})\$?"
