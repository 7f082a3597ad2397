"""Whole sheets in every format, really typeset."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from html.parser import HTMLParser
from types import SimpleNamespace

import pypdfium2
import pytest

from checkers.verdict import Verdict
from reports import FORMATS, graded_sheet, pdf, solution_sheet, tex_pdf, verdict_table
from reports.sheet import BADGES, points

STUDENT = "Alex Muster, 23-456-789"


def both(sample: SimpleNamespace, fmt: str) -> dict[str, bytes]:
    return {
        "solution": solution_sheet(sample.assignment, sample.solutions, fmt),
        "graded": graded_sheet(sample.assignment, sample.verdicts, sample.solutions, STUDENT, fmt),
    }


def words_of(document: bytes) -> str:
    """The text of a PDF, with runs of white space as one space."""
    with pypdfium2.PdfDocument(document) as opened:
        pages = [page.get_textpage().get_text_range() for page in opened]
    return " ".join(" ".join(pages).split())


@pytest.mark.parametrize("fmt", FORMATS)
def test_the_same_input_gives_the_same_bytes(sample: SimpleNamespace, fmt: str) -> None:
    assert both(sample, fmt) == both(sample, fmt)


@pytest.mark.parametrize("engine", ["typst", "tex"])
def test_pdfs_show_every_part(sample: SimpleNamespace, engine: str) -> None:
    if engine == "typst":
        documents = both(sample, "pdf")
    else:
        made = {kind: tex_pdf(source.decode()) for kind, source in both(sample, "tex").items()}
        if None in made.values():
            pytest.skip("no working pdflatex with these packages")
        documents = {kind: document for kind, document in made.items() if document is not None}
    solution, graded = words_of(documents["solution"]), words_of(documents["graded"])
    for question in sample.assignment.questions:
        assert f"({question.id})" in solution
        assert f"({question.id})" in graded
    for badge in BADGES.values():
        assert badge.word in graded
    assert STUDENT in graded
    assert "two paths leave the cell state" in solution
    assert "largest relative error 2.1e-15" in solution
    assert "Counterexample" in graded
    assert "2 points wait for a person" in graded
    assert "a parenthesis is not closed" in graded


def test_tex_pdf_is_deterministic(sample: SimpleNamespace) -> None:
    source = both(sample, "tex")["graded"].decode()
    first = tex_pdf(source)
    if first is None:
        pytest.skip("no working pdflatex with these packages")
    assert first == tex_pdf(source)


def test_nothing_is_wider_than_the_page(sample: SimpleNamespace) -> None:
    for document in both(sample, "pdf").values():
        with pypdfium2.PdfDocument(document) as opened:
            for page in opened:
                right = max(item.get_bounds()[2] for item in page.get_objects())
                assert right <= page.get_width() - 40


def test_the_graded_sheet_in_order(sample: SimpleNamespace) -> None:
    """The structure of one part: verdict, question, answer, key with the lost term tinted, reason, witness, steps."""
    text = both(sample, "typ")["graded"].decode()
    part = text[text.index("#title-bar(colours.red") : text.index("#title-bar(colours.blue")]
    wanted = [
        "Not correct",
        "*1* \\/ 5",
        "non-recursive",
        "#label[Your answer]",
        "#label[Expected]",
        "#mark(",
        "Where it goes wrong",
        "Counterexample:",
        "−0.2979",
        "#label[Derivation]",
        "two paths leave the cell state",
        "Evidence: ",
    ]
    places = [part.index(mark) for mark in wanted]
    assert places == sorted(places)
    assert part.count("#mark(") == 1
    marked = part[part.index("#mark(") :]
    assert marked.startswith("#mark($display(frac(∂ L, ∂ attach(C, b: t + 1)) ⊙ attach(f, b: t + 1))$)")


def test_a_correct_answer_gives_nothing_away(sample: SimpleNamespace) -> None:
    right = tuple(v for v in sample.verdicts if v.status == "correct")
    text = graded_sheet(sample.assignment, right, sample.solutions, None, "md").decode()
    assert "**Expected**" not in text
    assert "**Derivation**" not in text


def test_at_most_four_steps_on_a_graded_sheet(sample: SimpleNamespace) -> None:
    text = both(sample, "md")["graded"].decode()
    part = text[text.index("## (4c)") : text.index("## (4d)")]
    assert re.findall(r"^(\d)\. ", part, flags=re.MULTILINE) == ["1", "2", "3", "4"]
    assert "substitute the slopes of the gates" in part
    assert "2 more lines on the solution sheet" in part


class _Checker(HTMLParser):
    VOID = frozenset({"meta", "br", "mspace", "link"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen += 1
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self.open.pop() == tag


def test_html_is_balanced_and_needs_nothing_from_outside(sample: SimpleNamespace) -> None:
    for page in both(sample, "html").values():
        checker = _Checker()
        checker.feed(page.decode())
        assert checker.open == []
        assert checker.seen > 200
        assert b"<script" not in page
        assert b"http:" not in page
        assert b"https:" not in page


def test_json_of_the_solutions(sample: SimpleNamespace) -> None:
    data = json.loads(both(sample, "json")["solution"])
    part = next(q for q in data["questions"] if q["question"] == "4a")
    assert part["answers"][0].startswith(r"\frac{\partial L}{\partial C_t} = ")
    assert part["trusted"] is True
    assert [road["name"] for road in part["roads"]] == ["derived", "torch autograd (float64)", "torch.nn.LSTM"]
    assert len(part["steps"]) == 4
    assert data["questions"][4]["plots"][0]["series"][0]["label"] == "LSTM, $f_t = 1$"


def test_json_of_the_graded_parts(sample: SimpleNamespace) -> None:
    data = json.loads(both(sample, "json")["graded"])
    assert (data["marks"], data["out_of"], data["waiting"]) == (5, 17.5, 2)
    assert [p["verdict"] for p in data["parts"]] == [v.status for v in sample.verdicts]


def test_an_unknown_format_is_named() -> None:
    empty = SimpleNamespace(title="t", course="", source="", conventions="", models={}, functions={}, questions=())
    with pytest.raises(ValueError, match="unknown format 'docx': expected one of pdf, tex, typ, html, md, json"):
        solution_sheet(empty, (), "docx")


def test_an_empty_sheet_is_a_sheet() -> None:
    empty = SimpleNamespace(title="t", course="", source="", conventions="", models={}, functions={}, questions=())
    for fmt in FORMATS:
        assert solution_sheet(empty, (), fmt)
        assert graded_sheet(empty, (), (), None, fmt)


def test_the_terminal_table(sample: SimpleNamespace) -> None:
    from rich.console import Console

    other: tuple[Verdict, ...] = sample.verdicts[:2]
    console = Console(width=160, record=True, force_terminal=False)
    with console.capture() as shown:
        console.print(verdict_table([(STUDENT, sample.verdicts), ("[red]B[/red]", other)]))
    text = shown.get()
    assert "✗ 1" in text
    assert "5 / 17½" in text
    assert "[red]B[/red]" in text


def test_points() -> None:
    from fractions import Fraction

    shown = [points(Fraction(*pair)) for pair in ((0, 1), (1, 2), (5, 2), (7, 4), (2, 3), (10, 1), (-1, 2))]
    assert shown == ["0", "½", "2½", "1¾", "0.67", "10", "-0.50"]


def test_importing_reports_is_cheap() -> None:
    code = (
        "import reports, reports.render, reports.fill, sys;"
        "print([m for m in ('torch', 'sympy', 'typst', 'numpy', 'rich') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_no_pdflatex_means_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf.shutil, "which", lambda _: None)
    assert tex_pdf("\\documentclass{minimal}\n\\usepackage{nowhere}\n\\begin{document}x\\end{document}") is None


def test_a_source_that_does_not_compile_raises() -> None:
    with pytest.raises(pdf.TypesettingError, match="unknown variable"):
        pdf.typst_pdf("#nonsense")
