"""Derivatives of a quantity by a node that an answer cuts out of its equation: `∂h_t/∂u_t` for `u_t = W x_t`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from derivations.model import Equation
from notation.errors import EvaluationError
from notation.evaluate import evaluate
from notation.scope import Clause, Scope
from notation.tree import Expr, Mul, Partial, Product, Ref, rebuild, substitute
from reference_impl.world import Array

# central differences of smooth functions near 1 leave about 1e-9
_STEP = 1e-5
_CUT = "cut out"


def own_slope(
    left: Partial, equations: Sequence[Equation], clauses: Sequence[Clause], scope: Scope
) -> Callable[[], Array] | None:
    """How to compute the Jacobian, shape (of, by), at the positions of `scope`; None without such a node.

    The value raises `EvaluationError` where a position does not exist.
    """
    of, by = left.of, left.wrt
    if not isinstance(of, Ref) or not isinstance(by, Ref) or of.index or by.index or len(clauses) != 1:
        return None
    equation = next((e for e in equations if e.left.name == of.name and not e.left.index), None)
    if equation is None:
        return None
    moved = {a.name: b for a, b in zip(equation.left.at, of.at, strict=False) if isinstance(a, Ref)}
    body = substitute(
        clauses[0].body, {a.name: b for a, b in zip(clauses[0].at, by.at, strict=False) if isinstance(a, Ref)}
    )
    cut = _without(substitute(equation.right, moved), body)
    if cut is None:
        return None
    whole: Expr = cut

    def value() -> Array:
        start = np.asarray(evaluate(body, scope), dtype=float).reshape(-1)

        def at(point: Array) -> Array:
            def lookup(name: str, where: tuple[int, ...]) -> Array:
                return point if name == _CUT else scope.lookup(name, where)

            return np.asarray(evaluate(whole, replace(scope, lookup=lookup)), dtype=float).reshape(-1)

        steps = _STEP * np.eye(start.size)
        columns = [(at(start + step) - at(start - step)) / (2 * _STEP) for step in steps]
        if not columns:
            raise EvaluationError("an empty node has no derivative")
        return np.stack(columns, axis=1)

    return value


def _without(whole: Expr, part: Expr) -> Expr | None:
    """A tree with a name in the place of one part; None where the part does not stand in it.

    Factors beside each other are a part too: the `W x` of `c ⊙ W x`.
    """
    wanted = [f for _, f in _factors(part)]
    found = False

    def visit(e: Expr) -> Expr:
        nonlocal found
        if e == part:
            found = True
            return Ref(_CUT)
        factors = _factors(e)
        for k in range(len(factors) - len(wanted) + 1 if len(wanted) > 1 else 0):
            if [f for _, f in factors[k : k + len(wanted)]] == wanted:
                found = True
                run = [*factors[:k], (factors[k][0], Ref(_CUT)), *factors[k + len(wanted) :]]
                out: Expr = run[0][1]
                for kind, factor in run[1:]:
                    out = Mul(out, factor, kind)
                return out
        return rebuild(e, visit)

    cut = visit(whole)
    return cut if found else None


def _factors(e: Expr) -> list[tuple[Product, Expr]]:
    """The factors of a product, each with the kind of multiplication before it."""
    if not isinstance(e, Mul):
        return [("juxtaposed", e)]
    right = _factors(e.right)
    return [*_factors(e.left), (e.kind, right[0][1]), *right[1:]]
