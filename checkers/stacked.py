"""Arrays with one row for every step, as code stacks them: `(dh * o).T @ h_prev` is a sum of outer products."""

from __future__ import annotations

import re

from notation.tree import Call, Expr, Mul, Reduce, Transpose, free_names, rebuild

_EINSUM = re.compile(r"einsum:([a-z])([a-z]),\1([a-z])->([a-z])([a-z])")


def over_steps(side: Expr, step: str, text: str) -> Expr:
    """A product that contracts the rows of two stacked arrays as the sum over the steps that it is.

    Only quantities that are written without their step are read so; anything else is returned as it is.
    """
    written = text[slice(*side.span)]
    if re.search(rf"[_\[({{]\s*{step}\b", written):
        return side

    def visit(e: Expr) -> Expr:
        pair: tuple[Expr, Expr] | None = None
        if isinstance(e, Mul) and e.kind == "matrix" and isinstance(e.left, Transpose):
            pair = e.left.body, e.right
        elif isinstance(e, Call) and len(e.args) == 2 and (found := _EINSUM.fullmatch(e.function)) is not None:
            first, second, rows, columns = found[2], found[3], found[4], found[5]
            if (rows, columns) == (first, second):
                pair = e.args[0], e.args[1]
            elif (rows, columns) == (second, first):
                pair = e.args[1], e.args[0]
        if pair is not None and all(step in free_names(x) for x in pair):
            return Reduce("sum", step, None, None, None, Mul(*pair, "outer", span=e.span), span=e.span)
        return rebuild(e, visit)

    return visit(side)
