"""No text from an assignment or a submission is ever run: the calls that could do it do not occur."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("assignments", "backprove", "checkers", "derivations", "notation", "reference_impl", "reports")
FILES = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))
# Whatever runs or unpickles text. `compile` and `__import__` are listed for completeness' sake; `re.compile` is harmless.
CALLS = {
    "eval",
    "exec",
    "sympify",
    "parse_expr",
    "parse_latex",
    "lambdify",
    "S",
    "compile",
    "__import__",
    "literal_eval",
    "numexpr",
    "execfile",
    "exec_module",
}
MODULES = {"pickle", "cPickle", "dill", "cloudpickle", "marshal", "shelve", "joblib", "jsonpickle", "codeop"}
ATTRIBUTES = {
    "eval",
    "exec",
    "sympify",
    "parse_expr",
    "parse_latex",
    "lambdify",
    "system",
    "popen",
    "unsafe_load",
    "full_load",
    "load_all",
    "loads_unsafe",
}


def offences(tree: ast.AST, *, pickling: bool = True) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            function = node.func
            if isinstance(function, ast.Name) and function.id in CALLS and not _harmless(node):
                yield node.lineno, function.id
            if isinstance(function, ast.Attribute):
                if function.attr in ATTRIBUTES:
                    yield node.lineno, function.attr
                if (
                    function.attr == "load"
                    and isinstance(function.value, ast.Name)
                    and function.value.id in {"yaml", "torch"}
                ):
                    yield node.lineno, f"{function.value.id}.load"
                if any(k.arg == "shell" and not _is_false(k.value) for k in node.keywords):
                    yield node.lineno, "shell=True"
                if any(k.arg == "allow_pickle" and not _is_false(k.value) for k in node.keywords):
                    yield node.lineno, "allow_pickle=True"
        if pickling and isinstance(node, ast.Import):
            yield from ((node.lineno, a.name) for a in node.names if a.name.split(".")[0] in MODULES)
        if isinstance(node, ast.ImportFrom):
            if pickling and (node.module or "").split(".")[0] in MODULES:
                yield node.lineno, node.module or ""
            if (node.module or "").startswith("sympy"):
                yield from ((node.lineno, a.name) for a in node.names if a.name in CALLS)


def _is_false(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is False


def _harmless(node: ast.Call) -> bool:
    """A call with constants only says nothing that a student wrote."""
    return all(isinstance(a, ast.Constant) and not isinstance(a.value, str) for a in node.args) and bool(node.args)


def test_there_are_files_to_look_at() -> None:
    assert len(FILES) > 50
    assert {path.relative_to(ROOT).parts[0] for path in FILES} >= set(ROOMS) - {"assignments"}


@pytest.mark.parametrize("path", FILES, ids=[str(path.relative_to(ROOT)) for path in FILES])
def test_nothing_runs_text(path: Path) -> None:
    assert list(offences(ast.parse(path.read_text(encoding="utf-8")))) == []


@pytest.mark.parametrize(
    "text",
    ["eval(x)", "exec(x)", "sympy.sympify(x)", "sp.parse_expr(x)", "import pickle", "from pickle import loads", "np.load(f, allow_pickle=True)",
     "subprocess.run(c, shell=True)", "yaml.load(f)", "torch.load(f)", "os.system(c)", "from sympy import sympify", "builtins.eval(x)", "sp.lambdify(x, y)"],
)  # fmt: skip
def test_the_search_finds_what_it_looks_for(text: str) -> None:
    assert list(offences(ast.parse(text)))


@pytest.mark.parametrize(
    "text",
    [
        "re.compile(x)",
        "np.load(f, allow_pickle=False)",
        "yaml.safe_load(f)",
        "evaluate(x)",
        "model.eval_count",
        "subprocess.run(c)",
    ],
)
def test_the_search_leaves_harmless_calls_alone(text: str) -> None:
    assert list(offences(ast.parse(text))) == []


def test_only_the_reference_implementation_imports_torch() -> None:
    found = set()
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = (
                [a.name for a in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
                if isinstance(node, ast.ImportFrom)
                else []
            )
            if any(n.split(".")[0] == "torch" for n in names):
                found.add(path.relative_to(ROOT).parts[0])
    assert found == {"reference_impl"}
