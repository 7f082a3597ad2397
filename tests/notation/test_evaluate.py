"""What a tree is worth: values against NumPy, messages for what has none, both array libraries, derivatives of functions.

The table of formulas is `values.yaml`; its right sides are Python written by us and compiled here, never a student's.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml

from notation.answer import read_answer, read_formula
from notation.arrays import Special, derivative_functions, elementwise_functions, numpy_backend
from notation.errors import EvaluationError, ShapeError
from notation.evaluate import Scope, evaluate
from notation.tree import Call, Ref, number
from notation.vocabulary import Quantity, Vocabulary
from reference_impl.backend import torch_backend

TABLE = yaml.safe_load((Path(__file__).parent / "values.yaml").read_text(encoding="utf-8"))
LAST = 4


def sig(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def softmax(x: Any) -> Any:
    return np.exp(x) / np.exp(x).sum()


def sample() -> dict[str, Any]:
    rng = np.random.default_rng(7)
    out: dict[str, Any] = {"A": rng.normal(size=(3, 3)), "B": rng.normal(size=(3, 3)), "W": rng.normal(size=(3, 4))}
    out |= {name: rng.normal(size=3) for name in "uv"} | {"x": rng.normal(size=4), "a": 1.3, "c": -0.4}
    out |= {name: rng.normal(size=(LAST + 1, 3)) for name in "hz"} | {"M": rng.normal(size=(LAST + 1, 3, 3))}
    weights = np.exp(rng.normal(size=3))
    return {**out, "p": weights / weights.sum()}


SAMPLE = sample()
SERIES = ("h", "z", "M")
N, FOUR, T = number(3), number(4), Ref("T")
SHAPES: Mapping[str, tuple[Any, ...]] = {
    **dict.fromkeys("AB", ((N,), (N,))), "W": ((N,), (FOUR,)), **dict.fromkeys("uvphz", ((N,),)), "x": ((FOUR,),), "a": (), "c": (), "M": ((N,), (N,)),
}  # fmt: skip
VOCABULARY = Vocabulary(
    quantities={
        **{name: Quantity(name, ("t",) if name in SERIES else (), shape) for name, shape in SHAPES.items()},
        "T": Quantity("T", (), (), "size"),
        "L": Quantity("L", (), (), "loss"),
    },
    spellings={name: name for name in [*SHAPES, "T", "L"]},
    ranges={"t": (number(1), T)},
    loss="L",
)


def scope(backend: str = "numpy", **options: Any) -> Scope:
    tensor: Callable[[Any], Any] = (
        (lambda v: torch.tensor(v, dtype=torch.float64)) if backend == "torch" else np.asarray
    )

    def lookup(name: str, at: tuple[int, ...]) -> Any:
        if name == "T" and not at:
            return tensor(float(LAST))
        if name not in SAMPLE:
            raise EvaluationError(f"{name} has no value here")
        value = SAMPLE[name]
        if at and at[0] < 0:
            raise EvaluationError(f"{name} has no value at step {at[0]}")
        if at:
            value = value[at[0]] if at[0] <= LAST else np.zeros_like(value[0])
        return tensor(np.asarray(value, dtype=np.float64))

    return Scope(
        lookup=lookup,
        ranges={"t": (1, LAST)},
        axes=dict.fromkeys(SERIES, ("t",)),
        backend=torch_backend() if backend == "torch" else numpy_backend(),
        **options,
    )


def settled(value: Any) -> Any:
    """A value as a NumPy array with vectors of one axis."""
    if isinstance(value, Special):
        return value
    array = np.asarray(value)
    return array.reshape(-1) if array.ndim == 2 and array.shape[1] == 1 else array


# -- the table's own language: a few lines of Python, interpreted from their syntax tree -----------------------------------

_NAMES: dict[str, Any] = {**SAMPLE, "np": np, "sig": sig, "sm": softmax, "max": max, "sum": sum}
_OPERATORS: dict[type, Callable[[Any, Any], Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv, ast.Pow: operator.pow, ast.MatMult: operator.matmul,
}  # fmt: skip


def numpy_value(text: str) -> Any:
    return _run(ast.parse(text, mode="eval").body)


def _run(node: ast.expr) -> Any:
    match node:
        case ast.Constant(value=value):
            return value
        case ast.Name(id=name):
            return _NAMES[name]
        case ast.Attribute(value=value, attr=name):
            return getattr(_run(value), name)
        case ast.BinOp(left=left, op=op, right=right):
            return _OPERATORS[type(op)](_run(left), _run(right))
        case ast.UnaryOp(op=ast.USub(), operand=body):
            return -_run(body)
        case ast.Compare(left=left, ops=[ast.Gt()], comparators=[right]):
            return _run(left) > _run(right)
        case ast.Call(func=function, args=args):
            return _run(function)(*(_run(a) for a in args))
        case ast.List(elts=items) | ast.Tuple(elts=items):
            return [_run(i) for i in items] if isinstance(node, ast.List) else tuple(_run(i) for i in items)
        case ast.Subscript(value=value, slice=ast.Slice(lower=low, upper=high)):
            return _run(value)[_run(low) : _run(high)]  # type: ignore[arg-type]
        case ast.Subscript(value=value, slice=index):
            return _run(value)[_run(index)]
    raise TypeError(ast.dump(node))


VALUES = TABLE["values"]


@pytest.mark.parametrize("backend", ["numpy", "torch"])
@pytest.mark.parametrize("one", VALUES, ids=[one["text"] for one in VALUES])
def test_a_formula_is_worth_what_numpy_says(one: dict[str, Any], backend: str) -> None:
    expected = np.asarray(numpy_value(str(one["value"])), dtype=np.float64)
    found = settled(evaluate(read_formula(one["text"], VOCABULARY), scope(backend)))
    assert not isinstance(found, Special)
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize("one", TABLE["errors"], ids=[one["text"] for one in TABLE["errors"]])
def test_what_has_no_value_says_why(one: dict[str, Any]) -> None:
    with pytest.raises(ShapeError if one["kind"] == "shape" else EvaluationError) as caught:
        evaluate(read_formula(one["text"], VOCABULARY), scope())
    assert one["message"] in str(caught.value)
    if "at" in one:
        assert isinstance(caught.value, ShapeError)
        start, end = caught.value.span
        assert one["text"][start:end] == one["at"]


def value_of(text: str, **index: int) -> Any:
    """The last side of the first claim of an answer, with the definitions of that answer."""
    answer = read_answer(text, VOCABULARY)
    assert answer.errors == ()
    (claim, *_) = answer.claims
    return settled(evaluate(claim.sides[-1], scope(definitions=answer.definitions).at(**index)))


RECURSION = r"h_t = r_t, where r_t = z_t \odot r_{t+1} + h_t, r_{T+1} = 0"


def test_a_recursive_definition_runs_to_its_boundary() -> None:
    h, z = SAMPLE["h"], SAMPLE["z"]
    expected = np.zeros(3)
    for step in range(LAST, 0, -1):
        expected = z[step] * expected + h[step]
        np.testing.assert_allclose(value_of(RECURSION, t=step), expected, rtol=1e-13)


def test_a_boundary_at_the_last_step_replaces_the_general_line() -> None:
    text = r"h_t = r_t, where r_t = z_t \odot r_{t+1} for t < T, r_T = u"
    np.testing.assert_allclose(value_of(text, t=LAST), SAMPLE["u"])
    np.testing.assert_allclose(value_of(text, t=LAST - 1), SAMPLE["z"][LAST - 1] * SAMPLE["u"])


def test_a_definition_written_for_another_step_is_shifted() -> None:
    text = r"h_t = r_t, where r_{t-1} = z_{t-1} \odot h_t"
    np.testing.assert_allclose(value_of(text, t=2), SAMPLE["z"][2] * SAMPLE["h"][3])


def test_a_forward_recursion_starts_at_its_first_value() -> None:
    text = r"h_t = r_t, where r_t = z_t \odot r_{t-1} + u, r_0 = v"
    expected = SAMPLE["z"][2] * (SAMPLE["z"][1] * SAMPLE["v"] + SAMPLE["u"]) + SAMPLE["u"]
    np.testing.assert_allclose(value_of(text, t=2), expected)


def test_a_definition_by_itself_at_the_same_step_has_no_value() -> None:
    with pytest.raises(EvaluationError, match="refers to itself"):
        value_of(r"h_t = r_t, where r_t = r_t + h_t", t=1)


def test_a_recursion_without_end_has_no_value() -> None:
    with pytest.raises(EvaluationError, match=r"not defined|does not end|no value"):
        value_of(r"h_t = r_t, where r_t = z_t \odot r_{t-1}", t=2)


def test_the_inner_product_is_one_reading_of_a_dot() -> None:
    tree = read_formula(r"u \cdot v", VOCABULARY)
    assert float(evaluate(tree, scope(inner_dot=True))) == pytest.approx(float(SAMPLE["u"] @ SAMPLE["v"]))


def test_an_index_variable_hides_a_quantity() -> None:
    tree = read_formula(r"\sum_{a=1}^{3} a", VOCABULARY)
    assert float(evaluate(tree, scope())) == 6.0


def test_a_bound_variable_is_free_again_after_its_sum() -> None:
    tree = read_formula(r"\sum_{k=1}^{2} k + k", VOCABULARY)
    assert float(evaluate(tree, scope().at(k=10))) == 13.0


def test_a_formula_that_takes_too_long_has_no_value() -> None:
    tree = read_formula(r"\sum_{i=1}^{1000} \sum_{j=1}^{1000} \sum_{k=1}^{1000} i j k", VOCABULARY)
    with pytest.raises(EvaluationError, match="too long"):
        evaluate(tree, scope())


POINTS = {"log": (0.2, 3.0), "sqrt": (0.2, 3.0), "atanh": (-0.9, 0.9)}


@pytest.mark.parametrize("name", sorted(derivative_functions(numpy_backend())))
def test_the_derivative_of_a_function_is_what_autograd_says(name: str) -> None:
    low, high = POINTS.get(name, (-2.5, 2.5))
    x = torch.linspace(low, high, 41, dtype=torch.float64)  # an even number of gaps would put relu's corner on the grid
    x = (x + 1e-3).requires_grad_(True)
    value = elementwise_functions(torch_backend())[name](x)
    (slope,) = torch.autograd.grad(value.sum(), x)
    for backend, at in ((torch_backend(), x.detach()), (numpy_backend(), x.detach().numpy())):
        found = derivative_functions(backend)[name](at)
        np.testing.assert_allclose(np.asarray(found), slope.numpy(), rtol=1e-12, atol=1e-12)
    tree = Call(name, (Ref("u"),), order=1)
    low_u = Scope(lookup=lambda n, at: x.detach().numpy())
    np.testing.assert_allclose(settled(evaluate(tree, low_u)), slope.numpy(), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", sorted(elementwise_functions(numpy_backend())))
def test_both_libraries_agree_on_every_function(name: str) -> None:
    low, high = {**POINTS, "asin": (-0.9, 0.9), "acos": (-0.9, 0.9), "log2": (0.2, 3.0), "log10": (0.2, 3.0)}.get(
        name, (-2.5, 2.5)
    )
    grid = np.linspace(low, high, 20)
    a = elementwise_functions(numpy_backend())[name](grid)
    b = elementwise_functions(torch_backend())[name](torch.tensor(grid))
    np.testing.assert_allclose(a, b.numpy(), rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("value", [-800.0, -40.0, 40.0, 800.0])
@pytest.mark.parametrize("name", ["sigmoid", "tanh", "softplus", "swish"])
def test_large_arguments_give_a_number_and_no_warning(name: str, value: float) -> None:
    found = float(elementwise_functions(numpy_backend())[name](np.asarray(value)))
    assert np.isfinite(found)
