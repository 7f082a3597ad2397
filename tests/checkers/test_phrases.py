"""The language of phrases, and designs stated in words."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from checkers.assignment import load_assignment, parse_assignment
from checkers.bench import Bench
from checkers.errors import AuthorError
from checkers.labelled import pieces
from checkers.phrases import PhraseError, account, pattern, words

SYNONYMS = {"word": ["word", "token", "time? step"], "each": ["each", "corresponding"]}


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("There are n outputs, one for each word.", "n output 1 each word"),
        ("\\text{one-hot} vectors", "1 hot vector"),
        ("$n$ classes: 0, ..., 4", "n class 0 to 4"),
        ("0–4", "0 to 4"),
        ("persons / organisations", "person organization"),
        ("the categories", "category"),
        ("no", "no"),
        ("not only", "not only"),
        ("n - 1", "n - 1"),
        ("n outputs - one per word", "n output 1 each word"),
    ],
)
def test_words(text, plain):
    assert " ".join(words(text)) == plain


@pytest.mark.parametrize(
    ("phrase", "text", "fits"),
    [
        ("1? output <each> <word>", "one output per token", True),
        ("1? output <each> <word>", "output for each time step", True),
        ("1? output <each> <word>", "one output", False),
        ("(no|none) change?", "none", True),
        ("(no|none) change?", "no change", True),
        ("(no|none) change?", "change", False),
        ("a|b", "", None),
        ("(a", "", None),
        ("<nobody>", "", None),
        ("(the|of) x", "", None),
    ],
)
def test_patterns(phrase, text, fits):
    if fits is None:
        with pytest.raises(PhraseError):
            pattern(phrase, SYNONYMS)
        return
    line = "".join(w + " " for w in words(text))
    assert (re.fullmatch(pattern(phrase, SYNONYMS), line) is not None) is fits


def test_synonyms_in_a_circle():
    with pytest.raises(PhraseError, match="one another"):
        pattern("<a>", {"a": ["<b>"], "b": ["<a>"]})


def test_long_texts_are_given_up():
    assert account(("x",) * 500, lambda ws: []) is None


LABELS = {"outputs": ["number of outputs"], "change": ["architecture change"]}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("outputs: n\nchange: no", [("outputs", "n"), ("change", "no")]),
        ("Number of outputs = n; architecture change = no", [("outputs", "n"), ("change", "no")]),
        ("(i) n (ii) no", [("outputs", "n"), ("change", "no")]),
        ("1. n\n2. no", [("outputs", "n"), ("change", "no")]),
        ("n outputs. No change.", [("", "n outputs"), ("", "No change")]),
        ("outputs: n\noutputs: m\nchange: no", [("", "outputs: n"), ("", "outputs: m"), ("", "change: no")]),
        ("", []),
    ],
)
def test_pieces(text, found):
    got = [(p.field, p.text.strip(" .;")) for p in pieces(text, LABELS)]
    assert [g for g in got if g[1]][-len(found) :] == found if found else not got


@pytest.fixture(scope="module")
def design() -> Bench:
    return Bench(load_assignment("iith-a4"))


FORM = "outputs: {0}\ndistribution: {1}\ninputs: {2}\nchange: {3}"
RIGHT = ("n", "4 classes", "one word per step", "no")
SLIPS = [("1", 0), ("n+1", 0), ("5 classes", 1), ("the vocabulary", 1), ("the previous output", 2), ("yes", 3)]


def test_marks_go_by_fields(design):
    assert design.check("T1a", FORM.format(*RIGHT)).marks == 2
    for slip, place in SLIPS:
        fields = [slip if k == place else v for k, v in enumerate(RIGHT)]
        verdict = design.check("T1a", FORM.format(*fields))
        assert (verdict.status, verdict.marks) == ("partial", 1.5), slip
    assert design.check("T1a", "outputs: 1").status == "wrong"


# Whatever is added to a right answer, it is never judged right without being understood.
ADDITIONS = [
    "maybe",
    "not",
    "or not",
    "unless it rains",
    "but I am not sure",
    "except the first",
    "never",
    "or 1",
    "<= n",
]


@pytest.mark.parametrize("place", range(4))
@pytest.mark.parametrize("addition", ADDITIONS)
def test_hedges_are_never_overlooked(design, place, addition):
    for text in (f"{addition} {RIGHT[place]}", f"{RIGHT[place]} {addition}", f"{RIGHT[place]}, {addition}"):
        fields = [text if k == place else v for k, v in enumerate(RIGHT)]
        assert design.check("T1a", FORM.format(*fields)).status == "manual", text


def test_words_in_another_order_are_not_understood(design):
    for question in ("T1a", "T1b", "T1c"):
        for text in (
            "output",
            "no yes",
            "n n n",
            "word word each",
            "(i)",
            "(i) (ii) (iii) (iv)",
            ": : :",
            "\\{",
            "|||",
        ):
            assert design.check(question, text).status in {"manual", "wrong", "partial"}


EXAM = """---
title: A design
---

## 1 (2 marks)

How many?

```answer
kind: choice
%s
```
"""


@pytest.mark.parametrize(
    ("block", "why"),
    [
        ('fields: {a: {answer: "n", right: ["<nobody> x"]}}', "no synonyms"),
        ('fields: {a: {answer: "n", right: ["x?"]}}', "left out"),
        ('fields: {a: {answer: "n", right: ["(x"]}}', "never closed"),
        ('fields: {}\nlike: "2"', "like"),
    ],
)
def test_an_authors_slip_names_its_line(block, why):
    bench = Bench(parse_assignment((EXAM % block).encode(), Path("exam.md")))
    with pytest.raises(AuthorError, match=why) as caught:
        bench.solution("1")
    assert caught.value.line is not None


def test_a_model_answer_that_is_not_read_as_right_is_told():
    block = 'fields: {a: {answer: "m", right: [{number: n}]}}'
    bench = Bench(parse_assignment((EXAM % block).encode(), Path("exam.md")))
    assert not bench.solution("1").trusted
