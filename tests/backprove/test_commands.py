"""Every command: what it prints where, and the code it exits with."""

from __future__ import annotations

import csv
import io
import json
import sys

import pytest

from backprove import desk
from backprove.cli import run

RIGHT = "## 1a-i\nx\n## 4a\nx\n## 4a-hT\nx\n## 5-mult\nx\n"


def submission(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return str(path)


@pytest.mark.parametrize(
    ("last", "code"),
    [
        ("x", 0),
        ("manual", 0),
        ("wrong", 1),
        ("partial", 1),
        ("", 1),
        ("unreadable", 3),
        ("undecided", 3),
        ("crash", 4),
    ],
)
def test_grade_exit_codes(fakes, tmp_path, capsys, last, code):
    path = submission(tmp_path, "ana.md", RIGHT[: RIGHT.rindex("x")] + last)
    assert run(["grade", "exam", path]) == code
    shown = capsys.readouterr()
    assert "5-mult" in shown.out
    if code == 4:
        assert "internal error: 5-mult: ZeroDivisionError: a bug" in shown.err
        assert "undecided" in shown.out


def test_wrong_beats_unreadable(fakes, tmp_path):
    path = submission(tmp_path, "ana.md", RIGHT.replace("x", "unreadable", 1).replace("x", "wrong", 1))
    assert run(["grade", "exam", path]) == 1


def test_grade_prints_reasons_on_stdout_and_the_table_on_stderr(fakes, tmp_path, capsys):
    path = submission(tmp_path, "ana.md", "Name: Ana\n## 4a\nwrong\n## 5-mult\nmanual\n## 9z\nlost")
    run(["grade", "exam", path])
    shown = capsys.readouterr()
    lines = shown.out.split("\n")
    assert lines[0] == f"Ana  0/7, 1.5 waiting for a person  ({path})"
    assert lines[1] == "  1a-i    missing     0/0.5   There is no answer to this question."
    assert lines[2:4] == ["  4a      wrong       0/5     It is wrong.", "                              you used f_t"]
    assert "'9z' (line 6) is no question of this assignment" in shown.err
    assert "waiting" in shown.err
    assert "Ana" in shown.err


def test_grade_json_is_one_document(fakes, tmp_path, capsys):
    paths = [submission(tmp_path, "a.md", "## 4a\nwrong"), submission(tmp_path, "b.md", RIGHT)]
    assert run(["grade", "exam", *paths, "--json"]) == 1
    first, second = json.loads(capsys.readouterr().out)
    assert (first["student"], first["source"], first["total"], first["out_of"]) == ("a", paths[0], 0, 7)
    assert second["total"] == 7
    part = first["parts"][1]
    assert part == {
        "student": "a", "question": "4a", "answer": "wrong", "verdict": "wrong", "marks": 0, "out_of": 5, "evidence": "proved",
        "witness": {"where": "n=2, seed 1", "expected": "1", "yours": "2", "difference": None},
        "diagnosis": "you used f_t", "message": "It is wrong.",
    }  # fmt: skip


LINES = [
    ('{"id": 1, "question": "4a", "answer": "wrong"}', (1, "4a", "wrong")),
    ('{"id": "b", "question": "4(a)", "answer": "x"}', ("b", "4a", "correct")),
    ("{not json", (None, "", "unreadable")),
    ('{"id": 3, "question": "9z", "answer": "x"}', (3, "9z", "unreadable")),
    ('{"id": 4, "question": "4a", "answer": ""}', (4, "4a", "missing")),
    ('{"id": 5, "answer": "x"}', (5, "", "unreadable")),
    ('{"id": 1, "question": "4a", "answer": "manual"}', (1, "4a", "manual")),
]


def test_jsonl_grades_each_line_on_its_own_in_order(fakes, tmp_path, capsys):
    path = submission(tmp_path, "a.jsonl", "\n".join(line for line, _ in LINES))
    assert run(["grade", "exam", path, "--jsonl"]) == 1
    verdicts = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(v.get("id"), v["question"], v["verdict"]) for v in verdicts] == [expected for _, expected in LINES]
    assert "did you mean" not in verdicts[0]["message"]
    assert "is not JSON" in verdicts[2]["message"]


