"""The files that a batch leaves behind: results.jsonl, summary.csv, and a sheet per student."""

from __future__ import annotations

import csv
import io
import json
import math
import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from backprove.desk import Graded, Unread
from checkers.verdict import plain

if TYPE_CHECKING:
    from checkers.assignment import Assignment
    from checkers.solution import Solution

# File systems allow 255 bytes; a name of four-byte letters, a number and an ending must fit.
_NAME_LENGTH = 50
_RESERVED = ("results", "solutions", "summary")
_WINDOWS = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.I)


def to_json(data: object, *, indent: int | None = None) -> str:
    """JSON that every reader accepts: a number that is not finite becomes null."""
    return json.dumps(_finite(data), ensure_ascii=False, indent=indent, allow_nan=False)


def _finite(data: object) -> object:
    if isinstance(data, float) and not math.isfinite(data):
        return None
    if isinstance(data, dict):
        return {key: _finite(value) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [_finite(value) for value in data]
    return data


class FileNames:
    """Safe and unique file names for students.

    >>> names = FileNames()
    >>> [names.name(student) for student in ("Ana Díaz", "ana díaz", "../../etc/passwd", "")]
    ['Ana-Díaz', 'ana-díaz-2', 'etc-passwd', 'student']
    """

    def __init__(self) -> None:
        self._taken = set(_RESERVED)

    def name(self, student: str) -> str:
        """A name that no earlier student of this batch has, whatever case the file system folds."""
        base = re.sub(r"[^\w.]+|_+", "-", unicodedata.normalize("NFC", student)).strip("-.")[:_NAME_LENGTH].strip("-.")
        base = re.sub(r"\.{2,}", ".", base) or "student"
        if _WINDOWS.match(base):
            base = f"student-{base}"
        name, number = base, 1
        while name.casefold() in self._taken:
            number += 1
            name = f"{base}-{number}"
        self._taken.add(name.casefold())
        return name


def safe_cell(value: object) -> object:
    """A cell that no spreadsheet takes for a formula.

    >>> safe_cell("=1+1"), safe_cell(-2), safe_cell("Ana")
    ("'=1+1", -2, 'Ana')
    """
    if (isinstance(value, str) and value.lstrip()[:1] in ("=", "+", "-", "@")) or str(value)[:1] in ("\t", "\r"):
        return f"'{value}" if isinstance(value, str) else value
    return value


def summary(assignment: Assignment, results: Sequence[Graded | Unread]) -> str:
    """The gradebook as CSV: a row per submission, a column per question."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    ids = assignment.ids
    writer.writerow([safe_cell(cell) for cell in ("student", "source", *ids, "total", "out_of", "waiting", "remarks")])
    for result in results:
        if isinstance(result, Unread):
            row: list[object] = ["", str(result.source), *("" for _ in ids), "", "", "", result.message]
        else:
            marks = {verdict.question: plain(verdict.marks) for verdict in result.verdicts}
            remarks = "; ".join(result.submission.problems)
            numbers = (plain(result.total), plain(result.out_of), plain(result.waiting))
            row = [result.student, str(result.submission.source), *(marks.get(id, "") for id in ids), *numbers, remarks]
        writer.writerow([safe_cell(cell) for cell in row])
    return out.getvalue()


class Folder:
    """Writes a batch into one folder while it is graded."""

    def __init__(self, path: Path, assignment: Assignment) -> None:
        self.path = path
        self.assignment = assignment
        self.names = FileNames()
        path.mkdir(parents=True, exist_ok=True)
        (path / "results.jsonl").write_text("", encoding="utf-8")

    def add(self, graded: Graded, solutions: tuple[Solution, ...]) -> list[Path]:
        """Write one submission's lines and sheets; returns the sheets."""
        from reports.render import graded_sheet

        # The record comes first and is complete even if a sheet cannot be made.
        with (self.path / "results.jsonl").open("a", encoding="utf-8") as record:
            record.writelines(to_json(part) + "\n" for part in graded.parts())
        stem = self.names.name(graded.student)
        written = []
        for fmt in ("json", "tex", "pdf"):
            path = self.path / f"{stem}.{fmt}"
            if fmt == "json":
                path.write_text(to_json(graded.to_dict(), indent=1) + "\n", encoding="utf-8")
            else:
                path.write_bytes(graded_sheet(self.assignment, graded.verdicts, solutions, graded.student, fmt))
            written.append(path)
        return written

    def finish(self, results: Sequence[Graded | Unread]) -> Path:
        """Write the gradebook."""
        path = self.path / "summary.csv"
        # With a byte-order mark, because spreadsheets read UTF-8 only then.
        path.write_text(summary(self.assignment, results), encoding="utf-8-sig", newline="")
        return path
