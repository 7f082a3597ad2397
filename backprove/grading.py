"""`backprove grade` and `backprove demo`: a batch of files, printed and written as it goes."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from backprove import desk, show
from backprove.records import Folder, to_json
from checkers.errors import UsageError
from checkers.submission import submission_files

if TYPE_CHECKING:
    from checkers.assignment import Assignment

Mode = Literal["json", "jsonl", "text"]


def run(
    assignment: Assignment,
    paths: Iterable[str | Path],
    output: Path | None,
    mode: Mode = "text",
    *,
    brief: bool = False,
    debug: bool = False,
) -> int:
    """Grade files, print results on stdout, write them into `output` if given, and return the exit code.

    `brief` tells only where marks were lost or are waiting.
    """
    files, passed = submission_files(paths)
    for path in passed:
        show.message(f"{path}: passed over, not a format of submissions")
    if not files:
        raise UsageError(
            "there are no submissions in what was given", hint="a file or a folder of md, tex, ipynb, yaml, csv, jsonl"
        )
    missing = [path for path in files if not path.exists()]
    if len(missing) == len(files):
        raise UsageError(
            f"there is no file '{missing[0]}'" + (f", nor the {len(missing) - 1} others" if missing[1:] else "")
        )
    results = _grade(assignment, files, output, mode, brief=brief, debug=debug)
    if mode == "json":
        print(to_json([result.to_dict() for result in results if isinstance(result, desk.Graded)], indent=1))
    if mode == "jsonl":
        show.tally(results)
    else:
        show.table(results)
    if output is not None:
        show.message(f"sheets, results.jsonl and summary.csv are in {output}")
    return desk.exit_code(results)


def demo(assignment: Assignment, output: Path, *, debug: bool = False) -> int:
    """Grade the bundled class; the exit code tells whether the tour worked, not whether the class was right."""
    code = run(assignment, [desk.demo_class()], output, brief=True, debug=debug)
    sheet = output / "solutions.pdf"
    sheet.write_bytes(desk.solve(assignment, "pdf"))
    sys.stderr.flush()
    print(f"\nsolutions: {sheet}\nsheets:    {output}{os.sep} (a PDF for each student)")
    return 4 if code == 4 else 0


def _grade(
    assignment: Assignment, files: Sequence[Path], output: Path | None, mode: Mode, *, brief: bool, debug: bool
) -> list[desk.Graded | desk.Unread]:
    bench = desk.bench_of(assignment)
    folder: Folder | None = None
    if output is not None:
        try:
            folder = Folder(output, assignment)
        except OSError as error:
            raise UsageError(f"'{output}' cannot be written: {error.strerror or error}") from None
    results: list[desk.Graded | desk.Unread] = []
    for path in show.progress(files):
        for result in desk.grade(assignment, [path], by_line=mode == "jsonl", bench=bench, debug=debug):
            results.append(result)
            if isinstance(result, desk.Unread):
                show.message(f"backprove: {result.message}")
                continue
            for problem in result.submission.problems:
                show.message(f"{result.submission.source} ({result.student}): {problem}")
            for fault in result.faults:
                show.message(f"backprove: {result.submission.source} ({result.student}): internal error: {fault}")
            if mode == "jsonl":
                for part in result.parts():
                    print(to_json(part))
            elif mode == "text":
                show.report(result, only_losses=brief)
            sys.stdout.flush()
            if folder is not None:
                folder.add(result, bench.solutions())
    if folder is not None:
        folder.finish(results)
    return results
