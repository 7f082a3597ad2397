"""Functions known by name only, such as an activation phi or a loss ell: what they are worth in one sample.

A formula that holds for every phi holds for the sampled ones, and one that holds only for tanh fails at them. The
family is smooth, neither odd nor even, with slopes of both signs; each seed and name has coefficients of its own.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from zlib import crc32

from notation.arrays import Array, Backend, Function

_PRIME = "'"


def opaque_functions(kinds: Mapping[str, str], seed: int, b: Backend) -> dict[str, Function]:
    """The named functions and their first derivatives (`phi'`) as sampled with this seed.

    `kinds` says `elementwise` (entry by entry) or `scalar` (one number from one or more arrays).

    >>> from notation.arrays import numpy_backend
    >>> sorted(opaque_functions({"phi": "elementwise", "ell": "scalar"}, 0, numpy_backend()))
    ['ell', 'phi', "phi'"]
    """
    out: dict[str, Function] = {}
    for name, kind in kinds.items():
        one = _Smooth(crc32(f"{name}:{seed}".encode()), b)
        if kind == "elementwise":
            out[name], out[name + _PRIME] = one.value, one.slope
        else:
            out[name] = one.number
    return out


class _Smooth:
    """f(x) = a tanh(b x + c) + d sin(x + c) + e x with coefficients from a seed."""

    def __init__(self, seed: int, b: Backend) -> None:
        self.xp = b.xp
        unit = [(seed >> (6 * k)) % 61 / 60 for k in range(5)]
        self.a, self.b, self.c = 0.6 + unit[0], 0.7 + 0.6 * unit[1], unit[2] - 0.5
        self.d, self.e = 0.3 + 0.4 * unit[3], 0.25 * unit[4] - 0.4

    def value(self, x: Array) -> Array:
        """f, entry by entry."""
        return self.a * self.xp.tanh(self.b * x + self.c) + self.d * self.xp.sin(x + self.c) + self.e * x

    def slope(self, x: Array) -> Array:
        """The derivative of f, entry by entry."""
        tanh = self.xp.tanh(self.b * x + self.c)
        return self.a * self.b * (1 - tanh * tanh) + self.d * self.xp.cos(x + self.c) + self.e

    def number(self, *arrays: Array) -> Array:
        """A number that depends on every entry of every array, and on no two of them alike."""
        total = 0.0
        for n, array in enumerate(arrays):
            for k, entry in enumerate(array.reshape(-1)):
                weight = math.cos(1.0 + 1.7 * n + 0.9 * k + self.c)
                total = total + weight * entry + 0.5 * self.value(entry * (0.6 + 0.2 * ((n + k) % 3)))
        return self.value(total) + 0.1 * total * total
