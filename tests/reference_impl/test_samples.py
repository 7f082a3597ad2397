"""Samples that obey what a model asks for: orthonormal families, positions in a sequence, bounded sizes."""

from __future__ import annotations

import numpy as np
import pytest

from derivations.model import Model, ModelText, build
from reference_impl.run import make_world
from reference_impl.search import search, slope_at


def attention(samples: dict[str, str]) -> Model:
    return build(
        ModelText(
            "attention",
            {"d": "dimension", "m": "keys", "a": "a key", "b": "a key"},
            "i = 1..m",
            {"q": "d", "k_i": "d"},
            forward="s_i = k_i^\\top q",
            samples=samples,
        )
    )


@pytest.mark.parametrize("seed", range(12))
def test_orthonormal_families_fit_and_positions_differ(seed):
    world = make_world(attention({"m": "4..9", "k": "orthonormal", "a": "position i", "b": "position i"}), seed)
    sizes = world.sizes
    assert 4 <= sizes["m"] <= 9
    assert sizes["d"] >= sizes["m"]
    assert sizes["a"] != sizes["b"]
    assert {sizes["a"], sizes["b"]} <= set(range(1, sizes["m"] + 1))
    keys = np.stack([world.values["k", (i,)] for i in range(1, sizes["m"] + 1)])
    assert np.abs(keys @ keys.T - np.eye(len(keys))).max() < 1e-14


@pytest.mark.parametrize(("sense", "sign"), [("minimise", 1), ("maximise", -1)])
def test_the_search_finds_an_optimum_it_was_not_told(sense, sign):
    forward = "L = \\sum_{x=1}^N (D_x - c_x)^2" if sign > 0 else "L = \\sum_{x=1}^N (c_x \\log D_x + \\log(1 - D_x))"
    inputs = {"c_x": "1, positive", "D_x": "1"}
    samples = {"D": "0..1"}
    model = build(ModelText("o", {"N": "points"}, "x = 1..N", inputs, forward=forward, loss="L", samples=samples))
    world = make_world(model, 1)
    found = search(model, world, "D", sense, None if sign > 0 else (0.0, 1.0))
    for at, value in found.items():
        c = float(world.values["c", at])
        assert value == pytest.approx(c if sign > 0 else c / (c + 1), abs=1e-9)
    assert slope_at(model, world, "D", found) < 1e-8
