"""Counts: the parameters of a model, and how many more one model has than another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from checkers.assignment import Question
from checkers.integers import judge_integer
from checkers.kinds.base import Kind
from checkers.solution import Road, Solution
from checkers.spec import Strict
from checkers.verdict import Verdict
from derivations.derivation import Step
from derivations.model import Model
from notation.tree import Compare, Expr, Neg, Ref, Relation, add

if TYPE_CHECKING:
    from checkers.bench import Bench


# Sizes at which the products of a forward pass are counted as they are made.
SAMPLES = 3


class Known(Strict):
    """A number that comes from a known other way of counting, and what to say about it."""

    value: int
    message: str
    verdict: Literal["correct", "partial", "wrong"] = "wrong"


class Count(Kind):
    """`count: parameters` of `model` at `sizes`; `minus:` names a model whose count is subtracted."""

    kind: Literal["count"] = "count"
    model: str
    count: Literal["parameters", "multiplications"] = "parameters"
    minus: str | None = None
    sizes: dict[str, int] = Field({})
    foreseen: list[Known] = Field([])

    def polynomial(self, model: Model) -> Any:
        """The count as a polynomial in the sizes."""
        from derivations.counting import multiplication_count, parameter_count

        return parameter_count(model) if self.count == "parameters" else multiplication_count(model)

    def solve(self, bench: Bench, question: Question) -> Solution:
        """Derive the answer and check it on every road that applies."""
        import sympy as sp

        model = bench.model(self.model)
        other = bench.model(self.minus) if self.minus is not None else None
        total = self.polynomial(model)
        steps = self.entries(model, other) if self.count == "parameters" else []
        if other is not None:
            taken = self.polynomial(other)
            steps.append(Step(self.told(total), f"all {self.count} of the model {self.model}"))
            steps.append(Step(self.told(taken), f"all {self.count} of the model {self.minus}"))
            written = add(self.written(total), Neg(self.written(taken)))
            total = sp.expand(total - taken)
            steps.append(Step(self.told(total, written), "the difference"))
        value = self.value(total)
        if not value.is_Integer:
            free = ", ".join(sorted(str(s) for s in value.free_symbols))
            raise bench.assignment.error(f"the count depends on {free}: give sizes", "questions", question.id)
        return Solution(
            question.id,
            answers=(self.told(total),),
            steps=tuple(steps),
            roads=(self.executed(bench, int(value)),),
            rule="The exact integer; sums and products may stand unevaluated.",
        )

    def entries(self, model: Model, other: Model | None) -> list[Step]:
        """One line for every parameter of the model, and of the other one where it differs."""
        from derivations.counting import parameter_count
        from derivations.trees import ToTree

        show = ToTree(lambda name: 0, None)

        def line(one: Model, name: str, where: str) -> Step:
            side = show.scalar(parameter_count(one, [name]))
            return Step(Compare((Ref(name), side), ("=",)), f"entries of this parameter{where}")

        if other is None:
            return [line(model, name, "") for name in model.parameters]
        both = [n for n in model.parameters if n in other.parameters and model.shape(n) == other.shape(n)]
        return [
            *(line(model, n, " in both models" if n in both else f" of {self.model}") for n in model.parameters),
            *(line(other, n, f" of {self.minus}") for n in other.parameters if n not in both),
        ]

    def value(self, polynomial: Any) -> Any:
        """The polynomial at the sizes of the question."""
        from derivations.terms import index_symbol

        return polynomial.subs({index_symbol(k): v for k, v in self.sizes.items()})

    def written(self, polynomial: Any) -> Expr:
        """The polynomial as a tree, in factors."""
        import sympy as sp

        from derivations.trees import ToTree

        return ToTree(lambda name: 0, None).scalar(sp.factor(sp.expand(polynomial)))

    def told(self, polynomial: Any, *written: Expr) -> Expr:
        """How a count is written (or else the polynomial in factors), and what it is at the sizes of the question."""
        sides = [*written, self.written(polynomial), self.written(self.value(polynomial))]
        sides = [s for n, s in enumerate(sides) if s not in sides[:n]]
        equals: list[Relation] = ["=" for _ in sides[1:]]
        return Compare(tuple(sides), tuple(equals)) if equals else sides[0]

    def executed(self, bench: Bench, value: int) -> Road:
        """Every array of the executed model, counted entry by entry; products as a forward pass makes them."""
        from reference_impl.run import Run, sample_sizes

        if self.count == "multiplications":
            return self.made(bench)

        def count(name: str) -> int:
            model = bench.model(name)
            sizes = {**sample_sizes(model, 0), **self.sizes}
            run = Run(model, sizes, 0)
            return sum(int(t.numel()) for (p, _), t in run.tensors.items() if p in model.parameters)

        found = count(self.model) - (count(self.minus) if self.minus else 0)
        return Road("counted in torch", found == value, None, f"{found} entries")

    def made(self, bench: Bench) -> Road:
        """The polynomials beside the products that are made at small sizes."""
        from derivations.terms import index_symbol
        from reference_impl.run import sample_sizes
        from reference_impl.tally import multiplications_made

        told = []
        for name in [self.model, *([self.minus] if self.minus else [])]:
            model = bench.model(name)
            for seed in range(SAMPLES):
                sizes = sample_sizes(model, seed)
                found = multiplications_made(model, sizes)
                expected = self.polynomial(model).subs({index_symbol(k): v for k, v in sizes.items()})
                shown = ",".join(f"{k}={v}" for k, v in sizes.items())
                told.append(f"{found} at {shown}")
                if expected != found:
                    return Road("counted as made", False, None, f"{found} and not {expected} at {shown}")
        return Road("counted as made", True, None, "; ".join(told))

    def check(self, bench: Bench, question: Question, text: str) -> Verdict:
        """Judge one answer that is not empty."""
        key = bench.solution(question.id).answers[0]
        last = key.sides[-1] if isinstance(key, Compare) else key
        known = {k.value: (k.verdict, k.message) for k in self.foreseen}
        vocabulary = bench.model(self.model).vocabulary
        return judge_integer(question, text, int(last.value), vocabulary, self.sizes, known)  # type: ignore[attr-defined]
