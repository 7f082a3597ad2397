"""The expression tree: what a formula means, and where in the text each part was written.

`Expr` is the first of the five types that cross the doors between rooms. Nodes are frozen and compare
by meaning: the source span and the way a number or a product was spelled do not count.

>>> Add((Num(Fraction(1)), Neg(Ref("f", at=(Ref("t"),))))) == Add((Num(Fraction(1)), Neg(Ref("f", at=(Ref("t"),)))))
True
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields, replace
from fractions import Fraction
from typing import Any, Literal, TypeAlias

Span: TypeAlias = tuple[int, int]
NOWHERE: Span = (0, 0)

# How a product was written. Meaning is directed by shape, so most kinds differ only where shapes leave a choice.
Product = Literal["juxtaposed", "star", "dot", "elementwise", "matrix", "outer"]
Relation = Literal["=", "<", "<=", ">", ">=", "!=", "in"]
# "immediate" holds all earlier steps fixed; a text only ever says total or direct (\partial^+).
DerivativeKind = Literal["total", "direct", "immediate"]


@dataclass(frozen=True, slots=True)
class Expr:
    """Base of all nodes. `span` is the half-open range of characters in the text it was read from."""

    span: Span = field(default=NOWHERE, compare=False, kw_only=True, repr=False)


@dataclass(frozen=True, slots=True)
class Num(Expr):
    """An exact number; `text` keeps the spelling (`0.70`), for significant figures and printing."""

    value: Fraction
    text: str = field(default="", compare=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Ref(Expr):
    """A named quantity, size or index variable.

    `name` is canonical (`W_f`, `\\tilde C`); `at` are positions in a sequence (time), `index` components (base 1).
    """

    name: str
    at: tuple[Expr, ...] = ()
    index: tuple[Expr, ...] = ()


@dataclass(frozen=True, slots=True)
class Add(Expr):
    """A sum of two or more terms; a subtraction is a `Neg` term."""

    terms: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Neg(Expr):
    """The negative of `body`."""

    body: Expr


@dataclass(frozen=True, slots=True)
class Mul(Expr):
    """A product of two factors. `kind` says how it was written."""

    left: Expr
    right: Expr
    kind: Product = "juxtaposed"


@dataclass(frozen=True, slots=True)
class Div(Expr):
    """`top / bottom`, elementwise for arrays of one shape."""

    top: Expr
    bottom: Expr


@dataclass(frozen=True, slots=True)
class Pow(Expr):
    """`base ^ exponent`: elementwise, except that a square matrix to the power -1 is its inverse."""

    base: Expr
    exponent: Expr


@dataclass(frozen=True, slots=True)
class Transpose(Expr):
    """The transpose of a matrix or vector; vectors are columns until transposed."""

    body: Expr


@dataclass(frozen=True, slots=True)
class Call(Expr):
    """A function by its canonical name (`sigmoid`, `tanh`, `softmax`, `diag`, `floor`, ...).

    `order` counts derivative primes: `tanh'(z)` is `Call("tanh", (z,), order=1)`.
    """

    function: str
    args: tuple[Expr, ...]
    order: int = 0


@dataclass(frozen=True, slots=True)
class Reduce(Expr):
    """A sum or product over one index variable, or the column of all its values under each other.

    `low`/`high` are inclusive; both `None` means the whole range of the positions that `variable` indexes.
    A matrix product over a sequence has the later step on the left.
    """

    operation: Literal["sum", "product", "stack"]
    variable: str
    low: Expr | None
    high: Expr | None
    condition: Expr | None
    body: Expr


@dataclass(frozen=True, slots=True)
class Partial(Expr):
    """The derivative of `of` with respect to `wrt`; `direct` counts explicit occurrences only.

    A `signal` was written as delta with the name of a quantity, which may also mean the derivative by what its
    activation is applied to.
    """

    of: Expr
    wrt: Expr
    kind: DerivativeKind = "total"
    signal: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class Concat(Expr):
    """Blocks stacked into one column, `[h; x]`."""

    blocks: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Vector(Expr):
    """Written-out entries, `(0.7, 0.2, 0.05)`, or a shape, `3 \\times 5`; nested for several rows of entries."""

    entries: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Matrix(Expr):
    """A written-out matrix, row by row."""

    rows: tuple[tuple[Expr, ...], ...]


@dataclass(frozen=True, slots=True)
class Component(Expr):
    """A component of an expression, `(U^T d)_j` (base 1)."""

    body: Expr
    index: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Block(Expr):
    """The columns (axis 1) or rows (axis 0) of `body` that belong to block `number` of a size such as n+d (base 0)."""

    body: Expr
    axis: int
    number: int


@dataclass(frozen=True, slots=True)
class Compare(Expr):
    """A chain of relations, `1 <= i <= 3`; as a value it is an indicator."""

    sides: tuple[Expr, ...]
    relations: tuple[Relation, ...]


@dataclass(frozen=True, slots=True)
class All(Expr):
    """All of the conditions hold."""

    conditions: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Indicator(Expr):
    """One where `condition` holds, zero elsewhere. A Kronecker delta is an indicator of `i = j`."""

    condition: Expr


@dataclass(frozen=True, slots=True)
class Cases(Expr):
    """Values with their conditions; `None` is 'otherwise'."""

    branches: tuple[tuple[Expr, Expr | None], ...]


@dataclass(frozen=True, slots=True)
class Ones(Expr):
    """The all-ones column, its length given by the context; alone it broadcasts like the number 1."""


@dataclass(frozen=True, slots=True)
class Identity(Expr):
    """The identity matrix, its size given by the context."""


def children(expr: Expr) -> Iterator[Expr]:
    """All direct sub-expressions, in reading order.

    >>> [type(c).__name__ for c in children(Div(Num(Fraction(1)), Ref("n")))]
    ['Num', 'Ref']
    """
    for f in fields(expr):
        if f.name != "span":
            yield from _expressions(getattr(expr, f.name))


def _expressions(value: object) -> Iterator[Expr]:
    if isinstance(value, Expr):
        yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from _expressions(item)


def walk(expr: Expr) -> Iterator[Expr]:
    """The node itself and everything below it, top down."""
    yield expr
    for child in children(expr):
        yield from walk(child)


def rebuild(expr: Expr, change: Callable[[Expr], Expr]) -> Expr:
    """A copy of `expr` in which `change` was applied to every direct sub-expression."""
    updates: dict[str, Any] = {}
    for f in fields(expr):
        if f.name == "span":
            continue
        old = getattr(expr, f.name)
        new = _changed(old, change)
        if new is not old:
            updates[f.name] = new
    return replace(expr, **updates) if updates else expr


def _changed(value: object, change: Callable[[Expr], Expr]) -> object:
    if isinstance(value, Expr):
        return change(value)
    if isinstance(value, tuple):
        new = tuple(_changed(item, change) for item in value)
        return value if all(a is b for a, b in zip(value, new, strict=True)) else new
    return value


def substitute(expr: Expr, bindings: dict[str, Expr]) -> Expr:
    """Replace free plain names (no position, no component) by expressions.

    Bound variables of sums and products shadow outer names.
    """
    if isinstance(expr, Ref) and not expr.at and not expr.index and expr.name in bindings:
        return bindings[expr.name]
    if isinstance(expr, Reduce) and expr.variable in bindings:
        bindings = {k: v for k, v in bindings.items() if k != expr.variable}
    return rebuild(expr, lambda e: substitute(e, bindings)) if bindings else expr


def number(value: int | str | Fraction, span: Span = NOWHERE) -> Num:
    """A `Num` from an integer, a decimal text or a fraction."""
    return Num(Fraction(value), text=str(value) if isinstance(value, str) else "", span=span)


def add(*terms: Expr) -> Expr:
    """The sum of any number of terms, flat; no terms is 0."""
    flat = tuple(t for term in terms for t in (term.terms if isinstance(term, Add) else (term,)))
    return flat[0] if len(flat) == 1 else Add(flat) if flat else number(0)


def free_names(expr: Expr) -> set[str]:
    """Names that occur free: everything referred to except bound variables."""
    if isinstance(expr, Reduce):
        inner = free_names(expr.body) | (free_names(expr.condition) if expr.condition else set())
        outer = {n for e in (expr.low, expr.high) if e is not None for n in free_names(e)}
        return (inner - {expr.variable}) | outer
    own = {expr.name} if isinstance(expr, Ref) else set()
    return own.union(*(free_names(c) for c in children(expr)))
