r"""Formulas in a design as the words they stand for: `y_t = softmax(V h_t)` is a softmax, `y_1, ..., y_n` n outputs.

Only what has no other meaning is replaced; a formula with any other symbol stays as it is, and is then not understood.
"""

from __future__ import annotations

import re

_SUB = r"(?:_?\s*(?:\{[^{}]*\}|\([^()]*\)|[a-zA-Z0-9](?![a-zA-Z])(?:\s*[-−]\s*1)?))"
_OUT = r"(?<![A-Za-z\\])(?:\\hat\s*)?\{?[yoŷ]\}?"
_AT = r"_\s*(?:\{\s*[tikj]\s*\}|\(\s*[tikj]\s*\)|[tikj](?![A-Za-z]))"
_LAST = r"_\s*(?:\{\s*[nT]\s*\}|\(\s*[nT]\s*\)|[nT](?![A-Za-z]))"
_BEFORE = r"_\s*(?:\{\s*[ti]\s*-\s*1\s*\}|\(\s*[ti]\s*-\s*1\s*\)|[ti]\s*-\s*1(?!\d))"
_DOTS = r"(?:\.{2,}|…|\\[lc]?dots|to|,)"
_LIST = rf"{_OUT}_\{{?1\}}?\s*,?\s*(?:{_OUT}_\{{?2\}}?\s*,?\s*)?(?:{_DOTS}[\s,]*)+{_OUT}{_LAST}"
_LISTED = re.compile(
    r"(?:\bn\b\s*)?(?:\b(?:outputs?|labels?|predictions?|tags?)\b)?[ \t,(]*(?:i\.?e\.?,?\s*)?"
    rf"{_LIST}(?:[ \t]*\))?",
    re.IGNORECASE,
)
_INNER = r"(?:[^()]|\([^()]*\))*"
_PROBABILITY = re.compile(rf"(?<![A-Za-z])[Pp](?:r|rob)?\s*\(({_INNER})\)")
_SOFTMAX = re.compile(rf"\bsoftmax\s*\(({_INNER})\)", re.IGNORECASE)
_UPDATE = re.compile(
    rf"(?:\b(?:with|where|i\.?e\.?,?|by|as|using)\s+)?(?<![A-Za-z])[hs]{_AT}\s*=\s*"
    rf"(?:[a-zA-Z]+|\\[a-z]+|σ|φ)\s*\(({_INNER})\)"
)
_ZERO = re.compile(
    r"(?:\b(?:with|where|and)\s+)?(?<![A-Za-z])[hs]_?\{?0\}?\s*(?:=|is)\s*(?:\\(?:vec|mathbf)\s*)?\{?0\}?(?![\d.])"
)
_LATER = re.compile(
    r"\b(?:(?:all|every|each|the)\s+)?(?:(?:time\s*)?steps?\s+)?t\s*(?:>\s*1\b|(?:>=|≥|\\geq?)\s*2\b|=\s*2\s*,?(?:\s*3\s*,)?\s*(?:\.{2,}|…)"
    r"(?:[\s,]*[nT]\b)?)"
)
_LETTERS = re.compile(r"[A-Za-z]{2,}")
_NAMES = frozenset({"bias", "tanh", "relu", "hy", "hh", "xh", "ho", "out", "sigma"})
_EVENT = re.compile(
    r"(?:(?:the|next|t-th|current)\s+)*(?:[ywcskŷ](?:_?\{?\w+\}?)?|label|tag|word|class|sentiment|output|token)"
    r"(?:\s*_?\{?t\}?)?(?:\s*=\s*\w+)?$"
)


