"""The ways in which shapes, layouts, products and kinds of derivative in an answer can be understood.

The first reading that makes a formula right is taken, from the plainest to the most liberal, and named where it is not
the default one.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from notation.statement import Answer
from notation.tree import Concat, Expr, Mul, Partial, Reduce, Ref, Vector, walk


@dataclass(frozen=True)
class Reading:
    """One way in which shapes and layouts can be understood; the first that fits is taken, and named when not the
    default."""

    note: str = ""
    options: Mapping[str, bool] = field(default_factory=dict)


# An answer that says that its vectors are rows, or that its weights lead from the first index to the second.
_ROWS = re.compile(r"(?i)\brows?[\s-](vectors?|convention|layout)|vectors are rows")
_FROM_TO = re.compile(r"(?i)\bfrom\b[^.]{0,25}(?:\b|_\{?)i\b.{0,40}?\bto\b[^.]{0,25}(?:\b|_\{?)j\b")

_PRODUCTS = (
    Reading(),
    Reading("the product is read with the earlier step on the left", {"ascending": True}),
    Reading("the product is read from its lower limit down", {"descending": True}),
)
_LAYOUTS = (
    Reading(),
    Reading("the dot is read as the inner product", {"inner_dot": True}),
    Reading("gradients are read as rows (numerator layout)", {"adjoint_rows": True}),
    Reading("Jacobians are read in denominator layout", {"jacobians_transposed": True}),
    Reading("vectors are read as rows, as the answer says", {"row_vectors": True}),
    Reading("columns in a list are read side by side", {"side_by_side": True}),
    Reading("the weight leads from its first index to its second, as the answer says", {"swapped": True}),
)
_MIXED = "error signals are read as derivatives by what an activation is applied to, where one is"
_DERIVATIVES = (
    Reading(),
    Reading("derivatives between quantities are read as direct ones", {"direct": True}),
    Reading("derivatives between quantities are read with earlier steps held fixed", {"immediate": True}),
    Reading("derivatives by a parameter are read as direct ones", {"direct_parameters": True}),
    Reading("error signals are read as derivatives by what the activation is applied to", {"signals": True}),
    Reading(_MIXED, {"mixed": True}),
    Reading(_MIXED, {"mixed": True, "signals": True}),
)


def together(parts: Sequence[Reading]) -> Reading:
    """Several readings as one."""
    options = {name: value for part in parts for name, value in part.options.items()}
    if "jacobians_transposed" in options and "descending" not in options:  # then the product is transposed as well
        options["ascending"] = not options.get("ascending", False)
    return Reading("; ".join(part.note for part in parts if part.note), options)


# From the plainest to the most liberal: the first that agrees is taken.
READINGS = tuple(
    together(parts)
    for parts in sorted(
        itertools.product(_LAYOUTS, _DERIVATIVES, _PRODUCTS), key=lambda parts: sum(bool(p.options) for p in parts)
    )
)


def readings(side: Expr, answer: Answer, parameters: Collection[str]) -> Iterator[Reading]:
    """The readings that can make a difference to a formula and the definitions it may use."""
    bodies = [side, *(c.body for clauses in answer.definitions.values() for c in clauses)]
    nodes = [n for body in bodies for n in walk(body)]
    partials = [n.wrt for n in nodes if isinstance(n, Partial)]
    product = any(isinstance(n, Reduce) and n.operation == "product" for n in nodes)
    useful = {
        "inner_dot": any(isinstance(n, Mul) and n.kind == "dot" for n in nodes),
        "adjoint_rows": bool(partials),
        "jacobians_transposed": bool(partials),
        "direct": bool(partials),
        "immediate": bool(partials),
        "direct_parameters": any(isinstance(w, Ref) and w.name in parameters for w in partials),
        "signals": any(isinstance(n, Partial) and n.signal for n in nodes),
        "mixed": len(signals_of(answer)) > 1,
        "row_vectors": _ROWS.search(answer.text) is not None,
        "swapped": _FROM_TO.search(answer.text) is not None,
        "side_by_side": any(
            isinstance(n, (Concat, Vector)) or (isinstance(n, Reduce) and n.operation == "stack") for n in nodes
        ),
        "ascending": product,
        "descending": product,
    }
    for reading in READINGS:
        names = {n for n, value in reading.options.items() if value}
        if "jacobians_transposed" in names:
            names.discard("ascending")
        if all(useful[n] for n in names):
            yield reading


def signals_of(answer: Answer) -> frozenset[str]:
    """The quantities of which an answer names error signals."""
    nodes = (n for s in answer.statements for side in s.sides for n in walk(side))
    return frozenset(n.wrt.name for n in nodes if isinstance(n, Partial) and n.signal and isinstance(n.wrt, Ref))
