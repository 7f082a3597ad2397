"""The roads to a key and how far they disagree."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from checkers.assignment import Assignment
from checkers.cases import Asked
from checkers.errors import did_you_mean
from checkers.modelling import at_layer, layers
from checkers.relation import Comparison, Relation
from checkers.solution import Road
from derivations.derivation import Derivation
from notation.statement import Answer, Statement
from notation.tree import Compare, Expr, Partial, Ref
from notation.vocabulary import Vocabulary
from reference_impl.world import World

if TYPE_CHECKING:
    from checkers.bench import Bench

# float64 through a forward and a backward pass of a few hundred operations.
AGREEMENT = 1e-10


def compare_claim(claim: Expr, target: Expr, worlds: tuple[World, ...], steps: Expr | None = None) -> Comparison:
    """Evaluate the right side of a derived claim beside the executed value of its left side."""
    assert isinstance(claim, Compare)
    left, right = claim.sides[0], claim.sides[-1]
    loss = target.of.name if isinstance(target, Partial) and isinstance(target.of, Ref) else None
    relation = Relation(Asked(target, loss, None, layout_open=False, steps=steps), worlds, Answer("", (), Vocabulary()))
    return relation.compare(right, Statement((left, right)))


def tried(worlds: tuple[World, ...], found: Comparison) -> str:
    """Sizes and seeds in words."""
    sizes = "; ".join(",".join(f"{k}={v}" for k, v in w.sizes.items()) for w in worlds)
    return f"{found.compared} values, seeds 0-{len(worlds) - 1} ({sizes})"


def autograd_road(
    claim: Expr, target: Expr, worlds: tuple[World, ...], name: str = "autograd", steps: Expr | None = None
) -> Road:
    """The forward equations executed in torch float64; autograd differentiates them."""
    found = compare_claim(claim, target, worlds, steps)
    agrees = found.outcome == "agrees" and found.error <= AGREEMENT and found.compared > 0
    return Road(
        name,
        agrees,
        found.error if found.compared else None,
        tried(worlds, found) if agrees else found.message or tried(worlds, found),
    )


def derived_road(derived: Derivation, target: Expr, worlds: tuple[World, ...]) -> Road:
    """The index form against the executed model: the matrix form is presentation, so both are checked."""
    if derived.index_form is None:
        return Road("derived (index form)", True, None, "the index form is the claim itself")
    found = compare_claim(derived.index_form, target, worlds)
    agrees = found.outcome == "agrees" and found.error <= AGREEMENT and found.compared > 0
    return Road(
        "derived (index form)",
        agrees,
        found.error if found.compared else None,
        f"{found.compared} values" if agrees else found.message,
    )


def standard_layers(assignment: Assignment, name: str) -> dict[str, Any]:
    """The `standard:` block of a model, or of the one it is `like`, with its layers written out."""
    spec = assignment.models[name]
    block = dict(spec.standard or {})
    if (other := block.get("like")) is not None:
        if other not in assignment.models or assignment.models[other].standard is None:
            hint = did_you_mean(str(other), [n for n, m in assignment.models.items() if m.standard is not None])
            raise assignment.error(f"the model '{other}' has no standard module", "models", name, "standard", hint=hint)
        block = {**(assignment.models[other].standard or {}), **{k: v for k, v in block.items() if k != "like"}}
    if "gates" not in block:
        return block
    copies = layers(spec.repeat) or [("", 0)]
    states, gates, negated = block.pop("states", []), block.pop("gates"), block.pop("negated", [])
    block["layers"] = [
        {
            "states": [at_layer(s, letter, k) for s in states],
            "gates": {g: [at_layer(n, letter, k) for n in names] for g, names in gates.items()},
            "negated": negated,
        }
        for letter, k in copies
    ]
    return block


def standard_road(bench: Bench, model: str) -> list[Road]:
    """The standard torch module with the same weights, where the assignment names one."""
    current: str | None = model
    while current is not None:
        spec = bench.assignment.models[current]
        if spec.standard is not None:
            from reference_impl.modules import StandardError, full_name
            from reference_impl.standard import compare_standard

            block = standard_layers(bench.assignment, current)
            try:
                error, what = compare_standard(bench.model(current), block)
            except StandardError as problem:
                raise bench.assignment.error(str(problem), "models", current, "standard") from problem
            return [
                Road(
                    full_name(str(block.get("module"))),
                    bool(np.isfinite(error)) and error <= AGREEMENT,
                    error,
                    what,
                )
            ]
        if spec.replace:
            return []  # the equations were changed on purpose
        current = spec.extends
    return []
