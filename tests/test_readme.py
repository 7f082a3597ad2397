"""What README.md and docs/ show is run: every `$ backprove ...` in a console block, and the Python block.

A block with `title=FILE` is that file. `$ echo $?` after a command states its exit code, otherwise it is 0. In the output
`...` stands for anything, also for whole lines.
"""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from backprove.cli import run

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
# A fence of any length, because an assignment has fences of its own.
FENCE = re.compile(r"^(?P<fence>`{3,})(?P<info>[^\n`]*)\n(?P<body>.*?)^(?P=fence)$", re.M | re.S)


def blocks(page):
    return [(found["info"].strip(), found["body"]) for found in FENCE.finditer(page.read_text(encoding="utf-8"))]


def commands(body):
    """The commands of a console block, each with the output shown and its exit code."""
    found: list[tuple[str, str, int]] = []
    lines = body.splitlines()
    while lines:
        line = lines.pop(0)
        assert line.startswith("$ "), line
        shown = []
        while lines and not lines[0].startswith("$ "):
            shown.append(lines.pop(0))
        if line == "$ echo $?":
            command, output, _ = found.pop()
            found.append((command, output, int(shown[0])))
        else:
            found.append((line[2:], "\n".join(shown), 0))
    return found


def matches(shown, printed):
    """Whether the output is as shown: lines with `...` in them match anything there."""
    if not shown:
        return True
    pattern = r"\s*".join(".*?".join(re.escape(part) for part in line.split("...")) for line in shown.splitlines())
    return re.fullmatch(pattern, printed.strip(), re.S) is not None


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_is_shown_is_what_happens(page, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for info, body in blocks(page):
        if title := re.search(r"title=(\S+)", info):
            (tmp_path / title[1]).write_text(body, encoding="utf-8")
        if not info.startswith("console"):
            continue
        for command, shown, code in commands(body):
            program, *arguments = shlex.split(command)
            assert program == "backprove", command
            capsys.readouterr()
            exit_code = run(arguments)
            told = capsys.readouterr()
            assert exit_code == code, f"{command}\n{told.out}{told.err}"
            assert matches(shown, told.out), f"{command}\nshown:\n{shown}\nprinted:\n{told.out}"


def test_the_python_block_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ran = 0
    for info, body in blocks(ROOT / "README.md"):
        if title := re.search(r"title=(\S+)", info):
            (tmp_path / title[1]).write_text(body, encoding="utf-8")
        elif info == "python":
            exec(compile(body, "README.md", "exec"), {})  # noqa: S102  # our own page
            ran += 1
    assert ran == 1


def test_every_command_is_in_the_readme():
    import typer.main

    from backprove.cli import app

    text = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = {
        command.split()[1]
        for info, body in blocks(ROOT / "README.md")
        if info == "console"
        for command, *_ in commands(body)
    }
    assert shown == {name for name, command in typer.main.get_command(app).commands.items() if not command.hidden}
    assert all(f"`{code}`" in text or f"| {code} |" in text for code in range(5))


@pytest.mark.parametrize(
    ("shown", "printed", "same"),
    [("a\n...\nb", "a\nx\ny\nb", True), ("a\n...\nb", "a\nb", True), ("a ... c", "a b c\nd", False), ("", "x", True)],
)
def test_dots_stand_for_anything(shown, printed, same):
    assert matches(shown, printed) is same


def test_links_lead_somewhere():
    for page in PAGES:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_every_file_is_in_the_picture():
    """docs/architecture.md names each file of each room, and none that is gone."""
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    rooms = ("notation", "derivations", "reference_impl", "checkers", "reports", "backprove")
    there = {path.name for room in rooms for path in (ROOT / room).glob("*.py") if not path.name.startswith("__")}
    named = set(re.findall(r"`(\w+\.py)`", text))
    assert sorted(there - named) == []
    assert sorted(named - there) == []


def test_every_kind_of_answer_and_its_fields_are_documented():
    from checkers.kinds import KINDS

    text = (ROOT / "docs" / "assignments.md").read_text(encoding="utf-8")
    for name, kind in KINDS.items():
        assert f"\n### {name}\n" in text
        part = text[text.index(f"\n### {name}\n") + 1 :].partition("\n### ")[0]
        for field, info in kind.model_fields.items():
            shown = info.alias or field
            assert field in ("kind", "model") or f"`{shown}" in part, f"{name}: {shown}"
