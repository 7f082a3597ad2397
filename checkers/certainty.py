"""Whether a wrong number is surely said of the quantity that the reader took it for, and what no line accounts for.

A line that may mean something else, and then is right, is left aside where the result is right without it. A number
that stands in words no line was read from, and that is nothing in the graph, keeps a right result from being sure.
"""

from __future__ import annotations

import re
from itertools import combinations
from typing import TYPE_CHECKING

from checkers.claims import Claim, Traced
from checkers.digits import agrees
from checkers.sides import is_number, is_plain
from checkers.working import Line
from derivations.graph import Graph, Key
from notation.tree import number

if TYPE_CHECKING:
    from checkers.tracing import Tracing

_DECIMAL = re.compile(r"(?<![\w.])\d+\.\d+(?![\w.]*\d)")
# more contributions to one adjoint are not added in parts by hand
_USERS = 6


def unclear(tracing: Tracing, t: Traced) -> bool:
    """Whether the wrong numbers of a line are right for another quantity that it may be about."""
    bad = [c for c in t.claims if not c.right(tracing.tolerance)]
    return bool(bad) and all(_elsewhere(tracing, t, c) for c in bad)


def stray(tracing: Tracing) -> str:
    """The first decimal number outside the judged lines that is no value and no derivative in the graph, or ``""``."""
    judged = [t.line.span for t in tracing.traced]
    truths: set[float] = set()
    for graph in (*tracing.meaning.graphs, tracing.author):
        truths.update(graph.values.values(), *(s.values() for s in graph.slopes.values()))
        for ends in (
            *(graph.derivatives_of(y) for y in graph.outputs),
            *(graph.derivatives_by(x) for x in graph.inputs),
        ):
            truths.update(ends.values())
    sizes = {abs(t) for t in truths}
    for found in _DECIMAL.finditer(tracing.working.text):
        worth = number(found[0])
        inside = any(start <= found.start() < end for start, end in judged)
        if not inside and not any(agrees(worth, float(worth.value), size, tracing.tolerance) for size in sizes):
            return found[0]
    return ""


def _elsewhere(tracing: Tracing, t: Traced, claim: Claim) -> bool:
    line = t.line
    if line.way == "value":
        formula = any(is_plain(s) and not is_number(s) for s in line.sides)
        if tracing.values or (formula and not t.slip):
            return False
        return any(_agrees(tracing, claim, d) for key in claim.stated for d in _derivatives(tracing, key))
    if line.way in ("dot", "bar") and not line.seeds and line.hint is None and len(t.claims) == 1:
        key = claim.stated[0 if line.way == "dot" else -1] if claim.stated else None
        if key is not None and any(_agrees(tracing, claim, d) for d in _marked(tracing, line, key)):
            return True
    return _provisional(tracing, line, claim)


def _agrees(tracing: Tracing, claim: Claim, truth: float) -> bool:
    return agrees(claim.side, claim.value, truth, tracing.tolerance)


def _marked(tracing: Tracing, line: Line, key: Key) -> list[float]:
    """A tangent or adjoint under every single seed."""
    sources = tracing.author.inputs if line.way == "dot" else tracing.author.outputs
    return [d for s in sources for d in tracing.marked(line, key, {s: 1.0})]


def _derivatives(tracing: Tracing, key: Key) -> list[float]:
    """All tangents and adjoints of a node."""
    out: list[float] = []
    for graph in tracing.meaning.graphs:
        if key in graph.values:
            out.extend(graph.derivatives_by(x)[key] for x in graph.inputs)
            out.extend(graph.derivatives_by(key)[y] for y in graph.outputs)
    return out


def _provisional(tracing: Tracing, line: Line, claim: Claim) -> bool:
    """Whether a later line completes a part of an adjoint: `v̄_2 = 14.778`, then `v̄_2 = 14.778 - 11.88`."""
    if line.way not in ("bar", "derivative") or len(claim.stated) != 2:
        return False
    later = [t for t in tracing.traced if t.line.span[0] > line.span[0]]
    if not any(
        c.stated == claim.stated and c.right(tracing.tolerance) and t.line.way == line.way
        for t in later
        for c in t.claims
    ):
        return False
    return any(_agrees(tracing, claim, p) for p in _parts(tracing.meaning.graph, *claim.stated))


def _parts(graph: Graph, of: Key, by: Key) -> list[float]:
    """Sums of some, not all, of what arrives along the edges of a node."""
    if by not in graph.values or of not in graph.values:
        return []
    back = graph.derivatives_of(of)
    arriving = [graph.slopes[n.key][by] * back.get(n.key, 0.0) for n in graph.nodes if by in graph.slopes[n.key]]
    arriving = [a for a in arriving if a]
    if len(arriving) > _USERS:
        return []
    return [sum(some) for size in range(1, len(arriving)) for some in combinations(arriving, size)]
