"""Texts that try to become markup: each must stay visible text in every format, and every sheet must still compile."""

from __future__ import annotations

from fractions import Fraction
from types import SimpleNamespace

import pytest

from checkers.solution import Diagram, Edge, Plot, Series, Solution, Table, Vertex
from checkers.verdict import LineVerdict, Verdict, Witness
from derivations.derivation import Step
from notation.tree import Ref
from reports import graded_sheet, pdf, solution_sheet

HOSTILE = [
    r"\input{/etc/passwd} \write18{id} \end{document} \catcode`\%=12",
    '#read("/etc/passwd") #import "@preview/x:1.0.0" $#eval("1")$ #{ while true {} }',
    '"; #panic("x") //',
    "*/ /* ] ) } $ _ * ` ~ ^ & # % \\ ' \" | @ < >",
    "<script>alert(1)</script><img src=x onerror=alert(1)>&amp;{{ 7*7 }}{% x %}<% y %><< z >>",
    "```\nfence\n````\n~~~",
    "---\n===\n# head\n- item\n> quote\n1. one",
    "$\\input{x}$ and $ $ and $$x$$ and $\\text{]}#x$",
    "ünï − ⊙ σ ₜ ᵀ 😀 \u202e\u200b\ufeff漢字 العربية \x00\x07\x1b[31m\ud800",
    "a" * 3000,
    "x " * 3000,
    "'' -- --- ?` !` << >> ,, ``",
    "$" * 7 + "`" * 5,
    "\\\\\n\n\n\t\tx\r\ny",
]


def assignment(text: str) -> SimpleNamespace:
    question = SimpleNamespace(id="1", title=text, marks=Fraction(1), prompt=text)
    named = {text: text}
    model = SimpleNamespace(about=text, forward=text, replace=named, sizes=named, inputs=named, parameters=named)
    function = SimpleNamespace(about=text, outputs=text, at={text: 1.0})
    return SimpleNamespace(
        title=text,
        course=text,
        source=text,
        conventions=text,
        models={"m": model},
        functions={"f": function},
        questions=(question,),
    )


def solutions(text: str) -> tuple[Solution, ...]:
    plot = Plot(text, text, text, (Series(text, (0.0, 1.0, float("nan")), (1.0, 2.0, float("inf"))),))
    name = Ref(text[:60])
    table = Table(text, (text, text), ((name, text),))
    diagram = Diagram(text, (Vertex(text, text), Vertex(text)), (Edge(0, 1, text),))
    return (
        Solution(
            "1", (name,), (name,), (Step(name, text),), (text,), (), text, (text,), text, (plot,), (table,), (diagram,)
        ),
    )  # fmt: skip


def verdicts(text: str, status: str) -> tuple[Verdict, ...]:
    return (
        Verdict(
            "1", text, status, Fraction(0), Fraction(1), text, text, Witness(text, text, text, 1.0), text, (), (text,), Fraction(0),  # type: ignore[arg-type]
            (LineVerdict(text, "first_error", text), LineVerdict(text, "follows", text)),
        ),
    )  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_every_sheet_still_compiles(text: str) -> None:
    for status in ("unreadable", "manual"):
        arguments = (assignment(text), verdicts(text, status), solutions(text), text)
        assert graded_sheet(*arguments, "pdf").startswith(b"%PDF-")
        tex = graded_sheet(*arguments, "tex").decode()
        assert (pdf.tex_pdf(tex) or b"%PDF-").startswith(b"%PDF-")
        for fmt in ("html", "md", "json"):
            graded_sheet(*arguments, fmt).decode()
    assert solution_sheet(assignment(text), solutions(text), "pdf").startswith(b"%PDF-")
    tex = solution_sheet(assignment(text), solutions(text), "tex").decode()
    assert (pdf.tex_pdf(tex) or b"%PDF-").startswith(b"%PDF-")


@pytest.mark.parametrize("status", ["unreadable", "manual"])
def test_nothing_reaches_a_typesetter_raw(status: str) -> None:
    text = HOSTILE[0]
    tex = graded_sheet(assignment(text), verdicts(text, status), solutions(text), text, "tex").decode()
    body = tex.partition("\\begin{document}")[2]
    for command in ("\\input", "\\write18", "\\catcode"):
        assert command not in body
    assert body.count("\\end{document}") == 1


def test_html_stays_text() -> None:
    text = HOSTILE[4]
    page = graded_sheet(assignment(text), verdicts(text, "unreadable"), solutions(text), text, "html").decode()
    assert "<script" not in page
    assert "<img" not in page
    assert "&lt;script&gt;" in page
    assert "{{ 7*7 }}" in page


def test_tex_cannot_read_files() -> None:
    """Even if a text slipped through, pdflatex opens nothing outside of its own directory."""
    source = (
        "\\documentclass{article}\n\\begin{document}\\openin5=/etc/passwd "
        "\\ifeof5 closed\\else open\\errmessage{leak}\\fi\\end{document}"
    )
    assert (pdf.tex_pdf(source) or b"%PDF-").startswith(b"%PDF-")


def test_typst_has_an_empty_root() -> None:
    with pytest.raises(pdf.TypesettingError, match=r"not found|access|failed|outside"):
        pdf.typst_pdf('#read("/etc/passwd")')
