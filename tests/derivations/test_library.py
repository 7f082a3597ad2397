"""Every model of the library: gradients against autograd, the standard torch module beside it, counts against counting.

A row of `library.yaml` extends a model as an assignment would, with a loss that reaches all of it.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sympy as sp
import yaml

from checkers.assignment import parse_assignment
from checkers.library import library
from checkers.modelling import merged
from derivations.counting import multiplication_count, parameter_count
from derivations.derivation import Derivation
from derivations.gradients import derive_gradient
from derivations.model import Model, build
from derivations.terms import index_symbol
from notation.answer import read_formula
from notation.evaluate import evaluate
from notation.latex import to_latex
from notation.tree import Compare, Expr, Partial, Ref
from reference_impl.run import Run, make_world, sample_sizes
from reference_impl.standard import compare_standard, run_standard
from reference_impl.tally import multiplications_made
from reference_impl.world import World

TABLE: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "library.yaml").read_text(encoding="utf-8"))
MODELS: dict[str, dict[str, Any]] = TABLE["models"]
SEEDS = range(2)
# float64 through one forward and one backward pass of a few hundred operations.
TOLERANCE = 1e-10
STANDARD = [name for name in MODELS if library()[name].standard is not None]


def model_of(spec: dict[str, Any], name: str) -> Model:
    """A model as an assignment with this one model has it."""
    front = yaml.safe_dump({"title": "library", "models": {name: spec}}, allow_unicode=True)
    question = f"## 1 (1 mark)\n\n```answer\nkind: count\nmodel: {name}\n```\n"
    return build(merged(parse_assignment(f"---\n{front}---\n\n{question}".encode()), name)[0])


@cache
def model(name: str) -> Model:
    fields = ("inputs", "forward", "loss")
    return model_of({"extends": name, **{k: v for k, v in MODELS[name].items() if k in fields}}, "case")


@cache
def world(name: str, seed: int) -> World:
    return make_world(model(name), seed)


def checked(claim: Expr, at: World) -> int:
    """Compare a claim with autograd at all steps and components; the number of entries that were compared."""
    assert isinstance(claim, Compare)
    left, right = claim.sides[0], claim.sides[-1]
    assert isinstance(left, Partial)
    assert isinstance(left.wrt, Ref)
    name, letters = left.wrt.name, [i.name for i in left.wrt.index if isinstance(i, Ref)]
    axes = at.axes[name]
    scale = max(float(np.abs(a).max()) for place, a in at.adjoints.items() if place[0] == name)
    compared = 0
    for place, truth in at.adjoints.items():
        if place[0] != name:
            continue
        if any(not at.ranges[a][0] <= k <= at.ranges[a][1] for a, k in zip(axes, place[1], strict=True)):
            continue  # a first value such as h_0
        scope = at.scope().at(**dict(zip(axes, place[1], strict=True)))
        if letters:
            found = np.zeros(truth.shape)
            for index in np.ndindex(*truth.shape):
                here = {letter: k + 1 for letter, k in zip(letters, index, strict=True)}
                found[index] = float(evaluate(right, scope.at(**here)))
        else:
            found = np.asarray(evaluate(right, scope))
            assert found.size == truth.size
            assert found.ndim < 2 or truth.ndim < 2 or found.shape == truth.shape
            found = found.reshape(truth.shape)
        assert np.isfinite(found).all()
        assert float(np.abs(found - truth).max()) <= TOLERANCE * max(scale, 1e-9), (name, place, to_latex(claim))
        compared += truth.size
    return compared


def quantities(name: str) -> list[str]:
    """What a loss can be differentiated by: every state, input and parameter."""
    there = {place[0] for place in world(name, 0).adjoints}
    return [n for n in model(name).vocabulary.quantities if n in there]


def derived(name: str, quantity: str) -> Derivation:
    this = model(name)
    axes = this.vocabulary.quantities[quantity].axes
    return derive_gradient(this, Partial(Ref(this.loss or ""), Ref(quantity, tuple(Ref(a) for a in axes))), None)


def test_every_model_of_the_library_is_in_the_table() -> None:
    assert list(MODELS) == sorted(MODELS, key=list(library()).index)
    assert set(MODELS) == set(library())
    for name, spec in library().items():
        assert spec.about, name
        assert not spec.about.endswith("."), name


@pytest.mark.parametrize("name", MODELS)
def test_every_gradient_agrees_with_autograd(name: str) -> None:
    without = []
    for quantity in quantities(name):
        found = derived(name, quantity)
        if not found.matrix_form:
            without.append(quantity)
        for seed in SEEDS:
            assert checked(found.claim, world(name, seed)) > 0
            if found.index_form is not None:
                assert checked(found.index_form, world(name, seed)) > 0
    assert without == MODELS[name].get("index form only", [])


@pytest.mark.parametrize("one", TABLE["asked"], ids=lambda one: f"{one['model']}: {one['of']}")
def test_a_gradient_through_several_equations(one: dict[str, Any]) -> None:
    """Closed forms: written in the derivatives that are allowed, equal to autograd and to the form in the textbook."""
    this = model(one["model"])
    target, *allowed = (read_formula(text, this.vocabulary) for text in (one["of"], *one["by"]))
    assert isinstance(target, Partial)
    found = derive_gradient(this, target, allowed)
    known = read_formula(one["known"], this.vocabulary) if "known" in one else None
    for seed in SEEDS:
        assert checked(found.claim, world(one["model"], seed)) > 0
        if found.index_form is not None:
            assert checked(found.index_form, world(one["model"], seed)) > 0
        if known is not None:
            assert checked(Compare((target, known), ("=",)), world(one["model"], seed)) > 0
    if "printed" in one:
        assert to_latex(found.claim) == one["printed"]


@pytest.mark.parametrize("one", TABLE["jacobians"], ids=lambda one: f"{one['model']}: {one['of']}")
def test_the_jacobian_of_one_step(one: dict[str, Any]) -> None:
    target = read_formula(one["of"], model(one["model"]).vocabulary)
    assert isinstance(target, Partial)
    assert isinstance(target.of, Ref)
    assert isinstance(target.wrt, Ref)
    found = derive_gradient(model(one["model"]), target, [])
    assert isinstance(found.claim, Compare)
    compared = 0
    for seed in SEEDS:
        at = world(one["model"], seed)
        for t in range(at.ranges["t"][0] + 1, at.ranges["t"][1] + 1) if target.of.at else [0]:
            places = (
                ((target.of.name, (t,)), (target.wrt.name, (t - 1,)))
                if target.of.at
                else ((target.of.name, ()), (target.wrt.name, ()))
            )
            value = np.asarray(evaluate(found.claim.sides[-1], at.scope().at(t=t)))
            assert np.allclose(value, at.partial(*places[0], *places[1], "total"), rtol=TOLERANCE, atol=TOLERANCE)
            compared += value.size
    assert compared > 0
    if "printed" in one:
        assert to_latex(found.claim) == one["printed"]


@pytest.mark.parametrize("name", STANDARD)
def test_the_equations_are_those_of_the_standard_module(name: str) -> None:
    spec = library()[name].standard
    assert spec is not None
    error, tried = compare_standard(model(name), spec)
    assert error < 1e-12
    assert "sizes" in tried


@pytest.mark.parametrize("one", TABLE["slips"], ids=lambda one: f"{one['model']}: {one['wrong']}")
def test_a_slip_in_the_equations_is_seen_by_the_standard_module(one: dict[str, Any]) -> None:
    left, _, right = one["wrong"].partition(" = ")
    spec = library()[one["model"]].standard
    assert spec is not None
    wrong = model_of({"extends": one["model"], "replace": {left: right}}, "slip")
    error, _ = compare_standard(wrong, spec)
    assert error > 1e-4
    if "standard" in one:  # the same function with other weights
        error, _ = compare_standard(wrong, {**spec, **one["standard"]})
        assert error < 1e-12


# -- counts ------------------------------------------------------------------------------------------------


def at(polynomial: sp.Expr, sizes: dict[str, int]) -> int:
    value = polynomial.subs({index_symbol(k): v for k, v in sizes.items()})
    assert value.is_Integer, value
    return int(value)


def alone(name: str) -> Model:
    """The model of the library as it is."""
    return model_of({"extends": name}, "alone")


@pytest.mark.parametrize("name", MODELS)
def test_parameters_are_counted_as_torch_counts_them(name: str) -> None:
    """With one bias a gate, torch's second one is left out (`idle`)."""
    this = alone(name)
    spec = library()[name].standard
    for seed in SEEDS:
        sizes = sample_sizes(this, seed)
        run = Run(this, sizes, seed)
        expected = sum(t.numel() for (n, _), t in run.tensors.items() if n in this.parameters)
        assert at(parameter_count(this), sizes) == expected
        module = run_standard(run, spec) if spec is not None else None
        if module is not None and module.parameters:
            assert expected == module.parameters - module.idle


@pytest.mark.parametrize(("name", "text"), TABLE["parameters"].items())
def test_parameter_counts_are_the_known_polynomials(name: str, text: str) -> None:
    sizes = {s: index_symbol(s) for s in alone(name).sizes}
    assert sp.expand(parameter_count(alone(name)) - sp.sympify(text, locals=sizes)) == 0


@pytest.mark.parametrize("name", MODELS)
def test_multiplications_are_counted_as_a_forward_pass_makes_them(name: str) -> None:
    this = alone(name)
    for seed in SEEDS:
        sizes = sample_sizes(this, seed)
        assert at(multiplication_count(this), sizes) == multiplications_made(this, sizes)


@pytest.mark.parametrize(("name", "text"), TABLE["multiplications"].items())
def test_multiplication_counts_are_the_known_polynomials(name: str, text: str) -> None:
    sizes = {s: index_symbol(s) for s in alone(name).sizes}
    assert sp.expand(multiplication_count(alone(name)) - sp.sympify(text, locals=sizes)) == 0
