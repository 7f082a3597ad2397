"""Accounting for the parameters that a report counts: `4(28·32 + 32·32 + 2·32) + 2112 + 650 = 7936 + 2762 = 10698`.

Every sum must be worth what is said to follow from it, and every count must be that of the model or of a part of it. A
number that is no count (a time, a size, an accuracy) and one said of another model say nothing here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from checkers.numbers import number_of, shown
from notation.answer import read_formula
from notation.errors import EvaluationError, ReadError, ShapeError
from notation.vocabulary import Vocabulary

LEAST = 100  # smaller numbers beside a count are sizes
_SPACED = re.compile(r"(?<![\w.,#])\d{1,3}(?:(?:[,\u202f\u2009]|\\,|\{,\}| )\d{3})+(?![\w.]|,\d)")
_SUM = r"[\d(][\d \t()*+^-]*[\d)]|\d"
_CHAIN = re.compile(rf"(?<![\w.,#%])(?:[+]\s*)?(?:{_SUM})(?:\s*(?:=|≈)\s*(?:{_SUM}))*(?![\w.]*\d|\.?\w*[%#])")
# FC 64, Linear(32, 64), -> 64, batch size 256: numbers that are settings, not counts
_SETTING = re.compile(
    r"\b(?:FC|dense|linear|fully connected)(?:\s+layers?)?\s*[-_]?\s*\(?\d{1,3}\)?(?![\d.,]*\d)"
    r"|→\s*\d{1,3}\b(?![ ,]\d)"
    r"|(?<![\w.])[A-Za-z_][\w.]*\((?=[^()\n]*,)[^()\n=]*(?:=[^()\n]*)?\)"
    r"|\b(?:seed|batch(?: size)?|RTX|GTX|Tesla|num_layers|hidden_size|input_size|q(?:uestion)?)\s*[=:]?\s*\d+",
    re.IGNORECASE,
)
_WORDS = re.compile(
    r"(?P<count>param\w*|#\s*params?|\bweights?\b|\bbias\w*|\w*(?:weight|bias)_\w+|\bcount\w*|\btotals?\b|\bsum\b|\btogether\b|\blayers?\b|\bcells?\b"
    r"|\bFC\b|\bdense\b|\bheads?\b|\blinear\b|\bgates?\b|\bparts?\b"
    r"|\brecurrent\b|\bconnected\b)"
    r"|(?P<other>\bacc\w*|\bloss\w*|entrop\w*|\bCE\b|\btimes?\b|\btook\b|\bepochs?\b|\bbatch\w*|\bimages?\b|\bsamples?\b"
    r"|\blr\b|\bgpu\b|\bcpu\b|\bsteps\b|\bmemory\b|\bpixels?\b|\bseed\b|\biterations?\b|\bsetting\b)",
    re.IGNORECASE,
)
_UNIT = re.compile(
    r"\s*(?:more|fewer|less|additional|extra|s|secs?|seconds?|ms|min\w*|h|hours?|\\?%|percent|[kKMG]i?B?|(?:(?:test|train\w*|handwritten|hidden)\s+)*"
    r"(?:units?|images?|samples?|examples?|digits?|epochs?|steps?|batches|pixels?|inputs?|features?|iterations?|neurons?))\b"
)
_TOTAL = re.compile(
    r"\b(?:total|altogether|all\s+together|overall|in\s+all|in\s+sum|sum)\b[^\d\n;.]{0,30}$", re.IGNORECASE
)
_WITHIN = re.compile(
    r"\s*(?:parameters?\s+)?(?:in|for|of|per)\s+(?:the\s+|each\s+|one\s+)?(?:\w+\s+)?(?:layers?|cells?|gates?|head|LSTM|GRU)\b",
    re.IGNORECASE,
)
_PARTIAL = re.compile(r"\b(?:layers?|cells?|gates?|head|recurrent|each|per)\b[^\d\n;.]{0,30}$", re.IGNORECASE)
_COMPARED = re.compile(
    r"\b(?:than|compared|versus|vs|instead of|single|one[- ]layer|previous|earlier)\b[^\n;]{0,40}$", re.IGNORECASE
)
_FAMILY = re.compile(r"\b(?:LSTM|GRU|RNN|CNN|MLP)s?\b", re.IGNORECASE)


@dataclass(frozen=True)
class Model:
    """A model of the question: its name and total, the counts of its parts, and the size that tells it from others."""

    name: str
    total: int
    parts: frozenset[int]
    size: int | None


@dataclass(frozen=True)
class Slip:
    """The first number of a report that is no count of what it is said of, or does not follow from its sum."""

    value: int
    wanted: tuple[int, ...]
    message: str


def first_slip(text: str, models: Sequence[Model]) -> Slip | None:
    """The first wrong count of a report, or None.

    >>> cell = Model("LSTM", 10698, frozenset({7936, 2112, 650, 2762, 10698}), None)
    >>> first_slip("parameters: 4*(32*28 + 32*32 + 2*32) = 7936, + 2112 + 650 = 10698", [cell]) is None
    True
    >>> first_slip("parameters: 3*(32*28 + 32*32 + 2*32) + 2112 + 650 = 5952 + 2762 = 8714", [cell]).value
    8714
    """
    marked = _marked(text)
    mine = families(models)
    labels = _Labels(marked, models)
    before = 0.0
    for chain in _CHAIN.finditer(marked):
        sides = [s.strip() for s in re.split("=|≈", chain[0])]
        if sides[0].startswith("+"):
            known = before and not marked[: chain.start()].rstrip().endswith("#")
            sides[0] = f"{before:.0f} {sides[0]}" if known else ""
        worths = [_worth(s) for s in sides]
        last = worths[-1]
        before = last or 0.0
        if last is None or last < LEAST or not _counts(marked, chain, mine):
            continue
        meant = labels.at(chain.start(), chain.end())
        labels.used(chain.end())
        for side, worth in zip(sides[:-1], worths[:-1], strict=True):
            if worth is not None and worth != last:
                told = side.replace("*", " · ") if len(side) < 60 else "the sum"
                return Slip(round(last), (round(worth),), f"{told} is {shown(worth)}, not {shown(last)}.")
        if len(sides) == 1 and re.search(r"[-+*^]", sides[0]):
            continue  # a sum without its result
        whole = _whole(marked, chain)
        fitting = [m.total for m in meant] if whole else [p for m in meant for p in m.parts]
        if last not in fitting:
            names = " and the ".join(m.name for m in meant)
            totals = " and ".join(shown(m.total) for m in meant)
            what = "" if whole else ", nor has any part or layer of it"
            message = f"The {names} has {totals} parameters, not {shown(last)}{what}."
            return Slip(round(last), tuple(m.total for m in meant), message)
    return None


def families(models: Sequence[Model]) -> set[str]:
    """The kinds of network that the names of models speak of."""
    return {m[0].lower().rstrip("s") for x in models for m in _FAMILY.finditer(x.name)}


def _marked(text: str) -> str:
    """The text with one spelling of products and thousands, and settings masked."""
    text = re.sub(r"\\(?:times|cdot)\b|[·×∙⋅]|(?<=\d)\s*x\s*(?=\d)", "*", text.replace("$", " "))
    text = re.sub(r"-+>|=>|\\(?:to|[Rr]ightarrow|Longrightarrow|implies)\b", "→", text)
    text = re.sub(r"\\(?:left|right|bigg?|Bigg?)\b", "", text).replace("²", "^2")
    text = re.sub(r"[\[\]{}](?=[^\n]*\d)", lambda m: {"[": "(", "]": ")"}.get(m[0], " "), text)
    text = _SETTING.sub(lambda m: re.sub(r"\d", "#", m[0]), text)
    text = _SPACED.sub(lambda m: re.sub(r"\D", "", m[0]), text)
    text = re.sub(r"(?<=\d)[ \t]*\((?=[^()\n]*[A-Za-z])[^()\n]*\)(?=\s*[+=])", "", text)  # 5952 (layer 1) + 2762
    return re.sub(r"(?<=[\d)])[ \t]+\((\d+)\)", r" ⟨\1⟩", text)  # 10698 (32): no product


def _worth(side: str) -> float | None:
    """What a sum of numbers is worth."""
    if not side:
        return None
    try:
        value = number_of(read_formula(side, Vocabulary()), {})
    except (ReadError, EvaluationError, ShapeError):
        return None
    return float(value) if value.shape == () else None


def _counts(text: str, chain: re.Match[str], mine: set[str]) -> bool:
    """Whether a number is a count of parameters of these models."""
    if _UNIT.match(text, chain.end()) or re.match(r"\s*[-*/+^]", text[chain.end() :]):
        return False
    before = text[: chain.start()]
    if re.search(r"[-*/+^<>~]\s*$", before) and not chain[0].startswith("+"):
        return False
    clause = re.split(r"[;\n]|\.\s", before)[-1]
    named = list(_FAMILY.finditer(clause))
    if named and named[-1][0].lower().rstrip("s") not in mine:
        return False
    if _COMPARED.search(clause):
        return False
    word = max(_WORDS.finditer(before), key=lambda m: m.start(), default=None)
    behind = re.match(r"\s*(?:\w+\s+){0,2}param|\s*(?:weights|biases)\b", text[chain.end() :], re.IGNORECASE)
    return behind is not None or (word is not None and word["count"] is not None)


def _whole(text: str, chain: re.Match[str]) -> bool:
    """Whether the words around a number say that it counts everything."""
    before = text[: chain.start()]
    found = _TOTAL.search(before)
    return (
        found is not None
        and not _WITHIN.match(text, chain.end())
        and not _PARTIAL.search(before[: found.start()][-40:])
    )


class _Labels:
    """Which of the models the sizes around a number name: `32: ...`, `LSTM-64`, `(64 units)`."""

    def __init__(self, text: str, models: Sequence[Model]) -> None:
        self.models = models
        self.text = text
        self.start = 0
        sizes = "|".join(str(m.size) for m in models if m.size is not None)
        self.named = None
        if sizes and len({m.size for m in models}) > 1:
            n = rf"(?P<{{}}>{sizes})(?![\d.,]*\d|\s*[*+^)]\s*\d)"
            self.named = re.compile(
                rf"(?<![A-Za-z])(?:LSTM|GRU|RNN|units?|hidden|size|n|h|H|for|with|of)\s*[-_=:(]?\s*{n.format('a')}"
                rf"|(?<![\w.*+(]){n.format('b')}[ -]*(?:hidden\s+)?(?:units?|cells?|neurons?|hidden)\b"
                rf"|(?<![\w.*+(]){n.format('c')}\s*:|⟨{n.format('d')}⟩",
                re.IGNORECASE,
            )

    def at(self, start: int, end: int) -> list[Model]:
        """The models that a number may be about."""
        if self.named is None:
            return list(self.models)
        behind = re.match(
            r"[ \t]*(?:parameters?|params?)?[ \t]*(?:\(|⟨|for|in|with|at)\s*[^\d\n.;]{0,20}\d+[^\n]{0,12}",
            self.text[end:],
        )
        if behind is not None and not self._of_others(behind[0]) and (found := self._in(behind[0])):
            return found
        gap = self.text[self.start : start]
        clause = re.split(r"[;\n]|\.\s", self.text[:start])[-1] + re.split(r"[;\n]|\.\s", self.text[end:])[0]
        if len(found := self._in(clause)) == 1 and not self._of_others(clause):
            return found
        line = self.text[:start].rpartition("\n")[2]
        found = self._in(re.split(r"[;\n]", gap)[-1]) or self._last(line) or self._heading(self.text[:start])
        return found or list(self.models)

    def used(self, end: int) -> None:
        """A count was stated: labels behind it are of the next one."""
        self.start = end

    def _of_others(self, words: str) -> bool:
        named = {m[0].lower().rstrip("s") for m in _FAMILY.finditer(words)}
        return bool(named - families(self.models))

    def _in(self, words: str) -> list[Model]:
        assert self.named is not None
        sizes = {int(m["a"] or m["b"] or m["c"] or m["d"]) for m in self.named.finditer(words)}
        return [m for m in self.models if m.size in sizes]

    def _last(self, line: str) -> list[Model]:
        return next((found for part in reversed(line.split(";")) if (found := self._in(part))), [])

    def _heading(self, before: str) -> list[Model]:
        """The models of the last line that announces what follows: `64 units:`."""
        lines = [x for x in before.split("\n")[:-1] if x.rstrip(" *_").endswith(":") or x.startswith("#")]
        return self._in(lines[-1]) if lines else []
