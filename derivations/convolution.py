"""Convolution by its index equation: output sizes, multiplications and parameters.

    y[o, r] = sum over c in the group of o, over k = 1..K, of  w[o, c, k] * x[c, s (r - 1) + d (k - 1) + 1 - p]

The output size is the largest r for which the last tap still lies in the padded input: s (r-1) + d (K-1) + 1 <= L + 2p.
"""

from __future__ import annotations

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
