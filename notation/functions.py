"""Functions of whole vectors and matrices, and derivatives written with a prime."""

from __future__ import annotations

import math
from collections.abc import Mapping

from notation import arrays
from notation.arrays import Array, Backend, Function, Special, is_zero
from notation.errors import EvaluationError, ShapeError
from notation.tree import Call

_ARRAYS = frozenset({"trace", "det", "softmax", "diag", "vec"})


def apply_function(e: Call, args: list[Array], elementwise: Mapping[str, Function], b: Backend) -> Array:
    """The value of a function call on evaluated arguments."""
    name = e.function
    if name == "pi":
        return b.constant(math.pi)
    if any(isinstance(a, Special) for a in args):
        args = [b.constant(0.0) if is_zero(a) else a for a in args]
        args = [b.constant(1.0) * a.factor if isinstance(a, Special) and a.kind != "identity" else a for a in args]
        if any(isinstance(a, Special) for a in args):
            raise ShapeError(f"{name} of the identity has no size here", e.span)
    if name in _ARRAYS and any(tuple(a.shape) == () for a in args):
        raise ShapeError(f"{name} needs a vector or a matrix", e.span)
    if name in {"trace", "det"} and (args[0].shape[0] != args[0].shape[1]):
        raise ShapeError(f"{name} needs a square matrix", e.span)
    if e.order:
        return _prime(e, args, b)
    if name in elementwise and len(args) == 1:
        return elementwise[name](args[0])
    if name in {"max", "min"}:
        return _extreme(name, args, e)
    if name == "softmax" and len(args) > 1:
        raise ShapeError("softmax takes one vector", e.span)
    if name == "softmax":
        return _softmax(args[0], b)
    if name == "diag":
        return _diag(args[0], b, e)
    if name == "sum":
        return args[0].sum()
    if name == "mean":
        return args[0].mean()
    if name == "logsumexp":
        return b.xp.log(b.xp.exp(args[0]).sum())
    if name == "norm":
        return b.xp.sqrt((args[0] * args[0]).sum())
    if name == "trace":
        return (args[0] * b.eye(int(args[0].shape[0]))).sum()
    if name == "det":
        return b.xp.linalg.det(args[0])
    if name == "inner" and len(args) == 2:
        return _inner(args[0], args[1], e)
    if name == "vec":
        return args[0].T.reshape(-1, 1)
    if name.startswith("einsum:"):
        return _einsum(name.removeprefix("einsum:"), args, b, e)
    raise EvaluationError(f"{name} cannot be evaluated here")


def _einsum(spec: str, args: list[Array], b: Backend, e: Call) -> Array:
    """numpy.einsum; a column counts as an array with one axis where the indices say so."""
    inputs = spec.partition("->")[0].split(",")
    if len(inputs) != len(args):
        raise ShapeError(f"einsum names {len(inputs)} arrays, and {len(args)} are given", e.span)
    flat = [a.reshape(-1) if len(i) == 1 and 1 in tuple(a.shape) else a for i, a in zip(inputs, args, strict=True)]
    try:
        out = b.xp.einsum(spec, *flat)
    except (ValueError, RuntimeError) as problem:
        raise ShapeError(f"einsum '{spec}' does not fit these shapes", e.span) from problem
    return out.reshape(-1, 1) if len(out.shape) == 1 else out


def _prime(e: Call, args: list[Array], b: Backend) -> Array:
    if e.order > 1:
        raise EvaluationError("second derivatives of a function are not evaluated here")
    if e.function == "softmax":
        s = _softmax(args[0], b).reshape(-1, 1)
        return b.diagonal(s.reshape(-1)) - s @ s.T
    table = arrays.derivative_functions(b)
    if e.function not in table or len(args) != 1:
        raise EvaluationError(f"{e.function}' is not known here")
    return table[e.function](args[0])


def _inner(a: Array, c: Array, e: Call) -> Array:
    sa, sc = tuple(a.shape), tuple(c.shape)
    if sa == sc and (sa == () or 1 in sa):
        return (a * c).sum()
    if len(sa) == 2 and len(sc) == 2 and sa[1] == sc[0]:  # np.dot of matrices
        return arrays.settle(a @ c)
    if len(sa) == 2 and len(sc) == 2 and 1 in sa and 1 in sc and sa[::-1] == sc:
        return (a.reshape(-1) * c.reshape(-1)).sum()
    raise ShapeError(f"{arrays.describe(sa)} and {arrays.describe(sc)} have no inner product", e.span)


def _softmax(x: Array, b: Backend) -> Array:
    if tuple(x.shape) == ():
        raise ShapeError("softmax needs a vector")
    if len(x.shape) == 2 and 1 not in tuple(x.shape):  # every row of a matrix
        top = b.xp.exp(x - x.max())
        return top / top.sum(1).reshape(-1, 1)
    top = b.xp.exp(x - x.max())
    return top / top.sum()


def _diag(x: Array, b: Backend, e: Call) -> Array:
    shape = tuple(x.shape)
    if shape == ():
        raise ShapeError("diag needs a vector", e.span)
    if 1 in shape:
        return b.diagonal(x.reshape(-1))
    return b.diagonal(x).reshape(-1, 1)


def _extreme(name: str, args: list[Array], e: Call) -> Array:
    if len(args) == 1:
        return args[0].max() if name == "max" else args[0].min()
    out = args[0]
    for other in args[1:]:
        so, sn = tuple(out.shape), tuple(other.shape)
        if so != sn and so != () and sn != ():
            raise ShapeError(f"{name} of {arrays.describe(so)} and {arrays.describe(sn)}", e.span)
        pick = (out > other) if name == "max" else (out < other)
        out = out * pick + other * (1 - 1 * pick)
    return out
