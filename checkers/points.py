"""Random points for bare formulas: every name gets a value when it is first met, by what is assumed about it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Assumed:
    """What is known about a name: its shape, and words such as `positive integer`."""

    shape: tuple[int, ...] | None = None
    words: frozenset[str] = frozenset()


@dataclass
class Point:
    """One assignment of values to names, drawn when first asked for; the same name gets the same value on both
    sides."""

    seed: int
    assumed: Mapping[str, Assumed]
    style: str
    sizes: dict[str, int] = field(default_factory=dict)
    values: dict[tuple[object, ...], Any] = field(default_factory=dict)

    def draw(self, name: str, at: tuple[object, ...], shape: tuple[int, ...], words: frozenset[str]) -> Any:
        """The value of a name at a position, always the same for the same point."""
        key = (name, at, shape)
        if key not in self.values:
            digest = hashlib.sha256(repr((self.seed, *key)).encode()).digest()
            rng = np.random.default_rng(int.from_bytes(digest[:8], "little"))
            self.values[key] = self.sample(rng, shape, words)
        return self.values[key]

    def sample(self, rng: np.random.Generator, shape: tuple[int, ...], words: frozenset[str]) -> Any:
        """A random array that obeys what is assumed."""
        if "integer" in words:
            low = 1 if words & {"positive", "natural"} else 0 if "nonnegative" in words else -6
            return np.asarray(float(rng.integers(low, 12)))
        if "probability" in words or "unit" in words:
            return rng.uniform(0.05, 0.95, size=shape)
        if words & {"distribution", "simplex"}:
            e = np.exp(rng.normal(size=shape))
            return e / e.sum()
        if "one-hot" in words:
            out = np.zeros(shape)
            out[int(rng.integers(0, shape[0]))] = 1.0
            return out
        value = rng.normal(scale=1.3, size=shape)
        if words & {"positive", "nonnegative"} or (self.style == "positive" and not words & {"real", "negative"}):
            value = np.abs(value) + 0.05
        elif self.style == "large":
            value = value * 3
        if "negative" in words:
            value = -np.abs(value) - 0.05
        return value
