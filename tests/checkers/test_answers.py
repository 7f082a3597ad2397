"""Labelled answers, written and checked by people who had not seen the reader: every row is judged as it says.

Each file `ASSIGNMENT-BATCH.jsonl` has rows with question, answer, label (right, wrong, manual) and why. A row that is not
judged as labelled carries `verdict`, what is said instead, and `reason`; none of them may be a wrong answer called correct.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from checkers.assignment import load_assignment
from checkers.bench import Bench

FOLDER = Path(__file__).parent / "answers"
EXPECTED = {"right": "correct", "wrong": "wrong", "manual": "manual", "partial": "partial", "unreadable": "unreadable"}
# Of every batch, at least this share is judged as labelled, and at most that share of the rows is unreadable.
AS_LABELLED, UNREADABLE = 0.95, 0.05


def rows() -> list[tuple[str, dict[str, Any]]]:
    out = []
    for path in sorted(FOLDER.glob("*.jsonl")):
        lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
        out.extend((path.stem, row) for row in lines)
    return out


ROWS = rows()


@cache
def bench(name: str) -> Bench:
    return Bench(load_assignment(name))


@pytest.mark.parametrize(("batch", "row"), ROWS, ids=[f"{b}-{r['id']}" for b, r in ROWS])
def test_judged_as_labelled(batch: str, row: dict[str, Any]) -> None:
    verdict = bench(batch.rpartition("-")[0]).check(row["question"], row["answer"])
    assert verdict.status == row.get("verdict", EXPECTED[row["label"]]), verdict.message
    assert not (verdict.status == "correct" and row["label"] != "right")


@pytest.mark.parametrize("batch", sorted({b for b, _ in ROWS}))
def test_batch_as_a_whole(batch: str) -> None:
    mine = [r for b, r in ROWS if b == batch]
    assert len(mine) >= 25
    other = [r for r in mine if "verdict" in r]
    assert all(r.get("reason") for r in other)
    assert len(other) <= (1 - AS_LABELLED) * len(mine)
    assert sum(r["verdict"] == "unreadable" for r in other) <= UNREADABLE * len(mine)
