"""What input makes an output tend to a given combination of values: solved in SymPy for orthonormal families.

The forward equations are evaluated with unit vectors for the orthonormal family and unknown coordinates for the input.
The output must be linear in the values that the limit names; its coefficients are the weights, and they have to tend to
those of the limit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import sympy as sp

from derivations.derivation import Step
from derivations.model import Model
from notation.arrays import Backend
from notation.errors import EvaluationError
from notation.evaluate import evaluate
from notation.exact import entrywise, exact
from notation.scope import Scope
from notation.tree import Call, Compare, Div, Expr, Mul, Neg, Reduce, Ref, Relation, Transpose, add, number, walk

# Lengths of the family at which the limit is taken; two more than the values named leave others that must vanish.
LENGTHS = (3, 5)
SCALE = "\\beta"
COORDINATE = "c"


@dataclass(frozen=True)
class DerivedLimit:
    """The answer with its growing scale, the lines that lead to it, and whether SymPy's limits agree."""

    answer: Compare
    scale: str
    steps: tuple[Step, ...]
    assumptions: tuple[str, ...]
    agrees: bool
    tried: str


@dataclass(frozen=True)
class _Setting:
    """What the derivation is about: the orthonormal family, the values that the limit names, and where."""

    model: Model
    found: Ref
    of: Ref
    target: Expr
    family: str
    values: str
    places: tuple[Expr, ...]
    axis: str


def derive_limit(model: Model, found: Ref, of: Ref, target: Expr) -> DerivedLimit:
    """Find `found` so that `of` tends to `target`.

    Raises `EvaluationError` where the model has no orthonormal family, or where the output is not linear in the values.
    """
    setting = _setting(model, found, of, target)
    named = len(setting.places)
    scores, agrees, weights = None, True, ()
    for m in (m for m in LENGTHS if m > named):
        unknown = sp.symbols(f"c1:{m + 1}", real=True)
        weights, wanted = _weights(setting, m, unknown)
        solved = _scores(weights, wanted, unknown, named)
        if scores is not None and solved != scores:
            raise EvaluationError("the answer depends on how many vectors there are")
        scores = solved
        agrees &= _tends(weights, wanted, unknown, scores)
    assert scores is not None
    answer = Compare((found, _combination(setting, scores)), ("=",))
    lengths = " and ".join(str(m) for m in LENGTHS if m > named)
    return DerivedLimit(
        answer,
        SCALE,
        tuple(_steps(setting, answer, scores)),
        (f"the vectors ${setting.family}$ are orthonormal and the named ones distinct", f"${SCALE} \\to \\infty$"),
        agrees,
        f"all weights, {lengths} vectors",
    )


def _setting(model: Model, found: Ref, of: Ref, target: Expr) -> _Setting:
    families = [n for n, rule in model.samples.items() if rule == "orthonormal"]
    if len(families) != 1:
        raise EvaluationError("the model needs one orthonormal family: samples: {k: orthonormal}")
    named = [n for n in walk(target) if isinstance(n, Ref) and n.at]
    if not named or len({n.name for n in named}) != 1:
        raise EvaluationError("the limit must name values of one kind")
    axes = model.vocabulary.quantities[families[0]].axes
    if model.vocabulary.quantities[named[0].name].axes != axes:
        raise EvaluationError("the values and the orthonormal family belong to different sequences")
    places = tuple(dict.fromkeys(n.at[0] for n in named))
    return _Setting(model, found, of, target, families[0], named[0].name, places, axes[0])


def _weights(setting: _Setting, m: int, unknown: tuple[Any, ...]) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """The coefficients of the values in the output and in the limit."""
    symbols = sp.symbols(f"v1:{m + 1}")
    model = setting.model
    (low, high) = model.vocabulary.ranges[setting.axis]
    sizes = {e.name: v for e, v in ((high, m), (low, 1)) if isinstance(e, Ref)}
    sizes |= {p.name: k + 1 for k, p in enumerate(setting.places) if isinstance(p, Ref)}
    backend = Backend(
        np,
        lambda v: exact(sp.nsimplify(v)),
        lambda n: exact(sp.eye(n).tolist()),
        lambda parts: exact(np.concatenate(parts, axis=0)),
        np.diag,
    )

    def lookup(name: str, at: tuple[int, ...]) -> Any:
        if name in sizes:
            return exact(sp.Integer(sizes[name]))
        if name == setting.found.name:
            return exact(unknown)
        if name == setting.family:
            return exact([sp.Integer(int(k + 1 == at[0])) for k in range(m)])
        if name == setting.values:
            return exact([symbols[at[0] - 1]])
        equation = model.equation(name)
        binding = {a.name: k for a, k in zip(equation.left.at, at, strict=True) if isinstance(a, Ref)}
        value = exact(evaluate(equation.right, scope.at(**binding)))
        return value.reshape(-1) if value.ndim == 2 and value.shape[1] == 1 else value

    scope = Scope(lookup=lookup, functions={"exp": entrywise(sp.exp)}, backend=backend)
    scope = replace(scope, ranges={setting.axis: (1, m)})
    output, limit = (np.asarray(evaluate(e, scope), dtype=object).reshape(-1)[0] for e in (setting.of, setting.target))
    weights = tuple(sp.diff(output, v) for v in symbols)
    wanted = tuple(sp.diff(limit, v) for v in symbols)
    if any(w.free_symbols & set(symbols) for w in weights):
        raise EvaluationError("the output is not linear in the values")
    return weights, wanted


