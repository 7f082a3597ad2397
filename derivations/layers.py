"""Convolutions and their kin as forward equations: one entry of the output by the entries that it reads.

Every index is base 1 and every axis is an index, so the calculus needs nothing that is particular to convolutions.
A tap outside the input is a tap on padding, which is 0: the bracket in front of the product says so.
"""

from __future__ import annotations

from derivations.model import ModelText

_AXES = ("H", "W", "Z")
_OUT = ("r", "q", "v")
_TAPS = ("i", "j", "l")


def convolution(dimensions: int = 1, *, groups: bool = False, bias: bool = True) -> ModelText:
    """A convolution (cross-correlation) with stride S, padding P and dilation D along every axis.

    With `groups` the channels are counted within their group: x is G x C x ..., w is G x O x C x K x ....

    >>> convolution().computed
    {'y': 'O x (floor((H + 2 P - D (K-1) - 1)/S) + 1)'}
    """
    axes, out, taps = _AXES[:dimensions], _OUT[:dimensions], _TAPS[:dimensions]
    group, member = ("G x ", "g,") if groups else ("", "")
    at = [f"S ({r}-1) + D ({i}-1) + 1 - P" for r, i in zip(out, taps, strict=True)]
    inside = "".join(f"[1 \\le {a} \\le {n}] " for a, n in zip(at, axes, strict=True))
    sums = "\\sum_{c=1}^{C} " + "".join(f"\\sum_{{{i}=1}}^{{K}} " for i in taps)
    product = f"w_{{{member}o,c,{','.join(taps)}}} x_{{{member}c,{','.join(at)}}}"
    offset = f"b_{{{member}o}} + " if bias else ""
    return ModelText(
        "convolution",
        dict.fromkeys([*(["G"] if groups else []), "C", "O", *axes, "K", "S", "P", "D"], ""),
        inputs={"x": group + " x ".join(["C", *axes])},
        parameters={"w": group + " x ".join(["O", "C", *["K"] * dimensions]), **({"b": group + "O"} if bias else {})},
        computed={"y": group + " x ".join(["O", *(size_text(n) for n in axes)])},
        forward=f"y_{{{member}o,{','.join(out)}}} = {offset}{sums}{inside}{product}",
    )


def size_text(length: str) -> str:
    """The output size of a convolution along one axis, as a shape in text."""
    return f"(floor(({length} + 2 P - D (K-1) - 1)/S) + 1)"


def transposed(dimensions: int = 1) -> ModelText:
    """A transposed convolution with stride S, padding P, output padding A and dilation D: the adjoint of a convolution.

    Every entry of x is added, times the kernel, to the places from which a convolution would have read it. Weights are
    C x O x K..., as torch stores them; the sum runs over all inputs and the bracket picks those that reach.
    """
    axes, out, taps = _AXES[:dimensions], _OUT[:dimensions], _TAPS[:dimensions]
    places = ("n", "m", "u")[:dimensions]
    sums = "\\sum_{c=1}^{C} " + "".join(
        f"\\sum_{{{n}=1}}^{{{size}}} \\sum_{{{i}=1}}^{{K}} " for n, size, i in zip(places, axes, taps, strict=True)
    )
    reach = "".join(f"[S ({n}-1) + D ({i}-1) + 1 - P = {r}] " for n, i, r in zip(places, taps, out, strict=True))
    return ModelText(
        "transposed convolution",
        dict.fromkeys(["C", "O", *axes, "K", "S", "P", "D", "A"], ""),
        inputs={"x": " x ".join(["C", *axes])},
        parameters={"w": " x ".join(["C", "O", *["K"] * dimensions])},
        computed={"y": " x ".join(["O", *(f"(({n}-1) S - 2 P + D (K-1) + A + 1)" for n in axes)])},
        forward=f"y_{{o,{','.join(out)}}} = {sums}{reach}w_{{c,o,{','.join(taps)}}} x_{{c,{','.join(places)}}}",
    )


def average_pooling(dimensions: int = 1) -> ModelText:
    """Average pooling with window K, stride S and padding P; padding counts in the average, as in torch."""
    axes, out, taps = _AXES[:dimensions], _OUT[:dimensions], _TAPS[:dimensions]
    at = [f"S ({r}-1) + {i} - P" for r, i in zip(out, taps, strict=True)]
    inside = "".join(f"[1 \\le {a} \\le {n}] " for a, n in zip(at, axes, strict=True))
    sums = "".join(f"\\sum_{{{i}=1}}^{{K}} " for i in taps)
    return ModelText(
        "average pooling",
        dict.fromkeys(["C", *axes, "K", "S", "P"], ""),
        inputs={"x": " x ".join(["C", *axes])},
        computed={"y": " x ".join(["C", *(f"(floor(({n} + 2 P - K)/S) + 1)" for n in axes)])},
        forward=f"y_{{c,{','.join(out)}}} = \\frac{{1}}{{K^{dimensions}}} {sums}{inside}x_{{c,{','.join(at)}}}",
    )
