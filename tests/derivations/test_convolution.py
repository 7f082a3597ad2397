"""Output sizes against torch at random configurations; the gradient of a strided and dilated convolution against autograd."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
import sympy as sp
import torch

from derivations.convolution import (
    Stage,
    output_size,
    pooled_size,
    receptive_field,
    run_stages,
    transposed_counts,
    transposed_size,
)
from derivations.gradients import derive_gradient
from derivations.model import ModelText, build
from notation.answer import read_formula
from notation.evaluate import evaluate
from notation.tree import Compare, Partial, Ref, free_names
from reference_impl.convolve import run_convolution
from reference_impl.run import make_world

CONFIGURATIONS = 300


def draw(rng: np.random.Generator) -> dict[str, int]:
    """One configuration; about one in ten has no window that fits."""
    groups = int(rng.choice([1, 1, 2, 3, 4]))
    return {
        "length": int(rng.integers(1, 40)), "kernel": int(rng.integers(1, 8)), "stride": int(rng.integers(1, 5)), "padding": int(rng.integers(0, 4)),
        "dilation": int(rng.integers(1, 4)), "groups": groups, "channels_in": groups * int(rng.integers(1, 4)), "channels": groups * int(rng.integers(1, 4)),
    }  # fmt: skip


def fits(c: dict[str, int]) -> bool:
    return c["dilation"] * (c["kernel"] - 1) + 1 <= c["length"] + 2 * c["padding"]


RNG = np.random.default_rng(12)
DRAWN = [draw(RNG) for _ in range(CONFIGURATIONS)]


def test_the_configurations_cover_what_they_should() -> None:
    valid = [c for c in DRAWN if fits(c)]
    inexact = [
        c for c in valid if (c["length"] + 2 * c["padding"] - c["dilation"] * (c["kernel"] - 1) - 1) % c["stride"]
    ]
    assert len(DRAWN) == CONFIGURATIONS
    assert len(valid) >= 200
    assert len(inexact) >= 50  # the floor matters
    assert sum(c["dilation"] > 1 and c["stride"] > 1 for c in valid) >= 50
    assert sum(c["groups"] > 1 for c in valid) >= 50
    assert any(not fits(c) for c in DRAWN)


@pytest.mark.parametrize("dimensions", [1, 2])
def test_output_sizes_are_those_of_torch(dimensions: int) -> None:
    module = {1: torch.nn.Conv1d, 2: torch.nn.Conv2d}[dimensions]
    compared = 0
    for n, c in enumerate(DRAWN):
        other = DRAWN[n - 1]
        if not fits(c):
            continue
        # the second axis has another length and kernel, so that exchanged axes would show
        second = {"length": other["length"] + 20, "kernel": other["kernel"]}
        lengths = (c["length"], second["length"])[:dimensions]
        kernels = (c["kernel"], second["kernel"])[:dimensions]
        layer = module(
            c["channels_in"], c["channels"], kernels, c["stride"], c["padding"], c["dilation"], c["groups"], bias=False
        )
        with torch.no_grad():
            executed = layer(torch.zeros(1, c["channels_in"], *lengths))
        stage = Stage("s", kernels, c["stride"], c["padding"], c["dilation"], c["channels"], c["groups"])
        (result,) = run_stages(lengths, c["channels_in"], (stage,))
        assert tuple(int(a) for a in result.after) == tuple(executed.shape[2:]), c
        assert int(result.parameters) == sum(p.numel() for p in layer.parameters()), c
        per_window = math.prod(kernels) * c["channels_in"] // c["groups"]
        assert int(result.multiplications) == executed.numel() * per_window, c
        compared += 1
    assert compared >= 200


def test_no_window_fits_where_torch_refuses() -> None:
    refused = 0
    for c in DRAWN:
        if fits(c):
            continue
        with pytest.raises(RuntimeError):
            torch.nn.Conv1d(1, 1, c["kernel"], c["stride"], c["padding"], c["dilation"])(torch.zeros(1, 1, c["length"]))
        assert output_size(c["length"], c["kernel"], c["stride"], c["padding"], c["dilation"]) <= 0
        refused += 1
    assert refused


def test_the_size_formula_is_the_number_of_windows_counted_one_by_one() -> None:
    for c in DRAWN:
        span, last = c["dilation"] * (c["kernel"] - 1), c["length"] + 2 * c["padding"] - 1
        windows = sum(1 for start in range(0, last + 1, c["stride"]) if start + span <= last)
        assert max(output_size(c["length"], c["kernel"], c["stride"], c["padding"], c["dilation"]), 0) == windows


def test_the_symbolic_formula_gives_the_same_numbers() -> None:
    names = sp.symbols("L K S P D", integer=True, positive=True)
    formula = output_size(*names)
    for c in DRAWN[:60]:
        numbers = dict(zip(names, (c["length"], c["kernel"], c["stride"], c["padding"], c["dilation"]), strict=True))
        assert formula.subs(numbers) == output_size(*numbers.values())


def test_stages_follow_one_another() -> None:
    """The exam's depthwise separable convolution, executed."""
    stages = (Stage("depthwise", (4, 4), 1, 1, 1, 3, 3), Stage("pointwise", (1, 1), channels=10))
    results = run_stages((200, 200), 3, stages)
    assert [tuple(int(a) for a in r.after) for r in results] == [(199, 199), (199, 199)]
    assert [int(r.multiplications) for r in results] == [199 * 199 * 3 * 16, 199 * 199 * 10 * 3]
    for before, after in pairwise(results):
        assert before.after == after.before
        assert before.stage.channels == after.channels_in
    for r in results:
        s = r.stage
        size = (int(r.before[0]), int(r.before[1]))
        done = run_convolution(
            size,
            int(r.channels_in),
            int(s.channels),
            s.kernel,
            int(s.stride),
            int(s.padding),
            int(s.dilation),
            int(s.groups),
        )
        assert done.shape == (int(s.channels), *(int(a) for a in r.after))
        assert done.multiplications == int(r.multiplications)


