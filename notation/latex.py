"""LaTeX from an expression: good-looking mathematics that the reader takes back to the same tree.

>>> from notation.tree import Mul, Partial, Ref
>>> t = Ref("t")
>>> to_latex(Mul(Partial(Ref("L"), Ref("h", at=(t,))), Ref("o", at=(t,)), "elementwise"))
'\\\\frac{\\\\partial L}{\\\\partial h_t} \\\\odot o_t'
"""

from __future__ import annotations

import re
from collections.abc import Collection
from string import ascii_letters

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
from notation.tex_words import escaped
from notation.tree import Expr

_SPACES = {"thin": "\\,", "medium": "\\;", "quad": "\\quad "}
_STYLES = {"roman": "\\mathrm", "bold": "\\mathbf", "blackboard": "\\mathbb", "calligraphic": "\\mathcal"}
_GRIDS = {("(", ")"): "pmatrix", ("[", "]"): "bmatrix", ("{", ""): "cases", ("|", "|"): "vmatrix"}
_PAIRS = {"|": ("\\lvert ", "\\rvert "), "‖": ("\\lVert ", "\\rVert ")}
_ASCII_SIGNS = {"%": "\\%", "{": "\\{", "}": "\\}", "′": "'", "@": "\\text{@}"}


def to_latex(expr: Expr, *, highlight: Collection[Expr] = (), exact: bool = True) -> str:
    """The expression as LaTeX for math mode.

    Sub-expressions equal to one in `highlight` are wrapped in `\\bpmark{...}`, which the sheet's preamble defines.
    With `exact=False` the parentheses of associative products are left out, as people write them.
    """
    return spell(layout(expr, highlight=highlight, exact=exact))


def spell(box: Box) -> str:
    """The LaTeX of boxes."""
    match box:
        case Letter(char):
            return f"\\{symbols.LETTERS[char]}" if char in symbols.LETTERS else char
        case Digits(text):
            return text.replace(GROUP, "\\,")
        case Word(text):
            return f"\\{text}" if text in symbols.WORDS else f"\\operatorname{{{text}}}"
        case Sign(char):
            return _sign(char)
        case Text(text):
            return f"\\text{{{escaped(text)}}}"
        case Space(kind):
            return _SPACES[kind]
        case Row(items):
            return _joined([spell(item) for item in items])
        case Frac(top, bottom):
            return f"\\frac{{{spell(top)}}}{{{spell(bottom)}}}"
        case Script():
            return _script(box)
        case Fence(left, right, body):
            return _fence(left, right, body)
        case Root(body):
            return f"\\sqrt{{{spell(body)}}}"
        case Accent(kind, body):
            inner = spell(body)
            return f"\\{kind} {inner}" if len(inner) == 1 else f"\\{kind}{{{inner}}}"
        case Styled(style, body):
            return f"{_STYLES[style]}{{{spell(body)}}}"
        case Big(char, low, high):
            return (
                f"\\{symbols.BIG[char]}"
                + (f"_{_argument(low)}" if low else "")
                + (f"^{_argument(high)}" if high else "")
            )
        case Grid():
            return _grid(box)
        case Marked(body):
            return f"\\bpmark{{{spell(body)}}}"


def _sign(char: str) -> str:
    if char in symbols.SIGNS:
        return f"\\{symbols.SIGNS[char]}"
    if char in _ASCII_SIGNS:
        return _ASCII_SIGNS[char]
    return char if char.isascii() else symbols.DELIMITERS.get(char, "?")


def _script(box: Script) -> str:
    base = spell(box.base)
    if isinstance(box.base, (Row, Frac, Marked, Big)) and not _ends_fenced(box.base):
        base = f"{{{base}}}"
    sub = f"_{_argument(box.sub)}" if box.sub else ""
    sup = f"^{_argument(box.sup)}" if box.sup else ""
    return base + "'" * box.primes + sub + sup


def _argument(box: Box) -> str:
    """A script: without braces where it is one token, and without spaces around its operators."""
    if box == Sign("⊤"):
        return "\\top"
    text = re.sub(r" ([-+=/:<>]) ", r"\1", spell(box))
    return text if len(text) == 1 else f"{{{text}}}"


def _ends_fenced(box: Box) -> bool:
    return isinstance(box, Row) and isinstance(box.items[-1], Fence)


def _fence(left: str, right: str, body: Box) -> str:
    inner = spell(body)
    if is_tall(body) or not (left and right):
        return f"\\left{symbols.DELIMITERS[left]} {inner} \\right{symbols.DELIMITERS[right]}"
    if left in _PAIRS and left == right:
        opening, closing = _PAIRS[left]
        return f"{opening}{inner} {closing}".rstrip()
    return _joined([symbols.DELIMITERS[left], inner, symbols.DELIMITERS[right]], tight=True)


def _grid(box: Grid) -> str:
    name = _GRIDS.get((box.left, box.right), "matrix")
    body = " \\\\ ".join(" & ".join(spell(cell) for cell in cells) for cells in box.rows)
    return f"\\begin{{{name}}} {body} \\end{{{name}}}"


_SPACED = {"+", "-", "=", "<", ">", ":", "/"} | {f"\\{name}" for name in symbols.SIGNS.values()}


_BIG_STARTS = tuple(f"\\{name}" + mark for name in symbols.BIG.values() for mark in "_^")


def _joined(pieces: list[str], tight: bool = False) -> str:
    """Pieces side by side: spaces around operators, and where a command would swallow the next letter."""
    out = ""
    for i, piece in enumerate(pieces):
        if out and not out.endswith(" ") and _apart(pieces, i, out, tight):
            out += " "
        out += piece
    return out


def _apart(pieces: list[str], i: int, before: str, tight: bool) -> bool:
    """Whether a space is due in front of piece `i`."""
    piece, last = pieces[i], pieces[i - 1]
    if before[-1:].isalpha() and piece[:1].isalpha() and _ends_with_command(before):
        return True
    if last.startswith(_BIG_STARTS):
        return True
    if tight:
        return False
    leading_sign = last in "-+" and i == 1
    return piece in _SPACED or (last in _SPACED and not leading_sign) or (before[-1].isalnum() and piece[:1].isalpha())


def _ends_with_command(text: str) -> bool:
    return text.rstrip(ascii_letters).endswith("\\")
