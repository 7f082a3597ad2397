"""Numbers computed from a model's equations and given values."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import Field

from checkers.assignment import Question
from checkers.doubt import doubt
from checkers.kinds.base import Kind, doubtful, verdict
from checkers.numbers import Value, answer_value, nothing_to_read, read_numbers
from checkers.solution import Road, Solution
from checkers.verdict import Verdict, Witness
from checkers.witness import numbers
from derivations.derivation import Step
from derivations.model import Equation
from notation.errors import EvaluationError
from notation.evaluate import evaluate
from notation.scope import Scope
from notation.tree import Compare, Expr, Neg, Num, Ref, Vector, number, walk
from reference_impl.world import Array, Place

if TYPE_CHECKING:
    from checkers.bench import Bench

# The step at which a one-step computation takes place; its number has no meaning.
NOW = 1

# 0.7 0.2 0.05: a list without brackets
_BARE_LIST = re.compile(r"[-+\u2212]?[\d.]+(?:[ \t]+[-+\u2212]?[\d.]+)+")


class Compute(Kind):
    """`compute: h_t` with `given:` values; every equation on the way is evaluated. `tolerance` is absolute."""

    kind: Literal["compute"] = "compute"
    model: str
    compute: str
    given: dict[str, list[float] | float]
    tolerance: float = Field(5e-4, gt=0)

    def place(self, ref: Ref) -> Place:
        """A quantity at its step, with the free step at `NOW`."""
        names = {r.name: NOW for a in ref.at for r in walk(a) if isinstance(r, Ref)}
        scope = Scope(lookup=lambda name, at: np.asarray(0.0)).at(**names)
        return ref.name, tuple(int(evaluate(a, scope)) for a in ref.at)

    def run(
        self, bench: Bench, question: Question
    ) -> tuple[Ref, Array, list[tuple[Equation, Array]], dict[Place, Array]]:
        """The quantity asked, its value, the equations used with their values, and all known values."""
        model = bench.model(self.model)
        known: dict[Place, Array] = {}
        for text, given in self.given.items():
            known[self.place(self.quantity(bench, question, model, text, "given"))] = np.asarray(
                given, dtype=np.float64
            )
        used: list[tuple[Equation, Array]] = []
        active: set[Place] = set()

        def lookup(name: str, at: tuple[int, ...]) -> Array:
            place = name, at
            if place not in known:
                try:
                    equation = model.equation(name)
                except KeyError:
                    raise EvaluationError(f"{name} is not given and has no equation") from None
                if place in active or len(active) > 50:
                    raise EvaluationError(f"{name} needs itself: give its first value")
                active.add(place)
                binding = {a.name: k for a, k in zip(equation.left.at, at, strict=True) if isinstance(a, Ref)}
                value = np.asarray(evaluate(equation.right, scope.at(**binding)))
                known[place] = value.reshape(-1) if value.ndim == 2 and value.shape[1] == 1 else value
                used.append((equation, known[place]))
            return known[place]

        scope = Scope(lookup=lookup)
        target = self.quantity(bench, question, model, self.compute, "compute")
        try:
            value = lookup(*self.place(target))
        except EvaluationError as problem:
            raise bench.assignment.error(str(problem), "questions", question.id, "given") from problem
        return target, value, used, known

    def solve(self, bench: Bench, question: Question) -> Solution:
        """Derive the answer and check it on every road that applies."""
        target, value, used, _ = self.run(bench, question)
        steps = [Step(Compare((e.left, e.right, vector(v)), ("=", "=")), "given values inserted") for e, v in used]
        return Solution(
            question.id,
            answers=(Compare((target, vector(value)), ("=",)),),
            steps=tuple(steps),
            roads=(self.executed(bench, question, value, target),),
            rule=f"Every entry within {self.tolerance:g}.",
        )

    def executed(self, bench: Bench, question: Question, value: Array, target: Ref) -> Road:
        """The same equations run in torch with the given values in place."""
        from reference_impl.given import run_given

        given = {
            self.place(self.quantity(bench, question, bench.model(self.model), text, "given")): np.asarray(
                v, dtype=np.float64
            )
            for text, v in self.given.items()
        }
        other = run_given(bench.model(self.model), given, self.place(target))
        error = float(np.abs(other - value).max() / max(float(np.abs(value).max()), 1e-12))
        return Road("executed in torch", bool(np.isfinite(error)) and error < 1e-12, error, f"{value.size} values")

    def check(self, bench: Bench, question: Question, text: str) -> Verdict:
        """Judge one answer that is not empty."""
        target, key, _, known = self.run(bench, question)
        model = bench.model(self.model)
        if ";" in text and re.search(r"\d,\d", text) and not re.search(r"\d\.\d", text):
            text = re.sub(r"(?<=\d),(?=\d)", ".", text)  # decimal commas; the semicolons separate
        listed = f"[{text.strip()}]" if _BARE_LIST.fullmatch(text.strip()) else text
        answer, values = read_numbers(listed, model.vocabulary, {})
        components = by_component(values, target.name, key.size)
        if components is not None:
            return self.decided(question, text, components, key, ())
        value = answer_value(values)
        if value is None:
            if answer.errors:
                raise answer.errors[0]
            raise nothing_to_read(text, "list of numbers")
        reading = value.statement.tree
        if value.value is None:
            if value.depends and self.same_formula(value.statement.sides[-1], known, key):
                return verdict(
                    question, text, "partial", reading=reading, message="The formula is right; the numbers are asked."
                )
            if value.depends:
                return verdict(
                    question,
                    text,
                    "wrong",
                    reading=reading,
                    message="Numbers are asked, and this still depends on names.",
                )
            return verdict(question, text, "undecided", reading=reading, message=value.problem)
        if answer.errors:
            raise answer.errors[0]
        found = self.decided(question, text, value.value, key, reading)
        if found.status == "correct" and (why := doubt(text, value.statement.span, value=True)):
            return doubtful(question, text, why, reading)
        return found

    def same_formula(self, side: Expr, known: dict[Place, Array], key: Array) -> bool:
        """Whether a formula in names gives the right numbers when the given values are inserted."""

        def lookup(name: str, at: tuple[int, ...]) -> Array:
            if (name, at) in known:
                return known[name, at]
            raise EvaluationError(name)

        try:
            value = np.asarray(evaluate(side, Scope(lookup=lookup).at(t=NOW)))
        except Exception as problem:
            from notation.errors import ShapeError

            if not isinstance(problem, (EvaluationError, ShapeError, KeyError)):
                raise
            return False
        return value.size == key.size and bool(np.abs(value.reshape(key.shape) - key).max() <= self.tolerance)

    def decided(self, question: Question, text: str, value: Array, key: Array, reading: tuple[Expr, ...]) -> Verdict:
        """Compare numbers entry by entry."""
        flat, wanted = value.reshape(-1), key.reshape(-1)
        if value.size != key.size or (value.ndim == 2 and 1 not in value.shape):
            return verdict(
                question,
                text,
                "wrong",
                reading=reading,
                message=f"{key.size} numbers are asked, and this has {value.size}.",
            )
        off = np.abs(flat - wanted)
        if not np.isfinite(off).all():
            return verdict(question, text, "undecided", reading=reading, message="This has no finite value.")
        bad = [k for k in range(key.size) if off[k] > self.tolerance]
        if not bad:
            return verdict(
                question,
                text,
                "correct",
                reading=reading,
                evidence=f"all {key.size} entries within {self.tolerance:g} (largest difference {off.max():.1e})",
            )
        k = bad[0]
        place = f"entry {k + 1}" if key.size > 1 else "the value"
        witness = Witness(place, f"{wanted[k]:.4g}", f"{flat[k]:.4g}", float(off[k]))
        return verdict(
            question,
            text,
            "wrong",
            reading=reading,
            witness=witness,
            message=f"{place.capitalize()} should be {wanted[k]:.4g}, and {flat[k]:.4g} was given; "
            f"the whole answer is {numbers(key)}.",
        )


def by_component(values: list[Value], name: str, size: int) -> Array | None:
    """Entries given one by one, `C_t[1] = 0.7`, as one list."""

    out: dict[int, float] = {}
    for v in values:
        left = v.statement.left
        if (
            not isinstance(left, Ref)
            or left.name != name
            or len(left.index) != 1
            or v.value is None
            or v.value.shape != ()
        ):
            continue
        position = left.index[0]
        if isinstance(position, Num):
            out[int(position.value)] = float(v.value)
    base = 0 if 0 in out else 1
    if sorted(out) == list(range(base, base + size)):
        return np.asarray([out[k] for k in sorted(out)])
    return None


def vector(value: Array) -> Expr:
    """Numbers as a tree, rounded to four significant figures where they are not short."""
    if value.ndim == 0:
        return rounded(float(value))
    return Vector(tuple(rounded(float(v)) for v in value.reshape(-1)))


def rounded(value: float) -> Expr:
    """One number as a tree."""
    text = f"{value:.10g}"
    if len(text) > 7:
        text = f"{value:.4g}"
    positive = number(text.lstrip("-"))
    return Neg(positive) if value < 0 else positive
