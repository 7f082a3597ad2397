"""What a line of a working states: claims, each a number beside what it may truly be."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

from checkers.digits import agrees, too_coarse
from checkers.working import Line, entries_of, is_number
from derivations.graph import GraphError, Key, number_at
from notation.latex import to_latex
from notation.tree import Expr

# What was stated before: values by one node, derivatives by two.
Said: TypeAlias = dict[tuple[Key, ...], float]

# Sides of one chain may differ by what rounding in between costs.
CHAIN = 2e-2


@dataclass(frozen=True)
class Claim:
    """One stated number: what it is about, its side and value, and what it may truly be (the first is what is meant).

    `stated` is the node whose value it is, or the two of a derivative. `place` is (output, input) where the claim is an
    entry of the Jacobian, (output,) where it is a value of the function.
    """

    about: str
    side: Expr
    value: float
    truths: tuple[float, ...]
    place: tuple[int, ...] = ()
    stated: tuple[Key, ...] = ()

    def right(self, tolerance: float) -> bool:
        """Whether one of the true values is stated."""
        return any(agrees(self.side, self.value, t, tolerance) for t in self.truths)

    @property
    def coarse(self) -> bool:
        """Whether it would be right with more digits."""
        return any(too_coarse(self.side, self.value, t) for t in self.truths)


@dataclass(frozen=True)
class Traced:
    """One line with its claims; `slip` is a message where the line is wrong though its last number is not."""

    line: Line
    claims: tuple[Claim, ...]
    slip: str = ""


def last_number(sides: Iterable[Expr]) -> tuple[Expr, float] | None:
    """The last side that is a number, with its value."""
    for side in reversed(tuple(sides)):
        if is_number(side) and not entries_of(side) and (worth := worth_of(side)) is not None:
            return side, worth
    return None


def worth_of(side: Expr) -> float | None:
    """The value of a side without names; None for any other."""
    try:
        return number_at(side, {}) if is_number(side) else None
    except GraphError:
        return None


def formula(e: Expr | None) -> str:
    """An expression in a message."""
    return f"${to_latex(e)}$" if e is not None else ""
