"""Every command on the real assignment, as the contract of the command line has it."""

from __future__ import annotations

import json

import pytest

from backprove import desk
from backprove.cli import run
from checkers.assignment import BUNDLED

EXAM = "iitkgp-ct3"
RIGHT_4A = "dL/dc_t = dL/dh_t * o_t * (1 - tanh(c_t)^2) + dL/dc_{t+1} * f_{t+1}"
FIELDS = ["question", "answer", "verdict", "marks", "out_of", "evidence", "witness", "diagnosis", "message"]


def test_list(capsys):
    assert run(["list"]) == 0
    listed = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())
    assert listed["iitkgp-ct3"] == "CS60010 Deep Learning, Class Test III"
    assert list(listed) == sorted(path.stem for path in BUNDLED.glob("*.md"))


def test_check_trusts_every_key(capsys):
    assert run(["check", EXAM]) == 0
    shown = capsys.readouterr()
    assert "NO" not in shown.out
    for question, road in [
        ("4a", "autograd"), ("4a", "torch.nn.LSTM"), ("4a-hT", "autograd"), ("4b", "autograd"),
        ("3c", "counted in torch"), ("5-mult", "torch.nn.Conv2d"), ("1b-ii", "executed in torch"),
    ]:  # fmt: skip
        begins = [line.split(" ")[0] for line in shown.out.splitlines()]
        place = begins.index(question)
        section = shown.out.splitlines()[place : place + 4]
        assert any(road in line for line in section), question


def test_a_flipped_sign_in_the_equations_is_caught(tmp_path, capsys):
    """The examiner's slip that the roads are for: the derivation follows the equations, the standard module does not."""
    source = desk.open_assignment(EXAM).path.read_text(encoding="utf-8")
    right = r"C_t = f_t \odot C_{t-1} + i_t \odot \tilde C_t"
    assert source.count(right) == 1
    broken = tmp_path / "broken.md"
    broken.write_text(source.replace(right, right.replace("+", "-")), encoding="utf-8")
    assert run(["check", str(broken)]) == 1
    shown = capsys.readouterr()
    assert "NO" in shown.out
    assert shown.err.startswith("the roads disagree on: ")
    assert "4a" in shown.err


@pytest.mark.parametrize(
    ("fmt", "start"),
    [
        ("pdf", b"%PDF-"),
        ("tex", b"\\documentclass"),
        ("html", b"<!DOCTYPE html>"),
        ("md", b"# CS60010"),
        ("json", b"{"),
    ],
)
def test_solve(fmt, start, tmp_path):
    sheet = tmp_path / f"solutions.{fmt}"
    assert run(["solve", EXAM, "-o", str(sheet)]) == 0
    content = sheet.read_bytes()
    assert content.startswith(start)
    if fmt != "pdf":
        text = content.decode()
        for part in ("1a-i", "4a-hT", "5-shape", "seeds 0-4", "it is computed here"):
            assert part in text


def test_solve_shows_everything(tmp_path):
    sheet = tmp_path / "solutions.md"
    run(["solve", EXAM, "-o", str(sheet)])
    text = sheet.read_text(encoding="utf-8")
    assert r"$W_f,W_i,W_o,W_C \in \mathbb{R}^{n \times (n+d)}$" in text
    part = text[text.index("## (4a)") : text.index("## (4a-hT)")]
    wanted = [
        "**Answer**", r"\frac{\partial L}{\partial C_{t+1}} \odot f_{t+1}", "**Component by component**", "C_{t,p}",
        "**Why**", "chain rule", "Assumed:", "Judged by:", "Checked: derived", "torch.nn.LSTM",
    ]  # fmt: skip
    places = [part.index(word) for word in wanted]
    assert places == sorted(places)
    assert "tanh RNN" in text[text.index("## (4b)") :]
    assert r"3\,088\,878" in text


