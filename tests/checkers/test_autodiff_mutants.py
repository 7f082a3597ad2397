"""Every number in a right answer counts: changed, it is never judged correct."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from checkers.assignment import load_assignment
from checkers.bench import Bench

ROWS = [
    json.loads(line)
    for path in sorted((Path(__file__).parent / "answers").glob("eece571t-a2-*.jsonl"))
    for line in path.read_text(encoding="utf-8").splitlines()
]
# a session of Python, which states the point and prints numbers beside no name; differences beside a capital delta;
# a number in code whose change is smaller than the tolerance; a letter that no node is called by, within a path
UNJUDGED = {"ownb-004", "ownb-208", "eece-d-24", "eece-d-47"}
RIGHT = [
    r
    for r in ROWS
    if r["label"] == "right"
    and r["question"] in ("1iii", "1iv", "1iv-dv5", "1v", "1v-y1v2", "1v-y2v2")
    and r["id"] not in UNJUDGED
]
# a number that is a whole side or entry: what stands inside a product in names is not judged by itself
DECIMAL = re.compile(r"(?<=[=\[(,&|≈;])\s*-?\d+\.\d+(?=\s*(?:$|[,;\n\])|&\\=≈]|\.\s|\.$))", re.M)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return Bench(load_assignment("eece571t-a2"), tmp_path_factory.mktemp("cache"))


@pytest.mark.parametrize("row", RIGHT, ids=[r["id"] for r in RIGHT])
def test_a_changed_number_is_noticed(bench: Bench, row: dict[str, str]) -> None:
    answer = row["answer"]
    for match in list(DECIMAL.finditer(answer))[:12]:
        changed = f"{float(match[0]) * 1.06 + 0.05:.4g}"
        verdict = bench.check(row["question"], answer[: match.start()] + changed + answer[match.end() :])
        assert verdict.status != "correct", (match[0], changed)


def test_there_is_something_to_change() -> None:
    assert len(RIGHT) >= 60
    assert sum(len(DECIMAL.findall(r["answer"])) for r in RIGHT) >= 200
