"""backprove: state the forward equations once; get the derivation, the proof, the answer sheet and the grader.

This is the front door. Everything public is listed in `__all__` and loaded on first use, so importing it costs nothing.

>>> import backprove
>>> backprove.load_assignment("iitkgp-ct3").question("4a").marks  # doctest: +SKIP
Fraction(5, 1)
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from backprove.desk import Graded, Unread, check, derive, equal, grade, solve, template
    from checkers.assignment import Assignment, json_schema, load_assignment
    from checkers.errors import AuthorError, BackproveError, SubmissionError, UsageError
    from checkers.solution import Solution
    from checkers.submission import Submission, read_submission
    from checkers.verdict import Verdict

__all__ = [
    "Assignment",
    "AuthorError",
    "BackproveError",
    "Graded",
    "Solution",
    "Submission",
    "SubmissionError",
    "Unread",
    "UsageError",
    "Verdict",
    "__version__",
    "check",
    "derive",
    "equal",
    "grade",
    "json_schema",
    "load_assignment",
    "read_submission",
    "solve",
    "template",
]

__version__ = "0.1.0"

_HOMES = {
    "backprove.desk": ("Graded", "Unread", "check", "derive", "equal", "grade", "solve", "template"),
    "checkers.assignment": ("Assignment", "json_schema", "load_assignment"),
    "checkers.errors": ("AuthorError", "BackproveError", "SubmissionError", "UsageError"),
    "checkers.solution": ("Solution",),
    "checkers.submission": ("Submission", "read_submission"),
    "checkers.verdict": ("Verdict",),
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> object:
    """Load a public name from its room on first use (PEP 562)."""
    if name not in _HOME_OF:
        raise AttributeError(f"module 'backprove' has no attribute '{name}'")
    value: object = getattr(importlib.import_module(_HOME_OF[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
