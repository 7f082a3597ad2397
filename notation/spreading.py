"""Columns and rows of ones whose length only the context tells: `X W + 1 b^T`, `M - v 1^T`.

Alone, `v 1^T` has as many columns as `v` has entries. Beside a matrix it has as many as that.
"""

from __future__ import annotations

from collections.abc import Callable

from notation.arrays import Array, Special
from notation.tree import Expr, Mul, Neg, Ones, Transpose


def spread(e: Expr) -> Expr | None:
    """The vector that a term repeats: `v` of `v 1^T`, `b^T` of `1 b^T`; None for any other term."""
    if not isinstance(e, Mul) or e.kind == "elementwise":
        return None
    if isinstance(e.right, Transpose) and isinstance(e.right.body, Ones):
        return e.left
    return e.right if isinstance(e.left, Ones) else None


def beside(whole: Array, e: Expr, value: Callable[[Expr], Array]) -> Array | None:
    """The column or row that a term repeats to the shape of the matrix `whole`; None where it does not fit."""
    body = e.body if isinstance(e, Neg) else e
    vector = spread(body)
    if vector is None or isinstance(whole, Special) or len(whole.shape) != 2 or 1 in tuple(whole.shape):
        return None
    found = value(vector)
    if isinstance(found, Special) or len(found.shape) != 2:
        return None
    rows, columns = tuple(whole.shape)
    along = (rows, 1) if isinstance(body, Mul) and body.left is vector else (1, columns)
    if tuple(found.shape) != along:
        return None
    return -found if isinstance(e, Neg) else found
