"""How long a gradient lives: norms over time of the gradient of the last hidden state, in a cell and in a tanh RNN."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch

from derivations.model import Model, ModelText, build
from reference_impl.run import Run
from reference_impl.world import Array, Place

STEPS = 40
STATE = 16
# Recurrent weights of this spread make a tanh RNN contract, as it does when freshly initialised.
SPREAD = 0.5


@dataclass(frozen=True)
class Setting:
    """One curve: its label, the spread of the weights (in units of 1/sqrt(n)), and biases that are set.

    `quiet` starts next to the origin without input, where no unit is saturated.
    """

    label: str
    spread: float = SPREAD
    biases: Mapping[str, float] | None = None
    quiet: bool = False


def memory_norms(
    model: Model, state: str, output: str, setting: Setting, steps: int = STEPS, seed: int = 0
) -> list[float]:
    """Norm of the gradient of a fixed random projection of the last `output` by `state` at every step."""
    lengths = {high.name for _, high in model.vocabulary.ranges.values() if high is not None and hasattr(high, "name")}
    sizes = {s: steps if s in lengths else STATE for s in model.sizes}
    rng = np.random.default_rng(seed)
    given: dict[Place, Array] = {}
    for name in model.parameters:
        shape = tuple(sum(STATE for _ in dim) for dim in model.shape(name))
        value = rng.normal(scale=setting.spread / np.sqrt(STATE), size=shape)
        if setting.biases and name in setting.biases:
            value = np.full(shape, setting.biases[name])
        given[name, ()] = value
    if setting.quiet:
        probe = Run(model, sizes, seed, given)
        leaves = [p for p in probe.tensors if p not in probe.inputs_of and p not in given]
        given |= {p: probe.tensors[p].detach().numpy() * 1e-12 for p in leaves}
        given |= {
            (p, ()): np.zeros_like(given[p, ()])
            for p in model.parameters
            if len(model.shape(p)) == 1 and p not in (setting.biases or {})
        }
    run = Run(model, sizes, seed, given)
    projection = torch.tensor(rng.normal(size=STATE))
    target = projection @ run.tensors[output, (steps,)]
    places = [(state, (t,)) for t in range(1, steps + 1)]
    grads = torch.autograd.grad(target, [run.tensors[p] for p in places], allow_unused=True)
    return [max(float(g.norm()), 1e-300) if g is not None else 1e-300 for g in grads]


def lstm_cell() -> Model:
    """A plain LSTM, with the names of its states and biases that the demonstrations set."""
    shapes: dict[str, str] = {}
    for g in "ifog":
        shapes |= {f"W_{g}": "n x n", f"U_{g}": "n x d", f"b_{g}": "n"}
    lines = [f"{g}_t = \\sigma(W_{g} h_{{t-1}} + U_{g} x_t + b_{g})" for g in "ifo"]
    lines += [
        "g_t = \\tanh(W_g h_{t-1} + U_g x_t + b_g)",
        "C_t = f_t \\odot C_{t-1} + i_t \\odot g_t",
        "h_t = o_t \\odot \\tanh(C_t)",
    ]
    sizes = {"n": "state", "d": "input", "T": "steps"}
    inputs = {"x_t": "d", "h_0": "n", "C_0": "n"}
    return build(ModelText("lstm", sizes, "t = 1..T", inputs, shapes, "\n".join(lines)))


def tanh_rnn() -> Model:
    """A plain RNN to compare with."""
    return build(
        ModelText(
            "rnn",
            {"n": "state", "d": "input", "T": "steps"},
            "t = 1..T",
            {"x_t": "d", "h_0": "n"},
            {"W": "n x n", "U": "n x d"},
            "h_t = \\tanh(W h_{t-1} + U x_t)",
        )
    )
