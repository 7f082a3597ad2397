"""The derivative of an elementary formula by one of its names, as a tree: sum, product and chain rule, and a table.

Written apart from the calculus of SymPy on purpose: a computational graph's own passes and SymPy's derivative are two
roads.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from notation.errors import EvaluationError
from notation.tree import Add, Call, Div, Expr, Mul, Neg, Num, Pow, Ref, number, walk

ZERO, ONE = number(0), number(1)


def _f(name: str, x: Expr) -> Expr:
    return Call(name, (x,))


def _square(x: Expr) -> Expr:
    return Pow(x, number(2))


# f'(x) for the functions of one argument
SLOPES: dict[str, Callable[[Expr], Expr]] = {
    "exp": lambda x: _f("exp", x),
    "log": lambda x: Div(ONE, x),
    "log2": lambda x: Div(ONE, Mul(x, _f("log", number(2)))),
    "log10": lambda x: Div(ONE, Mul(x, _f("log", number(10)))),
    "sqrt": lambda x: Div(ONE, Mul(number(2), _f("sqrt", x))),
    "sin": lambda x: _f("cos", x),
    "cos": lambda x: Neg(_f("sin", x)),
    "tan": lambda x: Add((ONE, _square(_f("tan", x)))),
    "asin": lambda x: Div(ONE, _f("sqrt", Add((ONE, Neg(_square(x)))))),
    "acos": lambda x: Neg(Div(ONE, _f("sqrt", Add((ONE, Neg(_square(x))))))),
    "atan": lambda x: Div(ONE, Add((ONE, _square(x)))),
    "sinh": lambda x: _f("cosh", x),
    "cosh": lambda x: _f("sinh", x),
    "tanh": lambda x: Add((ONE, Neg(_square(_f("tanh", x))))),
    "atanh": lambda x: Div(ONE, Add((ONE, Neg(_square(x))))),
    "sigmoid": lambda x: Mul(_f("sigmoid", x), Add((ONE, Neg(_f("sigmoid", x))))),
    "softplus": lambda x: _f("sigmoid", x),
    "swish": lambda x: Add((_f("sigmoid", x), Mul(x, Mul(_f("sigmoid", x), Add((ONE, Neg(_f("sigmoid", x)))))))),
    "relu": lambda x: _f("heaviside", x),
    "abs": lambda x: _f("sign", x),
    "heaviside": lambda x: ZERO,
    "sign": lambda x: ZERO,
}


def partial(e: Expr, by: Ref) -> Expr:
    """The derivative of a scalar formula by a name, everything else held fixed.

    >>> from notation.plain import to_plain
    >>> x = Ref("x")
    >>> to_plain(partial(Call("sin", (Mul(number(3), x),)), x))
    'cos(3 x) · 3'
    """
    if isinstance(e, Ref):
        return ONE if e == by else ZERO
    if not any(n == by for n in walk(e) if isinstance(n, Ref)):
        return ZERO
    if isinstance(e, Add):
        return added(*(partial(t, by) for t in e.terms))
    if isinstance(e, Neg):
        return negative(partial(e.body, by))
    if isinstance(e, Mul):
        return added(times(partial(e.left, by), e.right), times(e.left, partial(e.right, by)))
    if isinstance(e, Div):
        top, bottom = partial(e.top, by), partial(e.bottom, by)
        first = ZERO if top == ZERO else Div(top, e.bottom)
        second = ZERO if bottom == ZERO else Div(times(e.top, bottom), _square(e.bottom))
        return added(first, negative(second))
    if isinstance(e, Pow):
        return _power(e, by)
    if isinstance(e, Call) and len(e.args) == 1 and not e.order and e.function in SLOPES:
        return times(SLOPES[e.function](e.args[0]), partial(e.args[0], by))
    what = e.function if isinstance(e, Call) else type(e).__name__
    raise EvaluationError(f"{what} is not differentiated here")


def _power(e: Pow, by: Ref) -> Expr:
    base, exponent = partial(e.base, by), partial(e.exponent, by)
    if isinstance(e.exponent, Num):
        less = e.exponent.value - 1
        lower = ONE if less == 0 else e.base if less == 1 else Pow(e.base, _number(less))
        return times(times(e.exponent, lower), base)
    first = times(times(e.exponent, Pow(e.base, added(e.exponent, Neg(ONE)))), base)
    return added(first, times(times(e, _f("log", e.base)), exponent))


def _number(value: Fraction) -> Expr:
    return Neg(number(-value)) if value < 0 else number(value)


def added(*terms: Expr) -> Expr:
    """A sum without zeros."""
    kept = [t for t in terms if t != ZERO]
    return ZERO if not kept else kept[0] if len(kept) == 1 else Add(tuple(kept))


def times(a: Expr, b: Expr) -> Expr:
    """A product without ones; zero where a factor is."""
    if ZERO in (a, b):
        return ZERO
    if a == ONE:
        return b
    if b == ONE:
        return a
    if isinstance(b, Neg):
        return negative(times(a, b.body))
    return negative(times(a.body, b)) if isinstance(a, Neg) else Mul(a, b, "dot")


def negative(e: Expr) -> Expr:
    """The negative without a double sign."""
    return ZERO if e == ZERO else e.body if isinstance(e, Neg) else Neg(e)
