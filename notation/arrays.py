"""Products, sums and functions of scalars, columns, rows and matrices: the meaning of a formula is directed by shape.

A scalar has no axes; a column has shape (n, 1), a row (1, n). NumPy and torch arrays behave alike here: a `Backend`
names the few functions in which they differ.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Literal, TypeAlias

from notation.errors import EvaluationError, ShapeError
from notation.tree import Product

# numpy.ndarray or torch.Tensor; both support arithmetic, `@`, `.shape` and `.T` in the same way.
Array: TypeAlias = Any
Function: TypeAlias = Callable[..., Array]


@dataclass(frozen=True, slots=True)
class Backend:
    """An array library: its module and how it makes constants and stacks."""

    xp: ModuleType
    constant: Callable[[float], Array]
    eye: Callable[[int], Array]
    stack: Callable[[list[Array]], Array]
    diagonal: Callable[[Array], Array]


@dataclass(frozen=True, slots=True)
class Special:
    """A multiple of the identity matrix or of the all-ones row or column, or a zero of any shape: the context gives the
    size."""

    kind: Literal["identity", "ones", "ones_row", "zero"]
    factor: Any = 1.0


def numpy_backend() -> Backend:
    """The NumPy backend."""
    import numpy as np

    return Backend(
        np, lambda v: np.asarray(v, dtype=np.float64), np.eye, lambda parts: np.concatenate(parts, axis=0), np.diag
    )


def describe(shape: tuple[int, ...]) -> str:
    """A shape in words.

    >>> describe((3, 1)), describe(()), describe((3, 5))
    ('a column of 3', 'a scalar', 'a 3×5 matrix')
    """
    if shape == ():
        return "a scalar"
    if len(shape) == 2 and shape[1] == 1:
        return f"a column of {shape[0]}"
    if len(shape) == 2 and shape[0] == 1:
        return f"a row of {shape[1]}"
    return (
        f"a {'×'.join(map(str, shape))} matrix" if len(shape) == 2 else f"an array of shape {'×'.join(map(str, shape))}"
    )


def settle(value: Array) -> Array:
    """A 1x1 matrix is a scalar."""
    return value.reshape(()) if tuple(value.shape) == (1, 1) else value


def add(a: Array, b: Array) -> Array:
    """a + b; a scalar is added to every entry, other shapes must agree."""
    if isinstance(a, Special) or isinstance(b, Special):
        return _add_special(a, b)
    sa, sb = tuple(a.shape), tuple(b.shape)
    if sa == sb or sa == () or sb == ():
        return a + b
    raise ShapeError(f"{describe(sa)} and {describe(sb)} cannot be added")


def is_zero(a: Array) -> bool:
    """Whether a value is the zero that fits every shape, as an adjoint beyond the last step is."""
    return isinstance(a, Special) and a.kind == "zero"


def _add_special(a: Array, b: Array) -> Array:
    if is_zero(a) or is_zero(b):
        return b if is_zero(a) else a
    if isinstance(a, Special) and isinstance(b, Special):
        if a.kind == b.kind:
            return Special(a.kind, a.factor + b.factor)
        raise ShapeError("the identity and a vector of ones cannot be added")
    special, other = (a, b) if isinstance(a, Special) else (b, a)
    shape = tuple(other.shape)
    if special.kind == "identity":
        if len(shape) == 2 and shape[0] == shape[1]:
            return other + special.factor * _eye_like(other)
        raise ShapeError(f"the identity matrix and {describe(shape)} cannot be added")
    return other + special.factor


def _eye_like(square: Array) -> Array:
    import sys

    n = int(square.shape[0])
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(square, torch.Tensor):
        return torch.eye(n, dtype=square.dtype)
    import numpy as np

    return np.eye(n)


def multiply(a: Array, b: Array, kind: Product, *, inner: bool = False) -> Array:
    """The product of two values; `inner` reads a dot between two columns as the inner product."""
    if isinstance(a, Special) or isinstance(b, Special):
        return _multiply_special(a, b, kind)
    sa, sb = tuple(a.shape), tuple(b.shape)
    if sa == () or sb == ():
        return a * b
    if len(sa) != 2 or len(sb) != 2:
        raise ShapeError(f"{describe(sa)} and {describe(sb)} cannot be multiplied without indices")
    if kind == "elementwise":
        return _elementwise(a, b, sa, sb, "⊙")
    if kind == "outer":
        if sa[1] == 1 and sb[1] == 1:
            return a @ b.T
        if sa[1] == 1 and sb[0] == 1:
            return a @ b
        raise ShapeError(f"the outer product needs two vectors, not {describe(sa)} and {describe(sb)}")
    vectors = sa == sb and 1 in sa
    if vectors and (kind == "matrix" or (kind == "dot" and inner)):
        return (a * b).sum()
    if vectors:
        return a * b
    if sa[1] == sb[0]:
        return settle(a @ b)
    if kind == "star" and (sa == sb or _broadcasts(sa, sb)):
        return a * b
    if kind == "matrix" and sa[1] == 1 and sa[0] == sb[0]:  # code: a one-dimensional array times a matrix
        return (a.T @ b).T
    raise ShapeError(f"{describe(sa)} cannot be multiplied by {describe(sb)}: {sa[1]} columns meet {sb[0]} rows")


def _broadcasts(sa: tuple[int, ...], sb: tuple[int, ...]) -> bool:
    """A column scales the rows of a matrix, as numpy's broadcasting does."""
    return sa[0] == sb[0] and 1 in (sa[1], sb[1])


