"""Boxes as Typst mathematics.

Every character that Typst could take for syntax is escaped or quoted, so the result is safe as an argument of a Typst
function and free of anything that could run. `mark` is defined by the sheet's preamble.

>>> from notation.tree import Ref
>>> to_typst(Ref("h", at=(Ref("t"),)))
'attach(h, b: t)'
"""

from __future__ import annotations

from collections.abc import Collection

from notation import symbols
from notation.boxes import (
    GROUP,
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
    is_tall,
)  # fmt: skip
from notation.layout import layout
from notation.tree import Expr
from reports.verbatim import visible

_SPACES = {"thin": "thin", "medium": "med", "quad": "quad"}
_STYLES = {"roman": "upright", "bold": "bold", "blackboard": "bb", "calligraphic": "cal"}
_ACCENTS = {
    "hat": "hat", "tilde": "tilde", "bar": "macron", "dot": "dot", "ddot": "dot.double", "vec": "arrow",
    "overline": "overline", "overrightarrow": "arrow", "overleftarrow": "arrow.l",
}  # fmt: skip
_FENCES = {
    "(": "paren.l", ")": "paren.r", "[": "bracket.l", "]": "bracket.r", "{": "brace.l", "}": "brace.r", "|": "bar.v",
    "‖": "bar.v.double", "⌊": "floor.l", "⌋": "floor.r", "⌈": "ceil.l", "⌉": "ceil.r", "⟨": "chevron.l",
    "⟩": "chevron.r",
}  # fmt: skip


def to_typst(expr: Expr, *, highlight: Collection[Expr] = ()) -> str:
    """The expression as Typst for math mode."""
    return spell(layout(expr, highlight=highlight, exact=False))


def string(text: str) -> str:
    """A Typst string literal with exactly these characters.

    >>> string('say "#hi" \\\\ now')
    '"say \\\\"#hi\\\\" \\\\\\\\ now"'
    """
    shown = visible(text).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", " ")
    return f'"{shown}"'


def spell(box: Box) -> str:
    """The Typst math of boxes."""
    match box:
        case Letter(char):
            return char
        case Digits(text):
            return text.replace(GROUP, " thin ")
        case Word(text):
            return f"op({string(text)})"
        case Sign(char):
            return _FENCES.get(char) or (char if char in symbols.SIGNS or char in "+-=<>′" else f"\\{char}")
        case Text(text):
            return string(text)
        case Space(kind):
            return _SPACES[kind]
        case Row(items):
            return " ".join(spell(item) for item in items) if items else '""'
        case Frac(top, bottom):
            return f"frac({spell(top)}, {spell(bottom)})"
        case Script():
            return _script(box)
        case Fence(left, right, body):
            inner = f"{_FENCES.get(left, '')} {spell(body)} {_FENCES.get(right, '')}".strip()
            return f"lr({inner})" if is_tall(body) else inner
        case Root(body):
            return f"sqrt({spell(body)})"
        case Accent(kind, body):
            return f"{_ACCENTS[kind]}({spell(body)})"
        case Styled(style, body):
            return f"{_STYLES[style]}({spell(body)})"
        case Big(char, low, high):
            return _attached(char, low, high)
        case Grid():
            return _grid(box)
        case Marked(body):
            return f"#mark($display({spell(body)})$)"


def _script(box: Script) -> str:
    base = spell(box.base) or '""'
    if box.primes:
        base = f"attach({base}, tr: {' '.join(['′'] * box.primes)})"
    return _attached(base, box.sub, box.sup)


def _attached(base: str, low: Box | None, high: Box | None) -> str:
    parts = [base]
    if low:
        parts.append(f"b: {spell(low)}")
    if high:
        parts.append(f"t: {spell(high)}")
    return f"attach({', '.join(parts)})" if len(parts) > 1 else base


def _grid(box: Grid) -> str:
    if (box.left, box.right) == ("{", ""):
        return f"cases({', '.join(' & '.join(spell(cell) for cell in cells) for cells in box.rows)})"
    rows = "; ".join(", ".join(spell(cell) for cell in cells) for cells in box.rows)
    left, right = (string(side) if side else "none" for side in (box.left, box.right))
    return f"mat(delim: #({left}, {right}), {rows})"
