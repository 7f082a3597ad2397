"""Derivatives in text: with a round or a straight d, with ∇, as fractions, and in the style of code."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from notation.names import component
from notation.tokens import Token
from notation.tree import (
    DerivativeKind,
    Div,
    Expr,
    Partial,
    Ref,
)
from notation.vocabulary import Symbol

if TYPE_CHECKING:
    from notation.parser import Parser
from notation.brackets import bracket


def derivative(p: Parser) -> Expr:
    """A derivative that begins with ∂ or ∇."""
    token = p.peek()
    assert token is not None
    if token.kind == "nabla":
        return _gradient(p)
    top = half(p)
    if p.at_op("/") and (nxt := p.peek(1)) is not None and (nxt.kind == "partial" or _d_run(nxt)):
        p.pos += 1
        return join(p, top, half(p))
    raise p.error("∂ needs a denominator", "\\partial L / \\partial c_t", top.span)


def half(p: Parser) -> Expr:
    """`∂L`, `∂^+ h_t` or `dL`: one half of a derivative."""
    from notation.parser import Differential

    start = p.here()
    token = p.take()
    kind: DerivativeKind = "total"
    if token.kind == "name" and len(token.text) > 1:  # dL, dc: the rest of the run is the name
        p.pos -= 1
        p.tokens[p.pos] = replace(token, text=token.text[1:], start=token.start + 1)
    elif p.at_op("^"):
        p.pos += 1
        inner = p.bracketed() or []
        if [t.text for t in inner] == ["+"]:
            kind = "direct"
        else:
            raise p.error("higher derivatives are not part of the language", "", (start, p.before()))
    nxt = p.peek()
    if nxt is None or (nxt.kind == "op" and nxt.text in {"/", "}", ")"}):
        return Differential(None, kind, span=(start, p.before()))
    if nxt.kind == "op" and nxt.text in {"(", "[", "{"}:
        body = bracket(p, nxt)
    elif nxt.kind in {"name", "greek", "accent"}:
        body = p.named(nxt) if nxt.kind != "accent" and p.vocabulary.function(nxt.text) else p.symbol()
    else:
        raise p.error("a derivative needs a name here", "\\partial c_t")
    while p.at_op("_"):
        p.pos += 1
        body = component(body, p.indices_of(p.bracketed() or []), (start, p.before()))
    return Differential(body, kind, span=(start, p.before()))


def join(p: Parser, top: Expr, bottom: Expr) -> Expr:
    """The derivative made of two halves; an operator `∂/∂x` takes the next factor."""
    from notation.parser import Differential

    assert isinstance(top, Differential)
    assert isinstance(bottom, Differential)
    span = (top.span[0], p.before())
    if bottom.of is None:
        raise p.error("a derivative with respect to what?", "\\partial L / \\partial c_t", bottom.span)
    kind: DerivativeKind = "direct" if "direct" in (top.kind, bottom.kind) else "total"
    of = top.of
    if of is None:
        of = p.factor()
    return Partial(of, bottom.of, kind, span=span)


def _gradient(p: Parser) -> Expr:
    start = p.here()
    p.take()
    if not p.accept("_"):
        raise p.error("∇ needs the name it differentiates by", "\\nabla_{c_t} L")
    tokens = p.bracketed() or []
    if len(tokens) == 1 and p.at_op("_"):  # ∇_W_f L
        tokens = [*tokens, p.take(), *(p.bracketed() or [])]
    wrt = p.sub(tokens)
    nxt = p.peek()
    loss = p.vocabulary.loss
    if nxt is not None and nxt.kind in {"name", "greek", "accent"}:
        saved = p.pos
        named = p.symbol()
        known = p.vocabulary.quantities.get(named.name) if isinstance(named, Ref) else None
        scalar = known is not None and known.shape == () and known.role in {"quantity", "loss"}
        scalar = scalar and isinstance(named, Ref) and not named.index
        if loss is None or scalar or (isinstance(named, Ref) and _entry(p, named)):
            return Partial(named, wrt, span=(start, p.before()))
        p.pos = saved
    if loss is None:
        raise p.error("∇ of what? No loss is declared here", "\\nabla_{W} L")
    return Partial(Ref(loss), wrt, span=(start, p.before()))


def _entry(p: Parser, named: Ref) -> bool:
    """Whether a name is one entry of an array without steps, which can stand after ∇ as what is differentiated."""
    quantity = p.vocabulary.quantities.get(named.name)
    return bool(named.index) and quantity is not None and not quantity.axes


def _d_run(token: Token) -> bool:
    return (token.kind == "name" and token.text.startswith("d") and not token.roman) or (
        token.kind == "name" and token.text == "d"
    )


def differential(p: Parser, token: Token) -> Expr | None:
    """A derivative in letters (`dL/dc_t`, `dc_next`, `dL_dc_t`, `grad_c_t`); None when they are something else."""
    if token.text == "grad" and p.vocabulary.loss is not None and p.vocabulary.find(Symbol("grad")) is None:
        after = p.peek(1), p.peek(2)
        named = after[0] is not None and after[0].text == "_" and after[1] is not None and after[1].kind == "name"
        return _of_what(p, _adjoint_of(p, token.start, 2), token.start) if named else None
    if token.text.startswith("grad") and p.vocabulary.loss and p.vocabulary.find(Symbol(token.text)) is None:
        saved, kept = p.pos, list(p.tokens)
        return _adjoint_run(p, replace(token, text=token.text[3:], start=token.start + 3), saved, kept)
    if not _d_run(token) or (p.vocabulary.find(Symbol(token.text)) is not None and len(token.text) > 1):
        return None
    if p.vocabulary.function(token.text) is not None and len(token.text) > 1 and takes_argument(p, 1):
        return None  # dot(a, b), diag(v), det(A)
    saved, kept = p.pos, list(p.tokens)
    try:
        top = half(p)
        if p.at_op("/") and (nxt := p.peek(1)) is not None and (_d_run(nxt) or nxt.kind == "partial"):
            p.pos += 1
            return join(p, top, half(p))
    except Exception as problem:
        from notation.errors import ReadError

        if not isinstance(problem, ReadError):
            raise
    p.pos, p.tokens = saved, kept
    if p.vocabulary.loss is None or len(token.text) < 2:
        return None
    return _adjoint_run(p, token, saved, kept)


def _of_what(p: Parser, value: Expr | None, start: int) -> Expr | None:
    """`grad_U E_3`: the gradient of what follows, where that is a scalar of the model."""
    from notation.errors import ReadError

    nxt = p.peek()
    if not isinstance(value, Partial) or nxt is None or nxt.kind not in {"name", "greek"}:
        return value
    saved, kept = p.pos, list(p.tokens)
    try:
        named = p.symbol()
    except ReadError:
        named = value
    known = p.vocabulary.quantities.get(named.name) if isinstance(named, Ref) and not named.index else None
    if known is not None and known.shape == () and known.role in {"quantity", "loss"}:
        return Partial(named, value.wrt, span=(start, p.before()))
    p.pos, p.tokens = saved, kept
    return value


def _adjoint_run(p: Parser, token: Token, saved: int, kept: list[Token]) -> Expr | None:
    """`dc_t`, `dc_next`, `dL_dc_t`: the gradient of the loss in the style of code."""
    run, loss = token.text[1:], p.vocabulary.loss
    nxt, after = p.peek(1), p.peek(2)
    if (
        run == loss
        and nxt is not None
        and nxt.text == "_"
        and after is not None
        and after.kind == "name"
        and after.text.startswith("d")
    ):
        p.pos += 2
        token = after
    start = kept[saved].start
    stripped = replace(token, text=token.text[1:], start=token.start + 1)
    if not stripped.text:
        p.pos = saved
        return None
    p.tokens = list(kept)
    p.tokens[p.pos] = stripped
    if (value := _adjoint_of(p, start)) is not None:
        return value
    p.pos, p.tokens = saved, kept
    return None


def _adjoint_of(p: Parser, start: int, skip: int = 0) -> Expr | None:
    """The gradient of the loss by the name `skip` tokens ahead; None, and nothing taken, where none is declared."""
    from notation.errors import ReadError

    saved, kept = p.pos, list(p.tokens)
    p.pos += skip
    first = p.peek()
    try:
        out = p.spelled()
        found = p._declared(out)
        if found is not None and found[0].role == "quantity" and first is not None and p.before() >= first.end:
            return p.adjoint(p._placed(found[0], found[1], out), (start, p.before()))
    except ReadError:
        pass
    p.pos, p.tokens = saved, kept
    return None


def fraction(p: Parser, start: int) -> Expr:
    r"""`\frac{a}{b}`; with ∂ or d in both parts it is a derivative."""
    from notation.parser import Differential

    parts: list[list[Token]] = []
    for _ in range(2):
        nxt = p.peek()
        if nxt is not None and nxt.kind == "num" and len(nxt.text) > 1 and nxt.text.isdigit():  # \frac12
            p.tokens[p.pos : p.pos + 1] = [
                replace(nxt, text=nxt.text[0], end=nxt.start + 1),
                replace(nxt, text=nxt.text[1:], start=nxt.start + 1),
            ]
        inner = p.bracketed()
        if inner is None:
            raise p.error("\\frac needs two arguments", "\\frac{a}{b}")
        if not inner:
            raise p.error("an empty part of a fraction", "\\frac{a}{b}", (start, p.before()))
        parts.append(inner)
    top, bottom = parts
    marks = [t[0].kind == "partial" or _d_run(t[0]) for t in parts]
    if all(marks) and (top[0].kind == "partial" or bottom[0].kind == "partial" or _is_differential(top, bottom)):
        upper, lower = (_sub_parser(p, t) for t in (top, bottom))
        first, second = half(upper), half(lower)
        if top[0].kind == "partial" and upper.at_op(
            "dot", "*", "times"
        ):  # \frac{\partial a \cdot b}{...}: of all above
            first = Differential(p.sub(top[1:]), span=first.span)
        for part in (lower,) if upper.at_op("dot", "*", "times") else (upper, lower):
            if part.peek() is not None:
                raise part.error("a derivative has one name above and one below", "\\frac{\\partial L}{\\partial c_t}")
        return join(p, first, second)
    return Div(p.sub(top), p.sub(bottom), span=(start, p.before()))


def _is_differential(top: list[Token], bottom: list[Token]) -> bool:
    return all(t[0].text != "d" or len(t) > 1 for t in (top, bottom)) or (len(top) == 1 and top[0].text == "d")


def _sub_parser(p: Parser, tokens: list[Token]) -> Parser:
    from notation.parser import Parser

    inner = Parser(list(tokens), p.text, p.vocabulary, p.bound)
    inner.depth = p.depth + 1
    return inner


def takes_argument(p: Parser, ahead: int) -> bool:
    """Whether the tokens after a function name look like its argument (brackets, primes, or any operand when names
    are closed)."""
    i = p.pos + ahead
    while i < len(p.tokens):
        token = p.tokens[i]
        if token.kind == "op" and token.text in {"'", "''"}:
            return True
        if token.kind == "op" and token.text in {"(", "["}:
            return True
        if token.kind == "op" and token.text == "{":
            return not p.vocabulary.open
        if token.kind == "op" and token.text == "^":
            j = i + 1
            if j < len(p.tokens) and p.tokens[j].text == "{":
                depth = 0
                while j < len(p.tokens):
                    depth += (p.tokens[j].text == "{") - (p.tokens[j].text == "}")
                    j += 1
                    if depth == 0:
                        break
            else:
                j += 1
            if any(t.text == "'" for t in p.tokens[i:j]):
                return True
            i = j
            continue
        return not p.vocabulary.open and p.starts_factor(token)
    return False