def _elementwise(a: Array, b: Array, sa: tuple[int, ...], sb: tuple[int, ...], sign: str) -> Array:
    if sa == sb or _broadcasts(sa, sb):
        return a * b
    raise ShapeError(f"{sign} needs two equal shapes, not {describe(sa)} and {describe(sb)}")


def _multiply_special(a: Array, b: Array, kind: Product) -> Array:
    if is_zero(a) or is_zero(b):
        return Special("zero")
    if isinstance(a, Special) and isinstance(b, Special):
        if "identity" in (a.kind, b.kind):
            return Special(b.kind if a.kind == "identity" else a.kind, a.factor * b.factor)
        raise ShapeError("the length of this vector of ones is not known")
    special, other = (a, b) if isinstance(a, Special) else (b, a)
    shape = tuple(other.shape)
    if shape == ():
        return Special(special.kind, special.factor * other)
    if special.kind == "identity":
        if kind == "elementwise":
            return other * _eye_like(other) * special.factor
        return special.factor * other
    if kind == "elementwise":
        return special.factor * other
    if special.kind == "ones_row" and special is b and shape[1] == 1:  # v 1^T, with as many ones as v has entries
        return special.factor * (other @ (0 * other.T + 1))
    if special.kind == "ones" and special is a and shape[0] == 1:
        return special.factor * ((0 * other.T + 1) @ other)
    if special.kind == "ones_row" and special is a:  # 1^T v sums the rows
        return settle(special.factor * other.sum(0).reshape(1, -1))
    if special.kind == "ones" and special is b and shape[1] > 1:  # A 1 sums the columns
        return special.factor * other.sum(1).reshape(-1, 1)
    return special.factor * other


def divide(a: Array, b: Array) -> Array:
    """a / b: by a scalar, or elementwise for equal shapes."""
    if isinstance(b, Special):
        raise ShapeError("nothing can be divided by the identity")
    if isinstance(a, Special):
        return Special(a.kind, a.factor / b) if tuple(b.shape) == () or is_zero(a) else a.factor / b
    sa, sb = tuple(a.shape), tuple(b.shape)
    if sb == () or sa == sb or sa == ():
        return a / b
    raise ShapeError(f"{describe(sa)} cannot be divided by {describe(sb)}")


def _is_e(a: Array, exponent: Array) -> bool:
    """Whether this is e to the power of a vector, which is meant entry by entry."""
    return tuple(a.shape) == () and 1 in tuple(exponent.shape) and abs(float(a) - math.e) < 1e-12


