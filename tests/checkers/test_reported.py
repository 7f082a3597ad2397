"""Numbers that a report gives a name."""

from __future__ import annotations

import pytest

from checkers.reported import reported
from checkers.tally import Model, first_slip

ACCURACY = [
    ("test accuracy: 97.8 %", [97.8]),
    ("97.8% test accuracy, 8714 parameters", [97.8]),
    ("Accuracy of 0.978 on the test set", [0.978]),
    ("train accuracy 99%, test accuracy 97%", [97]),
    ("LSTM-32: accuracy 97.6%, LSTM-64: accuracy 98.4%", [97.6, 98.4]),
    ("Test accuracy of the model on the 10000 test images: 97.86 %", [97.86]),
    ("accuracy for 32 units is 97.1", [97.1]),
    ("test accuracy > 95%", []),
    ("The accuracy is good.", []),
    (r"accuracy $= 97.8\%$", [97.8]),
    ("test accuracy: GRU-32 97.0%, GRU-64 11.0%", [97.0, 11.0]),
    ("Test accuracies 0.971 for GRU 32 and 0.85 for GRU 64", [0.971, 0.85]),
    ("test accuracy 98.0 %; 27,594 parameters; 95 s", [98.0]),
]
PARAMETERS = [
    ("10,698 parameters", [10698]),
    ("Parameters: 21,386.", [21386]),
    ("number of parameters is 27594", [27594]),
    ("10.7k params", [10700]),
    ("32 units: 10,698 parameters; 64 units: 28,874 parameters", [10698, 28874]),
    ("4(28n + n^2 + 2n) + 714 parameters", []),
    ("10 698 trainable parameters", [10698]),
    ("Parameters (row of 28, FC 64): GRU-32: 8,714, GRU-64: 22,858.", [8714, 22858]),
    ("GRU-32 has 8,714 parameters, accuracy 97 %, GRU-64 has 22,666 and 98 %", [8714, 22666]),
    ("parameters of LSTM-32: 7,936 + 2,112 + 650 = 10,698", [10698]),
    ("params 10698 / 28874", [10698, 28874]),
]


@pytest.mark.parametrize(("text", "values"), ACCURACY)
def test_accuracies(text: str, values: list[float]) -> None:
    assert [r.value for r in reported(text, "accura", without=("train",))] == values


@pytest.mark.parametrize(("text", "values"), PARAMETERS)
def test_parameters(text: str, values: list[float]) -> None:
    assert [r.value for r in reported(text, "param")] == values


LSTM = Model("LSTM with 32 units", 10698, frozenset({1984, 7936, 2112, 650, 2762, 10698}), 32)
LARGER = Model("LSTM with 64 units", 28874, frozenset({24064, 4160, 650, 4810, 28874}), 64)
ACCOUNTED = [
    ("parameters: 4(32·28 + 32·32 + 2·32) = 7936, + 2112 + 650 = 10,698", None),
    ("parameters: 7936 (LSTM) + 2112 (FC) + 650 (out) = 10698", None),
    ("parameters 10698 (32) and 28874 (64), 18176 more, 150 s, batch size 256", None),
    ("params: 3(32·28 + 32·32 + 2·32) + 2762 = 5952 + 2762 = 8714", 8714),
    ("parameters: 4(32·28 + 32·32 + 2·32) = 7963", 7963),
    ("parameters, 32 units: 28874", 28874),
    ("parameters: cell 7936, head 2762, total 10968", 10968),
    ("parameters: total 7936", 7936),
    ("GRU: 8714 parameters", None),
]


@pytest.mark.parametrize(("text", "value"), ACCOUNTED)
def test_first_wrong_count(text: str, value: int | None) -> None:
    slip = first_slip(text, [LSTM, LARGER])
    assert (slip.value if slip is not None else None) == value