def test_jsonl_without_the_flag_is_put_together_by_student(fakes, tmp_path, capsys):
    lines = [{"student": s, "question": q, "answer": a} for s, q, a in [("A", "4a", "x"), ("B", "4a", "wrong"), ("A", "5-mult", "x"), ("A", "4a", "partial")]]  # fmt: skip
    path = submission(tmp_path, "a.jsonl", "\n".join(json.dumps(line) for line in lines))
    run(["grade", "exam", path, "--json"])
    shown = capsys.readouterr()
    a, b = json.loads(shown.out)
    assert [(p["question"], p["verdict"]) for p in a["parts"]] == [("1a-i", "missing"), ("4a", "partial"), ("4a-hT", "missing"), ("5-mult", "correct")]  # fmt: skip
    assert b["student"] == "B"
    assert "question 4a is answered twice" in shown.err


def test_other_formats_give_a_line_per_question(fakes, tmp_path, capsys):
    assert run(["grade", "exam", submission(tmp_path, "a.md", RIGHT), "--jsonl"]) == 0
    assert [json.loads(line)["question"] for line in capsys.readouterr().out.splitlines()] == [
        "1a-i",
        "4a",
        "4a-hT",
        "5-mult",
    ]


def test_one_bad_file_does_not_stop_the_others(fakes, tmp_path, capsys):
    bad = [
        submission(tmp_path, "empty.md", ""),
        submission(tmp_path, "broken.ipynb", "{"),
        submission(tmp_path, "binary.tex", b"\x00\x01"),
        submission(tmp_path, "list.yaml", "- a"),
        submission(tmp_path, "word.docx", "x"),
        str(tmp_path / "nowhere.md"),
    ]
    assert run(["grade", "exam", *bad, submission(tmp_path, "good.md", RIGHT)]) == 3
    shown = capsys.readouterr()
    assert shown.out.startswith("good  7/7")
    messages = [line for line in shown.err.splitlines() if line.startswith("backprove: ")]
    assert len(messages) == len(bad)
    assert "Traceback" not in shown.err


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["nowhere.md"], 2, "there is no file 'nowhere.md'"),
        (["nowhere.md", "there.md"], 2, "there is no file 'nowhere.md', nor the 1 others"),
        (["{}/empty"], 2, "there are no submissions in what was given"),
        (["{}/empty.md"], 3, "the file is empty"),
        ([], 2, "Missing argument"),
        (["{}/empty.md", "--json", "--jsonl"], 2, "--json and --jsonl exclude each other"),
        (["{}/empty.md", "-o", "{}/empty.md"], 2, "cannot be written"),
    ],
)
def test_bad_arguments(fakes, tmp_path, capsys, arguments, code, words):
    (tmp_path / "empty").mkdir()
    submission(tmp_path, "empty.md", "")
    assert run(["grade", "exam", *(a.format(tmp_path) for a in arguments)]) == code
    assert words in capsys.readouterr().err


def test_output_folder(fakes, tmp_path, capsys):
    folder = tmp_path / "class"
    folder.mkdir()
    submission(folder, "a.md", "Name: =Ana\n" + RIGHT)
    submission(folder, "b.yaml", "student: '=ana'\nanswers: {4a: wrong}")
    submission(folder, "c.tex", "\\student{../../etc/passwd}\\answer{4a}{manual}")
    submission(folder, "d.md", "")
    submission(folder, "photo.png", "x")
    out = tmp_path / "out" / "deep"
    assert run(["grade", "exam", str(folder), "-o", str(out)]) == 1
    names = sorted(path.name for path in out.iterdir())
    stems = ("Ana", "ana-2", "etc-passwd")
    assert names == sorted(
        ["results.jsonl", "summary.csv", *(f"{stem}.{fmt}" for stem in stems for fmt in ("json", "tex", "pdf"))]
    )
    assert (out / "Ana.pdf").read_bytes() == b"pdf =Ana"
    records = [json.loads(line) for line in (out / "results.jsonl").read_text().splitlines()]
    assert [(r["student"], r["question"]) for r in records][3:6] == [
        ("=Ana", "5-mult"),
        ("=ana", "1a-i"),
        ("=ana", "4a"),
    ]
    rows = list(csv.reader(io.StringIO((out / "summary.csv").read_text(encoding="utf-8-sig"))))
    assert rows[0] == ["student", "source", "1a-i", "4a", "4a-hT", "5-mult", "total", "out_of", "waiting", "remarks"]
    assert rows[1][0] == "'=Ana"
    assert rows[1][2:9] == ["0.5", "5", "0", "1.5", "7", "7", "0"]
    assert rows[3][8] == "5"
    assert rows[4][0] == ""
    assert "the file is empty" in rows[4][-1]
    assert "photo.png: passed over" in capsys.readouterr().err


