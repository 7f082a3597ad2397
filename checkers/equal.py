"""Two bare formulas: the same ladder as for an assignment, without a model.

Names are scalars unless a shape is given; letters that run (`h_{t-1}`, `x_i`) are families indexed by integers. Values
are drawn at random where the key is defined: a formula must be defined and equal wherever the key is.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from checkers.points import Assumed, Point
from checkers.verdict import Status, Verdict, Witness
from notation.answer import read_answer, read_formula
from notation.arrays import Special, describe
from notation.brackets import dimensions
from notation.errors import EvaluationError, ReadError, ShapeError
from notation.evaluate import evaluate
from notation.lexicon import GREEK_LETTERS
from notation.scope import Scope
from notation.statement import Answer
from notation.tree import Add, Compare, Component, DerivativeKind, Expr, Num, Partial, Reduce, Ref, Vector, walk
from notation.vocabulary import Vocabulary

# Points that must agree. A wrong formula of this field that agrees at one generic point is a coincidence of measure
# zero;
# the rest catch differences that only show on part of the domain (a sign, a branch of max).
POINTS = 24
TRIES = 8
TOLERANCE = 1e-9


def equal(
    answer: str, key: str, shapes: Mapping[str, str] | None = None, assume: Mapping[str, str] | None = None
) -> Verdict:
    """Judge whether two formulas are equal.

    >>> equal("sigma(x)(1-sigma(x))", "e^{-x}/(1+e^{-x})^2").status
    'correct'
    >>> equal("1 - tanh(x)", "1 - tanh(x)^2").status
    'wrong'
    """
    try:
        assumed = _assumptions(shapes or {}, assume or {})
        keyed = read_answer(key, Vocabulary(open=True))
        wanted = _side(keyed, key)
    except ReadError as problem:
        return _verdict(answer, "undecided", f"The key could not be read.\n{problem}")
    try:
        given = read_answer(answer, Vocabulary(open=True))
        mine = _side(given, answer)
    except ReadError as problem:
        return _verdict(
            answer,
            "unreadable",
            f"This could not be read, at line {problem.line}: {problem.message}.\n{problem.caret()}",
        )
    return _Pair(answer, given, mine, keyed, wanted, assumed).judge()


def _side(answer: Answer, text: str) -> Expr:
    """The formula that a text is about: the last side of its last claim."""
    if answer.errors:
        raise answer.errors[0]
    claims = [s for s in answer.statements if s.role == "claim"]
    if not claims:
        raise ReadError("there is no formula here", text, (0, max(1, min(len(text), 20))), "type a formula")
    return claims[-1].sides[-1]


def _verdict(
    text: str,
    status: Status,
    message: str = "",
    evidence: str = "",
    witness: Witness | None = None,
    reading: tuple[Expr, ...] = (),
) -> Verdict:
    one = Fraction(1)
    return Verdict(
        "", text, status, one if status == "correct" else Fraction(0), one, message, evidence, witness, None, reading
    )


def _normal_name(name: str) -> str:
    """A name as it is looked up: `h_{t-1}`, `\\sigma` and Unicode alike."""
    text = name.strip().replace(" ", "")
    for letter, word in GREEK_LETTERS.items():
        text = text.replace(letter, f"\\{word}")
    return text


def _assumptions(shapes: Mapping[str, str], assume: Mapping[str, str]) -> dict[str, Assumed]:
    out: dict[str, Assumed] = {}
    for name in {*shapes, *assume}:
        words = frozenset(re.split(r"[\s,]+", str(assume.get(name, "")).lower())) - {""}
        shape = _shape(str(shapes[name])) if name in shapes else None
        try:
            tree = read_formula(_normal_name(name), Vocabulary(open=True))
        except ReadError as problem:
            raise ReadError(
                f"the name '{name}' could not be read: {problem.message}", name, (0, len(name))
            ) from problem
        out[_address(tree)] = Assumed(shape, words)
    return out


def _shape(text: str) -> tuple[int, ...]:
    if text.strip() in {"", "1", "scalar", "()"}:
        return ()
    tree = read_formula(re.sub(r"(?<=\d)\s*[xX×]\s*(?=\d)", " × ", text.strip().strip("()")), Vocabulary(open=True))
    dims = [int(d.value) for d in dimensions(tree) if isinstance(d, Num)]
    if not dims or any(d < 1 or d > 64 for d in dims):
        raise ReadError(f"the shape '{text}' could not be read", text, (0, len(text)), "3x4, or 4")
    return tuple(dims)


def _address(e: Expr) -> str:
    """A text by which a name with its subscripts is remembered."""
    from checkers.prove import key

    if isinstance(e, Partial):
        return f"d({key(e.of)};{key(e.wrt)})"
    return key(e)


class _Pair:
    def __init__(
        self, text: str, given: Answer, mine: Expr, keyed: Answer, wanted: Expr, assumed: Mapping[str, Assumed]
    ) -> None:
        self.text = text
        self.given = given
        self.keyed = keyed
        self.mine = mine
        self.wanted = wanted
        self.assumed = assumed
        self.bare = {a.split("@")[0]: v for a, v in assumed.items() if a.endswith("@[]")}
        self.lengths = self.infer_lengths()

    # -- values -------------------------------------------------------------------------------------------------------

    def infer_lengths(self) -> dict[str, tuple[int, ...]]:
        """Shapes of names with components and without positions come from what is assumed."""
        return {n: a.shape for n, a in self.bare.items() if a.shape is not None}

    def scope(self, point: Point, answer: Answer) -> Scope:
        """A scope whose names get values when they are first met."""

        def lookup(name: str, at: tuple[int, ...]) -> Any:
            return self.value(point, name, at)

        def partial(of: str, of_at: tuple[int, ...], wrt: str, wrt_at: tuple[int, ...], kind: DerivativeKind) -> Any:
            shape = self.derivative_shape(of, wrt)
            return point.draw(f"d{kind}", (of, of_at, wrt, wrt_at), shape, frozenset())

        return Scope(
            lookup=lookup, partial=partial, definitions=answer.definitions, index=point.sizes, default_range=(1, 4)
        )

    def derivative_shape(self, of: str, wrt: str) -> tuple[int, ...]:
        for address, a in self.assumed.items():
            if (
                address.startswith("d(")
                and address.startswith(f"d({of}@")
                and f";{wrt}@" in address
                and a.shape is not None
            ):
                return a.shape
        rows = self.shape_of(of) or ()
        return (*rows, *(self.shape_of(wrt) or ()))

    def shape_of(self, name: str) -> tuple[int, ...] | None:
        """The declared shape of a name, whatever its position."""
        if name in self.bare and self.bare[name].shape is not None:
            return self.bare[name].shape
        for address, a in self.assumed.items():
            if address.split("@")[0] == name and a.shape is not None:
                return a.shape
        return None

    def words_of(self, name: str) -> frozenset[str]:
        for address, a in self.assumed.items():
            if address.split("@")[0] == name:
                return a.words
        return frozenset()

    def value(self, point: Point, name: str, at: tuple[int, ...]) -> Any:
        shape = self.shape_of(name) or ()
        if shape and len(at) == len(shape) and f"{name}@[]" in self.assumed:  # W_{ij} of a declared matrix: a component
            whole = point.draw(name, (), shape, self.words_of(name))
            if all(1 <= k <= n for k, n in zip(at, shape, strict=True)):
                return whole[tuple(k - 1 for k in at)]
            raise EvaluationError(f"component {at} of {name} is out of range")
        if name in point.sizes and not at:
            return np.asarray(float(point.sizes[name]))
        return point.draw(name, at, shape, self.words_of(name))

    def integers(self) -> list[str]:
        """Names that must be whole numbers: index letters and bounds of sums."""
        out: set[str] = set()
        for side in (
            self.mine,
            self.wanted,
            *(c.body for d in (self.given, self.keyed) for cs in d.definitions.values() for c in cs),
        ):
            bound = {n.variable for n in walk(side) if isinstance(n, Reduce)}
            for n in walk(side):
                indices: list[Expr] = []
                if isinstance(n, Ref):
                    indices = [*n.at, *n.index]
                elif isinstance(n, Component):
                    indices = list(n.index)
                elif isinstance(n, Reduce):
                    indices = [e for e in (n.low, n.high) if e is not None]
                out |= {
                    r.name for e in indices for r in walk(e) if isinstance(r, Ref) and not r.at and r.name not in bound
                }
        out |= {n for n, a in self.bare.items() if "integer" in a.words}
        return sorted(out)

    def point(self, seed: int, style: str) -> Point:
        rng = np.random.default_rng([seed, 5])
        sizes: dict[str, int] = {}
        taken: set[int] = set()
        for name in self.integers():
            words = self.words_of(name)
            options = [k for k in range(2, 9) if k not in taken] or list(range(2, 9))
            if self.indexes_declared(name):
                options = [1, 2]
            sizes[name] = int(rng.choice(options))
            if "integer" in words and not words & {"positive", "natural", "nonnegative"} and seed % 3 == 2:
                sizes[name] = -sizes[name]
            taken.add(sizes[name])
        return Point(seed, self.assumed, style, sizes)

    def indexes_declared(self, name: str) -> bool:
        """Whether a letter picks a component of something with a declared shape, so that it must stay small."""
        for side in (self.mine, self.wanted):
            for n in walk(side):
                if (
                    isinstance(n, Ref)
                    and (n.at or n.index)
                    and self.shape_of(n.name)
                    and any(isinstance(e, Ref) and e.name == name for e in (*n.at, *n.index))
                ):
                    return True
                if isinstance(n, Component) and any(isinstance(e, Ref) and e.name == name for e in n.index):
                    return True
        return False

    # -- the ladder
    # -----------------------------------------------------------------------------------------------------

    def judge(self) -> Verdict:
        reading = (self.mine,)
        if isinstance(self.wanted, Vector) or isinstance(self.mine, Vector):
            return self.compare({})
        found = self.compare({})
        if found.status in {"wrong", "undecided"} and found.message.startswith("The shapes"):
            other = self.compare({"inner_dot": True})
            if other.status == "correct":
                return other
        del reading
        return found

    def compare(self, options: Mapping[str, bool]) -> Verdict:
        """Evaluate both sides at random points of the key's domain."""
        agreed, worst, undefined = 0, 0.0, 0
        for seed, style in itertools.islice(
            itertools.cycle(enumerate(("plain", "plain", "positive", "large"))), POINTS * TRIES
        ):
            point = self.point(seed + 4 * (agreed + undefined), style)
            try:
                wanted = self.run(self.wanted, point, self.keyed, options)
            except (EvaluationError, ShapeError) as problem:
                return _verdict(
                    self.text, "undecided", f"The key could not be evaluated: {problem}", reading=(self.mine,)
                )
            if not np.isfinite(wanted).all():
                undefined += 1
                if undefined > POINTS * TRIES // 2:
                    break
                continue
            try:
                mine = self.run(self.mine, point, self.given, options)
            except ShapeError as problem:
                return _verdict(self.text, "wrong", f"The shapes do not fit: {problem.message}.", reading=(self.mine,))
            except EvaluationError as problem:
                return _verdict(
                    self.text, "undecided", f"This could not be evaluated: {problem}.", reading=(self.mine,)
                )
            if mine.shape != wanted.shape:
                return _verdict(
                    self.text,
                    "wrong",
                    f"The shapes do not fit: this is {describe(mine.shape)}, and {describe(wanted.shape)} is expected.",
                    reading=(self.mine,),
                )
            scale = max(float(np.abs(wanted).max(initial=0.0)), 1e-300)
            error = float(np.abs(mine - wanted).max(initial=0.0)) / scale if np.isfinite(mine).all() else float("inf")
            # where terms cancel, float64 leaves 1e-13 of their size; without a sum nothing cancels, and 1e-20 is not 0
            floor = (
                1e-13 / scale
                if any(isinstance(n, (Add, Reduce)) for side in (self.mine, self.wanted) for n in walk(side))
                else 0.0
            )
            exact = not any(isinstance(n, (Add, Reduce)) for n in walk(self.mine))
            if exact and not wanted.any() and mine.any():
                return self.refuted(point, wanted, mine)  # 1e-20 for x - x: small is not zero
            plain = not any(isinstance(n, (Add, Reduce)) for n in walk(self.wanted))
            if plain and wanted.any() and not mine.any():
                return self.refuted(point, wanted, mine)
            if error > max(TOLERANCE, floor):
                return self.refuted(point, wanted, mine)
            worst = max(worst, error)
            agreed += 1
            if agreed >= POINTS:
                break
        if agreed < 3:
            return _verdict(
                self.text,
                "undecided",
                "The key has no finite value at the points that were tried.",
                reading=(self.mine,),
            )
        if self.proved():
            return _verdict(
                self.text, "correct", evidence=f"proved equal; agreed on {agreed} random points", reading=(self.mine,)
            )
        return _verdict(
            self.text,
            "correct",
            evidence=f"agreed on {agreed} random points, largest relative error {worst:.1e}",
            reading=(self.mine,),
        )

    def run(self, side: Expr, point: Point, answer: Answer, options: Mapping[str, bool]) -> Any:
        from dataclasses import replace

        with np.errstate(all="ignore"):
            if isinstance(side, Compare):
                raise EvaluationError("a relation has no value")
            value = evaluate(side, replace(self.scope(point, answer), **options))  # type: ignore[arg-type]
        if isinstance(value, Special):
            raise EvaluationError("the size of this identity or vector of ones is not known")
        return np.asarray(value, dtype=np.float64)

    def refuted(self, point: Point, wanted: Any, mine: Any) -> Verdict:
        """A point at which the two differ, as a witness."""
        from checkers.witness import numbers

        shown = [f"{n[0]}={numbers(v)}" for n, v in list(point.values.items())[:4]]
        where = ", ".join([*(f"{k}={v}" for k, v in point.sizes.items()), *shown])
        difference = float(np.abs(mine - wanted).max()) if np.isfinite(mine).all() else None
        witness = Witness(where, numbers(wanted), numbers(mine), difference)
        message = "The two formulas differ: at these numbers they have other values."
        if not np.isfinite(mine).all():
            message = "The two formulas differ: at these numbers the key has a value and this has none."
        return _verdict(self.text, "wrong", message, witness=witness, reading=(self.mine,))

    def proved(self) -> bool:
        """Proof for scalars: a normal form of the difference."""
        from checkers.prove import NormalFormError, scalars_equal

        if self.given.definitions or self.keyed.definitions or any(a.shape for a in self.assumed.values()):
            return False
        try:
            return scalars_equal(self.mine, self.wanted)
        except (NormalFormError, RecursionError):
            return False


__all__: Sequence[str] = ["equal"]
