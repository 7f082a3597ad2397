"""Numbers that an arrow, a colon or a verb gives to a node: `v13 → 1`, `v5: 0.197`, `v6 gets -5.94`.

What such a number is, a value, a tangent or an adjoint, is said by the nearest words before it. An equation of a plain,
a dotted or a barred name takes its place, so that it is read and judged like every other line of a working.
"""

from __future__ import annotations

import re

DOT, OVERBAR = "\u0307", "\u0304"
ACCUMULATED = "\u2009="  # read as an equals sign; a line with it may state a part of a sum
_NODE = r"(?<![A-Za-z\\→>])(?P<v>[a-z])_?\{?(?P<n>-?\d+)\}?"
_GAP = r"[ \t$*]*"
ARROW = r"(?:→|⟶|⇒|\u21a6|\\(?:long)?(?:right)?arrow\b|\\to\b|\\mapsto\b|-+>|=>)"
_NUMBER = r"(?=[-+\u2212]?\.?\d|\(\s*[-+\u2212]?\.?\d)(?!\d+[ \t]*[a-z])"
_LEADS = re.compile(rf"{_NODE}{_GAP}{ARROW}{_GAP}{_NUMBER}")
_LABELS = re.compile(rf"{_NODE}{_GAP}:{_GAP}{_NUMBER}")
# a node may get its number in parts
_GETS = re.compile(
    rf"{_NODE}[ \t$]+(?:gets|receives|collects|obtains|carries|picks up)[ \t$]+(?!(?:an?|the|its|from|no)\b)"
    r"(?=[-+\u2212\dA-Za-z\\.(])(?P<part>(?=(?:[^.,;\n]|\.\d)*\b(?:from|via|through|along|by way|too|also|more)\b))?"
)
_TANGENT, _ADJOINT = r"(?:tangents?|directional derivatives?)", r"(?:adjoints?|cotangents?|sensitivit(?:y|ies))"
# v4 (tangent v2 = 1)
_BRACKETED = re.compile(
    rf"{_NODE}[ \t$]*\((?:with[ \t]+)?(?:the[ \t]+)?(?:(?P<dot>{_TANGENT})|{_ADJOINT})[ \t$]+(?P<worth>[^()\n]+)\)"
)
# v4 has tangent 1
_HAS = re.compile(
    rf"{_NODE}(?:'s)?[ \t$]+(?:(?:has|with|carries|gets|having)[ \t]+)?(?:(?:the|an?)[ \t]+)?"
    rf"(?:(?P<dot>{_TANGENT})|{_ADJOINT})[ \t]*(?:of|is|equal to|=|:)?[ \t$]*(?=[-+\u2212]?\.?\d)"
)
_HEAD = re.compile(
    r"(?P<value>\bvalues?\b|\bprimals?\b|\bevaluat\w*|\bforward (?:pass|trace|sweep)\b(?! with seed))"
    rf"|(?P<dot>\b{_TANGENT}\b|\bdots?\b)|(?P<bar>\b{_ADJOINT}\b|\bbars?\b)"
    r"|(?P<asked>\bseed\w*|\bbackwards?\b|\breverse\b|\bderivatives?\b|\bgradients?\b|(?:\bd|∂|\\partial)\s*/)",
    re.IGNORECASE,
)
# d/dx_1: as the head of a list names the input it is about
_BY = re.compile(
    r"(?:\\partial|∂|\bd)\s*/\s*(?:\\partial|∂|d)\s*(?P<x>[a-z])_?\{?(?P<k>\d+)\}?"
    rf"(?=[\s$*]*:[\s$*]*{_NODE}{_GAP}(?::|{ARROW}))"
)
# where g_k means dy/dv_k
_LETTER = r"[a-zα-ωψ]|\\(?:lambda|delta|alpha|beta|gamma|mu|nu|eta|rho|tau|xi)\b"
_I, _D = r"_?\{?(?P<i>[ijklmn])\}?", r"(?:\\partial|∂|\bd)\s*"
_SAID = r"[\s$]*(?:means|denotes|stands for|is|are|holds|:=|=|\\equiv|≡|for)[\s$]*"
_OVER = rf"(?:\\d?frac\s*\{{)?\s*{_D}%s\s*(?:\}}\s*\{{|/)\s*{_D}%s"
_NAMED = r"(?:the\s+)?%s\s+(?:of|at)\s+(?:the\s+)?(?:node\s+)?\$?%s"
_ANY, _THIS = r"[a-z]?(?:_?\{?\w\}?)?", r"(?P<v>[a-z])_?\{?(?P=i)\}?"
_ADJOINTS = rf"{_SAID}(?:{_NAMED % (_ADJOINT, _THIS)}|{_OVER % (_ANY, _THIS.replace('<v>', '<w>'))})"
_TANGENTS = rf"{_SAID}(?:{_NAMED % (_TANGENT, _THIS)}|{_OVER % (_THIS.replace('<v>', '<w>'), '[a-z]')})"


