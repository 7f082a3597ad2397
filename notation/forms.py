"""The forms a primary can take: numbers, brackets, fractions, derivatives, function calls, sums, environments."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

from notation.lexer import Token
from notation.limits import MAX_EXPONENT
from notation.names import component
from notation.tree import (
    Add,
    All,
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
    Reduce,
    Ref,
    Transpose,
    Vector,
    number,
)
from notation.vocabulary import Symbol, split_commas
from notation.words import OTHERWISE_WORDS

if TYPE_CHECKING:
    from notation.parser import Parser

_INVERSE = {"tanh": "atanh", "sin": "asin", "cos": "acos", "tan": "atan", "sinh": "asinh", "cosh": "acosh"}
_MATRIX_BRACKETS = {"[", "(", "{", "\\{"}


# -- numbers ------------------------------------------------------------------------------------------------------------


def numeral(p: Parser, token: Token) -> Expr:
    """A number, or an indicator `1{...}`."""
    p.pos += 1
    span = (token.start, token.end)
    if token.text == "1" and p.at_op("{", "\\{", "[", "_") and (value := _indicator(p, span)) is not None:
        return value
    if "/" in token.text:
        return Num(Fraction(token.text), text=token.text, span=span)
    mantissa, _, exponent = token.text.lower().partition("e")
    if exponent and abs(int(exponent)) > MAX_EXPONENT:
        raise p.error("the exponent of this number is too large", span=span)
    return Num(Fraction(token.text), text=token.text, span=span)


def ones(p: Parser, token: Token) -> Expr:
    """`𝟙{...}` is an indicator, a bold 1 alone the all-ones vector."""
    p.pos += 1
    span = (token.start, token.end)
    if p.at_op("{", "\\{", "[", "(", "_") and (value := _indicator(p, span)) is not None:
        return value
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
    r"""`\mathbb R^{3 \times 5}` as a shape."""
    start = p.here()
    p.pos += 2
    value = p.sub(p.bracketed() or [])
    return Vector(tuple(dimensions(value)), span=(start, p.before()))


def dimensions(value: Expr) -> list[Expr]:
    """The factors of `3 x 5 x 7` as separate dimensions."""
    if isinstance(value, Mul) and value.kind == "star":
        return dimensions(value.left) + dimensions(value.right)
    if isinstance(value, (Vector, Concat)):
        items = value.entries if isinstance(value, Vector) else value.blocks
        return [d for item in items for d in dimensions(item)]
    return [value]


# -- brackets -----------------------------------------------------------------------------------------------------------


def bracket(p: Parser, token: Token) -> Expr:
    """Round, square and curly brackets, bars and angles."""
    if token.text in {"|", "||"}:
        return _bars(p, token)
    close = {"(": ")", "[": "]", "{": "}", "\\{": "\\}", "langle": "rangle"}[token.text]
    end = p.closing(p.pos) if token.text != "langle" else next((i for i in range(p.pos, len(p.tokens)) if p.tokens[i].text == close), -1)
    if end < 0:
        other = [t for t in p.tokens[p.pos :] if t.kind == "op" and t.text in {")", "]", "}"}]
        hint = f"add '{close.strip(chr(92))}'" if not other else f"the brackets '{token.text}' and '{other[0].text}' do not match"
        raise p.error(f"this '{token.text.strip(chr(92))}' is never closed", hint, (token.start, token.end))
    tokens = [t for t in p.tokens[p.pos + 1 : end] if t.kind not in {"newline", "row"}]
    p.pos = end + 1
    span = (token.start, p.before())
    if not tokens:
        raise p.error("empty brackets", "put something between them", span)
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
    items = [inner.relation()]
    while (token := inner.peek()) is not None:
        if token.kind == "op" and token.text in {",", ";"} or token.kind == "op" and token.text == "&":
            inner.pos += 1
            if inner.peek() is None:
                break
            items.append(inner.relation())
        elif spaced and token.kind == "num" and token.space:
            items.append(inner.relation())
        elif token.kind == "ellipsis":
            raise inner.error("an ellipsis does not say what it leaves out", "write the sum with \\sum, or all entries")
        else:
            raise inner.error("this could not be read")
    return items


def _bars(p: Parser, token: Token) -> Expr:
    end = p.closing_bar(token.text)
    if end < 0:
        raise p.error(f"this '{token.text}' is never closed", "", (token.start, token.end))
    inner = p.tokens[p.pos + 1 : end]
    p.pos = end + 1
    return Call("abs" if token.text == "|" else "norm", (p.sub(inner),), span=(token.start, p.before()))


# -- derivatives --------------------------------------------------------------------------------------------------------


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
    if nxt is None or nxt.kind == "op" and nxt.text in {"/", "}", ")"}:
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

    assert isinstance(top, Differential) and isinstance(bottom, Differential)
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
        if loss is None or (isinstance(named, Ref) and named.name == loss):
            return Partial(named, wrt, span=(start, p.before()))
        p.pos = saved
    if loss is None:
        raise p.error("∇ of what? No loss is declared here", "\\nabla_{W} L")
    return Partial(Ref(loss), wrt, span=(start, p.before()))


def _d_run(token: Token) -> bool:
    return token.kind == "name" and token.text.startswith("d") and not token.roman or token.kind == "name" and token.text == "d"


def differential(p: Parser, token: Token) -> Expr | None:
    """A derivative written with d (`dL/dc_t`, `dc_next`, `dL_dc_t`); None when the letter is something else."""
    if not _d_run(token) or p.vocabulary.find(Symbol(token.text)) is not None and len(token.text) > 1:
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


def _adjoint_run(p: Parser, token: Token, saved: int, kept: list[Token]) -> Expr | None:
    """`dc_t`, `dc_next`, `dL_dc_t`: the gradient of the loss in the style of code."""
    from notation.errors import ReadError

    run, loss = token.text[1:], p.vocabulary.loss
    nxt, after = p.peek(1), p.peek(2)
    if run == loss and nxt is not None and nxt.text == "_" and after is not None and after.kind == "name" and after.text.startswith("d"):
        p.pos += 2
        token = after
    start = kept[saved].start
    stripped = replace(token, text=token.text[1:], start=token.start + 1)
    if not stripped.text:
        p.pos = saved
        return None
    p.tokens = list(kept)
    p.tokens[p.pos] = stripped
    try:
        out = p.spelled()
        found = p._declared(out)
        if found is not None and found[0].role == "quantity" and p.before() >= stripped.end:
            return p.adjoint(p._placed(found[0], found[1], out), (start, p.before()))
    except ReadError:
        pass
    p.pos, p.tokens = saved, kept
    return None


# -- functions ----------------------------------------------------------------------------------------------------------


def takes_argument(p: Parser, ahead: int) -> bool:
    """Whether the tokens after a function name look like its argument (brackets, primes, or any operand when names are closed)."""
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


def application(p: Parser, token: Token, function: str) -> Expr:
    """A function applied to its argument: `\\tanh^2(c_t)`, `\\sigma'(z)`, `tanh c_t`, `softmax(V)_k`."""
    start = token.start
    p.pos += 1
    if function in {"sum", "prodall"} and (p.at_op("_") or p.at_op("(") and _ranged(p)):
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
                    raise p.error(f"{token.text} cannot be transposed before it is applied", f"\\{token.text}(x)^\\top", (start, p.before()))
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
    args = _arguments(p, token)
    value = built(p, function, args, order, (start, p.before()))
    if index:
        value = component(value, index, (start, p.before()))
    return Pow(value, power, span=(start, p.before())) if power is not None else value


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
        inner = [t for t in inner if t.kind not in {"newline", "row"}]
        return _items(p, inner, spaced=False)
    if nxt.kind == "op" and nxt.text == "[":
        return [bracket(p, nxt)]
    if nxt.kind == "num" or p.starts_factor(nxt):
        value = p.factor()
        while isinstance(value, (Num, Mul)) and _leading_number(value) and (t := p.peek()) is not None and p.starts_factor(t) and t.kind != "op":
            value = Mul(value, p.factor(), span=(value.span[0], p.before()))
        return [value]
    raise p.error(f"'{token.text}' needs an argument", f"{token.text}(x)")


def _leading_number(e: Expr) -> bool:
    return isinstance(e, Num) or isinstance(e, Mul) and _leading_number(e.left) and not isinstance(e.right, Call)


def built(p: Parser, function: str, args: list[Expr], order: int, span: tuple[int, int]) -> Expr:
    """The node for a function call; names of products and of array constructors become products and arrays."""
    pairs: dict[str, Literal["outer", "matrix", "elementwise"]] = {"outer": "outer", "matmul": "matrix", "hadamard": "elementwise"}
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
        flat = args[0].entries if isinstance(args[0], Vector) else args[0].blocks if isinstance(args[0], Concat) else tuple(args)
        return Concat(tuple(flat), span=span)
    return Call(function, tuple(args), order, span=span)


# -- commands and environments --------------------------------------------------------------------------------------------


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
    closers = {"lfloor": ("rfloor", "floor"), "lceil": ("rceil", "ceil"), "lvert": ("rvert", "abs"), "lnorm": ("rnorm", "norm")}
    if token.text in closers:
        close, function = closers[token.text]
        end = next((i for i in range(p.pos, len(p.tokens)) if p.tokens[i].text == close), -1)
        if end < 0:
            raise p.error("this bracket is never closed", "\\rfloor", (token.start, token.end))
        inner = p.tokens[p.pos + 1 : end]
        p.pos = end + 1
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


def fraction(p: Parser, start: int) -> Expr:
    r"""`\frac{a}{b}`; with ∂ or d in both parts it is a derivative."""
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
    if all(marks) and (top[0].kind == "partial" or bottom[0].kind == "partial" or _is_differential(p, top, bottom)):
        upper, lower = (_sub_parser(p, t) for t in (top, bottom))
        first, second = half(upper), half(lower)
        for part in (upper, lower):
            if part.peek() is not None:
                raise part.error("a derivative has one name above and one below", "\\frac{\\partial L}{\\partial c_t}")
        return join(p, first, second)
    return Div(p.sub(top), p.sub(bottom), span=(start, p.before()))


def _is_differential(p: Parser, top: list[Token], bottom: list[Token]) -> bool:
    return all(t[0].text != "d" or len(t) > 1 for t in (top, bottom)) or len(top) == 1 and top[0].text == "d"


def _sub_parser(p: Parser, tokens: list[Token]) -> Parser:
    from notation.parser import Parser

    inner = Parser(list(tokens), p.text, p.vocabulary, p.bound)
    inner.depth = p.depth + 1
    return inner


def _ranged(p: Parser) -> bool:
    """Whether a bracket after `sum` holds a range, as in `sum(k=1 to 5)`."""
    end = p.closing(p.pos)
    inner = p.tokens[p.pos + 1 : end] if end > 0 else []
    return len(inner) >= 3 and inner[0].kind in {"name", "greek"} and inner[1].text == "=" and any(t.text in {"to", "...", ".."} for t in inner)


def reduce_(p: Parser, start: int, operation: Literal["sum", "product"]) -> Expr:
    r"""`\sum_{t=1}^{T}`, `\sum_{i \ne j}`, `\sum_t`, `sum(k=1 to 5)` and what they range over."""
    lower: list[Token] = []
    upper: list[Token] = []
    if p.at_op("(") and _ranged(p):
        end = p.closing(p.pos)
        inner = p.tokens[p.pos + 1 : end]
        p.pos = end + 1
        cut = next(i for i, t in enumerate(inner) if t.text in {"to", "...", ".."})
        lower, upper = inner[:cut], inner[cut + 1 :]
    else:
        for _ in range(2):
            if p.accept("_"):
                lower = p.bracketed() or []
            elif p.accept("^"):
                upper = p.bracketed() or []
    if not lower:
        raise p.error("which variable does this run over?", "\\sum_{t=1}^{T}", (start, p.before()))
    if len(upper) >= 3 and upper[1].text == "=" and upper[0].text == lower[0].text:  # from k=1 to k=5
        upper = upper[2:]
    variables, low, high, condition = _range(p, lower, upper)
    inner_parser = _sub_parser(p, p.tokens[p.pos :])
    inner_parser.bound = p.bound | set(variables)
    if inner_parser.peek() is None:
        raise p.error("a sum of what?", "\\sum_{t=1}^{T} a_t")
    body = inner_parser.product()
    p.tokens[p.pos :] = inner_parser.tokens
    p.pos += inner_parser.pos
    span = (start, p.before())
    for variable in reversed(variables):
        body = Reduce(operation, variable, low, high, condition, body, span=span)
        condition = None
    return body


def _range(p: Parser, lower: list[Token], upper: list[Token]) -> tuple[list[str], Expr | None, Expr | None, Expr | None]:
    """The variables and bounds of a sum, from what stands below and above it."""
    names = [t for t in lower if t.kind in {"name", "greek"}]
    pieces = split_commas(lower)
    if names and all(len(piece) == 1 and piece[0].kind in {"name", "greek"} for piece in pieces):
        letters = [c for piece in pieces for c in (piece[0].text if piece[0].kind == "name" else [piece[0].text])]
        return list(letters), None, p.sub(upper) if upper else None, None
    first = next((t.text for t in names), None)
    if first is None:
        raise p.error("which variable does this run over?", "\\sum_{t=1}^{T}")
    probe = _sub_parser(p, lower)
    probe.bound = p.bound | {t.text for t in names if len(t.text) == 1}
    relation = probe.entries()
    if isinstance(relation, Vector):
        raise p.error("this range could not be read", "\\sum_{t=1}^{T}")
    if not isinstance(relation, Compare):
        raise p.error("this range could not be read", "\\sum_{t=1}^{T}")
    variable = next((s.name for s in relation.sides if isinstance(s, Ref) and not s.at and not s.index), first)
    if relation.relations == ("=",) and isinstance(relation.sides[0], Ref):
        return [relation.sides[0].name], relation.sides[1], p.sub(upper) if upper else None, None
    if relation.relations in (("<=", "<="), ("<", "<="), ("<=", "<"), ("<", "<")) and isinstance(relation.sides[1], Ref):
        low: Expr = relation.sides[0] if relation.relations[0] == "<=" else Add((relation.sides[0], number(1)))
        high: Expr = relation.sides[2] if relation.relations[1] == "<=" else Add((relation.sides[2], Neg(number(1))))
        return [relation.sides[1].name], low, high, None
    return [variable], None, p.sub(upper) if upper else None, relation


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
    cut = next((i for i, t in enumerate(row) if t.kind == "op" and t.text == "&" or t.text in {"if", "for", "otherwise", "when", "else"}), len(row))
    value, rest = row[:cut], row[cut:]
    while value and value[-1].kind == "op" and value[-1].text in {",", ";"}:
        value = value[:-1]
    if any(t.text in OTHERWISE_WORDS for t in rest):
        return p.sub(value), None
    rest = [t for t in rest if not (t.kind == "op" and t.text == "&") and t.text not in {"if", "for", "when"} and t.kind != "sep"]
    while rest and rest[-1].kind == "op" and rest[-1].text in {",", ";"}:
        rest = rest[:-1]
    return p.sub(value), conditions(p, rest) if rest else None


def _split(tokens: list[Token], at: object) -> list[list[Token]]:
    parts: list[list[Token]] = [[]]
    for token in tokens:
        if at(token):  # type: ignore[operator]
            parts.append([])
        else:
            parts[-1].append(token)
    return parts
