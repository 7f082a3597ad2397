"""How long a gradient lives: adjoint norms over time in a gated cell and in a plain tanh RNN."""

from __future__ import annotations

import numpy as np

from derivations.model import Model, ModelText, build
from reference_impl.run import Run
from reference_impl.world import Array, Place

STEPS = 40
STATE = 16


def adjoint_norms(model: Model, steps: int = STEPS, seed: int = 0) -> tuple[int, dict[str, list[float]]]:
    """Norms of the total adjoints of the state over `steps` steps: of the model's cell, and of a tanh RNN beside it.

    Recurrent weights are normal with standard deviation 0.5 / sqrt(n): the RNN then contracts, as at initialisation.
    """
    sizes = dict.fromkeys(model.sizes, STATE)
    lengths = {high.name for _, high in model.vocabulary.ranges.values() if high is not None and hasattr(high, "name")}
    sizes |= dict.fromkeys(lengths, steps)
    states = [n for n, _ in model.initial]
    out = {f"cell state of the model, ${states[-1]}_t$": _norms(model, sizes, states[-1], steps, seed)}
    rnn = build(
        ModelText(
            "rnn",
            {"n": "state", "d": "input", "T": "steps"},
            "t = 1..T",
            {"x_t": "d", "h_0": "n"},
            {"W": "n x n", "U": "n x d", "v": "n"},
            "h_t = \\tanh(W h_{t-1} + U x_t)\nL = v^\\top h_T",
            "L",
        )
    )
    out["tanh RNN, $h_t$"] = _norms(rnn, {"n": STATE, "d": STATE, "T": steps}, "h", steps, seed)
    return steps, out


def _norms(model: Model, sizes: dict[str, int], state: str, steps: int, seed: int) -> list[float]:
    rng = np.random.default_rng(seed)
    probe = Run(model, sizes, seed)
    given: dict[Place, Array] = {
        (p, ()): rng.normal(scale=0.5 / np.sqrt(STATE), size=probe.shape(p)) for p in model.parameters
    }
    adjoints = Run(model, sizes, seed, given).adjoints()
    norms = [float(np.linalg.norm(adjoints[state, (t,)])) for t in range(1, steps + 1)]
    return [max(v, 1e-300) for v in norms]
