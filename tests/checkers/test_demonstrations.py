"""Every demonstration runs, shows finite numbers, and shows what its caption says."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from checkers.assignment import load_assignment, parse_assignment
from checkers.bench import Bench
from checkers.demonstrations import DEMONSTRATIONS, Shown
from checkers.errors import AuthorError
from notation.tree import Num

EXAM = load_assignment("eece571t-a2")
NAMES = sorted({name for q in EXAM.questions if (name := getattr(q.spec, "demonstration", ""))})


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Shown]:
    bench = Bench(EXAM, tmp_path_factory.mktemp("cache"))
    return {name: DEMONSTRATIONS[name](bench, None) for name in NAMES}


@pytest.mark.parametrize("name", NAMES)
def test_it_shows_something(shown: dict[str, Shown], name: str) -> None:
    assert shown[name].plots or shown[name].tables
    for plot in shown[name].plots:
        assert plot.caption
        assert all(math.isfinite(v) for s in plot.series for v in (*s.x, *s.y))
    for table in shown[name].tables:
        assert all(len(row) == len(table.head) for row in table.rows)


def test_pooled_features_move_less(shown: dict[str, Shown]) -> None:
    alone, two, four = shown["pooling"].plots[0].series
    assert alone.y[0] == two.y[0] == four.y[0] == 0.0
    assert all(a > b > c for a, b, c in zip(alone.y[1:], two.y[1:], four.y[1:], strict=True))


def test_shared_weights_do_not_grow(shown: dict[str, Shown]) -> None:
    full, shared = shown["weight sharing"].plots[0].series
    assert len(set(shared.y)) == 1
    assert all(b > a for a, b in zip(full.y, full.y[1:], strict=False))


def test_two_classes_are_a_sigmoid(shown: dict[str, Shown]) -> None:
    alone, pair, three = shown["sigmoid and softmax"].plots[0].series
    assert max(abs(a - b) for a, b in zip(alone.y, pair.y, strict=True)) < 1e-12
    assert all(b < a for a, b in zip(pair.y, three.y, strict=True))


def test_gradients_vanish_and_explode(shown: dict[str, Shown]) -> None:
    small, middling, large = (s.y for s in shown["vanishing gradient"].plots[0].series)
    assert small[0] < 1e-6 * small[-1]
    assert small[0] < middling[0] < large[0]
    assert large[0] > 1e3 * large[-1]


def test_open_gates_keep_the_gradient(shown: dict[str, Shown]) -> None:
    open_, ajar, half, rnn = (s.y for s in shown["gates"].plots[0].series)
    assert open_[0] > 0.3
    assert open_[0] > ajar[0] > half[0] > rnn[0]


def test_cells_are_in_the_ratio_four_to_three(shown: dict[str, Shown]) -> None:
    (table,) = shown["cells compared"].tables
    counts = {
        row[0].value: [c.value for c in row[1:3] if isinstance(c, Num)] for row in table.rows if isinstance(row[0], Num)
    }
    assert counts[32] == [7936, 5952]
    assert all(3 * lstm == 4 * gru for lstm, gru in counts.values())
    assert all(row[-1] == "yes" for row in table.rows)


def test_an_unknown_demonstration_has_a_line(tmp_path: Path) -> None:
    text = "---\ntitle: t\n---\n\n## 1 (1 mark)\n\n```answer\nkind: prose\nwords: w\nrubric: [r]\ndemonstration: pooled\n```\n"
    with pytest.raises(AuthorError, match="did you mean 'pooling'") as caught:
        Bench(parse_assignment(text.encode(), Path("a.md")), tmp_path).solutions()
    assert caught.value.line == 11
