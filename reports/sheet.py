"""The one data model of a sheet, built from an assignment, its solutions and a student's verdicts.

A sheet holds words and boxes but no markup, and decides nothing: statuses, marks and reasons come from the checkers.
"""

from __future__ import annotations

import importlib.metadata
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Protocol

from checkers.solution import Diagram, Plot, Road, Solution, Table
from checkers.verdict import LineStatus, LineVerdict, Status, Verdict, Witness
from derivations.derivation import Step
from notation.boxes import Box
from notation.layout import layout
from notation.tree import Block, Expr, walk
from reports import highlight
from reports.display import Line, lines
from reports.models import ForwardModel, ModelView, ScalarFunction, function_views, model_views

MAX_GRADED_STEPS = 4  # a graded sheet points the way; the solution sheet has every line
MAX_STUDENT = 120  # characters of a name, which the student chooses
_STEP_WIDTH = 25.0  # ems for the formula beside its reason
_SIDE_WIDTH = 31.0  # wider than this, reasons stand above their formulas instead


class Question(Protocol):
    """What a sheet needs of a question."""

    @property
    def id(self) -> str:
        """The identifier, such as `4a`."""
        ...

    @property
    def title(self) -> str:
        """A few words."""
        ...

    @property
    def marks(self) -> Fraction:
        """What it is worth."""
        ...

    @property
    def prompt(self) -> str:
        """The question in Markdown."""
        ...


class Assignment(Protocol):
    """What a sheet needs of an assignment."""

    @property
    def title(self) -> str:
        """A few words."""
        ...

    @property
    def course(self) -> str:
        """Where it was set."""
        ...

    @property
    def source(self) -> str:
        """Where it comes from."""
        ...

    @property
    def conventions(self) -> str:
        """Conventions in Markdown."""
        ...

    @property
    def models(self) -> Mapping[str, ForwardModel]:
        """The models by name."""
        ...

    @property
    def functions(self) -> Mapping[str, ScalarFunction]:
        """The functions by name."""
        ...

    @property
    def questions(self) -> Sequence[Question]:
        """The questions in order."""
        ...


@dataclass(frozen=True, slots=True)
class Badge:
    """A status for the eye: icon and word first, colour only besides."""

    status: Status
    icon: str
    word: str
    colour: str


BADGES: dict[Status, Badge] = {
    "correct": Badge("correct", "✓", "Correct", "green"),
    "partial": Badge("partial", "◐", "Partly correct", "amber"),
    "wrong": Badge("wrong", "✗", "Not correct", "red"),
    "unreadable": Badge("unreadable", "≋", "Could not be read", "violet"),
    "undecided": Badge("undecided", "⧖", "Not decided", "teal"),
    "manual": Badge("manual", "?", "A person decides", "blue"),
    "missing": Badge("missing", "○", "No answer", "grey"),
}


@dataclass(frozen=True, slots=True)
class SheetHeader:
    """The top of a sheet; `total` is None on a solution sheet."""

    title: str
    course: str
    source: str
    student: str
    total: str | None
    out_of: str
    waiting: str
    versions: str


