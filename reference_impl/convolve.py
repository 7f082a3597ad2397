"""Convolutions executed: output shapes from torch.nn.Conv2d, multiplications counted window by window."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from notation.tree import Expr, Partial, Ref
from reference_impl.world import Array, World


@dataclass(frozen=True, slots=True)
class Executed:
    """The shape (channels first) and the number of products of one executed stage."""

    shape: tuple[int, ...]
    multiplications: int


def run_convolution(
    size: tuple[int, int],
    channels_in: int,
    channels_out: int,
    kernel: tuple[int, int],
    stride: int,
    padding: int,
    dilation: int,
    groups: int,
) -> Executed:
    """Run one 2-D convolution; every product of a window entry (padding zeros included) with a weight counts."""
    module = torch.nn.Conv2d(channels_in, channels_out, kernel, stride, padding, dilation, groups, bias=False)
    with torch.no_grad():
        x = torch.ones(1, channels_in, *size)
        out = module(x)
        # unfold lists the entries of every window: their number is counted, not computed by a formula
        windows = torch.nn.functional.unfold(x[:, : channels_in // groups], kernel, dilation, padding, stride)
    return Executed(tuple(out.shape[1:]), int(windows.numel()) * channels_out)


def output_shape(
    lengths: Sequence[int], kernels: Sequence[int], channels: int, stride: int, padding: int, dilation: int
) -> tuple[int, ...]:
    """The output shape, channels first, of torch's Conv1d or Conv2d; only shapes are computed, no values."""
    module: Any = torch.nn.Conv1d if len(lengths) == 1 else torch.nn.Conv2d
    kernel: Any = tuple(kernels)
    layer = module(1, channels, kernel, stride, padding, dilation, bias=False, device="meta")
    out: tuple[int, ...] = tuple(layer(torch.empty(1, 1, *lengths, device="meta")).shape[1:])
    return out


def convolved_entries(spec: Mapping[str, Any], world: World, target: Expr, loss: str | None) -> dict[str, Array]:
    """An array, a Jacobian or a gradient from torch.nn.functional.conv1d, by the name of the road.

    `spec` names `input`, `weight` and `output` of a 1-D convolution with `stride`, `dilation`, `padding`; with
    `positions first` the input is kept position by position, as columns of channels. A gradient by the weights is also
    a convolution: of the input with the gradient of the output, in which stride and dilation change places.
    """
    stride, dilation, padding = (int(spec.get(k, d)) for k, d in (("stride", 1), ("dilation", 1), ("padding", 0)))
    turned = bool(spec.get("positions first"))
    x, w = (torch.tensor(world.values[spec[k], ()]) for k in ("input", "weight"))
    shape = world.shapes[spec["output"]]

    def layer(x: torch.Tensor, w: torch.Tensor) -> torch.Tensor:
        channels = x.T if turned else x
        return torch.nn.functional.conv1d(channels[None], w, None, stride, padding, dilation).reshape(shape)

    if isinstance(target, Ref):
        return {"torch conv1d": layer(x, w).numpy()} if target.name == spec["output"] else {}
    if not isinstance(target, Partial) or not isinstance(target.of, Ref) or not isinstance(target.wrt, Ref):
        return {}
    places = {spec["input"]: 0, spec["weight"]: 1}
    if target.wrt.name not in places:
        return {}
    if target.of.name == spec["output"]:
        differentiate: Any = torch.autograd.functional.jacobian
        return {"torch jacobian of conv1d": differentiate(layer, (x, w))[places[target.wrt.name]].numpy()}
    if target.of.name != loss or target.wrt.name != spec["weight"]:
        return {}
    signal = torch.tensor(world.adjoints[spec["output"], ()]).reshape(w.shape[0], 1, -1)
    channels = (x.T if turned else x)[:, None]
    back = torch.nn.functional.conv1d(channels, signal, None, dilation, padding, stride)[..., : w.shape[2]]
    return {f"torch conv1d with dilation {stride}": back.transpose(0, 1).numpy()}
