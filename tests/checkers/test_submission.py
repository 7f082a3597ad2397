"""Reading submissions: what each format gives, and what every kind of bad input is told as."""

from __future__ import annotations

import contextlib
import json
import time
from pathlib import Path

import pytest

from checkers.errors import SubmissionError, UsageError
from checkers.submission import MAX_BYTES, read_submission, submission_files

IDS = ("1a-i", "1a-ii", "4a", "4a-hT", "5-mult")


def read(tmp_path: Path, name: str, content: str | bytes):
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_submission(path, IDS)


def one(tmp_path: Path, name: str, content: str | bytes):
    (submission,) = read(tmp_path, name, content)
    return submission


def texts(submission) -> dict[str, str]:
    return {id: answer.text for id, answer in submission.answers.items()}


def notebook(*cells: tuple[str, str]) -> str:
    return json.dumps(
        {
            "cells": [
                {"cell_type": kind, "id": f"c{i}", "metadata": {}, "source": text, **({"outputs": [], "execution_count": None} if kind == "code" else {})}
                for i, (kind, text) in enumerate(cells)
            ],
            "metadata": {},
            "nbformat": 4,
            "nbformat_minor": 5,
        }
    )  # fmt: skip


# name: (file, content, student, answers)
GOOD = {
    "headings": ("a.md", "---\nstudent: Ana\n---\n## 4a (5 marks): title\n\nx = 1\n\n## 5-mult\n7\n", "Ana", {"4a": "x = 1", "5-mult": "7"}),
    "first line names": ("a.md", "Student: Ana B.\n\n# Question 4(a)\nx\n", "Ana B.", {"4a": "x"}),
    "bold name": ("a.md", "**Name:** Ana\n\n**4a**\nx\n\n**1(a)(i)** y\n", "Ana", {"4a": "x", "1a-i": "y"}),
    "heading names": ("a.md", "# Name: Ana\n## 4a\nx", "Ana", {"4a": "x"}),
    "email in front matter": ("a.md", "---\nemail: a@b.c\n---\n## 4a\nx", "a@b.c", {"4a": "x"}),
    "no name": ("ana.md", "## 4a\nx\n", "ana", {"4a": "x"}),
    "text file": ("ana.txt", "4a) x + y\n1a.i: 3\n1a-ii. 4\n", "ana", {"4a": "x + y", "1a-i": "3", "1a-ii": "4"}),
    "bare lines": ("ana.md", "4a\nx\n\nQuestion 5 mult\n12\n", "ana", {"4a": "x", "5-mult": "12"}),
    "numbered lines are no questions": ("ana.md", "## 4a\n1) first\n2) then\n", "ana", {"4a": "1) first\n2) then"}),
    "nested": ("ana.md", "# Question 4\n## (a)\nx\n### hT\ny\n# 1\n## a\n### i\nz", "ana", {"4a": "x", "4a-hT": "y", "1a-i": "z"}),
    "labelled lines": ("ana.md", "# Question 1\n## (a)\n(i) x\n(ii) y = (a)\n   z\n# 4\n- a) u\n**hT:** v\n", "ana", {"1a-i": "x", "1a-ii": "y = (a)\n   z", "4a": "u\n**hT:** v"}),
    "labels inside an answer": ("ana.md", "# 4\n## (a)\n(i) first\n(ii) then\n", "ana", {"4a": "(i) first\n(ii) then"}),
    "fence": ("ana.md", "## 4a\n```latex\n# not\n\n## 5-mult\n```\n", "ana", {"4a": "# not\n\n## 5-mult"}),
    "fence and words": ("ana.md", "## 4a\nbefore\n~~~\nx\n~~~\nafter\n", "ana", {"4a": "before\nx\nafter"}),
    "open fence": ("ana.md", "## 4a\n```\nx = 1", "ana", {"4a": "x = 1"}),
    "display": ("ana.md", "## 4a\n$$\n\\frac{a}{b}\n# 3\n4a) y\n$$\n", "ana", {"4a": "$$\n\\frac{a}{b}\n# 3\n4a) y\n$$"}),
    "setext and rules": ("ana.md", "## 4a\nx\n=\ny\n\n---\n## 5-mult\n7\n***\n", "ana", {"4a": "x\n=\ny", "5-mult": "7"}),
    "numbered steps": ("ana.md", "## 4a\nx\n### 1. First\ny\n### 5 terms\nz", "ana", {"4a": "x\n### 1. First\ny\n### 5 terms\nz"}),
    "sub-heading": ("ana.md", "## 4a\nx\n### Derivation\ny\n", "ana", {"4a": "x\n### Derivation\ny"}),
    "comments": ("ana.md", "<!--\n## 5-mult\n```\n-->\n## 4a\n<!-- hint --> x <!-- a\n\nb --> y\n", "ana", {"4a": "x \n y"}),
    "comment in a fence": ("ana.md", "## 4a\n```\na <!-- b -->\n```\n<!-- gone -->", "ana", {"4a": "a <!-- b -->"}),
    "blank": ("ana.md", "## 4a\n\n<!-- write here -->\n\n## 5-mult\n7", "ana", {"5-mult": "7"}),
    "title": ("ana.md", "# Class test answers\n\nhello\n\n## 4a\nx", "ana", {"4a": "x"}),
    "list of answers": ("ana.md", "## 4a\n- x\n- y\n> z\n    indented", "ana", {"4a": "- x\n- y\n> z\n    indented"}),
    "html": ("ana.md", "<div>\n## 4a\nx\n</div>", "ana", {"4a": "x\n</div>"}),
    "windows": ("ana.md", "## 4a\r\nx\r\ny\r\n", "ana", {"4a": "x\ny"}),
    "utf-16": ("ana.md", "## 4a\n∂L".encode("utf-16"), "ana", {"4a": "∂L"}),
    "utf-8 with mark": ("ana.md", b"\xef\xbb\xbf## 4a\nx", "ana", {"4a": "x"}),
    "latex macro": ("ana.tex", "\\student{Ana}\n\\answer{4a}{\n  \\frac{a}{b} \\{ % hint\n  % more\n  c \\}\n}\n\\answer{5 mult}{7\\%}", "Ana", {"4a": "\\frac{a}{b} \\{ \n  c \\}", "5-mult": "7\\%"}),
    "latex definitions": ("ana.tex", "\\newcommand{\\answer}[2]{#2}\n\\newcommand{\\student}[1]{\\author{#1}}\n\\begin{document}\\answer{4a}{x}\\end{document}\\answer{4a}{y}", "ana", {"4a": "x"}),
    "latex sections": ("ana.tex", "\\author{Ana~B}\n\\begin{document}\\maketitle\n\\section*{Question 4(a) (5 marks)}\nx\n\\subsection*{Steps}\ny\n\\section{5 mult}\\label{q}\n7\n\\end{document}", "Ana B", {"4a": "x\n\ny", "5-mult": "7"}),
    "latex nested": ("ana.tex", "\\section{Question 4}\n\\subsection{(a)}\nx", "ana", {"4a": "x"}),
    "latex in a section": ("ana.tex", "\\section*{4a}\n\\answer{4a}{x}\n\\section*{5-mult}\n\\answer{5-mult}{}", "ana", {"4a": "x"}),
    "notebook": ("ana.ipynb", notebook(("markdown", "# T\nstudent: Ana"), ("markdown", "## 4a"), ("code", "# sum\n7"), ("markdown", "so $x$"), ("markdown", "## 5-mult\n<!-- hint -->\n8")), "Ana", {"4a": "# sum\n7\n\nso $x$", "5-mult": "8"}),
    "notebook blank": ("ana.ipynb", notebook(("markdown", "## 4a"), ("code", ""), ("raw", "x")), "ana", {}),
    "yaml": ("ana.yaml", "student: Ana\nanswers:\n  4a: \\frac{a}{b} * c\n  1a-i: 0.70\n  1a-ii: [1, 0.5]\n  5 mult: |\n    a: b\n    # c\n  4a-hT: no\n", "Ana", {"4a": "\\frac{a}{b} * c", "1a-i": "0.70", "1a-ii": "[1, 0.5]", "5-mult": "a: b\n# c", "4a-hT": "no"}),
    "yaml braces": ("ana.yml", "name: Ana\nanswers: {4a: {0.7, 0.2}, 1a-i: 1e3, 1a-ii: }", "Ana", {"4a": "{0.7, 0.2}", "1a-i": "1e3"}),
    "yaml lines": ("ana.yaml", "answers:\n  4a:\n  - a\n  - b\n", "ana", {"4a": "a\nb"}),
    "yaml blank": ("ana.yaml", "answers:\n", "ana", {}),
}  # fmt: skip