def _scores(weights: tuple[Any, ...], wanted: tuple[Any, ...], unknown: tuple[Any, ...], named: int) -> tuple[Any, ...]:
    """The coordinates of the named vectors relative to the first of them, which is the scale."""
    out = [sp.Integer(0)]
    for k in range(1, named):
        ratio = sp.log(sp.powsimp(sp.cancel(weights[k] / weights[0])))
        found = sp.solve(sp.expand_log(ratio, force=True) - sp.log(wanted[k] / wanted[0]), unknown[k])
        if len(found) != 1:
            raise EvaluationError("the weights do not fix the coordinates")
        out.append(sp.expand(found[0] - unknown[0]))
    return tuple(out)


def _tends(
    weights: tuple[Any, ...], wanted: tuple[Any, ...], unknown: tuple[Any, ...], scores: tuple[Any, ...]
) -> bool:
    """Whether every weight tends to the one that is wanted."""
    beta = sp.Symbol("beta", positive=True)
    chosen: Mapping[Any, Any] = {
        u: beta + scores[k] if k < len(scores) else sp.Integer(0) for k, u in enumerate(unknown)
    }
    claims = {(w.subs(chosen), goal) for w, goal in zip(weights, wanted, strict=True)}
    return all(sp.limit(w, beta, sp.oo) == goal for w, goal in claims)


def _combination(setting: _Setting, scores: tuple[Any, ...]) -> Expr:
    """The input as the scale times the sum of the named vectors, with what unequal weights add."""
    vectors = [Ref(setting.family, (p,)) for p in setting.places]
    total = Mul(Ref(SCALE), add(*vectors)) if len(vectors) > 1 else Mul(Ref(SCALE), vectors[0])
    extra = [Mul(_logarithm(s), v) for s, v in zip(scores, vectors, strict=True) if s != 0]
    return add(total, *extra)


def _logarithm(value: Any) -> Expr:
    ratio = sp.nsimplify(sp.exp(value))
    body: Expr = Div(number(int(ratio.p)), number(int(ratio.q))) if ratio.q != 1 else number(int(ratio.p))
    return Call("log", (body,))


def _steps(setting: _Setting, answer: Compare, scores: tuple[Any, ...]) -> list[Step]:
    """The lines of the derivation; those about the weights only where SymPy finds them so."""
    i, j = Ref(setting.axis), Ref("j" if setting.axis != "j" else "l")
    low, high = setting.model.vocabulary.ranges[setting.axis]
    c = Ref(COORDINATE, (i,))
    key = Ref(setting.family, (i,))
    spread = Reduce("sum", setting.axis, low, high, None, Mul(c, key))
    out = [
        Step(
            Compare((setting.found, spread), ("=",)),
            "in the orthonormal basis; a part at right angles to it has no effect",
        ),
        Step(Compare((Mul(Transpose(key), setting.found), c), ("=",)), "so each inner product is one coordinate"),
    ]
    if _is_softmax(setting):
        below = Reduce("sum", j.name, low, high, None, Call("exp", (Ref(COORDINATE, (j,)),)))
        out.append(
            Step(
                Div(Call("exp", (c,)), below),
                f"is the weight of ${setting.values}_{setting.axis}$: shifting all changes nothing",
            )
        )
    named = tuple(Ref(COORDINATE, (p,)) for p in setting.places)
    if all(s == 0 for s in scores):
        relations: tuple[Relation, ...] = tuple("=" for _ in named)
        equal = Compare((*named, Ref(SCALE)), relations)
        out.append(Step(equal, "equal weights need equal coordinates; all others are 0"))
        if _is_softmax(setting) and high is not None:
            grown = Call("exp", (Ref(SCALE),))
            count = number(len(named))
            many = Mul(count, grown) if len(named) > 1 else grown
            weight = Div(grown, add(many, high, Neg(count)))
            out.append(Step(weight, f"is then the weight of each; it tends to 1/{len(named)}, and all others to 0"))
    return [*out, Step(answer, "put together")]


def _is_softmax(setting: _Setting) -> bool:
    """Whether the weights are the softmax of the coordinates, by SymPy."""
    m = len(setting.places) + 2
    unknown = sp.symbols(f"c1:{m + 1}", real=True)
    weights, _ = _weights(setting, m, unknown)
    total = sum(sp.exp(u) for u in unknown)
    return all(sp.cancel(w - sp.exp(u) / total) == 0 for w, u in zip(weights, unknown, strict=True))


__all__ = ["DerivedLimit", "derive_limit"]
