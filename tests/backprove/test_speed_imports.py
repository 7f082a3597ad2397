"""What each command may import: an open door costs nothing, and a second look at an answer needs neither torch nor SymPy."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time

import pytest

# The list of loaded modules is the last line on stdout, after what the command itself prints there.
PROBE = (
    "import sys\nfrom backprove.cli import run\ncode = run(sys.argv[1:])\nprint()\nprint(code, *sorted(sys.modules))\n"
)
ANSWERS = {
    "4a": "dL/dh_t * o_t * (1 - tanh(c_t)^2) + dL/dc_{t+1} * f_{t+1}",
    "4a-hT": r"W_V^\top (\hat y - y)",
    "3c": "72",
    "1b-ii": "(0.604, 0, 0)",
    "1a-i": "forget gate",
    "5-shape": "199 x 199 x 3 and 199 x 199 x 10",
}
CONVOLUTION = {
    "1.1a": "5 x 2",
    "1.1b": "F x (floor((H+2P-D(K-1)-1)/S)+1) x (floor((W+2P-D(K-1)-1)/S)+1)",
    "1.1c-iii": "W_{1,k,n-2(r-1)} if 1 <= n-2(r-1) <= 3, 0 otherwise",
    "1.3.4-loss": "ln 4",
}


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """A cache of its own, so that the first command is a cold one."""
    return {**os.environ, "BACKPROVE_CACHE": str(tmp_path_factory.mktemp("cache"))}


def loaded(arguments, environment):
    done = subprocess.run(
        [sys.executable, "-c", PROBE, *arguments], env=environment, capture_output=True, text=True, check=True
    )
    code, *modules = done.stdout.splitlines()[-1].split()
    return int(code), set(modules)


@pytest.fixture(scope="module")
def answers(tmp_path_factory, environment):
    """One answer to each kind of question, graded once."""
    path = tmp_path_factory.mktemp("answers") / "answers.jsonl"
    path.write_text("\n".join(json.dumps({"question": q, "answer": a}) for q, a in ANSWERS.items()), encoding="utf-8")
    code, modules = loaded(["grade", "iitkgp-ct3", str(path), "--jsonl"], environment)
    assert code == 0
    assert "torch" in modules  # cold: the Worlds were executed
    return path


@pytest.mark.parametrize("arguments", [["--help"], ["grade", "--help"], ["--version"]])
def test_the_door_is_light(arguments, environment):
    code, modules = loaded(arguments, environment)
    assert code == 0
    assert not modules & {"sympy", "torch", "numpy", "yaml", "rich", "typst", "jinja2"}


def test_a_second_grade_imports_neither_torch_nor_sympy(answers, environment):
    code, modules = loaded(["grade", "iitkgp-ct3", str(answers), "--jsonl"], environment)
    assert code == 0
    assert not modules & {"torch", "sympy", "typst", "jinja2"}


def test_a_second_grade_of_index_formulas_imports_neither(environment, tmp_path):
    path = tmp_path / "answers.jsonl"
    path.write_text(
        "\n".join(json.dumps({"question": q, "answer": a}) for q, a in CONVOLUTION.items()), encoding="utf-8"
    )
    for first in (True, False):
        code, modules = loaded(["grade", "nyu-hw2", str(path), "--jsonl"], environment)
        assert code == 0
        assert bool(modules & {"torch", "sympy"}) == first


def test_a_second_sheet_imports_neither_torch_nor_sympy(answers, environment, tmp_path):
    loaded(["solve", "iitkgp-ct3", "-o", str(tmp_path / "first.pdf")], environment)
    code, modules = loaded(["solve", "iitkgp-ct3", "-o", str(tmp_path / "second.pdf")], environment)
    assert code == 0
    assert not modules & {"torch", "sympy"}


@pytest.mark.parametrize("command", [["list"], ["template", "iitkgp-ct3"]])
def test_listing_and_forms_need_no_engine(command, environment):
    code, modules = loaded(command, environment)
    assert code == 0
    assert not modules & {"torch", "sympy"}


def test_a_second_grade_is_quick(answers, environment):
    command = [sys.executable, "-m", "backprove", "grade", "iitkgp-ct3", str(answers), "--jsonl"]

    def seconds(command):
        start = time.perf_counter()
        subprocess.run(command, env=environment, check=True, capture_output=True)
        return time.perf_counter() - start

    # Beside `import numpy` in the same minute, because a loaded machine is slow at everything: measured 5 times that.
    unit = min(seconds([sys.executable, "-c", "import numpy"]) for _ in range(3))
    assert min(seconds(command) for _ in range(3)) < max(1.0, 12 * unit)
