"""Derived gradients against autograd, at sizes drawn at random, and the standard torch modules beside the equations.

The models and their gradients stand in `models.yaml`; adding an architecture is adding equations there.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from checkers.assignment import load_assignment
from checkers.modelling import merged
from derivations.derivation import Derivation
from derivations.gradients import derive_gradient
from derivations.model import Model, ModelText, build
from notation.answer import read_formula
from notation.errors import EvaluationError
from notation.evaluate import evaluate
from notation.latex import to_latex
from notation.tree import Compare, Expr, Partial, Ref, free_names, walk
from reference_impl.run import Run
from reference_impl.standard import compare_standard
from reference_impl.world import World

TABLE = yaml.safe_load((Path(__file__).parent / "models.yaml").read_text(encoding="utf-8"))
GRADIENTS = [(name, one) for name, entry in TABLE["models"].items() for one in entry["gradients"]]
SAMPLES = range(8)
# float64 through one forward and one backward pass of a few hundred operations leaves about 1e-14.
TOLERANCE = 1e-12
# Every derivation of the table takes well under a second; a search without end must not stop the other tests.
PATIENCE = 5


@cache
def model(name: str) -> Model:
    entry = TABLE["models"][name]
    return build(
        merged(load_assignment(entry["from"]), name)[0] if "from" in entry else ModelText(name, **entry["text"])
    )


@cache
def world(name: str, seed: int) -> World:
    """One executed sample at random sizes: components from 2 to 6, sequences of 3 to 7 steps."""
    this = model(name)
    rng = np.random.default_rng([seed, 2024])
    lengths = {high.name for _, high in this.vocabulary.ranges.values() if isinstance(high, Ref)}
    sizes = {s: int(rng.integers(3, 8) if s in lengths else rng.integers(2, 7)) for s in this.sizes}
    run = Run(this, sizes, seed)
    shapes = {
        n: run.shape(n) for n, q in this.vocabulary.quantities.items() if q.role != "size" and q.shape is not None
    }
    return World(
        sizes=sizes,
        seed=seed,
        values={place: tensor.detach().numpy() for place, tensor in run.tensors.items()},
        adjoints=run.adjoints(),
        jacobians={},
        shapes=shapes,
        axes={n: q.axes for n, q in this.vocabulary.quantities.items()},
        ranges=run.ranges,
        blocks={n: run.blocks(n) for n in shapes},
        loss=this.loss,
    )


def derived(name: str, one: Mapping[str, Any]) -> Derivation:
    this = model(name)
    target, *allowed = (read_formula(text, this.vocabulary) for text in (one["of"], *one["by"]))
    with at_most(PATIENCE):
        return derive_gradient(this, target, allowed, unroll=one.get("unroll", False))


@contextmanager
def at_most(seconds: int) -> Iterator[None]:
    """End what takes too long as a failure of this test, so that the others still run."""

    def ring(signum: int, frame: object) -> None:
        raise TimeoutError(f"not derived within {seconds} s")

    before = signal.signal(signal.SIGALRM, ring)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def positions(target: Partial, at: World) -> list[tuple[dict[str, int], tuple[int, ...]]]:
    """The steps at which a claim holds: its step variables with their values, and the place."""
    assert isinstance(target.wrt, Ref)
    choices: list[list[tuple[str, int]]] = []
    for position, axis in zip(target.wrt.at, at.axes[target.wrt.name], strict=True):
        low, high = at.ranges[axis]
        names = free_names(position) - set(at.sizes)
        if names:
            choices.append([(axis, k) for k in range(low, high + 1)])
        else:
            choices.append([("", int(evaluate(position, at.scope())))])
    return [({n: k for n, k in chosen if n}, tuple(k for _, k in chosen)) for chosen in product(*choices)]


def checked(claim: Expr, name: str, seed: int) -> int:
    """Compare a claim with autograd at all steps and components; the number of entries that were compared."""
    assert isinstance(claim, Compare)
    left, right = claim.sides[0], claim.sides[-1]
    assert isinstance(left, Partial)
    assert isinstance(left.wrt, Ref)
    at, compared = world(name, seed), 0
    letters = [i.name for i in left.wrt.index if isinstance(i, Ref)]
    for steps, place in positions(left, at):
        truth = at.adjoints[left.wrt.name, place]
        if letters:
            found = np.zeros(truth.shape)
            for index in np.ndindex(*truth.shape):
                bound = {**steps, **{letter: k + 1 for letter, k in zip(letters, index, strict=True)}}
                found[index] = float(evaluate(right, at.scope().at(**bound)))
        else:
            found = np.asarray(evaluate(right, at.scope().at(**steps)))
            assert found.size == truth.size
            assert found.ndim != 2 or truth.ndim == 1 or found.shape == truth.shape
            found = found.reshape(truth.shape)
        assert np.isfinite(found).all()
        assert np.isfinite(truth).all()
        scale = max(float(np.abs(truth).max()), 1e-9)
        assert float(np.abs(found - truth).max()) / scale < TOLERANCE, (steps, at.sizes)
        compared += truth.size
    return compared


@pytest.mark.parametrize(
    ("name", "one"),
    GRADIENTS,
    ids=[f"{name}: {one['of']} by {', '.join(one['by']) or 'values'}" for name, one in GRADIENTS],
)
def test_a_gradient_agrees_with_autograd(name: str, one: Mapping[str, Any]) -> None:
    found = derived(name, one)
    for seed in SAMPLES:
        assert checked(found.claim, name, seed) > 0
        if found.index_form is not None:
            assert checked(found.index_form, name, seed) > 0


@pytest.mark.parametrize(
    ("name", "one"),
    GRADIENTS,
    ids=[f"{name}: {one['of']} by {', '.join(one['by']) or 'values'}" for name, one in GRADIENTS],
)
def test_a_gradient_uses_only_what_it_may(name: str, one: Mapping[str, Any]) -> None:
    """Only the allowed adjoints stand on the right, and only names of the model (no letter is left unbound)."""
    found = derived(name, one)
    this = model(name)
    allowed = {to_latex(read_formula(text, this.vocabulary)) for text in one["by"]}
    names = {
        p.wrt.name
        for text in one["by"]
        for p in [read_formula(text, this.vocabulary)]
        if isinstance(p, Partial) and isinstance(p.wrt, Ref)
    }
    assert isinstance(found.claim, Compare)
    for node in walk(found.claim.sides[-1]):
        if isinstance(node, Partial):
            assert isinstance(node.wrt, Ref)
            assert to_latex(node) in allowed or node.wrt.name in names
    left = found.claim.sides[0]
    steps = {n for n in free_names(left) if n not in this.vocabulary.quantities}
    assert free_names(found.claim.sides[-1]) <= set(this.vocabulary.quantities) | steps


@pytest.mark.parametrize("one", TABLE["unclosed"], ids=[f"{one['model']}: {one['of']}" for one in TABLE["unclosed"]])
def test_what_cannot_be_closed_is_an_error(one: Mapping[str, Any]) -> None:
    with pytest.raises(EvaluationError, match=r"recursive|allow"):
        derived(one["model"], one)


@pytest.mark.parametrize("one", TABLE["printed"], ids=[f"{one['model']}: {one['of']}" for one in TABLE["printed"]])
def test_a_claim_prints_as_on_paper(one: Mapping[str, Any]) -> None:
    assert to_latex(derived(one["model"], one).claim) == one["claim"]


@pytest.mark.parametrize("one", TABLE["printed"], ids=[f"{one['model']}: {one['of']}" for one in TABLE["printed"]])
def test_a_derivation_is_the_same_every_time_and_has_reasons(one: Mapping[str, Any]) -> None:
    first, second = derived(one["model"], one), derived(one["model"], one)
    assert first == second
    assert first.steps
    assert all(step.reason for step in first.steps)
    assert first.steps[-1].line == first.claim


def size_of(expr: Expr) -> int:
    return sum(1 for _ in walk(expr))


def text_with(steps: str) -> ModelText:
    """The cell with a loss at the end and a sequence of given length, as a number or a symbol."""
    text = TABLE["models"]["every_step"]["text"]
    sizes = {s: about for s, about in text["sizes"].items() if s != "T" or steps == "T"}
    return ModelText("cell", **{**text, "sizes": sizes, "sequence": f"t = 1..{steps}"})


@pytest.mark.parametrize(
    "wanted", [("dL/dc_t", ("dL/dc_{t+1}", "dL/dh_t")), ("dL/dU_f", ("dL/df_t",))], ids=["state", "parameter"]
)
def test_a_derivation_does_not_grow_with_the_sequence(wanted: tuple[str, tuple[str, ...]]) -> None:
    """Three steps, three hundred or T of them: the derivation has the same number of steps and nodes."""
    seen = set()
    for steps in ("3", "300", "T"):
        this = build(text_with(steps))
        target, *allowed = (read_formula(text, this.vocabulary) for text in (wanted[0], *wanted[1]))
        found = derive_gradient(this, target, allowed)
        assert found.index_form is not None
        seen.add(
            (
                len(found.steps),
                size_of(found.claim),
                size_of(found.index_form),
                sum(size_of(s.line) for s in found.steps),
            )
        )
    assert len(seen) == 1


STANDARD = [(name, entry["standard"]) for name, entry in TABLE["models"].items() if "standard" in entry]


@pytest.mark.parametrize(("name", "spec"), STANDARD, ids=[name for name, _ in STANDARD])
def test_the_equations_are_those_of_the_standard_module(name: str, spec: Mapping[str, Any]) -> None:
    error, tried = compare_standard(model(name), spec)
    assert error < TOLERANCE
    assert "n=" in tried


def test_the_cell_of_the_exam_is_torch_lstm() -> None:
    exam = load_assignment("iitkgp-ct3")
    spec = exam.models["cell"].standard
    assert spec is not None
    error, _ = compare_standard(model("classifier"), spec)
    assert error < TOLERANCE


WRONG = [
    (r"c_t = f_t \odot c_{t-1} + i_t \odot g_t", r"c_t = f_t \odot c_{t-1} - i_t \odot g_t"),
    (r"c_t = f_t \odot c_{t-1} + i_t \odot g_t", r"c_t = i_t \odot c_{t-1} + f_t \odot g_t"),
    (r"h_t = o_t \odot \tanh(c_t)", r"h_t = o_t \odot c_t"),
    (r"g_t = \tanh(W_g x_t + U_g h_{t-1} + b_g)", r"g_t = \sigma(W_g x_t + U_g h_{t-1} + b_g)"),
    (r"f_t = \sigma(W_f x_t + U_f h_{t-1} + b_f)", r"f_t = \sigma(W_f x_t + U_f^\top h_{t-1} + b_f)"),
    (r"f_t = \sigma(W_f x_t + U_f h_{t-1} + b_f)", r"f_t = \sigma(W_f x_t + U_f h_{t-1})"),
    (r"f_t = \sigma(W_f x_t + U_f h_{t-1} + b_f)", r"f_t = \sigma(W_f x_t + U_f c_{t-1} + b_f)"),
]


@pytest.mark.parametrize(("right", "wrong"), WRONG, ids=[wrong for _, wrong in WRONG])
def test_a_slip_in_the_equations_is_seen_by_the_standard_module(right: str, wrong: str) -> None:
    text = TABLE["models"]["every_step"]["text"]
    assert right in text["forward"]
    broken = build(ModelText("broken", **{**text, "forward": text["forward"].replace(right, wrong)}))
    error, _ = compare_standard(broken, TABLE["models"]["every_step"]["standard"])
    assert error > 1e-4
