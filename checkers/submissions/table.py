"""A form's export as CSV: a row per student, a column per question."""

from __future__ import annotations

import csv
import io
from collections import Counter
from pathlib import Path

from checkers.errors import SubmissionError
from checkers.submissions.headings import QuestionIds
from checkers.submissions.record import Gathering, Submission, shortened

MAX_COLUMNS = 500  # no exam has as many questions
_NAME_COLUMNS = (
    "student",
    "student name",
    "full name",
    "name",
    "username",
    "email",
    "email address",
    "student id",
    "id",
)
# Columns that forms add by themselves and nobody answered.
_OTHER_COLUMNS = frozenset(
    ("timestamp", "score", "total score", "start time", "completion time", "submitted", "date", "group", "section")
)


def read_csv(text: str, source: Path, ids: QuestionIds) -> tuple[Submission, ...]:
    """One submission per row. Columns that are neither a student's name nor a question are named in a remark."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    rows: list[tuple[int, list[str]]] = []
    line = 1
    try:
        for row in reader:
            rows.append((line, row))
            line = reader.line_num + 1
    except csv.Error as error:
        raise SubmissionError(f"not CSV: {error}", file=source, line=line, hint="export the form again") from None
    rows = [(line, row) for line, row in rows if any(cell.strip() for cell in row)]
    if not rows:
        raise SubmissionError("the table is empty", file=source)
    if len(rows[0][1]) > MAX_COLUMNS:
        raise SubmissionError(f"more than {MAX_COLUMNS} columns", file=source)
    header = [" ".join(cell.split()) for cell in rows[0][1]]
    names = sorted(
        (_NAME_COLUMNS.index(title.lower()), column)
        for column, title in enumerate(header)
        if title.lower() in _NAME_COLUMNS
    )
    questions, remarks = _columns(header, ids, {column for _, column in names})
    if not questions:
        known = ", ".join(ids.ids[:4])
        raise SubmissionError("no column is headed by a question", file=source, line=1, hint=f"such as {known}")
    found = []
    for number, (line, row) in enumerate(rows[1:], start=1):
        gathered = Gathering(problems=remarks if number == 1 else [])
        if len(row) > len(header):
            gathered.problems.append(
                f"line {line} has {len(row)} cells, the header {len(header)}: the last were left out"
            )
        for column, question in questions:
            if column < len(row):
                gathered.add(question, row[column], line)
        student = next((row[column].strip() for _, column in names if column < len(row) and row[column].strip()), "")
        found.append(gathered.submission(student or f"row {number}", source))
    if not found:
        raise SubmissionError("the table has a header and no rows", file=source)
    return _told_apart(found)


def _columns(header: list[str], ids: QuestionIds, taken: set[int]) -> tuple[list[tuple[int, str]], list[str]]:
    questions: list[tuple[int, str]] = []
    remarks: list[str] = []
    for column, title in enumerate(header):
        if column in taken or not title:
            continue
        found = ids.leading(title)
        if found is not None:
            questions.append((column, found.id))
        elif title.lower() not in _OTHER_COLUMNS:
            hint = ids.suggestion(title)
            remarks.append(
                f"the column '{shortened(title)}' is no question of this assignment{'; ' + hint if hint else ''}"
            )
    return questions, remarks


def _delimiter(text: str) -> str:
    """Spreadsheets in half of the world write semicolons; the header tells."""
    first = next((line for line in text.split("\n") if line.strip()), "")
    return max(",;\t", key=first.count)


def _told_apart(submissions: list[Submission]) -> tuple[Submission, ...]:
    """A remark on the later of two rows of one name: both are graded."""
    count: Counter[str] = Counter()
    result = []
    for submission in submissions:
        count[submission.student] += 1
        if count[submission.student] > 1:
            note = f"'{submission.student}' has more than one row: each is graded by itself"
            gathered = Gathering(dict(submission.answers), [*submission.problems, note], list(submission.unknown))
            submission = gathered.submission(submission.student, submission.source)
        result.append(submission)
    return tuple(result)
