"""The front door: what it exports, and that opening it costs nothing."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

import backprove

# Not pydantic: typer itself loads it, lightly, for some types of arguments.
HEAVY = ("sympy", "torch", "numpy", "yaml", "markdown_it", "nbformat", "jinja2", "typst", "rich")


def test_all_is_sorted_and_true():
    assert backprove.__all__ == sorted(backprove.__all__)
    assert dir(backprove) == backprove.__all__
    for name in backprove.__all__:
        assert getattr(backprove, name) is not None


def test_unknown_name():
    with pytest.raises(AttributeError, match="module 'backprove' has no attribute 'grde'"):
        backprove.grde  # noqa: B018


@pytest.mark.parametrize(
    "code",
    [
        "import backprove",
        "import backprove.cli",
        "import sys; from backprove.cli import run; sys.argv = ['backprove']; assert run(['--help']) == 0",
        "import sys; from backprove.cli import run; assert run(['grade', '--help']) == 0",
    ],
)
def test_starts_light(code):
    check = f"{code}\nimport sys\nheavy = [m for m in {HEAVY!r} if m in sys.modules]\nassert not heavy, heavy"
    subprocess.run([sys.executable, "-c", check], check=True, capture_output=True)


def test_reading_a_submission_needs_neither_sympy_nor_torch():
    code = "import checkers.assignment, checkers.submission, checkers.template, backprove.desk, sys\n"
    subprocess.run([sys.executable, "-c", code + "assert not {'sympy', 'torch'} & set(sys.modules)"], check=True)


def test_help_is_quick():
    best = min(_seconds() for _ in range(5))
    assert best < 0.3  # the promise; measured 0.12 s on a laptop core


def _seconds() -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, "-m", "backprove", "--help"], check=True, capture_output=True)
    return time.perf_counter() - start
