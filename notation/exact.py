"""Arrays of numbers that are no floats: algebraic expressions, or floats of any exponent.

NumPy turns the result of an operation on object arrays without axes into the bare object, which has no shape. The
interpreter directs meaning by shape, so these arrays keep theirs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np


class Exact(np.ndarray):
    """An object array whose scalars stay arrays.

    >>> from fractions import Fraction
    >>> half = exact(Fraction(1, 2))
    >>> (half + half).shape
    ()
    """

    def __array_wrap__(self, out: Any, context: Any = None, return_scalar: bool = False) -> Any:
        """The result of a ufunc, as an array of this kind."""
        return exact(out)

    def __getitem__(self, key: Any) -> Any:
        """A part; a single entry keeps its array."""
        found = super().__getitem__(key)
        return found if isinstance(found, np.ndarray) else exact(found)


def exact(value: Any) -> Exact:
    """An array of the numbers in `value`, whatever they are."""
    out = np.empty(np.shape(value), dtype=object)
    out[...] = value
    return out.view(Exact)


def entrywise(function: Callable[[Any], Any]) -> Callable[[Any], Exact]:
    """A function of numbers as one of arrays.

    >>> float(entrywise(abs)(np.asarray(-2.0)))
    2.0
    """

    def apply(x: Any) -> Exact:
        plain = np.asarray(x, dtype=object)
        out = np.empty(plain.shape, dtype=object)
        for index in np.ndindex(*plain.shape):
            out[index] = function(plain[index])
        return out.view(Exact)

    return apply
