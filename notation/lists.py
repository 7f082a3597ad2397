"""Lists with dots, `w_0, w_1, ..., w_k`, and equations between lists, `q_0, ..., q_k = Q_0 x, ..., Q_k h`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace

from notation.errors import ReadError
from notation.tokens import Token
from notation.tree import Add, Compare, Expr, Mul, Neg, Num, Reduce, Ref, Span, Vector, free_names, number, substitute


def listed(items: list[Expr | None], unclear: Callable[[], ReadError]) -> list[Expr]:
    """The entries of a list in which None stands for dots: what runs on regularly becomes one entry over a range."""
    if None not in items:
        return [i for i in items if i is not None]
    place = items.index(None)
    before = [i for i in items[:place] if i is not None]
    after = items[place + 1 :]
    last = after[0] if after else None
    if not before or last is None or None in after:
        raise unclear()
    run = running(before, last)
    if run is None:
        raise unclear()
    return [*run, *(i for i in after[1:] if i is not None)]


def running(before: list[Expr], last: Expr) -> list[Expr] | None:
    """The entries before the dots, with those that run on to the last one as one entry over a range."""
    found = _pattern(before[-1], last)
    if found is None:
        return None
    pattern, variable, low, high = found
    above = substitute(pattern, {variable: Add((low, number(1)))})
    if len(before) > 1 and same_entry(above, before[-2]):  # h[t-1], h[t-2], ..., h[1] runs down
        pattern = substitute(pattern, {variable: Add((low, Neg(Ref(variable))))})
        low, high = number(0), Add((low, Neg(high)))
    count = 1
    while count < len(before):
        earlier = Add((low, Neg(number(count))))
        if not same_entry(substitute(pattern, {variable: earlier}), before[-count - 1]):
            break
        count += 1
    if count < len(before) and count == 1 and _pattern(before[-2], before[-1]) is not None:
        return None  # neighbours of one kind that do not differ by one step
    start = simplified(Add((low, Neg(number(count - 1))))) if count > 1 else low
    return [*before[:-count], Reduce("stack", variable, start, high, None, pattern)]


def _pattern(first: Expr, last: Expr) -> tuple[Expr, str, Expr, Expr] | None:
    """One entry with a running index, and the values of the index at the first and the last."""
    pairs: list[tuple[Expr, Expr]] = []
    merged = _merged(first, last, pairs)
    if merged is None or not pairs:
        return None
    names = free_names(first) | free_names(last)
    variable = next((c for c in "rsmluv" if c not in names), "r'")
    low, high = next(((a, b) for a, b in pairs if isinstance(a, Num)), pairs[0])
    bindings: dict[str, Expr] = {}
    for k, (a, b) in enumerate(pairs):
        shifted = _affine(a, b, low, high, variable)
        if shifted is None:
            return None
        bindings[f"#{k}"] = shifted
    pattern = substitute(merged, bindings)
    return None if pattern == Ref(variable) else (pattern, variable, low, high)


def _merged(a: Expr, b: Expr, pairs: list[tuple[Expr, Expr]]) -> Expr | None:
    """Two trees as one, with a mark where index expressions differ."""
    if a == b:
        return a
    if collected(a) is not None and collected(b) is not None:
        pairs.append((a, b))
        return Ref(f"#{len(pairs) - 1}")
    if type(a) is not type(b):
        return None
    updates: dict[str, object] = {}
    for f in fields(a):
        x, y = getattr(a, f.name), getattr(b, f.name)
        if f.name in {"span", "text"} or x == y:
            continue
        if isinstance(x, Expr) and isinstance(y, Expr):
            updates[f.name] = _merged(x, y, pairs)
        elif isinstance(x, tuple) and isinstance(y, tuple) and len(x) == len(y):
            both = zip(x, y, strict=True)
            updates[f.name] = tuple(_merged(p, q, pairs) if isinstance(p, Expr) else None for p, q in both)
        else:
            return None
        found = updates[f.name]
        if found is None or (isinstance(found, tuple) and None in found):
            return None
    return replace(a, **updates)  # type: ignore[arg-type]


def _affine(a: Expr, b: Expr, low: Expr, high: Expr, variable: str) -> Expr | None:
    """An index that is `a` at `low` and `b` at `high` and goes up or down with the running one."""
    for sign in (1, -1):
        rest = Add((a, low if sign < 0 else Neg(low)))
        end = Add((rest, high if sign > 0 else Neg(high)))
        if same_entry(end, b):
            here: Expr = Ref(variable) if sign > 0 else Neg(Ref(variable))
            short = simplified(rest)
            return here if same_entry(short, number(0)) else Add((short, here))
    return None


def collected(e: Expr) -> dict[str, int] | None:
    """An index expression as names with whole coefficients, the constant under ""; None for any other.

    >>> collected(Add((Ref("t"), Neg(number(2)))))
    {'t': 1, '': -2}
    """
    if isinstance(e, Num) and e.value.denominator == 1:
        return {"": int(e.value)}
    if isinstance(e, Ref) and not e.at and not e.index:
        return {e.name: 1}
    if isinstance(e, Neg):
        inner = collected(e.body)
        return None if inner is None else {n: -c for n, c in inner.items()}
    if isinstance(e, Add):
        out: dict[str, int] = {}
        for term in e.terms:
            part = collected(term)
            if part is None:
                return None
            for n, c in part.items():
                out[n] = out.get(n, 0) + c
        return out
    return None


def simplified(e: Expr) -> Expr:
    """An index expression with its names and integers collected."""
    parts = {n: c for n, c in (collected(e) or {}).items() if c}
    terms: list[Expr] = []
    for name, count in sorted(parts.items(), key=lambda item: (not item[0], item[0])):
        one: Expr = number(abs(count)) if not name else Ref(name)
        one = one if not name or abs(count) == 1 else Mul(number(abs(count)), one)
        terms.append(Neg(one) if count < 0 else one)
    return terms[0] if len(terms) == 1 else Add(tuple(terms)) if terms else number(0)


def same_entry(a: Expr, b: Expr) -> bool:
    """Whether two trees agree up to the way their index expressions are written."""
    x, y = collected(a), collected(b)
    if x is not None and y is not None:
        return {n: c for n, c in x.items() if c} == {n: c for n, c in y.items() if c}
    if type(a) is not type(b):
        return False
    for f in fields(a):
        p, q = getattr(a, f.name), getattr(b, f.name)
        if f.name in {"span", "text"} or p == q:
            continue
        if isinstance(p, Expr) and isinstance(q, Expr):
            if not same_entry(p, q):
                return False
        elif isinstance(p, tuple) and isinstance(q, tuple) and len(p) == len(q):
            pairs = zip(p, q, strict=True)
            if not all(isinstance(m, Expr) and isinstance(n, Expr) and same_entry(m, n) for m, n in pairs):
                return False
        else:
            return False
    return True


def equation_of_lists(items: list[Expr | None], unclear: Callable[[], ReadError], span: Span) -> Expr | None:
    """`a, b = c, d` as one equation between two lists; None where the items are no such thing."""
    places = [k for k, i in enumerate(items) if isinstance(i, Compare)]
    if len(places) != 1:
        return None
    middle = items[places[0]]
    assert isinstance(middle, Compare)
    if middle.relations != ("=",):
        return None
    left = [*items[: places[0]], middle.sides[0]]
    right = [middle.sides[1], *items[places[0] + 1 :]]
    if len(left) < 2 or len(right) < 2 or (None not in left and len(left) != len(right)):
        return None
    sides = tuple(Vector(tuple(listed(half, unclear))) for half in (left, right))
    return Compare(sides, ("=",), span=span)


def list_commas(tokens: list[Token], words: list[bool]) -> frozenset[int]:
    """The commas of equations between lists, which do not end a statement: as many on both sides of one `=`."""
    out: set[int] = set()
    start = 0
    for i in range(len(tokens) + 1):
        ends = i == len(tokens) or words[i] or tokens[i].kind in {"newline", "row", "sep", "dollar"}
        if ends:
            out.update(_of_one_line(tokens, start, i))
            start = i + 1
    return frozenset(out)


def _of_one_line(tokens: list[Token], start: int, end: int) -> list[int]:
    depth, commas, equals, dots = 0, [], [], []
    for i in range(start, end):
        token = tokens[i]
        if token.kind == "ellipsis":
            dots.append(i)
        if token.kind != "op":
            continue
        depth += (token.text in {"(", "[", "{", "\\{"}) - (token.text in {")", "]", "}", "\\}"})
        if depth == 0 and token.text == ",":
            commas.append(i)
        elif depth == 0 and token.text == "=":
            equals.append(i)
        elif depth == 0 and not equals and token.text in {"+", "-", "*", "/", "elementwise"}:
            return []
    if len(equals) != 1 or not commas:
        return []
    before = [c for c in commas if c < equals[0]]
    same = len(before) * 2 == len(commas) and len(before) > 0
    dotted = any(d < equals[0] for d in dots) and any(d > equals[0] for d in dots)
    return commas if same or dotted else []
