"""Counts as polynomials in the sizes: parameters of a model, multiplications of its equations."""

from __future__ import annotations

from collections.abc import Iterable

import sympy as sp

from derivations.model import Model, with_bounds
from derivations.terms import S, index_symbol
from notation.errors import EvaluationError
from notation.tree import Add, Div, Expr, Mul, Num, Pow, Reduce, Ref, children
from notation.vocabulary import Shape


def size_polynomial(e: Expr) -> S:
    """A size expression as a SymPy polynomial."""
    if isinstance(e, Num):
        return sp.Rational(e.value.numerator, e.value.denominator)
    if isinstance(e, Ref):
        return index_symbol(e.name)
    if isinstance(e, Add):
        return sp.Add(*[size_polynomial(t) for t in e.terms])
    if isinstance(e, Mul):
        return size_polynomial(e.left) * size_polynomial(e.right)
    raise EvaluationError("a size must be a sum or product of names and numbers")


def entries(shape: Shape) -> S:
    """How many numbers an array of this shape holds.

    >>> from notation.tree import Ref
    >>> entries(((Ref("n"),), (Ref("n"), Ref("d"))))
    n*(d + n)
    """
    out: S = sp.Integer(1)
    for dim in shape:
        out *= sp.Add(*[size_polynomial(b) for b in dim])
    return out


def parameter_count(model: Model, names: Iterable[str] | None = None) -> S:
    """The number of parameters of a model (or of the named ones) as a polynomial in its sizes."""
    chosen = model.parameters if names is None else tuple(names)
    return sp.Add(*[entries(model.shape(n)) for n in chosen])


def multiplication_count(model: Model) -> S:
    """The number of scalar multiplications of one forward pass, as a polynomial in the sizes.

    Counted in the index form: a product costs one, a sum as often as it has terms, an equation as often as it has
    entries.
    """
    total: S = sp.Integer(0)
    for e in model.equations:
        right = with_bounds(e.right, model.vocabulary.quantities, model.vocabulary.ranges)
        field = model.lowering().lower(right)
        dims = [d for d in (field.rows, field.cols) if d is not None]
        index = [(0, Ref(f"i#{n}")) for n in range(len(dims))]
        body = field.entry(index[0] if field.rows is not None else None, index[-1] if field.cols is not None else None)
        steps: S = sp.Integer(1)
        for axis in model.vocabulary.quantities[e.left.name].axes:
            low, high = model.vocabulary.ranges[axis]
            if low is None or high is None:
                raise EvaluationError(f"the range of {axis} is not known")
            steps *= size_polynomial(high) - size_polynomial(low) + 1
        total += steps * entries(tuple(dims)) * products_in(body)
    return sp.expand(total)


def products_in(e: Expr) -> S:
    """Multiplications in one evaluation of a scalar index-form tree."""
    if isinstance(e, Reduce):
        if e.low is None or e.high is None:
            raise EvaluationError("a sum without bounds cannot be counted")
        length = size_polynomial(e.high) - size_polynomial(e.low) + 1
        return length * products_in(e.body)
    own = (
        1
        if isinstance(e, (Mul, Div))
        else int(e.exponent.value) - 1
        if isinstance(e, Pow) and isinstance(e.exponent, Num)
        else 0
    )
    return own + sp.Add(*[products_in(c) for c in children(e)])
