"""Index formulas: keys in every printed form are right, their neighbours are not, and it works for other arrays too."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from functools import cache

import pytest

from checkers.assignment import load_assignment, parse_assignment
from checkers.bench import Bench
from checkers.entrytext import read_entry_text
from notation.casewords import with_cases
from notation.latex import to_latex
from notation.plain import to_plain
from notation.tree import Cases, Compare, Expr, Num, Reduce, Ref, number, rebuild, walk

IDS = ["1.1c-i", "1.1c-ii", "1.1c-iii", "1.1c-iv"]


@cache
def bench() -> Bench:
    return Bench(load_assignment("nyu-hw2"))


def claim(question: str) -> Compare:
    found = bench().solution(question).answers[-1]
    assert isinstance(found, Compare)
    return found


@pytest.mark.parametrize("question", IDS)
@pytest.mark.parametrize("printed", [to_latex, to_plain])
def test_the_key_is_right_as_it_is_printed(question, printed):
    if printed is to_plain and question == "1.1c-iii":
        pytest.skip("cases on one line of plain text have no closing brace")
    assert bench().check(question, printed(claim(question))).status == "correct"


def changed_once(e: Expr, change) -> Iterator[Expr]:
    """All trees in which `change` was applied at one place."""
    yield from change(e)
    spots: list[Expr] = []
    rebuild(e, lambda c: spots.append(c) or c)
    for k, spot in enumerate(spots):
        for new in changed_once(spot, change):
            count = iter(range(len(spots)))
            yield rebuild(e, lambda c, new=new, k=k, count=count: new if next(count) == k else c)


def slips(e: Expr) -> Iterator[Expr]:
    """The slips that can be made at one node."""
    if isinstance(e, Num):
        yield replace(e, value=e.value + 1, text="")
        if e.value > 1:
            yield replace(e, value=e.value - Fraction(1), text="")
    if isinstance(e, Ref) and len(e.index) >= 2:
        for k in range(len(e.index) - 1):
            index = list(e.index)
            index[k], index[k + 1] = index[k + 1], index[k]
            yield replace(e, index=tuple(index))
    if isinstance(e, Reduce):
        yield e.body
        yield replace(e, operation="product")
    if isinstance(e, Cases):
        yield e.branches[0][0]


@pytest.mark.parametrize("question", IDS)
def test_no_neighbour_of_a_key_is_right(question):
    left, right = claim(question).sides
    tried = 0
    for mutant in changed_once(right, slips):
        swapped = {r.index for r in walk(mutant) if isinstance(r, Ref) and r.name == "x"}
        if swapped & {r.index[::-1] for r in walk(right) if isinstance(r, Ref) and r.name == "x"}:
            continue  # the order of x is left open
        text = to_latex(Compare((left, mutant), ("=",)))
        assert bench().check(question, text).status != "correct", text
        tried += 1
    assert tried >= 4


def test_slips_change_one_place():
    assert next(iter(changed_once(number(2), slips))) == number(3)


OTHER = r"""---
title: Other arrays
models:
  padded:
    sizes: {L: length, K: taps}
    inputs: {x: L}
    parameters: {w: K}
    computed: {y: L}
    forward: |
      y_r = \sum_{i=1}^{K} [1 \le r + i - 1 \le L] w_i x_{r+i-1}
  image:
    inputs: {x: 4 x 5, t: 3 x 3}
    parameters: {w: 2 x 3}
    computed: {y: 3 x 3}
    forward: |
      y_{r,q} = \sum_{i=1}^{2} \sum_{j=1}^{3} w_{i,j} x_{r+i-1,q+j-1}
      E = \sum_{r=1}^{3} \sum_{q=1}^{3} (y_{r,q} - t_{r,q})^2
    loss: E
---

## 1 (2 marks) Padding

```answer
kind: index formula
model: padded
entries of: y_r
```

## 2 (2 marks) Padding, derivative

```answer
kind: index formula
model: padded
entries of: dy_r/dx_n
```

## 3 (2 marks) Image, derivative by the input

```answer
kind: index formula
model: image
entries of: dy_{r,q}/dx_{n,m}
shape: asked
```

## 4 (2 marks) Image, gradient