# The index form of a convolution as forward equations: a step of the output reads steps of the input.
# SymPy's own derivative of such a sum has no divisibility condition for a dilation above 1 and gives w[1/2].
STRIDES = [(1, 1), (1, 2), (1, 3), (2, 1), (2, 2), (2, 3), (3, 1), (3, 2), (3, 3)]
OUTPUTS, KERNEL = 4, 3


@pytest.mark.parametrize(("stride", "dilation"), STRIDES)
@pytest.mark.parametrize("asked", ["dL/dx_s", "dL/dw"])
def test_the_gradient_of_a_convolution_agrees_with_autograd(stride: int, dilation: int, asked: str) -> None:
    length = stride * (OUTPUTS - 1) + dilation * (KERNEL - 1) + 1
    shift = stride + dilation - 1
    model = build(
        ModelText(
            "convolution",
            sequence=f"s = 1..{length}; t = 1..{OUTPUTS}",
            inputs={"x_s": "1"},
            parameters={"w": str(KERNEL)},
            forward=f"y_t = \\sum_{{k=1}}^{{{KERNEL}}} w_k x_{{{stride} t + {dilation} k - {shift}}}\nL = \\sum_t y_t^3",
            loss="L",
        )
    )
    found = derive_gradient(model, read_formula(asked, model.vocabulary), [read_formula("dL/dy_t", model.vocabulary)])
    world = make_world(model, seed=3)
    compared = 0
    for claim in [found.claim, found.index_form]:
        if claim is None:
            continue
        assert isinstance(claim, Compare)
        left, right = claim.sides[0], claim.sides[-1]
        assert isinstance(left, Partial)
        assert isinstance(left.wrt, Ref)
        free = free_names(left) - set(model.vocabulary.quantities)
        assert free_names(right) - set(model.vocabulary.quantities) <= free
        for place, truth in ((p, a) for p, a in world.adjoints.items() if p[0] == left.wrt.name):
            letters = [i.name for i in left.wrt.index if isinstance(i, Ref)]
            for index in np.ndindex(*truth.shape) if letters else [()]:
                bound = {
                    **dict(zip("s", place[1], strict=False)),
                    **{n: k + 1 for n, k in zip(letters, index, strict=True)},
                }
                value = np.asarray(evaluate(right, world.scope().at(**bound)))
                np.testing.assert_allclose(value.reshape(-1), truth[index].reshape(-1), rtol=1e-12, atol=1e-12)
                compared += value.size
    assert compared >= KERNEL


