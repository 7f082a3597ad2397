"""Reading formulas: spellings that mean the same, spellings that do not, whole answers, and what cannot be read.

The tables stand in `readings.yaml`, `answers.yaml` and `slips.yaml` beside this file. Trees are compared up to the way
a product was written (`Mul.kind`): which product is meant follows from shapes, not from its sign.
"""

from __future__ import annotations

import itertools
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from checkers.assignment import load_assignment
from checkers.modelling import merged
from derivations.model import ModelText, build
from notation.answer import read_answer, read_formula
from notation.errors import ReadError
from notation.latex import to_latex
from notation.tree import Expr, Mul, rebuild, walk
from notation.vocabulary import Vocabulary

HERE = Path(__file__).parent


def table(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((HERE / name).read_text(encoding="utf-8"))
    return loaded


READINGS = table("readings.yaml")
ANSWERS = table("answers.yaml")["answers"]
SLIPS = table("slips.yaml")["slips"]
CLASSES = READINGS["classes"]
DIFFERENT = READINGS["different"]
SPELLINGS = [(one, text) for one in CLASSES for text in one["spellings"]]


@cache
def vocabulary(name: str) -> Vocabulary:
    """The names of a model: of the bundled exam, or of one declared in the table; `open` knows none."""
    if name == "open":
        return Vocabulary(open=True)
    if name in READINGS["vocabularies"]:
        return build(ModelText(name, **READINGS["vocabularies"][name])).vocabulary
    return build(merged(load_assignment("iitkgp-ct3"), name)[0]).vocabulary


def alike(expr: Expr) -> Expr:
    """The tree with all products written in one way."""
    expr = rebuild(expr, alike)
    return replace(expr, kind="juxtaposed") if isinstance(expr, Mul) else expr


@pytest.mark.parametrize("one", CLASSES, ids=[one["name"] for one in CLASSES])
def test_the_first_spelling_prints_as_expected(one: dict[str, Any]) -> None:
    assert to_latex(read_formula(one["spellings"][0], vocabulary(one["in"]))) == one["latex"]


@pytest.mark.parametrize(("one", "text"), SPELLINGS, ids=[f"{one['in']}: {text}" for one, text in SPELLINGS])
def test_a_spelling_means_what_its_class_means(one: dict[str, Any], text: str) -> None:
    known = vocabulary(one["in"])
    tree = read_formula(text, known)
    assert alike(tree) == alike(read_formula(one["latex"], known))
    assert tree.span != (0, 0)
    assert [node for node in walk(tree) if not 0 <= node.span[0] <= node.span[1] <= len(text)] == []


@pytest.mark.parametrize("one", DIFFERENT, ids=[f"{one['in']}: {' | '.join(one['texts'])}" for one in DIFFERENT])
def test_spellings_that_differ_in_meaning_give_different_trees(one: dict[str, Any]) -> None:
    trees = [(text, alike(read_formula(text, vocabulary(one["in"])))) for text in one["texts"]]
    same = [(a, b) for (a, x), (b, y) in itertools.combinations(trees, 2) if x == y]
    assert same == []


@pytest.mark.parametrize("one", ANSWERS, ids=[f"{one['in']}: {one['text'][:60]!r}" for one in ANSWERS])
def test_a_whole_answer(one: dict[str, Any]) -> None:
    answer = read_answer(one["text"], vocabulary(one["in"]))
    found = []
    for s in answer.statements:
        entry: dict[str, Any] = {"sides": [to_latex(side) for side in s.sides]}
        if s.role != "claim":
            entry["role"] = s.role
        if s.condition is not None:
            entry["condition"] = to_latex(s.condition)
        found.append(entry)
    assert found == one["statements"]
    assert sorted(answer.definitions) == one.get("definitions", [])
    assert len(answer.errors) == one.get("errors", 0)
    if "words" in one:
        assert list(answer.words) == one["words"]


@pytest.mark.parametrize("one", SLIPS, ids=[f"{one['in']}: {one['text']}" for one in SLIPS])
def test_a_slip_is_named_where_it_is(one: dict[str, Any]) -> None:
    """In an answer it is an error that says what to do; it never becomes another, readable answer."""
    problem = first_error(one["text"], vocabulary(one["in"]))
    assert problem is not None
    assert (problem.line, problem.column) == (one.get("line", 1), one["column"])
    assert one["message"] in problem.message
    assert one.get("hint", "") in problem.hint
    assert problem.hint or not one.get("hinted", True)
    assert problem.text == one["text"]
    assert "^" in problem.caret().splitlines()[-1]


def first_error(text: str, known: Vocabulary) -> ReadError | None:
    """The first thing in an answer that could not be read; where nothing was, what the reader of one formula says."""
    try:
        answer = read_answer(text, known)
        if not answer.errors and not answer.statements:
            read_formula(text, known)
    except ReadError as problem:
        return problem
    return answer.errors[0] if answer.errors else None


@pytest.mark.parametrize("one", SLIPS, ids=[f"{one['in']}: {one['text']}" for one in SLIPS])
def test_a_slip_is_no_formula(one: dict[str, Any]) -> None:
    with pytest.raises(ReadError):
        read_formula(one["text"], vocabulary(one["in"]))


def test_tables_are_as_large_as_promised() -> None:
    assert len(SPELLINGS) >= 150
    assert len({one["name"] for one in CLASSES}) == len(CLASSES)
    assert len({slip["kind"] for slip in SLIPS}) >= 10
