"""Functions applied to arguments: with brackets or without, with powers, primes and subscripts."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

from notation.lexicon import KEYWORDS
from notation.names import component
from notation.tokens import Token
from notation.tree import (
    Call,
    Concat,
    Expr,
    Mul,
    Num,
    Pow,
    Transpose,
    Vector,
    number,
    substitute,
)

if TYPE_CHECKING:
    from notation.parser import Parser
from notation.brackets import _items, bracket, without_breaks
from notation.ranges import _ranged, reduce_
from notation.vocabulary import split_commas

_INVERSE = {"tanh": "atanh", "sin": "asin", "cos": "acos", "tan": "atan", "sinh": "asinh", "cosh": "acosh"}


def application(p: Parser, token: Token, function: str) -> Expr:
    """A function applied to its argument: `\\tanh^2(c_t)`, `\\sigma'(z)`, `tanh c_t`, `softmax(V)_k`."""
    start = token.start
    p.pos += 1
    if function in {"sum", "prodall"} and (p.at_op("_") or (p.at_op("(") and _ranged(p))):
        return reduce_(p, start, "sum" if function == "sum" else "product")
    order, power, index = 0, None, []
    while True:
        if p.at_op("'", "''"):
            order += len(p.take().text)
        elif p.at_op("^"):
            saved = p.pos
            p.pos += 1
            inner = p.bracketed() or []
            texts = [t.text for t in inner]
            if texts and set(texts) <= {"'", "''"}:
                order += sum(len(t) for t in texts)
            elif texts == ["-", "1"] and function in _INVERSE:
                function = _INVERSE[function]
            else:
                p.pos = saved
                powered = p.power(Num(Fraction(0)), start)
                power = powered.exponent if isinstance(powered, Pow) else None
                if power is None:
                    raise p.error(
                        f"{token.text} cannot be transposed before it is applied",
                        f"\\{token.text}(x)^\\top",
                        (start, p.before()),
                    )
        elif p.at_op("_"):
            p.pos += 1
            inner = p.bracketed() or []
            if [t.text for t in inner] == ["prime"]:
                order += 1
            elif function == "log" and [t.text for t in inner] in (["2"], ["10"], ["e"]):
                function = {"2": "log2", "10": "log10", "e": "log"}[inner[0].text]
            else:
                index = p.indices_of(inner)
        else:
            break
    if (own := _own_argument(p, function, index)) is not None:  # \phi'_t: the slope at its own argument
        return Call(function, (own,), order, span=(start, p.before()))
    args = _arguments(p, token)
    value = built(function, args, order, (start, p.before()))
    if index:
        value = component(value, index, (start, p.before()))
    return Pow(value, power, span=(start, p.before())) if power is not None else value


def _own_argument(p: Parser, function: str, index: list[Expr]) -> Expr | None:
    """What a function known by name only is applied to in the model, when none is written: at the step of its
    subscript, or at the current one."""
    axes, argument = p.vocabulary.arguments.get(function, ((), None))
    nxt = p.peek()
    written = nxt is not None and (
        (nxt.kind == "op" and nxt.text in {"(", "[", "{"}) or nxt.kind in {"name", "greek", "accent", "num"}
    )
    if argument is None or len(index) > len(axes) or (written and not index):
        return None
    if index and nxt is not None and nxt.kind == "op" and nxt.text in {"(", "{"} and not nxt.space:
        return None  # \phi_t(z): the subscript belongs to the function, its argument follows
    return substitute(argument, dict(zip(axes, index, strict=False)))


def _arguments(p: Parser, token: Token) -> list[Expr]:
    nxt = p.peek()
    if nxt is None:
        raise p.error(f"'{token.text}' needs an argument", f"{token.text}(x)", (token.start, token.end))
    if nxt.kind == "op" and nxt.text in {"(", "{"}:
        end = p.closing(p.pos)
        if end < 0:
            raise p.error(f"this '{nxt.text}' is never closed", "add the missing bracket", (nxt.start, nxt.end))
        inner = p.tokens[p.pos + 1 : end]
        p.pos = end + 1
        if not inner:
            raise p.error(f"'{token.text}' needs an argument", f"{token.text}(x)", (token.start, p.before()))
        inner = without_breaks(inner)
        return _items(p, _without_keywords(inner), spaced=False)
    if nxt.kind == "op" and nxt.text == "[":
        return [bracket(p, nxt)]
    if nxt.kind == "num" or p.starts_factor(nxt):
        value = p.factor()
        while (
            isinstance(value, (Num, Mul))
            and _leading_number(value)
            and (t := p.peek()) is not None
            and p.starts_factor(t)
            and t.kind != "op"
        ):
            value = Mul(value, p.factor(), span=(value.span[0], p.before()))
        return [value]
    raise p.error(f"'{token.text}' needs an argument", f"{token.text}(x)")


def _without_keywords(tokens: list[Token]) -> list[Token]:
    """Arguments without `axis=0`, `dim=-1`, `keepdims=True`, which choose what the shapes already say."""
    pieces = split_commas(tokens)
    kept = [p for p in pieces if not (len(p) >= 3 and p[0].text in KEYWORDS and p[1].text == "=")]
    out: list[Token] = []
    for piece in kept:
        if out:
            out.append(replace(piece[0], kind="op", text=","))
        out.extend(piece)
    return out if len(kept) < len(pieces) else tokens


def _leading_number(e: Expr) -> bool:
    return isinstance(e, Num) or (isinstance(e, Mul) and _leading_number(e.left) and not isinstance(e.right, Call))


def built(function: str, args: list[Expr], order: int, span: tuple[int, int]) -> Expr:
    """The node for a function call; names of products and of array constructors become products and arrays."""
    pairs: dict[str, Literal["outer", "matrix", "elementwise"]] = {
        "outer": "outer",
        "matmul": "matrix",
        "hadamard": "elementwise",
    }
    if function in pairs and len(args) == 2:
        return Mul(args[0], args[1], pairs[function], span=span)
    if function == "pow" and len(args) == 2:
        return Pow(args[0], args[1], span=span)
    if function == "square":
        return Pow(args[0], number(2), span=span)
    if function == "transpose":
        return Transpose(args[0], span=span)
    if function == "array":
        return args[0]
    if function == "concat":
        flat = (
            args[0].entries
            if isinstance(args[0], Vector)
            else args[0].blocks
            if isinstance(args[0], Concat)
            else tuple(args)
        )
        return Concat(tuple(flat), span=span)
    return Call(function, tuple(args), order, span=span)