```answer
kind: index formula
model: image
entries of: dE/dw_{i,j}
in terms of: [dE/dy]
```
"""


@pytest.fixture(scope="module")
def other(tmp_path_factory) -> Bench:
    return Bench(parse_assignment(OTHER.encode()), tmp_path_factory.mktemp("cache"))


def test_all_roads_agree_for_other_arrays(other):
    assert all(s.roads and s.trusted for s in other.solutions())


@pytest.mark.parametrize(
    ("question", "answer", "status"),
    [
        ("1", r"y_r = \sum_{i=1}^{K} w_i x_{r+i-1} where x_n = 0 for n > L", "correct"),
        ("1", r"y_r = \sum_{i=1}^{K} [r + i - 1 \le L] w_i x_{r+i-1}", "correct"),
        ("1", r"y_r = \sum_{i=1}^{\min(K, L-r+1)} w_i x_{r+i-1}", "correct"),
        ("1", r"y_r = \sum_{i=1}^{K} w_i x_{r+i-1}", "wrong"),
        ("1", r"y_r = \sum_{i=1}^{K} [r + i \le L] w_i x_{r+i-1}", "wrong"),
        ("2", r"dy_r/dx_n = w_{n-r+1} if 1 \le n-r+1 \le K, else 0", "correct"),
        ("2", r"dy_r/dx_n = w_{n-r+1} if 1 \le n-r+1 \le K", "partial"),
        ("2", r"dy_r/dx_n = w_{r-n+1} if 1 \le r-n+1 \le K, else 0", "wrong"),
        (
            "3",
            "3 x 3 x 4 x 5. dy_{r,q}/dx_{n,m} = w_{n-r+1,m-q+1} if 0 <= n-r <= 1 and 0 <= m-q <= 2, else 0",
            "correct",
        ),
        ("3", "9 x 20. dy_{r,q}/dx_{n,m} = Σ_{i=1}^2 Σ_{j=1}^3 w_{i,j} δ_{n,r+i-1} δ_{m,q+j-1}", "correct"),
        ("3", "dy_{r,q}/dx_{n,m} = w_{m-q+1,n-r+1} if 0 <= n-r <= 1 and 0 <= m-q <= 2, else 0", "wrong"),
        ("4", "dE/dw_{i,j} = Σ_{r=1}^3 Σ_{q=1}^3 dE/dy_{r,q} x_{r+i-1,q+j-1}", "correct"),
        ("4", "dE/dw_{i,j} = 2 Σ_{r=1}^3 Σ_{q=1}^3 (y_{r,q} - t_{r,q}) x_{r+i-1,q+j-1}", "correct"),
        ("4", "dE/dw_{i,j} = Σ_{r=1}^3 Σ_{q=1}^3 dE/dy_{r,q} x_{r+i,q+j}", "wrong"),
        ("4", "dE/dw_{i,j} = Σ_{r=1}^3 Σ_{q=1}^3 (y_{r,q} - t_{r,q}) x_{r+i-1,q+j-1}", "wrong"),
    ],
)
def test_other_arrays(other, question, answer, status):
    found = other.check(question, answer)
    assert found.status == status, found.message


@pytest.mark.parametrize(
    ("text", "shapes", "base", "ranges", "rest"),
    [
        (r"f \in \mathbb{R}^{3\times 5}", [(3, 5)], None, {}, False),
        ("a_r = b_r, r = 0, 1, 2 (0-based)", [], 0, {"r": (0, 2)}, False),
        ("a_r = b_r for 1 <= r <= 3", [], None, {"r": (1, 3)}, False),
        ("a_n = b_n for 1 <= n <= 3 and 0 otherwise", [], None, {}, True),
        (r"a = \sum_{i=1}^{3} b_i", [], None, {}, False),
        ("the output is a = sum_{k=1}^{5} b_k", [], None, {}, False),
    ],
)
def test_what_stands_beside_a_formula(text, shapes, base, ranges, rest):
    found = read_entry_text(text, {})
    assert (list(found.shapes), found.base, dict(found.ranges), found.rest_is_zero) == (shapes, base, ranges, rest)


@pytest.mark.parametrize(
    ("text", "branches"),
    [
        ("a if n = 1; b if n = 2; 0 otherwise", 3),
        ("a when n is between 1 and 3, else 1", 2),
        ("0 unless 1 <= n <= 3, in which case it is a", 2),
        ("a if n < 1 or n > 3", 2),
        ("a, where d = n - 1", 0),
    ],
)
def test_cases_in_words(text, branches):
    assert with_cases(text).text.count("&") == branches
