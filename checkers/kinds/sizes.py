"""Output sizes of a convolution: numbers, or formulas in the sizes of input, kernel, stride, padding and dilation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from pydantic import Field

from checkers.assignment import Question
from checkers.doubt import doubt
from checkers.kinds.base import Kind, doubtful, unreadable, verdict
from checkers.sizetext import SizeText, read_sizes
from checkers.solution import Road, Solution
from checkers.verdict import Verdict, Witness
from derivations.derivation import Step
from notation.answer import read_formula
from notation.errors import EvaluationError, ShapeError
from notation.evaluate import evaluate
from notation.scope import Scope
from notation.tree import Add, Call, Compare, Div, Expr, Mul, Neg, Ref, add, free_names, number, rebuild
from notation.vocabulary import Quantity, Vocabulary

if TYPE_CHECKING:
    from checkers.bench import Bench

CONFIGURATIONS = 300
# The largest value of a sampled size: kernels and strides are small, lengths must hold some windows.
SMALL, LARGE = 6, 40


class OutputSize(Kind):
    """The size of a convolution's output: `input` and `kernel` along every axis, `stride`, `padding`, `dilation`.

    Each is a number or a formula in size symbols; `channels` is the number of output channels, if it belongs to the
    answer, and `symbols` are further names that an answer may mention. Without symbols left the answer is a number.
    """

    kind: Literal["output size"] = "output size"
    input: list[str] = Field(min_length=1, max_length=2)
    kernel: list[str] = Field(min_length=1, max_length=2)
    stride: str = "1"
    padding: str = "0"
    dilation: str = "1"
    channels: str = ""
    symbols: list[str] = Field([])

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """The size symbols of this question."""
        texts = [*self.input, *self.kernel, self.stride, self.padding, self.dilation, self.channels, *self.symbols]
        known = Vocabulary(open=True)
        names = sorted({n for text in texts if text for n in free_names(read_formula(text, known))})
        return Vocabulary({n: Quantity(n, (), (), "size") for n in names}, {n: n for n in names})

    def tree(self, text: str) -> Expr:
        """A size of the question as a tree."""
        return read_formula(text, self.vocabulary)

    def axis(self, length: str, kernel: str) -> Expr:
        """The number of windows along one axis."""
        n, k, p, d, s = (self.tree(t) for t in (length, kernel, self.padding, self.dilation, self.stride))
        padded = [] if p == number(0) else [product(number(2), p)]
        last = add(n, *padded, Neg(product(d, Add((k, Neg(number(1)))))), Neg(number(1)))
        return add(Call("floor", (Div(last, s),)), number(1))

    def wanted(self) -> tuple[Expr, ...]:
        """The sizes asked, channels first."""
        spatial = tuple(self.axis(n, k) for n, k in zip(self.input, self.kernel, strict=True))
        return (self.tree(self.channels), *spatial) if self.channels else spatial

    def numbers(self) -> tuple[int, ...] | None:
        """The sizes as numbers, where no symbol changes them."""
        values = [column(e, self.configurations) for e in self.wanted()]
        if any(float(np.ptp(v)) for v in values):
            return None
        return tuple(round(float(v[0])) for v in values)

    @cached_property
    def configurations(self) -> dict[str, Any]:
        """Random sizes at which at least one window fits along every axis, the same at every call."""
        rng = np.random.default_rng(7)
        names = sorted(self.vocabulary.quantities)
        lengths = {n for text in self.input for n in free_names(self.tree(text))}
        kernels = {n for text in self.kernel for n in free_names(self.tree(text))}
        padding = free_names(self.tree(self.padding))

        def drawn(n: str) -> Any:
            low, high = (0, 4) if n in padding else (1, LARGE if n in lengths - kernels else SMALL)
            return rng.integers(low, high, size=20 * CONFIGURATIONS).astype(float)

        table = {n: drawn(n) for n in names}
        sizes = [column(self.axis(n, k), table) for n, k in zip(self.input, self.kernel, strict=True)]
        fits = np.flatnonzero(np.all([size >= 1 for size in sizes], axis=0))[:CONFIGURATIONS]
        return {n: v[fits] for n, v in table.items()}

    # -- solving ----------------------------------------------------------------------------------------------------

    def solve(self, bench: Bench, question: Question) -> Solution:
        """Derive the answer and check it on every road that applies."""
        wanted, values = self.wanted(), self.numbers()
        shape = Call("shape", wanted)
        steps = [
            Step(
                Compare((Ref(f"n_{{{k}}}"), e), ("=",)),
                "the last window, from its first tap to its last, must still lie in the padded input",
            )
            for k, e in enumerate(wanted[1 if self.channels else 0 :], 1)
        ]
        answer: Expr = shape if values is None else Call("shape", tuple(number(v) for v in values))
        if self.channels:
            steps.append(Step(shape, "every filter gives one channel of the output"))
        return Solution(
            question.id,
            answers=(answer,),
            steps=tuple(steps),
            roads=tuple(self.roads()),
            rule="Rows first, then columns."
            if values is not None
            else "Any formula with the same value; channels first or last.",
        )

    def roads(self) -> Iterator[Road]:
        """The index condition solved by SymPy, windows counted, and torch, at random sizes."""
        import sympy as sp

        from derivations.convolution import output_size
        from reference_impl.convolve import output_shape

        table = self.configurations
        mine = [column(e, table) for e in self.wanted()]
        lengths, kernels = ([column(self.tree(t), table) for t in texts] for texts in (self.input, self.kernel))
        s, p, d = (column(self.tree(t), table) for t in (self.stride, self.padding, self.dilation))
        symbols = sp.symbols("L K S P D", integer=True, positive=True)
        formula = output_size(*symbols)
        first = 1 if self.channels else 0
        solved = all(
            int(formula.subs(dict(zip(symbols, map(int, row), strict=True)))) == int(value)
            for n, k, size in zip(lengths, kernels, mine[first:], strict=True)
            for *row, value in zip(n, k, s, p, d, size, strict=True)
        )
        count = len(s)
        channels = column(self.tree(self.channels), table) if self.channels else np.ones(count)
        executed = True
        for row in range(count):
            at = [[int(v[row]) for v in group] for group in (lengths, kernels, (channels, s, p, d))]
            shape = output_shape(at[0], at[1], *at[2])
            executed &= list(shape)[1 - first :] == [int(v[row]) for v in mine]
        tried = f"{count} random configurations"
        yield Road("derived (index condition)", solved, None, tried)
        yield Road(f"torch.nn.Conv{len(self.input)}d", executed, None, tried)

    # -- judging ----------------------------------------------------------------------------------------------------

    def check(self, bench: Bench, question: Question, text: str) -> Verdict:
        """Judge one answer that is not empty."""
        said = read_sizes(text, self.vocabulary, len(self.wanted()))
        if said.problem is not None:
            return unreadable(question, text, said.problem)
        found = self.decided(question, text, said)
        if found.status == "wrong" and "[" in text and not self.numbers():
            floored = read_sizes(
                text.replace("[", "\\lfloor ").replace("]", "\\rfloor "), self.vocabulary, len(self.wanted())
            )
            if floored.problem is None and self.decided(question, text, floored).status == "correct":
                message = "This is right if [ ] means the floor, which it does not say; a person decides."
                return verdict(question, text, "manual", reading=found.reading, message=message)
        return found

    def decided(self, question: Question, text: str, said: SizeText) -> Verdict:
        """Compare the sizes of an answer with those asked."""
        wanted, reading = list(self.wanted()), (Call("shape", said.sizes),)
        try:
            mine = [column(e, self.configurations) for e in said.sizes]
        except (EvaluationError, ShapeError) as problem:
            return verdict(
                question, text, "undecided", reading=reading, message=f"This could not be evaluated: {problem}."
            )
        key = [column(e, self.configurations) for e in wanted]
        if len(mine) == len(key) + 1 and not self.channels:  # channels, about which nothing is said
            drop = [k for k in (0, len(mine) - 1) if isinstance(said.sizes[k], Ref) or said.sizes[k] == number(1)]
            for k in drop:
                mine = mine[:k] + mine[k + 1 :]
                break
        orders = [key, [*key[1:], key[0]]] if self.channels else [key]
        if any(same(mine, order) for order in orders):
            if why := doubt(text, said.span, value=self.numbers() is not None):
                return doubtful(question, text, why, reading)
            evidence = f"the same at {CONFIGURATIONS} random configurations"
            if (values := self.numbers()) is not None:
                evidence = "the sizes " + " × ".join(map(str, values))
            return verdict(question, text, "correct", reading=reading, evidence=evidence)
        if self.channels and same(mine, key[1:]):
            message = "The height and the width are right; the number of channels is missing."
            return verdict(question, text, "partial", reading=reading, message=message)
        return self.refuted(question, text, said, mine, orders)

    def refuted(
        self, question: Question, text: str, said: SizeText, mine: list[Any], orders: list[list[Any]]
    ) -> Verdict:
        """What is wrong, with the sizes at which it shows."""
        reading = (Call("shape", said.sizes),)
        if len(mine) != len(orders[0]):
            message = f"{len(orders[0])} sizes are asked, and {len(mine)} stand here."
            return verdict(question, text, "wrong", reading=reading, message=message)
        values = self.numbers()
        if values is not None:
            shown = " × ".join(f"{float(v[0]):g}" for v in mine)
            right = " × ".join(map(str, values))
            message = f"The size is {right}, not {shown}."
            if same(mine, orders[0][::-1]):
                message = f"Rows and columns are exchanged: it is {right}."
            return verdict(question, text, "wrong", reading=reading, witness=Witness("", right, shown), message=message)
        off = [np.abs(a - b) for a, b in zip(mine, orders[0], strict=True)]
        k = int(np.argmax(sum(off) > 1e-9))
        where = ", ".join(f"{n}={int(v[k])}" for n, v in self.configurations.items())
        witness = Witness(
            where,
            " × ".join(f"{float(v[k]):g}" for v in orders[0]),
            " × ".join(f"{float(v[k]):g}" for v in mine),
        )
        return verdict(question, text, "wrong", reading=reading, witness=witness, message=self.diagnosis(mine, orders))

    def diagnosis(self, mine: list[Any], orders: list[list[Any]]) -> str:
        """The slip that gives these sizes, where it is one that the key has as a neighbour."""
        for change, message in (
            (without_floor, "The floor is missing: a last window that does not fit whole does not count."),
            (self.undilated, "The dilation is missing: a kernel of K taps spans D (K - 1) + 1 entries."),
            (self.half_padded, "The padding counts on both sides, so it is 2P."),
            (without_last, "The 1 under the floor is missing: D (K - 1) + 1 entries are one window."),
        ):
            changed = [column(change(e), self.configurations) for e in self.wanted()]
            for order in [changed, [*changed[1:], changed[0]]][: len(orders)]:
                if same(mine, order):
                    return message
        return "The sizes are not those of the output: at these numbers they have other values."

    def undilated(self, e: Expr) -> Expr:
        """The size without dilation."""
        dilation = self.tree(self.dilation)
        return number(1) if e == dilation else rebuild(e, self.undilated)

    def half_padded(self, e: Expr) -> Expr:
        """The size with the padding counted once."""
        padding = self.tree(self.padding)
        return padding if e == product(number(2), padding) else rebuild(e, self.half_padded)


def product(a: Expr, b: Expr) -> Expr:
    """A product of sizes, without factors 1 and 0."""
    if number(0) in (a, b):
        return number(0)
    return b if a == number(1) else a if b == number(1) else Mul(a, b)


def without_floor(e: Expr) -> Expr:
    """A size without its floor."""
    return e.args[0] if isinstance(e, Call) and e.function == "floor" else rebuild(e, without_floor)


def without_last(e: Expr) -> Expr:
    """A size whose numerator has lost its last term, the 1."""
    if isinstance(e, Div) and isinstance(e.top, Add):
        return Div(add(*e.top.terms[:-1]), e.bottom)
    return rebuild(e, without_last)


def column(e: Expr, table: Mapping[str, Any]) -> Any:
    """A formula at many sizes at once, as a vector; the integers of the table stay exact in float64."""
    count = len(next(iter(table.values()))) if table else 1

    def lookup(name: str, at: tuple[int, ...]) -> Any:
        if name in table and not at:
            return table[name]
        raise EvaluationError(f"{name} has no value here")

    value = np.asarray(evaluate(e, Scope(lookup=lookup)), dtype=float).reshape(-1)
    return np.broadcast_to(value, (count,)) if value.size == 1 else value


def same(mine: list[Any], key: list[Any]) -> bool:
    """Whether all sizes agree at every configuration."""
    return len(mine) == len(key) and all(
        np.isfinite(a).all() and float(np.abs(a - b).max()) < 1e-9 for a, b in zip(mine, key, strict=True)
    )
