"""Which statements of an answer are about what was asked."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from checkers.assignment import Question
from checkers.cases import Asked
from checkers.positions import bind, left_head
from checkers.relation import Relation
from derivations.model import Model
from notation.ellipsis import linear
from notation.errors import EvaluationError, ReadError, ShapeError
from notation.evaluate import evaluate
from notation.flow import UNNAMED
from notation.scope import Scope
from notation.statement import Answer, Statement
from notation.tree import Call, Compare, Component, Expr, Num, Partial, Ref, Transpose, rebuild, substitute, walk
from notation.vocabulary import Vocabulary
from reference_impl.world import World

# dW, grad_W: what is differentiated is not said
_UNNAMED = re.compile(r"(?:d|grad|g)_?[A-Za-z]\w{0,4}")
_NOTHING = Answer("", (), Vocabulary())


@dataclass(frozen=True)
class Selection:
    """Finds the statements of an answer that speak about the asked quantity."""

    question: Question
    model: Model
    worlds: tuple[World, ...]
    asked: Asked

    def untrue_function(self, stated: list[Statement]) -> Statement | None:
        """A statement such as `tanh'(z) = 1 - tanh(z)` that does not hold for all arguments."""
        for s in stated:
            if not isinstance(s.left, Call) or len(s.left.args) != 1 or not isinstance(s.left.args[0], Ref):
                continue
            name = s.left.args[0].name
            for x in (-1.3, -0.4, 0.3, 0.9, 1.7):
                scope = Scope(lookup=_only(name, x))
                try:
                    values = [float(evaluate(side, scope)) for side in s.sides]
                except (EvaluationError, ShapeError, TypeError):
                    break
                if max(values) - min(values) > 1e-9:
                    return s
        return None

    def statements(self, answer: Answer) -> list[Statement]:
        """The answer's statements; the one local name that all others lead to is read as what was asked."""
        out = [self.named_as_asked(s, answer.text) for s in answer.statements]
        if any(self.about_target(s) and s.role != "premise" for s in out):
            return out
        name = self.result_name(out, answer)
        if name is None:
            return out
        return [
            replace(s, sides=tuple(self.as_target(side, name) for side in s.sides), role="claim")
            if isinstance(s.left, Ref) and s.left.name == name
            else s
            for s in out
        ]

    def named_as_asked(self, s: Statement, text: str) -> Statement:
        """A program's `dW` is the derivative of what the question differentiates."""
        left, target = s.left, self.asked.target
        if not isinstance(left, Partial) or not isinstance(target, Partial) or left.signal:
            return s
        if left.of != UNNAMED and not _UNNAMED.fullmatch(text[slice(*left.span)].strip()):
            return s
        if not isinstance(left.wrt, Ref) or left.wrt.name != self.asked.head.name:
            return s
        return replace(s, sides=(replace(left, of=target.of), *s.sides[1:]))

    def result_name(self, statements: list[Statement], answer: Answer) -> str | None:
        """The only local name that no other definition uses, where its positions can be those of what is asked."""
        defined = [s for s in statements if isinstance(s.left, Ref) and s.left.name in answer.definitions]
        used = {
            r.name
            for s in defined
            for side in s.sides[1:]
            for r in walk(side)
            if isinstance(r, Ref) and isinstance(s.left, Ref) and r.name != s.left.name
        }
        lefts = [s.left for s in defined if isinstance(s.left, Ref) and s.left.name not in used]
        if len({left.name for left in lefts}) != 1:
            return None
        fits = all(len(left.at) in {0, len(self.asked.head.at)} for left in lefts)
        return lefts[0].name if fits else None

    def as_target(self, e: Expr, name: str) -> Expr:
        """A student's own name for the asked quantity replaced by it."""
        if isinstance(e, Ref) and e.name == name:
            if not isinstance(self.asked.target, Partial):
                return Ref(self.asked.head.name, e.at or self.asked.head.at, e.index)
            steps = [linear(a) for a in self.asked.head.at]
            names = {s[0]: at for s, at in zip(steps, e.at, strict=False) if s is not None and s[0]}
            target = substitute(self.asked.target, names) if names else self.asked.target
            assert isinstance(target, Partial)
            head = replace(self.asked.head, at=target.wrt.at, index=e.index)  # type: ignore[attr-defined]
            return replace(target, wrt=head)
        return rebuild(e, lambda c: self.as_target(c, name))

    def about_target(self, s: Statement) -> bool:
        """Whether a statement is about the asked quantity: by its left side, or as a bare formula."""
        left = s.left
        if left is None:
            mention = isinstance(s.sides[0], Num) and len(s.words) >= 2  # "if the gate is 1 it stays the same"
            return (
                s.role == "claim"
                and not mention
                and not isinstance(s.sides[0], Compare)
                and not self.trivial(s.sides[0])
            )
        if s.headless:
            return True
        return any(self.same_head(side) for side in s.sides[:-1])

    def trivial(self, e: Expr) -> bool:
        """A lone name in a sentence is a mention, not an answer."""
        return isinstance(e, Ref) and not isinstance(self.asked.target, Ref)

    def same_head(self, left: Expr) -> bool:
        """Whether a side names the asked quantity, at whatever step or component."""
        target = self.asked.target
        if left == target or left in self.asked.written:
            return True
        inner = left.body if isinstance(left, (Component, Transpose)) else left
        if isinstance(target, Partial):
            return (
                isinstance(inner, Partial)
                and same_source(inner, target)
                and isinstance(inner.wrt, Ref)
                and inner.wrt.name == self.asked.head.name
            )
        return (
            isinstance(inner, Ref) and inner.name == self.asked.head.name and bool(inner.at or not self.asked.head.at)
        )

    def is_boundary(self, s: Statement) -> bool:
        """Whether a statement speaks about one fixed step while all steps are asked."""
        if not self.steps_are_free() or s.left is None:
            return False
        head = next((left_head(side) for side in s.sides if self.same_head(side)), None)
        if head is None:
            return False
        sizes = set(self.model.sizes)
        free = {r.name for e in head.at for r in walk(e) if isinstance(r, Ref)} - sizes
        if not free:
            return True
        pinned = s.condition
        return (
            isinstance(pinned, Compare)
            and pinned.relations == ("=",)
            and any(isinstance(x, Ref) and x.name in free for x in pinned.sides)
        )

    def is_aside(self, problem: ReadError, mains: list[Statement]) -> bool:
        """Whether unreadable text is an equation about something else, beside a statement that answers the question."""
        about = problem.about
        stated = any(s.left is not None for s in mains)
        return stated and isinstance(about, Expr) and not self.same_head(about)

    def is_convention(self, s: Statement) -> bool:
        """Whether a statement says that the derivative beyond the last step is 0, which is the convention here."""
        head = left_head(s.left) if s.left is not None and self.same_head(s.left) else None
        if head is None or not isinstance(s.sides[-1], Num) or s.sides[-1].value != 0:
            return False
        return all(
            bind(head.at, place, w) is None
            for w in self.worlds
            for place in Relation(self.asked, self.worlds, _NOTHING).places(w)
        )

    def steps_are_free(self) -> bool:
        """Whether the question asks for all steps."""
        return any(isinstance(e, Ref) and e.name not in self.model.sizes for e in self.asked.head.at)


