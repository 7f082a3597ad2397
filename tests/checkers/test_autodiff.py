"""Workings of automatic differentiation: any decomposition, line by line, with functions other than the bundled one."""

from __future__ import annotations

from pathlib import Path

import pytest

from checkers.assignment import load_assignment, parse_assignment
from checkers.bench import Bench
from checkers.digits import agrees
from checkers.errors import AuthorError
from checkers.tracing import Tracing
from checkers.working import read_working
from derivations.formulas import read_function
from notation.plain import plain_words
from notation.tree import Neg, number

EXAM = r"""---
title: Graphs
functions:
  g:
    outputs: |
      y_1 = x_1 x_2 \cos(x_3)
      y_2 = \tanh(x_1) + x_3 / x_2
    at: {x_1: 0.5, x_2: 2, x_3: 1.2}
  h:
    outputs: z = \ln(a b) + a^2
    at: {a: 2, b: 3}
---

## 1 (4 marks)

```answer
kind: autodiff
function: g
ask: jacobian
mode: reverse
```

## 2 (2 marks)

```answer
kind: autodiff
function: h
ask: jacobian
```

## 3 (1 mark)

```answer
kind: autodiff
function: h
ask: value
```

## 4 (1 mark)

```answer
kind: autodiff
function: h
ask: derivative
derivative of: z
by: a
```

## 5 (1 mark)

```answer
kind: autodiff
function: g
ask: graph
words: none
```
"""


