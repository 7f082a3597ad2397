"""The standard modules of torch by name: how each is built with the weights of a model.

Two tables. A recurrent module is told by its gates in the order in which torch stacks them; any other module by a
function from its weights and options to something that can be called.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import torch

Tensor = torch.Tensor
Weights: TypeAlias = Mapping[str, Tensor]
Options: TypeAlias = Mapping[str, Any]
Function: TypeAlias = Callable[..., Tensor]


class StandardError(Exception):
    """The `standard:` block of a model does not describe a module."""


@dataclass(frozen=True, slots=True)
class Layer:
    """A module without recurrence: its `weights` (a `?` marks those that may be left out) and `options` by torch's
    names."""

    build: Callable[[Weights, Options], Function]
    weights: tuple[str, ...] = ()
    options: tuple[str, ...] = ()


# The gates of a recurrent cell in the order in which torch stacks their weights.
GATES: dict[str, tuple[str, ...]] = {
    "LSTM": ("input", "forget", "candidate", "output"),
    "GRU": ("reset", "update", "candidate"),
    "RNN": ("hidden",),
}


def loaded(module: torch.nn.Module, weights: Weights) -> torch.nn.Module:
    """The module in double precision with these weights."""
    module = module.double()
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            parameter.copy_(weights[name])
    return module


def _linear(w: Weights) -> Function:
    rows, columns = w["weight"].shape
    return loaded(torch.nn.Linear(columns, rows, bias="bias" in w), w)


def _multi_head(w: Weights) -> Function:
    """Weights by head: `query`, `key`, `value` are heads x head size x model size, `out` heads x model x head size."""
    heads, size, model = w["query"].shape
    module = torch.nn.MultiheadAttention(model, heads, bias=False)
    joined = torch.cat([w[name].reshape(heads * size, model) for name in ("query", "key", "value")])
    out = torch.cat(list(w["out"]), dim=1)
    return _Attending(loaded(module, {"in_proj_weight": joined, "out_proj.weight": out}))


class _Attending(torch.nn.Module):
    """Self-attention as a function of one sequence."""

    def __init__(self, inner: torch.nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, x: Tensor) -> Tensor:
        """The outputs at all positions."""
        value: Tensor = self.inner(x, x, x, need_weights=False)[0]
        return value


def _attention(o: Options) -> Function:
    function = torch.nn.functional.scaled_dot_product_attention

    def attend(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        value: Tensor = function(q[None], k[None], v[None], **o)[0]
        return value

    return attend


LAYERS: dict[str, Layer] = {
    "Linear": Layer(lambda w, o: _linear(w), ("weight", "bias?")),
    "Tanh": Layer(lambda w, o: torch.nn.Tanh()),
    "ReLU": Layer(lambda w, o: torch.nn.ReLU()),
    "Sigmoid": Layer(lambda w, o: torch.nn.Sigmoid()),
    "Softmax": Layer(lambda w, o: torch.nn.Softmax(dim=-1)),
    "LayerNorm": Layer(
        lambda w, o: loaded(torch.nn.LayerNorm(w["weight"].shape[0], **o), w), ("weight", "bias"), ("eps",)
    ),
    "BatchNorm1d": Layer(
        lambda w, o: loaded(torch.nn.BatchNorm1d(w["weight"].shape[0], **o), w), ("weight", "bias"), ("eps",)
    ),
    "MultiheadAttention": Layer(lambda w, o: _multi_head(w), ("query", "key", "value", "out")),
    "scaled_dot_product_attention": Layer(lambda w, o: _attention(o), (), ("scale", "is_causal")),
    "CrossEntropyLoss": Layer(lambda w, o: torch.nn.CrossEntropyLoss(**o), (), ("reduction",)),
    "BCEWithLogitsLoss": Layer(lambda w, o: torch.nn.BCEWithLogitsLoss(**o), (), ("reduction",)),
    "MSELoss": Layer(lambda w, o: torch.nn.MSELoss(**o), (), ("reduction",)),
}


def full_name(module: str) -> str:
    """Where torch keeps a module or a function.

    >>> full_name("GRU"), full_name("scaled_dot_product_attention")
    ('torch.nn.GRU', 'torch.nn.functional.scaled_dot_product_attention')
    """
    return f"torch.nn.functional.{module}" if module[:1].islower() else f"torch.nn.{module}"
