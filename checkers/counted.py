"""The number of parameters of a model at given sizes: a polynomial from its equations, counted again in torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from checkers.assignment import Question
from checkers.roads import standard_layers
from checkers.solution import Road
from notation.tree import Compare, Expr, Relation

if TYPE_CHECKING:
    from checkers.bench import Bench


@dataclass(frozen=True)
class Counted:
    """A count as a claim (polynomial, then number) with its roads."""

    value: int
    claim: Expr
    roads: tuple[Road, ...]


def counted(bench: Bench, question: Question, name: str, sizes: Mapping[str, int]) -> Counted:
    """Count the parameters of a model of the assignment."""
    import sympy as sp

    from derivations.counting import parameter_count
    from derivations.terms import index_symbol
    from derivations.trees import ToTree
    from reference_impl.run import Run, sample_sizes

    model = bench.model(name)
    polynomial = parameter_count(model)
    value = polynomial.subs({index_symbol(k): v for k, v in sizes.items()})
    if not value.is_Integer:
        free = ", ".join(sorted(str(s) for s in value.free_symbols))
        raise bench.assignment.error(f"the count depends on {free}: give sizes", "questions", question.id)
    show = ToTree(lambda name: 0, None)
    sides = (show.scalar(sp.expand(polynomial)), show.scalar(value))
    equals: Relation = "="
    claim = Compare(sides, (equals,)) if sides[0] != sides[1] else sides[1]
    run = Run(model, {**sample_sizes(model, 0), **sizes}, 0)
    found = sum(int(t.numel()) for (p, _), t in run.tensors.items() if p in model.parameters)
    roads = [Road("counted in torch", found == int(value), None, f"{found} entries")]
    if bench.assignment.models[name].standard is not None:
        roads.extend(_modules(bench, name, sizes, int(value)))
    return Counted(int(value), claim, tuple(roads))


def _modules(bench: Bench, name: str, sizes: Mapping[str, int], value: int) -> list[Road]:
    """The same count from the standard modules, and their states beside those of the equations."""
    from checkers.roads import standard_road
    from reference_impl.modules import StandardError, full_name
    from reference_impl.standard import standard_parameters

    block = standard_layers(bench.assignment, name)
    try:
        found = standard_parameters(bench.model(name), block, sizes)
    except StandardError as problem:
        raise bench.assignment.error(str(problem), "models", name, "standard") from problem
    if found is None:
        return []
    modules = full_name(str(block["module"])) + (" and Linear" if block.get("linear") else "")
    return [Road(f"parameters of {modules}", found == value, None, f"{found} entries"), *standard_road(bench, name)]
