"""What brackets mean: grouping, vectors, stacked blocks, matrices, indicators, absolute values."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from notation.errors import ReadError
from notation.lists import listed
from notation.tokens import Token
from notation.tree import (
    Add,
    All,
    Call,
    Compare,
    Concat,
    Div,
    Expr,
    Indicator,
    Matrix,
    Mul,
    Neg,
    Num,
    Ref,
    Vector,
)
from notation.vocabulary import split_commas

if TYPE_CHECKING:
    from notation.parser import Parser


def bracket(p: Parser, token: Token) -> Expr:
    """Round, square and curly brackets, bars and angles."""
    if token.text in {"|", "||"}:
        return _bars(p, token)
    nxt = p.peek(1)
    if token.text == "\\{" and nxt is not None and nxt.kind == "begin" and p.closing(p.pos) < 0:
        from notation.forms import environment  # \left\{ \begin{array} ... \right.

        p.pos += 1
        p.tokens[p.pos] = replace(nxt, text="cases")
        return environment(p, p.tokens[p.pos])
    if token.text in {"(", "{"} and (value := bracketed_derivative(p)) is not None:
        return value
    close = {"(": ")", "[": "]", "{": "}", "\\{": "\\}", "langle": "rangle"}[token.text]
    end = (
        p.closing(p.pos)
        if token.text != "langle"
        else next((i for i in range(p.pos, len(p.tokens)) if p.tokens[i].text == close), -1)
    )
    if end < 0:
        other = [t for t in p.tokens[p.pos :] if t.kind == "op" and t.text in {")", "]", "}"}]
        hint = (
            f"add '{close.strip(chr(92))}'"
            if not other
            else f"the brackets '{token.text}' and '{other[0].text}' do not match"
        )
        raise p.error(f"this '{token.text.strip(chr(92))}' is never closed", hint, (token.start, token.end))
    tokens = without_breaks(p.tokens[p.pos + 1 : end])
    if token.text == "{" and any(t.kind == "name" and t.text == "over" and t.roman for t in tokens):
        p.pos = end + 1
        return p.sub(tokens)
    p.pos = end + 1
    span = (token.start, p.before())
    if not tokens:
        raise p.error("empty brackets", "put something between them", span)
    if token.text == "[" and (beside := _columns(p, tokens)) is not None:
        return Call("columns", beside, span=span)
    items = _items(p, tokens, spaced=token.text == "[")
    if token.text == "langle":
        if len(items) != 2:
            raise p.error("an inner product needs two entries", "\\langle a, b \\rangle", span)
        return Call("inner", tuple(items), span=span)
    if token.text == "[":
        if len(items) == 1 and isinstance(items[0], (Compare, All)):
            return Indicator(items[0], span=span)
        if len(items) == 1 and not isinstance(items[0], (Num, Vector)):
            return items[0]
        if all(isinstance(i, (Vector, Concat)) for i in items) and len(items) >= 1:
            rows = [i.entries if isinstance(i, Vector) else i.blocks for i in items if isinstance(i, (Vector, Concat))]
            return Matrix(tuple(rows), span=span)
        numeric = all(_numeric(i) for i in items)
        return Vector(tuple(items), span=span) if numeric else Concat(tuple(items), span=span)
    if len(items) == 1:
        return replace(items[0], span=span) if token.text != "\\{" else items[0]
    if any(t.kind == "op" and t.text == ";" for t in tokens) and not all(_numeric(i) for i in items):
        return Concat(tuple(items), span=span)
    return Vector(tuple(items), span=span)


def set_of_numbers(p: Parser) -> Expr | None:
    r"""`\{1, 2, 3\}` after the sign of membership; with an ellipsis it is a range. None, nothing taken, for others."""
    token = p.peek()
    if token is None or token.text not in {"{", "\\{", "["} or (end := p.closing(p.pos)) < 0:
        return None
    inner = p.tokens[p.pos + 1 : end]
    dots = next((k for k, t in enumerate(inner) if t.kind == "ellipsis"), None)
    if not inner or (token.text == "[" and dots is None):
        return None
    span = (token.start, p.tokens[end].end)
    if dots is not None:
        first, last = split_commas(inner[:dots]), split_commas(inner[dots + 1 :])
        if not first or not last:
            return None
        p.pos = end + 1
        return Vector((p.sub(first[0]), p.sub(last[-1])), span=span)
    p.pos = end + 1
    return Call("set", tuple(p.sub(piece) for piece in split_commas(inner)), span=span)


def _columns(p: Parser, tokens: list[Token]) -> tuple[Expr, ...] | None:
    """`[v_0 v_1 ... v_k]`: vectors of one name beside each other, with spaces between; None for anything else."""
    if any(t.kind == "op" and t.text in {",", ";", "&", "+", "-", "*", "="} for t in _shallow(tokens)):
        return None
    inner = p.__class__(list(tokens), p.text, p.vocabulary, p.bound)
    items: list[Expr | None] = []
    names: set[str] = set()
    while (token := inner.peek()) is not None:
        if token.kind == "ellipsis":
            inner.dots, inner.pos = token, inner.pos + 1
            items.append(None)
            continue
        if token.kind not in {"name", "greek", "accent"} or (items and not token.space):
            return None
        try:
            item = inner.symbol()
        except ReadError:
            return None
        quantity = p.vocabulary.quantities.get(item.name) if isinstance(item, Ref) else None
        if not isinstance(item, Ref) or item.index or quantity is None or not quantity.axes:
            return None
        names.add(item.name)
        items.append(item)
    if len(names) != 1 or len(items) < 2:
        return None
    return tuple(listed(items, inner.unclear))


def _shallow(tokens: list[Token]) -> list[Token]:
    """The tokens outside all brackets."""
    out: list[Token] = []
    depth = 0
    for t in tokens:
        closing = t.kind == "op" and t.text in {")", "]", "}"}
        depth -= closing
        if depth == 0 and not closing:
            out.append(t)
        depth += t.kind == "op" and t.text in {"(", "[", "{"}
    return out


def _numeric(e: Expr) -> bool:
    if isinstance(e, Neg):
        return _numeric(e.body)
    if isinstance(e, (Add,)):
        return all(_numeric(t) for t in e.terms)
    if isinstance(e, Mul):
        return _numeric(e.left) and _numeric(e.right)
    if isinstance(e, Div):
        return _numeric(e.top) and _numeric(e.bottom)
    if isinstance(e, Call):
        return all(_numeric(a) for a in e.args)
    return isinstance(e, Num)


def _items(p: Parser, tokens: list[Token], *, spaced: bool) -> list[Expr]:
    """The entries of a bracket, separated by commas, semicolons or (numbers in square brackets) spaces."""
    from notation.parser import Parser

    inner = Parser(list(tokens), p.text, p.vocabulary, p.bound)
    inner.depth = p.depth + 1
    if any(t.kind in {"word", "name"} and t.text == "and" for t in tokens):
        return [conditions(p, tokens)]
    items: list[Expr | None] = [inner.relation()]
    while (token := inner.peek()) is not None:
        if token.kind == "ellipsis":
            inner.dots = token
            inner.pos += 1
            items.append(None)
            if inner.at_op(",", ";"):
                inner.pos += 1
        elif items[-1] is None:
            items.append(inner.relation())
        elif (token.kind == "op" and token.text in {",", ";"}) or (token.kind == "op" and token.text == "&"):
            inner.pos += 1
            if (following := inner.peek()) is None:
                break
            if following.kind != "ellipsis":
                items.append(inner.relation())
        elif spaced and token.kind == "num" and token.space:
            items.append(inner.relation())
        else:
            raise inner.error("this could not be read")
    return listed(items, inner.unclear)


def euclidean(p: Parser) -> None:
    """Take the mark of the Euclidean or Frobenius norm after its closing bars: `_2`, `_F`, `_{2}`."""
    texts = [t.text if (t := p.peek(k)) is not None else "" for k in range(4)]
    if texts[0] == "_" and texts[1] in {"2", "F"}:
        p.pos += 2
    elif texts[0] == "_" and texts[1] == "{" and texts[2] in {"2", "F"} and texts[3] == "}":
        p.pos += 4


def _bars(p: Parser, token: Token) -> Expr:
    end = p.closing_bar(token.text)
    if end < 0:
        raise p.error(f"this '{token.text}' is never closed", "", (token.start, token.end))
    inner = p.tokens[p.pos + 1 : end]
    p.pos = end + 1
    if token.text == "||":
        euclidean(p)
    return Call("abs" if token.text == "|" else "norm", (p.sub(inner),), span=(token.start, p.before()))


def dimensions(value: Expr) -> list[Expr]:
    """The factors of `3 x 5 x 7` as separate dimensions."""
    if isinstance(value, Mul) and value.kind == "star":
        return dimensions(value.left) + dimensions(value.right)
    if isinstance(value, (Vector, Concat)):
        items = value.entries if isinstance(value, Vector) else value.blocks
        return [d for item in items for d in dimensions(item)]
    return [value]


def conditions(p: Parser, tokens: list[Token]) -> Expr:
    """Relations joined by commas or `and`."""
    pieces: list[list[Token]] = [[]]
    for token in tokens:
        if token.kind in {"word", "name"} and token.text in {"and", "AND"}:
            pieces.append([])
        else:
            pieces[-1].append(token)
    parts = [p.sub(piece) for group_ in pieces for piece in split_commas(group_)]
    if not parts:
        raise p.error("a condition is missing", "x > 0")
    return parts[0] if len(parts) == 1 else All(tuple(parts))


def without_breaks(tokens: list[Token]) -> list[Token]:
    """Tokens without line breaks, except inside a matrix or cases environment."""
    out: list[Token] = []
    depth = 0
    for t in tokens:
        depth += (t.kind == "begin") - (t.kind == "end")
        if depth or t.kind not in {"newline", "row"}:
            out.append(t)
    return out


def bracketed_derivative(p: Parser) -> Expr | None:
    """`(∂L)/(∂c_t)` and `{\\partial L}/{\\partial c_t}`."""
    from notation.differentials import _sub_parser, half, join

    end = p.closing(p.pos)
    if end < 0 or end + 2 >= len(p.tokens) or p.tokens[end + 1].text != "/" or p.tokens[end + 2].text not in {"(", "{"}:
        return None
    top = p.tokens[p.pos + 1 : end]
    last = p.closing(end + 2)
    bottom = p.tokens[end + 3 : last] if last > 0 else []
    if not (top and bottom and top[0].kind == "partial" and bottom[0].kind == "partial"):
        return None
    upper, lower = _sub_parser(p, top), _sub_parser(p, bottom)
    first, second = half(upper), half(lower)
    if upper.peek() is not None or lower.peek() is not None:
        return None
    p.pos = last + 1
    return join(p, first, second)
