"""Lists of a value and its tangents beside a node: `v_4 = (2, 1)`, as with dual numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from checkers.claims import Claim, formula, worth_of
from checkers.sides import entries_of
from derivations.graph import GraphError, Key, key_of
from notation.tree import Ref, Span

if TYPE_CHECKING:
    from checkers.tracing import Tracing


def paired(tracing: Tracing) -> dict[Span, list[Claim]]:
    """The entries of such lists as claims; empty where most of the lists are something else."""
    found: dict[Span, list[Claim]] = {}
    inputs = tracing.author.inputs
    for line in tracing.working.lines:
        key = key_of(line.of) if line.way == "list" and isinstance(line.of, Ref) and _numbered(line.of) else None
        entries = entries_of(line.sides[-1])
        if key is None or tracing.output(line.of) is not None or not 2 <= len(entries) <= 1 + len(inputs):
            continue
        tangents = [_tangents(tracing, key, x) for x in inputs]
        options: list[tuple[tuple[float, ...], ...]] = []
        options.append((tracing.value(key), tuple(t for one in tangents for t in one)))
        options += [(tracing.value(key), *tangents)] * (len(entries) == 1 + len(tangents))
        options += [tuple(tangents)] * (len(entries) == len(tangents))
        truths = [tuple(t for o in options if i < len(o) for t in o[i]) for i in range(len(entries))]
        worths = [worth_of(e) for e in entries]
        if all(truths) and all(w is not None for w in worths):
            name, together = formula(line.of), zip(entries, worths, truths, strict=True)
            found[line.span] = [Claim(name, e, w or 0.0, t) for e, w, t in together]
    right = sum(all(c.right(tracing.tolerance) for c in claims) for claims in found.values())
    return found if right > 1 and 2 * right > len(found) else {}


def _tangents(tracing: Tracing, key: Key, by: Key) -> tuple[float, ...]:
    """What the derivative of a node by an input may be."""
    return tuple(g.derivatives_by(by)[key] for g in tracing.meaning.graphs if key in g.values)


def _numbered(ref: Ref) -> bool:
    """Whether a name carries numbers alone, so that it can be a node."""
    try:
        return bool(key_of(ref)[1])
    except GraphError:
        return False