def spelled_out(text: str) -> str:
    r"""The text with the formulas that have plain words as these words.

    >>> spelled_out(r"y_t = softmax(V h_t + b) over 4 tags, P(y_t | x_1..x_t), |V| words, n outputs y_1, ..., y_n")
    'softmax over 4 tags, distribution, V words, n outputs'
    """
    text = re.sub(r"\\(?:mathbf|mathrm|text|operatorname|boldsymbol)\s*\{([^{}]*)\}", r"\1", text)
    text = re.sub(r"\\(?:left|right|,|;|!)(?![a-z])|\$", "", text).replace("\\mid", "|").replace("\\softmax", "softmax")
    text = text.replace("−", "-").replace("</s>", " end token ").replace("<\\s>", " end token ")
    text = re.sub(r"<\s*/\s*\w+\s*>", " end token ", text)
    text = _LATER.sub("later steps", text)
    text = _PROBABILITY.sub(_probability, text)
    text = re.sub(r"\|\s*(V|[vV]ocab(?:ulary)?)\s*\|", r"\1", text)
    text = _UPDATE.sub(lambda m: "" if _formula(m[1]) else m[0], text)
    text = _SOFTMAX.sub(_softmax, text)
    text = re.sub(r"\(\s*\)|,\s*(?=\))", "", _ZERO.sub("", text))
    text = re.sub(rf"(?:{_OUT}{_SUB}?|distribution|(?<=\s)[a-z])\s*(?:=|~|:=)\s*(?=softmax|distribution)", "", text)
    text = re.sub(r"(?:∈|\\in\b|\bin)\s*(?:\\mathbb\s*\{?\s*)?[Rℝ]\}?\s*\^\s*\{?(\d+|V)\}?", r" of size \1", text)
    text = re.sub(r"\b(one|1)(?=\s+for\s+(?:the|a)\b)", r"\1 output", text, flags=re.IGNORECASE)
    text = _LISTED.sub(" n outputs", text)
    text = re.sub(rf"((?:outputs?|labels?|predictions?|tags?|vectors?)\s*\(?){_OUT}{_AT}", r"\1", text)
    text = re.sub(rf"{_OUT}{_AT}", "output", text)
    text = re.sub(rf"(\b(?:word|token|output|prediction|label|tag)\s*\(?)[wxyo]{_BEFORE}", r"\1", text)
    text = re.sub(rf"(?<![A-Za-z])[wx]{_BEFORE}", "previous word", re.sub(rf"{_OUT}{_BEFORE}", "previous output", text))
    text = re.sub(r"(?<![A-Za-z])([ti])\s*(?:'|’|\^\s*\{?)\s*th\b\}?", r"\1-th", text)
    text = re.sub(r"\b(?:e|E|emb|embed|embedding|Emb)\s*\(\s*([xw]_?\{?[ti]\}?)\s*\)", r"\1", text)
    return re.sub(r"[ \t]{2,}", " ", text)


def _formula(inner: str) -> bool:
    """Whether what stands in brackets is a formula in weights, states and inputs of earlier steps."""
    return "+1" not in inner.replace(" ", "") and all(w.lower() in _NAMES for w in _LETTERS.findall(inner))


def _softmax(match: re.Match[str]) -> str:
    inner = match[1]
    at = re.findall(r"(?<![A-Za-z])[hsaoz](?:_?\s*(\{[^{}]*\}|\([^()]*\)|\w))?", inner)
    steps = {a.strip("{}() ") for a in at}
    if len(steps) != 1 or not steps <= {"", "t", "i", "n", "T"} or not _formula(inner):
        return match[0]
    return "softmax from h_n" if steps <= {"n", "T"} else "softmax"


def _probability(match: re.Match[str]) -> str:
    event, _, given = match[1].partition("|")
    if not (_EVENT.match(event.strip()) and _formula(_plain(given))):
        return match[0]
    return (
        "distribution given previous outputs" if re.search(r"(?<![A-Za-z])[yos](?![A-Za-z])", given) else "distribution"
    )


def _plain(given: str) -> str:
    """A condition without the words that name what has been read so far."""
    return re.sub(r"\b(?:previous|words?|sentence|text|so far|past|all|the|inputs?|x|w)\b|\\[lc]?dots", " ", given)
