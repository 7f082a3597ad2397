"""Counts as polynomials in the sizes against counting by brute force."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import sympy as sp
import yaml

from checkers.assignment import load_assignment
from checkers.modelling import merged
from derivations.counting import multiplication_count, parameter_count
from derivations.model import Model, ModelText, build
from derivations.terms import index_symbol
from reference_impl.run import Run

TABLE = yaml.safe_load((Path(__file__).parent / "models.yaml").read_text(encoding="utf-8"))["models"]
SIZES = [
    {"n": 2, "d": 3, "T": 3, "K": 4, "m": 5},
    {"n": 5, "d": 2, "T": 4, "K": 3, "m": 2},
    {"n": 1, "d": 1, "T": 1, "K": 1, "m": 1},
]


def model(name: str) -> Model:
    if name in TABLE and "text" in TABLE[name]:
        return build(ModelText(name, **TABLE[name]["text"]))
    return build(merged(load_assignment("iitkgp-ct3"), name)[0])


def at(polynomial: sp.Expr, sizes: dict[str, int]) -> int:
    value = polynomial.subs({index_symbol(k): v for k, v in sizes.items()})
    assert value.is_Integer
    return int(value)


@pytest.mark.parametrize("name", ["cell", "classifier", "every_step", "peephole", "minimal_gated", "plain"])
@pytest.mark.parametrize("sizes", SIZES[:2], ids=str)
def test_parameters_are_counted_as_arrays_are(name: str, sizes: dict[str, int]) -> None:
    this = model(name)
    mine = {s: sizes[s] for s in this.sizes}
    run = Run(this, mine, 0)
    assert at(parameter_count(this), mine) == sum(run.tensors[p, ()].numel() for p in this.parameters)


def test_the_polynomials_are_the_known_ones() -> None:
    n, d, k = (index_symbol(s) for s in "ndK")
    assert sp.expand(parameter_count(model("cell")) - 4 * (n * d + n * n + n)) == 0
    assert sp.expand(parameter_count(model("classifier")) - 4 * (n * d + n * n + n) - k * n - k) == 0
    assert at(parameter_count(model("cell")), {"n": 3, "d": 2}) == 72
    assert sp.expand(parameter_count(model("attention")) - parameter_count(model("fixed_context"))) == 0


def test_a_named_selection_is_counted_alone() -> None:
    assert at(parameter_count(model("cell"), ["W_f"]), {"n": 3, "d": 2}) == 15
    assert at(parameter_count(model("cell"), ["W_f", "b_f"]), {"n": 3, "d": 2}) == 18


class Counted:
    """A number that counts the products it takes part in."""

    products = 0

    def __mul__(self, other: Counted) -> Counted:
        Counted.products += 1
        return self

    def __add__(self, other: Counted) -> Counted:
        return self


Numbers = npt.NDArray[np.object_]


def numbers(*shape: int) -> Numbers:
    out = np.empty(shape, dtype=object)
    for index in np.ndindex(*shape):
        out[index] = Counted()
    return out


def act(x: Numbers) -> Numbers:
    return x


def cell(n: int, d: int, T: int) -> None:
    h, c = numbers(n), numbers(n)
    for _ in range(T):
        joined = np.concatenate([h, numbers(d)])
        f, i, o, g = (act(numbers(n, n + d) @ joined + numbers(n)) for _ in range(4))
        c = f * c + i * g
        h = o * act(c)


def every_gate_apart(n: int, d: int, T: int) -> None:
    h, c = numbers(n), numbers(n)
    for _ in range(T):
        x = numbers(d)
        f, i, g = (act(numbers(n, d) @ x + numbers(n, n) @ h + numbers(n)) for _ in range(3))
        f, i = f + numbers(n) * c, i + numbers(n) * c
        c = f * c + i * g
        o = act(numbers(n, d) @ x + numbers(n, n) @ h + numbers(n) * c + numbers(n))
        h = o * act(c)
    (numbers(1, n) @ h)[0] + Counted()


def gated(n: int, d: int, T: int) -> None:
    h = numbers(n)
    for _ in range(T):
        x = numbers(d)
        f = act(numbers(n, d) @ x + numbers(n, n) @ h + numbers(n))
        candidate = act(numbers(n, d) @ x + numbers(n, n) @ (f * h) + numbers(n))
        h = f * h + f * candidate
    (numbers(1, n) @ h)[0] + Counted()


@pytest.mark.parametrize("sizes", SIZES, ids=str)
@pytest.mark.parametrize(
    ("name", "forward"), [("cell", cell), ("peephole", every_gate_apart), ("minimal_gated", gated)]
)
def test_multiplications_are_counted_as_a_forward_pass_makes_them(
    name: str, forward: object, sizes: dict[str, int]
) -> None:
    """The same pass written in NumPy on numbers that count; activations cost nothing on either side."""
    assert callable(forward)
    Counted.products = 0
    forward(sizes["n"], sizes["d"], sizes["T"])
    this = model(name)
    assert at(multiplication_count(this), {s: sizes[s] for s in this.sizes}) == Counted.products


def test_the_multiplications_of_the_cell_as_a_polynomial() -> None:
    n, d, steps = (index_symbol(s) for s in "ndT")
    assert sp.expand(multiplication_count(model("cell")) - steps * (4 * n * (n + d) + 3 * n)) == 0