def test_debug_lets_a_fault_through(fakes, tmp_path, monkeypatch):
    monkeypatch.setenv("BACKPROVE_DEBUG", "1")
    with pytest.raises(ZeroDivisionError):
        run(["grade", "exam", submission(tmp_path, "a.md", "## 4a\ncrash")])


def test_internal_error_is_one_line(fakes, monkeypatch, capsys):
    monkeypatch.setattr(desk, "listing", lambda: 1 / 0)
    assert run(["list"]) == 4
    assert capsys.readouterr().err == (
        "backprove: internal error: ZeroDivisionError: division by zero (BACKPROVE_DEBUG=1 shows where)\n"
    )


def test_demo_writes_sheets_and_says_where(fakes, tmp_path, monkeypatch, exam, capsys):
    monkeypatch.setattr(desk, "DEMO", "exam")
    monkeypatch.setattr(desk, "demo_class", lambda: tmp_path)
    submission(tmp_path, "a.md", "## 4a\nwrong")
    out = tmp_path / "out"
    assert run(["demo", "-o", str(out)]) == 0
    assert (out / "solutions.pdf").read_bytes() == b"pdf sheet of 4"
    assert str(out) in capsys.readouterr().out


def test_check_names_the_questions_that_disagree(fakes, capsys, monkeypatch):
    assert run(["check", "exam"]) == 0
    out = capsys.readouterr().out.splitlines()
    assert out[0].split() == ["question", "road", "agrees", "largest", "error", "tried"]
    assert out[1] == "1a-i      derived against autograd  yes     1.0e-15        8 sizes"
    monkeypatch.setattr(fakes, "disagreeing", "4a")
    assert run(["check", "exam"]) == 1
    shown = capsys.readouterr()
    assert "NO" in shown.out
    assert shown.err == "the roads disagree on: 4a\n"


def test_derive(fakes, capsys):
    assert run(["derive", "exam", "4a"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("4a (5 marks): Gradient")
    assert "  1. a = b\n     because  [b <- a]\n" in out
    assert "derived against autograd: agrees, largest relative error 1.0e-15, 8 sizes" in out
    assert run(["derive", "exam", "4b"]) == 2
    assert "has no question '4b' (expected one of: 1a-i, 4a, 4a-hT, 5-mult)" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "fmt"),
    [([], "pdf"), (["--format", "md"], "md"), (["-o", "s.tex"], "tex"), (["-o", "s.x", "--format", "html"], "html")],
)
def test_solve(fakes, tmp_path, monkeypatch, capfdbinary, arguments, fmt):
    monkeypatch.chdir(tmp_path)
    assert run(["solve", "exam", *arguments]) == 0
    written = [path.read_bytes() for path in tmp_path.iterdir()]
    assert (written or [capfdbinary.readouterr().out]) == [f"{fmt} sheet of 4".encode()]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["-o", "s.doc"], "there is no sheet format 'doc'"),
        (["-o", "no/s.pdf"], "cannot be written"),
        (["--format", "doc"], "'doc'"),
    ],
)
def test_solve_refuses(fakes, tmp_path, monkeypatch, capsys, arguments, words):
    monkeypatch.chdir(tmp_path)
    assert run(["solve", "exam", *arguments]) == 2
    assert words in capsys.readouterr().err


