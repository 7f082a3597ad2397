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
from notation.tree import Compare, Expr, Ref, number

if TYPE_CHECKING:
    from checkers.bench import Bench


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

        from derivations.counting import entries
        from derivations.terms import index_symbol
        from derivations.trees import ToTree

        model = bench.model(self.model)
        total = self.polynomial(model)
        steps: list[Step] = []
        show = ToTree(lambda name: 0, None)
        if self.count == "parameters":
            steps.extend(
                Step(Compare((Ref(name), show.scalar(entries(model.shape(name)))), ("=",)), "entries of this parameter")
                for name in model.parameters
            )
        if self.minus is not None:
            total = sp.expand(total - self.polynomial(bench.model(self.minus)))
        value = total.subs({index_symbol(k): v for k, v in self.sizes.items()})
        if not value.is_Integer:
            free = ", ".join(sorted(str(s) for s in value.free_symbols))
            raise bench.assignment.error(f"the count depends on {free}: give sizes", "questions", question.id)
        shown = sp.factor(sp.expand(total))
        sides: tuple[Expr, ...] = (number(int(value)),) if shown.is_number else (show.scalar(shown), number(int(value)))
        answer: Expr = Compare(sides, ("=",)) if len(sides) > 1 else sides[0]
        return Solution(
            question.id,
            answers=(answer,),
            steps=tuple(steps),
            roads=(self.executed(bench, int(value)),),
            rule="The exact integer; sums and products may stand unevaluated.",
        )

    def executed(self, bench: Bench, value: int) -> Road:
        """Every array of the executed model, counted entry by entry."""
        from reference_impl.run import Run, sample_sizes

        def count(name: str) -> int:
            model = bench.model(name)
            sizes = {**sample_sizes(model, 0), **self.sizes}
            run = Run(model, sizes, 0)
            return sum(int(run.tensors[p, ()].numel()) for p in model.parameters)

        if self.count != "parameters":
            return Road("counted", True, None, "index form")
        found = count(self.model) - (count(self.minus) if self.minus else 0)
        return Road("counted in torch", found == value, None, f"{found} entries")

    def check(self, bench: Bench, question: Question, text: str) -> Verdict:
        """Judge one answer that is not empty."""
        key = bench.solution(question.id).answers[0]
        last = key.sides[-1] if isinstance(key, Compare) else key
        known = {k.value: (k.verdict, k.message) for k in self.foreseen}
        vocabulary = bench.model(self.model).vocabulary
        return judge_integer(question, text, int(last.value), vocabulary, self.sizes, known)  # type: ignore[attr-defined]
