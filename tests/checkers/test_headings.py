"""Which question a heading means, as a table."""

from __future__ import annotations

import pytest

from checkers.submissions.headings import Outline, QuestionIds

IDS = ["1a-i", "1a-ii", "1a-vi", "2", "4a", "4a-hT", "5-mult", "5-shape", "3.1ii", "T2a-W", "1c-C", "1c-c"]

NAMED = [
    ("4a", "4a"), ("4(a)", "4a"), ("(4a)", "4a"), ("4.a", "4a"), ("4 a", "4a"), ("4A", "4a"), ("Q4a", "4a"), ("4-a:", "4a"),
    ("Question 4(a)", "4a"), ("question 4a.", "4a"), ("Problem 4(a):", "4a"), ("Answer to 4a", "4a"), ("Ans. 4a", "4a"),
    ("1(a)(i)", "1a-i"), ("1a.i", "1a-i"), ("1ai", "1a-i"), ("1a i", "1a-i"), ("1(a)ii", "1a-ii"), ("1a-VI", "1a-vi"),
    ("4a-hT", "4a-hT"), ("4a h_T", "4a-hT"), ("4a.ht", "4a-hT"), ("5 mult", "5-mult"), ("5_shape", "5-shape"), ("5(mult)", "5-mult"),
    ("3.1ii", "3.1ii"), ("3.1 (ii)", "3.1ii"), ("2", "2"), ("2.", "2"), ("T2a-W", "T2a-W"), ("T2(a) W", "T2a-W"),
    ("1c-C", "1c-C"), ("1c-c", "1c-c"), ("1(c) C", "1c-C"),
    ("9z", None), ("4", None), ("4ab", None), ("44a", None), ("", None), ("4a is nice", None), ("4a-hS", None), ("4a(ii)", None), ("4(a).ii", None), ("hT", None),
]  # fmt: skip


@pytest.mark.parametrize(("text", "id"), NAMED)
def test_exact(text, id):
    assert QuestionIds(IDS).exact(text) == id


@pytest.mark.parametrize(
    ("text", "id", "rest"),
    [
        ("4a (5 marks): Gradient", "4a", "(5 marks): Gradient"),
        ("4a-hT (0 marks)", "4a-hT", "(0 marks)"),
        ("1a-i (1/2 mark): place of $f_t$", "1a-i", "(1/2 mark): place of $f_t$"),
        ("4a (5 marks) h at T", "4a", "(5 marks) h at T"),
        ("4a: hT", "4a", "hT"),
        ("4a.x = 1", "4a", "x = 1"),
        ("4a(5 marks)", "4a", "(5 marks)"),
        ("4a) x", "4a", "x"),
        ("Question 2: attention", "2", "attention"),
    ],
)
def test_leading(text, id, rest):
    found = QuestionIds(IDS).leading(text)
    assert (found.id, found.rest) == (id, rest)


@pytest.mark.parametrize(
    ("text", "hint"),
    [("4a-hS", "did you mean '4a-hT'?"), ("Question 5-mutl", "did you mean '5-mult'?"), ("zzz", "")],
)
def test_suggestion(text, hint):
    assert QuestionIds(IDS).suggestion(text) == hint


def test_nested_headings():
    outline = Outline(QuestionIds(IDS))
    steps = [(1, "Question 4", None), (2, "(a)", "4a"), (3, "hT", "4a-hT"), (1, "5: convolution", None), (2, "mult", "5-mult"),
             (2, "shape", "5-shape"), (1, "Q 1", None), (2, "a", None), (3, "(i)", "1a-i"), (3, "(ii)", "1a-ii"), (1, "(a)", None),
             (1, "4a", "4a"), (2, "2 terms", None), (2, "1. First", None), (2, "Question 2 at last", "2")]  # fmt: skip
    assert [outline.question(level, heading) for level, heading, _ in steps] == [id for _, _, id in steps]


@pytest.mark.parametrize(
    ("text", "looks"),
    [
        ("4z", True),
        ("Question 9", True),
        ("9(b)(iv)", True),
        ("Derivation", False),
        ("of params", False),
        ("2 terms cancel", False),
    ],
)
def test_looks_like_question(text, looks):
    assert QuestionIds(IDS).looks_like_question(text) is looks
