"""LaTeX mathematics as boxes: how a formula looks, with no claim about what it means.

Names of quantities and the `$...$` of an examiner's prose come through here. Only the commands listed in
`notation.symbols` and below are known; anything else gives None and the caller shows the source. Because formulas are
printed again from boxes, this is also the whitelist in front of every typesetter.

>>> from notation.latex import spell
>>> spell(read(r"\\frac{\\partial L}{\\partial c_t}"))
'\\\\frac{\\\\partial L}{\\\\partial c_t}'
>>> read(r"\\input{secret}") is None
True
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

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
    Root,
    Row,
    Script,
    Sign,
    Space,
    Styled,
    Text,
    Word,
    row,
)  # fmt: skip

MAX_LENGTH = 4000  # characters; the longest formula on a real exam sheet is a tenth of this
MAX_DEPTH = 40  # nested groups; keeps hostile input from exhausting the stack

_TOKEN = re.compile(r"\\(?:[A-Za-z]+\*?|.)|\s+|\d+(?:\.\d+)?|.", re.DOTALL)
_SPACES = {
    "\\,": "thin", "\\;": "medium", "\\:": "medium", "\\ ": "medium", "~": "medium", "\\quad": "quad",
    "\\qquad": "quad", "\\thinspace": "thin", "\\enspace": "medium",
}  # fmt: skip
_IGNORED = {
    "\\!",
    "\\displaystyle",
    "\\textstyle",
    "\\limits",
    "\\nolimits",
    "\\left.",
    "\\mathstrut",
    "\\bigl",
    "\\bigr",
}
_STYLES = {
    "\\mathrm": "roman", "\\mathbf": "bold", "\\boldsymbol": "bold", "\\bm": "bold", "\\mathbb": "blackboard",
    "\\mathcal": "calligraphic", "\\mathscr": "calligraphic", "\\mathit": "italic", "\\mathsf": "roman",
    "\\rm": "roman", "\\bf": "bold",
}  # fmt: skip
_TEXTS = {"\\text", "\\textrm", "\\textbf", "\\textit", "\\mbox", "\\texttt"}
_SIZES = re.compile(r"\\[bB]igg?[lrm]?$")
_GRIDS = {
    "pmatrix": ("(", ")"), "bmatrix": ("[", "]"), "matrix": ("", ""), "vmatrix": ("|", "|"), "cases": ("{", ""),
    "aligned": ("", ""), "Bmatrix": ("{", "}"), "array": ("", ""), "smallmatrix": ("", ""),
}  # fmt: skip
_DELIMITERS = {tex: char for char, tex in symbols.DELIMITERS.items() if char} | {
    "\\lvert": "|", "\\rvert": "|", "\\vert": "|", "\\lVert": "‖", "\\rVert": "‖", "\\Vert": "‖", "\\lbrace": "{",
    "\\rbrace": "}", "\\lbrack": "[", "\\rbrack": "]",
}  # fmt: skip
_ASCII_SIGNS = set("+-=<>*/,;:!.|()[]?@%") | {"'"}
_UNICODE = {"−": "-", "⋅": "·", "•": "·", "ᵀ": "⊤", "≦": "≤", "≧": "≥", "→": "→", "*": "∗", "µ": "μ"}


class _UnknownError(Exception):
    """The text uses something outside the whitelist."""


@lru_cache(maxsize=4096)
def read(text: str) -> Box | None:
    """The boxes of a LaTeX formula, or None where it uses something unknown."""
    if len(text) > MAX_LENGTH:
        return None
    reader = _Reader(_TOKEN.findall(text))
    try:
        box = reader.sequence(stop=frozenset())
    except _UnknownError:
        return None
    return box if reader.at_end() and box != Row(()) else None


class _Reader:
    """Recursive descent over the tokens of one formula."""

    def __init__(self, tokens: list[str]) -> None:
        self.tokens = tokens
        self.position = 0
        self.depth = 0

    def at_end(self) -> bool:
        self.skip_space()
        return self.position >= len(self.tokens)

    def skip_space(self) -> None:
        while self.position < len(self.tokens) and self.tokens[self.position].isspace():
            self.position += 1

    def peek(self) -> str:
        self.skip_space()
        return self.tokens[self.position] if self.position < len(self.tokens) else ""

    def take(self) -> str:
        token = self.peek()
        if not token:
            raise _UnknownError
        self.position += 1
        return token

    def expect(self, token: str) -> None:
        if self.take() != token:
            raise _UnknownError

    def sequence(self, stop: frozenset[str]) -> Box:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise _UnknownError
        items: list[Box] = []
        while (token := self.peek()) and token not in stop:
            if token in _IGNORED or _SIZES.match(token):
                self.take()
            elif (atom := self.scripted()) is not None:
                items.append(atom)
        self.depth -= 1
        return row(*items)

    def scripted(self) -> Box:
        base: Box = Row(()) if self.peek() in ("^", "_") else self.atom()
        sub: Box | None = None
        sup: Box | None = None
        primes = 0
        while (token := self.peek()) in ("^", "_", "'", "\\limits", "\\nolimits"):
            self.take()
            if token == "'":
                primes += 1
            elif token == "_" and sub is None:
                sub = self.argument()
            elif token == "^" and sup is None:
                sup = self.argument()
            elif token in ("^", "_"):
                raise _UnknownError
        if sup == Sign("′"):
            sup, primes = None, primes + 1
        if isinstance(base, Big):
            return Big(base.char, sub, sup)
        return Script(base, sub, sup, primes) if sub or sup or primes else base

    def argument(self) -> Box:
        if self.peek() == "{":
            return self.group()
        token = self.peek()
        if len(token) > 1 and token[0].isdigit():  # as in TeX, `x^12` raises only the 1
            self.tokens[self.position] = token[1:]
            return Digits(token[0])
        return self.atom()

    def group(self) -> Box:
        self.expect("{")
        body = self.sequence(frozenset("}"))
        self.expect("}")
        return body

    def verbatim(self) -> str:
        self.expect("{")
        start, nesting = self.position, 1
        while nesting:
            if self.position >= len(self.tokens):
                raise _UnknownError
            nesting += {"{": 1, "}": -1}.get(self.tokens[self.position], 0)
            self.position += 1
        return "".join(self.tokens[start : self.position - 1])

    def atom(self) -> Box:
        token = self.take()
        if token == "{":
            self.position -= 1
            return self.group()
        if token[0].isdigit():
            return Digits(token)
        if token in _SPACES:
            return Space(_SPACES[token])  # type: ignore[arg-type]  # the values of _SPACES are the literals of Space
        if token in _DELIMITERS and token.startswith("\\"):
            return Sign(_DELIMITERS[token])
        if token.startswith("\\"):
            return self.command(token[1:])
        return self.character(token)

    def character(self, char: str) -> Box:
        char = _UNICODE.get(char, char)
        if (char.isascii() and char.isalpha()) or char in symbols.LETTERS:
            return Letter(char)
        if char in symbols.BIG:
            return Big(char)
        if char in symbols.SIGNS or char in _ASCII_SIGNS:
            return Sign(char)
        plain = unicodedata.normalize("NFKC", char)
        if len(plain) == 1 and plain != char:
            return self.character(plain)
        raise _UnknownError

    def command(self, name: str) -> Box:
        name = name.removesuffix("*") if name.startswith("operatorname") else name
        if name in symbols.COMMANDS:
            return self.character(symbols.COMMANDS[name])
        if name in symbols.WORDS:
            return Word(name)
        if name in ("frac", "dfrac", "tfrac", "cfrac"):
            return Frac(self.argument(), self.argument())
        if name == "sqrt" and self.peek() != "[":
            return Root(self.argument())
        if name in symbols.ACCENTS or name in ("widehat", "widetilde"):
            return Accent(name.removeprefix("wide"), self.argument())
        if name == "prime":
            return Sign("′")
        if name == "operatorname":
            word = self.verbatim()
            if not re.fullmatch(r"[A-Za-z0-9 ]+", word):
                raise _UnknownError
            return Word(word)
        if "\\" + name in _TEXTS:
            return Text(self.verbatim())
        if "\\" + name in _STYLES:
            return self.styled(_STYLES["\\" + name])
        if name == "left":
            return self.fenced()
        if name == "begin":
            return self.grid()
        if name in "%$&#_":
            return Text(name)
        raise _UnknownError

    def styled(self, style: str) -> Box:
        body = self.argument()
        letters = "".join(
            b.char if isinstance(b, Letter) else "?" for b in (body.items if isinstance(body, Row) else (body,))
        )
        if style == "roman" and len(letters) > 1 and "?" not in letters and letters.isascii():
            return Word(letters)
        return body if style == "italic" else Styled(style, body)  # type: ignore[arg-type]  # a Style by _STYLES

    def delimiter(self) -> str:
        token = self.take()
        if token == ".":
            return ""
        if token in _DELIMITERS:
            return _DELIMITERS[token]
        raise _UnknownError

    def fenced(self) -> Box:
        left = self.delimiter()
        body = self.sequence(frozenset({"\\right"}))
        self.expect("\\right")
        return Fence(left, self.delimiter(), body)

    def grid(self) -> Box:
        kind = self.verbatim().removesuffix("*")
        if kind not in _GRIDS:
            raise _UnknownError
        if kind == "array":
            self.verbatim()
        rows: list[tuple[Box, ...]] = []
        cells: list[Box] = []
        while True:
            cells.append(self.sequence(frozenset({"&", "\\\\", "\\end"})))
            token = self.take()
            if token == "&":
                continue
            if cells != [Row(())]:
                rows.append(tuple(cells))
            cells = []
            if token == "\\end":
                break
        if self.verbatim().removesuffix("*") != kind or not rows:
            raise _UnknownError
        return Grid(tuple(rows), *_GRIDS[kind])
