"""Assignments that use the library, and architectures that are added by their equations alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from backprove.cli import run
from checkers.assignment import Assignment, load_assignment, parse_assignment
from checkers.bench import Bench
from checkers.errors import AuthorError
from checkers.library import library, with_library
from checkers.modelling import merged
from checkers.spec import ModelSpec

ADDED = sorted((Path(__file__).parents[1] / "derivations" / "added").glob("*.md"))

KIN = Path(__file__).parent / "kin"
ANSWERS = [json.loads(line) for line in (KIN / "answers.jsonl").read_text(encoding="utf-8").splitlines()]

TAGGER = r"""---
title: Tagger
models:
  tagger:
    extends: MODEL
    sizes: {K: classes}
    inputs: {y_t: "K, one-hot"}
    parameters: {V: K x n}
    forward: |
      p_t = \mathrm{softmax}(V h_t)
      L = -\sum_t \sum_k y_{t,k} \log p_{t,k}
    loss: L
---

## 1 (1 mark) Output weights

```answer
kind: gradient
model: tagger
gradient of: L
with respect to: V
```

## 2 (1 mark) State

```answer
kind: gradient
model: tagger
gradient of: L
with respect to: h_t
in terms of: ["dL/dSTATE_{t+1}", "dL/dh_{t+1}"]
```

## 3 (1 mark) Parameters of the unit

```answer
kind: count
model: UNIT
sizes: {n: 5, d: 4}
```
"""


def assignment(extended: str = "gru", unit: str = "lstm") -> Assignment:
    text = TAGGER.replace("MODEL", extended).replace("UNIT", unit)
    text = text.replace("STATE", "c" if extended == "lstm" else "h")
    return parse_assignment(text.encode(), Path("tagger.md"))


@pytest.mark.parametrize("extended", ["rnn_relu", "lstm", "gru_z_new", "gru_reset_before"])
def test_a_model_of_the_library_is_extended(extended: str, tmp_path: Path) -> None:
    bench = Bench(assignment(extended), tmp_path)
    solutions = bench.solutions()
    assert all(s.trusted for s in solutions)
    roads = {road.name for road in solutions[0].roads}
    standard = library()[extended].standard
    assert (f"torch.nn.{standard['module']}" in roads) if standard else not any("torch.nn" in r for r in roads)
    assert bench.check("1", r"\sum_{t=1}^T (p_t - y_t) h_t^\top").status == "correct"
    assert bench.check("1", r"\sum_{t=1}^T (y_t - p_t) h_t^\top").status == "wrong"
    assert bench.check("3", "4*(5*4 + 25 + 5)").status == "correct"


@pytest.mark.parametrize("path", ADDED, ids=lambda path: path.stem)
def test_an_architecture_is_added_by_its_equations_alone(path: Path, tmp_path: Path) -> None:
    """No Python for its gradient: every key is derived from the text and agrees with autograd."""
    solutions = Bench(load_assignment(path), tmp_path).solutions()
    for solution in solutions:
        assert solution.trusted
    assert all("autograd" in {road.name for road in s.roads} for s in solutions[:2])


@pytest.mark.parametrize(
    ("extended", "unit", "line", "message"),
    [
        ("gruu", "lstm", 5, "did you mean 'gru'"),
        ("gru", "ltsm", 38, "did you mean 'lstm'"),
        ("gru", "tager", 38, "did you mean 'tagger'"),
        ("tagger", "lstm", 5, "circle"),
    ],
)
def test_an_unknown_model_is_an_error_with_a_suggestion(extended: str, unit: str, line: int, message: str) -> None:
    with pytest.raises(AuthorError, match=message) as caught:
        assignment(extended, unit)
    assert caught.value.line == line


def test_the_models_of_an_assignment_come_first() -> None:
    own = {"lstm": ModelSpec(about="mine"), "deep": ModelSpec(extends="stacked_lstm")}
    found = with_library(own, ["gru_z_new"])
    assert found["lstm"].about == "mine"
    parent = found[found["deep"].extends or ""]
    assert parent.extends == "lstm (library)"
    assert found["lstm (library)"] == library()["lstm"]
    assert found["gru_z_new"].extends == "gru"
    assert list(found).index("gru") < list(found).index("gru_z_new")


def test_what_is_not_used_is_not_there() -> None:
    assert set(load_assignment("iitkgp-ct3").models).isdisjoint({"lstm", "gru"})
    assert set(assignment().models) == {"gru", "lstm", "tagger"}


def test_inherited_equations_are_all_there() -> None:
    text, origin = merged(assignment("gru_z_new"), "tagger")
    assert [line.partition("=")[0].strip() for line in text.forward.splitlines()] == [
        "r_t",
        "z_t",
        r"\tilde h_t",
        "h_t",
        "p_t",
        "L",
    ]
    assert r"h_t = (1 - z_t) \odot h_{t-1}" in text.forward
    assert origin(5)[0] == "tagger"


def test_the_models_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["list", "--models"]) == 0
    shown = capsys.readouterr().out
    assert all(f"{name} " in shown and spec.about in shown for name, spec in library().items())


@pytest.fixture(scope="module")
def kin(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return Bench(load_assignment(KIN / "kin.md"), tmp_path_factory.mktemp("cache"))


def test_every_key_about_a_model_of_the_library_is_trusted(kin: Bench) -> None:
    assert [s.question for s in kin.solutions() if not s.trusted] == []


@pytest.mark.parametrize("row", ANSWERS, ids=lambda row: f"{row['question']} {row['label']}: {row['answer'][:60]}")
def test_answers_about_models_of_the_library(kin: Bench, row: dict[str, str]) -> None:
    verdict = kin.check(row["question"], row["answer"])
    assert verdict.status == {"right": "correct", "wrong": "wrong"}[row["label"]], verdict.message
