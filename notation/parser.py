"""The grammar of formulas: precedence climbing over tokens, with names resolved as they are met.

A Pratt reader rather than a table-driven one: whether `f (t)` is a call, a time or a product depends on declared names
and on white space, which an LALR grammar cannot see; and the caret needs the place, not the state.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from notation.cursor import Cursor
from notation.errors import ReadError
from notation.lexer import Token
from notation.limits import MAX_DEPTH
from notation.names import Names, component
from notation.tree import (
    Add,
    Block,
    Call,
    Cases,
    Compare,
    Concat,
    DerivativeKind,
    Div,
    Expr,
    Identity,
    Indicator,
    Matrix,
    Mul,
    Neg,
    Num,
    Ones,
    Partial,
    Pow,
    Product,
    Ref,
    Relation,
    Transpose,
    Vector,
    number,
)
from notation.vocabulary import Symbol, group

_PRODUCTS: dict[str, Product] = {
    "*": "star",
    "times": "star",
    "dot": "dot",
    "elementwise": "elementwise",
    "@": "matrix",
    "outer": "outer",
    "matrix": "matrix",
}
_RELATIONS: dict[str, Relation] = {"=": "=", "<": "<", "<=": "<=", ">": ">", ">=": ">=", "!=": "!=", "in": "in"}
_STARTS_OP = {"(", "[", "{", "\\{", "langle"}
_STARTS_CMD = {"frac", "sqrt", "sum", "product", "lfloor", "lceil", "lvert", "lnorm", "overset", "underbrace"}


@dataclass(frozen=True, slots=True)
class Differential(Expr):
    """Half of a derivative, `∂L` or `∂c_t`; never leaves the reader."""

    of: Expr | None
    kind: DerivativeKind = "total"


class Parser(Names):
    """Reads one expression or chain of relations."""

    # -- sums and relations -----------------------------------------------------------------------------------------

    def relation(self) -> Expr:
        """A sum, or a chain of relations between sums."""
        start = self.here()
        sides = [self.sum_expression()]
        relations: list[Relation] = []
        while (token := self.peek()) is not None and token.kind == "op" and token.text in _RELATIONS:
            self.pos += 1
            relations.append(_RELATIONS[token.text])
            sides.append(self.sum_expression())
        if not relations:
            return sides[0]
        return Compare(tuple(sides), tuple(relations), span=(start, self.before()))

    def sum_expression(self) -> Expr:
        """Terms joined by + and -."""
        start = self.here()
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.error("brackets are nested too deeply")
        terms: list[Expr] = []
        sign = self.accept("+", "-", "pm")
        while True:
            if sign is not None and sign.text == "pm":
                raise self.error("± does not say which sign is meant", "write + or -", (sign.start, sign.end))
            while self.at_op("+", "-") and sign is not None:  # `+ -a`
                nxt = self.take()
                sign = replace(nxt, text="-" if (sign.text == "-") != (nxt.text == "-") else "+")
            term = self.product()
            terms.append(Neg(term, span=(sign.start, self.before())) if sign is not None and sign.text == "-" else term)
            sign = self.accept("+", "-", "pm")
            if sign is None:
                break
        self.depth -= 1
        return terms[0] if len(terms) == 1 else Add(tuple(terms), span=(start, self.before()))

    # -- products -----------------------------------------------------------------------------------------------------

    def product(self) -> Expr:
        """Factors joined by a product sign, a slash or nothing."""
        start = self.here()
        left = self.factor()
        while (token := self.peek()) is not None:
            if token.kind == "op" and token.text in _PRODUCTS:
                self.pos += 1
                right = self.signed_factor()
                left = Mul(left, right, _PRODUCTS[token.text], span=(start, self.before()))
            elif token.kind == "op" and token.text in {"/", "//"}:
                self.pos += 1
                left = Div(left, self.denominator(left), span=(start, self.before()))
            elif self.starts_factor(token):
                right = self.factor()
                left = self._juxtaposed(left, right, start)
            elif (
                token.kind == "num"
                and self.pos
                and self.tokens[self.pos - 1].text in {")", "]", "}"}
                and not token.space
            ):
                left = Mul(left, self.factor(), span=(start, self.before()))
            else:
                break
        return left

    def _juxtaposed(self, left: Expr, right: Expr, start: int) -> Expr:
        if isinstance(left, Differential) and left.of is None:
            raise self.error("this derivative has no denominator", "\\frac{\\partial L}{\\partial c_t}", left.span)
        return Mul(left, right, span=(start, self.before()))

    def denominator(self, top: Expr) -> Expr:
        """What stands under a slash: one factor, or letters written without a space (`a/2N` is a/(2N), but 1/2 N is
        N/2)."""
        value = self.signed_factor()
        while (token := self.peek()) is not None and not token.space and token.kind in {"name", "greek"}:
            if isinstance(top, Num) and isinstance(value, Num):
                break
            value = Mul(value, self.factor(), span=(value.span[0], self.before()))
        return value

    def signed_factor(self) -> Expr:
        """A factor that may carry its own sign, as in `2 * -x`."""
        token = self.peek()
        if token is not None and token.kind == "op" and token.text in {"-", "+"}:
            self.pos += 1
            body = self.signed_factor()
            return Neg(body, span=(token.start, self.before())) if token.text == "-" else body
        return self.factor()

    def starts_factor(self, token: Token) -> bool:
        """Whether a token can begin a factor that is multiplied by what stands before it."""
        if token.kind in {"name", "greek", "accent", "partial", "nabla", "ones"}:
            return True
        if token.kind == "begin":
            return True
        if token.kind == "cmd":
            return token.text in _STARTS_CMD
        if token.kind == "op" and token.text == "||":
            return self.closing_bar("||") >= 0
        return token.kind == "op" and token.text in _STARTS_OP

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
            elif token.kind == "percent":
                self.pos += 1
                value = Div(value, number(100), span=(start, self.before()))
            elif token.kind == "op" and token.text == "!":
                raise self.error("factorials are not part of the language")
            else:
                break
        return value

    def _is_component(self, value: Expr) -> bool:
        """Whether `[` after a bracketed expression selects a component: `(U^T d)[j]`, not `(W)[h, x]`."""
        end = self.closing(self.pos)
        inner = self.tokens[self.pos + 1 : end] if end > 0 else []
        previous = self.tokens[self.pos - 1] if self.pos else None
        simple = bool(inner) and all(t.kind == "num" or t.text in "ijklpqr," for t in inner)
        return simple and previous is not None and previous.text in {")", "]"} and not isinstance(value, Num)

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

    def sub(self, tokens: list[Token]) -> Expr:
        """Read a token list as one expression of its own."""
        parser = Parser(list(tokens), self.text, self.vocabulary, self.bound)
        parser.depth = self.depth + 1
        if not tokens:
            raise self.error("an empty group", "fill in the braces")
        value = parser.entries()
        if parser.peek() is not None:
            raise parser.error("this could not be read")
        return value

    def entries(self) -> Expr:
        """One expression, or several separated by commas or semicolons (a vector)."""
        start = self.here()
        items = [self.relation()]
        while self.at_op(",", ";"):
            self.pos += 1
            if self.peek() is None:
                break
            items.append(self.relation())
        return items[0] if len(items) == 1 else Vector(tuple(items), span=(start, self.before()))

    # -- primaries ----------------------------------------------------------------------------------------------------

    def primary(self) -> Expr:
        """A number, a name, a bracket, a function, a derivative, a sum."""
        from notation import brackets, differentials, forms  # these modules need the parser themselves

        token = self.peek()
        if token is None:
            raise self.error("the formula ends too early", "finish it, or remove the last operator")
        span = (token.start, token.end)
        if token.kind == "num":
            return forms.numeral(self, token)
        if token.kind == "ones":
            return forms.ones(self, token)
        if token.kind in {"partial", "nabla"}:
            return differentials.derivative(self)
        if token.kind in {"name", "greek"}:
            return self.named(token)
        if token.kind == "accent":
            return self.symbol()
        if token.kind == "cmd":
            return forms.command(self, token)
        if token.kind == "begin":
            return forms.environment(self, token)
        if token.kind == "op" and token.text in {"(", "[", "{", "\\{", "langle", "|", "||"}:
            return brackets.bracket(self, token)
        if token.kind == "op" and token.text in {"+", "-"}:
            raise self.error("two operators follow each other", "put brackets around a signed term")
        if token.kind == "infinity":
            raise self.error("infinity is not a value here", "give a finite range", span)
        raise self.error("expected a number, a name or a bracket")

    def named(self, token: Token) -> Expr:
        """A letter or word: a derivative, a function, or a symbol."""
        from notation import applications, differentials, forms, ranges

        if token.kind == "name" and (value := differentials.differential(self, token)) is not None:
            return value
        word = token.text
        if word in {"Sigma", "Pi"} and self.vocabulary.find(Symbol(word)) is None and self.at_op("_", "^", ahead=1):
            self.pos += 1  # the capital letter typed for the sum or product sign
            return ranges.reduce_(self, token.start, "sum" if word == "Sigma" else "product")
        function = self.vocabulary.function(word)
        if function is None and token.kind == "name" and not token.roman and len(word) > 1:
            name = self.first_name_ahead(word)
            function = self.vocabulary.function(name) if name != word else None
            if function is not None:
                self.tokens[self.pos : self.pos + 1] = [
                    replace(token, text=name, end=token.start + len(name)),
                    replace(token, text=word[len(name) :], start=token.start + len(name), space=True),
                ]
                token, word = self.tokens[self.pos], name
        if (
            word == "sigma"
            and self.vocabulary.find(Symbol("sigma")) is None
            and function is None
            and differentials.takes_argument(self, 1)
        ):
            function = "sigmoid"
        if function is not None and (len(word) > 1 or token.kind == "greek" or differentials.takes_argument(self, 1)):
            return applications.application(self, token, function)
        if word == "I" and self.vocabulary.find(Symbol("I")) is None:
            return forms.identity(self, token)
        if (
            word == "e"
            and self.vocabulary.find(Symbol("e")) is None
            and "e" not in self.bound
            and not self.at_op("_", ahead=1)
        ):
            self.pos += 1
            return forms.euler(self, token)
        if word == "pi" and self.vocabulary.find(Symbol("pi")) is None:
            self.pos += 1
            return Call("pi", (), span=(token.start, token.end))
        if word == "R" and self.vocabulary.find(Symbol("R")) is None and self.at_op("^", ahead=1):
            return forms.reals(self)
        return self.symbol()

    def first_name_ahead(self, run: str) -> str:
        """`first_name` for a token that has not been consumed yet."""
        self.pos += 1
        try:
            return self.first_name(run)
        finally:
            self.pos -= 1

    def closing_bar(self, bar: str) -> int:
        """The index of the next bar that closes one at the place, or -1."""
        depth = 0
        for i in range(self.pos + 1, len(self.tokens)):
            token = self.tokens[i]
            if token.kind == "op" and token.text in {"(", "[", "{"}:
                depth += 1
            elif token.kind == "op" and token.text in {")", "]", "}"}:
                depth -= 1
                if depth < 0:
                    return -1
            elif token.kind == "op" and token.text == bar and depth == 0:
                return i
        return -1


__all__ = [
    "Call",
    "Cases",
    "Concat",
    "Cursor",
    "Differential",
    "Identity",
    "Indicator",
    "Matrix",
    "Ones",
    "Parser",
    "Partial",
    "ReadError",
    "Ref",
]
