"""The loss and the accuracy of a classifier before training: derived for equal scores, bounded by simulation."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import Field

from checkers.assignment import Question
from checkers.doubt import doubt
from checkers.kinds.base import Kind, doubtful, verdict
from checkers.kinds.compute import rounded
from checkers.numbers import answer_value, nothing_to_read, number_of, read_numbers
from checkers.solution import Road, Solution
from checkers.verdict import Verdict, Witness
from derivations.derivation import Step
from notation.errors import EvaluationError, ShapeError
from notation.evaluate import evaluate
from notation.scope import Scope
from notation.tree import Call, Compare, Component, Div, Expr, Neg, Num, Ref, Vector, number
from notation.vocabulary import Vocabulary

if TYPE_CHECKING:
    from checkers.bench import Bench

# A network is not exactly undecided at the start: the mean may be so far, relatively, from the value for equal scores.
NEAR = 0.05
# A value rounded or cut to two decimals counts as the exact one.
ROUNDED = 0.01
_CLASSES = re.compile(r"(?:the\s+)?(?:number|no\.?|num) of classes|#\s*classes|\b(?:num|n)_classes\b", re.IGNORECASE)
_PERCENT = re.compile(r"(?<=\d)\s*per\s?cent\b", re.IGNORECASE)
_BITS = re.compile(r"\b(?:bits?|shannons?)\b", re.IGNORECASE)


class UntrainedValue(Kind):
    """`value: loss` (cross-entropy) or `value: accuracy` of a freshly initialised classifier of `classes` classes."""

    kind: Literal["untrained"] = "untrained"
    value: Literal["loss", "accuracy"]
    classes: int = Field(ge=2)

    def exact(self) -> tuple[Expr, list[Step]]:
        """The value for equal scores, with the lines that lead to it."""
        scores = Vector(tuple(number(0) for _ in range(self.classes)))
        share = Div(number(1), number(self.classes))
        equal = Step(
            Compare((Component(Call("softmax", (scores,)), (Ref("c"),)), share), ("=",)),
            "before training no class is preferred: with equal scores every class has the same probability",
        )
        if self.value == "accuracy":
            return share, [equal]
        loss = Neg(Call("log", (share,)))
        short = Call("log", (number(self.classes),))
        return short, [equal, Step(Compare((Ref(r"\ell"), loss, short), ("=", "=")), "cross-entropy of the true class")]

    def solve(self, bench: Bench, question: Question) -> Solution:
        """Derive the answer and check it on every road that applies."""
        from reference_impl.untrained import NETWORKS, untrained

        exact, steps = self.exact()
        key = float(evaluate(exact, _EMPTY))
        softmax = Call("softmax", (Vector(tuple(number(0) for _ in range(self.classes))),))
        share = float(np.asarray(evaluate(softmax, _EMPTY)).reshape(-1)[0])
        other = share if self.value == "accuracy" else -float(np.log(share))
        found = untrained(self.classes)
        seen = found.accuracies if self.value == "accuracy" else found.losses
        low, high, mean = min(*seen, key - ROUNDED), max(*seen, key + ROUNDED), float(np.mean(seen))
        name = Ref("A") if self.value == "accuracy" else Ref(r"\ell")
        bounds = Compare((outward(low, -1), name, outward(high, 1)), ("<=", "<="))
        return Solution(
            question.id,
            answers=(Compare((name, exact, rounded(key)), ("=", "=")),),
            steps=(
                *steps,
                Step(bounds, f"what counts: roundings, and {NETWORKS} simulated fresh networks"),
            ),
            roads=(
                Road("softmax of equal scores", abs(other - key) < 1e-12, abs(other - key) / key, "executed"),
                Road(
                    "simulated in torch",
                    abs(mean - key) <= NEAR * key,
                    None,
                    f"{NETWORKS} networks: {min(seen):.3f} to {max(seen):.3f}, mean {mean:.3f}",
                ),
            ),
            rule="The exact value, its decimals, or a value that the simulated networks reach."
            + (" The logarithm is the natural one." if self.value == "loss" else ""),
        )

    def check(self, bench: Bench, question: Question, text: str) -> Verdict:
        """Judge one answer that is not empty."""
        line = bench.solution(question.id).steps[-1].line
        assert isinstance(line, Compare)
        low, high = (float(evaluate(e, _EMPTY)) for e in (line.sides[0], line.sides[-1]))
        plain = _PERCENT.sub(r"\\%", _CLASSES.sub(str(self.classes), text))
        answer, values = read_numbers(plain, Vocabulary(open=True), {})
        found = answer_value([v for v in values if v.value is not None]) or answer_value(values)
        if self.value == "accuracy" and found is not None and found.value is not None and found.value.shape == ():
            shares = [v for v in values if v.value is not None and v.value.shape == () and 0 <= float(v.value) <= 1]
            if float(found.value) > 1 and shares:  # 25 %, since it guesses 1 of the 4 classes
                found = next((v for v in shares if float(v.value) not in {0.0, 1.0}), found)  # type: ignore[arg-type]
        if found is None:
            if answer.errors:
                raise answer.errors[0]
            raise nothing_to_read(text, "number")
        reading = found.statement.tree
        if found.value is None or found.value.shape != ():
            return verdict(question, text, "wrong", reading=reading, message="One number is asked.")
        value = float(found.value)
        unit = self.classes if self.value == "loss" else None
        if unit and _BITS.search(text) and abs(value * np.log(2) - np.log(unit)) < 0.01:
            message = "This is the loss in bits; with the natural logarithm it is another number. A person decides."
            return verdict(question, text, "manual", reading=reading, message=message)
        if self.value == "accuracy" and low <= value / 100 <= high:
            message = "This is right if percent are meant, which the answer does not say; a person decides."
            return verdict(question, text, "manual", reading=reading, message=message)
        wanted, shown = f"{low:.3g} to {high:.3g}", f"{value:.4g}"
        for side in found.statement.sides:
            other = constant(side)
            if other is not None and not low <= other <= high:
                message = f"The {self.value} is {self.in_words()}, not {other:.4g}."
                witness = Witness("", wanted, f"{other:.4g}")
                return verdict(question, text, "wrong", reading=reading, witness=witness, message=message)
        if why := doubt(text, found.statement.span, value=True):
            return doubtful(question, text, why, reading)
        return verdict(question, text, "correct", reading=reading, evidence=f"{shown} lies within {wanted}")

    def in_words(self) -> str:
        """The value in words."""
        if self.value == "accuracy":
            return f"about 1/{self.classes}"
        return f"about $\\log {self.classes} = {float(np.log(self.classes)):.3f}$ (natural logarithm)"


_EMPTY = Scope(lookup=lambda name, at: np.asarray(np.nan))


def constant(e: Expr) -> float | None:
    """The value of a side that is one number, None for one with names."""
    try:
        value = number_of(e, {})
    except (EvaluationError, ShapeError):
        return None
    return float(value) if value.shape == () and np.isfinite(value) else None


def outward(value: float, sign: int) -> Num:
    """A bound rounded to three decimals, away from what it bounds."""
    steps = int(np.floor(value * 1000)) if sign < 0 else int(np.ceil(value * 1000))
    return Num(Fraction(steps, 1000), text=f"{steps / 1000:.3f}")
