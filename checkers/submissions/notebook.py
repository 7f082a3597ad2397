"""Jupyter notebooks: visible Markdown headings name the questions, the cells below them hold the answers.

Outputs and hidden metadata are not read. The cells become one Markdown text, code in fences, read as any other.
"""

from __future__ import annotations

import json
import warnings
from pathlib import Path

from checkers.errors import SubmissionError
from checkers.submissions.headings import QuestionIds
from checkers.submissions.markdown import read_markdown
from checkers.submissions.record import Gathering, Submission


def read_notebook(text: str, source: Path, ids: QuestionIds) -> Submission:
    """The submission in a notebook; the place of an answer is the number of its cell."""
    lines: list[str] = []
    cells: list[int] = []
    for number, (kind, content) in enumerate(_cells(text, source), start=1):
        block = content.split("\n")
        if kind == "code":
            if not content.strip():
                continue
            fence = "`" * (longest_run(content, "`") + 3)
            block = [fence, *block, fence]
        elif kind != "markdown":
            continue
        block.append("")
        lines += block
        cells += [number] * len(block)
    return read_markdown("\n".join(lines), source, ids, _CellGathering(cells))


class _CellGathering(Gathering):
    """Notes cells where the Markdown reader speaks of lines."""

    def __init__(self, cells: list[int]) -> None:
        super().__init__(place="cell")
        self.cells = cells

    def add(self, question: str, text: str, line: int) -> None:
        Gathering.add(self, question, text, self.cells[line - 1])

    def add_unknown(self, heading: str, text: str, line: int, suggestion: str) -> None:
        Gathering.add_unknown(self, heading, text, self.cells[line - 1], suggestion)


def _cells(text: str, source: Path) -> list[tuple[str, str]]:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        line = getattr(error, "lineno", None)
        raise SubmissionError(
            "a broken notebook: its file is not JSON", file=source, line=line, hint="save it again"
        ) from None
    if not isinstance(data, dict) or not ("cells" in data or "worksheets" in data):
        raise SubmissionError("JSON, but not a notebook: it has no cells", file=source)
    import nbformat  # here, because it takes a third of a second and only notebooks need it

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # old notebooks lack cell ids, which matters to no answer
            notebook = nbformat.reads(text, as_version=4)  # type: ignore[no-untyped-call]
        return [(str(cell.cell_type), "".join(cell.source)) for cell in notebook.cells]
    except (nbformat.ValidationError, AttributeError, KeyError, TypeError, ValueError) as error:
        what = str(error).split("\n", maxsplit=1)[0]
        raise SubmissionError(
            f"a broken notebook: {what}", file=source, hint="open it in Jupyter and save it again"
        ) from None


def longest_run(text: str, character: str) -> int:
    """The length of the longest run of one character.

    >>> longest_run("a``b`", "`")
    2
    """
    longest = run = 0
    for current in text:
        run = run + 1 if current == character else 0
        longest = max(longest, run)
    return longest
