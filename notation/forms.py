"""The forms a primary can take: numbers, indicators, LaTeX commands and environments."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import TYPE_CHECKING

from notation.limits import MAX_EXPONENT
from notation.tokens import Token
from notation.tree import (
    Call,
    Cases,
    Concat,
    Expr,
    Identity,
    Indicator,
    Matrix,
    Num,
    Ones,
    Pow,
    Vector,
    number,
)
from notation.words import OTHERWISE_WORDS

if TYPE_CHECKING:
    from notation.parser import Parser
from notation.brackets import _numeric, conditions, dimensions, euclidean
from notation.differentials import fraction
from notation.ranges import reduce_


def numeral(p: Parser, token: Token) -> Expr:
    """A number, or an indicator `1{...}`."""
    p.pos += 1
    span = (token.start, token.end)
    if token.text == "1" and p.at_op("{", "\\{", "[", "_") and (value := _indicator(p, span)) is not None:
        return value
    if "/" in token.text:
        return Num(Fraction(token.text), text=token.text, span=span)
    _mantissa, _, exponent = token.text.lower().partition("e")
    if exponent and abs(int(exponent)) > MAX_EXPONENT:
        raise p.error("the exponent of this number is too large", span=span)
    return Num(Fraction(token.text), text=token.text, span=span)


def ones(p: Parser, token: Token) -> Expr:
    """`𝟙{...}` is an indicator, a bold 1 alone the all-ones vector."""
    p.pos += 1
    span = (token.start, token.end)
    if p.at_op("{", "\\{", "[", "(", "_") and (value := _indicator(p, span)) is not None:
        return value
    if p.at_op("("):  # ones(n, 1): the context gives the size
        p.pos = p.closing(p.pos) + 1
    return Ones(span=span)


def _indicator(p: Parser, span: tuple[int, int]) -> Expr | None:
    """The indicator whose condition stands in the bracket or subscript at the place, if it is a relation."""
    at = p.pos
    if p.at_op("_"):
        p.pos += 1
    end = p.closing(p.pos) if p.peek() is not None else -1
    inner = p.tokens[p.pos + 1 : end]
    relation = any(t.kind == "op" and t.text in {"=", "<", ">", "<=", ">=", "!=", "in"} for t in inner)
    if end < 0 or not relation:
        p.pos = at
        return None
    condition = conditions(p, inner)
    p.pos = end + 1
    return Indicator(condition, span=(span[0], p.before()))


def identity(p: Parser, token: Token) -> Expr:
    """`I` is the identity matrix (`I_n` too), `I[...]` an indicator."""
    p.pos += 1
    span = (token.start, token.end)
    if p.at_op("{", "\\{", "[", "(") and (value := _indicator(p, span)) is not None:
        return value
    if p.accept("_"):
        p.bracketed()
    return Identity(span=span)


def euler(p: Parser, token: Token) -> Expr:
    """`e^{x}` is the exponential; a bare `e` is its value at 1."""
    if p.at_op("^"):
        powered = p.power(Num(Fraction(0)), token.start)
        if isinstance(powered, Pow):
            return Call("exp", (powered.exponent,), span=(token.start, p.before()))
    return Call("exp", (number(1),), span=(token.start, token.end))


def reals(p: Parser) -> Expr:
    r"""`\mathbb R^{3 \times 5}` as a shape; `\mathbb R` alone is that of a number."""
    start = p.here()
    p.pos += 1
    if not p.at_op("^"):
        return Vector((number(1),), span=(start, p.before()))
    p.pos += 1
    value = p.sub(p.bracketed() or [])
    return Vector(tuple(dimensions(value)), span=(start, p.before()))


def command(p: Parser, token: Token) -> Expr:
    r"""`\frac`, `\sqrt`, `\sum`, `\prod`, floor and ceiling brackets."""
    start = token.start
    if token.text in {"sum", "product"}:
        p.pos += 1
        return reduce_(p, start, "sum" if token.text == "sum" else "product")
    if token.text == "frac":
        p.pos += 1
        return fraction(p, start)
    if token.text == "sqrt":
        p.pos += 1
        nxt = p.peek()
        if nxt is not None and nxt.kind == "op" and nxt.text == "{":
            body = p.sub(p.bracketed() or [])
        else:
            body = p.primary()
        return Call("sqrt", (body,), span=(start, p.before()))
    closers = {
        "lfloor": ("rfloor", "floor"),
        "lceil": ("rceil", "ceil"),
        "lvert": ("rvert", "abs"),
        "lnorm": ("rnorm", "norm"),
    }
    if token.text in closers:
        close, function = closers[token.text]
        end = closing(p, token.text, close)
        if end < 0:
            raise p.error("this bracket is never closed", f"\\{close}", (token.start, token.end))
        inner = p.tokens[p.pos + 1 : end]
        p.pos = end + 1
        if function == "norm":
            euclidean(p)
        return Call(function, (p.sub(inner),), span=(start, p.before()))
    if token.text == "overset":
        p.pos += 1
        p.bracketed()
        return p.sub(p.bracketed() or [])
    if token.text == "underbrace":
        p.pos += 1
        value = p.sub(p.bracketed() or [])
        if p.accept("_", "^"):
            p.bracketed()
        return value
    raise p.error("this command is not part of the language")


def closing(p: Parser, opener: str, closer: str) -> int:
    """Where the bracket opened at the current token closes, counting nested ones; -1 when it never does."""
    depth = 0
    for i in range(p.pos, len(p.tokens)):
        text = p.tokens[i].text
        depth += (text == opener) - (text == closer)
        if depth == 0:
            return i
    return -1


def environment(p: Parser, token: Token) -> Expr:
    """A matrix or cases environment."""
    depth, end = 0, -1
    for i in range(p.pos, len(p.tokens)):
        depth += (p.tokens[i].kind == "begin") - (p.tokens[i].kind == "end")
        if depth == 0:
            end = i
            break
    if end < 0:
        raise p.error("\\begin without \\end", "\\end{cases}", (token.start, token.end))
    inner = [t for t in p.tokens[p.pos + 1 : end] if t.kind not in {"newline", "dollar"}]
    p.pos = end + 1
    span = (token.start, p.before())
    rows = [row for row in _split(inner, lambda t: t.kind == "row") if row]
    if not rows:
        raise p.error("an empty environment", "", span)
    if token.text == "matrix":
        cells = [[p.sub(cell) for cell in _split(row, lambda t: t.kind == "op" and t.text == "&")] for row in rows]
        if any(len(r) != len(cells[0]) for r in cells):
            raise p.error("the rows of this matrix have different lengths", "", span)
        if len(cells[0]) == 1:
            column = tuple(r[0] for r in cells)
            return Vector(column, span=span) if all(_numeric(c) for c in column) else Concat(column, span=span)
        return Matrix(tuple(tuple(r) for r in cells), span=span)
    return Cases(tuple(_branch(p, row) for row in rows), span=span)


def _branch(p: Parser, row: list[Token]) -> tuple[Expr, Expr | None]:
    cut, depth = len(row), 0
    for i, t in enumerate(row):
        depth += (t.kind == "begin") - (t.kind == "end")
        if depth == 0 and ((t.kind == "op" and t.text == "&") or t.text in {"if", "for", "otherwise", "when", "else"}):
            cut = i
            break
    value, rest = row[:cut], row[cut:]
    while value and value[-1].kind == "op" and value[-1].text in {",", ";"}:
        value = value[:-1]
    if any(t.text in OTHERWISE_WORDS for t in rest):
        return p.sub(value), None
    rest = [
        t
        for t in rest
        if not (t.kind == "op" and t.text == "&") and t.text not in {"if", "for", "when"} and t.kind != "sep"
    ]
    while rest and rest[-1].kind == "op" and rest[-1].text in {",", ";"}:
        rest = rest[:-1]
    return p.sub(value), conditions(p, rest) if rest else None


def _split(tokens: list[Token], at: Callable[[Token], bool]) -> list[list[Token]]:
    """Split at tokens outside inner environments."""
    parts: list[list[Token]] = [[]]
    depth = 0
    for token in tokens:
        depth += (token.kind == "begin") - (token.kind == "end")
        if depth == 0 and at(token):
            parts.append([])
        else:
            parts[-1].append(token)
    return parts
