"""Counts as polynomials in the sizes: parameters of a model, multiplications of its equations."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping

import sympy as sp

from derivations.model import Model, with_bounds
from derivations.terms import S, index_symbol
from notation.errors import EvaluationError
from notation.tree import (
    Add,
    Component,
    Div,
    Expr,
    Indicator,
    Mul,
    Neg,
    Num,
    Partial,
    Pow,
    Reduce,
    Ref,
    children,
    free_names,
)
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
    if isinstance(e, Neg):
        return -size_polynomial(e.body)
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
    return sp.Add(*[steps(model, n) * entries(model.shape(n)) for n in chosen])


def steps(model: Model, name: str) -> S:
    """At how many positions of its sequences a quantity stands: the steps, layers or heads."""
    out: S = sp.Integer(1)
    for axis in model.vocabulary.quantities[name].axes:
        low, high = model.vocabulary.ranges[axis]
        if low is None or high is None:
            raise EvaluationError(f"the range of {axis} is not known")
        out *= size_polynomial(high) - size_polynomial(low) + 1
    return out


def multiplication_count(model: Model) -> S:
    """The number of scalar multiplications of one forward pass, as a polynomial in the sizes.

    Counted in the index form: a product is carried out once for every combination of the indices that occur in it, so
    that the inner vector of `U (f * h)` is multiplied out once and not again for every row of `U`.
    """
    total: S = sp.Integer(0)
    for e in model.equations:
        right = with_bounds(e.right, model.vocabulary.quantities, model.vocabulary.ranges)
        field = model.lowering().lower(right)
        dims = [d for d in (field.rows, field.cols) if d is not None]
        often = steps(model, e.left.name)
        for blocks in itertools.product(*(range(len(d)) for d in dims)):
            index = [(k, Ref(f"i#{n}")) for n, k in enumerate(blocks)]
            body = field.entry(
                index[0] if field.rows is not None else None, index[-1] if field.cols is not None else None
            )
            lengths = {f"i#{n}": size_polynomial(dims[n][k]) for n, k in enumerate(blocks)}
            total += often * products_in(body, lengths)
    return sp.expand(total)


def products_in(e: Expr, lengths: Mapping[str, S]) -> S:
    """Multiplications that a scalar index-form tree takes at all values of its indices, whose number `lengths` tells.

    >>> from notation.tree import number
    >>> f, h = Ref("f", (), (Ref("j"),)), Ref("h", (), (Ref("j"),))
    >>> row = Reduce("sum", "j", number(1), Ref("n"), None, Mul(Ref("U", (), (Ref("i"), Ref("j"))), Mul(f, h)))
    >>> products_in(row, {"i": index_symbol("n")})
    n**2 + n
    """
    if isinstance(e, (Ref, Partial, Indicator)):
        return sp.Integer(0)  # arithmetic with indices is not counted
    if isinstance(e, Component):
        return products_in(e.body, lengths)
    if isinstance(e, Reduce):
        if e.low is None or e.high is None:
            raise EvaluationError("a sum without bounds cannot be counted")
        length = size_polynomial(e.high) - size_polynomial(e.low) + 1
        return products_in(e.body, {**lengths, e.variable: length})
    own = 0
    if isinstance(e, (Mul, Div)):
        own = 1
    elif isinstance(e, Pow) and isinstance(e.exponent, Num) and e.exponent.value.denominator == 1:
        own = max(int(e.exponent.value) - 1, 0)
    used = free_names(e)
    times = sp.Mul(*[length for name, length in lengths.items() if name in used])
    return own * times + sp.Add(*[products_in(c, lengths) for c in children(e)])
