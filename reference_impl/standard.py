"""The third road: a standard torch module with the same weights guards the forward equations themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch

from derivations.model import Model
from notation.vocabulary import Symbol, spell
from reference_impl.run import Run, sample_sizes

# The order in which torch stacks the gates of a cell.
_GATES: dict[str, tuple[str, ...]] = {"LSTM": ("input", "forget", "candidate", "output"), "RNN": ("hidden",)}
SEEDS = range(6)


class StandardError(Exception):
    """The `standard:` block of a model does not describe a module."""


def compare_standard(model: Model, spec: Mapping[str, Any]) -> tuple[float, str]:
    """Run a standard recurrent module beside the model; the largest relative error of its states, and what was tried.

    `spec` names the `module`, its `input`, the `states` in torch's order (h, then c) and, for every gate, the weights:
    `[W, b]` with W acting on `[state, input]`, or `[W_input, U_state, b]`.
    """
    kind = str(spec.get("module"))
    if kind not in _GATES:
        raise StandardError(f"there is no standard module '{kind}' here; known: {', '.join(_GATES)}")
    gates = spec.get("gates", {})
    missing = [g for g in _GATES[kind] if g not in gates]
    if missing:
        raise StandardError(f"the weights of the {', '.join(missing)} gate are not given")
    worst, tried = 0.0, []
    seen: list[dict[str, int]] = []
    for seed in SEEDS:
        sizes = sample_sizes(model, seed)
        if sizes in seen:
            continue
        seen.append(sizes)
        run = Run(model, sizes, seed)
        worst = max(worst, _one(run, kind, spec, [gates[g] for g in _GATES[kind]]))
        tried.append(",".join(f"{k}={v}" for k, v in run.sizes.items()))
    return worst, f"states at every step, {len(tried)} sizes ({'; '.join(tried)})"


def _one(run: Run, kind: str, spec: Mapping[str, Any], gates: Sequence[Sequence[str]]) -> float:
    states = [_name(run.model, s) for s in spec["states"]]
    source = _name(run.model, spec["input"])
    (n,), (d,) = run.shape(states[0]), run.shape(source)
    module: Any = getattr(torch.nn, kind)(d, n).double()
    inputs, hidden, biases = zip(*(_weights(run, g, n) for g in gates), strict=True)
    with torch.no_grad():
        module.weight_ih_l0.copy_(torch.cat(list(inputs)))
        module.weight_hh_l0.copy_(torch.cat(list(hidden)))
        module.bias_ih_l0.copy_(torch.cat(list(biases)))
        module.bias_hh_l0.zero_()
    (axis,) = run.model.vocabulary.quantities[states[0]].axes
    low, high = run.ranges[axis]
    x = torch.stack([run.tensors[source, (t,)] for t in range(low, high + 1)]).unsqueeze(1)
    first = [run.tensors[s, (low - 1,)].reshape(1, 1, -1) for s in states]
    with torch.no_grad():
        out, last = module(x, tuple(first) if len(first) > 1 else first[0])
    worst = 0.0
    for k, t in enumerate(range(low, high + 1)):
        worst = max(worst, _relative(out[k, 0], run.tensors[states[0], (t,)]))
    if len(states) > 1:
        worst = max(worst, _relative(last[1].reshape(-1), run.tensors[states[1], (high,)]))
    return worst


def _weights(run: Run, names: Sequence[str], n: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    tensors = [run.tensors[_name(run.model, s), ()] for s in names]
    if len(tensors) == 2:  # one matrix on [state, input]
        whole, bias = tensors
        return whole[:, n:], whole[:, :n], bias
    if len(tensors) == 3:
        return tensors[0], tensors[1], tensors[2]
    raise StandardError(f"a gate needs [W, b] or [W_input, U_state, b], not {list(names)}")


def _name(model: Model, spelled: str) -> str:
    symbol, pieces = spell(spelled)
    label = "".join(t.text for p in pieces for t in p if t.text not in model.vocabulary.ranges)
    found = model.vocabulary.find(Symbol(symbol.base, symbol.accents, label))
    if found is None:
        raise StandardError(f"the model has no quantity {spelled}")
    return found.name


def _relative(a: torch.Tensor, b: torch.Tensor) -> float:
    if a.shape != b.shape or not torch.isfinite(a).all() or not torch.isfinite(b).all():
        return float("inf")
    return float(((a - b).abs().max() / b.abs().max().clamp_min(1e-12)).detach())
