"""Answers that deny, hedge or misspell: never correct by what is left when words are dropped, never wrong by a typo."""

from __future__ import annotations

import pytest

from checkers.assignment import load_assignment
from checkers.bench import Bench

EXAM = load_assignment("iitkgp-ct3")
KEY = "dL/dh_t * o_t * (1 - tanh(c_t)^2) + dL/dc_{t+1} * f_{t+1}"

# What must not be taken for the answer: the statuses that are allowed instead.
DOUBTFUL = [
    ("4a", f"not {KEY}"),
    ("4a", f"{KEY} is wrong"),
    ("4a", f"It is not true that dL/dc_t = {KEY}"),
    ("4a", f"{KEY} * foo(c_t)"),
    ("4a", f"{KEY} foo"),
    ("4a", f"{KEY} + extra(c_t)"),
    ("4a", f"{KEY} + something"),
    ("4a", f"{KEY} + ..."),
    ("4a", f"{KEY} \\cdot"),
    ("4a", f"{KEY} - noise_t"),
    ("4a", f"dL/dc_t \\ne {KEY}"),
    ("4a", f"dL/dc_t < {KEY}"),
    ("4a", f"dL/dc_t = {KEY} = 0"),
    ("4a", f"{KEY}, c_t"),
    ("3c", "not 72"),
    ("3c", "71 or 72"),
    ("3c", "72 or 71"),
    ("3c", "> 72"),
    ("3c", "at least 72"),
    ("3c", "72 \\pm 1"),
    ("3c", "72 73"),
    ("3c", "7 2"),
    ("3c", "between 70 and 72"),
    ("3a", "3x5 or 5x3"),
    ("3a", "not 3x5"),
    ("2b", "not 0"),
    ("2b", "not none"),
    ("1b-i", "(0.7, 0.2, 0.05) or (0.7, 0.2, 0.5)"),
    ("1b-i", "not (0.7, 0.2, 0.05)"),
    ("5-shape", "not 199 x 199 x 3 and 199 x 199 x 10"),
]

# Slips of the hand: outside the language is unreadable, not wrong.
MISSPELT = [
    "dL/dc_t = dL/dh_t * o_t * (1 - tnah(c_t)^2) + dL/dc_{t+1} * f_{t+1}",
    "dL/dc_t = dL/dh_t * o_t * tnh(c_t)",
    "dL/dc_t = dL/dh_t * sigmod(c_t)",
    "dL/dc_t = dL/dh_t * q_t",
    "dL/dc_t = dL/dh_t * o_t * (1 - tanh(c_t)^2 + dL/dc_{t+1} * f_{t+1}",
    "dL/dc_t = dL/dh_t * o_t * + dL/dc_{t+1} * f_{t+1}",
]

# Notation that students use; each is the key.
UNUSUAL = [
    r"\frac{\partial L}{\partial {\bf c}_t} = \frac{\partial L}{\partial {\bf h}_t} \odot {\bf o}_t \odot (1-\tanh^2({\bf c}_t)) + \frac{\partial L}{\partial {\bf c}_{t+1}} \odot {\bf f}_{t+1}",
    r"\frac{\partial L}{\partial {c}_{t}} = \frac{\partial L}{\partial {h}_{t}} \odot {o}_{t} \odot (1-\tanh^2({c}_{t})) + \frac{\partial L}{\partial {c}_{t+1}} \odot {f}_{t+1}",
    "dL/dc_t = dL/dh_t . o_t . (1 - tanh^2(c_t)) + dL/dc_{t+1} . f_{t+1}",
    "dL/dh_t · o_t · (1 - tanh²(c_t)) + dL/dc_{t+1} · f_{t+1}",
    "dc_t = dh_t*o_t*(1-np.tanh(c_t)**2) + dc_next*f_next",
    "δc(t) = δh(t) o(t) (1 - tanh²(c(t))) + δc(t+1) f(t+1)",
    r"\bar c_t = \bar h_t o_t (1-\tanh^2 c_t) + \bar c_{t+1} f_{t+1}",
    "dL/dc_t = f_{t+1} dL/dc_{t+1} + diag(o_t) diag(1 - tanh^2(c_t)) dL/dh_t",
    r"\delta_t = \delta_{t+1} \odot f_{t+1} + \frac{\partial L}{\partial h_t} \odot o_t \odot \tanh'(c_t) \text{ where } \delta_t = \frac{\partial L}{\partial c_t}",
]


@pytest.mark.parametrize(("question", "text"), DOUBTFUL, ids=[f"{q}: {t.replace(KEY, 'KEY')}" for q, t in DOUBTFUL])
def test_a_doubtful_answer_is_not_correct(bench: Bench, question: str, text: str) -> None:
    found = bench.check(question, text)
    assert found.status != "correct"
    assert found.marks == 0


@pytest.mark.parametrize("text", MISSPELT)
def test_a_slip_of_the_hand_is_unreadable(bench: Bench, text: str) -> None:
    found = bench.check("4a", text)
    assert found.status == "unreadable"
    assert "^" in found.message


@pytest.mark.parametrize("text", UNUSUAL)
def test_unusual_notation_is_read(bench: Bench, text: str) -> None:
    assert bench.check("4a", text).status == "correct"
