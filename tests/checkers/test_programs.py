"""Answers written as programs: right ones in several styles, and each with one slip, which must be wrong."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from checkers.assignment import load_assignment
from checkers.bench import Bench
from notation.programs import find_program

LINES = (Path(__file__).parent / "programs.jsonl").read_text(encoding="utf-8").splitlines()
ROWS: list[dict[str, Any]] = [json.loads(line) for line in LINES]
EXPECTED = {"right": "correct", "wrong": "wrong", "unreadable": "unreadable"}


@cache
def bench(name: str) -> Bench:
    return Bench(load_assignment(name))


@pytest.mark.parametrize("row", ROWS, ids=[f"{r['assignment']}-{r['id']}" for r in ROWS])
def test_judged_as_labelled(row: dict[str, Any]) -> None:
    verdict = bench(row["assignment"]).check(row["question"], row["answer"])
    assert verdict.status == EXPECTED[row["label"]], verdict.message


@pytest.mark.parametrize(
    "text",
    [
        "for t in range(1, T+1):\n    dWx += __import__('os').system('true')",
        "dWx = 0\nfor t in range(1, K+1):\n    dWx += (lambda: x[t])()",
        "dWx = 0\nfor t in range(1, K+1):\n    dWx += open('f').read()",
        "dWx = 0\nwhile True:\n    for t in range(1, K+1):\n        dWx += x[t]",
        "dWx = 0\nfor t in range(1, K+1):\n    dWx += x[t] if t > 1 else 0",
        "dWx = 0\nfor t in range(1, K+1, 2):\n    dWx += x[t]",
        "dWx = 0\nfor t in range(1, K+1):\n    dWx += " + "(" * 90 + "x[t]" + ")" * 90,
        "dWx = 0\nfor t in range(1, K+1):\n    dWx += " + "-" * 3000 + "x[t]",
        "dWx = 0\nfor t in range(1, K+1):\n    dWx += x[t]" + "+ x[t]" * 800,
    ],
)
def test_anything_else_is_no_answer(text: str) -> None:
    assert bench("nyu-hw2").check("1.2.1c", text).status in {"unreadable", "wrong"}


@pytest.mark.parametrize("text", ["dW = sum over t", "for t in [1, T] it holds that a = b", "s += for", ""])
def test_words_are_no_program(text: str) -> None:
    assert find_program(text) is None
