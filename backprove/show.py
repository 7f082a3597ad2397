"""What a person sees in the terminal: reports and derivations on stdout, tables and progress on stderr."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

from backprove.desk import Graded, Unread
from checkers.verdict import plain

if TYPE_CHECKING:
    from pathlib import Path

    from checkers.assignment import Question
    from checkers.solution import Solution

# In the table a status is one word and in colour; the word carries the meaning.
_COLOURS = {
    "correct": "green",
    "partial": "yellow",
    "wrong": "red",
    "unreadable": "magenta",
    "undecided": "magenta",
    "manual": "cyan",
    "missing": "red",
}


def message(text: str) -> None:
    """One line on stderr."""
    print(" ".join(text.split()), file=sys.stderr)


def points(marks: Fraction) -> str:
    """Marks as people write them.

    >>> points(Fraction(5)), points(Fraction(1, 2))
    ('5', '0.5')
    """
    return f"{plain(marks):g}"


def report(graded: Graded) -> None:
    """One submission on stdout, a line per part."""
    waiting = f", {points(graded.waiting)} waiting for a person" if graded.waiting else ""
    print(f"{graded.student}  {points(graded.total)}/{points(graded.out_of)}{waiting}  ({graded.submission.source})")
    width = max((len(verdict.question) for verdict in graded.verdicts), default=0)
    for verdict in graded.verdicts:
        marks = f"{points(verdict.marks)}/{points(verdict.out_of)}"
        lines = [part for part in (verdict.message, verdict.diagnosis or "") if part]
        first = " ".join(lines[0].split()) if lines else ""
        print(f"  {verdict.question:<{width}}  {verdict.status:<10}  {marks:<6}  {first}".rstrip())
        for line in lines[1:]:
            print(f"  {'':<{width}}  {'':<10}  {'':<6}  {' '.join(line.split())}")


def table(results: Sequence[Graded | Unread]) -> None:
    """The class at a glance, on stderr: how many parts of which verdict, and the marks."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    statuses = list(_COLOURS)
    grid = Table(box=None, pad_edge=False)
    grid.add_column("student")
    used = [
        s for s in statuses if any(isinstance(r, Graded) and any(v.status == s for v in r.verdicts) for r in results)
    ]
    for status in used:
        grid.add_column(Text(status, style=_COLOURS[status]), justify="right")
    for title in ("waiting", "total", "out of"):
        grid.add_column(title, justify="right")
    for result in results:
        if isinstance(result, Unread):
            cells: list[Text | str] = [
                Text(f"{result.source.name} (could not be read)"),
                *("" for _ in used),
                "",
                "",
                "",
            ]
        else:
            counts = [sum(verdict.status == status for verdict in result.verdicts) for status in used]
            marks = [points(result.waiting) if result.waiting else "", points(result.total), points(result.out_of)]
            cells = [Text(result.student), *(str(count) if count else "" for count in counts), *marks]
        grid.add_row(*cells)
    Console(stderr=True).print(grid)


def progress(files: Sequence[Path]) -> Iterable[Path]:
    """The files, with a bar on stderr where someone is looking and there is something to wait for."""
    if len(files) < 2 or not sys.stderr.isatty():
        return files
    from rich.console import Console
    from rich.progress import track

    return track(files, "grading", console=Console(stderr=True), transient=True)


def roads(solutions: Iterable[Solution]) -> None:
    """Every key with the roads that lead to it, on stdout."""
    rows = [("question", "road", "agrees", "largest error", "tried")]
    for solution in solutions:
        if not solution.roads:
            rows.append((solution.question, "no key to compare", "", "", ""))
        for number, road in enumerate(solution.roads):
            error = "" if road.error is None else f"{road.error:.1e}"
            rows.append(
                (solution.question if number == 0 else "", road.name, "yes" if road.agrees else "NO", error, road.tried)
            )
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    for row in rows:
        print("  ".join([*(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=False)), row[4]]).rstrip())


def derivation(question: Question, solution: Solution) -> None:
    """The derivation of one answer on stdout: steps with their reasons, the answer, the evidence."""
    from notation.plain import to_plain

    print(f"{question.id} ({points(question.marks)} marks){': ' + question.title if question.title else ''}")
    if solution.assumptions:
        print("\nassumptions")
        for assumption in solution.assumptions:
            print(f"  {' '.join(assumption.split())}")
    if solution.steps:
        print("\nderivation")
        width = len(str(len(solution.steps)))
        for number, step in enumerate(solution.steps, start=1):
            print(f"  {number:>{width}}. {to_plain(step.line)}")
            path = f"  [{step.path}]" if step.path else ""
            print(f"  {'':>{width}}  {step.reason}{path}")
    _lines("answer", [to_plain(answer) for answer in solution.answers])
    _lines("component by component", [to_plain(form) for form in solution.index_form])
    _lines("model answer", solution.words.strip().split("\n") if solution.words else [])
    _lines("points", [f"- {point}" for point in solution.rubric])
    _lines("judged by", [solution.rule] if solution.rule else [])
    evidence = []
    for road in solution.roads:
        error = "" if road.error is None else f", largest relative error {road.error:.1e}"
        evidence.append(
            f"{road.name}: {'agrees' if road.agrees else 'DISAGREES'}{error}{', ' + road.tried if road.tried else ''}"
        )
    _lines("evidence", evidence)


def _lines(title: str, lines: Sequence[str]) -> None:
    if lines:
        print(f"\n{title}")
        for line in lines:
            print(f"  {line}".rstrip())
