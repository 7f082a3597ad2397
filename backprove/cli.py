"""The command line: arguments in, exit codes out. What the commands do is in `backprove.desk`.

Nothing heavy is imported here at the top: `backprove --help` must answer at once.
Results go to stdout, tables, progress and messages to stderr.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from backprove import __version__

app = typer.Typer(
    name="backprove",
    help="State the forward equations once; get the derivation, the numerical proof, the answer sheet and the grader.",
    no_args_is_help=True,
    add_completion=False,
    # Plain help: rich would take half of the time that `--help` may take.
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    epilog="ASSIGNMENT is a Markdown file or the name of a bundled assignment (see 'backprove list'). "
    "Exit: 0 all correct, 1 some wrong, 2 usage or a bad assignment, 3 some unreadable or undecided and none wrong, "
    "4 internal error (BACKPROVE_DEBUG=1 shows where).",
)

AssignmentName = Annotated[str, typer.Argument(metavar="ASSIGNMENT", help="A Markdown file, or a bundled name.")]


class SheetFormat(StrEnum):
    """Formats of the solution sheet."""

    pdf = "pdf"
    tex = "tex"
    html = "html"
    md = "md"
    json = "json"


class FormFormat(StrEnum):
    """Formats of the blank form."""

    md = "md"
    tex = "tex"
    ipynb = "ipynb"
    yaml = "yaml"


@app.callback(invoke_without_command=True)
def front(
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.", is_eager=True)] = False,
) -> None:
    """State the forward equations once; get the derivation, the numerical proof, the answer sheet and the grader."""
    if version:
        typer.echo(f"backprove {__version__}")
        raise typer.Exit


@app.command()
def demo(
    output: Annotated[Path, typer.Option("-o", "--output", metavar="DIR", help="Where the sheets go.")] = Path(
        "backprove-demo"
    ),
) -> None:
    """Grade the sample class that comes with backprove, and write its sheets: the two-minute tour."""
    from backprove import desk, grading

    raise typer.Exit(grading.demo(desk.open_assignment(desk.DEMO), output, debug=_debugging()))


@app.command("list")
def list_(
    models: Annotated[bool, typer.Option("--models", help="The models that assignments may use and extend.")] = False,
) -> None:
    """List the bundled assignments, or the models of the library."""
    from backprove import desk

    entries = desk.library_listing() if models else desk.listing()
    width = max((len(name) for name, _ in entries), default=0)
    for name, title in entries:
        typer.echo(f"{name:<{width}}  {title}")


@app.command()
def check(assignment: AssignmentName) -> None:
    """Prove every key of an assignment by three roads; exit 0 only if all agree."""
    from backprove import desk, show

    solutions = desk.check(assignment)
    show.roads(solutions)
    failed = [solution.question for solution in solutions if not solution.trusted]
    if failed:
        typer.echo(f"the roads disagree on: {', '.join(failed)}", err=True)
    raise typer.Exit(1 if failed else 0)


@app.command()
def solve(
    assignment: AssignmentName,
    output: Annotated[Path | None, typer.Option("-o", "--output", metavar="FILE", help="The sheet to write.")] = None,
    format: Annotated[SheetFormat | None, typer.Option(help="Default: by the ending of FILE, else pdf.")] = None,
) -> None:
    """Write the solution sheet: answers, derivations with their reasons, evidence."""
    from backprove import desk
    from checkers.errors import UsageError

    ending = output.suffix.lstrip(".").lower() if output is not None else ""
    fmt = format.value if format is not None else ending or "pdf"
    if fmt == "pdf" and output is None and sys.stdout.isatty():
        raise UsageError("a PDF cannot be shown in a terminal", hint="name a file with -o, or take --format md")
    _write(desk.solve(assignment, fmt), output)


@app.command()
def derive(
    assignment: AssignmentName,
    question: Annotated[str, typer.Argument(metavar="QUESTION", help="A question's id, such as 4a.")],
) -> None:
    """Show the derivation of one answer, step by step."""
    from backprove import desk, show

    opened = desk.open_assignment(assignment)
    asked = opened.question(question)
    show.derivation(asked, desk.derive(opened, question))


@app.command()
def template(
    assignment: AssignmentName,
    format: Annotated[FormFormat | None, typer.Option(help="Default: by the ending of FILE, else md.")] = None,
    output: Annotated[Path | None, typer.Option("-o", "--output", metavar="FILE", help="Default: stdout.")] = None,
) -> None:
    """Write the blank form that students fill in and 'grade' reads back."""
    from backprove import desk

    ending = output.suffix.lstrip(".").lower() if output is not None else ""
    fmt = format.value if format is not None else ending or "md"
    _write(desk.template(assignment, fmt).encode(), output)


@app.command()
def grade(
    assignment: AssignmentName,
    submissions: Annotated[
        list[str], typer.Argument(metavar="SUBMISSION...", help="Files or folders: md, tex, ipynb, yaml, csv, jsonl.")
    ],
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="DIR", help="Write sheets, results.jsonl and summary.csv here."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    jsonl: Annotated[
        bool, typer.Option("--jsonl", help="Print one verdict a line; lines of a JSONL file each by itself.")
    ] = False,
) -> None:
    """Grade submissions: verdict, marks and reason for every part."""
    from backprove import desk, grading

    _one_of(json, jsonl)
    opened = desk.open_assignment(assignment)
    mode: grading.Mode = "json" if json else "jsonl" if jsonl else "text"
    raise typer.Exit(grading.run(opened, submissions, output, mode, debug=_debugging()))


@app.command(context_settings={"ignore_unknown_options": True})
def equal(
    answer: Annotated[str | None, typer.Argument(metavar="ANSWER", help="The formula to judge.")] = None,
    key: Annotated[str | None, typer.Argument(metavar="KEY", help="The formula it should equal.")] = None,
    shape: Annotated[
        list[str] | None, typer.Option(metavar="NAME=SHAPE", help="The shape of a symbol, such as 'W=3x4'; repeat it.")
    ] = None,
    assume: Annotated[
        list[str] | None, typer.Option(metavar="NAME=WORDS", help="What a symbol is, such as 'n=positive integer'.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the verdict as JSON.")] = False,
    jsonl: Annotated[
        bool, typer.Option("--jsonl", help="Read objects with id, answer, key, shapes, assume from stdin, one a line.")
    ] = False,
) -> None:
    """Judge one formula against another, or many with --jsonl."""
    from backprove import equality
    from checkers.errors import UsageError

    _one_of(json, jsonl)
    if jsonl:
        if answer is not None or shape or assume:
            raise UsageError("--jsonl reads everything from stdin", hint="leave ANSWER, KEY and --shape out")
        raise typer.Exit(equality.many(sys.stdin.buffer, debug=_debugging()))
    if answer is None or key is None:
        raise UsageError("two formulas are needed, ANSWER and KEY", hint="or --jsonl to read them from stdin")
    raise typer.Exit(equality.one(answer, key, shape or [], assume or [], as_json=json))


@app.command(hidden=True)
def schema() -> None:
    """Print the JSON Schema of assignments, for editors."""
    from backprove.records import to_json
    from checkers.assignment import json_schema

    typer.echo(to_json(json_schema(), indent=2))


def main() -> None:
    """Run the command line and exit with its code."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """The exit code of one command line. Every error becomes one message here."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure") and (stream.encoding or "").lower().replace("-", "") != "utf8":
            stream.reconfigure(encoding="utf-8")
    try:
        app(args=list(arguments), prog_name="backprove")
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    except BrokenPipeError:
        # The reader of our output has gone; point stdout elsewhere so that closing it does not complain as well.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        from checkers.errors import BackproveError, SubmissionError

        if isinstance(error, BackproveError):
            typer.echo(f"backprove: {error}", err=True)
            return 3 if isinstance(error, SubmissionError) else 2
        if _debugging():
            raise
        place = f"{type(error).__name__}: {str(error)[:300]}"
        typer.echo(f"backprove: internal error: {place} (BACKPROVE_DEBUG=1 shows where)", err=True)
        return 4
    return 0


def _debugging() -> bool:
    return os.environ.get("BACKPROVE_DEBUG", "") not in ("", "0")


def _one_of(json: bool, jsonl: bool) -> None:
    from checkers.errors import UsageError

    if json and jsonl:
        raise UsageError("--json and --jsonl exclude each other")


def _write(content: bytes, output: Path | None) -> None:
    from checkers.errors import UsageError

    if output is None:
        sys.stdout.flush()
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
        return
    try:
        output.write_bytes(content)
    except OSError as error:
        raise UsageError(f"'{output}' cannot be written: {error.strerror or error}") from None
    typer.echo(f"wrote {output}", err=True)
