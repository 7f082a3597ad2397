"""The shape of a quantity of a model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from checkers.assignment import Question
from checkers.dimensions import Dims, names_side, read_shapes, show
from checkers.doubt import doubt
from checkers.kinds.base import Kind, doubtful, verdict
from checkers.numbers import nothing_to_read
from checkers.solution import Road, Solution
from checkers.verdict import Verdict, Witness
from derivations.derivation import Step
from derivations.model import Model
from notation.tree import Call, Compare, Expr, Ref, add, number

if TYPE_CHECKING:
    from checkers.bench import Bench


class Shape(Kind):
    """`shape of: W_f` at `sizes`; `also` lists other shapes that count, such as a row where it may be one."""

    kind: Literal["shape"] = "shape"
    model: str
    shape_of: str = Field(alias="shape of")
    sizes: dict[str, int]
    also: list[list[int]] = Field([])

    def solve(self, bench: Bench, question: Question) -> Solution:
        """Derive the answer and check it on every road that applies."""
        model = bench.model(self.model)
        target = self.quantity(bench, question, model, self.shape_of, "shape of")
        symbolic = tuple(add(*dim) for dim in model.shape(target.name))
        executed = self.executed(bench, model, target)
        numeric = tuple(number(k) for k in executed)
        symbols = Call("shape", symbolic)
        claim = Compare((target, Call("shape", numeric)), ("in",))
        return Solution(
            question.id,
            answers=(claim,),
            steps=(
                Step(Compare((target, symbols), ("in",)), "the shapes of its equation"),
                Step(claim, "sizes inserted"),
            ),
            roads=(Road("executed in torch", len(executed) == len(symbolic), None, show(executed)),),
            rule="Rows first; a column of 3 may be written 3 or 3 × 1.",
        )

    def executed(self, bench: Bench, model: Model, target: Ref) -> tuple[int, ...]:
        """The shape of the array when the model is run at these sizes."""
        from reference_impl.run import Run, sample_sizes

        run = Run(model, {**sample_sizes(model, 0), **self.sizes}, 0)
        array = next(t for (name, _), t in run.tensors.items() if name == target.name)
        return tuple(array.shape)

    def check(self, bench: Bench, question: Question, text: str) -> Verdict:
        """Judge one answer that is not empty."""
        model = bench.model(self.model)
        target = self.quantity(bench, question, model, self.shape_of, "shape of")
        key_expr = bench.solution(question.id).answers[0]
        assert isinstance(key_expr, Compare)
        assert isinstance(key_expr.sides[1], Call)
        key = tuple(int(n.value) for n in key_expr.sides[1].args)  # type: ignore[attr-defined]
        answer, found = read_shapes(text, model.vocabulary, self.sizes)
        chosen = choose(found, target.name, len(key))
        if chosen is None:
            if answer.errors:
                raise answer.errors[0]
            raise nothing_to_read(text, "shape")
        if answer.errors:
            raise answer.errors[0]
        reading: tuple[Expr, ...] = (Call("shape", tuple(number(k) for k in chosen.sizes)),)
        mine = chosen.sizes
        right = mine == key or (len(key) == 1 and mine == (*key, 1)) or list(mine) in self.also
        if right and (why := doubt(text, chosen.statement.span, value=True)):
            return doubtful(question, text, why, reading)
        if right:
            return verdict(question, text, "correct", reading=reading, evidence=f"the shape {show(key)}")
        witness = Witness("", show(key), show(mine))
        if mine == key[::-1] or (len(key) == 1 and mine == (1, *key)):
            return verdict(
                question,
                text,
                "wrong",
                reading=reading,
                witness=witness,
                message=f"Rows and columns are exchanged: it is {show(key)}, not {show(mine)}.",
            )
        return verdict(
            question,
            text,
            "wrong",
            reading=reading,
            witness=witness,
            message=f"The shape is {show(key)}, not {show(mine)}.",
        )


def choose(found: list[Dims], name: str, rank: int) -> Dims | None:
    """The shape that is the answer: one that names the quantity, else the last of the right rank, else the last."""
    named = [d for d in found if names_side(d.statement, name)]
    if named:
        return named[-1]
    of_rank = [d for d in found if len(d.sizes) == rank]
    if of_rank:
        return of_rank[-1]
    if rank == 2 and len(found) == 2 and all(len(d.sizes) == 1 for d in found):  # 3 rows and 5 columns
        return Dims(found[0].sizes + found[1].sizes, found[0].statement, found[0].words)
    return found[-1] if found else None