@dataclass(frozen=True, slots=True)
class StepView:
    """One derivation step: its lines, and the reason it holds."""

    lines: tuple[Line, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class LineView:
    """One line of an answer that was judged line by line: an icon, a word, the line as typed and as read, and why."""

    icon: str
    word: str
    text: str
    message: str
    read: tuple[Box, ...] = ()


_LINE_WORDS: dict[LineStatus, tuple[str, str]] = {
    "right": ("✓", "right"),
    "first_error": ("✗", "first error"),
    "follows": ("↳", "follows"),
    "wrong": ("✗", "wrong"),
}


@dataclass(frozen=True, slots=True)
class PartView:
    """Everything a sheet shows of one question."""

    id: str
    title: str
    out_of: str
    prompt: str
    expected: tuple[Line, ...] = ()
    index_form: tuple[Line, ...] = ()
    words: str = ""
    rubric: tuple[str, ...] = ()
    rule: str = ""
    steps: tuple[StepView, ...] = ()
    steps_beside: bool = True
    hidden_steps: int = 0
    assumptions: tuple[str, ...] = ()
    evidence: str = ""
    plots: tuple[Plot, ...] = ()
    tables: tuple[Table, ...] = ()
    diagrams: tuple[Diagram, ...] = ()
    answer_lines: tuple[LineView, ...] = ()
    badge: Badge | None = None
    marks: str = ""
    waiting: str = ""
    answer: tuple[Line, ...] = ()
    answer_words: str = ""
    answer_source: str = ""
    diagnosis: str = ""
    message: str = ""
    witness: Witness | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sheet:
    """A whole sheet."""

    header: SheetHeader
    conventions: str
    models: tuple[ModelView, ...]
    parts: tuple[PartView, ...]


def points(marks: Fraction) -> str:
    """Marks as people write them.

    >>> points(Fraction(5, 2)), points(Fraction(1, 2)), points(Fraction(4)), points(Fraction(1, 3))
    ('2½', '½', '4', '0.33')
    """
    whole, rest = divmod(marks, 1)
    glyph = {Fraction(1, 2): "½", Fraction(1, 4): "¼", Fraction(3, 4): "¾"}.get(rest)
    if not rest:
        return str(whole)
    return f"{whole or ''}{glyph}" if glyph and marks > 0 else f"{float(marks):.2f}"


def versions() -> str:
    """Which programs decided: the line at the foot of every sheet."""
    found = []
    for name in ("backprove", "sympy", "torch"):
        try:
            found.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            continue  # grading needs neither SymPy nor torch once worlds are cached
    return ", ".join(found)


def solution(assignment: Assignment, solutions: Sequence[Solution]) -> Sheet:
    """The sheet of model solutions."""
    known = {s.question: s for s in solutions}
    questions = [q for q in assignment.questions if q.id in known]
    parts = tuple(_solved(question, known[question.id]) for question in questions)
    return Sheet(
        _header(assignment, sum((q.marks for q in questions), Fraction(0))),
        assignment.conventions,
        (*model_views(assignment.models), *function_views(assignment.functions)),
        parts,
    )


def graded(
    assignment: Assignment, verdicts: Sequence[Verdict], solutions: Sequence[Solution], student: str | None
) -> Sheet:
    """The sheet that a student gets back."""
    known = {s.question: s for s in solutions}
    given = {v.question: v for v in verdicts}
    parts = tuple(_marked(q, given[q.id], known.get(q.id)) for q in assignment.questions if q.id in given)
    total, out_of, waiting = totals(verdicts)
    return Sheet(
        _header(assignment, out_of, total=total, waiting=waiting, student=(student or "")[:MAX_STUDENT]), "", (), parts
    )


def totals(verdicts: Sequence[Verdict]) -> tuple[Fraction, Fraction, Fraction]:
    """Marks given, marks possible, and marks that a person has still to give."""
    none = Fraction(0)
    return (
        sum((v.marks for v in verdicts), none),
        sum((v.out_of for v in verdicts), none),
        sum((v.waiting for v in verdicts), none),
    )


def _header(
    assignment: Assignment,
    out_of: Fraction,
    *,
    total: Fraction | None = None,
    waiting: Fraction = Fraction(0),
    student: str = "",
) -> SheetHeader:
    waits = "" if not waiting else f"{points(waiting)} {'point waits' if waiting <= 1 else 'points wait'} for a person"
    return SheetHeader(
        title=assignment.title,
        course=assignment.course,
        source=assignment.source,
        student=student,
        total=None if total is None else points(total),
        out_of=points(out_of),
        waiting=waits,
        versions=versions(),
    )


def _lines(exprs: Sequence[Expr], marked: Sequence[Expr] = ()) -> tuple[Line, ...]:
    return tuple(line for expr in exprs for line in lines(expr, highlight=marked))


def _solved(question: Question, found: Solution) -> PartView:
    steps, beside = _steps(found.steps)
    return PartView(
        id=question.id,
        title=_headed(question.title),
        out_of=points(question.marks),
        prompt=question.prompt,
        expected=_lines(found.answers),
        index_form=_lines(found.index_form) if found.index_form != found.answers else (),
        words=found.words,
        rubric=found.rubric,
        rule=found.rule,
        steps=steps,
        steps_beside=beside,
        assumptions=_assumed(found.assumptions) + _legend((*found.answers, *(s.line for s in found.steps))),
        evidence=evidence(found.roads),
        plots=found.plots,
        tables=found.tables,
        diagrams=found.diagrams,
    )


def _marked(question: Question, verdict: Verdict, found: Solution | None) -> PartView:
    right = verdict.status == "correct"
    key = () if found is None or right else found.answers
    missing = highlight.missing_terms(verdict.reading, key) if verdict.status in ("wrong", "partial") else ()
    extra = highlight.missing_terms(key, verdict.reading) if missing or verdict.status in ("wrong", "partial") else ()
    shown = () if found is None or right or verdict.status == "manual" else found.steps
    steps, beside = _steps((*shown[: MAX_GRADED_STEPS - 1], shown[-1]) if len(shown) > MAX_GRADED_STEPS else shown)
    by_person = verdict.status == "manual"
    readable = bool(verdict.reading) and verdict.status != "unreadable"
    return PartView(
        id=question.id,
        title=_headed(question.title),
        out_of=points(verdict.out_of),
        prompt=question.prompt,
        expected=_lines(key, missing),
        words=found.words if found and not right else "",
        rubric=found.rubric if found and not right else (),
        rule=found.rule if found and not right else "",
        steps=steps,
        steps_beside=beside,
        hidden_steps=len(shown) - len(steps),
        assumptions=_legend(key),
        evidence=verdict.evidence,
        plots=found.plots if found and by_person else (),
        tables=found.tables if found and (by_person or verdict.status in ("wrong", "partial")) else (),
        diagrams=found.diagrams if found and by_person else (),
        answer_lines=_line_views(verdict.lines),
        badge=BADGES[verdict.status],
        marks=points(verdict.marks),
        waiting=points(verdict.waiting) if verdict.waiting else "",
        answer=_lines(verdict.reading, extra) if readable else (),
        answer_words=verdict.answer if by_person and not readable else "",
        answer_source="" if readable or by_person else verdict.answer,
        diagnosis=verdict.diagnosis or "",
        message=verdict.message,
        witness=_typeset(verdict.witness),
        notes=verdict.notes,
    )


def _line_views(lines: Sequence[LineVerdict]) -> tuple[LineView, ...]:
    """The lines of an answer; where all are right there is nothing to point at."""
    if all(line.verdict == "right" for line in lines):
        return ()
    return tuple(
        LineView(
            *_LINE_WORDS[line.verdict],
            line.text,
            line.message,
            tuple(layout(e, exact=False) for e in line.reading),
        )
        for line in lines
    )


def _headed(title: str) -> str:
    return title[:1].upper() + title[1:]


def _typeset(witness: Witness | None) -> Witness | None:
    """The witness with minus signs where a hyphen stands before a number; one without a place tells nothing new."""
    if witness is None or not witness.where:
        return None
    expected, yours = (re.sub(r"(?<![\w)])-(?=[\d.])", "−", side) for side in (witness.expected, witness.yours))
    return replace(witness, expected=expected, yours=yours)


def _steps(steps: Sequence[Step]) -> tuple[tuple[StepView, ...], bool]:
    """The steps, and whether there is room for their reasons beside them."""
    views = tuple(StepView(lines(s.line, limit=_SIDE_WIDTH), s.reason) for s in steps)
    if views and _room(views) <= _SIDE_WIDTH:
        return views, True
    narrow = tuple(StepView(lines(s.line, limit=_STEP_WIDTH), s.reason) for s in steps)
    if narrow and _room(narrow) <= _SIDE_WIDTH:
        return narrow, True
    return tuple(StepView(lines(s.line), s.reason) for s in steps), False


def _room(views: Sequence[StepView]) -> float:
    every = [line for view in views for line in view.lines]
    return max((line.width - _right(line) for line in every), default=0.0) + max(
        (_right(line) for line in every), default=0.0
    )


def _right(line: Line) -> float:
    return Line(None, line.right).width


def _assumed(assumptions: Sequence[str]) -> tuple[str, ...]:
    """The assumptions of a derivation as one line."""
    return (f"Assumed: {'; '.join(assumptions)}.",) if assumptions else ()


def _legend(exprs: Sequence[Expr]) -> tuple[str, ...]:
    """An explanation of block notation where it is used."""
    for node in (n for e in exprs for n in walk(e) if isinstance(n, Block)):
        kind = "columns" if node.axis == 1 else "rows"
        return (
            f"A superscript $[k]$ on a matrix means its $k$-th block of {kind}, one block for each stacked vector.",
        )
    return ()


def evidence(roads: Sequence[Road]) -> str:
    """One line that tells which roads led to the key and how far apart they were.

    The sizes of every sample, in parentheses, are left to `backprove check`.
    """
    told = []
    for road in roads:
        detail = [] if road.agrees else ["DISAGREES"]
        if road.error is not None:
            detail.append(f"largest relative error {road.error:.1e}")
        if road.tried:
            detail.append(road.tried.partition(" (")[0])
        told.append(road.name + (f" ({', '.join(detail)})" if detail else ""))
    return "; ".join(told)
