"""What a person sees in the terminal: reports and derivations on stdout, tables and progress on stderr."""

from __future__ import annotations

import shutil
import sys
import textwrap
import unicodedata
from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

from backprove.desk import Graded, Unread

if TYPE_CHECKING:
    from pathlib import Path

    from checkers.assignment import Question
    from checkers.solution import Solution, Table
    from checkers.verdict import Verdict

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

    >>> points(Fraction(5)), points(Fraction(1, 2)), points(Fraction(1, 3))
    ('5', '0.5', '0.33')
    """
    return f"{round(float(marks), 2):g}"


def report(graded: Graded, *, only_losses: bool = False) -> None:
    """One submission on stdout, a line per part and below it why; `only_losses` leaves out what is correct."""
    waiting = f", {points(graded.waiting)} waiting for a person" if graded.waiting else ""
    print(f"{graded.student}  {points(graded.total)}/{points(graded.out_of)}{waiting}  ({graded.submission.source})")
    width = max((len(verdict.question) for verdict in graded.verdicts), default=0)
    for verdict in graded.verdicts:
        if only_losses and (verdict.status == "correct" or (verdict.status == "missing" and not verdict.out_of)):
            continue
        head = f"  {verdict.question:<{width}}  {verdict.status:<10}  {points(verdict.marks)}/{points(verdict.out_of)}"
        lines = _reasons(verdict)
        start = f"{head:<{width + 24}}"
        print(f"{start}{lines[0] if lines else ''}".rstrip())
        for line in lines[1:]:
            print(f"{'':<{len(start)}}{line}")


def _reasons(verdict: Verdict) -> list[str]:
    """Why a part was judged so: the message, what was mistaken, the numbers at which it differs, remarks."""
    from notation.plain import plain_words

    told, *excerpt = verdict.message.split("\n") if verdict.message else [""]
    lines = _wrapped(plain_words(told)) + [f"  {line}".rstrip() if _typed(line) else line for line in excerpt]
    lines += _wrapped(plain_words(verdict.diagnosis or ""))
    witness = verdict.witness
    if witness is not None and witness.where and not (witness.expected in told and witness.yours in told):
        where = plain_words(witness.where)
        lines += _wrapped(f"at {where}: expected {plain_words(witness.expected)}, yours {plain_words(witness.yours)}")
    for note in verdict.notes:
        lines += _wrapped(f"note: {plain_words(note)}")
    for number, line in enumerate(verdict.lines, start=1):
        if line.verdict != "right":
            word = {"first_error": "first error", "follows": "follows"}.get(line.verdict, line.verdict)
            lines += _wrapped(f"line {number}, {word}: {line.text}  {plain_words(line.message)}")
    return lines


def _typed(line: str) -> bool:
    """Whether a line of a message is what was typed, or the caret below it, which must keep its columns."""
    return not line.startswith("Try: ")


def _wrapped(text: str) -> list[str]:
    """A sentence in lines that fit a terminal; output that goes elsewhere keeps it whole."""
    text = " ".join(text.split())
    if not text or not sys.stdout.isatty():
        return [text] if text else []
    return textwrap.wrap(text, max(40, shutil.get_terminal_size().columns - 34))


def table(results: Sequence[Graded | Unread]) -> None:
    """The class at a glance, on stderr: how many parts of which verdict, and the marks."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    statuses = list(_COLOURS)
    grid = Table(box=None, pad_edge=False)
    grid.add_column("student", no_wrap=True, min_width=min(24, max(len(_name(result)) for result in results)))
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
                Text(_name(result)),
                *("" for _ in used),
                "",
                "",
                "",
            ]
        else:
            counts = [sum(verdict.status == status for verdict in result.verdicts) for status in used]
            marks = [points(result.waiting) if result.waiting else "", points(result.total), points(result.out_of)]
            cells = [Text(_name(result)), *(str(count) if count else "" for count in counts), *marks]
        grid.add_row(*cells)
    # A pipe or a file has no width of its own, and must not cut names short.
    Console(stderr=True, width=None if sys.stderr.isatty() else 120).print(grid)


def tally(results: Sequence[Graded | Unread]) -> None:
    """How many answers of which verdict, in one line on stderr: a table of thousands of lines helps nobody."""
    verdicts = [verdict for result in results if isinstance(result, Graded) for verdict in result.verdicts]
    counts = {status: sum(verdict.status == status for verdict in verdicts) for status in _COLOURS}
    told = ", ".join(f"{count} {status}" for status, count in counts.items() if count)
    message(f"{len(verdicts)} graded{': ' + told if told else ''}")


def _name(result: Graded | Unread) -> str:
    return f"{result.source.name} (could not be read)" if isinstance(result, Unread) else result.student


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
    from notation.plain import plain_words, to_plain

    marks = f"{points(question.marks)} mark{'' if question.marks <= 1 and question.marks else 's'}"
    print(f"{question.id} ({marks}){': ' + plain_words(question.title) if question.title else ''}")
    _lines("assumed", [plain_words(" ".join(assumption.split())) for assumption in solution.assumptions])
    if solution.steps:
        print("\nderivation")
        width = len(str(len(solution.steps)))
        for number, step in enumerate(solution.steps, start=1):
            print(f"  {number:>{width}}. {to_plain(step.line)}")
            path = f"  [{step.path}]" if step.path else ""
            print(f"  {'':>{width}}  {plain_words(step.reason)}{path}")
    for shown in solution.tables:
        _lines(plain_words(shown.caption), _grid(shown))
    _lines("answer", [to_plain(answer) for answer in solution.answers])
    _lines("component by component", [to_plain(form) for form in solution.index_form])
    _lines("model answer", plain_words(solution.words.strip()).split("\n") if solution.words else [])
    drawn = [f"a plot: {p.caption}" for p in solution.plots] + [f"a graph: {d.caption}" for d in solution.diagrams]
    _lines("shown on the solution sheet", [plain_words(told) for told in drawn])
    _lines("what a grader looks for", [f"- {plain_words(point)}" for point in solution.rubric])
    _lines("judged by", [plain_words(solution.rule)] if solution.rule else [])
    evidence = []
    for road in solution.roads:
        error = "" if road.error is None else f", largest relative error {road.error:.1e}"
        evidence.append(
            f"{road.name}: {'agrees' if road.agrees else 'DISAGREES'}{error}{', ' + road.tried if road.tried else ''}"
        )
    _lines("evidence", evidence)


def _grid(shown: Table) -> list[str]:
    """A table in columns."""
    from notation.plain import plain_words, to_plain

    rows = [
        [plain_words(cell) for cell in shown.head],
        *([cell if isinstance(cell, str) else to_plain(cell) for cell in row] for row in shown.rows),
    ]
    widths = [max(_columns(row[i]) for row in rows) for i in range(len(shown.head))]
    lines = ((cell + " " * (width - _columns(cell)) for cell, width in zip(row, widths, strict=True)) for row in rows)
    return ["  ".join(line).rstrip() for line in lines]


def _columns(text: str) -> int:
    """The columns of a terminal that a text takes: a dot or bar over a letter takes none."""
    return sum(not unicodedata.combining(c) for c in text)


def _lines(title: str, lines: Sequence[str]) -> None:
    if lines:
        print(f"\n{title}")
        for line in lines:
            print(f"  {line}".rstrip())
