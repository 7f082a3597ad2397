"""Whether a wrong line follows from wrong lines before it: a right formula with wrong numbers in it."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import TYPE_CHECKING

from checkers.claims import FOLLOWS, Claim, Said, Traced
from checkers.digits import agrees
from checkers.own_graph import total
from checkers.sides import is_number
from checkers.working import Line
from derivations.graph import GraphError, Key, key_of, name_of, number_at, references
from notation.tree import Expr, Neg, Num, Partial, Ref, Transpose, rebuild

if TYPE_CHECKING:
    from checkers.tracing import Tracing


def follows(tracing: Tracing, t: Traced, said: Said) -> bool:
    """Whether a wrong number is what the earlier stated numbers give."""
    if len(t.claims) != 1:
        return all(c.stated in said and agrees(c.side, c.value, said[c.stated], tracing.tolerance) for c in t.claims)
    claim = t.claims[0]
    if claim.stated in said and agrees(claim.side, claim.value, said[claim.stated], tracing.tolerance):
        return True  # said before
    none: Said = {}
    pairs = [(predicted(tracing, x, t.line, none), predicted(tracing, x, t.line, said)) for x in t.line.sides]
    pairs.extend(zip(recurrence(tracing, claim, none), recurrence(tracing, claim, said), strict=True))
    # a right formula, with wrong numbers in it, gives this wrong number
    return any(
        true is not None
        and mine is not None
        and any(
            abs(true - x) <= FOLLOWS * max(abs(x), 0.1) and abs(mine - x) > tracing.tolerance * abs(x)
            for x in claim.truths
        )
        and agrees(claim.side, claim.value, mine, FOLLOWS)
        for true, mine in pairs
    )


def predicted(tracing: Tracing, side: Expr, line: Line, said: Said) -> float | None:
    """The value of a side in names, with what was stated before for its nodes and derivatives."""
    if is_number(side):
        return None
    known = dict(tracing.meaning.graph.values) | {k[0]: v for k, v in said.items() if len(k) == 1}
    unit = [s for s, w in line.seeds.items() if w] or [s for s in (tracing.seed_of(line),) if s is not None]

    def of_pair(of: Key, by: Key) -> Expr:
        if (of, by) in said:
            return _exact(said[of, by])
        truths = tracing.derivative(name_of(of), by)
        if not truths:
            raise GraphError("unknown")
        return _exact(truths[-1])  # between neighbours the local one

    def change(e: Expr) -> Expr:
        if isinstance(e, Partial) and isinstance(e.wrt, Ref):
            by = key_of(e.wrt)
            if isinstance(e.of, Ref):
                return of_pair(key_of(e.of), by)
            one = {k: float(number_at(of_pair(k, by), {})) for k in references(e.of)}
            return _exact(total(e.of, one, known))
        marked = e.body if isinstance(e, Transpose) and isinstance(e.body, Ref) else e
        if isinstance(marked, Ref) and (isinstance(e, Transpose) or marked.name.startswith(("\\dot ", "\\bar "))):
            if len(unit) != 1:
                raise GraphError("unknown")
            key = key_of(Ref(marked.name.removeprefix("\\dot ").removeprefix("\\bar "), marked.at, marked.index))
            return of_pair(*((unit[0], key) if marked.name.startswith("\\bar ") else (key, unit[0])))
        return rebuild(e, change)

    try:
        return number_at(change(side), known)
    except GraphError:
        return None


def recurrence(tracing: Tracing, claim: Claim, said: Said) -> Iterator[float]:
    """What one step of the forward or backward pass gives from stated numbers."""
    if len(claim.stated) != 2:
        return
    of, by = claim.stated
    graph = tracing.meaning.graph
    if of in graph.slopes:
        yield sum(d * said.get((k, by), first(tracing, k, by)) for k, d in graph.slopes[of].items())
    users = [(n.key, graph.slopes[n.key][by]) for n in graph.nodes if by in graph.slopes[n.key]]
    if users:
        yield sum(d * said.get((of, k), first(tracing, of, k)) for k, d in users)


def first(tracing: Tracing, of: Key, by: Key) -> float:
    """The true derivative between two nodes."""
    truths = tracing.derivative(name_of(of), by)
    return truths[0] if truths else 0.0


def _exact(value: float) -> Expr:
    size = Num(Fraction(abs(value)))
    return Neg(size) if value < 0 else size
