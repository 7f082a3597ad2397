"""The optimum of a model's loss over one quantity, found numerically: a road that knows no formula."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch

from derivations.model import Model
from reference_impl.run import Run
from reference_impl.world import Array, Place, World

STEPS = 200
PRECISION = 1e-13


def loss_of(model: Model, world: World, name: str, values: Mapping[tuple[int, ...], float]) -> Run:
    """The model run at the leaves of a World, with other values of one quantity."""
    leaves = {*model.inputs, *model.parameters}
    given: dict[Place, Array] = {p: v for p, v in world.values.items() if p[0] in leaves}
    given |= {(name, at): np.asarray(v) for at, v in values.items()}
    return Run(model, world.sizes, world.seed, given)


def slope_at(model: Model, world: World, name: str, values: Mapping[tuple[int, ...], float]) -> float:
    """The largest derivative of the loss by the quantity at these values, relative to its size a little beside them."""
    assert model.loss is not None
    here = [abs(float(g)) for g in _slopes(model, world, name, values)]
    beside = [abs(float(g)) for g in _slopes(model, world, name, {at: v + 1e-3 for at, v in values.items()})]
    return max(here) / max(*beside, 1e-12) * 1e-3


def _slopes(model: Model, world: World, name: str, values: Mapping[tuple[int, ...], float]) -> list[torch.Tensor]:
    run = loss_of(model, world, name, values)
    places = [run.tensors[name, at] for at in values]
    return list(torch.autograd.grad(run.tensors[model.loss or "", ()], places))


def search(
    model: Model, world: World, name: str, sense: str, domain: tuple[float, float] | None
) -> dict[tuple[int, ...], float]:
    """Newton's iteration with step halving at every point, from random starts inside the domain.

    The points must not depend on one another. The second derivative comes from autograd as well.
    """
    rng = np.random.default_rng([world.seed, 29])
    low, high = domain or (-np.inf, np.inf)
    places = [at for n, at in world.values if n == name]
    start = rng.uniform(low, high, size=len(places)) if domain is not None else rng.normal(size=len(places))
    values = {at: float(v) for at, v in zip(places, start, strict=True)}
    sign = 1.0 if sense == "minimise" else -1.0
    for _ in range(STEPS):
        run = loss_of(model, world, name, values)
        tensors = [run.tensors[name, at] for at in values]
        slopes = torch.autograd.grad(run.tensors[model.loss or "", ()], tensors, create_graph=True)
        moved = 0.0
        for at, tensor, slope in zip(list(values), tensors, slopes, strict=True):
            (bend,) = torch.autograd.grad(slope, tensor, retain_graph=True)
            step = -sign * float(slope.detach()) / max(abs(float(bend)), 1e-9)
            while not low < values[at] + step < high:
                step /= 2
            values[at] += step
            moved = max(moved, abs(step))
        if moved < PRECISION:
            break
    return values
