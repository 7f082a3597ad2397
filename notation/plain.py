"""Readable one-line text from an expression, for terminals and messages.

>>> from notation.tree import Mul, Partial, Ref, number, Call, Pow, Neg, Add
>>> t = Ref("t")
>>> slope = Add((number(1), Neg(Pow(Call("tanh", (Ref("C", at=(t,)),)), number(2)))))
>>> to_plain(Mul(Partial(Ref("L"), Ref("h", at=(t,))), slope, "elementwise"))
'∂L/∂h_t ⊙ (1 − tanh²(C_t))'
"""

from __future__ import annotations

import re
import unicodedata

from notation import symbols, texlike
from notation.boxes import (
    Accent,
    Big,
    Box,
    Digits,
    Fence,
    Frac,
    Grid,
    Letter,
    Marked,
    Root,
    Row,
    Script,
    Sign,
    Space,
    Styled,
    Text,
    Word,
)
from notation.layout import layout
from notation.tree import Expr

_COMBINING = {
    "hat": "\u0302",
    "tilde": "\u0303",
    "bar": "\u0304",
    "overline": "\u0304",
    "dot": "\u0307",
    "ddot": "\u0308",
    "vec": "\u20d7",
    "overrightarrow": "\u20d7",
    "overleftarrow": "\u20d6",
}
_SPACED = frozenset("+-=<>≤≥≠⊙⊘∈⊗∗·≈→×∧")
# Raised digits only: Unicode has no full set of raised or lowered letters, and a mixture reads worse than `_{t+1}`.
_RAISED = {"⊤": "ᵀ", "⊺": "ᵀ", **dict(zip("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹", strict=True)), "-": "⁻", "+": "⁺"}
_FORMULA = re.compile(r"\$([^$\n]+)\$")
_INSIDE_BRACES = re.compile(r"\{[^{}]*\}")


def to_plain(expr: Expr) -> str:
    """The expression as one line of Unicode text."""
    return _minus(spell(layout(expr, exact=False)).strip())


def plain_words(text: str) -> str:
    """A message with its `$...$` formulas as Unicode text; what is not understood stays as it is typed.

    >>> plain_words("it is $C_{t-1}$, not $5")
    'it is C_{t−1}, not $5'
    """
    return _FORMULA.sub(_spelled, text)


def _spelled(formula: re.Match[str]) -> str:
    box = texlike.read(formula[1])
    return _minus(spell(box).strip()) if box else formula[0]


def spell(box: Box) -> str:
    """The text of boxes, with `-` for every minus."""
    match box:
        case Letter(text) | Digits(text) | Word(text) | Text(text):
            return text
        case Sign(char):
            return f" {char} " if char in _SPACED else f"{char} " if char in ",;" else char
        case Space(kind):
            return "  " if kind == "quad" else " "
        case Row(items):
            # A sign at the beginning of a row belongs to its first term.
            text = re.sub(r"^ ([-+]) ", r"\1", "".join(spell(item) for item in items))
            return re.sub(r"(?<=\S) {2,}(?=\S)", " ", text)
        case Frac(top, bottom):
            return f"{_grouped(top)}/{_grouped(bottom)}"
        case Script(base, sub, sup, primes):
            return spell(base) + "'" * primes + _lowered(sub) + _raised(sup)
        case Fence(left, right, body):
            return left + spell(body).strip() + right
        case Root(body):
            return f"√{_grouped(body)}"
        case Accent(kind, body):
            inner = spell(body)
            if kind not in _COMBINING or len(inner) != 1:
                return f"{kind}({inner})"
            return unicodedata.normalize("NFC", inner + _COMBINING[kind])
        case Styled("blackboard", Letter(char)):
            return symbols.BLACKBOARD.get(char, char)
        case Styled(_, body) | Marked(body):
            return spell(body)
        case Big(char, low, high):
            return f"{char}{_lowered(low)}{_script('^', high)} "
        case Grid(rows, left, right):
            return left + "; ".join(", ".join(spell(cell).strip() for cell in cells) for cells in rows) + right


def _raised(box: Box | None) -> str:
    text = "" if box is None else spell(box).replace(" ", "")
    if text and all(character in _RAISED for character in text):
        return "".join(_RAISED[character] for character in text)
    return _script("^", box)


def _lowered(box: Box | None) -> str:
    return _script("_", box)


def _script(mark: str, box: Box | None) -> str:
    if box is None:
        return ""
    text = spell(box).replace(" ", "")
    return mark + (text if len(text) == 1 else f"{{{text}}}")


def _grouped(box: Box) -> str:
    text = spell(box).strip()
    simple = isinstance(box, (Script, Fence)) or not set(_INSIDE_BRACES.sub("", text)) & set(" +-/")
    return text if simple else f"({text})"


def _minus(text: str) -> str:
    """A true minus for the hyphen wherever it is an operator: everywhere but inside words."""
    return re.sub(r"(?<![A-Za-z]{2})-", "−", text)