@pytest.mark.parametrize("case", GOOD.values(), ids=GOOD.keys())
def test_reads(tmp_path, case):
    name, content, student, answers = case
    submission = one(tmp_path, name, content)
    assert (submission.student, texts(submission), submission.problems) == (student, answers, ())


# name: (file, content, answers, words of the problem)
REMARKS = {
    "duplicate": ("a.md", "## 4a\nx\n## 4(a)\ny", {"4a": "y"}, "question 4a is answered twice (lines 1 and 3): the last one counts"),
    "unknown": ("a.md", "## 4a\nx\n## 4a-hS\ny", {"4a": "x"}, "'4a-hS' (line 3) is no question of this assignment; did you mean '4a-hT'?"),
    "unknown heading": ("a.md", "## 4a\nx\n## Thoughts\ny", {"4a": "x"}, "'Thoughts' (line 3) is no question of this assignment"),
    "text under a part": ("a.md", "# Question 4\nlost?\n## (a)\nx", {"4a": "x"}, "the text under it belongs to none of its parts"),
    "broken front matter": ("a.md", "---\nstudent: A: B\n---\n## 4a\nx", {"4a": "x"}, "the block between the '---' lines could not be read (line 2"),
    "latin-1": ("a.md", "## 4a\nné".encode("latin-1"), {"4a": "né"}, "the file is not UTF-8 (line 2): it was read as Latin-1"),
    "latex unknown": ("a.tex", "\\answer{9z}{y}\\answer{4a}{x}", {"4a": "x"}, "'9z' (line 1) is no question"),
    "latex open": ("a.tex", "\\answer{4a}{x {\n\\answer{5-mult}{7}", {"4a": "x {", "5-mult": "7"}, "\\answer{4a} on line 1 is not closed"),
    "latex duplicate": ("a.tex", "\\answer{4a}{x}\n\\answer{4a}{y}", {"4a": "y"}, "question 4a is answered twice (lines 1 and 2)"),
    "latex unknown section": ("a.tex", "\\section{4a}x\n\\section{9z}\ny", {"4a": "x"}, "'9z' (line 2) is no question"),
    "notebook duplicate": ("a.ipynb", notebook(("markdown", "## 4a"), ("markdown", "x"), ("markdown", "## 4a\ny")), {"4a": "y"}, "(cells 1 and 3)"),
    "yaml duplicate": ("a.yaml", "answers:\n  4a: x\n  4a: y", {"4a": "y"}, "'4a' is given twice (last on line 3): the last one counts"),
    "yaml two spellings": ("a.yaml", "answers:\n  4a: x\n  4(a): y", {"4a": "y"}, "question 4a is answered twice (lines 2 and 3)"),
    "yaml unknown": ("a.yaml", "answers:\n  4a: x\n  5-mutl: y", {"4a": "x"}, "'5-mutl' (line 3) is no question of this assignment; did you mean '5-mult'?"),
    "yaml stray key": ("a.yaml", "studnet: A\nanswers: {4a: x}", {"4a": "x"}, "'studnet' (line 1) means nothing here; did you mean 'student'?"),
}  # fmt: skip


