"""The two-minute tour, for real: the bundled class is graded and every sheet is a document."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pypdfium2
import pytest

from backprove import desk
from backprove.cli import run

# What a teacher says about each paper: everything that is not correct. A change here is a change of judgement.
EXPECTED: dict[str, dict[str, str]] = {
    "Amara Okafor": {},
    "Bela Lindqvist": {},
    "Chiara Rossi": {"4a": "wrong", "4b": "manual"},
    "Dmitri Volkov": {"3c": "wrong", "4a": "wrong", "4a-hT": "missing", "4b": "manual"},
    "Emeka Adeyemi": {"5-mult": "wrong", "5-shape": "wrong"},
    "Farah Haddad": {
        "1a-ii": "wrong", "1a-iii": "wrong", "1b-ii": "missing", "2a": "manual", "2b": "missing", "3a": "wrong",
        "3b": "wrong", "3c": "wrong", "4a": "unreadable", "4a-hT": "wrong", "4b": "missing", "5-mult": "missing",
        "5-shape": "missing",
    },
    "Gaël Moreau": {
        "1a-iv": "wrong", "1b-i": "wrong", "4a": "wrong", "4a-hT": "wrong", "4b": "wrong", "5-mult": "wrong",
    },
    "Hana Sato": {"1b-ii": "wrong", "2b": "wrong", "4a": "wrong", "4a-hT": "missing"},
}  # fmt: skip
TOTALS = {
    "Amara Okafor": 20, "Bela Lindqvist": 20, "Chiara Rossi": 13, "Dmitri Volkov": 12, "Emeka Adeyemi": 17,
    "Farah Haddad": 3, "Gaël Moreau": 9.5, "Hana Sato": 13,
}  # fmt: skip


@pytest.fixture(scope="module")
def tour(tmp_path_factory):
    """The folder that `backprove demo` writes."""
    out = tmp_path_factory.mktemp("tour") / "sheets"
    assert run(["demo", "-o", str(out)]) == 0
    return out


def read(folder: Path, student: str) -> dict[str, object]:
    return json.loads((folder / f"{student.replace(' ', '-')}.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("student", EXPECTED)
def test_verdicts_are_a_teachers(tour, student):
    found = read(tour, student)
    assert {part["question"]: part["verdict"] for part in found["parts"] if part["verdict"] != "correct"} == EXPECTED[
        student
    ]
    assert found["total"] == TOTALS[student]
    assert found["out_of"] == 20


def test_what_is_wrong_is_told_why(tour):
    for student in EXPECTED:
        for part in read(tour, student)["parts"]:
            if part["verdict"] in ("wrong", "partial", "unreadable"):
                assert part["message"] or part["diagnosis"], (student, part["question"])


def test_a_wrong_formula_has_a_witness(tour):
    for student in ("Chiara Rossi", "Dmitri Volkov", "Gaël Moreau", "Hana Sato"):
        (part,) = [part for part in read(tour, student)["parts"] if part["question"] == "4a"]
        assert part["witness"]["expected"] != part["witness"]["yours"]
        assert "seed" in part["witness"]["where"]


def test_every_sheet_has_pages(tour):
    names = {path.stem for path in tour.glob("*.pdf")}
    assert names == {"solutions", *(student.replace(" ", "-") for student in EXPECTED)}
    for path in tour.glob("*.pdf"):
        with pypdfium2.PdfDocument(path.read_bytes()) as document:
            assert 3 <= len(document) <= 9, path.name
            first = document[0].get_textpage().get_text_range()
        assert "Class Test III" in first
    for student in EXPECTED:
        stem = student.replace(" ", "-")
        assert (tour / f"{stem}.tex").read_text(encoding="utf-8").startswith("\\documentclass")


def test_the_gradebook(tour):
    rows = list(csv.DictReader(io.StringIO((tour / "summary.csv").read_text(encoding="utf-8-sig"))))
    assert {row["student"]: float(row["total"]) for row in rows} == TOTALS
    lines = (tour / "results.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 18 * len(EXPECTED)


def test_the_class_is_what_the_readme_promises():
    files = [path for path in desk.demo_class().iterdir() if not path.name.startswith(".")]
    endings = [path.suffix for path in files]
    assert len(files) == len(EXPECTED) >= 7
    assert endings.count(".md") >= 2
    assert endings.count(".tex") >= 2
    assert {".yaml", ".ipynb"} <= set(endings)


def test_what_is_printed(tour, tmp_path, capsys):
    assert run(["demo", "-o", str(tmp_path / "again")]) == 0
    shown = capsys.readouterr()
    assert f"solutions: {tmp_path / 'again' / 'solutions.pdf'}" in shown.out
    assert "Amara Okafor  20/20" in shown.out
    assert "  correct  " not in shown.out
    header, *rows = [line for line in shown.err.splitlines() if line.startswith(("student", *EXPECTED))]
    assert header.split()[:3] == ["student", "correct", "wrong"]
    assert len(rows) == len(EXPECTED)
    assert rows[0].split() == ["Amara", "Okafor", "18", "20", "20"]
