"""What is printed reads back: random trees over a small vocabulary, and everything that the tables read.

Compared up to the span and, for products with a number or of two matrices side by side, up to the way the product is
written: `2\\,3` would read as 23, so the printer chooses a dot there.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from derivations.model import ModelText, build
from notation.answer import read_formula
from notation.errors import ReadError
from notation.latex import to_latex
from notation.tree import (
    Add,
    Call,
    Cases,
    Compare,
    Component,
    Concat,
    Div,
    Expr,
    Identity,
    Indicator,
    Mul,
    Neg,
    Num,
    Ones,
    Partial,
    Pow,
    Reduce,
    Ref,
    Transpose,
    Vector,
    children,
    number,
    rebuild,
)
from notation.vocabulary import Vocabulary

HERE = Path(__file__).parent
TABLE = yaml.safe_load((HERE / "readings.yaml").read_text(encoding="utf-8"))

MODEL = ModelText(
    name="small",
    sizes={"n": "state", "d": "input", "K": "classes", "T": "steps"},
    sequence="t = 1..T",
    inputs={"x_t": "d", "h_0": "n", "C_0": "n", "y": "K"},
    parameters={"W": "n x n", "U": "n x d", "W_f": "n x (n+d)", "V": "K x n", "b": "n", "w": "n", "a": "1", "q": "1"},
    forward=r"""
        f_t = \sigma(W_f [h_{t-1}, x_t] + b)
        \tilde C_t = \tanh(W h_{t-1} + U x_t)
        C_t = f_t \odot C_{t-1} + \tilde C_t
        h_t = \tanh(C_t)
        \hat y = \mathrm{softmax}(V h_T)
        L = -\sum_k y_k \log \hat y_k
    """,
    loss="L",
)
VOCABULARY: Vocabulary = build(MODEL).vocabulary

t, ONE = Ref("t"), number(1)
steps = st.sampled_from([t, Add((t, ONE)), Add((t, Neg(ONE))), Ref("T"), ONE, number(2)])
letters = st.sampled_from([Ref("i"), Ref("j"), Ref("p"), number(1), number(3)])
sequences = ["h", "C", "f", "x", "\\tilde C"]
plain = ["W", "U", "W_f", "V", "b", "w", "a", "q", "y", "\\hat y"]
quantities = st.one_of(
    st.builds(lambda name, at: Ref(name, (at,)), st.sampled_from(sequences), steps),
    st.sampled_from(plain).map(Ref),
    st.builds(lambda name, at, i: Ref(name, (at,), (i,)), st.sampled_from(sequences), steps, letters),
    st.builds(lambda name, i, j: Ref(name, (), (i, j)), st.sampled_from(["W", "U", "V", "W_f"]), letters, letters),
    st.builds(lambda name, i: Ref(name, (), (i,)), st.sampled_from(["b", "w", "y", "\\hat y"]), letters),
)
numbers = st.one_of(
    st.integers(0, 999).map(number),
    st.decimals(0, 99, places=2, allow_nan=False, allow_infinity=False).map(lambda v: number(f"{v:.2f}")),
)
adjoints = st.builds(
    lambda name, at, kind: Partial(Ref("L"), Ref(name, (at,)), kind),
    st.sampled_from(["h", "C", "f", "\\tilde C"]),
    steps,
    st.sampled_from(["total", "total", "direct"]),
)
gradients = st.sampled_from(["W", "b", "W_f", "V"]).map(lambda name: Partial(Ref("L"), Ref(name)))
jacobians = st.builds(lambda a, b: Partial(Ref("h", (a,)), Ref("C", (b,))), steps, steps)
leaves = st.one_of(
    quantities, quantities, numbers, adjoints, gradients, jacobians, st.sampled_from([Ones(), Identity()])
)
conditions = st.one_of(
    st.builds(
        lambda a, r, b: Compare((a, b), (r,)), letters, st.sampled_from(["=", "<", "<=", ">", ">=", "!="]), letters
    ),
    st.builds(
        lambda a, b: Compare((number(1), a, b), ("<=", "<=")), st.just(Ref("i")), st.sampled_from([Ref("n"), number(3)])
    ),
)
bounds = st.sampled_from(
    [(ONE, Ref("T")), (Add((t, ONE)), Ref("T")), (ONE, Ref("n")), (number(0), Add((Ref("n"), Neg(ONE)))), (None, None)]
)
functions = st.sampled_from(
    ["tanh", "sigmoid", "exp", "log", "softmax", "diag", "relu", "floor", "ceil", "sqrt", "abs", "norm"]
)


def grown(inner: st.SearchStrategy[Expr]) -> st.SearchStrategy[Expr]:
    """One more node on top of trees from `inner`."""
    kinds = st.sampled_from(["juxtaposed", "star", "dot", "elementwise", "outer"])
    terms = st.one_of(inner, inner.filter(lambda e: not isinstance(e, Neg)).map(Neg))
    blocks = st.one_of(quantities.filter(lambda r: not r.index), adjoints)
    return st.one_of(
        st.builds(lambda *ts: Add(tuple(ts)), terms, terms),
        st.builds(lambda *ts: Add(tuple(ts)), terms, terms, terms),
        inner.map(Neg),
        st.builds(Mul, inner, inner, kinds),
        st.builds(Mul, inner, inner, kinds),
        st.builds(Div, inner, inner),
        st.builds(
            Pow,
            inner,
            st.sampled_from([number(2), number(3), Neg(ONE), Div(ONE, number(2)), Ref("n"), Add((Ref("n"), ONE))]),
        ),
        inner.map(Transpose),
        st.builds(lambda f, x: Call(f, (x,)), functions, inner),
        st.builds(lambda f, x: Call(f, (x,), 1), st.sampled_from(["tanh", "sigmoid", "relu", "softmax"]), inner),
        st.builds(lambda a, b: Call("max", (a, b)), inner, inner),
        st.builds(
            lambda op, v, range_, body: Reduce(op, v, *range_, None, body),
            st.sampled_from(["sum", "sum", "product"]),
            st.sampled_from(["s", "k", "j"]),
            bounds,
            inner,
        ),
        st.builds(lambda *bs: Concat(tuple(bs)), blocks, blocks),
        st.builds(lambda x, i: Component(x, (i,)), inner.filter(lambda e: not isinstance(e, (Ref, Num))), letters),
        conditions.map(Indicator),
        st.builds(lambda a, c, b: Cases(((a, c), (b, None))), inner, conditions, inner),
        st.lists(numbers, min_size=2, max_size=4).map(lambda vs: Vector(tuple(vs))),
    )


trees = st.recursive(leaves, grown, max_leaves=7)


def touches_number(e: Expr) -> bool:
    """Whether a factor shows a number at an edge, where a product sign must separate it."""
    return isinstance(e, Num) or (
        isinstance(e, (Mul, Pow, Transpose, Add, Neg, Div)) and any(touches_number(c) for c in children(e))
    )


def spelled(e: Expr) -> Expr:
    """The tree with the kinds of number products made alike, and numbers compared by value."""
    e = rebuild(e, spelled)
    if isinstance(e, Mul):
        if e.kind == "matrix" or (
            e.kind in {"juxtaposed", "dot"} and (touches_number(e.left) or touches_number(e.right))
        ):
            return replace(e, kind="juxtaposed")
    if isinstance(e, Num) and e.value.denominator != 1:
        return Num(Fraction(e.value))
    return e


@given(trees)
@settings(max_examples=1200, deadline=None, derandomize=True)
def test_a_random_tree_prints_and_reads_back(tree: Expr) -> None:
    latex = to_latex(tree)
    assert spelled(read_formula(latex, VOCABULARY)) == spelled(tree), latex


@given(trees)
@settings(max_examples=300, deadline=None, derandomize=True)
def test_printing_settles_at_once(tree: Expr) -> None:
    """What was read from print prints the same."""
    latex = to_latex(tree)
    assert to_latex(read_formula(latex, VOCABULARY)) == latex


@given(trees)
@settings(max_examples=300, deadline=None, derandomize=True)
def test_a_relation_prints_and_reads_back(tree: Expr) -> None:
    claim = Compare((Partial(Ref("L"), Ref("C", (t,))), tree), ("=",))
    latex = to_latex(claim)
    assert spelled(read_formula(latex, VOCABULARY)) == spelled(claim), latex


OPEN = sorted({text for one in TABLE["classes"] if one["in"] == "open" for text in one["spellings"]})


@pytest.mark.parametrize("text", OPEN)
def test_what_was_read_without_declarations_reads_back(text: str) -> None:
    known = Vocabulary(open=True)
    tree = read_formula(text, known)
    assert spelled(read_formula(to_latex(tree), known)) == spelled(tree)


ALPHABET = st.sampled_from(
    r"h_t C_{t+1} x _ ^ { } ( ) [ ] + - * / = \frac \partial L 1 2 . , \odot \sum_{k=1}^{K} \tanh ' \left( \right) T W^\top $ & \\ | ± … σ ² ₜ".split(
        " "
    )
)


@given(st.lists(ALPHABET, max_size=14).map(" ".join))
@settings(max_examples=800, deadline=None, derandomize=True)
def test_any_text_is_read_or_refused_with_a_place(text: str) -> None:
    """No text, however mixed up, ends in another error than `ReadError`, and that error points into the text."""
    problem = refusal(text, VOCABULARY)
    if problem is not None:
        assert 0 <= problem.span[0] <= len(text)
        assert problem.message
        assert problem.caret()


@given(st.text(max_size=40))
@settings(max_examples=500, deadline=None, derandomize=True)
def test_any_characters_are_read_or_refused(text: str) -> None:
    problem = refusal(text, Vocabulary(open=True))
    assert problem is None or 0 <= problem.span[0] <= len(text)


def refusal(text: str, known: Vocabulary) -> ReadError | None:
    """What the reader says about a text that it does not read."""
    try:
        read_formula(text, known)
    except ReadError as problem:
        return problem
    return None
