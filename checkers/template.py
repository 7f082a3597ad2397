"""Blank forms of an assignment, in every format that a single student hands in; filled in, they read back.

    blank(assignment, "md") -> str

Prompts stand in comments: what a student leaves untouched is then no answer.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from fractions import Fraction

from checkers.assignment import Assignment, Question
from checkers.errors import UsageError, did_you_mean
from checkers.submissions.notebook import longest_run

FORMATS = ("ipynb", "md", "tex", "yaml")


def blank(assignment: Assignment, fmt: str = "md") -> str:
    """The blank form of an assignment as `md`, `tex`, `ipynb` or `yaml`."""
    return filled(assignment, fmt, {})


def filled(assignment: Assignment, fmt: str, answers: Mapping[str, str], student: str = "") -> str:
    """The form with answers by question id written into it, so that `read_submission` gives the same answers back.

    LaTeX is the exception for what LaTeX itself cannot hold: comments, and braces without a partner.
    """
    writers = {"ipynb": _ipynb, "md": _md, "tex": _tex, "yaml": _yaml}
    if fmt not in writers:
        raise UsageError(f"there is no template format '{fmt}'", hint=did_you_mean(fmt, FORMATS))
    for id in answers:
        assignment.question(id)
    return writers[fmt](assignment, answers, student)


def marks_in_words(marks: Fraction) -> str:
    """Marks as the headings write them.

    >>> marks_in_words(Fraction(3, 2)), marks_in_words(Fraction(1, 2)), marks_in_words(Fraction(1))
    ('1 1/2 marks', '1/2 mark', '1 mark')
    """
    whole, part = divmod(marks, 1)
    words = " ".join(str(piece) for piece in (whole, part) if piece) or "0"
    return f"{words} mark{'' if 0 < marks <= 1 else 's'}"


def _heading(question: Question) -> str:
    title = f": {question.title}" if question.title else ""
    return f"{question.id} ({marks_in_words(question.marks)}){title}"


def _comment(text: str) -> str:
    return "<!--\n" + text.replace("-->", "-- >") + "\n-->"


def _fenced(text: str) -> str:
    """Markdown that keeps a text literal, whatever lines of it look like."""
    fence = "`" * max(3, longest_run(text, "`") + 1)
    return f"{fence}\n{text}\n{fence}"


def _md(assignment: Assignment, answers: Mapping[str, str], student: str) -> str:
    name = json.dumps(student, ensure_ascii=False) if student else ""
    parts = [
        f"---\nstudent: {name}\n---",
        _comment(
            f"{assignment.title}\n\nWrite your name after 'student:' and each answer below its heading. Formulas may be"
            "\nLaTeX, Unicode or plain text. What stands in comments like this one is not read."
        ),
    ]
    for question in assignment.questions:
        answer = answers.get(question.id, "")
        parts += [f"## {_heading(question)}", _comment(question.prompt), _fenced(answer) if answer else ""]
    return "\n\n".join(parts).rstrip("\n") + "\n\n"


def _tex(assignment: Assignment, answers: Mapping[str, str], student: str) -> str:
    lines = [
        f"% {assignment.title}",
        "% Write your name into \\student{} and each answer between the braces of its \\answer. Comments are not read.",
        "\\documentclass{article}",
        "\\usepackage[utf8]{inputenc}",
        "\\usepackage{amsmath,amssymb}",
        "\\newcommand{\\student}[1]{\\author{#1}}",
        "\\newcommand{\\answer}[2]{#2\\par}",
        "\\begin{document}",
        f"\\student{{{student}}}",
        "",
    ]
    for question in assignment.questions:
        heading = re.sub(r"(?<!\\)([%#&])", r"\\\1", _heading(question))
        lines += [f"\\section*{{{heading}}}"]
        lines += [f"% {line}".rstrip() for line in question.prompt.split("\n")]
        lines += [f"\\answer{{{question.id}}}{{", answers.get(question.id, ""), "}", ""]
    return "\n".join([*lines, "\\end{document}", ""])


def _ipynb(assignment: Assignment, answers: Mapping[str, str], student: str) -> str:
    cells = [
        f"# {assignment.title}\n\nstudent: {student}\n\n"
        + _comment("Write your name after 'student:' and each answer into the cell below its heading.")
    ]
    for question in assignment.questions:
        answer = answers.get(question.id, "")
        cells += [f"## {_heading(question)}\n\n{_comment(question.prompt)}", _fenced(answer) if answer else ""]
    notebook = {
        "cells": [
            # Numbered ids instead of nbformat's random ones: the same assignment gives the same form.
            {"cell_type": "markdown", "id": f"cell-{number}", "metadata": {}, "source": text.splitlines(keepends=True)}
            for number, text in enumerate(cells)
        ],
        "metadata": {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(notebook, ensure_ascii=False, indent=1) + "\n"


def _yaml(assignment: Assignment, answers: Mapping[str, str], student: str) -> str:
    lines = [
        f"# {assignment.title}",
        "# Write your name after 'student:', and each answer on indented lines below its '|-'.",
        f"student: {json.dumps(student, ensure_ascii=False)}",
        "answers:",
    ]
    for question in assignment.questions:
        lines += [f"  # {_heading(question)}", *(f"  # {line}".rstrip() for line in question.prompt.split("\n"))]
        answer = answers.get(question.id, "")
        lines += [f"  {question.id}: |-", *(f"    {line}" if line else "" for line in answer.strip().split("\n")), ""]
    return "\n".join(lines)
