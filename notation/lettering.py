"""How names, scripts and lists look as boxes."""

from __future__ import annotations

import re

from notation import texlike
from notation.boxes import Box, Fence, Letter, Row, Script, Sign, Space, Text, Word, row
from notation.symbols import LETTERS
from notation.vocabulary import STEPPED


def name_box(name: str) -> Box:
    """The look of a canonical name; words such as `loss` stand upright.

    >>> name_box("W_f")
    Script(base=Letter(char='W'), sub=Letter(char='f'), sup=None, primes=0)
    """
    name = name.rstrip(STEPPED)
    if re.fullmatch(r"[A-Za-z]{2,}", name):
        return Word(name)
    if match := re.fullmatch(r"(.+)_([A-Za-z0-9]{2,})", name):
        base = name_box(match[1])
        return Script(base, name_box(match[2]) if match[2].isalpha() else texlike.read(match[2]))
    return texlike.read(name) or Text(name)


def parenthesised(box: Box) -> Box:
    """The box in parentheses."""
    return Fence("(", ")", box)


def with_script(box: Box, *, sub: Box | None = None, sup: Box | None = None) -> Box:
    """The box with a subscript or superscript added, in parentheses where that place is taken.

    >>> from notation.boxes import Letter
    >>> with_script(Script(Letter("h"), sub=Letter("t")), sup=Sign("⊤"))
    Script(base=Letter(char='h'), sub=Letter(char='t'), sup=Sign(char='⊤'), primes=0)
    """
    if isinstance(box, Script) and not box.primes and not (sub and box.sub) and not (sup and box.sup):
        return Script(box.base, sub or box.sub, sup or box.sup)
    if isinstance(box, (Row, Script)):
        ends_fenced = isinstance(box, Row) and isinstance(box.items[-1], Fence)
        if not ends_fenced:
            box = parenthesised(box)
    return Script(box, sub, sup)


_LETTERS = {name: char for char, name in LETTERS.items()}


def function_word(name: str) -> Box:
    """The upright name of a function, a letter for one that is called by a letter; only letters and digits are kept."""
    if name in _LETTERS:
        return Letter(_LETTERS[name])
    if re.fullmatch(r"[A-Za-z]", name):
        return Letter(name)
    return Word(re.sub(r"[^A-Za-z0-9]", "", name) or "f")


def commas(boxes: list[Box], *, sign: str = ",", tight: bool = False) -> Box:
    """Boxes with a comma or another sign between them; `tight` is for scripts."""
    items: list[Box] = []
    for i, box in enumerate(boxes):
        if i:
            items += [Sign(sign)] if tight else [Sign(sign), Space("medium")]
        items.append(box)
    return row(*items)
