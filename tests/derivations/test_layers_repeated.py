"""Lines that stand for several layers, the standard modules beside them, and the parameters of both."""

from __future__ import annotations

from pathlib import Path

import pytest

from checkers.assignment import load_assignment, parse_assignment
from checkers.bench import Bench
from checkers.errors import AuthorError
from checkers.roads import standard_layers, standard_road
from derivations.counting import parameter_count
from reference_impl.standard import standard_parameters

RNN = r"""---
title: Stacked RNN
models:
  rnn:
    sizes: {n: state, d: input, T: steps}
    sequence: t = 1..T
    repeat: {l: 1..2}
    inputs: {x_t: d, "h^{(l)}_0": n}
    parameters:
      W^{(l)}: n x n
      W^{(1)}: n x d
      U^{(l)}: n x n
      b^{(l)}: n
      c^{(l)}: n
    forward: |
      h^{(0)}_t = x_t
      h^{(l)}_t = \tanh(W^{(l)} h^{(l-1)}_t + b^{(l)} + U^{(l)} h^{(l)}_{t-1} + c^{(l)})
      L = \sum_k h^{(2)}_{T,k}
    loss: L
    standard:
      module: RNN
      input: x_t
      states: ["h^{(l)}_t"]
      gates: {hidden: ["W^{(l)}", "U^{(l)}", "b^{(l)}", "c^{(l)}"]}
---

## 1 (1 mark)

```answer
kind: gradient
model: rnn
gradient of: L
with respect to: h^{(1)}_t
in terms of: ["dL/dh^{(1)}_{t+1}", "dL/dh^{(2)}_t"]
```
"""


@pytest.fixture(scope="module")
def stacked(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return Bench(parse_assignment(RNN.encode(), Path("rnn.md")), tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="module")
def classifiers(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return Bench(load_assignment("eece571t-a2"), tmp_path_factory.mktemp("cache"))


def test_lines_are_repeated_for_every_layer(stacked: Bench) -> None:
    model = stacked.model("rnn")
    assert [e.left.name for e in model.equations] == ["h^{(0)}", "h^{(1)}", "h^{(2)}", "L"]
    assert model.shape("W^{(1)}") != model.shape("W^{(2)}")
    (road,) = standard_road(stacked, "rnn")
    assert road.agrees
    assert road.error is not None


def test_the_calculus_goes_through_layers(stacked: Bench) -> None:
    solution = stacked.solution("1")
    assert len(solution.roads) >= 2
    assert solution.trusted


# (model, units) -> parameters by the formulas of torch's documentation, written out here once more
def by_hand(gates: int, layers: int, n: int) -> int:
    first = gates * (28 * n + n * n + 2 * n)
    above = gates * (2 * n * n + 2 * n)
    return first + (layers - 1) * above + 64 * n + 64 + 640 + 10


@pytest.mark.parametrize(
    ("model", "gates", "layers", "units"),
    [
        ("lstm", 4, 1, 32), ("lstm", 4, 1, 64), ("gru", 3, 1, 32), ("gru", 3, 1, 64),
        ("stacked_lstm", 4, 3, 32), ("stacked_gru", 3, 3, 32),
    ],
)  # fmt: skip
def test_classifiers_are_counted(classifiers: Bench, model: str, gates: int, layers: int, units: int) -> None:
    from derivations.terms import index_symbol

    sizes = {"n": units, "d": 28, "F": 64, "K": 10}
    polynomial = parameter_count(classifiers.model(model))
    counted = int(polynomial.subs({index_symbol(k): v for k, v in sizes.items()}))
    known = standard_parameters(classifiers.model(model), standard_layers(classifiers.assignment, model), sizes)
    assert counted == known == by_hand(gates, layers, units)


BAD = [
    ("repeat: {l: 1..2}", "repeat: {l: many}", "no range of layers"),
    ("module: RNN", "like: lstm", "no standard module"),
    ("module: RNN", "module: GRU", "the weights of the reset, update, candidate gate are not given"),
]


@pytest.mark.parametrize(("old", "new", "message"), BAD)
def test_mistakes_have_a_line(old: str, new: str, message: str, tmp_path: Path) -> None:
    bench = Bench(parse_assignment(RNN.replace(old, new).encode(), Path("rnn.md")), tmp_path)
    with pytest.raises(AuthorError) as caught:
        bench.solutions()
    assert message in str(caught.value)
    assert caught.value.line is not None
