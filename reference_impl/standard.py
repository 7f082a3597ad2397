"""The third road: a standard torch module with the same weights guards the forward equations themselves."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from derivations.model import Model
from notation.vocabulary import Symbol, spell
from reference_impl.modules import GATES, LAYERS, Function, StandardError
from reference_impl.run import Run, sample_sizes

Tensor = torch.Tensor
SEEDS = range(6)
_LAYERED = "Sequential"


@dataclass(frozen=True, slots=True)
class Standard:
    """A module that has run beside a model: what both computed, and its parameters that the model does not have.

    `parameters` is the number of all parameters of the module, `idle` that of its biases which are held at 0 because
    the model has one bias a gate where torch has two.
    """

    pairs: tuple[tuple[Tensor, Tensor], ...]
    parameters: int = 0
    idle: int = 0


def compare_standard(model: Model, spec: Mapping[str, Any]) -> tuple[float, str]:
    """Run a standard module beside the model; the largest relative error, and what was tried.

    A recurrent module names its `input` and, for itself or for each of its `layers`, the `states` (h, then c) and the
    weights of every one of its `gates`: `[W, b]` with W acting on `[state, input]`, or `[W_input, U_state, b]`, with a
    second bias where the model has one. A layer with `reverse: true` runs backwards. Another module names `input`,
    `output` and its weights and options as torch does; `Sequential` has a list of such `layers`.
    """
    worst, tried = 0.0, []
    seen: list[dict[str, int]] = []
    for seed in SEEDS:
        sizes = sample_sizes(model, seed)
        if sizes in seen:
            continue
        seen.append(sizes)
        for theirs, ours in run_standard(Run(model, sizes, seed), spec).pairs:
            worst = max(worst, _relative(theirs, ours))
        tried.append(",".join(f"{k}={v}" for k, v in sizes.items()))
    what = "states at every step" if spec.get("module") in GATES else "all outputs"
    return worst, f"{what}, {len(tried)} sizes ({'; '.join(tried)})"


def run_standard(run: Run, spec: Mapping[str, Any]) -> Standard:
    """The module that `spec` names, with the weights of one executed sample."""
    kind = str(spec.get("module"))
    if kind not in {*GATES, *LAYERS, _LAYERED}:
        known = ", ".join([*GATES, *LAYERS, _LAYERED])
        raise StandardError(f"there is no standard module '{kind}' here; known: {known}")
    missing = [f for f in (("input",) if kind in GATES else ("input", "output")) if f not in spec]
    if missing:
        raise StandardError(f"the {' and '.join(missing)} of the standard module is not given")
    try:
        with torch.no_grad():
            return _recurrent(run, kind, spec) if kind in GATES else _layered(run, kind, spec)
    except (RuntimeError, ValueError, TypeError) as problem:
        raise StandardError(f"the {kind} of torch does not take these: {problem}") from problem


def standard_parameters(model: Model, spec: Mapping[str, Any], sizes: Mapping[str, int]) -> int | None:
    """How many parameters the standard modules of a model have: the named one, and a Linear for each pair in `linear`.

    None where the model has other parameters than these, such as one bias a gate where torch stores two.
    """
    run = Run(model, {**sample_sizes(model, 0), **sizes}, 0)
    linear = [{"module": "Linear", "weight": weight, "bias": bias} for weight, bias in spec.get("linear", [])]
    layers = [*(spec.get("layers") or [spec]), *linear]
    named = {_name(model, n) for layer in layers for names in layer.get("gates", {}).values() for n in names}
    for layer in layers:
        weights = LAYERS[layer["module"]].weights if layer.get("module") in LAYERS else ()
        named |= {_name(model, _plain(layer[w.rstrip("?")])) for w in weights if w.rstrip("?") in layer}
    found = run_standard(run, spec)
    if found.idle or named != set(model.parameters):
        return None
    modules = [_function(run, one) for one in linear]
    return found.parameters + sum(p.numel() for m in modules if isinstance(m, torch.nn.Module) for p in m.parameters())


# -- recurrent modules -----------------------------------------------------------------------------------------------


def _recurrent(run: Run, kind: str, spec: Mapping[str, Any]) -> Standard:
    _known(spec, ("module", "input", "states", "gates", "negated", "layers", "nonlinearity", "linear"), kind)
    layers: list[Mapping[str, Any]] = list(spec.get("layers") or [spec])
    both = any(layer.get("reverse") for layer in layers)
    states = [[_name(run.model, s) for s in _needed(layer, "states", kind)] for layer in layers]
    source = _name(run.model, spec["input"])
    (n,), (d,) = run.shape(states[0][0]), run.shape(source)
    extra = {"nonlinearity": spec["nonlinearity"]} if "nonlinearity" in spec else {}
    module = getattr(torch.nn, kind)(d, n, len(layers) // (1 + both), bidirectional=both, **extra).double()
    idle = 0
    for k, layer in enumerate(layers):
        if both and bool(layer.get("reverse")) != bool(k % 2):
            raise StandardError("in both directions, every forward layer is followed by one with reverse: true")
        gates = _needed(layer, "gates", kind)
        absent = [g for g in GATES[kind] if g not in gates]
        if absent:
            raise StandardError(f"the weights of the {', '.join(absent)} gate are not given")
        signs = [-1.0 if g in layer.get("negated", ()) else 1.0 for g in GATES[kind]]
        parts = [_weights(run, gates[g], n) for g in GATES[kind]]
        suffix = f"_l{k // (1 + both)}" + ("_reverse" if layer.get("reverse") else "")
        names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        for name, stack in zip(names, zip(*parts, strict=True), strict=True):
            held = [
                s * (torch.zeros(n, dtype=torch.float64) if t is None else t) for s, t in zip(signs, stack, strict=True)
            ]
            idle += sum(n for t in stack if t is None)
            getattr(module, name + suffix).copy_(torch.cat(held))
    (axis,) = run.model.vocabulary.quantities[states[0][0]].axes
    low, high = run.ranges[axis]
    before = [high + 1 if layer.get("reverse") else low - 1 for layer in layers]
    final = [low if layer.get("reverse") else high for layer in layers]
    first = [
        torch.stack([run.tensors[s, (t,)] for s, t in zip(group, before, strict=True)])[:, None]
        for group in zip(*states, strict=True)
    ]
    out, last = module(_stacked(run, source)[:, None], tuple(first) if len(first) > 1 else first[0])
    shown = torch.cat([_stacked(run, group[0]) for group in states[-1 - both :]], dim=1)
    pairs = [(out[:, 0], shown)]
    for k, theirs in enumerate(last if len(first) > 1 else (last,)):
        ours = torch.stack([run.tensors[group[k], (t,)] for group, t in zip(states, final, strict=True)])
        pairs.append((theirs[:, 0], ours))
    return Standard(tuple(pairs), sum(p.numel() for p in module.parameters()), idle)


def _weights(run: Run, names: Sequence[str], n: int) -> tuple[Tensor, Tensor, Tensor | None, Tensor | None]:
    """Weights of input and state, and the two biases of torch; a bias that the model does not have is None."""
    tensors = [run.tensors[_name(run.model, s), ()] for s in names]
    matrices = [t for t in tensors if t.dim() == 2]
    biases = [t for t in tensors if t.dim() == 1]
    if len(matrices) == 1:  # one matrix on [state, input]
        matrices = [matrices[0][:, n:], matrices[0][:, :n]]
    if len(matrices) != 2 or len(biases) > 2:
        raise StandardError(f"a gate needs [W, b] or [W_input, U_state, b], not {list(names)}")
    first, second = [*biases, None, None][:2]
    return matrices[0], matrices[1], first, second


# -- other modules ---------------------------------------------------------------------------------------------------


def _layered(run: Run, kind: str, spec: Mapping[str, Any]) -> Standard:
    """A module, or several in a row: the first input goes through all of them, the others into the last one."""
    own = {k: v for k, v in spec.items() if k not in {"input", "output"}}
    layers = own.get("layers", ()) if kind == _LAYERED else [own]
    functions = [_function(run, layer) for layer in layers]
    if not functions:
        raise StandardError("the standard module has no layers")
    sources = spec["input"] if isinstance(spec["input"], list) else [spec["input"]]
    value, *others = (_stacked(run, _name(run.model, s)) for s in sources)
    for f in functions[:-1]:
        value = f(value)
    value = functions[-1](value, *others)
    count = sum(p.numel() for f in functions if isinstance(f, torch.nn.Module) for p in f.parameters())
    return Standard(((value, _stacked(run, _name(run.model, spec["output"]))),), count)


def _function(run: Run, spec: Mapping[str, Any]) -> Function:
    kind = str(spec.get("module"))
    if kind not in LAYERS:
        raise StandardError(f"there is no standard module '{kind}' here; known: {', '.join(LAYERS)}")
    layer = LAYERS[kind]
    names = [w.rstrip("?") for w in layer.weights]
    _known(spec, ("module", *names, *layer.options), kind)
    weights = {w: _weight(run, spec[w]) for w in names if w in spec}
    for w in layer.weights:
        if not w.endswith("?"):
            _needed(spec, w, kind)
    options = {o: _option(run, spec[o]) for o in layer.options if o in spec}
    return layer.build(weights, options)


def _option(run: Run, value: Any) -> Any:
    """An option: a number, a word of torch, or the value of a quantity of the model."""
    if isinstance(value, str) and (found := _found(run.model, value)) is not None:
        return run.sizes[found] if found in run.sizes else float(run.tensors[found, ()])
    return value


# -- names and values ------------------------------------------------------------------------------------------------


def _stacked(run: Run, name: str) -> Tensor:
    """A quantity at all its positions, the positions first."""
    axes = run.model.vocabulary.quantities[name].axes
    ranges = [range(run.ranges[a][0], run.ranges[a][1] + 1) for a in axes]
    values = [run.tensors[name, at] for at in itertools.product(*ranges)]
    return torch.stack(values).reshape([*map(len, ranges), *run.shape(name)]).detach()


def _weight(run: Run, spelled: str) -> Tensor:
    """A weight of a layer; `W^\\top` is the transpose, for a model whose examples are rows."""
    value = _stacked(run, _name(run.model, _plain(spelled)))
    return value if _plain(spelled) == spelled.strip() else value.mT


def _plain(spelled: str) -> str:
    """The name of a weight that may be written with a transpose."""
    return re.sub(r"\^(\\top|T|\{\\top\})$", "", spelled.strip())


def _known(spec: Mapping[str, Any], fields: Sequence[str], kind: str) -> None:
    if unknown := [f for f in spec if f not in fields]:
        raise StandardError(f"{kind} has no '{unknown[0]}' here; known: {', '.join(fields)}")


def _needed(spec: Mapping[str, Any], field: str, kind: str) -> Any:
    if field not in spec:
        raise StandardError(f"the {field} of {kind} is not given")
    return spec[field]


def _found(model: Model, spelled: str) -> str | None:
    symbol, pieces = spell(spelled)
    label = "".join(t.text for p in pieces for t in p if not set(t.text) <= set(model.vocabulary.ranges))
    found = model.vocabulary.find(Symbol(symbol.base, symbol.accents, label))
    return found.name if found is not None else None


def _name(model: Model, spelled: str) -> str:
    if (found := _found(model, spelled)) is None:
        raise StandardError(f"the model has no quantity {spelled}")
    return found


def _relative(a: Tensor, b: Tensor) -> float:
    if a.shape != b.shape or not torch.isfinite(a).all() or not torch.isfinite(b).all():
        return float("inf")
    return float(((a - b).abs().max() / b.abs().max().clamp_min(1e-12)).detach())
