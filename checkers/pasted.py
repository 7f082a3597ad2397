"""Output of programs and signs of a keyboard in a working, made plain: pasted arrays, spacing accents, arrows.

Only spellings change here. `[1.        , 2.2]` and rows in brackets without commas become lists, `v4˙` a letter with
its dot, `v_{13} → 1` an equation of the kind that is asked.
"""

from __future__ import annotations

import re

from checkers.told import ARROW, DOT, OVERBAR, told

_SPACING = {"\u02d9": DOT, "\u00af": OVERBAR, "\u02c9": OVERBAR}  # ˙ ¯ ˉ
_NUMBER = r"[-+\u2212]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_ROW = rf"\[[ \t]*{_NUMBER}(?:[ \t]*,[ \t]*{_NUMBER}|[ \t]+{_NUMBER})+[ \t]*,?[ \t]*\]"
# [[0.1 2.9]\n [1. 2.2]]: rows in brackets, with or without commas between numbers and rows
_NESTED = re.compile(rf"\[\s*{_ROW}(?:\s*,?\s*{_ROW})+\s*,?\s*\]")
_UNDER = re.compile(rf"(?m)^[ \t]*{_ROW}[ \t]*[,;]?(?:\n[ \t]*{_ROW}[ \t]*[,;]?)+[ \t.]*$")
# (tensor([1.0, 2.2]),): the only entry of a tuple
_ALONE = re.compile(rf"\(\s*(?:tensor|array)\(\s*({_ROW})\s*(?:,\s*dtype\s*=[\w.\s]+)?\)\s*,\s*\)")
_LABEL = re.compile(r"(?m)^[ \t]*(?:Layer|Level|Step|Stage)[ \t]+\d+[ \t]*[:.)][ \t]")
# what was typed to have something computed
_SESSION = re.compile(
    r"(?m)^[ \t]*(?:>>>|In ?\[\d*\]:)[ \t].*(?:\bimport\b|\bbackward\b|\bautograd\b|\b(?:grad|jac\w*|print)\().*$"
)
_GRAD = re.compile(r"\b[a-z]\w{0,3}\.grad(?:\.\w+\(\))*\s*(?:[=:]|is|→|->)\s*(?=tensor|array|\[)")
_BARRED = rf"[ \t]*\|[ \t]*{_NUMBER}(?:[ \t,]+{_NUMBER})+[ \t]*\|[ \t]*"
_PIPES = re.compile(rf"(?m)^{_BARRED}(?:\n{_BARRED})+$")
_BOLD = re.compile(rf"(?<![\w)\]}}*])\*\*[ \t]*({_NUMBER})[ \t]*\*\*(?![\w(*])")
_THEN = re.compile(rf"(?<=\d)[ \t]*{ARROW}[ \t]*(?=[^\s=,;]{{1,12}}[ \t]*=)")


def unpasted(text: str, mark: str) -> str:
    """The text with arrays, accents and arrows as they are read elsewhere; `mark` is what an arrow means.

    >>> unpasted("[[0.1 2.9]\\n [1.  2.2]]", "")
    '[[0.1, 2.9], [1, 2.2]]'
    >>> unpasted("v13→1", OVERBAR) == "v\u0304_{13} = 1"
    True
    """
    for sign, combining in _SPACING.items():
        text = re.sub(rf"(?<![A-Za-z\\])([A-Za-z])_?\{{?(-?\d+)\}}?[ ]?{sign}", rf"\g<1>{combining}_{{\g<2>}}", text)
        text = re.sub(rf"(?<![A-Za-z\\])([A-Za-z])[ ]?{sign}_?\{{?(-?\d+)\}}?", rf"\g<1>{combining}_{{\g<2>}}", text)
        text = re.sub(rf"(?<![A-Za-z\\])([A-Za-z]){sign}", rf"\g<1>{combining}", text)
        text = re.sub(rf"{sign}[ ]?([A-Za-z])_?\{{?(-?\d+)\}}?(?!\w)", rf"\g<1>{combining}_{{\g<2>}}", text)
    text = _BOLD.sub(r"\1", _LABEL.sub("", _SESSION.sub("", text)))
    text = _GRAD.sub(": ", text)
    text = _ALONE.sub(r"\1", text)
    text = _PIPES.sub(lambda m: re.sub(r"(?m)^([ \t]*)\|(.*)\|", r"\1[\2]", m[0]), text)
    text = _NESTED.sub(_array, text)
    text = _UNDER.sub(_array, text)
    text = re.sub(_ROW, lambda m: _listed(m[0]), text)
    text = told(text, mark)
    return _THEN.sub(" ; ", text)


def _array(match: re.Match[str]) -> str:
    """Rows in brackets as a list of lists, where all of them are as long."""
    rows = re.findall(_ROW, match[0])
    if len({len(re.findall(_NUMBER, r)) for r in rows}) != 1:
        return match[0]
    end = "\n" if match[0].endswith("\n") else ""
    return "[" + ", ".join(_listed(r) for r in rows) + "]" + end


def _listed(row: str) -> str:
    """A row with commas and with numbers that do not end in a point: `[1.   2.2]` is `[1, 2.2]`."""
    return "[" + ", ".join(n.removesuffix(".") for n in re.findall(_NUMBER, row)) + "]"
