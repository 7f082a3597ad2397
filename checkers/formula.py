"""Judging a formula: read, shape, refute, prove, otherwise agreed.

Shared by every kind whose answer is a formula for a quantity or a derivative of a model.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from checkers.assignment import Question
from checkers.kinds.base import unreadable, verdict
from checkers.positions import bind, left_head
from checkers.prove import proves
from checkers.relation import Asked, Comparison, Relation
from checkers.verdict import Verdict
from checkers.witness import witness
from derivations.model import Model
from notation.answer import Answer, Statement, read_answer
from notation.errors import EvaluationError, ReadError, ShapeError
from notation.evaluate import evaluate
from notation.scope import Scope
from notation.tree import Call, Compare, Component, Expr, Num, Partial, Ref, Transpose, rebuild, walk
from notation.vocabulary import Vocabulary
from reference_impl.world import World

_SLOPPY = re.compile(r"(?<=[A-Za-z])_([a-zA-Z])([+-])(\d)(?![\d\w])")


_NOTHING = Answer("", (), Vocabulary())


@dataclass(frozen=True)
class Alternative:
    """Another formula that an examiner foresees, with what is to be said about it."""

    tree: Expr
    status: str
    message: str


@dataclass(frozen=True)
class Formula:
    """One question whose answer is a formula, ready to judge answers."""

    question: Question
    model: Model
    worlds: tuple[World, ...]
    asked: Asked
    key: Expr
    prose: bool = False
    alternatives: tuple[Alternative, ...] = ()

    def judge(self, text: str) -> Verdict:
        """The verdict on one answer."""
        answer = read_answer(text, self.model.vocabulary)
        first = self.decide(answer, text)
        if first.status in {"correct", "manual"}:
            return first
        repaired = _SLOPPY.sub(r"_{\1\2\3}", text)
        if repaired != text:  # c_t+1 typed for c_{t+1}: accepted only when it makes the whole answer right
            try:
                second = self.decide(read_answer(repaired, self.model.vocabulary), text)
            except ReadError:
                return first
            if second.status == "correct":
                return replace(second, notes=(*second.notes, "`_t+1` is read as `_{t+1}`; write the braces"))
        return first

    def decide(self, answer: Answer, text: str) -> Verdict:
        """Find the statement that answers the question and judge it."""
        question = self.question
        stated = [s for s in self.statements(answer) if s.role != "premise"]
        candidates = [s for s in stated if not is_identity(s) and not self.is_convention(s)]
        mains = [s for s in candidates if self.about_target(s)]
        if not mains and len(candidates) < len(stated) and not answer.errors:
            return verdict(
                question, text, "wrong", message="The left side reappears on the right, so this says nothing about it."
            )
        if not mains:
            return self.no_formula(answer, candidates, text)
        if answer.errors:
            return unreadable(question, text, answer.errors[0])
        if any(s.left is not None for s in mains):  # a bare value after an equation is a remark
            mains = [s for s in mains if s.left is not None]
        if (untrue := self.untrue_function(stated)) is not None:
            return verdict(
                question,
                text,
                "wrong",
                reading=untrue.sides,
                message="The derivative of the function is not what is stated here.",
            )
        boundary = [s for s in mains if self.is_boundary(s)]
        general = [s for s in mains if s not in boundary]
        deciding = [*boundary[-1:], *general[-1:]] if general else mains[-1:]
        verdicts = [self.judge_statement(answer, s, text) for s in deciding]
        worst = next((v for v in verdicts if v.status != "correct"), verdicts[-1])
        if worst.status == "correct" and not general and self.steps_are_free():
            return replace(
                verdict(
                    question,
                    text,
                    "partial",
                    message="This is right at that one step; the relation for a general step is asked.",
                ),
                reading=worst.reading,
            )
        return worst

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
        """The answer's statements; if all of it defines one local name, that name is read as what was asked."""
        out = list(answer.statements)
        if any(self.about_target(s) and s.role != "premise" for s in out):
            return out
        lefts = [s.left for s in out if isinstance(s.left, Ref) and s.left.name in answer.definitions]
        if len({left.name for left in lefts}) == 1 and lefts:
            name, head = lefts[0].name, self.asked.head
            if len(lefts[0].at) == len(head.at):
                return [
                    replace(s, sides=tuple(self.as_target(side, name) for side in s.sides), role="claim") for s in out
                ]
        return out

    def as_target(self, e: Expr, name: str) -> Expr:
        """A student's own name for the asked quantity replaced by it."""
        if isinstance(e, Ref) and e.name == name:
            head = Ref(self.asked.head.name, e.at, e.index)
            return replace(self.asked.target, wrt=head) if isinstance(self.asked.target, Partial) else head
        return rebuild(e, lambda c: self.as_target(c, name))

    def about_target(self, s: Statement) -> bool:
        """Whether a statement is about the asked quantity: by its left side, or as a bare formula."""
        left = s.left
        if left is None:
            return s.role == "claim" and not isinstance(s.sides[0], Compare) and not self.trivial(s.sides[0])
        if s.headless:
            return True
        return any(self.same_head(side) for side in s.sides[:-1])

    def trivial(self, e: Expr) -> bool:
        """A lone name in a sentence is a mention, not an answer."""
        return isinstance(e, Ref) and not isinstance(self.asked.target, Ref)

    def same_head(self, left: Expr) -> bool:
        """Whether a side names the asked quantity, at whatever step or component."""
        target = self.asked.target
        inner = left.body if isinstance(left, (Component, Transpose)) else left
        if isinstance(target, Partial):
            return (
                isinstance(inner, Partial)
                and inner.of == target.of
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

    def no_formula(self, answer: Answer, candidates: list[Statement], text: str) -> Verdict:
        """There is no statement about what was asked."""
        if answer.errors:
            return unreadable(self.question, text, answer.errors[0])
        if self.prose and len(answer.words) >= 4:
            return verdict(self.question, text, "manual", message="An explanation in words waits for a person.")
        others = [s for s in candidates if s.left is not None]
        if others:
            head = others[-1].sides[0]
            from notation.plain import to_plain

            return verdict(
                self.question,
                text,
                "wrong",
                reading=others[-1].sides,
                message=f"This is a statement about {to_plain(head)}, and {to_plain(self.asked.target)} is asked.",
            )
        problem = ReadError(
            "there is no formula in this answer", text, (0, min(len(text), 20)), "write the formula asked for"
        )
        return unreadable(self.question, text, problem)

    # -- one statement
    # --------------------------------------------------------------------------------------------------

    def judge_statement(self, answer: Answer, s: Statement, text: str) -> Verdict:
        """Judge the last side of one statement."""
        question = self.question
        final = s.sides[-1]
        if self.same_head(final) and len(s.sides) == 2 and not self.same_head(s.sides[0]):
            s = replace(s, sides=(s.sides[1], s.sides[0]))  # written right to left
            final = s.sides[-1]
        head = next((side for side in s.sides[:-1] if self.same_head(side)), None)
        s = replace(s, sides=(head, final)) if head is not None else replace(s, sides=(final,))
        inlined, helpers = self.inline(final, answer)
        relation = Relation(self.asked, self.worlds, answer)
        found = relation.compare(inlined, s)
        reading = s.sides
        if found.outcome == "no value":
            return verdict(
                question, text, "undecided", reading=reading, message=f"This could not be evaluated: {found.message}."
            )
        if found.outcome == "shape":
            return self.shape_verdict(found, text, reading)
        if found.outcome == "differs":
            return self.refuted(answer, s, found, text, reading)
        for name, helper in helpers:
            side = Relation(replace(self.asked, target=name, allowed=None), self.worlds, answer).compare(
                helper.sides[-1], helper
            )
            if side.outcome != "agrees":
                return verdict(
                    question,
                    text,
                    "wrong",
                    reading=reading,
                    message="A definition used in this answer does not hold.",
                    witness=witness(side),
                )
        return self.agreed(answer, inlined, found, text, reading)

    def inline(self, final: Expr, answer: Answer) -> tuple[Expr, list[tuple[Expr, Statement]]]:
        """Derivatives that the answer itself defines are replaced by their definitions (which are then checked too)."""
        definitions = [
            s
            for s in answer.statements
            if isinstance(s.left, Partial) and not self.same_head(s.left) and len(s.sides) >= 2
        ]
        used: list[tuple[Expr, Statement]] = []

        def visit(e: Expr) -> Expr:
            if isinstance(e, Partial) and not self.is_allowed(e):
                for s in definitions:
                    left = s.left
                    if isinstance(left, Partial) and left.of == e.of and left.wrt == e.wrt and s.sides[-1] != e:
                        if all(n != left for n, _ in used):
                            used.append((left, s))
                        return s.sides[-1]
            return rebuild(e, visit)

        for _ in range(3):
            final = visit(final)
        known = self.model.vocabulary.quantities
        mine = [(n, s) for n, s in used if isinstance(n, Partial) and n.of == Ref(self.asked.loss or "")]
        return final, [
            (n, s) for n, s in mine if isinstance(n, Partial) and isinstance(n.wrt, Ref) and n.wrt.name in known
        ]

    def is_allowed(self, e: Partial) -> bool:
        """Whether the question allows this derivative as it stands."""
        return self.asked.allowed is not None and any(
            isinstance(a, Partial) and a.of == e.of and a.wrt == e.wrt for a in self.asked.allowed
        )

    def shape_verdict(self, found: Comparison, text: str, reading: tuple[Expr, ...]) -> Verdict:
        """A formula whose shapes cannot be is readable and wrong, with both shapes in the message."""
        start, end = found.span
        place = f" in `{text[start:end]}`" if 0 <= start < end <= len(text) else ""
        at = f" (sizes {found.world.label.rsplit(', seed', 1)[0]})" if found.world else ""
        return verdict(
            self.question, text, "wrong", reading=reading, message=f"The shapes do not fit{place}: {found.message}{at}."
        )

    def refuted(self, answer: Answer, s: Statement, found: Comparison, text: str, reading: tuple[Expr, ...]) -> Verdict:
        """A wrong formula, with the numbers at which it differs; or one that an examiner foresaw."""
        for other in self.alternatives:
            asked = replace(self.asked, allowed=None)
            foreseen = _Against(asked, self.worlds, answer, other.tree).compare(s.sides[-1], s)
            if foreseen.outcome == "agrees":
                return verdict(self.question, text, other.status, reading=reading, message=other.message)  # type: ignore[arg-type]
        return verdict(
            self.question,
            text,
            "wrong",
            reading=reading,
            witness=witness(found),
            message="The formula is not equal to what is asked: at these numbers it has another value.",
        )

    def agreed(self, answer: Answer, final: Expr, found: Comparison, text: str, reading: tuple[Expr, ...]) -> Verdict:
        """Equal in value: it must also answer the question."""
        question = self.question
        target = self.asked.head.name
        source = self.asked.loss if isinstance(self.asked.target, Partial) else target
        circular = [u for u in found.forbidden if u[2] == target and u[0] == source]
        if circular:
            return verdict(
                question,
                text,
                "wrong",
                reading=reading,
                message="The left side reappears on the right, so this says nothing about it.",
            )
        local = [u for u in found.forbidden if u[0] != self.asked.loss]
        if local:
            name = f"∂{local[0][0]}/∂{local[0][2]}"
            return verdict(
                question,
                text,
                "partial",
                reading=reading,
                message=f"The chain rule is right, but {name} is left as it stands: carry the derivative out.",
            )
        if found.forbidden:
            name = sorted(f"∂{u[0]}/∂{u[2]}" for u in found.forbidden)[0]
            return verdict(
                question,
                text,
                "wrong",
                reading=reading,
                message=f"This is true, but it uses {name}, which the question does not allow.",
            )
        notes = [found.reading.note] if found.reading.note else []
        if found.transposed:
            notes.append(
                "transposed: the gradient has the shape of its argument; accepted, because the question leaves the "
                "layout open"
            )
        proved = proves(final, self.key, self.model, answer.definitions)
        tried = f"{found.compared} values in {len(self.worlds)} random models, largest relative error {found.error:.1e}"
        evidence = f"proved equal for all sizes; {tried}" if proved else f"agreed on {tried}"
        return verdict(question, text, "correct", reading=reading, evidence=evidence, notes=tuple(notes))


def _only(name: str, value: float) -> Callable[[str, tuple[int, ...]], Any]:
    """A look-up that knows one name."""

    def lookup(wanted: str, at: tuple[int, ...]) -> Any:
        if wanted != name or at:
            raise EvaluationError(f"{wanted} has no value")
        return np.asarray(value)

    return lookup


def is_identity(s: Statement) -> bool:
    """Whether all sides are the same: what is left of `let d = dL/dc` once the name stands for the derivative."""
    return len(s.sides) > 1 and all(side == s.sides[0] for side in s.sides[1:])


class _Against(Relation):
    """Compares with a foreseen formula instead of the key."""

    def __init__(self, asked: Asked, worlds: tuple[World, ...], answer: Answer, tree: Expr) -> None:
        super().__init__(asked, worlds, answer)
        self.tree = tree

    def expected(self, world: World, at: tuple[int, ...]) -> Any:
        from notation.evaluate import evaluate

        value = np.asarray(evaluate(self.tree, world.scope().at(**self.axis_names(at))))
        return value.reshape(-1) if value.ndim == 2 and 1 in value.shape else value
