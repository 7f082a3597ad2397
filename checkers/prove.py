"""Proof of equality for all sizes: a normal form of the difference in index form.

Both sides become polynomials over named quantities, exponentials and sums, with integer coefficients (sigma and tanh
are
rational in exponentials). Equal polynomials are a proof; anything else is no statement. Polynomials are python-flint's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from derivations.model import Model, with_bounds
from notation.errors import EvaluationError, ShapeError
from notation.fields import Field, Index, renamed, same
from notation.scope import Clause
from notation.tree import Add, Call, Component, Div, Expr, Indicator, Mul, Neg, Num, Partial, Pow, Reduce, Ref

# Beyond this many terms a proof is not attempted: the numbers have spoken already.
MAX_TERMS = 4000
Monomial = tuple[tuple[str, int], ...]
Polynomial = dict[Monomial, Fraction]


class NormalFormError(Exception):
    """The expression is outside what the normal form covers."""


@dataclass(frozen=True, slots=True)
class Ratio:
    """A quotient of two polynomials over atoms."""

    top: Polynomial
    bottom: Polynomial


ONE: Polynomial = {(): Fraction(1)}


def proves(answer: Expr, key: Expr, model: Model, definitions: Mapping[str, tuple[Clause, ...]]) -> bool:
    """Whether `answer = key` is proved for all sizes and values; False is no statement."""
    if definitions:
        return False
    try:
        low = model.lowering()
        quantities, ranges = model.vocabulary.quantities, model.vocabulary.ranges
        a = low.lower(with_bounds(answer, quantities, ranges))
        b = low.lower(with_bounds(key, quantities, ranges))
        return _equal(a, b)
    except (NormalFormError, EvaluationError, ShapeError, KeyError, RecursionError):
        return False


def _equal(a: Field, b: Field) -> bool:
    if not (same(a.rows, b.rows) and same(a.cols, b.cols)):
        return False
    row_blocks = range(len(a.rows)) if a.rows is not None else (None,)
    col_blocks = range(len(a.cols)) if a.cols is not None else (None,)
    for r in row_blocks:
        for c in col_blocks:
            i: Index | None = (r, Ref("#row")) if r is not None else None
            j: Index | None = (c, Ref("#col")) if c is not None else None
            first, second = normal(a.entry(i, j)), normal(b.entry(i, j))
            if _difference(_times(first.top, second.bottom), _times(second.top, first.bottom)):
                return False
    return True


def _difference(a: Polynomial, b: Polynomial) -> Polynomial:
    out = dict(a)
    for m, c in b.items():
        out[m] = out.get(m, Fraction(0)) - c
        if not out[m]:
            del out[m]
    return out


def _plus(a: Polynomial, b: Polynomial) -> Polynomial:
    return _difference(a, {m: -c for m, c in b.items()})


def _times(a: Polynomial, b: Polynomial) -> Polynomial:
    """The product, by python-flint over the atoms that occur."""
    if len(a) * len(b) > MAX_TERMS:
        raise NormalFormError("too many terms")
    if len(a) == 1 and a.get(()) == 1:
        return b
    if len(b) == 1 and b.get(()) == 1:
        return a
    from flint import Ordering, fmpq, fmpq_mpoly_ctx

    atoms = sorted({name for poly in (a, b) for m in poly for name, _ in m})
    context = fmpq_mpoly_ctx.get([f"a{k}" for k in range(max(len(atoms), 1))], Ordering.lex)
    place = {name: k for k, name in enumerate(atoms)}

    def convert(poly: Polynomial) -> Any:
        table = {}
        for m, c in poly.items():
            exponents = [0] * max(len(atoms), 1)
            for name, power in m:
                exponents[place[name]] = power
            table[tuple(exponents)] = fmpq(c.numerator, c.denominator)
        return context.from_dict(table)

    product = convert(a) * convert(b)
    out: Polynomial = {}
    for exponents, c in product.to_dict().items():
        m = tuple((atoms[k], int(e)) for k, e in enumerate(exponents) if e)
        out[m] = Fraction(int(c.p), int(c.q))
    return out


def _product(x: Ratio, y: Ratio) -> Ratio:
    return Ratio(_times(x.top, y.top), _times(x.bottom, y.bottom))


def _sum(x: Ratio, y: Ratio) -> Ratio:
    if x.bottom == y.bottom:
        return Ratio(_plus(x.top, y.top), x.bottom)
    return Ratio(_plus(_times(x.top, y.bottom), _times(y.top, x.bottom)), _times(x.bottom, y.bottom))


def normal(e: Expr) -> Ratio:
    """The normal form of a scalar index-form tree."""
    if isinstance(e, Num):
        return Ratio({(): e.value} if e.value else {}, ONE)
    if isinstance(e, (Ref, Component, Partial)):
        return Ratio({((key(e), 1),): Fraction(1)}, ONE)
    if isinstance(e, Add):
        total = normal(e.terms[0])
        for t in e.terms[1:]:
            total = _sum(total, normal(t))
        return total
    if isinstance(e, Neg):
        body = normal(e.body)
        return Ratio({m: -c for m, c in body.top.items()}, body.bottom)
    if isinstance(e, Mul):
        return _product(normal(e.left), normal(e.right))
    if isinstance(e, Div):
        bottom = normal(e.bottom)
        if not bottom.top:
            raise NormalFormError("division by zero")
        return _product(normal(e.top), Ratio(bottom.bottom, bottom.top))
    if isinstance(e, Pow):
        return _power(normal(e.base), e.exponent)
    if isinstance(e, Call):
        return _function(e)
    if isinstance(e, Reduce) and e.operation == "sum":
        return _reduced(e)
    if isinstance(e, Indicator):
        return Ratio({((f"[{key(e.condition)}]", 1),): Fraction(1)}, ONE)
    raise NormalFormError(type(e).__name__)


def _power(base: Ratio, exponent: Expr) -> Ratio:
    sign = -1 if isinstance(exponent, Neg) else 1
    value = exponent.body if isinstance(exponent, Neg) else exponent
    if not isinstance(value, Num) or value.value.denominator != 1 or value.value > 8:
        raise NormalFormError("exponent")
    out = Ratio(ONE, ONE)
    for _ in range(int(value.value)):
        out = _product(out, base)
    if sign < 0:
        if not out.top:
            raise NormalFormError("division by zero")
        out = Ratio(out.bottom, out.top)
    return out


def _exponential(x: Ratio, scale: int) -> Ratio:
    """exp(scale * x) as a product of powers of exponentials of single terms."""
    if x.bottom != ONE:
        atom = f"exp({_text(x)})"
        return (
            Ratio({((atom, scale),): Fraction(1)}, ONE) if scale > 0 else Ratio(ONE, {((atom, -scale),): Fraction(1)})
        )
    top, bottom = ONE, ONE
    for m, c in x.top.items():
        factor = Fraction(c) * scale
        unit = Fraction(1, factor.denominator)
        atom = f"exp({unit}*{m})"
        power = factor.numerator
        if power > 0:
            top = _times(top, {((atom, power),): Fraction(1)})
        elif power < 0:
            bottom = _times(bottom, {((atom, -power),): Fraction(1)})
    return Ratio(top, bottom)


def _function(e: Call) -> Ratio:
    name = e.function
    if name in {"sigmoid", "tanh", "exp", "sech", "cosh", "sinh"} and len(e.args) == 1:
        x = normal(e.args[0])
        one = Ratio(ONE, ONE)
        minus = Ratio({(): Fraction(-1)}, ONE)
        if name == "exp":
            return _exponential(x, 1)
        if name == "sigmoid":
            u = _exponential(x, 1)
            value = _product(u, _inverse(_sum(one, u)))
            return value if not e.order else _prime(e.order, _product(value, _sum(one, _product(minus, value))))
        up, down = _exponential(x, 1), _exponential(x, -1)
        total, gap = _sum(up, down), _sum(up, _product(minus, down))
        if name == "tanh":
            value = _product(gap, _inverse(total))
            return value if not e.order else _prime(e.order, _sum(one, _product(minus, _product(value, value))))
        if e.order:
            raise NormalFormError("derivative")
        half = Ratio({(): Fraction(1, 2)}, ONE)
        two = Ratio({(): Fraction(2)}, ONE)
        return {"sech": _product(two, _inverse(total)), "cosh": _product(half, total), "sinh": _product(half, gap)}[
            name
        ]
    args = ",".join(_text(normal(a)) for a in e.args)
    return Ratio({((f"{name}{chr(39) * e.order}({args})", 1),): Fraction(1)}, ONE)


def _prime(order: int, value: Ratio) -> Ratio:
    if order > 1:
        raise NormalFormError("second derivative")
    return value


def _inverse(x: Ratio) -> Ratio:
    if not x.top:
        raise NormalFormError("division by zero")
    return Ratio(x.bottom, x.top)


def _reduced(e: Reduce) -> Ratio:
    """A sum: factors without the variable come out, what is left is an atom with a canonical variable."""
    if e.low is None or e.high is None or e.condition is not None:
        raise NormalFormError("range")
    marker = "#sum"
    depth = 0
    while f"{marker}{depth}" in key(e.body):
        depth += 1
    variable = f"{marker}{depth}"
    body = normal(renamed(e.body, e.variable, variable))
    if any(variable in name for m in body.bottom for name, _ in m):
        raise NormalFormError("a denominator inside a sum")
    bounds = f"{key(e.low)}..{key(e.high)}"
    out: Polynomial = {}
    for m, c in body.top.items():
        inside = tuple((n, p) for n, p in m if variable in n)
        outside = tuple((n, p) for n, p in m if variable not in n)
        atom = f"sum[{bounds}]{inside}"
        powers = dict(outside)
        powers[atom] = powers.get(atom, 0) + 1
        whole = tuple(sorted(powers.items()))
        out[whole] = out.get(whole, Fraction(0)) + c
    return Ratio(out, body.bottom)


def _text(x: Ratio) -> str:
    return f"{sorted(x.top.items())}/{sorted(x.bottom.items())}"


def key(e: Expr) -> str:
    """A canonical text of an atom: equal atoms have equal texts."""
    if isinstance(e, Num):
        return str(e.value)
    if isinstance(e, Add):
        from notation.statement import simplified

        short = simplified(e)
        if isinstance(short, Add):
            return "(" + "+".join(sorted(key(t) for t in short.terms)) + ")"
        return key(short)
    if isinstance(e, Neg):
        return f"-{key(e.body)}"
    if isinstance(e, Ref):
        return f"{e.name}@{','.join(map(key, e.at))}[{','.join(map(key, e.index))}]"
    if isinstance(e, Partial):
        return f"d{e.kind}({key(e.of)};{key(e.wrt)})"
    if isinstance(e, Component):
        return f"{key(e.body)}[{','.join(map(key, e.index))}]"
    return repr(e)


def scalars_equal(a: Expr, b: Expr) -> bool:
    """Whether two scalar formulas have one normal form; raises `NormalFormError` outside its language."""
    first, second = normal(a), normal(b)
    return not _difference(_times(first.top, second.bottom), _times(second.top, first.bottom))
