"""A derivation: what is claimed, the steps that lead to it with the rule used, and what is assumed."""

from __future__ import annotations

from dataclasses import dataclass

from notation.tree import Expr


@dataclass(frozen=True, slots=True)
class Step:
    """One line of a derivation: an equation (a `Compare` chain) or expression, and the reason it holds.

    `paths` names the equation and occurrence the line came from, such as `C_{t+1} <- f_{t+1} C_t`.
    """

    line: Expr
    reason: str
    path: str = ""


@dataclass(frozen=True, slots=True)
class Derivation:
    """`claim` is `left = right` in matrix form; `index_form` the same, component by component.

    `matrix_form` is False where the result has no matrix form, and `claim` is then the index form itself.
    """

    claim: Expr
    index_form: Expr | None
    steps: tuple[Step, ...]
    assumptions: tuple[str, ...] = ()
    matrix_form: bool = True