def test_derive(capsys):
    assert run(["derive", EXAM, "4a"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("4a (5 marks): Gradient of the cell state\n")
    assert "  2. ∂⁺h_t/∂C_t = diag(o_t ⊙ (1 − tanh²(C_t)))\n     elementwise, so diagonal\n" in out
    assert "answer\n  ∂L/∂C_t = ∂L/∂h_t ⊙ o_t ⊙ (1 − tanh²(C_t)) + ∂L/∂C_{t+1} ⊙ f_{t+1}\n" in out
    assert "$" not in out


@pytest.mark.parametrize("question", ["1a-i", "1b-ii", "2a", "2b", "3a", "3c", "4a-hT", "4b", "5-mult", "5-shape"])
def test_derive_every_kind(question, capsys):
    assert run(["derive", EXAM, question]) == 0
    out = capsys.readouterr().out
    assert "\nanswer\n" in out
    assert "$" not in out
    assert "shape(" not in out


@pytest.mark.parametrize("fmt", ["md", "tex", "ipynb", "yaml"])
def test_template_filled_in_is_read_back(fmt, tmp_path, capsys):
    form = tmp_path / f"form.{fmt}"
    assert run(["template", EXAM, "--format", fmt, "-o", str(form)]) == 0
    text = form.read_text(encoding="utf-8")
    if fmt == "md":
        at = text.index("-->", text.index("## 3c")) + 3
        text = text[:at] + "\n\n72\n" + text[at:]
    elif fmt == "tex":
        text = text.replace("\\answer{3c}{\n", "\\answer{3c}{\n72\n")
    elif fmt == "yaml":
        text = text.replace("  3c: |-\n", "  3c: |-\n    72\n")
    else:
        notebook = json.loads(text)
        (place,) = [i for i, cell in enumerate(notebook["cells"]) if "".join(cell["source"]).startswith("## 3c")]
        notebook["cells"][place + 1]["source"] = ["72"]
        text = json.dumps(notebook)
    form.write_text(text, encoding="utf-8")
    capsys.readouterr()
    assert run(["grade", EXAM, str(form), "--json"]) == 1
    (graded,) = json.loads(capsys.readouterr().out)
    verdicts = {part["question"]: part["verdict"] for part in graded["parts"]}
    assert verdicts.pop("3c") == "correct"
    assert set(verdicts.values()) == {"missing"}


LINES = [
    ("4a", RIGHT_4A, "correct", 5),
    ("4a", "dL/dc_t = dL/dh_t * o_t * (1 - tanh(c_t)^2) + dL/dc_{t+1} * f_t", "wrong", 0),
    ("4a", r"\frac{\partial L}{\partial c_t = 1", "unreadable", 0),
    ("4b", "The gradient flows back without vanishing.", "manual", 0),
    ("3c", "72", "correct", 1),
    ("3c", "", "missing", 0),
]


def test_jsonl(tmp_path, capsys):
    path = tmp_path / "answers.jsonl"
    rows = [{"id": number, "question": q, "answer": a} for number, (q, a, *_) in enumerate(LINES)]
    path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    assert run(["grade", EXAM, str(path), "--jsonl"]) == 1
    shown = capsys.readouterr()
    found = [json.loads(line) for line in shown.out.splitlines()]
    assert [list(line) for line in found] == [["id", "student", *FIELDS]] * len(LINES)
    assert [(line["id"], line["question"], line["answer"], line["verdict"], line["marks"]) for line in found] == [
        (number, *line) for number, line in enumerate(LINES)
    ]
    right, wrong, unreadable, *_ = found
    assert "proved equal for all sizes" in right["evidence"]
    assert list(wrong["witness"]) == ["where", "expected", "yours", "difference"]
    assert unreadable["message"].startswith("This could not be read")
    assert "^" in unreadable["message"]
    assert shown.err == "6 graded: 2 correct, 1 wrong, 1 unreadable, 1 manual, 1 missing\n"


@pytest.mark.parametrize(
    ("answers", "code"),
    [([0, 4], 0), ([0, 3], 0), ([0, 1], 1), ([0, 2], 3), ([2, 1], 1), ([5], 1)],
)
def test_exit_codes(answers, code, tmp_path):
    path = tmp_path / "answers.jsonl"
    chosen = [{"question": LINES[i][0], "answer": LINES[i][1]} for i in answers]
    path.write_text("\n".join(json.dumps(row) for row in chosen), encoding="utf-8")
    assert run(["grade", EXAM, str(path), "--jsonl"]) == code


def test_leaving_out_what_carries_no_marks_costs_nothing(tmp_path, capsys):
    source = (desk.demo_class() / "amara-okafor.md").read_text(encoding="utf-8")
    start, end = source.index("## 4a-hT"), source.index("## 4(b)")
    path = tmp_path / "amara.md"
    path.write_text(source[:start] + source[end:], encoding="utf-8")
    assert run(["grade", EXAM, str(path)]) == 0
    assert "4a-hT    missing     0/0" in capsys.readouterr().out


def test_text_report_keeps_the_caret_in_place(tmp_path, capsys):
    path = tmp_path / "answers.jsonl"
    path.write_text(json.dumps({"question": "4a", "answer": "dL/dh_t * (o_t"}), encoding="utf-8")
    run(["grade", EXAM, str(path)])
    lines = capsys.readouterr().out.splitlines()
    (at,) = [number for number, line in enumerate(lines) if line.strip() == "dL/dh_t * (o_t"]
    assert lines[at + 1].strip().startswith("^")
    assert lines[at + 1].index("^") - lines[at].index("d") <= len("dL/dh_t * (o_t")


@pytest.mark.parametrize(
    ("answer", "key", "more", "code", "verdict"),
    [
        ("sigma(x)(1-sigma(x))", "e^{-x}/(1+e^{-x})^2", [], 0, "correct"),
        ("1-tanh(x)", "1-tanh(x)^2", [], 1, "wrong"),
        ("x+", "x", [], 3, "unreadable"),
        ("(W h)^T v", "v^T W h", ["--shape", "W=3x4", "--shape", "h=4", "--shape", "v=3"], 0, "correct"),
        ("W^T v", "W h", ["--shape", "W=3x3", "--shape", "h=3", "--shape", "v=3"], 1, "wrong"),
    ],
)
def test_equal(answer, key, more, code, verdict, capsys):
    assert run(["equal", answer, key, *more, "--json"]) == code
    found = json.loads(capsys.readouterr().out)
    assert list(found) == FIELDS
    assert found["verdict"] == verdict


def test_unknown_names_get_a_suggestion(capsys):
    assert run(["solve", "iitkgp-ct33"]) == 2
    assert "did you mean 'iitkgp-ct3'?" in capsys.readouterr().err
    assert run(["derive", EXAM, "4A"]) == 2
    assert "has no question '4A'" in capsys.readouterr().err