@pytest.mark.parametrize("case", REMARKS.values(), ids=REMARKS.keys())
def test_remarks(tmp_path, case):
    name, content, answers, words = case
    submission = one(tmp_path, name, content)
    assert texts(submission) == answers
    assert len(submission.problems) == 1
    assert words in submission.problems[0]


def test_unknown_headings_keep_their_text(tmp_path):
    (unknown,) = one(tmp_path, "a.md", "## 9z\nwork\n## 4a\nx").unknown
    assert (unknown.heading, unknown.text, unknown.line) == ("9z", "work", 1)


@pytest.mark.parametrize(("name", "content", "line"), [("a.md", "Hi\n\n\n## 4a\nx", 4), ("a.tex", "%\n\n\\answer{4a}{x}", 3), ("a.yaml", "student: a\nanswers:\n  4a: x", 3), ("a.ipynb", notebook(("markdown", "hello"), ("markdown", "## 4a\nx")), 2)])  # fmt: skip
def test_lines(tmp_path, name, content, line):
    assert one(tmp_path, name, content).answers["4a"].line == line


# name: (file, content, words)
UNREADABLE = {
    "empty": ("a.md", "", "the file is empty"),
    "blank": ("a.md", "\n \n", "the file is empty"),
    "only a mark": ("a.md", b"\xff\xfe", "the file is empty"),
    "pdf": ("a.md", b"%PDF-1.7\n...", "a PDF, whatever its ending says"),
    "zip": ("a.ipynb", b"PK\x03\x04...", "a zip archive or an office document"),
    "png": ("a.tex", b"\x89PNG\r\n\x1a\n", "an image"),
    "binary": ("a.md", b"## 4a\n\x00\x01\x02", "not a text file: it holds control characters"),
    "binary not utf-8": ("a.md", bytes(range(256)), "not a text file: it holds control characters"),
    "broken utf-16": ("a.md", b"\xff\xfe\x00\xd8a", "not utf-16 text"),
    "huge": ("a.md", b"x" * (MAX_BYTES + 1), "larger than 2,000,000 bytes"),
    "ending": ("a.docx", "x", "'.docx' files are not read (known endings: .csv,"),
    "no ending": ("answers", "x", "a file without an ending"),
    "notebook not JSON": ("a.ipynb", '{"cells": [', "a broken notebook: its file is not JSON"),
    "notebook of nothing": ("a.ipynb", "[]", "JSON, but not a notebook"),
    "notebook without cells": ("a.ipynb", '{"nbformat": 4}', "JSON, but not a notebook"),
    "notebook of wrong cells": ("a.ipynb", '{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [3]}', "a broken notebook"),
    "deep JSON": ("a.ipynb", "[" * 100_000, "a broken notebook"),
    "yaml list": ("a.yaml", "- a\n- b", "expected 'name: value' lines, found a list"),
    "yaml text": ("a.yaml", "just words", "expected 'name: value' lines, found a single text"),
    "yaml without answers": ("a.yaml", "student: A", "no 'answers:' in the file"),
    "yaml misspelt answers": ("a.yaml", "anwsers: {4a: x}", "no 'answers:' in the file (did you mean 'answers'?)"),
    "yaml answers list": ("a.yaml", "answers: [x]", "'answers' must hold questions with their answers"),
    "yaml answers text": ("a.yaml", "answers: x", "'answers' must hold questions with their answers"),
    "yaml syntax": ("a.yaml", "answers:\n  4a: [x", "this is not YAML"),
    "yaml eaten backslash": ("a.yaml", 'answers:\n  4a: "\\frac{a}{b}"', "inside double quotes YAML reads '\\frac' as an escape"),
    "yaml unknown escape": ("a.yaml", 'answers:\n  4a: "\\sigma"', "inside double quotes YAML reads a backslash"),
    "yaml alias": ("a.yaml", "answers:\n  4a: *x", "'*x' is a YAML alias"),
    "yaml bomb": ("a.yaml", "a: &a [x]\nb: &b [*a, *a]\nanswers: [*b]", "is a YAML alias"),
    "csv without questions": ("a.csv", "name,color\nA,red", "no column is headed by a question"),
    "csv header only": ("a.csv", "name,4a\n", "the table has a header and no rows"),
    "csv quote": ("a.csv", 'name,4a\nA,"x"y"\n', "not CSV"),
    "csv blank": ("a.csv", ",,\n,,\n", "the table is empty"),
}  # fmt: skip