def test_the_condition_of_divisibility_is_kept() -> None:
    """Where no output reads an input, its gradient is exactly 0: every other one for stride 2 and a kernel of 1."""
    model = build(
        ModelText(
            "skip",
            sequence="s = 1..7; t = 1..4",
            inputs={"x_s": "1"},
            parameters={"w": "1"},
            forward="y_t = w x_{2 t - 1}\nL = \\sum_t y_t^2",
            loss="L",
        )
    )
    found = derive_gradient(
        model, read_formula("dL/dx_s", model.vocabulary), [read_formula("dL/dy_t", model.vocabulary)]
    )
    world = make_world(model, seed=0)
    assert isinstance(found.claim, Compare)
    values = [float(evaluate(found.claim.sides[-1], world.scope().at(s=s))) for s in range(1, 8)]
    assert values[1::2] == [0.0, 0.0, 0.0]
    assert all(values[0::2])
    assert values == pytest.approx([float(world.adjoints["x", (s,)]) for s in range(1, 8)], rel=1e-12)


def test_transposed_sizes_are_those_of_torch() -> None:
    rng = np.random.default_rng(4)
    for _ in range(150):
        kernel, stride, dilation = int(rng.integers(1, 5)), int(rng.integers(1, 5)), int(rng.integers(1, 4))
        padding, length = int(rng.integers(0, 3)), int(rng.integers(1, 9))
        extra = int(rng.integers(0, max(stride, dilation)))
        size = transposed_size(length, kernel, stride, padding, dilation, extra)
        if size < 1:
            continue
        layer = torch.nn.ConvTranspose1d(1, 1, kernel, stride, padding, extra, dilation=dilation)
        assert layer(torch.zeros(1, 1, length)).shape[-1] == size
        if extra < stride and size + 2 * padding >= dilation * (kernel - 1) + 1:  # the convolution leads back
            assert output_size(size, kernel, stride, padding, dilation) == length


def test_pooling_sizes_are_those_of_torch() -> None:
    rng = np.random.default_rng(5)
    longer = 0
    for _ in range(300):
        window, stride, dilation = int(rng.integers(1, 5)), int(rng.integers(1, 5)), int(rng.integers(1, 3))
        padding, length = int(rng.integers(0, window // 2 + 1)), int(rng.integers(1, 20))
        if length + 2 * padding < dilation * (window - 1) + 1:
            continue
        x = torch.zeros(1, 1, length)
        for ceil_mode in (False, True):
            layer = torch.nn.MaxPool1d(window, stride, padding, dilation, ceil_mode=ceil_mode)
            assert layer(x).shape[-1] == pooled_size(length, window, stride, padding, dilation, ceil_mode=ceil_mode)
            if dilation == 1:
                average = torch.nn.AvgPool1d(window, stride, padding, ceil_mode=ceil_mode)
                assert average(x).shape[-1] == pooled_size(length, window, stride, padding, ceil_mode=ceil_mode)
        both = [pooled_size(length, window, stride, padding, dilation, ceil_mode=c) for c in (False, True)]
        longer += both[0] != both[1]
    assert longer > 20


@pytest.mark.parametrize("seed", range(12))
def test_the_receptive_field_is_the_support_of_the_gradient(seed: int) -> None:
    rng = np.random.default_rng(seed)
    stages = [tuple(int(v) for v in (rng.integers(1, 4), rng.integers(1, 3), 0, rng.integers(1, 3))) for _ in range(3)]
    found = receptive_field(stages)
    dense = all(d == 1 and k >= s for k, s, _, d in stages)
    x = torch.zeros(1, 1, 60, requires_grad=True)
    y = x
    for kernel, stride, padding, dilation in stages:
        layer = torch.nn.Conv1d(1, 1, kernel, stride, padding, dilation, bias=False)
        torch.nn.init.constant_(layer.weight, 1.0)
        y = layer(y)
    reads = []
    for r in (0, 1):
        (grad,) = torch.autograd.grad(y[0, 0, r], x, retain_graph=True)
        reads.append(torch.nonzero(grad[0, 0]).reshape(-1) + 1)
    assert int(reads[0][0]) == found.start
    assert int(reads[0][-1]) == found.start + found.size - 1
    assert int(reads[1][0]) - int(reads[0][0]) == found.jump
    assert not dense or len(reads[0]) == found.size


def test_counts_of_a_transposed_convolution() -> None:
    """Every product is counted: an input entry times a weight, by the gradient's support of the outputs."""
    stage = Stage("up", (3, 2), 2, channels=4, groups=2)
    multiplications, parameters = transposed_counts((5, 4), 6, stage)
    layer = torch.nn.ConvTranspose2d(6, 4, (3, 2), 2, groups=2, bias=False)
    torch.nn.init.ones_(layer.weight)
    assert sum(w.numel() for w in layer.parameters()) == parameters
    assert int(layer(torch.ones(1, 6, 5, 4)).sum()) == multiplications
