"""Which terms of one sum another lacks: what the sheet tints in the expected and in the given answer.

This compares how formulas are written, up to the order of factors and terms. It decides nothing: a term is
pointed at only where the rest of the sum is the same, so that tinting never claims more than the eye can check.
"""

from __future__ import annotations

from collections.abc import Sequence

from notation.tree import Add, Compare, Expr, Mul, Neg, Num, rebuild


def missing_terms(given: Sequence[Expr], wanted: Sequence[Expr]) -> tuple[Expr, ...]:
    """The terms of `wanted` that `given` lacks, where the two share at least one other term.

    >>> from notation.tree import Ref
    >>> a, b, c = Ref("a"), Ref("b"), Ref("c")
    >>> missing_terms([Mul(b, a)], [Add((Mul(a, b), c))])
    (Ref(name='c', at=(), index=()),)
    """
    if len(given) != len(wanted):
        return ()
    found: list[Expr] = []
    for one, other in zip(given, wanted, strict=True):
        have = {_shape(term) for term in _terms(one)}
        terms = _terms(other)
        absent = [term for term in terms if _shape(term) not in have]
        if absent and len(absent) < len(terms):
            found += absent
    return tuple(found)


def _terms(expr: Expr) -> tuple[Expr, ...]:
    value = expr.sides[-1] if isinstance(expr, Compare) else expr
    return value.terms if isinstance(value, Add) else (value,)


def _shape(expr: Expr) -> str:
    """A text that two terms share when they differ only in the order of factors and summands."""
    if isinstance(expr, Mul):
        return "*".join(sorted(_factors(expr)))
    if isinstance(expr, Add):
        return "+".join(sorted(_shape(term) for term in expr.terms))
    if isinstance(expr, Neg):
        return f"-({_shape(expr.body)})"
    return repr(_unspelled(expr))


def _unspelled(expr: Expr) -> Expr:
    """The tree without the spelling of its numbers: 1 and 1.0 are one term."""
    return Num(expr.value) if isinstance(expr, Num) else rebuild(expr, _unspelled)


def _factors(expr: Expr) -> list[str]:
    if isinstance(expr, Mul):
        return _factors(expr.left) + _factors(expr.right)
    return [f"({_shape(expr)})"]
