"""Derivatives by a pre-activation that an answer names itself, such as `z = W x + U h + b` with `dE/dz`."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from derivations.model import Model
from notation.errors import EvaluationError, ShapeError
from notation.evaluate import evaluate
from notation.statement import Answer
from notation.tree import Call, Component, Expr, Mul, Partial, Ref, rebuild, substitute
from reference_impl.world import World


@dataclass(frozen=True, slots=True)
class Preactivation:
    """The quantity that an own name leads to, and the function and argument by which it does."""

    quantity: Ref
    function: Call


def with_preactivations(answer: Answer, model: Model, world: World) -> Answer:
    """The answer with derivatives by its own pre-activations in terms of those by what they activate."""
    own = _own_preactivations(answer, model, world)
    if not own:
        return answer

    def visit(e: Expr) -> Expr:
        if isinstance(e, Partial) and isinstance(e.wrt, Ref) and e.wrt.name in own:
            return _by_quantity(e, own[e.wrt.name])
        return rebuild(e, visit)

    statements = tuple(replace(s, sides=tuple(visit(side) for side in s.sides)) for s in answer.statements)
    definitions = {n: tuple(replace(c, body=visit(c.body)) for c in found) for n, found in answer.definitions.items()}
    return replace(answer, statements=statements, definitions=definitions)


def _by_quantity(e: Partial, found: Preactivation) -> Expr:
    """dE/dz as dE/dv times the slope of the activation."""
    assert isinstance(e.wrt, Ref)
    names = {a.name: b for a, b in zip(found.quantity.at, e.wrt.at, strict=False) if isinstance(a, Ref)}
    slope: Expr = substitute(replace(found.function, order=1), names)
    by = Ref(found.quantity.name, e.wrt.at or found.quantity.at, e.wrt.index)
    if e.wrt.index:
        slope = Component(slope, e.wrt.index)
    return Mul(replace(e, wrt=by), slope, "elementwise")


def _own_preactivations(answer: Answer, model: Model, world: World) -> dict[str, Preactivation]:
    """Own names whose definition has the value of what some activation of the model is applied to."""
    used = {w.name for s in answer.statements for side in s.sides for w in _denominators(side)}
    used |= {w.name for found in answer.definitions.values() for c in found for w in _denominators(c.body)}
    out: dict[str, Preactivation] = {}
    for name in sorted(used & set(answer.definitions)):
        for e in model.equations:
            if isinstance(e.right, Call) and len(e.right.args) == 1 and _same(name, e.left, e.right, answer, world):
                out[name] = Preactivation(e.left, e.right)
                break
    return out


def _denominators(e: Expr) -> list[Ref]:
    from notation.tree import walk

    return [n.wrt for n in walk(e) if isinstance(n, Partial) and isinstance(n.wrt, Ref)]


def _same(name: str, left: Ref, right: Call, answer: Answer, world: World) -> bool:
    """Whether an own name and an argument have one value at every step."""
    places = [at for n, at in world.slopes if n == left.name]
    compared = 0
    for at in places:
        binding = {a.name: k for a, k in zip(left.at, at, strict=True) if isinstance(a, Ref)}
        try:
            mine = np.asarray(evaluate(Ref(name, left.at), world.scope(answer.definitions).at(**binding)))
            theirs = np.asarray(evaluate(right.args[0], world.scope().at(**binding)))
        except (EvaluationError, ShapeError):
            return False
        if mine.shape != theirs.shape or not np.allclose(mine, theirs, rtol=1e-9, atol=1e-12):
            return False
        compared += 1
    return compared > 0
