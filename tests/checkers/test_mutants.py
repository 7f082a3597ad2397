"""Every key of the bundled exam refutes its neighbours, and accepts itself in every printed form.

A mutant is made from the tree of the key by one small change: a term, factor, transpose or sum dropped, a sign flipped,
a time index shifted, a gate exchanged, a function exchanged for its derivative.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from typing import Any

import pytest

from checkers.assignment import load_assignment
from checkers.bench import Bench
from checkers.verdict import Verdict
from notation.latex import to_latex
from notation.plain import to_plain
from notation.statement import simplified
from notation.tree import (
    Add,
    Call,
    Compare,
    Expr,
    Mul,
    Neg,
    Num,
    Partial,
    Pow,
    Reduce,
    Ref,
    Transpose,
    add,
    number,
    walk,
)
from notation.vocabulary import Vocabulary

EXAM = load_assignment("iitkgp-ct3")
FORMULAS = ["4a", "4a-hT", "4b", "2a"]


@dataclass(frozen=True)
class Mutant:
    """One changed tree and what was changed."""

    change: str
    tree: Expr


def mutants(tree: Expr, known: Vocabulary) -> Iterator[Mutant]:
    """All trees that differ from `tree` by one change at one place."""
    seen = {tree}
    for change, other in _changed(tree, lambda e: _here(e, known)):
        if other not in seen:
            seen.add(other)
            yield Mutant(change, other)


def _changed(tree: Expr, change: Callable[[Expr], Iterator[tuple[str, Expr]]]) -> Iterator[tuple[str, Expr]]:
    """`change` applied at every node in turn, the rest left as it is."""
    yield from change(tree)
    for f in fields(tree):
        if f.name == "span":
            continue
        for words, value in _inside(getattr(tree, f.name), change):
            yield words, replace(tree, **{f.name: value})


def _inside(value: Any, change: Callable[[Expr], Iterator[tuple[str, Expr]]]) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Expr):
        yield from _changed(value, change)
    elif isinstance(value, tuple):
        for k, item in enumerate(value):
            for words, other in _inside(item, change):
                yield words, (*value[:k], other, *value[k + 1 :])


def _here(e: Expr, known: Vocabulary) -> Iterator[tuple[str, Expr]]:
    """The changes that begin at this node."""
    match e:
        case Add(terms):
            for k, term in enumerate(terms):
                yield f"drop the term {to_plain(term)}", add(*terms[:k], *terms[k + 1 :])
                flipped = term.body if isinstance(term, Neg) else Neg(term)
                yield f"flip the sign of {to_plain(term)}", Add((*terms[:k], flipped, *terms[k + 1 :]))
        case Mul(left, right, kind):
            yield f"drop the factor {to_plain(right)}", left
            yield f"drop the factor {to_plain(left)}", right
            if kind in {"juxtaposed", "matrix"}:
                yield "exchange the factors", Mul(right, left, kind)
        case Transpose(body):
            yield f"drop the transpose of {to_plain(body)}", body
        case Neg(body):
            yield "drop the minus", body
        case Pow(base, Num(value)):
            yield "drop the power", base
            yield "another power", Pow(base, number(value + 1))
        case Call(function, args, 0):
            if function in {"tanh", "sigmoid"}:
                yield f"{function} becomes its derivative", Call(function, args, 1)
                yield f"{function} is left out", args[0]
                yield "another function", Call("sigmoid" if function == "tanh" else "tanh", args)
        case Reduce(operation, variable, low, high, condition, body):
            yield "drop the sum", body
            if low is not None and high is not None:
                yield "begin one later", Reduce(operation, variable, add(low, number(1)), high, condition, body)
                yield "end one earlier", Reduce(operation, variable, low, add(high, Neg(number(1))), condition, body)
                yield "begin one earlier", Reduce(operation, variable, add(low, Neg(number(1))), high, condition, body)
        case Ref(name, at, index):
            for k, step in enumerate(at):
                for sign in (number(1), Neg(number(1))):
                    moved = simplified(add(step, sign))
                    yield f"shift {to_plain(e)} in time", Ref(name, (*at[:k], moved, *at[k + 1 :]), index)
            for other in siblings(name, known):
                yield f"{name} becomes {other}", Ref(other, at, index)


def siblings(name: str, known: Vocabulary) -> list[str]:
    """Other quantities of the same shape at the same steps: gates and states for one another."""
    mine = known.quantities.get(name)
    if mine is None or mine.role != "quantity" or mine.shape is None:
        return []
    return [
        n
        for n, q in known.quantities.items()
        if n != name and q.role == "quantity" and q.axes == mine.axes and q.shape == mine.shape
    ]


def key_of(bench: Bench, question: str) -> Compare:
    (claim,) = bench.solution(question).answers
    assert isinstance(claim, Compare)
    return claim


def model_of(question: str) -> str:
    return str(EXAM.question(question).spec.model)  # type: ignore[attr-defined]


# What an examiner foresaw is left to a person (2a: the decoder state of the same step asks).
FORESEEN = {"2a": {"s_k^\\top\\,h_j"}}
# Changes after which a formula has no value at any step: a letter that nothing binds, or a step before the first.
VOID = {
    "4b": {"drop the sum", "begin one earlier", "shift o_s in time"},
    "2a": {"drop the term k", "flip the sign of k"},
}
MUTANTS = {"4a": 60, "4a-hT": 25, "4b": 40, "2a": 20}


@pytest.mark.parametrize("question", FORMULAS)
def test_every_mutant_of_a_key_is_refuted(bench: Bench, question: str) -> None:
    claim = key_of(bench, question)
    known = bench.model(model_of(question)).vocabulary
    foreseen = FORESEEN.get(question, set())
    count, survivors = 0, []
    for mutant in mutants(claim.sides[-1], known):
        for text in forms(claim, mutant.tree):
            found = bench.check(question, text)
            count += 1
            void = mutant.change in VOID.get(question, set())
            if found.status not in (
                {"manual"} if to_latex(mutant.tree) in foreseen else {"wrong", "undecided"} if void else {"wrong"}
            ):
                survivors.append((mutant.change, text, found.status, found.evidence or found.message))
    assert survivors == []
    assert count >= MUTANTS[question]


def forms(claim: Compare, side: Expr) -> list[str]:
    """A right side as an answer: in LaTeX with its left side, and as plain text alone."""
    return [to_latex(Compare((claim.sides[0], side), ("=",))), to_plain(side)]


@pytest.mark.parametrize("question", ["4a", "4a-hT", "4b"])
def test_every_mutant_of_an_index_form_is_refuted(bench: Bench, question: str) -> None:
    (claim,) = bench.solution(question).index_form
    assert isinstance(claim, Compare)
    known = bench.model(model_of(question)).vocabulary
    accepted, count = [], 0
    for mutant in mutants(claim.sides[-1], known):
        if mutant.change == "exchange the factors":
            continue  # components are numbers, and these commute
        text = to_latex(Compare((claim.sides[0], mutant.tree), ("=",)))
        found = bench.check(question, text)
        count += 1
        if found.status in {"correct", "partial"}:
            accepted.append((mutant.change, text, found.evidence or found.message))
    assert accepted == []
    assert count >= 12


def test_a_refuted_mutant_has_a_witness(bench: Bench) -> None:
    claim = key_of(bench, "4a")
    known = bench.model("classifier").vocabulary
    for mutant in mutants(claim.sides[-1], known):
        found = bench.check("4a", forms(claim, mutant.tree)[0])
        if found.message.startswith("The formula is not equal"):
            assert found.witness is not None
            assert found.witness.difference is not None
            assert found.witness.difference > 1e-6
            assert found.witness.expected != found.witness.yours
            assert "seed" in found.witness.where


# -- the key itself --------------------------------------------------------------------------------------------------------


def printed(claim: Compare) -> list[str]:
    right = Compare((claim.sides[0], claim.sides[-1]), ("=",))
    return [
        to_latex(right), to_latex(right, exact=False), to_plain(right), to_latex(claim.sides[-1]), to_latex(claim.sides[-1], exact=False), to_plain(claim.sides[-1]),
        f"$${to_latex(right)}$$", f"The answer is ${to_latex(right)}$.", f"\\begin{{align}}{to_latex(claim.sides[0])} &= {to_latex(claim.sides[-1])}\\end{{align}}",
    ]  # fmt: skip


@pytest.mark.parametrize("question", FORMULAS)
def test_a_key_is_correct_in_every_printed_form(bench: Bench, question: str) -> None:
    for text in printed(key_of(bench, question)):
        found = bench.check(question, text)
        assert (found.status, text) == ("correct", text), found.message
        assert found.marks == found.out_of
        assert found.evidence


@pytest.mark.parametrize("question", FORMULAS)
def test_a_key_in_index_form_is_correct(bench: Bench, question: str) -> None:
    for claim in bench.solution(question).index_form:
        assert isinstance(claim, Compare)
        for text in (to_latex(claim), to_plain(claim)):
            found = bench.check(question, text)
            assert (found.status, text) == ("correct", text), found.message


@pytest.mark.parametrize("question", ["4a", "4a-hT", "2a"])
def test_a_key_is_proved_and_not_only_sampled(bench: Bench, question: str) -> None:
    found = bench.check(question, to_latex(key_of(bench, question)))
    assert found.evidence.startswith("proved equal")


@pytest.mark.parametrize("question", ["4a", "4a-hT", "4b"])
def test_the_left_side_alone_is_a_tautology(bench: Bench, question: str) -> None:
    claim = key_of(bench, question)
    left = claim.sides[0]
    for text in (
        to_latex(left),
        to_latex(Compare((left, left), ("=",))),
        to_latex(Compare((left, Add((left, number(0)))), ("=",))),
    ):
        assert bench.check(question, text).status != "correct", text


# -- integers, shapes, numbers ----------------------------------------------------------------------------------------------


def integer_of(bench: Bench, question: str) -> int:
    (answer,) = bench.solution(question).answers
    last = answer.sides[-1] if isinstance(answer, Compare) else answer
    assert isinstance(last, Num)
    return int(last.value)


@pytest.mark.parametrize("question", ["2b", "3c", "5-mult"])
def test_an_integer_is_exact(bench: Bench, question: str) -> None:
    key = integer_of(bench, question)
    for text in (
        f"{key}",
        f"{key:,}",
        f"${key}$",
        f"the answer is {key}",
        f"{key}.",
        f"{key}.0",
        f"= {key}",
        f"{key} + 0",
        f"2 * {key} - {key}",
    ):
        assert (bench.check(question, text).status, text) == ("correct", text)
    near = {key + 1, key - 1, key * 2, key * 10, key + 10, -key, key // 2 + 1, key + 12} - {key}
    for value in near:
        for text in (f"{value}", f"${value}$", f"{value:,}"):
            assert (bench.check(question, text).status, text) != ("correct", text)


def test_foreseen_numbers_say_what_is_missing(bench: Bench) -> None:
    for value, word in ((60, "biases"), (84, "two biases"), (18, "one gate")):
        found = bench.check("3c", str(value))
        assert found.status == "wrong"
        assert word in found.message
    assert "padding" in bench.check("5-mult", "3079338").message


SHAPES = {"3a": (3, 5), "3b": (3,)}


@pytest.mark.parametrize("question", SHAPES)
def test_a_shape_is_exact(bench: Bench, question: str) -> None:
    key = SHAPES[question]
    joined = [sign.join(map(str, key)) for sign in (" x ", "x", " × ", " \\times ", ", ", " by ")]
    right = [
        *joined,
        f"({joined[4]})",
        f"\\mathbb{{R}}^{{{joined[3]}}}",
        f"${joined[3]}$",
        f"({joined[0]})",
        f"the dimension is {joined[0]}",
    ]
    for text in right:
        assert (bench.check(question, text).status, text) == ("correct", text)
    wrong = (
        [(*key[:k], n + step, *key[k + 1 :]) for k, n in enumerate(key) for step in (1, -1, 2)]
        + [key[::-1]] * (len(key) > 1)
        + [(*key, 2), (1, *key)]
    )
    for shape in wrong:
        for sign in (" x ", ", "):
            text = f"({sign.join(map(str, shape))})"
            assert (bench.check(question, text).status, text) != ("correct", text)


def test_output_shapes_are_exact(bench: Bench) -> None:
    assert bench.check("5-shape", "199 x 199 x 3 and 199 x 199 x 10").status == "correct"
    assert bench.check("5-shape", "depthwise: (199, 199, 3); pointwise: (199, 199, 10)").status == "correct"
    for text in (
        "200 x 200 x 3 and 200 x 200 x 10", "199 x 199 x 3 and 199 x 199 x 3", "199 x 199 x 10 and 199 x 199 x 10", "199 x 199 x 10", "198 x 198 x 3 and 198 x 198 x 10",
        "199 x 199 x 10 and 199 x 199 x 3", "199 x 199 x 3", "199 x 199", "3 x 199 x 10 and 10 x 199 x 10",
    ):  # fmt: skip
        assert (bench.check("5-shape", text).status, text) != ("correct", text)


NUMBERS = {"1b-i": (0.7, 0.2, 0.05), "1b-ii": (0.604368, 0.0, 0.0)}


@pytest.mark.parametrize("question", NUMBERS)
def test_numbers_are_compared_within_the_tolerance(bench: Bench, question: str) -> None:
    key = NUMBERS[question]
    for text in (
        row(key),
        f"[{' '.join(f'{v:.4f}' for v in key)}]",
        f"({'; '.join(f'{v:.4f}' for v in key)})",
        f"\\begin{{bmatrix}}{' '.join(f'{v:.4f}' + chr(92) * 2 for v in key)}\\end{{bmatrix}}",
    ):
        assert (bench.check(question, text).status, text) == ("correct", text)
    for k in range(3):
        for off in (0.001, -0.001, 0.1, 1.0):
            changed = tuple(v + off * (n == k) for n, v in enumerate(key))
            assert (bench.check(question, row(changed)).status, changed) == ("wrong", changed)
        if key[k]:
            changed = tuple(-v if n == k else v for n, v in enumerate(key))
            assert bench.check(question, row(changed)).status == "wrong"
    for changed in (key[:2], (*key, 0.0), (key[1], key[0], key[2]), key[:1]):
        assert (bench.check(question, row(changed)).status, changed) == ("wrong", changed)


def row(values: tuple[float, ...]) -> str:
    return "(" + ", ".join(f"{v:.4f}" for v in values) + ")"


PLACES = {
    "1a-i": ("forget gate", "input gate"), "1a-ii": ("input gate", "output gate"), "1a-iii": ("output gate", "forget gate"),
    "1a-iv": ("new cell state", "old cell state"), "1a-v": ("previous cell state", "new cell state"), "1a-vi": ("candidate cell state", "cell state"),
}  # fmt: skip


@pytest.mark.parametrize("question", PLACES)
def test_a_place_has_its_name_and_no_other(bench: Bench, question: str) -> None:
    right, wrong = PLACES[question]
    for text in (right, f"The {right}.", right.upper(), f"it is the {right}"):
        assert (bench.check(question, text).status, text) == ("correct", text)
    for other in {r for r, _ in PLACES.values()} - {right} | {wrong}:
        assert (bench.check(question, other).status, other) == ("wrong", other)
    assert bench.check(question, "7").status == "manual"
    assert bench.check(question, f"not the {right}").status != "correct"


def test_nothing_is_correct_that_says_nothing(bench: Bench) -> None:
    """Empty, foreign or broken text is never correct and never wrong with full confidence."""
    expected = {"": "missing", "   \n": "missing"}
    for question in EXAM.ids:
        for text in ("", "   \n", "I do not know", "\\frac{", "?", "see above", "$$", "...", "()", "= ="):
            found: Verdict = bench.check(question, text)
            assert found.status == expected.get(text, found.status)
            assert (question, text, found.status) not in {(question, text, "correct"), (question, text, "partial")}
            assert found.marks == 0


def test_the_mutants_of_a_small_tree_are_the_ones_meant() -> None:
    a, b = Ref("a", (Ref("t"),)), Ref("b")
    tree = Add((Mul(Transpose(b), a), Neg(Call("tanh", (b,)))))
    changes = [m.change for m in mutants(tree, Vocabulary())]
    for words in (
        "drop the term",
        "flip the sign",
        "drop the factor",
        "drop the transpose",
        "becomes its derivative",
        "shift",
    ):
        assert any(words in change for change in changes), words
    assert len({m.tree for m in mutants(tree, Vocabulary())}) == len(changes)
    assert all(m.tree != tree for m in mutants(tree, Vocabulary()))
    assert not any(isinstance(node, Partial) for node in walk(tree))
