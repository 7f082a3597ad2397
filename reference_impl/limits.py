"""A derived limit executed in torch: the model run with the derived input at a large scale."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from derivations.model import Model
from notation.evaluate import evaluate
from notation.tree import Expr, Ref
from reference_impl.run import Run
from reference_impl.world import Array, Place, World

# exp(40) is 2e17: what is left of the other weights is below rounding.
SCALE = 40.0


def executed_limit(
    model: Model, worlds: tuple[World, ...], name: str, of: Ref, target: Expr, formula: Expr, scale: str
) -> tuple[float, int]:
    """The largest relative distance of the output from its limit, and how many values were compared."""
    worst, count = 0.0, 0
    leaves = {*model.inputs, *model.parameters}
    for world in worlds:

        def lookup(wanted: str, at: tuple[int, ...], world: World = world) -> Array:
            return np.asarray(SCALE) if wanted == scale else world.lookup(wanted, at)

        value = np.asarray(evaluate(formula, replace(world.scope(), lookup=lookup)))
        given: dict[Place, Array] = {p: v for p, v in world.values.items() if p[0] in leaves}
        given[name, ()] = value.reshape(world.shapes[name])
        run = Run(model, world.sizes, world.seed, given)
        reached = run.tensors[of.name, ()].detach().numpy()
        wanted = np.asarray(evaluate(target, world.scope())).reshape(reached.shape)
        worst = max(worst, float(np.abs(reached - wanted).max() / np.abs(wanted).max()))
        count += reached.size
    return worst, count
