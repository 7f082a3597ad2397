"""Trying a formula at growing scales: does what it leads to come as close to the limit as one likes?"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from checkers.scales import Course
from derivations.model import Model
from notation.errors import EvaluationError, ShapeError
from notation.evaluate import evaluate
from notation.exact import entrywise
from notation.scope import Clause, Scope
from notation.tree import Expr, Ref, walk
from reference_impl.world import Array, World

# Exponents of 2 of the scales that are tried. The last one lets even a logarithm of the scale exceed 200.
RUNGS = (0, 1, 2, 3, 4, 5, 6, 8, 10, 14, 20, 80, 320)
# The derived answer is shown at 2 to the power IDEAL. At the last rung a formula that reaches the limit is there up to
# rounding, and one that does not is off by its own size.
IDEAL = 10
REACHED, APART = 1e-6, 0.02
# Two values for every letter of which nothing is said, so that a formula that needs a certain one is not right.
OTHERS = (0.7, -1.3)
# Inner products of unit vectors are off by 1e-16, so exponents of this size leave errors of 1e-8; a fixed number may be
# larger, because it need not come so close.
MAX_EXPONENT, MAX_FIXED = 1e8, 1e13


@dataclass(frozen=True)
class Reached:
    """Whether the limit is reached, and by how much it is missed in the first World where it is not, with values."""

    outcome: Literal["reached", "apart", "unclear", "no value", "shape"]
    error: float = 0.0
    world: World | None = None
    expected: str = ""
    yours: str = ""
    message: str = ""


@dataclass(frozen=True)
class Ladder:
    """One question about a limit: the model, what is chosen, what has the limit, and what is shown to a reader."""

    model: Model
    worlds: tuple[World, ...]
    chosen: str
    of: Ref
    target: Expr
    shown: Ref | None
    tolerance: float
    key: Expr | None = None

    def follow(
        self, formula: Expr, courses: Mapping[str, Course], definitions: Mapping[str, tuple[Clause, ...]]
    ) -> Reached:
        """Try a formula in every World, with its letters on their courses."""
        last = Reached("reached")
        for world in sorted(self.worlds, key=lambda w: -sum(w.sizes.values())):
            for other in OTHERS if "free" in courses.values() else OTHERS[:1]:
                try:
                    found = self.climb(world, formula, courses, definitions, other)
                except ShapeError as problem:
                    return Reached("shape", message=problem.message)
                except (EvaluationError, KeyError, OverflowError, ZeroDivisionError) as problem:
                    return Reached("no value", message=str(problem))
                if found.outcome != "reached":
                    return found
                last = found if found.error > last.error else last
        return last

    def grown(self, formula: Expr, definitions: Mapping[str, tuple[Clause, ...]]) -> bool:
        """Whether a formula without a scale would reach the limit with one in front."""
        from notation.tree import Mul

        letter = Ref("#scale")
        return self.follow(Mul(letter, formula), {letter.name: "large"}, definitions).outcome == "reached"

    def climb(
        self,
        world: World,
        formula: Expr,
        courses: Mapping[str, Course],
        definitions: Mapping[str, tuple[Clause, ...]],
        other: float,
    ) -> Reached:
        """Rung by rung in one World; a formula without a scale has one rung."""
        moving = any(c in {"large", "small", "negative"} for c in courses.values())
        wanted = np.asarray(evaluate(self.target, world.scope()), dtype=float)
        size = max(float(np.abs(wanted).max()), 1e-12)
        errors: list[float] = []
        shown = ""
        for k in RUNGS if moving else (0,):
            letters = self.letters(world, courses, 2.0**k, other)
            try:
                value, shown_now = self.consequences(world, formula, letters, definitions)
            except (OverflowError, ZeroDivisionError):
                break
            if not np.isfinite(value).all():
                break
            if value.shape != wanted.shape:
                raise ShapeError("this is not of the kind that is asked")
            errors.append(float(np.abs(value - wanted).max()) / size)
            shown = shown_now
        if not errors:
            raise EvaluationError("it has no finite value")
        if errors[-1] <= (REACHED if moving else self.tolerance):
            return Reached("reached", errors[-1])
        if not moving and errors[-1] <= 5 * self.tolerance:
            return Reached("unclear", errors[-1])
        falling = len(errors) > 1 and errors[-1] < 0.9 * errors[-2]
        outcome: Literal["apart", "unclear"] = (
            "unclear" if moving and (errors[-1] < APART or falling or len(errors) < 4) else "apart"
        )
        return Reached(outcome, errors[-1], world, self.ideal(world), shown)

    def letters(self, world: World, courses: Mapping[str, Course], scale: float, other: float) -> dict[str, Array]:
        """The values of the answer's letters at one scale."""
        out: dict[str, Array] = {}
        for n, (name, course) in enumerate(sorted(courses.items())):
            if course == "orthogonal":
                out[name] = self.orthogonal(world, n)
            else:
                value = {"large": scale, "small": 1 / scale, "negative": -scale}.get(course, other)
                out[name] = np.asarray(value)
        return out

    def orthogonal(self, world: World, seed: int) -> Array:
        """A vector at right angles to all families of unit vectors in the model."""
        rng = np.random.default_rng([world.seed, seed])
        (length,) = world.shapes[self.chosen]
        vector = rng.normal(size=length)
        for (name, _), value in world.values.items():
            if self.model.samples.get(name) == "orthonormal":
                vector = vector - value * (value @ vector)
        return vector

    def consequences(
        self, world: World, formula: Expr, letters: Mapping[str, Array], definitions: Mapping[str, tuple[Clause, ...]]
    ) -> tuple[Array, str]:
        """What the chosen value leads to by the model's equations, and the quantity that is shown."""
        forward = self.consequent(world, formula, letters, definitions)
        shown = ""
        if self.shown is not None:
            from notation.plain import to_plain

            shown = f"{to_plain(self.shown)} = {float(evaluate(self.shown, forward)):.3g}"
        return np.asarray(evaluate(self.of, forward), dtype=float), shown

    def consequent(
        self, world: World, formula: Expr, letters: Mapping[str, Array], definitions: Mapping[str, tuple[Clause, ...]]
    ) -> Scope:
        """The model's quantities and the answer's letters once the formula is put in."""
        functions = {"exp": _MOVING if letters else _FIXED}

        def own(name: str, at: tuple[int, ...]) -> Array:
            return letters[name] if name in letters and not at else world.lookup(name, at)

        scope = replace(world.scope(definitions), lookup=own, functions=functions)
        value = np.asarray(evaluate(formula, scope))
        shape = world.shapes[self.chosen]
        if value.shape not in {shape, (*shape, 1)}:
            raise ShapeError(f"a vector of {shape[0]} entries is asked" if shape else "a number is asked")
        forward = self.forward(world, value.reshape(shape), functions)

        def known(name: str, at: tuple[int, ...]) -> Array:
            return letters[name] if name in letters and not at else forward.lookup(name, at)

        return replace(forward, lookup=known, definitions=definitions)

    def forward(self, world: World, value: Array, functions: Mapping[str, Callable[..., Any]]) -> Scope:
        """The model's equations with another value of the chosen input."""
        known: dict[tuple[str, tuple[int, ...]], Array] = {(self.chosen, ()): value}
        computed = {e.left.name for e in self.model.equations}

        def lookup(name: str, at: tuple[int, ...]) -> Array:
            if (name, at) not in known:
                if name not in computed:
                    return world.lookup(name, at)
                equation = self.model.equation(name)
                binding = {a.name: k for a, k in zip(equation.left.at, at, strict=True) if isinstance(a, Ref)}
                result = np.asarray(evaluate(equation.right, scope.at(**binding)))
                known[name, at] = result.reshape(-1) if result.ndim == 2 and result.shape[1] == 1 else result
            return known[name, at]

        scope = replace(world.scope(), lookup=lookup, functions=functions)
        return scope

    def ideal(self, world: World) -> str:
        """What is shown at the limit: from the derived answer at a large scale, or else the limit itself in numbers."""
        from checkers.witness import numbers

        if self.key is not None and self.shown is not None:
            letters = {n: np.asarray(2.0**IDEAL) for n in (r.name for r in walk(self.key) if isinstance(r, Ref))}
            mine = {n: v for n, v in letters.items() if n not in world.shapes and n not in world.sizes}
            return self.consequences(world, self.key, mine, {})[1]
        return f"{self.of.name} = {numbers(np.asarray(evaluate(self.target, world.scope()), dtype=float))}"


def _exponential(most: float) -> Callable[[Any], Any]:
    """exp without overflow: numbers of any exponent, so that ratios of exponentials keep their value."""

    def exponential(x: Any) -> Any:
        import mpmath

        if abs(x) > most:
            if x > 0:
                raise OverflowError("exp of a number beyond all bounds")
            return mpmath.mpf(0)
        return mpmath.exp(x)

    return entrywise(exponential)


_MOVING, _FIXED = _exponential(MAX_EXPONENT), _exponential(MAX_FIXED)
