"""Convolutions, transposed convolutions and pooling as index equations: values and Jacobians against torch."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
import torch

from derivations.components import derive_entries
from derivations.layers import average_pooling, convolution, transposed
from derivations.model import Model, ModelText, build
from notation.answer import read_formula
from notation.evaluate import evaluate
from notation.tree import Compare, Expr, Partial, Ref
from reference_impl.run import make_world
from reference_impl.world import World

F = torch.nn.functional
TIGHT = {"rtol": 1e-12, "atol": 1e-12}
ONE = [
    {"C": 2, "O": 3, "H": 7, "K": 3, "S": 1, "P": 0, "D": 1},
    {"C": 2, "O": 2, "H": 8, "K": 3, "S": 2, "P": 1, "D": 1},
    {"C": 1, "O": 2, "H": 9, "K": 2, "S": 3, "P": 2, "D": 2},
    {"C": 2, "O": 1, "H": 9, "K": 3, "S": 2, "P": 2, "D": 3},
]
TWO = [
    {"C": 2, "O": 2, "H": 4, "W": 5, "K": 2, "S": 2, "P": 1, "D": 1},
    {"C": 1, "O": 2, "H": 5, "W": 4, "K": 2, "S": 1, "P": 1, "D": 2},
]


def read(model: Model, text: str) -> Expr:
    """A formula with the letters g o c r q v i j l n m as indices."""
    return read_formula(text, model.vocabulary.with_letters("gocrqvijlnm"))


def made(text: ModelText, sizes: dict[str, int], seed: int = 0) -> tuple[Model, World, dict[str, torch.Tensor]]:
    model = build(text)
    world = make_world(model, seed, sizes)
    return model, world, {n: torch.tensor(a, requires_grad=True) for (n, _), a in world.values.items()}


def entries(model: Model, world: World, target: str) -> np.ndarray[Any, Any]:
    """The derived formula at every index of the asked entry."""
    tree = read(model, target)
    claim = derive_entries(model, tree).claim
    assert isinstance(claim, Compare)
    refs = [tree.of, tree.wrt] if isinstance(tree, Partial) else [tree]
    letters, shape = [], []
    for ref in refs:
        assert isinstance(ref, Ref)
        letters += [i.name for i in ref.index if isinstance(i, Ref)]
        shape += world.shapes[ref.name]
    out = np.zeros(shape)
    for place in np.ndindex(*shape):
        bound = {c: k + 1 for c, k in zip(letters, place, strict=True)}
        out[place] = float(evaluate(claim.sides[-1], world.scope().at(**bound)))
    return out


@pytest.mark.parametrize("sizes", ONE)
def test_convolution_1d(sizes: dict[str, int]) -> None:
    model, world, t = made(convolution(), sizes)

    def layer(x: torch.Tensor, w: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        return F.conv1d(x[None], w, b, sizes["S"], sizes["P"], sizes["D"])[0]

    np.testing.assert_allclose(world.values["y", ()], layer(t["x"], t["w"], t["b"]).detach(), **TIGHT)
    jacobians = torch.autograd.functional.jacobian(layer, (t["x"], t["w"], t["b"]))
    for asked, truth in zip(("x_{c,n}", "w_{m,c,i}", "b_m"), jacobians, strict=True):
        np.testing.assert_allclose(entries(model, world, f"dy_{{o,r}}/d{asked}"), truth, **TIGHT)


@pytest.mark.parametrize("sizes", TWO)
def test_convolution_2d(sizes: dict[str, int]) -> None:
    model, world, t = made(convolution(2, bias=False), sizes)

    def layer(x: torch.Tensor, w: torch.Tensor) -> torch.Tensor:
        return F.conv2d(x[None], w, None, sizes["S"], sizes["P"], sizes["D"])[0]

    np.testing.assert_allclose(world.values["y", ()], layer(t["x"], t["w"]).detach(), **TIGHT)
    jacobians = torch.autograd.functional.jacobian(layer, (t["x"], t["w"]))
    for asked, truth in zip(("x_{c,n,m}", "w_{l,c,i,j}"), jacobians, strict=True):
        np.testing.assert_allclose(entries(model, world, f"dy_{{o,r,q}}/d{asked}"), truth, **TIGHT)


def test_grouped_convolution() -> None:
    sizes = {"G": 2, "C": 2, "O": 3, "H": 7, "K": 3, "S": 2, "P": 1, "D": 1}
    model, world, t = made(convolution(groups=True), sizes)

    def layer(x: torch.Tensor, w: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        y = F.conv1d(x.reshape(1, 4, 7), w.reshape(6, 2, 3), b.reshape(6), 2, 1, 1, groups=2)
        return y.reshape(2, 3, -1)

    np.testing.assert_allclose(world.values["y", ()], layer(t["x"], t["w"], t["b"]).detach(), **TIGHT)
    jacobians = torch.autograd.functional.jacobian(layer, (t["x"], t["w"], t["b"]))
    for asked, truth in zip(("x_{m,c,n}", "w_{m,l,c,i}", "b_{m,l}"), jacobians, strict=True):
        np.testing.assert_allclose(entries(model, world, f"dy_{{g,o,r}}/d{asked}"), truth, **TIGHT)


@pytest.mark.parametrize(
    "sizes",
    [
        {"C": 2, "O": 2, "H": 3, "K": 3, "S": 2, "P": 1, "D": 1, "A": 1},
        {"C": 1, "O": 2, "H": 4, "K": 2, "S": 1, "P": 0, "D": 2, "A": 0},
        {"C": 2, "O": 1, "H": 3, "K": 2, "S": 3, "P": 1, "D": 1, "A": 2},
    ],
)
def test_transposed_convolution(sizes: dict[str, int]) -> None:
    model, world, t = made(transposed(), sizes)

    def layer(x: torch.Tensor, w: torch.Tensor) -> torch.Tensor:
        s = sizes
        return F.conv_transpose1d(x[None], w, None, s["S"], s["P"], s["A"], 1, s["D"])[0]

    np.testing.assert_allclose(world.values["y", ()], layer(t["x"], t["w"]).detach(), **TIGHT)
    jacobians = torch.autograd.functional.jacobian(layer, (t["x"], t["w"]))
    for asked, truth in zip(("x_{c,n}", "w_{c,m,i}"), jacobians, strict=True):
        np.testing.assert_allclose(entries(model, world, f"dy_{{o,r}}/d{asked}"), truth, **TIGHT)


def test_its_jacobian_is_the_transpose_of_the_convolution() -> None:
    """With the same weights: dy/dx of the one is dy/dx of the other with inputs and outputs exchanged."""
    sizes = {"C": 2, "O": 3, "H": 7, "K": 3, "S": 2, "P": 1, "D": 1}
    model, world, _ = made(convolution(bias=False), sizes)
    forward = entries(model, world, "dy_{o,r}/dx_{c,n}")
    back_sizes = {"C": 3, "O": 2, "H": forward.shape[1], "K": 3, "S": 2, "P": 1, "D": 1, "A": 0}
    back = build(transposed())
    other = make_world(back, 1, back_sizes, {("w", ()): world.values["w", ()]})
    backward = entries(back, other, "dy_{o,r}/dx_{c,n}")
    np.testing.assert_allclose(backward, forward.transpose(2, 3, 0, 1), **TIGHT)


@pytest.mark.parametrize(("window", "stride", "padding"), [(2, 2, 0), (3, 1, 1), (3, 2, 1)])
def test_average_pooling(window: int, stride: int, padding: int) -> None:
    sizes = {"C": 2, "H": 5, "W": 4, "K": window, "S": stride, "P": padding}
    model, world, t = made(average_pooling(2), sizes)

    def layer(x: torch.Tensor) -> torch.Tensor:
        return F.avg_pool2d(x[None], window, stride, padding)[0]

    np.testing.assert_allclose(world.values["y", ()], layer(t["x"]).detach(), **TIGHT)
    truth = torch.autograd.functional.jacobian(layer, t["x"])
    np.testing.assert_allclose(entries(model, world, "dy_{c,r,q}/dx_{o,n,m}"), truth, **TIGHT)


def test_a_gradient_through_two_layers() -> None:
    """The loss reaches the first weights through a strided layer and a dilated one."""
    text = ModelText(
        "two layers",
        inputs={"x": "2 x 11"},
        parameters={"w": "3 x 2 x 3", "v": "2 x 3 x 2"},
        computed={"z": "3 x 5", "y": "2 x 3"},
        forward="z_{o,r} = \\tanh(\\sum_{c=1}^2 \\sum_{i=1}^3 w_{o,c,i} x_{c,2(r-1)+i})\n"
        "y_{o,r} = \\sum_{c=1}^3 \\sum_{i=1}^2 v_{o,c,i} z_{c,r+2(i-1)}\n"
        "L = \\sum_{o=1}^2 \\sum_{r=1}^3 y_{o,r}^2",
        loss="L",
    )
    model, world, t = made(text, {})
    z = torch.tanh(F.conv1d(t["x"][None], t["w"], stride=2))
    loss = (F.conv1d(z, t["v"], dilation=2) ** 2).sum()
    truth = torch.autograd.grad(loss, t["w"])[0]
    np.testing.assert_allclose(world.adjoints["w", ()], truth, **TIGHT)
    allowed = [read(model, "dL/dy")]
    claim = derive_entries(model, read(model, "dL/dw_{o,c,i}"), allowed).claim
    assert isinstance(claim, Compare)
    for o, c, i in itertools.product(range(3), range(2), range(3)):
        value = float(evaluate(claim.sides[-1], world.scope().at(o=o + 1, c=c + 1, i=i + 1)))
        assert value == pytest.approx(float(truth[o, c, i]), rel=1e-10, abs=1e-12)
