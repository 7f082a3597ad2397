"""Markdown prose and one-line messages in every format."""

from __future__ import annotations

import pytest

from reports.html_writer import HtmlWriter
from reports.markdown_writer import MarkdownWriter
from reports.prose import Writer, inline, render
from reports.tex_writer import TexWriter
from reports.typst_writer import TypstWriter

CASES: list[tuple[str, type[Writer], str]] = [
    ("plain", HtmlWriter, "<p>plain</p>\n"),
    ("*a* and **b**", HtmlWriter, "<p><em>a</em> and <strong>b</strong></p>\n"),
    ("`x < y`", HtmlWriter, "<p><code>x &lt; y</code></p>\n"),
    ("- a\n- b", HtmlWriter, "<ul><li><p>a</p></li><li><p>b</p></li></ul>\n"),
    ("3. a", HtmlWriter, '<ol start="3"><li><p>a</p></li></ol>\n'),
    ("<b>x</b>", HtmlWriter, "<p>&lt;b&gt;x&lt;/b&gt;</p>\n"),
    ("$x_1$", HtmlWriter, "<p><math><msub><mi>x</mi><mn>1</mn></msub></math></p>\n"),
    ("$\\input{x}$", HtmlWriter, "<p><code>\\input{x}</code></p>\n"),
    ("costs $5 and $7", HtmlWriter, "<p>costs $5 and $7</p>\n"),
    ("[a](javascript:alert)", HtmlWriter, "<p>[a](javascript:alert)</p>\n"),
    ("$a_b$ and $c_d$", TexWriter, "$a_b$ and $c_d$\\par\n"),
    ("50% & #1", TexWriter, "50\\% \\& \\#1\\par\n"),
    ("$\\odot$ is *elementwise*", TexWriter, "$\\odot$ is \\emph{elementwise}\\par\n"),
    ("$\\frac{\\partial L}{\\partial c_t}$", TypstWriter, "$frac(∂ L, ∂ attach(c, b: t))$\n\n"),
    ("#let *x*", TypstWriter, '#"#let ";#emph[#"x";];\n\n'),
    ("```\n#x\n```", TypstWriter, '#source("#x")\n\n'),
    ("a_b", MarkdownWriter, "a\\_b\n\n"),
    ("# head", TexWriter, "\\textbf{head}\\par\n"),
]


@pytest.mark.parametrize(("markdown", "writer", "expected"), CASES, ids=[f"{w.__name__}-{m}" for m, w, _ in CASES])
def test_render(markdown: str, writer: type[Writer], expected: str) -> None:
    assert render(markdown, writer()) == expected


def test_a_message_has_mathematics_and_code_but_no_markdown() -> None:
    assert inline("*2* of $x$, see `a_b`", HtmlWriter()) == ("*2* of <math><mi>x</mi></math>, see <code>a_b</code>")


def test_a_message_with_an_odd_dollar_is_left_alone() -> None:
    assert inline("it costs 5$", TexWriter()) == "it costs 5\\$"
