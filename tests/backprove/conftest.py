"""A bench, sheets and a judge of formulas without mathematics, so that commands are tested by themselves."""

from __future__ import annotations

import sys
import types
from fractions import Fraction

import pytest

from backprove import desk
from checkers.solution import Road, Solution
from checkers.verdict import Verdict, Witness
from derivations.derivation import Step
from notation.tree import Compare, Ref

# What an answer says decides what is made of it.
STATUSES = ("correct", "partial", "wrong", "unreadable", "undecided", "manual")


class FakeBench:
    """Judges an answer by its first word: `wrong x` is wrong, anything unknown is correct, `crash` is a bug."""

    def __init__(self, assignment):
        self.assignment = assignment

    def check(self, question_id, text):
        word = text.split()[0]
        if word == "crash":
            raise ZeroDivisionError("a bug")
        status = word if word in STATUSES else "correct"
        marks = self.assignment.question(question_id).marks
        given = {"correct": marks, "partial": marks / 2}.get(status, Fraction(0))
        witness = Witness("n=2, seed 1", "1", "2", float("inf")) if status == "wrong" else None
        waiting = marks if status == "manual" else Fraction(0)
        diagnosis = "you used f_t" if status == "wrong" else None
        return Verdict(
            question_id, text, status, given, marks, f"It is {status}.", "proved", witness, diagnosis, waiting=waiting
        )

    def solution(self, question_id):
        line = Compare((Ref("a"), Ref("b")), ("=",))
        agrees = question_id != self.disagreeing
        return Solution(
            question_id,
            answers=(line,),
            steps=(Step(line, "because", "b <- a"),),
            assumptions=("a is real",),
            roads=(Road("derived against autograd", agrees, 1e-15 if agrees else 0.5, "8 sizes"), Road("count", True)),
        )

    disagreeing = ""

    def solutions(self):
        return tuple(self.solution(id) for id in self.assignment.ids)


@pytest.fixture
def fakes(monkeypatch, exam):
    """The exam under the name `exam`, judged by the fake bench."""
    monkeypatch.setattr(desk, "open_assignment", lambda name: exam if name == "exam" or name is exam else _real(name))
    monkeypatch.setattr(desk, "bench_of", FakeBench)
    render = types.ModuleType("reports.render")
    render.solution_sheet = lambda assignment, solutions, fmt: f"{fmt} sheet of {len(solutions)}".encode()
    render.graded_sheet = lambda assignment, verdicts, solutions, student, fmt: f"{fmt} {student}".encode()
    monkeypatch.setitem(sys.modules, "reports.render", render)
    judge = types.ModuleType("checkers.equal")

    def equal(answer, key, shapes, assume):
        if answer == "crash":
            raise ZeroDivisionError("a bug")
        status = "correct" if answer == key else "wrong" if key != "?" else "unreadable"
        return Verdict("", answer, status, Fraction(status == "correct"), Fraction(1), f"{shapes} {assume}")

    judge.equal = equal
    monkeypatch.setitem(sys.modules, "checkers.equal", judge)
    return FakeBench


_real = desk.open_assignment
