"""Every key of the bundled exam agrees on all its roads; one wrong sign in the forward equations does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from checkers.assignment import BUNDLED, load_assignment, parse_assignment
from checkers.bench import Bench

TEXT = (BUNDLED / "iitkgp-ct3.md").read_text(encoding="utf-8")
EXAM = load_assignment("iitkgp-ct3")
COMPUTED = [q.id for q in EXAM.questions if q.spec.kind not in {"labels", "prose"}]


@pytest.mark.parametrize("question", COMPUTED)
def test_every_key_has_roads_that_agree(bench: Bench, question: str) -> None:
    solution = bench.solution(question)
    assert solution.question == question
    assert solution.answers
    assert solution.roads
    assert [road.name for road in solution.roads if not road.agrees] == []
    assert all(road.error is None or road.error < 1e-10 for road in solution.roads)
    assert all(road.tried for road in solution.roads)


@pytest.mark.parametrize("question", ["4a", "4a-hT"])
def test_a_gradient_of_the_cell_has_all_three_roads(bench: Bench, question: str) -> None:
    names = [road.name for road in bench.solution(question).roads]
    assert names == ["derived (index form)", "autograd", "torch.nn.LSTM"]


SLIPS = [
    (r"C_t = f_t \odot C_{t-1} + i_t \odot \tilde C_t", r"C_t = f_t \odot C_{t-1} - i_t \odot \tilde C_t"),
    (r"f_t = \sigma(W_f [h_{t-1}, x_t] + b_f)", r"f_t = \sigma(W_f [h_{t-1}, x_t] - b_f)"),
    (r"h_t = o_t \odot \tanh(C_t)", r"h_t = -o_t \odot \tanh(C_t)"),
    (r"\tilde C_t = \tanh(W_C [h_{t-1}, x_t] + b_C)", r"\tilde C_t = \tanh(-W_C [h_{t-1}, x_t] + b_C)"),
    (r"i_t = \sigma(W_i [h_{t-1}, x_t] + b_i)", r"i_t = \sigma(-W_i [h_{t-1}, x_t] + b_i)"),
    (r"o_t = \sigma(W_o [h_{t-1}, x_t] + b_o)", r"o_t = 1 - \sigma(W_o [h_{t-1}, x_t] + b_o)"),
]


@pytest.mark.parametrize(("right", "wrong"), SLIPS, ids=[wrong for _, wrong in SLIPS])
def test_one_wrong_sign_makes_the_road_of_torch_fail(right: str, wrong: str, tmp_path: Path) -> None:
    assert TEXT.count(right) == 1
    broken = Bench(parse_assignment(TEXT.replace(right, wrong).encode(), tmp_path / "broken.md"), tmp_path)
    solution = broken.solution("4a")
    assert not solution.trusted
    assert solution.question == "4a"
    assert [road.name for road in solution.roads if not road.agrees] == ["torch.nn.LSTM"]
    (failed,) = (road for road in solution.roads if not road.agrees)
    assert failed.error is not None
    assert failed.error > 1e-4
