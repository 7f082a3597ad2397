"""A small exam with made-up kinds of answers, so that the tests of loading and grading need no mathematics; and the
bundled one, ready to judge."""

from __future__ import annotations

from pathlib import Path

import pytest

from checkers.assignment import Assignment, load_assignment, parse_assignment
from checkers.bench import Bench
from checkers.spec import AnswerSpec


class NumberSpec(AnswerSpec):
    value: str
    tolerance: float = 0.0
    model: str | None = None


class WordsSpec(AnswerSpec):
    points: tuple[str, ...] = ()


FAKE_KINDS: dict[str, type[AnswerSpec]] = {"number": NumberSpec, "words": WordsSpec}

EXAM = r"""---
title: "Test of $f_t$"
course: A course
conventions: |
  Vectors are columns.
models:
  cell:
    about: a cell
    sizes: {n: state}
    inputs: {x_t: n}
    parameters:
      W_f: n x (n+1)
      b_f: 3
    forward: |
      f_t = \sigma(W_f x_t + b_f)
      h_t = \tanh(f_t)
  classifier:
    extends: cell
---

Read everything first.

## 1a-i (1/2 mark): place of $f_t$

Where is 100% of $f_t$?

```answer
kind: number
value: 7
```

## 4a (5 marks) Gradient of \# the cell

Express it -- "quoted" & so on.

```answer
kind: number
value: 0.70
tolerance: 5e-4
model: cell
```

After the block.

## 4a-hT (0 marks)

```answer
kind: number
value: x
```

## 5-mult (1 1/2 marks): count

Count
them.

```answer
kind: words
points: [one, two]
```
"""


@pytest.fixture(scope="session")
def exam_text() -> str:
    return EXAM


@pytest.fixture(scope="session")
def kinds() -> dict[str, type[AnswerSpec]]:
    return FAKE_KINDS


@pytest.fixture(scope="session")
def exam() -> Assignment:
    return parse_assignment(EXAM.encode(), Path("exam.md"), FAKE_KINDS)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """The bundled class test, with a cache of its own."""
    return Bench(load_assignment("iitkgp-ct3"), tmp_path_factory.mktemp("cache"))
