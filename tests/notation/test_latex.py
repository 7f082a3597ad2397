"""Printing to LaTeX: how it looks, that the reader takes it back, and that nothing hostile gets through."""

from __future__ import annotations

from fractions import Fraction

import pytest

from notation import texlike
from notation.answer import read_formula
from notation.latex import spell, to_latex
from notation.layout import layout
from notation.tree import (
    Add,
    All,
    Block,
    Call,
    Cases,
    Compare,
    Component,
    Concat,
    Div,
    Expr,
    Identity,
    Indicator,
    Matrix,
    Mul,
    Neg,
    Num,
    Ones,
    Partial,
    Pow,
    Reduce,
    Ref,
    Transpose,
    Vector,
    number,
)
from notation.vocabulary import Quantity, Symbol, Vocabulary

T = Ref("t")
ONE, TWO, THREE = number(1), number(2), number(3)
NEXT, LAST = Add((T, ONE)), Add((T, Neg(ONE)))
A, B, N, D, K, LOSS = (Ref(name) for name in ("a", "b", "n", "d", "k", "L"))
H, C, GATE, X = (Ref(name, at=(T,)) for name in "hCox")
U = Ref("U")
Y, Y_HAT = Ref("y", index=(K,)), Ref("\\hat y", index=(K,))
IN_RANGE = Compare((ONE, Ref("j"), THREE), ("<=", "<="))


def hadamard(left: Expr, right: Expr) -> Mul:
    return Mul(left, right, "elementwise")


def total(body: Expr) -> Reduce:
    return Reduce("sum", "k", ONE, Ref("K"), None, body)


ROUND_TRIPS: list[tuple[Expr, str]] = [
    (C, r"C_t"),
    (Ref("h", at=(LAST,)), r"h_{t-1}"),
    (Ref("h", at=(LAST,), index=(Ref("j"),)), r"h_{t-1,j}"),
    (Ref("W_f", index=(Ref("p"), Ref("q"))), r"(W_f)_{p,q}"),
    (Ref("b_f", index=(Ref("j"),)), r"(b_f)_j"),
    (Ref("\\tilde C", at=(T,)), r"\tilde C_t"),
    (Y_HAT, r"\hat y_k"),
    (Partial(LOSS, C), r"\frac{\partial L}{\partial C_t}"),
    (Partial(LOSS, C, "direct"), r"\frac{\partial^+L}{\partial C_t}"),
    (Partial(LOSS, Ref("C", at=(T,), index=(K,))), r"\frac{\partial L}{\partial C_{t,k}}"),
    (Partial(LOSS, Ref("W_f")), r"\frac{\partial L}{\partial W_f}"),
    (Partial(Add((A, B)), A), r"\frac{\partial}{\partial a}(a + b)"),
    (Transpose(U), r"U^\top"),
    (Transpose(Partial(H, C)), r"\left( \frac{\partial h_t}{\partial C_t} \right)^\top"),
    (Mul(Transpose(U), H), r"U^\top\,h_t"),
    (Mul(TWO, THREE, "dot"), r"2 \cdot 3"),
    (Mul(A, B, "star"), r"a \ast b"),
    (Mul(H, X, "outer"), r"h_t \otimes x_t"),
    (Mul(A, Add((A, B))), r"a\,(a + b)"),
    (Mul(A, Mul(B, A)), r"a\,(b\,a)"),
    (hadamard(H, hadamard(GATE, C)), r"h_t \odot (o_t \odot C_t)"),
    (hadamard(hadamard(H, GATE), C), r"h_t \odot o_t \odot C_t"),
    (hadamard(H, Mul(U, GATE)), r"h_t \odot (U\,o_t)"),
    (Mul(U, hadamard(H, GATE)), r"U\,(h_t \odot o_t)"),
    (Mul(hadamard(H, GATE), Transpose(X)), r"(h_t \odot o_t)\,x_t^\top"),
    (hadamard(H, Add((ONE, Neg(H)))), r"h_t \odot (1 - h_t)"),
    (Neg(A), r"-a"),
    (Neg(Neg(A)), r"-(-a)"),
    (Add((Neg(A), B)), r"-a + b"),
    (Add((A, Neg(Add((B, A))))), r"a - (b + a)"),
    (Div(A, B), r"\frac{a}{b}"),
    (Pow(Div(A, B), TWO), r"\left( \frac{a}{b} \right)^2"),
    (Pow(A, Div(ONE, TWO)), r"a^{1/2}"),
    (Pow(U, Neg(ONE)), r"U^{-1}"),
    (Pow(Call("tanh", (C,)), TWO), r"\tanh^2(C_t)"),
    (Call("tanh", (C,), order=1), r"\tanh'(C_t)"),
    (Call("sigmoid", (A,)), r"\sigma(a)"),
    (Call("softmax", (Ref("V"),)), r"\operatorname{softmax}(V)"),
    (Call("max", (A, B)), r"\max(a,\;b)"),
    (Call("floor", (Div(Add((N, TWO)), TWO),)), r"\left\lfloor \frac{n + 2}{2} \right\rfloor"),
    (Call("sqrt", (A,)), r"\sqrt{a}"),
    (Call("abs", (A,)), r"\lvert a \rvert"),
    (Call("norm", (H,)), r"\lVert h_t \rVert"),
    (total(Mul(Y, Call("log", (Y_HAT,)))), r"\sum_{k=1}^K y_k\,\log(\hat y_k)"),
    (Neg(Reduce("sum", "k", None, None, None, Mul(Y, Y_HAT))), r"-\sum_k y_k\,\hat y_k"),
    (Add((total(Y), A)), r"\sum_{k=1}^K y_k + a"),
    (Mul(A, total(Y)), r"a\,\sum_{k=1}^K y_k"),
    (
        Reduce("product", "k", NEXT, Ref("T"), None, Call("diag", (Ref("f", at=(K,)),))),
        r"\prod_{k=t+1}^T \operatorname{diag}(f_k)",
    ),
    (Concat((Ref("h", at=(LAST,)), X)), r"[h_{t-1};\;x_t]"),
    (Mul(Ref("W_f"), Concat((H, X))), r"W_f\,[h_t;\;x_t]"),
    (Vector((number("0.70"), number("0.2"))), r"(0.70,\;0.2)"),
    (Component(Mul(Transpose(U), H), (Ref("j"),)), r"(U^\top\,h_t)_j"),
    (Indicator(Compare((Ref("p"), Ref("j")), ("=",))), r"\mathbf{1}\{p = j\}"),
    (IN_RANGE, r"1 \le j \le 3"),
    (
        Cases(((A, IN_RANGE), (number(0), None))),
        r"\begin{cases} a & \text{if }1 \le j \le 3 \\ 0 & \text{otherwise} \end{cases}",
    ),
    (Ones(), r"\mathbf{1}"),
    (Identity(), r"I"),
]

