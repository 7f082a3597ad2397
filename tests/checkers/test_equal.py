"""Two bare formulas, from both sides: pairs that are equal must pass, and near misses must fail with a witness.

The pairs stand in `equal.yaml` beside this file.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from checkers.equal import equal

PAIRS: list[dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "equal.yaml").read_text(encoding="utf-8"))[
    "pairs"
]
BOTH_WAYS = [p for p in PAIRS if p["status"] in {"correct", "wrong"} and not p.get("one_way")]


def name(pair: dict[str, Any]) -> str:
    return f"{pair['answer']} | {pair['key']}"


@pytest.mark.parametrize("pair", PAIRS, ids=name)
def test_a_pair_is_judged_as_it_is(pair: dict[str, Any]) -> None:
    found = equal(pair["answer"], pair["key"], pair.get("shapes"), pair.get("assume"))
    assert found.status in {pair["status"], pair.get("or", pair["status"])}, found.message
    if found.status == "correct":
        assert found.evidence.startswith(("proved", "agreed on"))
        assert found.marks == 1
    else:
        assert found.marks == 0
        assert found.message


@pytest.mark.parametrize("pair", BOTH_WAYS, ids=name)
def test_equality_has_no_direction(pair: dict[str, Any]) -> None:
    """The answer and the key exchanged give the same verdict (both are defined at the same points)."""
    found = equal(pair["key"], pair["answer"], pair.get("shapes"), pair.get("assume"))
    assert found.status == pair["status"], found.message


@pytest.mark.parametrize("pair", [p for p in PAIRS if p["status"] == "wrong"], ids=name)
def test_a_wrong_answer_has_a_witness_or_two_shapes(pair: dict[str, Any]) -> None:
    found = equal(pair["answer"], pair["key"], pair.get("shapes"), pair.get("assume"))
    if not found.message.startswith("The shapes do not fit"):
        assert found.witness is not None
        assert found.witness.expected
        assert found.witness.yours


@pytest.mark.parametrize("pair", [p for p in PAIRS if p["status"] != "undecided"], ids=name)
def test_every_key_equals_itself(pair: dict[str, Any]) -> None:
    assert equal(pair["key"], pair["key"], pair.get("shapes"), pair.get("assume")).status == "correct"


def test_one_answer_does_not_change_how_the_next_is_read() -> None:
    first = equal("x + 1", "x + 1")
    equal("let x = 7, y = x", "7")
    equal("f(t) = 3", "3")
    assert equal("x + 1", "x + 1") == first


def test_the_verdict_is_the_same_every_time() -> None:
    pair = ("sigma(x)(1 - sigma(x))", "sigma(x)")
    assert equal(*pair) == equal(*pair)


def test_what_is_proved_says_so() -> None:
    assert equal("sigma(x)(1-sigma(x))", "e^{-x}/(1+e^{-x})^2").evidence.startswith("proved")
    assert equal("|x|", "|x| + 0").status == "correct"


def test_the_table_is_as_large_as_promised() -> None:
    assert len(PAIRS) >= 80
    assert len({name(p) + str(p.get("shapes")) + str(p.get("assume")) for p in PAIRS}) == len(PAIRS)
    assert sum(p["status"] == "wrong" for p in PAIRS) >= 40
    assert sum(p["status"] == "correct" for p in PAIRS) >= 40
