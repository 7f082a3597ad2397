"""Counts as polynomials in the sizes: parameters of a model, multiplications of its equations."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

import sympy as sp

from derivations.model import Model, with_bounds
from derivations.terms import S, index_symbol
from notation.errors import EvaluationError
from notation.fields import Field
from notation.indexed import Lowering
from notation.tree import (
    Add,
    Call,
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
    rebuild,
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
    return sp.Add(*[over_steps(model, n, entries(model.shape(n))) for n in chosen])


def multiplication_count(model: Model) -> S:
    """The number of scalar multiplications of one forward pass, as a polynomial in the sizes.

    Counted in the index form: a product is carried out once for every combination of the indices that occur in it, so
    that the inner vector of `U (f * h)` is multiplied out once and not again for every row of `U`.
    """
    total: S = sp.Integer(0)
    for e in model.equations:
        known: dict[str, Shape] = {}
        right = with_bounds(e.right, model.vocabulary.quantities, model.vocabulary.ranges)
        for part in (*_arguments(right, known, model), _named(right, known, model)):
            total += over_steps(model, e.left.name, _products(_lowering(known, model).lower(part), model.sizes))
    return sp.expand(total)


def _products(field: Field, sizes: Collection[str]) -> S:
    """Multiplications for all entries of a field."""
    total: S = sp.Integer(0)
    dims = [d for d in (field.rows, field.cols) if d is not None]
    for blocks in itertools.product(*(range(len(d)) for d in dims)):
        index = [(k, Ref(f"i#{n}")) for n, k in enumerate(blocks)]
        body = field.entry(index[0] if field.rows is not None else None, index[-1] if field.cols is not None else None)
        lengths = {f"i#{n}": size_polynomial(dims[n][k]) for n, k in enumerate(blocks)}
        total += products_in(body, lengths, sizes)
    return total


def _lowering(known: Mapping[str, Shape], model: Model) -> Lowering:
    return Lowering(lambda name: known[name] if name in known else model.shape(name), model.elementwise)


def _arguments(e: Expr, known: dict[str, Shape], model: Model) -> list[Expr]:
    """What softmax is taken of: it stands twice in the index form, and is computed once."""
    inner = [part for c in children(e) for part in _arguments(c, known, model)]
    if isinstance(e, Call) and e.function == "softmax":
        inner.append(_named(e.args[0], known, model))
    return inner


def _named(e: Expr, known: dict[str, Shape], model: Model) -> Expr:
    """The tree with a name for what softmax is taken of."""

    def visit(x: Expr) -> Expr:
        x = rebuild(x, visit)
        if isinstance(x, Call) and x.function == "softmax" and not isinstance(x.args[0], Ref):
            field = _lowering(known, model).lower(x.args[0])
            name = f"argument#{len(known)}"
            known[name] = tuple(d for d in (field.rows, field.cols) if d is not None)
            return replace(x, args=(Ref(name),))
        return x

    return visit(e)


def over_steps(model: Model, name: str, each: S) -> S:
    """The sum of a count over all positions of a quantity; the count may depend on the step, as in attention to what
    came before."""
    for axis in model.vocabulary.quantities[name].axes:
        low, high = model.vocabulary.ranges[axis]
        if low is None or high is None:
            raise EvaluationError(f"the range of {axis} is not known")
        first, last = size_polynomial(low), size_polynomial(high)
        step = index_symbol(axis)
        each = sp.summation(each, (step, first, last)) if each.has(step) else each * (last - first + 1)
    return each


def products_in(e: Expr, lengths: Mapping[str, S], sizes: Collection[str] = ()) -> S:
    """Multiplications that a scalar index-form tree takes at all values of its indices, whose number `lengths` tells.

    A division counts as a multiplication, a power as repeated ones; numbers made of `sizes` alone are known beforehand.

    >>> from notation.tree import number
    >>> f, h = Ref("f", (), (Ref("j"),)), Ref("h", (), (Ref("j"),))
    >>> row = Reduce("sum", "j", number(1), Ref("n"), None, Mul(Ref("U", (), (Ref("i"), Ref("j"))), Mul(f, h)))
    >>> products_in(row, {"i": index_symbol("n")})
    n**2 + n
    """
    if isinstance(e, (Ref, Partial, Indicator)):
        return sp.Integer(0)  # arithmetic with indices is not counted
    if isinstance(e, Component):
        return products_in(e.body, lengths, sizes)
    if _known_beforehand(e, sizes):
        return sp.Integer(0)
    if isinstance(e, Reduce):
        if e.low is None or e.high is None:
            raise EvaluationError("a sum without bounds cannot be counted")
        length = size_polynomial(e.high) - size_polynomial(e.low) + 1
        return products_in(e.body, {**lengths, e.variable: length}, sizes)
    own = 0
    if isinstance(e, (Mul, Div)):
        own = 1
    elif isinstance(e, Pow) and isinstance(e.exponent, Num) and e.exponent.value.denominator == 1:
        own = max(int(e.exponent.value) - 1, 0)
    used = free_names(e)
    times = sp.Mul(*[length for name, length in lengths.items() if name in used])
    return own * times + sp.Add(*[products_in(c, lengths, sizes) for c in children(e)])


def _known_beforehand(e: Expr, sizes: Collection[str]) -> bool:
    """Whether a tree is made of numbers and sizes only, such as 1/n."""
    if isinstance(e, (Num, Ref)):
        return isinstance(e, Num) or (e.name in sizes and not e.at and not e.index)
    return isinstance(e, (Add, Mul, Div, Neg, Pow, Call)) and all(_known_beforehand(c, sizes) for c in children(e))
