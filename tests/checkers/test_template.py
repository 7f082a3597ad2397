"""A blank form says nothing, and a filled one says what was filled in."""

from __future__ import annotations

import json

import nbformat
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from checkers.errors import UsageError
from checkers.submission import read_submission
from checkers.template import FORMATS, blank, filled

HARD = {
    "1a-i": "\\frac{a}{b} \\{x\\} \"q\" 'x' \\\\ \\tilde C",
    "4a": "# heading\n```\ncode: [1, 2]\n```\n\n## 4a\n- x\n  indented\n---\n**4a** y",
    "4a-hT": "$$\nW_V^\\top (\\hat y - y)\n$$",
    "5-mult": "1,924,048: yes # really",
}


def write(tmp_path, fmt, text):
    path = tmp_path / f"form.{fmt}"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("fmt", FORMATS)
def test_blank_reads_as_missing(exam, tmp_path, fmt):
    (submission,) = read_submission(write(tmp_path, fmt, blank(exam, fmt)), exam.ids)
    assert (submission.answers, submission.problems, submission.unknown) == ({}, (), ())
    assert submission.student == "form"


@pytest.mark.parametrize("fmt", FORMATS)
def test_filled_reads_back(exam, tmp_path, fmt):
    (submission,) = read_submission(write(tmp_path, fmt, filled(exam, fmt, HARD, 'Zoë "Z" O\'B')), exam.ids)
    assert {id: answer.text for id, answer in submission.answers.items()} == HARD
    assert (submission.student, submission.problems) == ('Zoë "Z" O\'B', ())


# Anything that can be typed; control characters cannot.
TYPED = st.text(st.characters(exclude_categories=["Cs", "Cc"], include_characters="\n"), max_size=40).map(str.strip)
MARKED = st.lists(st.sampled_from(["## 4a", "```", "~~~", "<!--", "-->", "$$", "---", "4a) ", "\n", " ", "x", "`", "|-", "#"]), max_size=12).map("".join).map(str.strip)  # fmt: skip


@pytest.mark.parametrize("fmt", ["ipynb", "md", "yaml"])
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(answer=TYPED | MARKED)
def test_any_text_reads_back(exam, tmp_path, fmt, answer):
    answer = "\n".join(answer.splitlines())
    (submission,) = read_submission(write(tmp_path, fmt, filled(exam, fmt, {"4a": answer})), exam.ids)
    got = {id: a.text for id, a in submission.answers.items()}
    assert got == ({"4a": answer} if answer else {})


def by_hand(fmt: str, form: str) -> str:
    """Fill in `x = 1` for 4a as a student would, and a name."""
    if fmt == "md":
        heading = "## 4a (5 marks): Gradient of \\# the cell"
        start = form.index("-->", form.index(heading)) + len("-->")
        return form[:start].replace("student: \n", "student: Ana\n") + "\n\n$x = 1$\n" + form[start:]
    if fmt == "tex":
        return form.replace("\\answer{4a}{\n", "\\answer{4a}{\n$x = 1$").replace("\\student{}", "\\student{Ana}")
    if fmt == "yaml":
        return form.replace("  4a: |-\n", "  4a: |-\n    $x = 1$\n").replace('student: ""', "student: Ana")
    notebook = json.loads(form)
    place = next(i for i, c in enumerate(notebook["cells"]) if "".join(c["source"]).startswith("## 4a ("))
    notebook["cells"][place + 1]["source"] = ["$x = 1$"]
    notebook["cells"][0]["source"] = [
        line.replace("student: ", "student: Ana") for line in notebook["cells"][0]["source"]
    ]
    return json.dumps(notebook)


@pytest.mark.parametrize("fmt", FORMATS)
def test_filled_by_hand(exam, tmp_path, fmt):
    (submission,) = read_submission(write(tmp_path, fmt, by_hand(fmt, blank(exam, fmt))), exam.ids)
    assert {id: answer.text for id, answer in submission.answers.items()} == {"4a": "$x = 1$"}
    assert (submission.student, submission.problems) == ("Ana", ())


def test_notebook_is_valid_and_reproducible(exam):
    nbformat.validate(nbformat.reads(blank(exam, "ipynb"), as_version=4))
    assert blank(exam, "ipynb") == blank(exam, "ipynb")


def test_unknown_format_and_question(exam):
    with pytest.raises(UsageError, match="no template format 'doc'"):
        blank(exam, "doc")
    with pytest.raises(UsageError, match="has no question '9'"):
        filled(exam, "md", {"9": "x"})
