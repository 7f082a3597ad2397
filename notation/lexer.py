"""Text to tokens: LaTeX, Unicode and plain ASCII, mixed in one line, become the same few tokens.

Spacing commands, font commands, `\\left`/`\\right` and math delimiters carry no meaning and vanish here; Unicode
sub- and superscripts become `_{...}` and `^{...}`; accents, precomposed or combining, become accent tokens.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace

from notation.errors import ReadError
from notation.lexicon import (
    ACCENT_COMMANDS,
    CHARACTERS,
    COMBINING,
    FONTS,
    GREEK,
    GREEK_LETTERS,
    MODULES,
    OPERATOR_COMMANDS,
    SPACES,
    SPELLED_OPERATORS,
    STRUCTURE,
    SUBSCRIPTS,
    SUPERSCRIPTS,
    TEXT_COMMANDS,
)
from notation.limits import MAX_DIGITS, MAX_TEXT, MAX_TOKENS
from notation.tokens import Token, angled, matching_brace, unbraced

_NUMBER = re.compile(r"(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d{1,3}(?![\w.]))?")
_GROUPED = re.compile(r"\d{1,3}(?:(?:,|\{,\}|\\,|\u2009|\u202f)\d{3})+(?![\d])(?:\.\d+)?")
_INDIAN = re.compile(r"\d{1,2}(?:,\d{2})*,\d{3}(?!\d)")
_EINSUM = re.compile(r"einsum\(\s*['\"]([a-z, ]+->[a-z ]*)['\"]\s*,")
_METHOD = re.compile(r"\.(sum|mean|max|min|exp|log|tanh|sigmoid|abs|sqrt|pow)\(")
_LETTERS = re.compile(r"[A-Za-z]+")
_COMMAND = re.compile(r"\\([A-Za-z]+)\*?")
_OPERATORS = ("<=", ">=", "!=", "==", ":=", "~=", "->", "=>", "**", ".*", "./", ".^", "...", "..", "||", "&&", "//")
_OPERATOR_TEXT = {
    "==": "=",
    ":=": "=",
    "~=": "=",
    "**": "^",
    ".*": "elementwise",
    "./": "/",
    ".^": "^",
    "=>": "sep",
    "->": "sep",
}


def tokenize(text: str, *, thousands: bool = True) -> list[Token]:
    """Split `text` into tokens; raises `ReadError` on a character that has no meaning in mathematics.

    >>> [t.text for t in tokenize(r"\\frac{\\partial L}{\\partial c_t}")]
    ['frac', '{', 'partial', 'L', '}', '{', 'partial', 'c', '_', 't', '}']
    >>> [t.text for t in tokenize("hₜ₋₁²")]
    ['h', '_', '{', 't', '-', '1', '}', '^', '{', '2', '}']
    """
    if len(text) > MAX_TEXT:
        raise ReadError(
            f"this answer has {len(text)} characters; at most {MAX_TEXT} are read", text, (MAX_TEXT, MAX_TEXT + 1)
        )
    lexer = _Lexer(text, thousands)
    lexer.run(0, len(text))
    if len(lexer.tokens) > MAX_TOKENS:
        raise ReadError(f"this answer has more than {MAX_TOKENS} symbols", text, (len(text) - 1, len(text)))
    return angled(unbraced(lexer.tokens))


class _Lexer:
    def __init__(self, text: str, thousands: bool) -> None:
        self.text = text
        self.thousands = thousands
        self.tokens: list[Token] = []
        self.space = False
        self.roman = False

    def put(self, kind: str, text: str, start: int, end: int) -> None:
        self.tokens.append(Token(kind, text, start, end, self.space, self.roman))
        self.space = False

    def run(self, position: int, stop: int) -> None:
        while position < stop:
            position = self.step(position, stop)

    def step(self, i: int, stop: int) -> int:
        text, c = self.text, self.text[i]
        if c == "\n":
            self.put("newline", "\n", i, i + 1)
            self.space = True
            return i + 1
        if c == "~" and self._ends_operand(i) and not {"\\", "$"} & set(text) and self.tokens[-1].kind == "name":
            self.put("combining", "tilde", i, i + 1)  # C~_t in plain text; in LaTeX a tie
            return i + 1
        if c.isspace() or c in SPACES:
            self.space = True
            return i + 1
        if c == "\\" and text[i + 1 : i + 2] in {"*", "_"} and i + 1 < stop:
            return i + 1  # escaped for Markdown, as in D\*(K-1)
        if c == "\\":
            return self.command(i, stop)
        if c == "$":
            width = 2 if text.startswith("$$", i) else 1
            self.put("dollar", "$", i, i + width)
            return i + width
        if c == "`":
            self.space = True
            return i + 1
        if (c.isdigit() and c.isascii()) or (c == "." and text[i + 1 : i + 2].isdigit() and not self._ends_operand(i)):
            return self.numeral(i, stop)
        if c.isascii() and c.isalpha():
            return self.letters(i, stop)
        for operator in _OPERATORS:
            if text.startswith(operator, i):
                kind = _OPERATOR_TEXT.get(operator, operator)
                if operator in {"...", ".."}:
                    self.put("ellipsis", "...", i, i + len(operator))
                elif operator in {"=>", "->"}:
                    self.put("sep", operator, i, i + 2)
                else:
                    self.put("op", kind, i, i + len(operator))
                return i + len(operator)
        if c == "." and text[i + 1 : i + 2] == "T" and not text[i + 2 : i + 3].isalnum() and self._ends_operand(i):
            self.put("op", "^", i, i + 1)
            self.put("top", "T", i + 1, i + 2)
            return i + 2
        if c == "." and self._is_product_dot(i):
            self.put("op", "dot", i, i + 1)  # dL/dh_t . o_t
            return i + 1
        if text.startswith(".dot(", i) and self._ends_operand(i):
            self.put("op", "matrix", i, i + 4)
            return i + 4
        method = _METHOD.match(text, i, stop)
        if method is not None and self._ends_operand(i):
            self.put("method", method[1], i, method.end() - 1)
            return method.end() - 1
        if c == "%":
            return self.percent(i, stop)
        return self.character(i, stop)

    def _is_product_dot(self, i: int) -> bool:
        """Whether a dot with white space on both sides stands between two factors; a sentence ends without a space."""
        text = self.text
        spaced = i > 0 and text[i - 1] == " " and text[i + 1 : i + 2] == " "
        last = self.tokens[-1] if self.tokens else None
        operand = last is not None and (last.kind in {"name", "num", "greek"} or last.text in {")", "]", "}"})
        return spaced and operand and (text[i + 2 : i + 3].isalnum() or text[i + 2 : i + 3] in {"(", "\\", "["})

    def letters(self, i: int, stop: int) -> int:
        match = _LETTERS.match(self.text, i, stop)
        assert match is not None
        run, end = match[0], match.end()
        spec = _EINSUM.match(self.text, i, stop)
        if spec is not None:
            self.put("name", f"einsum:{spec[1].replace(' ', '')}", i, spec.end() - 1)
            self.tokens[-1] = replace(self.tokens[-1], roman=True)
            self.put("op", "(", spec.end() - 1, spec.end())
            return spec.end()
        if run in {"tilde", "hat"} and self._after_letter(i) and not self.text[end : end + 1].isalnum():
            self.put("combining", run, i, end)  # C tilde
            return end
        if run in MODULES and self.text[end : end + 1] == "." and self.text[end + 1 : end + 2].isalpha():
            return end + 1  # np.tanh
        if run in {"ones", "ones_like"}:
            self.put("ones", "1", i, end)
            return end
        if run in SPELLED_OPERATORS:
            kind, canonical = SPELLED_OPERATORS[run]
            self.put(kind, canonical, i, end)
        elif len(run) > 1 and run in GREEK:
            self.put("greek", GREEK[run], i, end)
        else:
            self.put("name", run, i, end)
        return end

    def _after_letter(self, i: int) -> bool:
        """Whether one letter and a space stand before position i, and no formula that goes on."""
        last = self.tokens[-1] if self.tokens else None
        return last is not None and last.kind == "name" and len(last.text) == 1 and last.end == i - 1 and self.space

    def _ends_operand(self, i: int) -> bool:
        """Whether the token just before position i can end an operand (so that a dot is not a decimal point)."""
        if not self.tokens or self.tokens[-1].end != i:
            return False
        last = self.tokens[-1]
        return last.kind in {"name", "num", "top", "greek"} or last.text in {")", "]", "}"}

    def percent(self, i: int, stop: int) -> int:
        # A bare % starts a comment in LaTeX and means "percent" after a number elsewhere.
        if self.tokens and self.tokens[-1].kind == "num":
            self.put("percent", "%", i, i + 1)
            return i + 1
        end = self.text.find("\n", i, stop)
        return end if end >= 0 else stop

    def numeral(self, i: int, stop: int) -> int:
        match = None
        if self.thousands:
            match = _GROUPED.match(self.text, i, stop) or _INDIAN.match(self.text, i, stop)
        match = match or _NUMBER.match(self.text, i, stop)
        assert match is not None
        digits = re.sub(r"[,{}\\\u2009\u202f]", "", match[0])
        end = match.end()
        if len(digits) > MAX_DIGITS:
            raise ReadError(f"a number with more than {MAX_DIGITS} digits", self.text, (i, end))
        self.put("num", digits, i, end)
        # `199x199`: between digits, x is a multiplication sign
        rest = re.compile(r"[^\S\n]*[xX][^\S\n]*(?=[\d(])").match(self.text, end, stop)
        if rest and (rest[0].strip() == rest[0] or rest[0] != rest[0].strip()):
            at = end + rest[0].lower().index("x")
            self.put("op", "times", at, at + 1)
            return rest.end()
        return end

    def command(self, i: int, stop: int) -> int:
        text = self.text
        match = _COMMAND.match(text, i, stop)
        if match is None:
            nxt = text[i + 1 : i + 2]
            if nxt == "\\":
                end = i + 2
                gap = re.compile(r"\s*\[[^\]\n]{0,12}\]").match(text, end, stop)  # row spacing, as in \\[2pt]
                if gap and re.search(r"(pt|em|ex|mm|cm)\]$", gap[0]):
                    end = gap.end()
                self.put("row", "\\\\", i, end)
                return end
            if nxt in {"{", "}"}:
                self.put("op", "\\" + nxt, i, i + 2)
            elif nxt == "|":
                self.put("op", "||", i, i + 2)
            elif nxt in {"(", ")", "[", "]"}:
                self.put("dollar", "$", i, i + 2)
            elif nxt in {",", ";", ":", "!", " ", "\n", "/", "-", ">", "&"}:
                self.space = True
            elif nxt in {"%", "_", "#", "$"}:
                self.put("percent" if nxt == "%" else "op", nxt, i, i + 2)
            elif nxt == "'" or nxt == "`" or nxt == '"' or nxt == "^" or nxt == "~":
                self.space = True
            else:
                raise ReadError(
                    "a backslash must be followed by a command name",
                    text,
                    (i, i + 1),
                    "remove it, or write \\frac, \\sigma, ...",
                )
            return i + 2
        name, end = match[1], match.end()
        if name in FONTS:
            return self.styled(end, stop, roman=name in {"mathrm", "operatorname", "textrm", "rm", "mathsf", "mathtt"})
        if name in TEXT_COMMANDS:
            return self.styled(end, stop, roman=True)
        if name in {
            "left",
            "right",
            "big",
            "Big",
            "bigg",
            "Bigg",
            "bigl",
            "bigr",
            "Bigl",
            "Bigr",
            "biggl",
            "biggr",
            "middle",
        }:
            return end + 1 if text[end : end + 1] == "." and name in {"left", "right"} else end
        if name in STRUCTURE:
            self.put("cmd", STRUCTURE[name], i, end)
        elif name in {"begin", "end"}:
            return self.environment(name, i, end, stop)
        elif name in ACCENT_COMMANDS:
            self.put("accent", ACCENT_COMMANDS[name], i, end)
        elif name in OPERATOR_COMMANDS:
            kind, canonical = OPERATOR_COMMANDS[name]
            if kind == "space":
                self.space = True
            else:
                self.put(kind, canonical, i, end)
        elif name in GREEK:
            self.put("greek", GREEK[name], i, end)
        else:
            # An unknown command may be a function name (\softmax, \diag, \ReLU): the reader knows them all.
            self.put("name", name, i, end)
            self.tokens[-1] = replace(self.tokens[-1], roman=True)
        return end

    def styled(self, end: int, stop: int, *, roman: bool) -> int:
        """Read what a font command applies to with its letters kept together."""
        while end < stop and self.text[end].isspace():
            end += 1
        if self.text[end : end + 1] != "{":
            if not roman and self.text[end : end + 1] == "1" and not self.text[end + 1 : end + 2].isdigit():
                self.put("ones", "1", end, end + 1)  # \mathbf 1
                return end + 1
            return end
        close = matching_brace(self.text, end)
        if close < 0 or close >= stop:
            raise ReadError("this '{' is never closed", self.text, (end, end + 1), "add the missing '}'")
        before, self.roman = self.roman, roman or self.roman
        count = len(self.tokens)
        self.run(end + 1, close)
        self.roman = before
        inner = self.tokens[count:]
        bold_one = len(inner) == 1 and inner[0].kind == "num" and inner[0].text == "1"
        if bold_one:
            self.tokens[-1] = replace(inner[0], kind="ones")
        elif len(inner) > 1 and not roman:  # {\bf W_f}: keep the grouping of a styled group
            self.tokens[count:] = [
                Token("op", "{", end, end + 1, inner[0].space),
                *inner,
                Token("op", "}", close, close + 1),
            ]
        return close + 1

    def environment(self, name: str, i: int, end: int, stop: int) -> int:
        match = re.compile(r"\s*\{([A-Za-z]+)\*?\}(?:\[[^\]]*\])?").match(self.text, end, stop)
        if match is None:
            raise ReadError(f"\\{name} needs the name of an environment", self.text, (i, end), f"\\{name}{{cases}}")
        after = match.end()
        if match[1] == "array" and name == "begin":
            columns = re.compile(r"\s*\{[^}]*\}").match(self.text, after, stop)
            after = columns.end() if columns else after
        if match[1] in {"cases", "array"} or match[1].endswith("matrix"):
            self.put(name, "cases" if match[1] == "cases" else "matrix", i, after)
        else:  # align, equation, gather, split, itemize: layout only
            self.put("newline", "\n", i, after)
        return after

    def character(self, i: int, stop: int) -> int:
        c = self.text[i]
        for table, opener in ((SUBSCRIPTS, "_"), (SUPERSCRIPTS, "^")):
            if c in table:
                return self.scripts(i, stop, table, opener)
        if c in CHARACTERS:
            kind, canonical = CHARACTERS[c]
            self.put(kind, canonical, i, i + 1)
            return i + 1
        if c in GREEK_LETTERS:
            self.put("greek", GREEK_LETTERS[c], i, i + 1)
            return i + 1
        if c in COMBINING:
            self.put("combining", COMBINING[c], i, i + 1)
            return i + 1
        plain = unicodedata.normalize("NFKC", c)
        if plain != c and len(plain) == 1 and (plain.isalnum() or plain in CHARACTERS):
            if plain in GREEK_LETTERS:
                self.put("greek", GREEK_LETTERS[plain], i, i + 1)
            else:
                self.put("num" if plain.isdigit() else "name", plain, i, i + 1)
            return i + 1
        parts = unicodedata.normalize("NFD", c)
        if len(parts) == 2 and parts[1] in COMBINING and (parts[0].isalpha()):
            kind, base = ("greek", GREEK_LETTERS[parts[0]]) if parts[0] in GREEK_LETTERS else ("name", parts[0])
            self.put(kind, base, i, i + 1)
            self.put("combining", COMBINING[parts[1]], i, i + 1)
            return i + 1
        if c.isalpha():  # letters of other scripts belong to words
            end = i + 1
            while end < stop and (self.text[end].isalpha() or unicodedata.combining(self.text[end])):
                end += 1
            self.put("word", self.text[i:end], i, end)
            return end
        if unicodedata.category(c) in {"Cf", "Mn", "So", "Cs", "Co"}:  # zero-width marks, emoji: no mathematics
            self.space = True
            return i + 1
        shown = c if c.isprintable() else f"U+{ord(c):04X}"
        raise ReadError(f"the character {shown!r} has no meaning in a formula", self.text, (i, i + 1), "remove it")

    def scripts(self, i: int, stop: int, table: dict[str, str], opener: str) -> int:
        end = i
        while end < stop and self.text[end] in table:
            end += 1
        self.put("op", opener, i, i + 1)
        if self.text[i:end] in {"ᵀ", "ᵗ"} and opener == "^":
            self.put("top", "T", i, end)
            return end
        self.put("op", "{", i, i + 1)
        for k in range(i, end):
            inner = table[self.text[k]]
            kind = (
                "num"
                if inner.isdigit()
                else "greek"
                if inner in GREEK_LETTERS.values()
                else "name"
                if inner.isalpha()
                else "op"
            )
            if kind == "num" and self.tokens[-1].kind == "num" and self.tokens[-1].end == k:
                self.tokens[-1] = replace(self.tokens[-1], text=self.tokens[-1].text + inner, end=k + 1)
            else:
                self.put(kind, inner, k, k + 1)
        self.put("op", "}", end - 1, end)
        return end
