"""Sheets as bytes: the public door of this room.

The output depends on the input alone: no time of day, no file names, no random numbers.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

from checkers import solution as solved
from checkers.solution import Solution
from checkers.verdict import Verdict, plain
from notation.latex import to_latex
from reports import sheet as sheets
from reports.sheet import Assignment, Sheet

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

Format: TypeAlias = Literal["pdf", "tex", "typ", "html", "md", "json"]
FORMATS: tuple[Format, ...] = get_args(Format)


def solution_sheet(assignment: Assignment, solutions: Sequence[Solution], fmt: str) -> bytes:
    """The sheet of model solutions in one format."""
    if fmt == "json":
        return _json(_solutions_as_data(assignment, solutions))
    return _rendered("solution", sheets.solution(assignment, solutions), fmt)


def graded_sheet(
    assignment: Assignment, verdicts: Sequence[Verdict], solutions: Sequence[Solution], student: str | None, fmt: str
) -> bytes:
    """The sheet of one student's graded answers in one format."""
    if fmt == "json":
        return _json(
            {
                "assignment": assignment.title,
                "student": student,
                **_totals(verdicts),
                "parts": [v.to_dict() for v in verdicts],
            }
        )
    return _rendered("graded", sheets.graded(assignment, verdicts, solutions, student), fmt)


def _rendered(kind: str, sheet: Sheet, fmt: str) -> bytes:
    from reports.fill import fill

    if fmt == "pdf":
        from reports.pdf import typst_pdf

        return typst_pdf(fill(kind, sheet, "typ"))
    if fmt not in FORMATS:
        raise ValueError(f"unknown format {fmt!r}: expected one of {', '.join(FORMATS)}")
    return fill(kind, sheet, fmt).encode("utf-8", "replace")


def _totals(verdicts: Sequence[Verdict]) -> dict[str, object]:
    marks, out_of, waiting = sheets.totals(verdicts)
    return {"marks": plain(marks), "out_of": plain(out_of), "waiting": plain(waiting)}


def _solutions_as_data(assignment: Assignment, solutions: Sequence[Solution]) -> dict[str, object]:
    known = {s.question: s for s in solutions}
    questions = []
    for question in assignment.questions:
        if question.id not in known:
            continue
        found = known[question.id]
        questions.append(
            {
                "question": question.id,
                "title": question.title,
                "out_of": plain(question.marks),
                "prompt": question.prompt,
                "answers": [to_latex(e) for e in found.answers],
                "index_form": [to_latex(e) for e in found.index_form],
                "steps": [{"line": to_latex(s.line), "reason": s.reason, "path": s.path} for s in found.steps],
                "assumptions": list(found.assumptions),
                "words": found.words,
                "rubric": list(found.rubric),
                "rule": found.rule,
                "evidence": sheets.evidence(found.roads),
                "trusted": found.trusted,
                "roads": [asdict(road) for road in found.roads],
                "plots": [asdict(plot) for plot in found.plots],
                "tables": [_table(table) for table in found.tables],
                "diagrams": [asdict(diagram) for diagram in found.diagrams],
            }
        )
    return {
        "assignment": assignment.title,
        "course": assignment.course,
        "source": assignment.source,
        "questions": questions,
    }


def _table(table: solved.Table) -> dict[str, object]:
    """A table as data: words as they are, formulas in LaTeX."""
    rows = [[cell if isinstance(cell, str) else to_latex(cell) for cell in row] for row in table.rows]
    return {"caption": table.caption, "head": list(table.head), "rows": rows}


def _json(data: object) -> bytes:
    return (json.dumps(data, ensure_ascii=False, indent=2, allow_nan=False, default=str) + "\n").encode(
        "utf-8", "replace"
    )


def verdict_table(graded: Sequence[tuple[str, Sequence[Verdict]]]) -> Table:
    """A table for the terminal: a row per student, a column per question, each cell an icon and the marks."""
    from rich.table import Table
    from rich.text import Text

    questions = list(dict.fromkeys(v.question for _, verdicts in graded for v in verdicts))
    table = Table(header_style="bold")
    table.add_column("Student")
    for question in questions:
        table.add_column(Text(question), justify="right", no_wrap=True)
    table.add_column("Total", justify="right", no_wrap=True)
    table.add_column("Waiting", justify="right", no_wrap=True)
    for student, verdicts in graded:
        by_question = {v.question: v for v in verdicts}
        cells = [_cell(by_question.get(q)) for q in questions]
        total, out_of, waiting = sheets.totals(verdicts)
        score = Text(f"{sheets.points(total)} / {sheets.points(out_of)}", style="bold")
        table.add_row(Text(student), *cells, score, Text(sheets.points(waiting) if waiting else ""))
    return table


_TERMINAL = {
    "green": "green",
    "amber": "yellow",
    "red": "red",
    "violet": "magenta",
    "teal": "cyan",
    "blue": "blue",
    "grey": "bright_black",
}


def _cell(verdict: Verdict | None) -> Text:
    from rich.text import Text

    if verdict is None:
        return Text("")
    badge = sheets.BADGES[verdict.status]
    return Text(f"{badge.icon} {sheets.points(verdict.marks)}", style=_TERMINAL[badge.colour])
