"""A place in a list of tokens, with the errors that point at it."""

from __future__ import annotations

from notation.errors import ReadError
from notation.tokens import Token
from notation.tree import Span
from notation.vocabulary import Vocabulary

_OPEN = {"(": ")", "[": "]", "{": "}", "\\{": "\\}"}
_SHOWN = {
    "elementwise": "⊙",
    "times": "×",
    "dot": "·",
    "outer": "⊗",
    "in": "∈",
    "\\{": "{",
    "\\}": "}",
    "top": "^T",
    "partial": "∂",
}


class Cursor:
    """Moves over tokens; `bound` are the variables of the sums that surround the place."""

    def __init__(
        self, tokens: list[Token], text: str, vocabulary: Vocabulary, bound: frozenset[str] = frozenset()
    ) -> None:
        self.tokens = tokens
        self.text = text
        self.vocabulary = vocabulary
        self.bound = bound
        self.pos = 0
        self.depth = 0

    def peek(self, ahead: int = 0) -> Token | None:
        """The token at the place, or None at the end."""
        i = self.pos + ahead
        return self.tokens[i] if i < len(self.tokens) else None

    def at_op(self, *texts: str, ahead: int = 0) -> bool:
        """Whether an operator token with one of these texts comes next."""
        token = self.peek(ahead)
        return token is not None and token.kind == "op" and token.text in texts

    def take(self) -> Token:
        """The next token, which is consumed."""
        token = self.peek()
        if token is None:
            raise self.error("the formula ends too early", "finish it, or remove the last operator")
        self.pos += 1
        return token

    def accept(self, *texts: str) -> Token | None:
        """Consume the next token if it is one of these operators."""
        return self.take() if self.at_op(*texts) else None

    def expect(self, text: str, what: str) -> Token:
        """Consume an operator that must come next."""
        if self.at_op(text):
            return self.take()
        raise self.error(f"expected {what}", f"add '{_SHOWN.get(text, text)}'")

    def error(self, message: str, hint: str = "", span: Span | None = None) -> ReadError:
        """A `ReadError` at the place (or at `span`)."""
        if span is None:
            token = self.peek()
            if token is not None:
                span = (token.start, token.end)
                typed = self.text[token.start : token.end].strip() or token.text
                message = f"{message}, found '{_SHOWN.get(token.text, typed)}'"
            else:
                end = self.tokens[-1].end if self.tokens else len(self.text)
                span = (end, end + 1)
        return ReadError(message, self.text, span, hint)

    def here(self) -> int:
        """The text position of the next token."""
        token = self.peek()
        return token.start if token else (self.tokens[-1].end if self.tokens else 0)

    def before(self) -> int:
        """The text position just after the last consumed token."""
        return self.tokens[self.pos - 1].end if self.pos else self.here()

    def closing(self, start: int) -> int:
        """The index of the token that closes the bracket at token index `start`, or -1."""
        if start >= len(self.tokens):
            return -1
        opener = self.tokens[start].text
        closer = _OPEN.get(opener)
        depth = 0
        for i in range(start, len(self.tokens)):
            token = self.tokens[i]
            if token.kind != "op":
                continue
            depth += (token.text == opener) - (token.text == closer)
            if depth == 0:
                return i
        return -1

    def bracketed(self) -> list[Token] | None:
        """The tokens of a single token or braced group at the place, consumed; None at the end."""
        token = self.peek()
        if token is None:
            return None
        if token.kind == "op" and token.text == "{":
            end = self.closing(self.pos)
            if end < 0:
                raise self.error("this '{' is never closed", "add the missing '}'", (token.start, token.end))
            inner = self.tokens[self.pos + 1 : end]
            self.pos = end + 1
            return inner
        self.pos += 1
        return [token]
