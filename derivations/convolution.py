"""Convolution by its index equation: output sizes, multiplications and parameters.

    y[o, r] = sum over c in the group of o, over k = 1..K, of  w[o, c, k] * x[c, s (r - 1) + d (k - 1) + 1 - p]

The output size is the largest r for which the last tap still lies in the padded input: s (r-1) + d (K-1) + 1 <= L + 2p.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sympy as sp

from derivations.terms import S


@dataclass(frozen=True, slots=True)
class Stage:
    """One convolution: kernel, stride, padding and dilation per axis, output channels and groups.

    Entries may be integers or SymPy expressions.
    """

    name: str
    kernel: tuple[S, ...]
    stride: S = 1
    padding: S = 0
    dilation: S = 1
    channels: S = 1
    groups: S = 1


@dataclass(frozen=True, slots=True)
class StageResult:
    """What one stage does: sizes before and after, products for one output, and all of them."""

    stage: Stage
    before: tuple[S, ...]
    channels_in: S
    after: tuple[S, ...]
    window: S
    multiplications: S
    parameters: S


def output_size(length: S, kernel: S, stride: S = 1, padding: S = 0, dilation: S = 1) -> S:
    """The number of windows that fit, from the index condition solved for the last window.

    >>> output_size(200, 4, 1, 1), output_size(7, 3, 2)
    (199, 3)
    >>> L, K, S, P, D = sp.symbols("L K S P D", integer=True, positive=True)
    >>> output_size(L, K, S, P, D)
    floor((-D*(K - 1) + L + 2*P - 1)/S) + 1
    """
    r = sp.Symbol("r", real=True)
    last_tap = stride * (r - 1) + dilation * (kernel - 1) + 1
    (bound,) = sp.solve(sp.Eq(last_tap, length + 2 * padding), r)
    steps = sp.together(bound - 1)
    if steps.is_number:
        return sp.floor(steps) + 1
    numerator = length + 2 * padding - dilation * (kernel - 1) - 1
    if sp.simplify(steps - numerator / stride) != 0:
        raise ArithmeticError("the size formula does not follow from the index condition")
    return sp.floor(numerator / stride) + 1


def transposed_size(length: S, kernel: S, stride: S = 1, padding: S = 0, dilation: S = 1, output_padding: S = 0) -> S:
    """The largest input size that a convolution maps to `length`, less the padding, with the output padding added.

    A convolution of stride s has s input sizes for one output size; the smallest of them is meant where the output
    padding is 0. It solves s (length - 1) + d (K - 1) + 1 = n + 2p for n.

    >>> transposed_size(4, 3, 2, 1, 1, 1)
    8
    """
    n = sp.Symbol("n")
    (smallest,) = sp.solve(sp.Eq(stride * (length - 1) + dilation * (kernel - 1) + 1, n + 2 * padding), n)
    return smallest + output_padding


def pooled_size(
    length: int, window: int, stride: int, padding: int = 0, dilation: int = 1, *, ceil_mode: bool = False
) -> int:
    """The output size of a pooling; with `ceil_mode` a last window may hang over, if it starts in the input.

    >>> pooled_size(6, 3, 2), pooled_size(6, 3, 2, ceil_mode=True)
    (2, 3)
    """
    whole = int(output_size(length, window, stride, padding, dilation))
    room = length + 2 * padding - dilation * (window - 1) - 1
    starts_inside = whole * stride < length + padding
    return whole + 1 if ceil_mode and room % stride and starts_inside else whole


@dataclass(frozen=True, slots=True)
class Field:
    """What one unit of a stack reads: `size` inputs, `jump` inputs further for the next unit, from `start` (base 1)."""

    size: S
    jump: S
    start: S


def receptive_field(stages: Sequence[tuple[S, S, S, S]]) -> Field:
    """The receptive field of stages (kernel, stride, padding, dilation): their index maps put into each other.

    Unit r reads from s (r-1) + 1 - p to s (r-1) + 1 - p + d (K-1) of the layer below, and so on down.

    >>> receptive_field([(3, 1, 0, 1), (3, 2, 0, 1), (3, 1, 0, 2)])
    Field(size=13, jump=2, start=1)
    """
    r = sp.Symbol("r")
    low = high = r
    for kernel, stride, padding, dilation in reversed(stages):
        low = stride * (low - 1) + 1 - padding
        high = stride * (high - 1) + 1 - padding + dilation * (kernel - 1)
    low, high = sp.expand(low), sp.expand(high)
    return Field(sp.expand(high - low + 1), low.coeff(r, 1), low.subs(r, 1))


def transposed_counts(size: Sequence[S], channels_in: S, stage: Stage) -> tuple[S, S]:
    """Multiplications and parameters of a transposed convolution: every input entry meets every weight of its channel.

    >>> transposed_counts((4, 4), 3, Stage("up", (2, 2), 2, channels=5))
    (960, 60)
    """
    parameters = sp.Mul(*stage.kernel) * channels_in * stage.channels / stage.groups
    return sp.Mul(*size) * parameters, parameters


def run_stages(size: tuple[S, ...], channels: S, stages: tuple[Stage, ...]) -> tuple[StageResult, ...]:
    """Sizes and counts of convolutions applied one after the other."""
    out = []
    for stage in stages:
        after = tuple(
            output_size(n, k, stage.stride, stage.padding, stage.dilation)
            for n, k in zip(size, stage.kernel, strict=True)
        )
        window = sp.Mul(*stage.kernel) * channels / stage.groups
        multiplications = sp.Mul(*after) * stage.channels * window
        out.append(StageResult(stage, size, channels, after, window, multiplications, stage.channels * window))
        size, channels = after, stage.channels
    return tuple(out)
