"""Index formulas: the entries of a quantity, of a Jacobian or of a gradient, with the shape where it is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import Field

from checkers.assignment import Question
from checkers.entries import Entries
from checkers.kinds.base import Kind
from checkers.roads import AGREEMENT
from checkers.solution import Road, Solution
from checkers.verdict import Verdict
from derivations.model import Model
from notation.answer import read_formula
from notation.errors import ReadError
from notation.evaluate import evaluate
from notation.tree import Call, Compare, Expr, Partial, Ref, number
from reference_impl.world import Array, World

if TYPE_CHECKING:
    from checkers.bench import Bench


class IndexFormula(Kind):
    """`entries of: df_r/dW_{1,k,i}`, with the letters of the question; also of `f_r` or of a gradient `dl/dW_{1,k,i}`.

    `in terms of` names the derivatives of the loss that may stand, `either order` matrices whose two indices a student
    may exchange. With `shape: asked` the shape of all entries belongs to the answer.
    """

    kind: Literal["index formula"] = "index formula"
    model: str
    entries_of: str = Field(alias="entries of")
    in_terms_of: list[str] = Field([], alias="in terms of")
    either_order: list[str] = Field([], alias="either order")
    aliases: dict[str, str] = Field({})
    shape: Literal["asked", ""] = ""
    prose: bool = False
    words: str = ""
    rubric: list[str] = Field([])

    def target(self, model: Model, bench: Bench, question: Question) -> Expr:
        """The entry that is asked, as a tree."""
        letters = [c for c in self.entries_of if c.isalpha()]
        try:
            return read_formula(self.entries_of, model.vocabulary.with_letters(letters))
        except ReadError as problem:
            message = f"{problem.message}: {self.entries_of}"
            raise bench.assignment.error(
                message, "questions", question.id, "entries of", hint=problem.hint
            ) from problem

    def solve(self, bench: Bench, question: Question) -> Solution:
        """Derive the answer and check it on every road that applies."""
        from derivations.components import derive_entries

        model = bench.model(self.model)
        target = self.target(model, bench, question)
        if self.shape and model.sizes:
            message = "the shape can be asked of a model with numbers for sizes only"
            raise bench.assignment.error(message, "questions", question.id, "shape")
        allowed = tuple(self.derivative(bench, question, model, text, "in terms of") for text in self.in_terms_of)
        derived = derive_entries(model, target, allowed)
        assert isinstance(derived.claim, Compare)
        entries = self.judge_of(bench, question)
        answers: tuple[Expr, ...] = (derived.claim,)
        if self.shape:
            answers = (Compare((whole(target), Call("shape", tuple(map(number, entries.full)))), ("in",)), *answers)
        roads = [derived_road(entries, derived.claim)]
        roads.extend(standard_roads(bench, self.model, entries))
        return Solution(
            question.id,
            answers=answers,
            steps=derived.steps,
            roads=tuple(roads),
            words=self.words,
            rubric=tuple(self.rubric),
            rule="Any formula with the same value at every entry counts; it must say where it is 0."
            + (" A wrong shape beside it costs half." if self.shape else ""),
        )

    def judge_of(self, bench: Bench, question: Question) -> Entries:
        """The judge of this question."""
        model = bench.model(self.model).also_called(self.aliases)
        return Entries(
            question,
            model,
            bench.worlds(self.model),
            self.target(model, bench, question),
            allowed=frozenset(
                a.wrt.name
                for text in self.in_terms_of
                for a in [self.derivative(bench, question, model, text, "in terms of")]
                if isinstance(a.wrt, Ref)
            ),
            either_order=tuple(self.either_order),
            functions=functions(bench, self.model),
            shape_asked=bool(self.shape),
            prose=self.prose,
        )

    def check(self, bench: Bench, question: Question, text: str) -> Verdict:
        """Judge one answer that is not empty."""
        return self.judge_of(bench, question).judge(text)


def whole(target: Expr) -> Expr:
    """The array whose entries are asked."""
    if isinstance(target, Partial) and isinstance(target.of, Ref) and isinstance(target.wrt, Ref):
        return Partial(Ref(target.of.name), Ref(target.wrt.name), target.kind)
    assert isinstance(target, Ref)
    return Ref(target.name)


def functions(bench: Bench, name: str) -> dict[str, tuple[str, ...]]:
    """The names that aliases of the model write as functions, `f_W(x)`, with the letters of their arguments."""
    out: dict[str, tuple[str, ...]] = {}
    current: str | None = name
    while current is not None:
        spec = bench.assignment.models[current]
        for alias, target in spec.aliases.items():
            if "(" in alias:
                out[target] = tuple(c for c in alias.removeprefix(target) if c.isalpha())
        current = spec.extends
    return out


def values(entries: Entries, formula: Expr, world: World) -> Array:
    """A formula at every entry of what is asked."""
    letters = [i.name if isinstance(i, Ref) else "" for r in entries.refs for i in r.index]
    out = np.zeros(entries.truth(world).shape)
    for place in np.ndindex(*out.shape):
        binding = {c: k + 1 for c, k in zip(letters, place, strict=True) if c}
        out[place] = float(evaluate(formula, world.scope().at(**binding)))
    return out


def derived_road(entries: Entries, claim: Compare) -> Road:
    """The derived formula at every entry beside what autograd gives on the equations."""
    worst, count = 0.0, 0
    for world in entries.worlds:
        truth = entries.truth(world)
        mine = values(entries, claim.sides[-1], world)
        worst = max(worst, float(np.abs(mine - truth).max() / max(float(np.abs(truth).max()), 1e-300)))
        count += truth.size
    name = "autograd" if isinstance(entries.target, Partial) else "executed"
    return Road(name, worst <= AGREEMENT, worst, f"{count} entries, seeds 0-{len(entries.worlds) - 1}")


def standard_roads(bench: Bench, name: str, entries: Entries) -> list[Road]:
    """The convolution of torch with the same weights, and torch's own Jacobians of it."""
    spec = bench.assignment.models[name].standard
    if spec is None:
        return []
    from reference_impl.convolve import convolved_entries

    out: dict[str, tuple[float, int]] = {}
    for world in entries.worlds:
        truth = entries.truth(world)
        for road, array in convolved_entries(spec, world, entries.target, bench.model(name).loss).items():
            error = float("inf")
            if array.shape == truth.shape and np.isfinite(array).all():
                error = float(np.abs(array - truth).max() / max(float(np.abs(truth).max()), 1e-300))
            before = out.get(road, (0.0, 0))
            out[road] = max(before[0], error), before[1] + truth.size
    return [Road(road, e <= AGREEMENT, e, f"{count} entries") for road, (e, count) in out.items()]
