"""Multiplications counted by making them: the forward equations evaluated on numbers that count."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from derivations.model import Model
from notation.evaluate import evaluate
from notation.scope import Scope
from reference_impl.run import Run
from reference_impl.world import Array


class Tally:
    """A number without a value that counts its products and quotients; signs and functions cost nothing."""

    made = 0
    shape = ()

    def __mul__(self, other: object) -> Tally:
        if not (isinstance(other, (int, float)) and abs(other) == 1):
            Tally.made += 1
        return self

    __rmul__ = __mul__

    def __truediv__(self, other: object) -> Tally:
        Tally.made += 1
        return self

    __rtruediv__ = __truediv__

    def __pow__(self, exponent: float) -> Tally:
        Tally.made += max(int(exponent) - 1, 0)
        return self

    def __gt__(self, other: object) -> bool:
        return False

    __lt__ = __ge__ = __le__ = __gt__

    def itself(self, *_: object) -> Tally:
        """The result of whatever costs no product."""
        return self

    __add__ = __radd__ = __sub__ = __rsub__ = __neg__ = __abs__ = itself
    exp = log = tanh = sqrt = sin = cos = sinh = cosh = itself


def multiplications_made(model: Model, sizes: Mapping[str, int]) -> int:
    """How many scalar products and quotients one forward pass makes."""
    run = Run(model, sizes, 0)
    free: dict[str, Callable[..., Any]] = {f: lambda x: x for f in ("sigmoid", "relu", "softplus")}

    def lookup(name: str, _: tuple[int, ...]) -> Array:
        if name in sizes:
            return np.asarray(float(sizes[name]))
        out = np.empty(run.shape(name), dtype=object)
        for index in np.ndindex(*out.shape):
            out[index] = Tally()
        return out

    axes = {n: q.axes for n, q in model.vocabulary.quantities.items()}
    scope = Scope(lookup=lookup, ranges=run.ranges, axes=axes, functions=free)
    Tally.made = 0
    for e, index in run.inputs_of.values():
        evaluate(e.right, scope.at(**index))
    return Tally.made
