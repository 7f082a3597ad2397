"""Numbers that a report gives a name."""

from __future__ import annotations

import pytest

from checkers.reported import reported

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
]
PARAMETERS = [
    ("10,698 parameters", [10698]),
    ("Parameters: 21,386.", [21386]),
    ("number of parameters is 27594", [27594]),
    ("10.7k params", [10700]),
    ("32 units: 10,698 parameters; 64 units: 28,874 parameters", [10698, 28874]),
    ("4(28n + n^2 + 2n) + 714 parameters", []),
    ("10 698 trainable parameters", [10698]),
]


@pytest.mark.parametrize(("text", "values"), ACCURACY)
def test_accuracies(text: str, values: list[float]) -> None:
    assert [r.value for r in reported(text, "accura", without=("train",))] == values


@pytest.mark.parametrize(("text", "values"), PARAMETERS)
def test_parameters(text: str, values: list[float]) -> None:
    assert [r.value for r in reported(text, "param")] == values
