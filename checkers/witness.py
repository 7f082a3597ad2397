"""The numbers of a disagreement, as short text."""

from __future__ import annotations

from typing import Any

import numpy as np

from checkers.relation import Comparison
from checkers.verdict import Witness


def witness(found: Comparison) -> Witness:
    """The numbers of a disagreement."""
    assert found.world is not None
    where = ", ".join(p for p in (found.world.label, found.step) if p)
    difference = None
    if found.expected is not None and found.yours is not None and found.expected.shape == found.yours.shape:
        difference = float(np.abs(found.expected - found.yours).max(initial=0.0))
    return Witness(where, numbers(found.expected), numbers(found.yours), difference)


def numbers(value: Any) -> str:
    """An array as short text."""
    if value is None:
        return "no value"
    array = np.asarray(value, dtype=float)
    if array.ndim == 0:
        return f"{float(array):.4g}"
    if array.ndim == 2 and 1 in array.shape:
        array = array.reshape(-1)
    if array.ndim == 1:
        return "(" + ", ".join(f"{v:.4g}" for v in array[:6]) + (", …)" if array.size > 6 else ")")
    rows = ["(" + ", ".join(f"{v:.4g}" for v in row[:6]) + (", …)" if row.size > 6 else ")") for row in array[:4]]
    return "[" + "; ".join(rows) + (" …]" if len(array) > 4 else "]")
