"""Where a statement applies: the steps and components that its left side and its letters stand for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from notation.errors import EvaluationError
from notation.tree import Add, Component, Expr, Neg, Num, Partial, Pow, Ref, Transpose, walk
from reference_impl.world import World


@dataclass(frozen=True, slots=True)
class Case:
    """One position of the target, the values of the step variables there, and the component letters."""

    at: tuple[int, ...]
    binding: Mapping[str, int]
    letters: tuple[str, ...] = ()


def left_head(left: Expr) -> Ref | None:
    """The quantity that a left side is about, with its steps and components."""
    if isinstance(left, Component):
        inner = left_head(left.body)
        return replace(inner, index=inner.index + left.index) if inner is not None else None
    if isinstance(left, Transpose):
        return left_head(left.body)
    if isinstance(left, Pow):  # e_j(t)^2
        return left_head(left.base)
    if isinstance(left, Partial):
        return left_head(left.wrt)
    return left if isinstance(left, Ref) else None


def bind(patterns: tuple[Expr, ...], at: tuple[int, ...], world: World) -> dict[str, int] | None:
    """Values of the step variables for which the patterns stand at `at`; None where they cannot."""
    binding: dict[str, int] = {}
    for e, k in zip(patterns, at, strict=False):
        try:
            fixed = constant(e, world)
        except EvaluationError:
            return None
        if fixed is not None:
            if fixed != k:
                return None
            continue
        names = [r.name for r in walk(e) if isinstance(r, Ref) and r.name not in world.sizes]
        if len(names) != 1 or not isinstance(e, (Ref, Add)):
            return None
        binding[names[0]] = k - index_value(e, world, {names[0]: 0})
    return binding


def constant(e: Expr, world: World) -> int | None:
    """The value of an index expression without variables."""
    if any(isinstance(r, Ref) and r.name not in world.sizes for r in walk(e)):
        return None
    return index_value(e, world, {})


def index_value(e: Expr, world: World, index: Mapping[str, int]) -> int:
    """The value of an index expression."""
    if isinstance(e, Num):
        return int(e.value)
    if isinstance(e, Ref):
        return index[e.name] if e.name in index else world.sizes[e.name]
    if isinstance(e, Add):
        return sum(index_value(t, world, index) for t in e.terms)
    if isinstance(e, Neg):
        return -index_value(e.body, world, index)
    raise EvaluationError("this index could not be evaluated")


def step_label(head: Ref, at: tuple[int, ...]) -> str:
    """`t=2` for a step."""
    names = [e.name if isinstance(e, Ref) else "step" for e in head.at]
    return ", ".join(f"{n}={k}" for n, k in zip(names, at, strict=True))
