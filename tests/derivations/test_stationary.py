"""Optima of integrands, point by point, against other forms of them; and inputs that reach a limit."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from checkers.equal import equal
from derivations.limits import derive_limit
from derivations.model import Model, ModelText, build
from derivations.stationary import stationary
from notation.answer import read_formula
from notation.errors import EvaluationError
from notation.plain import to_plain
from notation.tree import Ref
from notation.vocabulary import Vocabulary

TABLE = yaml.safe_load((Path(__file__).parent / "objectives.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("row", TABLE, ids=[f"{r['sense']} {r['objective']}" for r in TABLE])
def test_the_optimum(row):
    integrand = read_formula(row["objective"], Vocabulary(open=True))
    domain = tuple(row["domain"]) if "domain" in row else None

    def found():
        return stationary(integrand, Ref("D"), ["p", "q"], lambda name: 0, row["sense"], domain)

    if row.get("fails"):
        with pytest.raises(EvaluationError):
            found()
        return
    assume = {"p": "positive", "q": "positive"}
    assert equal(to_plain(found().value), row["optimum"], assume=assume).status == "correct"


def attention(**changes) -> Model:
    text = {
        "sizes": {"d": "dimension", "m": "keys", "a": "a key", "b": "a key", "e": "a key"},
        "sequence": "i = 1..m",
        "inputs": {"q": "d", "k_i": "d", "v_i": "d"},
        "forward": r"""
            \alpha_i = \exp(k_i^\top q) / \sum_{j=1}^m \exp(k_j^\top q)
            z = \sum_{i=1}^m \alpha_i v_i
        """,
        "samples": {"k": "orthonormal", "a": "position i", "b": "position i", "e": "position i"},
    }
    return build(ModelText("attention", **{**text, **changes}))


LIMITS = {
    "(v_a + v_b)/2": "q = β (k_a + k_b)",
    "v_a": "q = β k_a",
    "(v_a + v_b + v_e)/3": "q = β (k_a + k_b + k_e)",
    "v_a/3 + 2 v_b/3": "q = β (k_a + k_b) + log(2) k_b",
}


@pytest.mark.parametrize("target", LIMITS)
def test_the_input_for_a_limit(target):
    model = attention()
    derived = derive_limit(model, Ref("q"), Ref("z"), read_formula(target, model.vocabulary))
    assert derived.agrees
    assert to_plain(derived.answer) == LIMITS[target]


@pytest.mark.parametrize(
    ("changes", "target", "why"),
    [({"samples": {}}, "v_a", "orthonormal"), ({}, "q", "must name values")],
)
def test_what_has_no_such_limit(changes, target, why):
    model = attention(**changes)
    with pytest.raises(EvaluationError, match=why):
        derive_limit(model, Ref("q"), Ref("z"), read_formula(target, model.vocabulary))


def test_weights_without_a_softmax_do_not_tend_to_a_value():
    model = attention(forward="z = \\sum_{i=1}^m (k_i^\\top q) v_i")
    assert not derive_limit(model, Ref("q"), Ref("z"), read_formula("v_a", model.vocabulary)).agrees
