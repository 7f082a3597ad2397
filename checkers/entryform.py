"""Formulas for entries under one reading: from where indices count, in which order they stand.

A student may write `x_{k,n}` for `x[n][k]`, leave out an axis with one entry, or count from 0. A reading makes one such
choice for the whole answer; `Form` rewrites a formula in the order and base in which arrays are kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from notation.scope import Clause
from notation.statement import simplified
from notation.tree import Add, Compare, Component, Expr, Partial, Reduce, Ref, Vector, number, rebuild, walk


@dataclass(frozen=True, slots=True)
class Reading:
    """One reading of all indices of an answer: the number of the first entry, and the arrays written in other order."""

    base: int = 1
    swapped: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Form:
    """Rewrites formulas under one reading; `shapes` are those of the arrays, `ranges` those given to letters."""

    shapes: Mapping[str, tuple[int, ...]]
    reading: Reading
    ranges: Mapping[str, tuple[int, int]]

    def of(self, e: Expr) -> Expr:
        """The formula with plain indices, base 1, and bounds at every sum."""
        return self.indexed(self.bounded(merged(e, self.shapes)))

    def clauses(self, definitions: Mapping[str, tuple[Clause, ...]]) -> dict[str, tuple[Clause, ...]]:
        """The answer's own definitions, rewritten."""
        return {n: tuple(replace(c, body=self.of(c.body)) for c in cs) for n, cs in definitions.items()}

    def index(self, name: str, index: tuple[Expr, ...]) -> tuple[Expr, ...]:
        """The indices of an array in the order in which it is kept, with an axis of one entry filled in."""
        shape = self.shapes.get(name, ())
        single = [k for k, n in enumerate(shape) if n == 1]
        if len(index) == len(shape) - 1 and len(single) == 1:
            index = (*index[: single[0]], number(self.reading.base), *index[single[0] :])
        if len(index) == len(shape) == 2 and name in self.reading.swapped:
            index = index[::-1]
        return index

    def place(self, name: str, index: tuple[Expr, ...]) -> tuple[Expr, ...]:
        """The indices of an array in its own order and counted from 1."""
        shape = self.shapes.get(name, ())
        index = self.index(name, index)
        if 0 < len(index) < len(shape):
            index = (*index, *(Ref(":"),) * (len(shape) - len(index)))  # x[n] is a whole column
        if self.reading.base == 1 or len(index) != len(shape):
            return index
        return tuple(
            e
            if e == Ref(":")
            else number(1)
            if n == 1 and e in {number(0), number(1)}
            else simplified(Add((e, number(1))))
            for e, n in zip(index, shape, strict=True)
        )

    def indexed(self, e: Expr) -> Expr:
        """All arrays with indices counted from 1."""
        if isinstance(e, Ref) and e.index:
            return replace(e, index=self.place(e.name, tuple(self.indexed(i) for i in e.index)))
        return rebuild(e, self.indexed)

    def bounded(self, e: Expr) -> Expr:
        """Sums without bounds get the range that the answer gives, or that of the axis on which the letter stands."""
        if isinstance(e, Reduce) and (e.high is None or e.low is None):
            found = self.ranges.get(e.variable) or self.natural(e.body, e.variable)
            if found is not None:
                e = replace(e, low=e.low or number(found[0]), high=e.high or number(found[1]))
        return rebuild(e, self.bounded)

    def natural(self, e: Expr, letter: str) -> tuple[int, int] | None:
        """The range of a letter that stands alone on an axis of an array."""
        for node in walk(e):
            if isinstance(node, Ref) and node.index and node.name in self.shapes:
                shape = self.shapes[node.name]
                for i, n in zip(self.index(node.name, node.index), shape, strict=False):
                    if i == Ref(letter) and len(node.index) >= len(shape) - 1:
                        return self.reading.base, self.reading.base + n - 1
        return None


def merged(e: Expr, shapes: Mapping[str, tuple[int, ...]]) -> Expr:
    """`(df/dW)[r, k]` and `(f)[r]` with their indices where they belong."""
    e = rebuild(e, lambda c: merged(c, shapes))
    if not isinstance(e, Component):
        return e
    body, index = e.body, e.index
    if isinstance(body, Ref):
        return replace(body, index=(*body.index, *index))
    if not isinstance(body, Partial) or not isinstance(body.of, Ref) or not isinstance(body.wrt, Ref):
        return e
    flat = tuple(p for i in index for p in (i.entries if isinstance(i, Vector) else (i,)))
    axes = [len(() if r.index else shapes.get(r.name, ())) for r in (body.of, body.wrt)]
    if len(flat) == sum(axes) + 1 and axes[0] == 1 and flat[0] in {number(0), number(1)}:
        flat = flat[1:]  # the output as a 1 x 3 array
    room = axes[0]
    return replace(
        body,
        of=replace(body.of, index=(*body.of.index, *flat[:room])),
        wrt=replace(body.wrt, index=(*body.wrt.index, *flat[room:])),
    )


def counts_from_zero(e: Expr) -> bool:
    """Whether a formula shows that it counts from 0: a sum, an index or a condition begins there."""
    for node in walk(e):
        if isinstance(node, Reduce) and node.low == number(0):
            return True
        if isinstance(node, (Ref, Component)) and number(0) in node.index:
            return True
        if isinstance(node, Compare):
            if "in" in node.relations and isinstance(node.sides[-1], Vector) and node.sides[-1].entries[0] == number(0):
                return True
            if len(node.sides) == 3 and node.sides[0] == number(0) and node.relations[0] == "<=":
                return True
    return False
