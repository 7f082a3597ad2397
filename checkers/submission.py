"""Reading what a student handed in: Markdown, LaTeX, a notebook, YAML, a form's CSV export, or JSON lines.

    read_submission(path, ids) -> (Submission, ...)

`ids` are the questions of the assignment; headings are matched to them tolerantly. A file that cannot be read at all
is a `SubmissionError` with one message; everything less is a remark in `Submission.problems`, and the rest counts.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from checkers.errors import SubmissionError, UsageError
from checkers.submissions.data import read_json_lines, read_yaml_submission
from checkers.submissions.headings import QuestionIds
from checkers.submissions.latex import read_latex
from checkers.submissions.markdown import read_markdown
from checkers.submissions.notebook import read_notebook
from checkers.submissions.record import MAX_LINES, Answer, Submission, Unknown
from checkers.submissions.table import read_csv

__all__ = ["FORMATS", "MAX_BYTES", "Answer", "Submission", "Unknown", "read_submission", "submission_files"]

# Hundreds of answers typed by hand are some 100 kB; a class in one CSV or JSONL file stays below this as well.
MAX_BYTES = 2_000_000
FORMATS = (".csv", ".ipynb", ".jsonl", ".markdown", ".md", ".tex", ".txt", ".yaml", ".yml")

_MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
_BINARY = {
    b"%PDF": "a PDF",
    b"PK\x03\x04": "a zip archive or an office document",
    b"\x89PNG": "an image",
    b"\xff\xd8\xff": "an image",
}
_TEXT_CONTROLS = frozenset("\t\n\r\f\x1b")


def read_submission(path: str | Path, ids: Iterable[str]) -> tuple[Submission, ...]:
    """The submissions in one file: one for most formats, one per row of CSV, one per line of JSONL."""
    source = Path(path)
    questions = QuestionIds(ids)
    suffix = source.suffix.lower()
    if suffix not in FORMATS:
        known = ", ".join(FORMATS)
        raise SubmissionError(
            f"'{source.suffix}' files are not read" if suffix else "a file without an ending",
            file=source,
            hint=f"known endings: {known}",
        )
    text, remark = _text(source)
    found: tuple[Submission, ...]
    if suffix == ".csv":
        found = read_csv(text, source, questions)
    elif suffix == ".jsonl":
        found = read_json_lines(text, source, questions)
    elif suffix == ".ipynb":
        found = (read_notebook(text, source, questions),)
    elif suffix in (".yaml", ".yml"):
        found = (read_yaml_submission(text, source, questions),)
    elif suffix == ".tex":
        found = (read_latex(text, source, questions),)
    else:
        found = (read_markdown(text, source, questions),)
    if remark:
        found = (replace(found[0], problems=(remark, *found[0].problems)), *found[1:])
    return found


def submission_files(paths: Iterable[str | Path]) -> tuple[list[Path], list[Path]]:
    """The files that arguments mean, folders searched through, and the files in folders that were passed over.

    Links inside folders are not followed: an unpacked archive may point anywhere.
    """
    files: list[Path] = []
    passed: list[Path] = []
    for argument in paths:
        path = Path(argument)
        if not path.is_dir():
            files.append(path)
            continue
        for inside in sorted(path.rglob("*")):
            if (
                inside.is_symlink()
                or not inside.is_file()
                or any(p.startswith(".") for p in inside.relative_to(path).parts)
            ):
                continue
            (files if inside.suffix.lower() in FORMATS else passed).append(inside)
    return files, passed


def _text(source: Path) -> tuple[str, str]:
    """The text of a file, and a remark where its encoding had to be guessed."""
    try:
        if source.is_dir():
            raise SubmissionError("a folder, where a file is expected", file=source)
        if source.stat().st_size > MAX_BYTES:
            raise SubmissionError(
                f"larger than {MAX_BYTES:,} bytes", file=source, hint="hand in text, without images or outputs"
            )
        content = source.read_bytes()
    except FileNotFoundError:
        raise UsageError(f"there is no file '{source}'") from None
    except OSError as error:
        raise SubmissionError(f"cannot be opened: {error.strerror or error}", file=source) from None
    if not content.strip():
        raise SubmissionError("the file is empty", file=source)
    for start, name in _BINARY.items():
        if content.startswith(start):
            raise SubmissionError(
                f"{name}, whatever its ending says", file=source, hint="hand in the text it was made from"
            )
    text, remark = _decoded(content, source)
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if any(character < " " and character not in _TEXT_CONTROLS for character in text):
        raise SubmissionError("not a text file: it holds control characters", file=source)
    if not text.strip():
        raise SubmissionError("the file is empty", file=source)
    if text.count("\n") > MAX_LINES:
        raise SubmissionError(f"more than {MAX_LINES:,} lines", file=source)
    return text, remark


def _decoded(content: bytes, source: Path) -> tuple[str, str]:
    encoding = next((name for mark, name in _MARKS.items() if content.startswith(mark)), "utf-8")
    try:
        return content.decode(encoding), ""
    except UnicodeDecodeError as error:
        if encoding != "utf-8":
            raise SubmissionError(f"not {encoding} text, although it begins like it", file=source) from None
        line = content.count(b"\n", 0, error.start) + 1
    # Windows' own table first; the five bytes it leaves open are what Latin-1 then takes.
    try:
        text = content.decode("cp1252")
    except UnicodeDecodeError:
        text = content.decode("latin-1")
    return text, f"the file is not UTF-8 (line {line}): it was read as Latin-1, so check accents and symbols"
