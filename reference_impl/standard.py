"""The third road: a standard torch module with the same weights guards the forward equations themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch

from derivations.model import Model
from notation.vocabulary import Symbol, spell
from reference_impl.run import Run, sample_sizes

# The order in which torch stacks the gates of a cell.
_GATES: dict[str, tuple[str, ...]] = {
    "LSTM": ("input", "forget", "candidate", "output"),
    "GRU": ("reset", "update", "candidate"),
    "RNN": ("hidden",),
}
SEEDS = range(6)


class StandardError(Exception):
    """The `standard:` block of a model does not describe a module."""


def compare_standard(model: Model, spec: Mapping[str, Any]) -> tuple[float, str]:
    """Run a standard recurrent module beside the model; the largest relative error of its states, and what was tried.

    `spec` names the `module`, its `input` and, for each of its `layers`, the `states` in torch's order (h, then c)
    and the weights of every gate: `[W, b]` with W acting on `[state, input]`, `[W_input, U_state, b]`, or with
    torch's two biases `[W_input, U_state, b_input, b_state]`.
    """
    kind, layers = _checked(spec)
    worst, tried = 0.0, []
    seen: list[dict[str, int]] = []
    for seed in SEEDS:
        sizes = sample_sizes(model, seed)
        if sizes in seen:
            continue
        seen.append(sizes)
        run = Run(model, sizes, seed)
        worst = max(worst, _one(run, kind, str(spec["input"]), layers))
        tried.append(",".join(f"{k}={v}" for k, v in run.sizes.items()))
    return worst, f"states at every step, {len(tried)} sizes ({'; '.join(tried)})"


def standard_parameters(model: Model, spec: Mapping[str, Any], sizes: Mapping[str, int]) -> int | None:
    """How many parameters the standard modules of a model have: the recurrent one, and a Linear for each in `linear`.

    None where the model has other parameters than these, such as one bias a gate where torch stores two.
    """
    kind, layers = _checked(spec)
    linear = [tuple(pair) for pair in spec.get("linear", [])]
    named = [n for layer in layers for names in layer["gates"].values() for n in names] + [n for p in linear for n in p]
    twice = all(len(names) == 4 for layer in layers for names in layer["gates"].values())
    if not twice or {_name(model, n) for n in named} != set(model.parameters):
        return None
    run = Run(model, {**sample_sizes(model, 0), **sizes}, 0)
    (n,), (d,) = run.shape(_name(model, layers[0]["states"][0])), run.shape(_name(model, str(spec["input"])))
    modules: list[Any] = [getattr(torch.nn, kind)(d, n, num_layers=len(layers))]
    for weight, _ in linear:
        rows, columns = run.shape(_name(model, weight))
        modules.append(torch.nn.Linear(columns, rows))
    return sum(int(p.numel()) for m in modules for p in m.parameters())


def _checked(spec: Mapping[str, Any]) -> tuple[str, list[dict[str, Any]]]:
    """The name of the module and its layers, each with states and all gates."""
    kind = str(spec.get("module"))
    if kind not in _GATES:
        raise StandardError(f"there is no standard module '{kind}' here; known: {', '.join(_GATES)}")
    layers = list(spec.get("layers") or [{"states": spec.get("states", []), "gates": spec.get("gates", {})}])
    for layer in layers:
        missing = [g for g in _GATES[kind] if g not in layer["gates"]]
        if missing:
            raise StandardError(f"the weights of the {', '.join(missing)} gate are not given")
    return kind, layers


def _one(run: Run, kind: str, source: str, layers: Sequence[Mapping[str, Any]]) -> float:
    source = _name(run.model, source)
    names = [[_name(run.model, s) for s in layer["states"]] for layer in layers]
    (n,), (d,) = run.shape(names[0][0]), run.shape(source)
    module: Any = getattr(torch.nn, kind)(d, n, num_layers=len(layers)).double()
    for k, layer in enumerate(layers):
        weights = [_weights(run, layer["gates"][g], n) for g in _GATES[kind]]
        with torch.no_grad():
            for part, name in enumerate(("weight_ih", "weight_hh", "bias_ih", "bias_hh")):
                getattr(module, f"{name}_l{k}").copy_(torch.cat([w[part] for w in weights]))
    (axis,) = run.model.vocabulary.quantities[names[0][0]].axes
    low, high = run.ranges[axis]
    x = torch.stack([run.tensors[source, (t,)] for t in range(low, high + 1)]).unsqueeze(1)
    first = [
        torch.stack([run.tensors[states[i], (low - 1,)].reshape(1, -1) for states in names])
        for i in range(len(names[0]))
    ]
    with torch.no_grad():
        out, last = module(x, tuple(first) if len(first) > 1 else first[0])
    worst = 0.0
    for k, t in enumerate(range(low, high + 1)):
        worst = max(worst, _relative(out[k, 0], run.tensors[names[-1][0], (t,)]))
    ends = last if len(first) > 1 else (last,)
    for i, end in enumerate(ends):
        for k, states in enumerate(names):
            worst = max(worst, _relative(end[k].reshape(-1), run.tensors[states[i], (high,)]))
    return worst


def _weights(run: Run, names: Sequence[str], n: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    tensors = [run.tensors[_name(run.model, s), ()] for s in names]
    if len(tensors) == 2:  # one matrix on [state, input]
        whole, bias = tensors
        return whole[:, n:], whole[:, :n], bias, torch.zeros_like(bias)
    if len(tensors) == 3:
        return tensors[0], tensors[1], tensors[2], torch.zeros_like(tensors[2])
    if len(tensors) == 4:
        return tensors[0], tensors[1], tensors[2], tensors[3]
    raise StandardError(f"a gate needs [W, b] or [W_input, U_state, b] with one or two biases, not {list(names)}")


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