def told(text: str, asked: str) -> str:
    """The text with numbers that are told as equations; `asked` is the mark of what the question is about.

    >>> told("v13→1", OVERBAR) == "v\u0304_{13} = 1"
    True
    >>> told("Values: v5 -> 0.7. Adjoints: v5: 1", DOT) == "Values: v_{5} = 0.7. Adjoints: v\u0304_{5} = 1"
    True
    >>> told("v4 (tangent v2 = 1)", DOT) == "v\u0307_{4} = v2 = 1"
    True
    >>> told("g2 = 3, where g_k means dy/dv_k", DOT) == "v\u0304_{2} = 3, where g_k means dy/dv_k"
    True
    """
    text = _named(text)
    text = _BY.sub(lambda m: f"tangents by {m['x']}_{m['k']}", text)
    text = _BRACKETED.sub(lambda m: _equation(m, DOT if m["dot"] else OVERBAR) + m["worth"], text)
    text = _HAS.sub(lambda m: _equation(m, DOT if m["dot"] else OVERBAR), text)
    text = _GETS.sub(lambda m: _equation(m, asked, ACCUMULATED if m["part"] is not None else " ="), text)
    text = _LABELS.sub(lambda m: _equation(m, _mark(text[: m.start()], asked, None)), text)
    return _LEADS.sub(lambda m: _equation(m, _mark(text[: m.start()], asked, asked)), text)


def _named(text: str) -> str:
    """The text with letters declared to be adjoints or tangents, `g_k means dy/dv_k`, as marked nodes."""
    for mark, way in ((OVERBAR, _ADJOINTS), (DOT, _TANGENTS)):
        for declared in re.finditer(rf"(?<![A-Za-z\\])(?P<g>{_LETTER}){_I}(?:{way})", text):
            node = declared["v"] or declared["w"]
            if declared["g"] == node:
                continue
            own = rf"(?<![A-Za-z\\]){re.escape(declared['g'])}[ ]?_?\{{?(\d+)\}}?"
            text = re.sub(own, rf"{node}{mark}_{{\1}}", text)
    return text


def _equation(match: re.Match[str], mark: str | None, equals: str = " =") -> str:
    if mark is None:
        return match[0]
    line = match.string[: match.start()].rpartition("\n")[2].rstrip(" \t$*")
    apart = "; " if line.endswith(")") or line[-1:].isdigit() else ""  # v14: (1, 0)   v13: (1, 0)
    return f"{apart}{match['v']}{mark}_{{{match['n']}}}{equals} "


def _mark(before: str, asked: str, silent: str | None) -> str | None:
    """The mark that the nearest telling words before a name give it; `silent` where there are none."""
    nearest = max(_HEAD.finditer(before), key=lambda m: m.start(), default=None)
    if nearest is None:
        return silent
    return {"value": "", "dot": DOT, "bar": OVERBAR, "asked": asked}[str(nearest.lastgroup)]
