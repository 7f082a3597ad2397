"""Sums and products written out with dots: `a_1 + a_2 + ... + a_T`, when the terms agree on one index."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Literal

from notation.tree import Add, Expr, Neg, Num, Reduce, Ref, free_names, number, substitute

_LETTERS = "ksrmlq"


def written_out(terms: list[Expr], last: Expr, operation: Literal["sum", "product"]) -> list[Expr] | None:
    """The terms before the dots, with those that run on to `last` replaced by one sum or product; None if none do.

    The two terms before the dots must be neighbours in one index; a single one must differ from the last in one index.
    """
    names = set().union(*(free_names(t) for t in (*terms, last)))
    variable = next((c for c in _LETTERS if c not in names), "k'")
    if len(terms) >= 2:
        pattern, pairs = _merged(terms[-2], terms[-1], variable)
        steps = {_difference(x, y) for x, y in pairs}
        if pattern is not None and steps in ({1}, {-1}):
            step = steps.pop() or 0
            return _closed(terms, last, pattern, pairs[0][0], step, variable, operation)
    pattern, pairs = _merged(terms[-1], last, variable)
    if pattern is None or not pairs or any(p != pairs[0] for p in pairs) or not _position(pairs[0][0]):
        return None
    low, high = pairs[0]
    if isinstance(high, Num) and not isinstance(low, Num):
        low, high = high, low
    return [*terms[:-1], Reduce(operation, variable, low, high, None, pattern)]


def _closed(
    terms: list[Expr],
    last: Expr,
    pattern: Expr,
    before: Expr,
    step: int,
    variable: str,
    operation: Literal["sum", "product"],
) -> list[Expr] | None:
    """Find the range of a pattern whose two written members differ by one step."""
    _, ends = _merged(pattern, last, "#end")
    found = [y for x, y in ends if x == Ref(variable)]
    if not found or any(y != found[0] for y in found):
        return None
    if substitute(pattern, {variable: found[0]}) != last:
        return None
    count, start = 2, before
    while count < len(terms):  # earlier terms that belong to the pattern
        earlier = _shifted(start, -step)
        if earlier is None or substitute(pattern, {variable: earlier}) != terms[-count - 1]:
            break
        start, count = earlier, count + 1
    low, high = (start, found[0]) if step > 0 else (found[0], start)
    return [*terms[:-count], Reduce(operation, variable, low, high, None, pattern)]


def _merged(a: Expr, b: Expr, variable: str) -> tuple[Expr | None, list[tuple[Expr, Expr]]]:
    """Two trees as one pattern with a variable where they differ, and the pairs that stand at those places."""
    if a == b:
        return a, []
    if type(a) is not type(b) or isinstance(a, (Num, Add)) or (isinstance(a, Ref) and not a.at and not a.index):
        return Ref(variable), [(a, b)]
    updates: dict[str, object] = {}
    pairs: list[tuple[Expr, Expr]] = []
    for f in fields(a):
        x, y = getattr(a, f.name), getattr(b, f.name)
        if f.name in {"span", "text"} or x == y:
            continue
        if isinstance(x, Expr) and isinstance(y, Expr):
            merged, more = _merged(x, y, variable)
            updates[f.name] = merged
        elif isinstance(x, tuple) and isinstance(y, tuple) and len(x) == len(y):
            parts = [_merged(p, q, variable) for p, q in zip(x, y, strict=True)]
            updates[f.name] = tuple(p for p, _ in parts)
            more = [pair for _, found in parts for pair in found]
        else:
            return None, []
        pairs.extend(more)
    return replace(a, **updates), pairs  # type: ignore[arg-type]


def linear(e: Expr) -> tuple[str, int] | None:
    """An index expression as a name plus a whole number; None for any other."""
    if isinstance(e, Num) and e.value.denominator == 1:
        return "", int(e.value)
    if isinstance(e, Ref) and not e.at and not e.index:
        return e.name, 0
    if isinstance(e, Add) and len(e.terms) == 2:
        base, offset = linear(e.terms[0]), e.terms[1]
        sign = -1 if isinstance(offset, Neg) else 1
        value = offset.body if isinstance(offset, Neg) else offset
        if base is not None and isinstance(value, Num) and value.value.denominator == 1:
            return base[0], base[1] + sign * int(value.value)
    return None


def _position(e: Expr) -> bool:
    return linear(e) is not None


def _difference(x: Expr, y: Expr) -> int | None:
    """y - x for two index expressions."""
    a, b = linear(x), linear(y)
    return b[1] - a[1] if a is not None and b is not None and a[0] == b[0] else None


def _shifted(e: Expr, by: int) -> Expr | None:
    place = linear(e)
    if place is None:
        return None
    name, offset = place[0], place[1] + by
    if not name:
        return number(offset) if offset >= 0 else Neg(number(-offset))
    if offset == 0:
        return Ref(name)
    return Add((Ref(name), number(offset) if offset > 0 else Neg(number(-offset))))
