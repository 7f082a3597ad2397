"""What a line of a working states: claims, each a number beside what it may truly be."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from checkers.digits import agrees, too_coarse
from checkers.sides import entries_of, is_number, is_plain
from checkers.working import Line
from derivations.graph import GraphError, Key, key_of, number_at
from notation.latex import to_latex
from notation.tree import Expr, Num, Ref, walk

# What was stated before: values by one node, derivatives by two.
Said: TypeAlias = dict[tuple[Key, ...], float]

# Sides of one chain may differ by what rounding in between costs.
CHAIN = 1e-2
# What follows from a wrong number may have been rounded on its way once more.
FOLLOWS = 2e-2


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


def sum_slip(lines: Iterable[Line], known: Mapping[Key, float]) -> str:
    """A message where a computation about no node is wrong: `7.389 · 2 = 15.71`, or `1 - s = 0.27` after `s = 0.72`.

    `known` are the values of nodes; letters that a line gives a number are worth that number from then on.
    """
    worths = dict(known)
    for line in lines:
        if line.way == "value" and isinstance(line.of, Ref) and (last := last_number(line.sides)) is not None:
            if (key := key_of(line.of)) not in known:
                worths[key] = last[1]
        named = line.way == "value" and isinstance(line.of, Ref) and key_of(line.of) not in known
        named = named and not re.search(r"(?<![A-Za-z\\])e(?!\s*\^|[A-Za-z])", line.text)  # exp(e) of a node e
        if not (line.way == "bare" or named) or len(line.sides) < 2 or isinstance(line.sides[0], Num):
            continue
        sides = [(s, w) for s in line.sides if not entries_of(s) and (w := _worth_among(s, worths)) is not None]
        if len(sides) != len(line.sides) or not is_number(sides[-1][0]):
            continue
        first, last_worth = sides[0][1], sides[-1][1]
        written = [abs(float(n.value)) for s, _ in sides for n in walk(s) if isinstance(n, Num) and "." in n.text]
        if written and abs(first - last_worth) > CHAIN * max(abs(first), abs(last_worth), 1.0, *written):
            return f"{formula(sides[0][0])} is {first:.4g}, not {formula(sides[-1][0])}."
    return ""


def _worth_among(side: Expr, worths: Mapping[Key, float]) -> float | None:
    """The value of a side in numbers and known names."""
    try:
        return number_at(side, worths) if is_plain(side) else None
    except GraphError:
        return None
