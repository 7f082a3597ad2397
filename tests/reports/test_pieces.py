"""Formulas, drawings and line breaking."""

from __future__ import annotations

from fractions import Fraction
from types import SimpleNamespace

import pytest

from checkers.solution import Plot, Series
from notation.boxes import width
from notation.tree import Add, Cases, Compare, Expr, Matrix, Mul, Neg, Num, Ref, Transpose, number
from reports import drawing, mathml, pdf, plot, typst_math, verbatim
from reports.display import PAGE_WIDTH, lines, source_lines
from reports.highlight import missing_terms

A, B, C = Ref("a"), Ref("b"), Ref("c")
MANY = Compare((A, Add(tuple(Ref(f"W_{letter}") for letter in "abcdefghijklmnopqrstuvwxyz"))), ("=",))


@pytest.mark.parametrize(
    ("expr", "typst"),
    [
        (Transpose(Ref("W_f")), "attach(W, b: f, t: ⊤)"),
        (Ref("h", index=(A, B)), "attach(h, b: a \\, b)"),
        (Matrix(((A, B), (C, A))), 'mat(delim: #("(", ")"), a, b; c, a)'),
        (
            Cases(((A, Compare((B, C), ("=",))), (number(0), None))),
            'cases(a & "if " b = c, 0 & "otherwise")',
        ),
        (Ref('"#x'), '"\\"#x"'),
    ],
)
def test_typst(expr: Expr, typst: str) -> None:
    assert typst_math.to_typst(expr) == typst
    assert pdf.typst_pdf(f"#let mark(b) = b\n$ {typst} $")


def test_every_sample_formula_compiles(sample: SimpleNamespace) -> None:
    formulas = [sample.key, sample.lost, sample.long, sample.weights]
    body = "\n".join(f"$ {typst_math.to_typst(f, highlight=(A,))} $" for f in formulas)
    assert pdf.typst_pdf(body)


def test_mathml_of_a_fraction() -> None:
    assert mathml.to_mathml(Ref("h", at=(A,)), display=True) == (
        '<math display="block"><msub><mi>h</mi><mi>a</mi></msub></math>'
    )


def test_a_long_sum_is_broken_at_its_terms() -> None:
    broken = lines(MANY)
    assert len(broken) > 1
    assert all(line.width <= PAGE_WIDTH for line in broken)
    assert broken[0].left is not None
    assert all(line.left is None for line in broken[1:])


def test_a_chain_takes_a_line_per_relation() -> None:
    tall = Compare((A, Mul(B, C), Add((A, Neg(B)))), ("=", "="))
    assert len(lines(tall)) == 1
    wide = Compare((A, MANY.sides[1], MANY.sides[1]), ("=", "="))
    assert len(lines(wide)) == 2 * len(lines(MANY))


def test_forward_equations_line_by_line() -> None:
    found = source_lines("a = b\n\n  c = \\unknown{d}\n")
    assert [width(line.left) > 0 for line in found] == [True, False]


def test_missing_terms_ignore_order() -> None:
    key = Compare((A, Add((Mul(A, B), Mul(B, C)))), ("=",))
    answer = Compare((A, Mul(C, B)), ("=",))
    assert missing_terms((answer,), (key,)) == (Mul(A, B),)
    assert missing_terms((key,), (key,)) == ()
    assert missing_terms((Ref("z"),), (key,)) == ()


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(0, 1, [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]), (-3, 7, [-2.0, 0.0, 2.0, 4.0, 6.0]), (5, 5, [5])],
)
def test_ticks(low: float, high: float, expected: list[float]) -> None:
    assert plot.ticks(low, high) == pytest.approx(expected)


@pytest.mark.parametrize("log_y", [False, True])
def test_a_plot_leaves_out_what_cannot_be_drawn(log_y: bool) -> None:
    series = Series("s", (0.0, 1.0, 2.0, 3.0), (1.0, float("nan"), -1.0, 2.0))
    drawn = plot.draw(Plot("c", "x", "y", (series, Series("none", (), ())), log_y))
    curve = next(item for item in drawn.items if isinstance(item, drawing.Polyline) and item.thickness == 1.3)
    assert len(curve.points) == (2 if log_y else 3)
    labels = [item.text for item in drawn.items if isinstance(item, drawing.Label)]
    assert "none" not in labels


def test_an_empty_plot_says_so() -> None:
    assert plot.draw(Plot("c", "x", "y", ())).items[0].text == "nothing to plot"  # type: ignore[union-attr]


def test_three_printers_of_one_drawing(sample: SimpleNamespace) -> None:
    drawn = plot.draw(sample.plot)
    assert drawing.to_svg(drawn, str, title="<t>").count("<polyline") == drawing.to_tikz(drawn, str).count("\\draw")
    assert 'aria-label="&lt;t&gt;"' in drawing.to_svg(drawn, str, title="<t>")
    assert drawing.to_typst(drawn, lambda _: "x").count("curve(") == drawing.to_tikz(drawn, str).count("\\draw")


@pytest.mark.parametrize(
    ("text", "shown"),
    [("a\r\nb\rc", "a\nb\nc"), ("a\x00b", "a\ufffdb"), ("a\u202eb", "a\ufffdb"), ("tab\tstays", "tab\tstays")],
)
def test_what_is_shown_is_what_is_there(text: str, shown: str) -> None:
    assert verbatim.visible(text) == shown


def test_an_endless_answer_is_cut_with_a_note() -> None:
    assert verbatim.shortened("x" * 7000).endswith("\n... (1000 more characters)")
    assert verbatim.shortened("short") == "short"


def test_a_number_spelled_in_another_way_is_the_same_term() -> None:
    """The term that is missing is tinted although the answer writes `1` where the key has a computed one."""
    typed = Add((Num(Fraction(1), text="1.0"), Neg(Ref("f"))))
    key = Add((Mul(Ref("a"), Add((Num(Fraction(1)), Neg(Ref("f"))))), Ref("b")))
    assert missing_terms([Mul(Ref("a"), typed)], [key]) == (Ref("b"),)
