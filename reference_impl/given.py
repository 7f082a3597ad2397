"""One quantity of a model computed in torch from given values."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch

from derivations.model import Model
from notation.evaluate import evaluate
from notation.scope import Scope
from notation.tree import Ref
from reference_impl.backend import torch_backend
from reference_impl.world import Array, Place


def run_given(model: Model, given: Mapping[Place, Array], target: Place) -> Array:
    """The value of `target`, following the equations from the given values."""
    known = {p: torch.tensor(np.asarray(v), dtype=torch.float64) for p, v in given.items()}

    def lookup(name: str, at: tuple[int, ...]) -> torch.Tensor:
        if (name, at) not in known:
            equation = model.equation(name)
            binding = {a.name: k for a, k in zip(equation.left.at, at, strict=True) if isinstance(a, Ref)}
            value = evaluate(equation.right, scope.at(**binding))
            known[name, at] = value.reshape(-1) if value.dim() == 2 and value.shape[1] == 1 else value
        return known[name, at]

    scope = Scope(lookup=lookup, backend=torch_backend())
    out: Array = lookup(*target).numpy()
    return out
