"""Boxes as presentation MathML, for pages that no script has to help.

>>> from notation.tree import Ref
>>> to_mathml(Ref("x"))
'<math><mi>x</mi></math>'
"""

from __future__ import annotations

from collections.abc import Collection
from html import escape

from notation import symbols
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
)  # fmt: skip
from notation.layout import layout
from notation.tree import Expr

_SPACES = {"thin": "0.17em", "medium": "0.25em", "quad": "1em"}
_ACCENTS = {
    "hat": "^", "tilde": "~", "bar": "¯", "dot": "˙", "ddot": "¨", "vec": "→", "overline": "‾",
    "overrightarrow": "→", "overleftarrow": "←",
}  # fmt: skip


def to_mathml(expr: Expr, *, highlight: Collection[Expr] = (), display: bool = False) -> str:
    """The expression as one `<math>` element."""
    return math(layout(expr, highlight=highlight, exact=False), display=display)


def math(box: Box, *, display: bool = False) -> str:
    """One `<math>` element with these boxes."""
    attribute = ' display="block"' if display else ""
    return f"<math{attribute}>{spell(box)}</math>"


def spell(box: Box) -> str:
    """The MathML of boxes, without the outer element."""
    match box:
        case Letter(char):
            return f"<mi>{escape(char)}</mi>"
        case Digits(text):
            return f"<mn>{escape(text)}</mn>"
        case Word(text):
            return f'<mi mathvariant="normal">{escape(text)}</mi>' + "<mo>&#x2061;</mo>"
        case Sign(char) if char in "([{" or char in ")]}":
            return f'<mo form="{"prefix" if char in "([{" else "postfix"}" stretchy="false">{char}</mo>'
        case Sign(char):
            return f"<mo>{escape('−' if char == '-' else char)}</mo>"
        case Text(text):
            return f"<mtext>{escape(text).replace(' ', '&#xA0;')}</mtext>"
        case Space(kind):
            return f'<mspace width="{_SPACES[kind]}"/>'
        case Row(items):
            return "<mrow>" + "".join(_item(items, i) for i in range(len(items))) + "</mrow>"
        case Frac(top, bottom):
            return f"<mfrac>{spell(top)}{spell(bottom)}</mfrac>"
        case Script():
            return _script(box)
        case Fence(left, right, body):
            return f"<mrow>{_delimiter(left, 'prefix')}{spell(body)}{_delimiter(right, 'postfix')}</mrow>"
        case Root(body):
            return f"<msqrt>{spell(body)}</msqrt>"
        case Accent(kind, body):
            return f'<mover accent="true">{spell(body)}<mo>{_ACCENTS[kind]}</mo></mover>'
        case Styled(style, body):
            return _styled(style, body)
        case Big(char, low, high):
            return _scripted(f'<mo largeop="true" movablelimits="false">{char}</mo>', low, high, "munderover")
        case Grid():
            return _grid(box)
        case Marked(body):
            return f'<mrow class="mark">{spell(body)}</mrow>'


def _item(items: tuple[Box, ...], i: int) -> str:
    """One item of a row, with the thin spaces around a function's name that browsers do not set."""
    before, after = items[i - 1] if i else None, items[i + 1] if i + 1 < len(items) else None
    gap = f'<mspace width="{_SPACES["thin"]}"/>'
    if not _is_word(items[i]):
        return spell(items[i])
    leading = gap if before is not None and not isinstance(before, (Sign, Space)) else ""
    trailing = gap if after is not None and not isinstance(after, (Sign, Space, Fence)) else ""
    return leading + spell(items[i]) + trailing


def _is_word(box: Box) -> bool:
    return isinstance(box, Word) or (isinstance(box, Script) and isinstance(box.base, Word))


def _delimiter(char: str, form: str) -> str:
    return f'<mo form="{form}" fence="true">{escape(char)}</mo>' if char else ""


def _script(box: Script) -> str:
    base = spell(box.base).removesuffix("<mo>&#x2061;</mo>")
    if box.primes:
        base = f"<msup>{base}<mo>{'′' * box.primes}</mo></msup>"
    return _scripted(base, box.sub, box.sup, "msubsup")


def _scripted(base: str, low: Box | None, high: Box | None, element: str) -> str:
    below, above = {"msubsup": ("msub", "msup"), "munderover": ("munder", "mover")}[element]
    if low and high:
        return f"<{element}>{base}{spell(low)}{spell(high)}</{element}>"
    if low:
        return f"<{below}>{base}{spell(low)}</{below}>"
    return f"<{above}>{base}{spell(high)}</{above}>" if high else base


def _styled(style: str, body: Box) -> str:
    if isinstance(body, Letter) and style == "blackboard" and body.char in symbols.BLACKBOARD:
        return f'<mi mathvariant="normal">{symbols.BLACKBOARD[body.char]}</mi>'
    if isinstance(body, Letter) and style == "calligraphic" and body.char in symbols.CALLIGRAPHIC:
        return f'<mi mathvariant="normal">{symbols.CALLIGRAPHIC[body.char]}</mi>'
    inner = spell(body)
    if style == "roman":
        return inner.replace("<mi>", '<mi mathvariant="normal">')
    return f'<mrow class="bold">{inner}</mrow>' if style == "bold" else inner


def _grid(box: Grid) -> str:
    rows = "".join("<mtr>" + "".join(f"<mtd>{spell(cell)}</mtd>" for cell in cells) + "</mtr>" for cells in box.rows)
    cls = ' class="cases"' if box.left == "{" else ""
    return (
        f"<mrow>{_delimiter(box.left, 'prefix')}<mtable{cls}>{rows}</mtable>{_delimiter(box.right, 'postfix')}</mrow>"
    )
