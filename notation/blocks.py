"""Written-out arrays put together: columns under each other, matrices beside and under each other, blocks of both."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from notation.arrays import Array, Backend, Special, is_zero
from notation.errors import EvaluationError, ShapeError


def as_column(value: Array) -> Array:
    """A number, column or row as a column; a matrix as it is."""
    if isinstance(value, Special):
        raise ShapeError("the length of this block is not known")
    shape = tuple(value.shape)
    if shape == ():
        return value.reshape(1, 1)
    if len(shape) == 2 and shape[0] == 1:
        return value.T
    return value


def under_each_other(values: Sequence[Array], backend: Backend) -> Array:
    """Numbers and columns in one column; with a matrix among them, arrays with as many columns each, row upon row.

    Matrices of different widths and one height are written side by side: `[W_f, U_f]`. Two of one shape could be
    either, which is no answer.
    """
    if len(values) > 1 and all(is_zero(v) for v in values):  # beyond the last step
        return Special("zero")
    known = [v for v in values if not is_zero(v)]
    if len(known) < len(values) and len({_shape(v) for v in known}) == 1:  # as long as the blocks beside it
        values = [known[0] * 0.0 if is_zero(v) else v for v in values]
    columns = [as_column(v) for v in values]
    if all(tuple(c.shape)[1:] == (1,) for c in columns):
        return backend.stack(columns)
    shapes = [_shape(v) for v in values]
    heights, widths = {s[0] for s in shapes}, {s[1] for s in shapes}
    if len(widths) == 1:
        return backend.stack([_full(v) for v in values])
    if len(heights) == 1:
        return beside([_full(v) for v in values], backend)
    raise ShapeError("arrays with different numbers of rows and columns cannot be stacked")


def in_blocks(rows: Sequence[Sequence[Array]], backend: Backend) -> Array:
    """A matrix by its blocks: numbers, columns, rows and matrices, beside each other and row upon row.

    The identity and zeros take the height of their row of blocks and the width of their column of blocks.
    """
    if len({len(row) for row in rows}) != 1:
        raise ShapeError("the rows of this matrix have different lengths")
    heights = _sizes([[_shape(v)[0] for v in row if not isinstance(v, Special)] for row in rows], "rows")
    across = zip(*rows, strict=True)
    widths = _sizes([[_shape(v)[1] for v in column if not isinstance(v, Special)] for column in across], "columns")
    lines = [
        beside([_sized(v, h, w, backend) for v, w in zip(row, widths, strict=True)], backend)
        for row, h in zip(rows, heights, strict=True)
    ]
    return backend.stack(lines)


def beside(values: Sequence[Array], backend: Backend) -> Array:
    """Arrays with as many rows each, side by side."""
    if len({tuple(v.shape)[:1] for v in values}) > 1:
        raise ShapeError("arrays with different numbers of rows cannot stand side by side")
    return backend.stack([v.T for v in values]).T


def _full(value: Array) -> Array:
    return value.reshape(1, 1) if tuple(value.shape) == () else value


def _shape(value: Array) -> tuple[int, int]:
    if isinstance(value, Special):
        raise ShapeError("the size of this block is not known")
    shape = tuple(value.shape)
    return (1, 1) if shape == () else (shape[0], shape[1])


def _sizes(found: Sequence[Sequence[int]], what: str) -> list[int]:
    """The height of each row (the width of each column) of blocks; one of zeros alone is as large as all others."""
    for sizes in found:
        if len(set(sizes)) > 1:
            raise ShapeError(f"blocks beside each other have {' and '.join(map(str, sorted(set(sizes))))} {what}")
    others = {sizes[0] for sizes in found if sizes} or {1}
    if len(others) > 1 and not all(found):
        raise EvaluationError("the size of a block of zeros is not known")
    return [sizes[0] if sizes else next(iter(others)) for sizes in found]


def _sized(value: Any, height: int, width: int, backend: Backend) -> Array:
    if not isinstance(value, Special):
        return _full(value)
    if value.kind == "identity" and height == width and not is_zero(value):
        return backend.eye(height) * value.factor
    block = backend.eye(max(height, width))[:height, :width]
    return block * 0.0 if is_zero(value) else block * 0.0 + value.factor
