"""The shape of a quantity of a model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from checkers.assignment import Question
from checkers.dimensions import Dims, names_side, read_shapes, show
from checkers.doubt import doubt
from checkers.kinds.base import Kind, doubtful, verdict
from checkers.numbers import nothing_to_read, number_of
from checkers.solution import Road, Solution
from checkers.verdict import Verdict, Witness
from derivations.derivation import Step
from derivations.model import Model
from notation.brackets import dimensions
from notation.plain import to_plain
from notation.tree import Add, Call, Compare, Expr, Neg, Reduce, Ref, add, free_names, number

if TYPE_CHECKING:
    from checkers.bench import Bench


# Sizes that stand for symbols: no sum or product of small numbers is one of them.
_ROUNDS = (101, 211)


class Shape(Kind):
    """`shape of: W_f` at `sizes`, or in symbols without them; `also` lists other shapes that count.

    A family of numbers over a sequence (`a_t` with entries `a_{i,t}`) has an entry for every position.
    """

    kind: Literal["shape"] = "shape"
    model: str
    shape_of: str = Field(alias="shape of")
    sizes: dict[str, int] = Field({})
    also: list[list[int]] = Field([])

    def target(self, bench: Bench, question: Question, model: Model) -> tuple[Ref, tuple[Expr, ...]]:
        """The quantity whose shape is asked, and its dimensions."""
        tree = self.read(bench, question, model, self.shape_of, "shape of")
        if isinstance(tree, Reduce) and tree.operation == "stack" and isinstance(tree.body, Ref):
            assert tree.low is not None
            assert tree.high is not None
            count = Add((tree.high, Neg(tree.low), number(1)))
            at = tuple(a for a in tree.body.at if a != Ref(tree.variable))
            return Ref(tree.body.name, at), (count, *(add(*dim) for dim in model.shape(tree.body.name)))
        target = self.quantity(bench, question, model, self.shape_of, "shape of")
        return target, tuple(add(*dim) for dim in model.shape(target.name))

    def solve(self, bench: Bench, question: Question) -> Solution:
        """Derive the answer and check it on every road that applies."""
        model = bench.model(self.model)
        target, symbolic = self.target(bench, question, model)
        sizes, executed = self.executed(bench, model, target)
        predicted = tuple(int(number_of(dim, sizes)) for dim in symbolic)
        in_symbols = Compare((target, Call("shape", symbolic)), ("in",))
        inserted = Compare((target, Call("shape", tuple(number(k) for k in executed))), ("in",))
        steps = [Step(in_symbols, "the shapes of its equation")]
        if self.sizes:
            steps.append(Step(inserted, "sizes inserted"))
        told = f"{show(executed)} at {', '.join(f'{n}={k}' for n, k in sizes.items())}"
        return Solution(
            question.id,
            answers=(inserted if self.sizes else in_symbols,),
            steps=tuple(steps),
            roads=(Road("executed in torch", executed == predicted, None, told),),
            rule="Rows first; a column of 3 may be written 3 or 3 × 1.",
        )

    def executed(self, bench: Bench, model: Model, target: Ref) -> tuple[dict[str, int], tuple[int, ...]]:
        """The shape of the array when the model is run, at the sizes of the question or at sampled ones."""
        from reference_impl.run import Run, sample_sizes

        run = Run(model, {**sample_sizes(model, 0), **self.sizes}, 0)
        axes = model.vocabulary.quantities[target.name].axes
        first, array = next((at, t) for (name, at), t in run.tensors.items() if name == target.name)
        family = [axis for axis in axes if len(axes) > len(target.at) and Ref(axis) not in target.at]
        counts = tuple(run.ranges[axis][1] - run.ranges[axis][0] + 1 for axis in family)
        assert len(first) == len(axes)
        return run.sizes, (*counts, *array.shape)

    def check(self, bench: Bench, question: Question, text: str) -> Verdict:
        """Judge one answer that is not empty."""
        model = bench.model(self.model)
        target, symbolic = self.target(bench, question, model)
        rounds = [{s: k + 2 * n for n, s in enumerate(model.sizes)} | self.sizes for k in _ROUNDS]
        judged = [self.at_sizes(question, text, model, target, symbolic, sizes) for sizes in rounds]
        return next((v for v in judged if v.status != "correct"), judged[0])

    def at_sizes(
        self,
        question: Question,
        text: str,
        model: Model,
        target: Ref,
        symbolic: tuple[Expr, ...],
        sizes: dict[str, int],
    ) -> Verdict:
        """The verdict with these numbers for the sizes."""
        key = tuple(int(number_of(dim, sizes)) for dim in symbolic)
        answer, found = read_shapes(text, model.vocabulary, sizes, lone=not self.sizes)
        chosen = choose(found, target.name, len(key))
        if chosen is None or answer.errors:
            raise answer.errors[0] if answer.errors else nothing_to_read(text, "shape")
        mine = chosen.sizes
        wanted = show(key) if self.sizes else to_plain(Call("shape", symbolic))
        side = chosen.statement.sides[-1]
        yours = " × ".join(map(to_plain, dimensions(side))) if free_names(side) else show(mine)
        reading: tuple[Expr, ...] = (Call("shape", tuple(number(k) for k in mine)),)
        reading = chosen.statement.tree if free_names(side) else reading
        right = mine == key or (len(key) == 1 and mine == (*key, 1)) or list(mine) in self.also
        if right and (why := doubt(text, chosen.statement.span, value=True)):
            return doubtful(question, text, why, reading)
        if right:
            return verdict(question, text, "correct", reading=reading, evidence=f"the shape {wanted}")
        exchanged = mine == key[::-1] or (len(key) == 1 and mine == (1, *key))
        message = f"Rows and columns are exchanged: it is {wanted}" if exchanged else f"The shape is {wanted}"
        witness = Witness("", wanted, yours)
        return verdict(question, text, "wrong", reading=reading, witness=witness, message=f"{message}, not {yours}.")


def choose(found: list[Dims], name: str, rank: int) -> Dims | None:
    """The shape that is the answer: one that names the quantity, else the last of the right rank, else the
    last; shapes said of the quantity go before those of others."""
    named = [d for d in found if names_side(d.statement, name)]
    if named:
        return named[-1]
    found = [d for d in found if d.subject == name] or found
    of_rank = [d for d in found if len(d.sizes) == rank]
    if of_rank:
        return of_rank[-1]
    if rank == 2 and len(found) == 2 and all(len(d.sizes) == 1 for d in found):  # 3 rows and 5 columns
        return Dims(found[0].sizes + found[1].sizes, found[0].statement, found[0].words)
    return found[-1] if found else None
