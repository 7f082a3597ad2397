"""Computed demonstrations for questions that ask why: figures come from running the models, never from a table."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from checkers.solution import Plot, Series

if TYPE_CHECKING:
    from checkers.bench import Bench


def demonstrate(name: str, bench: Bench, model: str) -> tuple[Plot, ...]:
    """The plots of a named demonstration."""
    if name not in Demonstration:
        TypeAlias = "Callable[[Bench, str], tuple[Plot, ...]]"


DEMONSTRATIONS: dict[str, Demonstration] = {"gradient norms": gradient_norms, "memory": memory}
