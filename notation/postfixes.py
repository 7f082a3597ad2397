"""What follows a factor: powers, transposes, components, blocks, primes."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import replace

from notation.names import Names, component
from notation.tokens import Token
from notation.tree import (
    Add,
    Block,
    Call,
    Div,
    Expr,
    Mul,
    Neg,
    Num,
    Partial,
    Pow,
    Ref,
    Transpose,
    number,
)
from notation.vocabulary import Symbol, group, split_commas


class Postfixes(Names):
    """The part of the reader that knows what may follow a factor."""

    depth: int

    @abstractmethod
    def primary(self) -> Expr:
        """A number, a name, a bracket, a function, a derivative, a sum; supplied by the parser."""

    @abstractmethod
    def sub(self, tokens: list[Token]) -> Expr:
        """Read a token list as one expression of its own; supplied by the parser."""

    def factor(self) -> Expr:
        """A primary with its postfixes: powers, transposes, components, primes."""
        start = self.here()
        value = self.primary()
        while (token := self.peek()) is not None:
            if token.kind == "op" and token.text == "^":
                value = self.power(value, start)
            elif token.kind == "top":
                self.pos += 1
                value = Transpose(value, span=(start, self.before()))
            elif token.kind == "op" and token.text == "_":
                self.pos += 1
                inner = self.bracketed() or []
                value = component(value, self.indices_of(inner), (start, self.before()))
            elif token.kind == "op" and token.text in {"'", "''"} and not isinstance(value, Num):
                self.pos += 1
                value = Transpose(value, span=(start, self.before()))
            elif token.kind == "op" and token.text == "[" and not token.space and self._is_component(value):
                end = self.closing(self.pos)
                inner = self.tokens[self.pos + 1 : end]
                self.pos = end + 1
                value = component(value, self.indices_of(inner), (start, self.before()))
            elif token.kind == "method":
                value = self.method(value, start)
            elif token.kind == "percent":
                self.pos += 1
                value = Div(value, number(100), span=(start, self.before()))
            elif token.kind == "op" and token.text == "!":
                raise self.error("factorials are not part of the language")
            else:
                break
        return value

    def method(self, value: Expr, start: int) -> Expr:
        """`x.sum()`, `x.pow(2)`: a function in the style of code, keyword arguments left aside."""
        name = self.take().text
        end = self.closing(self.pos)
        if end < 0:
            raise self.error("this '(' is never closed", "add the missing ')'")
        inner = self.tokens[self.pos + 1 : end]
        self.pos = end + 1
        pieces = [p for p in split_commas(inner) if not (len(p) > 1 and p[1].text == "=") and len(p) > 0]
        span = (start, self.before())
        if name == "pow" and pieces:
            return Pow(value, self.sub(pieces[0]), span=span)
        return Call(name, (value,), span=span)

    def _is_component(self, value: Expr) -> bool:
        """Whether `[` after a bracketed expression selects a component: `(U^T d)[j]`, not `(W)[h, x]`."""
        end = self.closing(self.pos)
        inner = self.tokens[self.pos + 1 : end] if end > 0 else []
        previous = self.tokens[self.pos - 1] if self.pos else None
        simple = bool(inner) and all(t.kind == "num" or t.text == "," or self._is_letter(t) for t in inner)
        closed = {")", "]", "}"} if isinstance(value, Partial) else {")", "]"}
        return simple and previous is not None and previous.text in closed and not isinstance(value, Num)

    def _is_letter(self, token: Token) -> bool:
        """Whether a token consists of index letters."""
        letters = self.vocabulary.quantities
        return token.kind == "name" and all(
            c in "ijklpqr" or c in self.bound or ((q := letters.get(c)) is not None and q.role == "index")
            for c in token.text
        )

    def indices_of(self, tokens: list[Token]) -> list[Expr]:
        """All indices in a bracket or subscript."""
        from notation.vocabulary import split_commas

        if not tokens:
            raise self.error("an empty subscript", "(\\cdot)_i")
        return [e for piece in split_commas(tokens) for e in self.indices(piece)]

    def power(self, base: Expr, start: int) -> Expr:
        """What follows `^`: a transpose, an inverse, an elementwise power."""
        self.pos += 1
        token = self.peek()
        if token is None:
            raise self.error("'^' needs an exponent", "x^2")
        inner, _ = group(self.tokens, self.pos)
        texts = [t.text for t in inner]
        if token.kind == "top" or (texts in (["T"], ["top"], ["t"]) and not self._scalar_power(base, texts)):
            self.bracketed()
            return Transpose(base, span=(start, self.before()))
        if texts in (["'"], ["''"]):
            self.bracketed()
            return Transpose(base, span=(start, self.before()))
        if texts in (["-", "T"], ["-", "top"]):
            self.bracketed()
            return Transpose(Pow(base, number(-1), span=(start, self.before())), span=(start, self.before()))
        if len(texts) == 3 and texts[0] == "[" and texts[2] == "]" and inner[1].kind == "num":  # W_f^{[1]}: a block
            self.bracketed()
            return Block(base, self._blocked_axis(base), int(texts[1]) - 1, span=(start, self.before()))
        if texts and texts[0] == "elementwise" and len(texts) > 1:  # x^{\odot 2}
            tokens = self.bracketed() or []
            return Pow(base, self.sub(tokens[1:]), span=(start, self.before()))
        if token.kind == "op" and token.text in {"{", "("}:
            if token.text == "(":
                exponent = self.primary()
            else:
                exponent = self.sub(self.bracketed() or [])
        elif token.kind == "op" and token.text in {"-", "+"}:
            self.pos += 1
            exponent = self.primary()
            exponent = Neg(exponent) if token.text == "-" else exponent
        elif token.kind == "name" and len(token.text) > 1 and self.vocabulary.latex:
            self.tokens[self.pos : self.pos + 1] = [
                replace(token, text=token.text[0], end=token.start + 1),
                replace(token, text=token.text[1:], start=token.start + 1, space=False),
            ]
            exponent = self.primary()
        else:
            exponent = self.primary()
            if self.at_op("^"):  # powers of powers bind to the right
                exponent = self.power(exponent, self.here())
        return Pow(base, exponent, span=(start, self.before()))

    def _blocked_axis(self, base: Expr) -> int:
        """The axis of a declared matrix that consists of blocks (columns if none is known)."""
        quantity = self.vocabulary.quantities.get(base.name) if isinstance(base, Ref) else None
        blocked = [k for k, dim in enumerate(quantity.shape or ()) if len(dim) > 1] if quantity is not None else []
        return blocked[0] if blocked else 1

    def _scalar_power(self, base: Expr, texts: list[str]) -> bool:
        """`x^t` with a scalar x is a power; with a vector it is not (a T is then a transpose)."""
        if texts == ["t"]:
            return not isinstance(base, (Ref, Mul, Add)) or self.vocabulary.open
        if isinstance(base, Num):
            return True
        if isinstance(base, Ref):
            quantity = self.vocabulary.quantities.get(base.name)
            return quantity is not None and quantity.shape == () and self.vocabulary.find(Symbol("T")) is not None
        return False
