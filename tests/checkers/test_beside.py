"""What stands beside a right formula, and how arrays and names of an answer's own are read: both sides of each."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import pytest

from checkers.assignment import load_assignment
from checkers.bench import Bench

CASES = json.loads((Path(__file__).parent / "beside.json").read_text(encoding="utf-8"))


@cache
def bench(name: str) -> Bench:
    return Bench(load_assignment(name))


@pytest.mark.parametrize("case", CASES, ids=[c["why"] for c in CASES])
def test_judged(case: dict[str, str]) -> None:
    verdict = bench(case["assignment"]).check(case["question"], case["answer"])
    assert verdict.status == case["verdict"], verdict.message
