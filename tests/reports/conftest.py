"""A small class test, its solutions and one student's verdicts, made by hand: every status, every kind of content."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from types import SimpleNamespace

import pytest

from checkers.solution import Plot, Road, Series, Solution
from checkers.verdict import Status, Verdict, Witness
from derivations.derivation import Step
from notation.tree import (
    Add,
    Block,
    Call,
    Compare,
    Concat,
    Expr,
    Mul,
    Neg,
    Partial,
    Pow,
    Reduce,
    Ref,
    Transpose,
    Vector,
    add,
    number,
)

T = Ref("t")
NEXT = Add((T, number(1)))
LAST = Add((T, Neg(number(1))))
LOSS = Ref("L")
ONE = number(1)


def at(name: str, step: Expr = T) -> Ref:
    return Ref(name, at=(step,))


def times(*factors: Expr) -> Expr:
    product = factors[0]
    for factor in factors[1:]:
        product = Mul(product, factor, "elementwise")
    return product


def equal(*sides: Expr) -> Compare:
    return Compare(sides, ("=",) * (len(sides) - 1))


def grad(wrt: Expr) -> Partial:
    return Partial(LOSS, wrt)


SLOPE = Add((ONE, Neg(Pow(Call("tanh", (at("C"),)), number(2)))))
KEY = equal(grad(at("C")), Add((times(grad(at("h")), at("o"), SLOPE), times(grad(at("C", NEXT)), at("f", NEXT)))))
LOST = equal(grad(at("C")), times(at("o"), grad(at("h")), SLOPE))
HALF = equal(grad(at("C")), Add((times(grad(at("h")), at("o"), SLOPE), times(grad(at("C", NEXT)), at("f")))))


def indexed(name: str, step: Expr = T, component: str = "k") -> Ref:
    return Ref(name, at=(step,), index=(Ref(component),))


INDEX_KEY = equal(
    grad(indexed("C")),
    Add(
        (
            Mul(Mul(grad(indexed("h")), indexed("o")), Add((ONE, Neg(Pow(Call("tanh", (indexed("C"),)), number(2)))))),
            Mul(grad(indexed("C", NEXT)), indexed("f", NEXT)),
        )
    ),
)


def back(gate: str, number_: int = 0) -> Expr:
    weight = Transpose(Block(Ref(f"W_{gate}"), axis=1, number=number_))
    name = "\\tilde C" if gate == "C" else gate
    slope = (
        Add((ONE, Neg(Pow(at(name, NEXT), number(2)))))
        if gate == "C"
        else times(at(name, NEXT), Add((ONE, Neg(at(name, NEXT)))))
    )
    return Mul(weight, Mul(grad(at(name, NEXT)), slope, "elementwise"), "matrix")


LONG = equal(
    grad(at("h")),
    add(*(back(g) for g in "fioC"), Mul(Transpose(Ref("W_V")), Add((at("\\hat y"), Neg(at("y")))), "matrix")),
)
WEIGHTS = equal(
    grad(Ref("W_f")),
    Reduce(
        "sum",
        "t",
        ONE,
        Ref("T"),
        None,
        Mul(
            times(grad(at("f")), at("f"), Add((ONE, Neg(at("f"))))),
            Transpose(Concat((at("h", LAST), at("x")))),
            "matrix",
        ),
    ),
)
STEPS = (
    Step(
        equal(
            grad(at("C")),
            Add(
                (
                    Mul(Transpose(Partial(at("h"), at("C"), "direct")), grad(at("h")), "matrix"),
                    Mul(Transpose(Partial(at("C", NEXT), at("C"), "direct")), grad(at("C", NEXT)), "matrix"),
                )
            ),
        ),
        "two paths leave the cell state",
    ),
    Step(
        equal(Partial(at("h"), at("C"), "direct"), Call("diag", (times(at("o"), SLOPE),))), "elementwise, so diagonal"
    ),
    Step(
        equal(Partial(at("C", NEXT), at("C"), "direct"), Call("diag", (at("f", NEXT),))),
        "only the forget path; $C_t$ enters $C_{t+1}$ nowhere else",
    ),
    Step(KEY, "substitute"),
)


@dataclass(frozen=True)
class SampleModel:
    about: str
    forward: str
    replace: Mapping[str, str] = field(default_factory=dict)
    sizes: Mapping[str, str] = field(default_factory=lambda: {"n": "state"})
    inputs: Mapping[str, str] = field(default_factory=lambda: {"x_t": "d", "C_0": "n"})
    parameters: Mapping[str, str] = field(default_factory=lambda: {"W_f": "n x (n+d)", "W_i": "n x (n+d)", "b_f": "n"})


@dataclass(frozen=True)
class SampleQuestion:
    id: str
    title: str
    marks: Fraction
    prompt: str


@dataclass(frozen=True)
class SampleAssignment:
    title: str
    course: str
    source: str
    conventions: str
    models: Mapping[str, SampleModel]
    questions: Sequence[SampleQuestion] = field(default_factory=tuple)
    functions: Mapping[str, SampleModel] = field(default_factory=dict)


ASSIGNMENT = SampleAssignment(
    title="CS60010 Deep Learning, Class Test III",
    course="Indian Institute of Technology Kharagpur, spring 2021",
    source="CS60010 Class Test III, 15 March 2021; questions paraphrased",
    conventions=r"Vectors are columns. $\partial L/\partial v$ is the total derivative and has the shape of $v$; "
    r"quantities at step $T+1$ are 0. $\odot$ is the *elementwise* product, $[h, x]$ stacks two vectors.",
    models={
        "cell": SampleModel(
            "LSTM cell with concatenated weights",
            r"""
            f_t = \sigma(W_f [h_{t-1}, x_t] + b_f)
            i_t = \sigma(W_i [h_{t-1}, x_t] + b_i)
            o_t = \sigma(W_o [h_{t-1}, x_t] + b_o)
            \tilde C_t = \tanh(W_C [h_{t-1}, x_t] + b_C)
            C_t = f_t \odot C_{t-1} + i_t \odot \tilde C_t
            h_t = o_t \odot \tanh(C_t)""",
        ),
        "classifier": SampleModel(
            "the cell with a softmax output and cross-entropy at the last step only",
            "V = W_V h_T + b_V\n\\hat y = \\mathrm{softmax}(V)\nL = -\\sum_k y_k \\log \\hat y_k",
        ),
    },
    questions=(
        SampleQuestion(
            "1b", "one step of the cell", Fraction(2), "Compute $C_t$ and $h_t$ for $C_{t-1} = (0.2, 0.4, 0.8)$."
        ),
        SampleQuestion("3a", "shape of $W_f$", Fraction(1, 2), "What is the dimension of $W_f$ for $d = 2$, $n = 3$?"),
        SampleQuestion("3c", "parameters", Fraction(2), "How many parameters has the cell?"),
        SampleQuestion(
            "4a",
            "gradient of the cell state",
            Fraction(5),
            r"Express $\frac{\partial L}{\partial C_t}$ in terms of $\frac{\partial L}{\partial C_{t+1}}$, "
            r"$\frac{\partial L}{\partial h_t}$ and other **non-recursive** terms.",
        ),
        SampleQuestion(
            "4b", "long-term dependency", Fraction(2), r"Explain briefly why the gradient survives when $f_t = 1$."
        ),
        SampleQuestion(
            "4c", "gradient of the hidden state", Fraction(3), r"Give $\partial L/\partial h_t$ for $t < T$."
        ),
        SampleQuestion(
            "4d", "gradient of the weights", Fraction(3), r"Give $\partial L/\partial W_f$ with the shape of $W_f$."
        ),
    ),
)

ROADS = (
    Road("derived", True),
    Road("torch autograd (float64)", True, 2.1e-15, "8 random sizes, seeds 0 to 7"),
    Road("torch.nn.LSTM", True, 4e-16),
)
DECAY = Plot(
    "The adjoint of $C_1$ keeps its size over 60 steps with $f_t = 1$; that of a tanh network dies out.",
    "distance $T - t$",
    r"norm of $\partial L/\partial C_t$",
    (
        Series("LSTM, $f_t = 1$", tuple(map(float, range(61))), tuple(1.0 + 0.002 * k for k in range(61))),
        Series("tanh network", tuple(map(float, range(61))), tuple(0.72**k for k in range(61))),
    ),
    log_y=True,
)

SOLUTIONS = (
    Solution(
        "1b",
        (equal(at("C"), Vector((number("0.7"), number("0.2"), number("0.05")))),),
        rule="three numbers, within 0.005",
        roads=ROADS[:2],
    ),
    Solution(
        "3a", (Mul(number(3), number(5), "star"),), roads=(Road("executed", True, None, "shape of the parameter"),)
    ),
    Solution(
        "3c",
        (equal(Ref("N"), Mul(number(4), Add((Mul(Ref("n"), Add((Ref("n"), Ref("d")))), Ref("n")))), number(72)),),
        roads=ROADS[:1],
    ),
    Solution("4a", (KEY,), (INDEX_KEY,), STEPS, ("Quantities at step $T+1$ are 0.",), ROADS),
    Solution(
        "4b",
        words="With $f_t = 1$ the factor from $C_{t+1}$ to $C_t$ is 1:\n\n- the sum has a term that *never shrinks*;\n"
        "- a tanh network multiplies by $W^\\top \\operatorname{diag}(1 - h_t^2)$ at every step.",
        rubric=("names the additive path $C_t \\to C_{t+1}$", "says that the product of $f_t$ stays 1"),
        plots=(DECAY,),
    ),
    Solution(
        "4c",
        (LONG,),
        steps=(*STEPS, Step(LONG, "five paths leave $h_t$"), Step(LONG, "substitute the slopes of the gates")),
        roads=ROADS,
    ),
    Solution("4d", (WEIGHTS,), steps=STEPS[:2], roads=ROADS),
)


def verdict(
    question: str, status: Status, marks: Fraction | int, out_of: Fraction | int, answer: str = "", **more: object
) -> Verdict:
    return Verdict(question, answer, status, Fraction(marks), Fraction(out_of), **more)  # type: ignore[arg-type]


VERDICTS = (
    verdict(
        "1b",
        "correct",
        2,
        2,
        "C_t=(0.7,0.2,0.05)",
        reading=SOLUTIONS[0].answers,
        evidence="three numbers within 0.005",
        notes=("$h_t$ was rounded to two places; that is precise enough.",),
    ),
    verdict(
        "3a",
        "unreadable",
        0,
        Fraction(1, 2),
        "3 x (2+",
        message="I could not read this: a parenthesis is not closed.\n3 x (2+\n    ^ expected a number or a name",
    ),
    verdict(
        "3c",
        "undecided",
        0,
        2,
        "4*(n*(n+d)+n)",
        reading=SOLUTIONS[2].answers,
        message="No decision within 5 s; a person will look.",
    ),
    verdict(
        "4a",
        "wrong",
        1,
        5,
        "o dh (1-tanh^2 C)",
        reading=(LOST,),
        diagnosis="The path $C_t \\to C_{t+1}$ is missing: one term of the chain rule is lost.",
        witness=Witness("n = 2, d = 3, T = 4, seed 0, t = 2", "(-0.2979, 0.2143)", "(-0.0398, 0.2393)", 0.2581),
        evidence="refuted at 1 of 6 worlds",
    ),
    verdict(
        "4b",
        "manual",
        0,
        2,
        "The cell state is *additive*, so with $f_t=1$ nothing shrinks & nothing explodes.",
        waiting=Fraction(2),
    ),
    verdict("4c", "missing", 0, 3),
    verdict(
        "4d",
        "partial",
        2,
        3,
        "sum df f (1-f) [h;x]^T",
        reading=(WEIGHTS,),
        message="Right up to transposition.",
        evidence="agreed on 6 worlds",
    ),
)


@pytest.fixture
def sample() -> SimpleNamespace:
    """The class test: assignment, solutions, verdicts, and the formulas used in them."""
    return SimpleNamespace(
        assignment=ASSIGNMENT,
        solutions=SOLUTIONS,
        verdicts=VERDICTS,
        key=KEY,
        lost=LOST,
        long=LONG,
        weights=WEIGHTS,
        plot=DECAY,
        verdict=verdict,
    )
