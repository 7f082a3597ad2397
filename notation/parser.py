"""The grammar of formulas: precedence climbing over tokens, with names resolved as they are met.

A Pratt reader rather than a table-driven one: whether `f (t)` is a call, a time or a product depends on declared names
and on white space, which an LALR grammar cannot see; and the caret needs the place, not the state.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from notation.cursor import Cursor
from notation.ellipsis import written_out
from notation.errors import ReadError
from notation.limits import MAX_DEPTH
from notation.lists import equation_of_lists, listed, running
from notation.postfixes import Postfixes
from notation.tokens import Token
from notation.tree import (
    Add,
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
    Product,
    Reduce,
    Ref,
    Relation,
    Vector,
    substitute,
)
from notation.vocabulary import Symbol

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
_THIN = {"\\,", "\\;", "\\:"}  # a product is meant where a typist leaves such a space before a number
_STARTS_OP = {"(", "[", "{", "\\{", "langle"}
_STARTS_CMD = {"frac", "sqrt", "sum", "product", "lfloor", "lceil", "lvert", "lnorm", "overset", "underbrace"}


@dataclass(frozen=True, slots=True)
class Differential(Expr):
    """Half of a derivative, `∂L` or `∂c_t`; never leaves the reader."""

    of: Expr | None
    kind: DerivativeKind = "total"


class Parser(Postfixes):
    """Reads one expression or chain of relations."""

    dots: Token | None = None

    # -- sums and relations -----------------------------------------------------------------------------------------

    def relation(self) -> Expr:
        """A sum, or a chain of relations between sums."""
        start = self.here()
        sides = [self.sum_expression()]
        relations: list[Relation] = []
        while (token := self.peek()) is not None and token.kind == "op" and token.text in _RELATIONS:
            self.pos += 1
            relations.append(_RELATIONS[token.text])
            sides.append(self.membership() if token.text == "in" else self.sum_expression())
        if not relations:
            return sides[0]
        return Compare(tuple(sides), tuple(relations), span=(start, self.before()))

    def membership(self) -> Expr:
        """What stands after the sign of membership: a set in braces, or anything else."""
        from notation.brackets import set_of_numbers

        return set_of_numbers(self) or self.sum_expression()

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
            if (dots := self.peek()) is not None and dots.kind == "ellipsis":
                terms = self.dotted(terms, sign)
                sign = self.accept("+", "-", "pm")
                if sign is None:
                    break
                continue
            term = self.product()
            terms.append(Neg(term, span=(sign.start, self.before())) if sign is not None and sign.text == "-" else term)
            sign = self.accept("+", "-", "pm")
            if sign is None:
                break
        self.depth -= 1
        return terms[0] if len(terms) == 1 else Add(tuple(terms), span=(start, self.before()))

    def dotted(self, terms: list[Expr], sign: Token | None) -> list[Expr]:
        """`... + a_T` after the first terms of a sum written out."""
        dots = self.take()
        if terms and sign is not None and sign.text == "+" and self.accept("+"):
            closed = written_out(terms, self.product(), "sum")
            if closed is not None:
                return closed
        raise self.error(
            "an ellipsis does not say what it leaves out",
            "write the sum or product with its range",
            (dots.start, dots.end),
        )

    # -- products -----------------------------------------------------------------------------------------------------

    def product(self) -> Expr:
        """Factors joined by a product sign, a slash or nothing."""
        start = self.here()
        left = self.factor()
        while (token := self.peek()) is not None:
            if token.kind == "op" and token.text in _PRODUCTS:
                self.pos += 1
                if (dots := self.peek()) is not None and dots.kind == "ellipsis":
                    left = self.dotted_product(left, _PRODUCTS[token.text])
                    continue
                right = self.signed_factor()
                left = Mul(left, right, _PRODUCTS[token.text], span=(start, self.before()))
            elif token.kind == "op" and token.text in {"/", "//"}:
                self.pos += 1
                left = Div(left, self.denominator(left), span=(start, self.before()))
                if token.text == "//":  # integer division in the style of code
                    left = Call("floor", (left,), span=left.span)
            elif token.kind == "ellipsis" and (whole := self.dotted_run(left)) is not None:
                left = whole
            elif self.starts_factor(token):
                right = self.factor()
                left = self._juxtaposed(left, right, start)
            elif token.kind == "num" and token.text == "1" and self.at_op("\\{", "[", ahead=1):
                left = Mul(left, self.factor(), span=(start, self.before()))  # x 1\{x > 0\}
            elif (
                token.kind == "num"
                and self.pos
                and (
                    (self.tokens[self.pos - 1].text in {")", "]", "}"} and not token.space)
                    or self.text[self.tokens[self.pos - 1].end : token.start].strip() in _THIN
                )
            ):
                left = Mul(left, self.factor(), span=(start, self.before()))
            else:
                break
        return left

    def dotted_product(self, left: Expr, kind: Product) -> Expr:
        """`f_2 ⊙ f_3 ⊙ ... ⊙ f_T`: elementwise factors, whose order does not matter."""
        dots = self.take()
        factors = [left]
        while isinstance(factors[0], Mul) and factors[0].kind == kind:
            factors[:1] = [factors[0].left, factors[0].right]
        if kind in {"elementwise", "star", "dot"} and (token := self.peek()) is not None and token.text in _PRODUCTS:
            self.pos += 1
            closed = written_out(factors, self.factor(), "product")
            if closed is not None:
                out = closed[0]
                for f in closed[1:]:
                    out = Mul(out, f, kind)
                return out
        raise self.error(
            "an ellipsis does not say what it leaves out", "write the product with its range", (dots.start, dots.end)
        )

    def dotted_run(self, left: Expr) -> Expr | None:
        """`A_{k+1} A_{k+2} ... A_t`: matrix factors in the order in which they stand; None where they are no run."""
        factors: list[Expr] = [left]
        kinds: list[Product] = []
        while isinstance(factors[0], Mul) and factors[0].kind in {"juxtaposed", "dot", "star"}:
            kinds.insert(0, factors[0].kind)
            factors[:1] = [factors[0].left, factors[0].right]
        saved = self.pos
        self.pos += 1
        nxt = self.peek()
        if nxt is None or not self.starts_factor(nxt) or len(factors) < 2:
            self.pos = saved
            return None
        run = running(factors, self.factor())
        if run is None:
            self.pos = saved
            return None
        *before, whole = run
        assert isinstance(whole, Reduce)
        assert whole.low is not None
        assert whole.high is not None
        back = Add((whole.low, whole.high, Neg(Ref(whole.variable))))  # a product has the later factor on the left
        out: Expr = replace(whole, operation="product", body=substitute(whole.body, {whole.variable: back}))
        for f, kind in reversed(list(zip(before, kinds, strict=False))):
            out = Mul(f, out, kind)
        return out

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
        if token is not None and token.kind == "op" and token.text == "-":
            self.pos += 1
            return Neg(self.signed_factor(), span=(token.start, self.before()))
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

    def sub(self, tokens: list[Token]) -> Expr:
        """Read a token list as one expression of its own."""
        over = next((i for i, t in enumerate(tokens) if t.kind == "name" and t.text == "over" and t.roman), None)
        if over:  # {a \\over b}
            mark = replace(tokens[over], kind="op")
            opened, closed = replace(mark, text="{"), replace(mark, text="}")
            tokens = [
                replace(mark, kind="cmd", text="frac"),
                opened,
                *tokens[:over],
                closed,
                opened,
                *tokens[over + 1 :],
                closed,
            ]
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
        items: list[Expr | None] = [self.relation()]
        while self.at_op(",", ";") or self.goes_on(items):
            if self.at_op(",", ";"):
                self.pos += 1
            following = self.peek()
            if following is None:
                break
            if following.kind == "ellipsis":
                self.dots = following
                self.pos += 1
                items.append(None)
            else:
                items.append(self.relation())
        span = (start, self.before())
        if len(items) == 1 and items[0] is not None:
            return items[0]
        return equation_of_lists(items, self.unclear, span) or Vector(tuple(listed(items, self.unclear)), span=span)

    def goes_on(self, items: list[Expr | None]) -> bool:
        """Whether a list goes on without a comma: before or after its dots."""
        token = self.peek()
        return token is not None and (items[-1] is None or (token.kind == "ellipsis" and len(items) > 1))

    def unclear(self) -> ReadError:
        """The error for dots that leave open what they stand for."""
        hint = "write the first two entries and the last one"
        place = (self.dots.start, self.dots.end) if self.dots is not None else None
        return self.error("an ellipsis does not say what it leaves out", hint, place)

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
        raise self.error(
            "expected a number, a name or a bracket", "remove one operator, or write what stands between the two"
        )

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
        if word == "R" and self.vocabulary.find(Symbol("R")) is None:
            if self.at_op("^", ahead=1) or (self.pos and self.tokens[self.pos - 1].text == "in"):
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