def power(a: Array, exponent: Array) -> Array:
    """a ** exponent: elementwise; a square matrix to the power -1 is the inverse."""
    if isinstance(a, Special):
        return Special(a.kind, a.factor**exponent)
    if isinstance(exponent, Special) or tuple(exponent.shape) != ():
        if not isinstance(exponent, Special) and (tuple(exponent.shape) == tuple(a.shape) or _is_e(a, exponent)):
            return a**exponent
        raise ShapeError("an exponent must be a number")
    shape = tuple(a.shape)
    if len(shape) == 2 and shape[0] == shape[1] and shape[0] > 1:
        k = float(exponent)
        if k == -1:
            return _inverse(a)
        if k == 0:
            return _eye_like(a)
        if k.is_integer() and 0 < k <= 8:
            out = a
            for _ in range(int(k) - 1):
                out = out @ a
            return out
        raise EvaluationError("this power of a matrix is not defined here")
    differentiated = getattr(exponent, "requires_grad", False)  # torch warns when such a number is looked at
    if not differentiated and float(exponent) == 2.0:
        return a * a
    return a**exponent


def _inverse(a: Array) -> Array:
    import sys

    torch = sys.modules.get("torch")
    if torch is not None and isinstance(a, torch.Tensor):
        return torch.linalg.inv(a)
    import numpy as np

    return np.linalg.inv(a)


def transpose(a: Array) -> Array:
    """The transpose; of a scalar, itself."""
    if isinstance(a, Special):
        swapped: dict[str, Literal["identity", "ones", "ones_row", "zero"]] = {
            "zero": "zero",
            "ones": "ones_row",
            "ones_row": "ones",
            "identity": "identity",
        }
        return Special(swapped[a.kind], a.factor)
    return a if tuple(a.shape) == () else a.T


# -- functions
# ----------------------------------------------------------------------------------------------------------


def elementwise_functions(b: Backend) -> dict[str, Function]:
    """Functions of one argument applied entry by entry, by canonical name."""
    xp = b.xp

    def sigmoid(x: Array) -> Array:
        return 0.5 * (1 + xp.tanh(0.5 * x))  # the logistic function, without overflow

    def relu(x: Array) -> Array:
        return x * (x > 0)

    return {
        "tanh": xp.tanh,
        "sinh": xp.sinh,
        "cosh": xp.cosh,
        "sin": xp.sin,
        "cos": xp.cos,
        "tan": xp.tan,
        "exp": xp.exp,
        "log": xp.log,
        "sqrt": xp.sqrt,
        "floor": xp.floor,
        "ceil": xp.ceil,
        "abs": xp.abs,
        "sign": xp.sign,
        "sigmoid": sigmoid,
        "relu": relu,
        "sech": lambda x: 1 / xp.cosh(x),
        "coth": lambda x: 1 / xp.tanh(x),
        "log2": lambda x: xp.log(x) / math.log(2),
        "log10": lambda x: xp.log(x) / math.log(10),
        "softplus": lambda x: xp.logaddexp(x, 0 * x),  # smooth at 0 for autograd too
        "atanh": xp.arctanh,
        "asin": xp.arcsin,
        "acos": xp.arccos,
        "atan": xp.arctan,
        "heaviside": lambda x: (x > 0) * 1.0,
        "swish": lambda x: x * sigmoid(x),
    }


def derivative_functions(b: Backend) -> dict[str, Function]:
    """First derivatives of the elementwise functions, for `tanh'(z)`; tested against autograd."""
    xp = b.xp
    f = elementwise_functions(b)
    s = f["sigmoid"]
    return {
        "sigmoid": lambda x: s(x) * (1 - s(x)),
        "tanh": lambda x: 1 - xp.tanh(x) ** 2,
        "relu": f["heaviside"],
        "exp": xp.exp,
        "log": lambda x: 1 / x,
        "sqrt": lambda x: 0.5 / xp.sqrt(x),
        "sin": xp.cos,
        "cos": lambda x: -xp.sin(x),
        "softplus": s,
        "sinh": xp.cosh,
        "cosh": xp.sinh,
        "atanh": lambda x: 1 / (1 - x * x),
        "swish": lambda x: s(x) + x * s(x) * (1 - s(x)),
    }
