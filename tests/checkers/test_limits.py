"""What answers say about their letters, functions at a point, and the demonstrations about generative models."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from checkers.assignment import load_assignment
from checkers.bench import Bench
from checkers.generative import attention_weight, frechet, inception_score, score
from checkers.pointwise import before_special_case, plain_function, without_integrals
from checkers.scales import scales
from notation.vocabulary import Quantity, Vocabulary

KNOWN = Vocabulary({"k": Quantity("k"), "q": Quantity("q")}, {"k": "k", "q": "q"})


@pytest.mark.parametrize(
    ("text", "course"),
    [
        ("q = c k, c \\to \\infty", "large"),
        ("q = c k, c → ∞", "large"),
        ("q = c k as c goes to infinity", "large"),
        ("q = c k for very large c", "large"),
        ("q = c k where c is a large positive constant", "large"),
        ("q = c k, c \\gg 1", "large"),
        ("q = \\lim_{c \\to \\infty} c k", "large"),
        ("q = k/c, c → 0+", "small"),
        ("q = k/c for small c", "small"),
        ("q = c k, c → -∞", "negative"),
        ("q = k + c, c orthogonal to k", "orthogonal"),
        ("q = c k", "free"),
        ("q = c k, c > 0", "free"),
        ("q = c k where c is not large", "denied"),
        ("q = c k, c large, c → 0", "denied"),
    ],
)
def test_what_is_said_about_a_letter(text, course):
    assert scales(text, KNOWN).courses["c"] == course


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("D*(x) = 1", "D(x) = 1"),
        ("D_G^*(x) = 1", "D(x) = 1"),
        ("D^{\\star}_{\\text{opt}} = 1", "D = 1"),
        ("\\hat{D}(x) = 1", "D(x) = 1"),
        ("D^2 + D_2", "D^2 + D_2"),
        ("D*(x - 1)", "D*(x - 1)"),
    ],
)
def test_spellings_of_a_function(text, plain):
    assert plain_function(text, "D", ["x"]) == plain


def test_integrals_are_left_out():
    assert "int" not in without_integrals("V = \\int f(x) dx \\\\ D = 1")
    assert without_integrals("D = \\arg\\min_D V = 1").strip() == "D = 1"
    assert without_integrals("D = 1") == "D = 1"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("D = b p, which for a = 0 is 0", "D = b p, "),
        ("With a = 0 the optimum is D = p", ""),
        ("D = a + b", "D = a + b"),
    ],
)
def test_special_cases(text, kept):
    assert before_special_case(text, ["a", "b"]) == kept


@pytest.fixture(scope="module")
def exam() -> Bench:
    return Bench(load_assignment("iith-a4"))


def test_a_wrong_query_is_told_with_its_weight(exam):
    verdict = exam.check("X2b", "q = k_a + k_b")
    assert verdict.witness is not None
    m = int(verdict.witness.where.split("m=")[1].split(",")[0])
    assert verdict.witness.yours == f"α_a = {np.e / (2 * np.e + m - 2):.3g}"
    assert verdict.witness.expected == "α_a = 0.5"


def test_the_weight_grows_with_the_query(exam):
    (plot,) = attention_weight(exam, "attention")
    for series, keys in zip(plot.series, (3, 6, 12), strict=True):
        assert series.y[0] == pytest.approx(1 / keys)
        assert series.y[-1] > 0.99
        assert all(a < b for a, b in itertools.pairwise(series.y))


def test_the_inception_score_rises_as_variety_is_lost(exam):
    (plot,) = inception_score(exam, "")
    scored, distance = (s.y for s in plot.series)
    assert scored[-1] == pytest.approx(10, rel=1e-3)
    assert scored[0] < 9.5
    assert distance[0] == pytest.approx(0, abs=1e-9)
    assert all(a < b for a, b in itertools.pairwise(distance))


def test_score_and_distance():
    assert score(np.full((5, 4), 0.25)) == pytest.approx(1)
    rng = np.random.default_rng(0)
    x = rng.normal(size=(4000, 2))
    assert frechet(x, 3 * x) == pytest.approx(4 * np.trace(np.cov(x.T)) + 4 * float(x.mean(0) @ x.mean(0)))
