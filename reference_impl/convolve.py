"""Convolutions executed: output shapes from torch.nn.Conv2d, multiplications counted window by window."""

from __future__ import annotations

from dataclasses import dataclass

import torch


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