@pytest.mark.parametrize("fmt", ["md", "tex", "ipynb", "yaml"])
def test_template_is_graded_as_missing(fakes, tmp_path, fmt, capsys):
    path = tmp_path / f"form.{fmt}"
    assert run(["template", "exam", "-o", str(path)]) == 0
    assert run(["grade", "exam", str(path), "--json"]) == 1
    (graded,) = json.loads(capsys.readouterr().out)
    assert {part["verdict"] for part in graded["parts"]} == {"missing"}


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["x", "x"], 0, "correct"),
        (["x", "y"], 1, "wrong"),
        (["x", "?"], 3, "unreadable"),
        (["-x", "-x"], 0, "correct"),
        (["x", "x", "--shape", "W=3x4", "--shape", "h_{t=1}=4", "--assume", "n=positive integer"], 0, "{'W': '3x4', 'h_{t=1}': '4'} {'n': 'positive integer'}"),
        (["x", "x", "--shape", "W"], 2, "'W' is not NAME=VALUE"),
        (["x", "x", "--shape", "W=3", "--shape", "W=4"], 2, "--shape is given twice for 'W'"),
        (["x"], 2, "two formulas are needed"),
        (["x", "x", "--jsonl"], 2, "--jsonl reads everything from stdin"),
        (["crash", "x"], 4, "internal error"),
    ],
)  # fmt: skip
def test_equal(fakes, capsys, arguments, code, words):
    assert run(["equal", *arguments]) == code
    shown = capsys.readouterr()
    assert words in shown.out + shown.err


def test_equal_json(fakes, capsys):
    assert run(["equal", "x", "x", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["verdict"] == "correct"


EQUAL_LINES = [
    (
        '{"id": 1, "answer": "x", "key": "x", "shapes": {"W": 3}, "assume": {"x": "real"}}',
        1,
        "correct",
        "{'W': '3'} {'x': 'real'}",
    ),
    ("nonsense", None, "unreadable", "line 2 is not JSON"),
    ("[]", None, "unreadable", "line 3 is not an object"),
    ('{"id": "k", "answer": "x"}', "k", "unreadable", "line 4 has no 'key'"),
    ('{"id": 5, "answer": ["x"], "key": "x"}', 5, "unreadable", "'answer' is not text"),
    (
        '{"id": 6, "answer": "x", "key": "x", "shape": {}}',
        6,
        "unreadable",
        "unknown field 'shape' (did you mean 'shapes'?)",
    ),
    ('{"id": 7, "answer": "x", "key": "x", "shapes": ["W"]}', 7, "unreadable", "'shapes' is not an object of texts"),
    ('{"id": 8, "answer": 2, "key": "2"}', 8, "correct", ""),
    ('{"id": 9, "answer": "crash", "key": "2"}', 9, "undecided", "no fault of the answer"),
    ('{"id": 10, "answer": "\\ud800", "key": "y"}', 10, "wrong", ""),
]


def test_equal_jsonl_survives_bad_lines(fakes, capsys, monkeypatch):
    content = "\n\n".join(line for line, *_ in EQUAL_LINES).encode()
    content = content.replace(b"\n\n", b"\n")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
    assert run(["equal", "--jsonl"]) == 4
    verdicts = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(v["id"], v["verdict"]) for v in verdicts] == [(id, status) for _, id, status, _ in EQUAL_LINES]
    for verdict, (*_, words) in zip(verdicts, EQUAL_LINES, strict=True):
        assert words in verdict["message"]


@pytest.mark.parametrize(
    ("arguments", "code"), [([], 2), (["--version"], 0), (["--help"], 0), (["gade"], 2), (["list", "-x"], 2)]
)
def test_front(capsys, arguments, code):
    assert run(arguments) == code


def test_bad_assignment_is_usage(tmp_path, capsys):
    path = submission(tmp_path, "bad.md", "---\ntitle: [\n---\n")
    for command in (["check", path], ["solve", path], ["template", path], ["derive", path, "1"], ["grade", path, path]):
        assert run(command) == 2
        assert f"backprove: {path}:" in capsys.readouterr().err
    assert run(["check", "no-such"]) == 2


def test_every_command_and_option_has_help():
    import typer.main

    from backprove.cli import app

    command = typer.main.get_command(app)
    assert sorted(name for name, c in command.commands.items() if not c.hidden) == [
        "check", "demo", "derive", "equal", "grade", "list", "solve", "template",
    ]  # fmt: skip
    for sub in command.commands.values():
        assert sub.help
        for parameter in sub.params:
            assert parameter.help, (sub.name, parameter.name)