PRINTED_ONLY: list[tuple[Expr, str, str]] = [
    (Block(Ref("W_f"), axis=1, number=0), r"W_f^{[1]}", "the reader has no notation for blocks"),
    (Transpose(Block(Ref("W_f"), axis=1, number=1)), r"(W_f^{[2]})^\top", "the reader has no notation for blocks"),
    (Matrix(((A, B), (B, A))), r"\begin{pmatrix} a & b \\ b & a \end{pmatrix}", "spelled by the table only"),
    (Num(Fraction(-1, 3)), r"-\frac{1}{3}", "reads back as a quotient of integers"),
    (Mul(TWO, THREE), r"2 \cdot 3", "reads back as a product with a dot"),
    (All((IN_RANGE, Compare((A, B), ("!=",)))), r"1 \le j \le 3 \land a \ne b", "conditions stand inside cases"),
    (Ref("loss"), r"\operatorname{loss}", "not declared here"),
    (Reduce("sum", "j", None, None, Compare((Ref("j"), K), ("!=",)), A), r"\sum_{j \ne k} a", "no range declared"),
    (Reduce("sum", "j", None, T, None, A), r"\sum_{j \le t} a", "no range declared"),
]


@pytest.fixture(scope="module")
def vocabulary() -> Vocabulary:
    column = ((N,),)
    quantities = {name: Quantity(name, ("t",), column) for name in ("h", "C", "o", "f", "i", "\\tilde C")}
    quantities["x"] = Quantity("x", ("t",), ((D,),))
    quantities |= {
        "W_f": Quantity("W_f", (), ((N,), (N, D))),
        "b_f": Quantity("b_f", (), column),
        "U": Quantity("U", (), ((N,), (N,))),
        "L": Quantity("L", (), (), "loss"),
    }
    quantities |= {name: Quantity(name, (), ((Ref("K"),),)) for name in ("y", "\\hat y", "V")}
    quantities |= {name: Quantity(name, (), (), "size") for name in ("n", "d", "K", "T")}
    quantities |= {name: Quantity(name, (), ()) for name in ("a", "b")}
    return Vocabulary(
        quantities=quantities,
        spellings={_key(name): name for name in quantities},
        ranges={"t": (ONE, Ref("T"))},
        loss="L",
    )