@pytest.mark.parametrize("case", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_unreadable_files_give_one_message(tmp_path, case):
    name, content, words = case
    with pytest.raises(SubmissionError) as caught:
        read(tmp_path, name, content)
    assert words in str(caught.value)
    assert str(caught.value).startswith(str(tmp_path / name))
    assert "\n" not in str(caught.value)


def test_missing_file_and_folder(tmp_path):
    with pytest.raises(UsageError, match="there is no file"):
        read_submission(tmp_path / "no.md", IDS)
    (tmp_path / "folder.md").mkdir()
    with pytest.raises(SubmissionError, match="a folder, where a file is expected"):
        read_submission(tmp_path / "folder.md", IDS)


def test_csv_rows_are_students(tmp_path):
    content = 'Timestamp,Email,Student name,Question 4a: express,1(a)(i),"5\nmult",colour\nnow,a@b,"Ana, B","x\ny",1,,red\n,c@d,,z\n\n,,Ana\u00a0,,,8,,9\n'
    first, second, third = read(tmp_path, "class.csv", content)
    assert (first.student, texts(first)) == ("Ana, B", {"4a": "x\ny", "1a-i": "1"})
    assert first.problems == ("the column 'colour' is no question of this assignment",)
    assert (second.student, texts(second), second.problems) == ("c@d", {"4a": "z"}, ())
    assert (third.student, texts(third)) == ("Ana", {"5-mult": "8"})
    assert third.problems == ("line 7 has 8 cells, the header 7: the last were left out",)
    assert [s.answers[next(iter(s.answers))].line for s in (first, second, third)] == [3, 5, 7]


@pytest.mark.parametrize("separator", [";", "\t", ","])
def test_csv_separators(tmp_path, separator):
    (submission,) = read(tmp_path, "class.csv", f"name{separator}4a\nA{separator}x\n")
    assert texts(submission) == {"4a": "x"}


def test_csv_same_name_twice_is_told(tmp_path):
    first, second = read(tmp_path, "class.csv", "name,4a\nA,x\nA,y\n")
    assert (texts(first), texts(second)) == ({"4a": "x"}, {"4a": "y"})
    assert second.problems == ("'A' has more than one row: each is graded by itself",)


# line of JSON: (student, id, answers, blank, words of the problem or "")
LINES = {
    '{"id": 7, "student": "A", "question": "4a", "answer": "x"}': ("A", 7, {"4a": "x"}, "", ""),
    '{"id": "k", "question": "test/4(a)", "answer": 0.70}': ("k", "k", {"4a": "0.70"}, "", ""),
    '{"question": "4a", "answer": [1, 0.50, "a"]}': ("line 3", None, {"4a": "(1, 0.50, a)"}, "", ""),
    '{"question": "4a", "answer": ""}': ("line 4", None, {}, "4a", ""),
    '{"question": "4a", "answer": null}': ("line 5", None, {}, "4a", ""),
    '{"question": "4a"}': ("line 6", None, {}, "4a", "line 6 has no 'answer'"),
    '{"id": 1, "answer": "x"}': ("1", 1, {}, "", "line 7 names no 'question'"),
    '{"qestion": "4a", "answer": "x"}': ("line 8", None, {}, "", "did you mean 'question'?"),
    '{"question": "9z", "answer": "x"}': ("line 9", None, {}, "", "'9z' (line 9) is no question"),
    "{broken": ("line 10", None, {}, "", "line 10 is not JSON"),
    "[1]": ("line 11", None, {}, "", "line 11 is not an object"),
    '{"question": "4a", "answer": true, "id": [1]}': ("line 12", None, {"4a": "true"}, "", ""),
    '{"question": "4a", "answer": "a\\ud800b"}': ("line 13", None, {"4a": "a?b"}, "", ""),
}  # fmt: skip


def test_json_lines(tmp_path):
    found = read(tmp_path, "a.jsonl", "\n".join(LINES) + "\n\n")
    assert len(found) == len(LINES)
    for submission, (student, id, answers, blank, words) in zip(found, LINES.values(), strict=True):
        assert (submission.student, submission.id, texts(submission), submission.blank) == (student, id, answers, blank)
        assert bool(submission.problems) == bool(words)
        assert words in "".join(submission.problems)


def test_folders_are_searched_without_links(tmp_path):
    for name in ("b.md", "a.tex", "sub/c.yaml", "sub/photo.png", ".hidden/d.md"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    (tmp_path / "link.md").symlink_to(tmp_path / "b.md")
    files, passed = submission_files([tmp_path, "other.md"])
    assert [str(path.relative_to(tmp_path)) for path in files[:-1]] == ["a.tex", "b.md", "sub/c.yaml"]
    assert files[-1] == Path("other.md")
    assert [path.name for path in passed] == ["photo.png"]


# name: (file, content): texts that drive a careless reader into quadratic time; each is read or refused quickly.
HOSTILE = {
    "comments": ("a.md", "<!--" * 400_000),
    "displays": ("a.md", "\\[" * 900_000),
    "blanks": ("a.md", " " * 1_900_000 + "x"),
    "headings": ("a.md", "# x\n" * 40_000),
    "brackets in front": ("a.md", "---\na: " + "[" * 100_000 + "\n---\n"),
    "answers": ("a.tex", "\\answer{4a}{" * 150_000),
    "sections": ("a.tex", "\\section{" * 200_000),
    "names": ("a.tex", "\\author{" * 200_000),
    "backslashes": ("a.tex", "\\" * 1_900_000),
    "lines": ("a.txt", "4a)\n" * 400_000),
    "brackets": ("a.yaml", "answers: " + "[" * 190_000),
    "long yaml": ("a.yaml", "answers: {4a: " + "x " * 150_000),
    "columns": ("a.csv", "4a," * 500_000),
    "deep line": ("a.jsonl", "[" * 1_900_000),
}


@pytest.mark.parametrize("case", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_texts_take_seconds_at_most(tmp_path, case):
    start = time.perf_counter()
    with contextlib.suppress(SubmissionError):
        read(tmp_path, *case)
    assert time.perf_counter() - start < 10  # measured at most 2.5 s; careless readers took minutes
