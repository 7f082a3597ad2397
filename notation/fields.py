"""Fields: values in index form, with symbolic dimensions and an entry for every component index."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from notation.errors import ShapeError
from notation.tree import (
    Block,
    Compare,
    Component,
    Expr,
    Identity,
    Indicator,
    Mul,
    Neg,
    Reduce,
    Ref,
    number,
    rebuild,
)
from notation.vocabulary import Dim, Shape

# A component index: the number of the block it lies in, and its position within the block (base 1).
Index = tuple[int, Expr]
Entry = Callable[[Index | None, Index | None], Expr]
ELEMENTWISE = frozenset(
    "sigmoid tanh relu exp log sqrt sinh cosh sech coth sin cos tan abs sign softplus heaviside floor ceil atanh asin "
    "acos atan swish log2 log10".split()
)


@dataclass(frozen=True)
class Field:
    """A value in index form: `rows` and `cols` are None where there is no such axis (a column has rows only)."""

    rows: Dim | None
    cols: Dim | None
    entry: Entry

    @property
    def kind(self) -> str:
        """scalar, column, row or matrix."""
        return {(False, False): "scalar", (True, False): "column", (False, True): "row", (True, True): "matrix"}[
            (self.rows is not None, self.cols is not None)
        ]


def _is_identity(e: Expr) -> bool:
    return isinstance(e, Identity) or (isinstance(e, Neg) and isinstance(e.body, Identity))


def _pair(a: Field, b: Field, k: Index) -> Expr:
    return Mul(a.entry(k, None), b.entry(k, None)) if a.kind == "column" else Mul(a.entry(None, k), b.entry(None, k))


def delta(i: Index | None, j: Index | None) -> Expr:
    """The Kronecker delta of two component indices."""
    if i is None or j is None:
        raise ShapeError("a diagonal needs two indices")
    if i[0] != j[0]:
        return number(0)
    return Indicator(Compare((i[1], j[1]), ("=",)))


def field_of(e: Expr, shape: Shape, at: Callable[[tuple[Index, ...]], Expr]) -> Field:
    """The field of something with declared shape."""
    if len(shape) == 0:
        return Field(None, None, lambda i, j: at(()))
    if len(shape) == 1:
        return Field(shape[0], None, lambda i, j: at((_given(i),)))
    if len(shape) == 2:
        return Field(shape[0], shape[1], lambda i, j: at((_given(i), _given(j))))
    raise ShapeError(f"an array with {len(shape)} axes needs its subscripts", e.span)


def _given(i: Index | None) -> Index:
    if i is None:
        raise ShapeError("a component index is missing")
    return i


def entry_of(ref: Ref, shape: Shape, index: tuple[Index, ...]) -> Expr:
    """One component of a quantity; in an axis of several blocks the block is named."""
    blocked = [(axis, i[0]) for axis, (dim, i) in enumerate(zip(shape, index, strict=True)) if len(dim) > 1]
    positions = tuple(i[1] for i in index)
    if not blocked:
        return replace(ref, index=positions)
    body: Expr = ref
    for axis, block in blocked:
        body = Block(body, axis, block)
    return Component(body, positions)


def same(a: Dim | None, b: Dim | None) -> bool:
    """Whether two dimensions are the same for all sizes.

    >>> same((Ref("n"), Ref("d")), (Ref("n"), Ref("d"))), same((Ref("n"),), (Ref("d"),)), same(None, None)
    (True, False, True)
    """
    return a == b


def renamed(e: Expr, old: str, new: str) -> Expr:
    """Rename a free index variable."""
    if isinstance(e, Ref) and e.name == old and not e.at and not e.index:
        return replace(e, name=new)
    if isinstance(e, Reduce) and e.variable == old:
        return e
    return rebuild(e, lambda c: renamed(c, old, new))