def _key(name: str) -> str:
    if name.startswith("\\"):
        accent, base = name[1:].split(" ")
        return Symbol(base, (accent,)).key
    base, _, label = name.partition("_")
    return Symbol(base, (), label).key


@pytest.mark.parametrize(("expr", "latex"), ROUND_TRIPS, ids=[latex for _, latex in ROUND_TRIPS])
def test_prints_and_reads_back(expr: Expr, latex: str, vocabulary: Vocabulary) -> None:
    assert to_latex(expr) == latex
    assert read_formula(latex, vocabulary) == expr


@pytest.mark.parametrize(("expr", "latex", "why"), PRINTED_ONLY, ids=[latex for _, latex, _ in PRINTED_ONLY])
def test_prints(expr: Expr, latex: str, why: str) -> None:
    assert to_latex(expr) == latex, why


@pytest.mark.parametrize("latex", [latex for _, latex in ROUND_TRIPS] + [latex for _, latex, _ in PRINTED_ONLY])
def test_the_typographic_reader_keeps_what_was_printed(latex: str) -> None:
    """Boxes read from printed LaTeX print the same again, so an examiner's formula is not altered on its way."""
    box = texlike.read(latex)
    assert box is not None
    again = texlike.read(spell(box))
    assert again is not None
    assert spell(again) == spell(box)


def test_people_need_fewer_parentheses() -> None:
    nested = hadamard(H, hadamard(GATE, Mul(U, C)))
    assert to_latex(nested) == r"h_t \odot (o_t \odot (U\,C_t))"
    assert to_latex(nested, exact=False) == r"h_t \odot o_t \odot U\,C_t"


def test_a_difference_keeps_its_parentheses_for_people_too() -> None:
    assert to_latex(Mul(A, Add((A, Neg(B)))), exact=False) == r"a\,(a - b)"
    assert to_latex(Mul(U, hadamard(H, GATE)), exact=False) == r"U\,(h_t \odot o_t)"


def test_highlight_wraps_equal_subtrees_only() -> None:
    term = hadamard(GATE, H)
    assert to_latex(Add((C, term)), highlight=(term,)) == r"C_t + \bpmark{o_t \odot h_t}"
    assert to_latex(Add((C, Neg(term))), highlight=(Neg(term),)) == r"C_t\bpmark{-o_t \odot h_t}"
    assert "bpmark" not in to_latex(Add((C, term)), highlight=(A,))


@pytest.mark.parametrize(
    "text",
    [
        r"\input{/etc/passwd}",
        r"\write18{id}",
        r"\def\x{1}",
        r"\catcode`\%=12",
        r"x^",
        r"\frac{1}",
        r"{a",
        r"a}",
        r"\left( a",
        r"\begin{verbatim}x\end{verbatim}",
        r"\operatorname{\input{x}}",
        "a # b",
        "a & b",
        "x_a_b",
        "{" * 100 + "}" * 100,
        "x" * 5000,
        "",
        "  ",
    ],
)
def test_the_typographic_reader_refuses_what_it_does_not_know(text: str) -> None:
    assert texlike.read(text) is None


@pytest.mark.parametrize("name", [r"\input{x}", r"x}\input{y", "a%b", "#1", "^^41", "loss function!"])
def test_a_hostile_name_prints_as_words(name: str) -> None:
    printed = to_latex(Ref(name))
    assert "\\input" not in printed
    assert texlike.read(printed) is not None


def test_text_inside_a_formula_is_escaped() -> None:
    box = texlike.read(r"\text{50\% of \input{x} & $y$}")
    assert box is not None
    assert "\\input" not in spell(box)


def test_every_node_has_a_printed_form() -> None:
    with pytest.raises(TypeError, match="no printed form for Expr"):
        layout(Expr())
