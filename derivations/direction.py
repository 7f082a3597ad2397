"""Which way a recurrence runs: from the first step to the last, or back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from notation.tree import Add, Num, Ref, walk
from notation.vocabulary import Quantity

if TYPE_CHECKING:
    from derivations.model import Equation


def runs_backward(equations: Sequence[Equation], quantities: Mapping[str, Quantity]) -> dict[str, str]:
    """Quantities that depend on themselves at a later step, each with the sequence along which they do."""
    uses = {e.left.name: {r.name for r in walk(e.right) if isinstance(r, Ref)} for e in equations}

    def reached(name: str) -> set[str]:
        seen: set[str] = set()
        todo = [name]
        while todo:
            new = uses.get(todo.pop(), set()) - seen
            seen |= new
            todo.extend(new)
        return seen

    later: dict[str, str] = {}
    closure = {name: reached(name) for name in uses}
    for e in equations:
        for r in walk(e.right):
            if not isinstance(r, Ref) or e.left.name not in closure.get(r.name, ()):
                continue
            for axis, at in zip(quantities[r.name].axes, r.at, strict=False):
                if isinstance(at, Add) and Ref(axis) in at.terms and any(isinstance(t, Num) for t in at.terms):
                    circle = {n for n in closure[r.name] if r.name in closure.get(n, ())}
                    later |= dict.fromkeys(circle, axis)
    return later