def same_source(a: Partial, b: Partial) -> bool:
    """Whether two derivatives are of the same quantity, as many steps away from what they are taken by."""
    if a.of == b.of or (isinstance(a.of, Ref) and replace(a.of, index=()) == b.of):
        return True
    if not isinstance(a.of, Ref) or not isinstance(b.of, Ref) or a.of.name != b.of.name or not b.of.at:
        return False
    return all(isinstance(x.wrt, Ref) for x in (a, b)) and _distances(a) == _distances(b) != [None]


def _distances(e: Partial) -> list[int | None]:
    """How many steps what is differentiated stands after what it is differentiated by, along each sequence."""
    assert isinstance(e.of, Ref)
    assert isinstance(e.wrt, Ref)
    pairs = [(linear(x), linear(y)) for x, y in zip(e.of.at, e.wrt.at, strict=False)]
    return [x[1] - y[1] if x is not None and y is not None and x[0] == y[0] else None for x, y in pairs]


def _only(name: str, value: float) -> Callable[[str, tuple[int, ...]], Any]:
    """A look-up that knows one name."""

    def lookup(wanted: str, at: tuple[int, ...]) -> Any:
        if wanted != name or at:
            raise EvaluationError(f"{wanted} has no value")
        return np.asarray(value)

    return lookup


def is_identity(s: Statement) -> bool:
    """Whether all sides are the same: what is left of `let d = dL/dc` once the name stands for the derivative."""
    return len(s.sides) > 1 and all(_entrywise(side) == _entrywise(s.sides[0]) for side in s.sides[1:])


def _entrywise(e: Expr) -> Expr:
    """An entry of a gradient as the derivative by that entry: `[dE/dW]_ij` is `dE/dW_ij`."""
    if (
        isinstance(e, Component)
        and isinstance(e.body, Partial)
        and isinstance(e.body.wrt, Ref)
        and not e.body.wrt.index
    ):
        return replace(e.body, wrt=replace(e.body.wrt, index=e.index))
    return e