@pytest.fixture(scope="module")
def graphs(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return Bench(parse_assignment(EXAM.encode(), Path("graphs.md")), tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return Bench(load_assignment("eece571t-a2"), tmp_path_factory.mktemp("cache"))


# J = (x2 cos x3, x1 cos x3, -x1 x2 sin x3; 1 - tanh(x1)^2, -x3/x2^2, 1/x2) at (0.5, 2, 1.2); h: (1/a + 2a, 1/b) at (2, 3)
ROWS = [
    ("1", "[[0.725, 0.181, -0.932], [0.786, -0.3, 0.5]]", "correct"),
    ("1", r"J = \begin{pmatrix} 2\cos 1.2 & .5\cos 1.2 & -\sin 1.2 \\ 1-\tanh^2(.5) & -.3 & .5 \end{pmatrix}", "correct"),
    ("1", "[[0.725, 0.181, 0.932], [0.786, -0.3, 0.5]]", "wrong"),
    ("1", "[[0.725, 0.786], [0.181, -0.3], [-0.932, 0.5]]", "wrong"),
    ("1", "∇y_1 = (0.725, 0.181, -0.932), ∇y_2 = (0.786, -0.30, 0.50)", "correct"),
    (
        "1",
        ("p = x_1 x_2\nq = cos(x_3)\ny_1 = p q\n∂y_1/∂p = q = 0.362, ∂y_1/∂q = 1, ∂y_1/∂x_3 = -0.932, ∂y_1/∂x_1 = 0.725, "
        "∂y_1/∂x_2 = 0.181\n∂y_2/∂x_1 = 0.786, ∂y_2/∂x_2 = -0.300, ∂y_2/∂x_3 = 0.500"),
        "correct",
    ),
    (
        "1",
        "p = x_1 x_2\nq = cos(x_3)\ny_1 = p q\n∂y_1/∂p = 0.5\nJ = [[0.725, 0.181, -0.932], [0.786, -0.3, 0.5]]",
        "partial",
    ),
    ("2", "dz/da = 4.5, dz/db = 0.333", "correct"),
    ("2", "J = (4.5, 1/3)", "correct"),
    ("2", "J = [4.5 0.333]", "correct"),
    ("2", "grad z = (9/2, 1/3)", "correct"),
    ("2", "J = (4.5, 1/6)", "wrong"),
    ("2", "dz/da = 1/a + 2a, dz/db = 1/b", "partial"),
    ("2", "p = a b = 6\nq = ln p = 1.792\nr = a^2 = 4\nz = q + r\ndp/da = 3, dq/da = 0.5, dr/da = 4, dz/da = 4.5, dz/db = 0.333", "correct"),
    ("2", "p = a b = 6\ndp/da = 2\ndz/da = 4.5\ndz/db = 0.333", "partial"),
    ("3", "ln 6 + 4 = 5.79", "correct"),
    ("3", "z = 5.792", "correct"),
    ("3", "z = log 6 + 2 = 3.79", "wrong"),
    ("4", "9/2", "correct"),
    ("4", "dz/da = 1/2 + 4 = 4.5", "correct"),
    ("4", "4.17", "wrong"),
    ("5", "see figure", "manual"),
]  # fmt: skip


@pytest.mark.parametrize(("question", "answer", "status"), ROWS)
def test_other_functions(graphs: Bench, question: str, answer: str, status: str) -> None:
    verdict = graphs.check(question, answer)
    assert verdict.status == status, verdict.message


def test_keys_agree_on_all_roads(graphs: Bench) -> None:
    for solution in graphs.solutions():
        assert solution.trusted
        assert solution.roads or solution.diagrams


def transcript(real: Bench, question: str) -> str:
    import json

    path = Path(__file__).parent / "answers" / "eece571t-a2-own.jsonl"
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return next(r["answer"] for r in rows if r["question"] == question and r["why"].startswith("a real student"))


def test_a_real_solution_forwards(real: Bench) -> None:
    verdict = real.check("1iv", transcript(real, "1iv"))
    assert verdict.status == "wrong"
    lines = [(v.verdict, v.text) for v in verdict.lines]
    assert len(lines) == 34
    first = next(text for status, text in lines if status == "first_error")
    assert first == r"\frac{\partial y_1}{\partial x_2} = \frac{\partial v_{13}}{\partial x_2} = 1"
    wrong = [text.partition(" = ")[0] for status, text in lines if status == "wrong"]
    assert r"\frac{\partial v_4}{\partial x_2}" in wrong  # 0 instead of v_1 = 2
    assert r"\frac{\partial v_5}{\partial x_2}" in wrong  # sigma/(1 - sigma)
    follows = [text.partition(" = ")[0] for status, text in lines if status == "follows"]
    assert r"\frac{\partial v_8}{\partial x_2}" in follows
    assert "∂y_1/∂x_2 is 2.898, not 2.70" in plain_words(verdict.message)


def test_a_real_solution_backwards(real: Bench) -> None:
    verdict = real.check("1v", transcript(real, "1v"))
    assert verdict.status == "wrong"
    named = {v.text.partition(" = ")[0].replace("&", "").strip(): v.verdict for v in verdict.lines}
    assert named[r"\frac{\partial y_1}{\partial v_9}"] == "wrong"  # without its factor v_1
    assert named[r"\frac{\partial y_1}{\partial v_6}"] == "follows"
    assert named[r"\frac{\partial y_2}{\partial v_2}"] == "wrong"
    assert sum(v.verdict == "first_error" for v in verdict.lines) == 1


def test_lines_are_in_the_record(real: Bench) -> None:
    data = real.check("1iv", "v_4' = 5 for x_1\nJ = [[0.1411, 2.898], [1, 2.197]]").to_dict()
    assert data["verdict"] == "partial"
    lines = data["lines"]
    assert isinstance(lines, list)
    assert [set(line) for line in lines] == [{"text", "verdict", "message"}] * 2
    assert [line["verdict"] for line in lines] == ["first_error", "right"]
    assert "lines" not in real.check("1iii", "(7.67, 2.73)").to_dict()


SLIPS = [
    ("J = [[0.0523, 26.76], [1, 2.197]]", "degrees"),
    ("J = [[0.1411, 2.898], [1, 4.718]]", "σ/(1 − σ)"),
    ("J = [[0.1411, 2.898], [1, 2.731]]", "not σ"),
    ("J = [[0.1411, 14.778], [1, 2.197]]", "left out"),
    ("J = [[0.1411, 1], [2.898, 2.197]]", "transpose"),
    ("J = [[0.1411, 10.818], [1, 2.197]]", "inner derivative"),
]


@pytest.mark.parametrize(("answer", "told"), SLIPS)
def test_slips_are_named(real: Bench, answer: str, told: str) -> None:
    verdict = real.check("1iv", answer)
    assert verdict.status == "wrong"
    assert told in (verdict.diagnosis or ""), verdict.diagnosis


def test_the_students_own_numbering_is_found() -> None:
    author = read_function("y = \\sin(x^2) x", {"x": 1.5}, "v_1 = x^2\nv_2 = \\sin(v_1)\ny = x v_2")
    same = Tracing(read_working("v_2 = sin(v_1) = 0.778", author, forwards=True), author, 5e-3)
    assert same.meaning.graphs[-1] is author
    assert [v.verdict for v in same.verdicts()] == ["right"]
    own = "v_1 = x = 1.5\nv_2 = v_1^2 = 2.25\nv_3 = sin(v_2) = 0.778\nv_4 = v_1 v_3 = 1.167\ny = v_4\ndv_3/dx = -1.885"
    other = Tracing(read_working(own, author, forwards=True), author, 5e-3)
    assert other.meaning.graphs[-1] is not author
    assert {v.verdict for v in other.verdicts()} == {"right"}
    slip = "v_1 = x^2 = 2.25\nv_2 = cos(v_1) = -0.628\ny = x v_2 = -0.942"
    wrong = Tracing(read_working(slip, author, forwards=True), author, 5e-3)
    assert [v.verdict for v in wrong.verdicts()][:2] == ["right", "first_error"]


@pytest.mark.parametrize(
    ("stated", "truth", "right"),
    [
        ("12.0", 11.98, True), ("11.98", 11.98, True), ("12", 11.98, True), ("11.9", 11.98, True), ("11.8", 11.98, False),
        ("0.14", 0.14112, True), ("0.1", 0.14112, False), ("0.15", 0.14112, False), ("7.38", 7.38906, True),
        ("-2.94", -2.96998, False), ("-2.97", -2.96998, True), ("0", 0.0, True), ("0.00", 0.001, True), ("1", 1.0, True),
        ("3", 2.898, False), ("1e-5", 1e-5, True),
    ],
)  # fmt: skip
def test_digits(stated: str, truth: float, right: bool) -> None:
    size = number(stated.lstrip("-"))
    assert agrees(Neg(size) if stated.startswith("-") else size, float(stated), truth) is right


BAD = [
    ("function: g\nask: jacobian", "function: q\nask: jacobian", "uses the function 'q'"),
    ("derivative of: z", "derivative of: q", "'q' is no node"),
    ("at: {a: 2, b: 3}", "at: {a: 2}", "b has no value here"),
    ("outputs: z = \\ln(a b) + a^2", "outputs: z = \\ln(a b) +", "ends too early"),
    ("ask: value", "ask: values", "ask"),
]


@pytest.mark.parametrize(("old", "new", "message"), BAD, ids=[b[2][:20] for b in BAD])
def test_authors_mistakes_have_a_line(old: str, new: str, message: str, tmp_path: Path) -> None:
    assert old in EXAM
    with pytest.raises(AuthorError) as caught:
        Bench(parse_assignment(EXAM.replace(old, new, 1).encode(), Path("graphs.md")), tmp_path).solutions()
    assert message in str(caught.value)
    assert caught.value.line is not None
