"""Judging a formula: read, shape, refute, prove, otherwise agreed.

Shared by every kind whose answer is a formula for a quantity or a derivative of a model.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from checkers.assumptions import Assumptions
from checkers.cases import Asked, components_of
from checkers.doubt import doubt, hesitates, omits_steps
from checkers.kinds.base import doubtful, unreadable, verdict
from checkers.preactivations import with_preactivations
from checkers.prove import proves
from checkers.relation import Comparison, Relation
from checkers.rewriting import moved, without_entry
from checkers.selection import is_identity
from checkers.shorthands import read_with_shorthands
from checkers.stated import false_line, told_false
from checkers.verdict import Verdict
from checkers.witness import witness
from notation.errors import ReadError
from notation.evaluate import evaluate
from notation.plain import to_plain
from notation.statement import Answer, Statement
from notation.tree import Expr, Num, Partial, Ref, Vector, free_names, rebuild, substitute
from notation.vocabulary import STEPPED, Vocabulary
from reference_impl.world import World

_TRUE_BUT = "This is true, but it uses"
_SLOPPY = re.compile(r"(?<=[A-Za-z])_([a-zA-Z])([+-])(\d)(?![\d\w])")


@dataclass(frozen=True)
class Alternative:
    """Another formula that an examiner foresees, with what is to be said about it."""

    tree: Expr
    status: str
    message: str


@dataclass(frozen=True)
class Formula(Assumptions):
    """One question whose answer is a formula, ready to judge answers."""

    key: Expr
    prose: bool = False
    alternatives: tuple[Alternative, ...] = ()
    scaled: bool = False

    def judge(self, text: str) -> Verdict:
        """The verdict on one answer."""
        answer = self.read(text, self.model.vocabulary)
        if not self.scaled and (scale := self.own_scale(answer)) is not None:
            return self.at_scale(scale, text)
        first = self.decide(answer, text)
        if answer.from_zero and first.status == "correct":
            message = "This is right if its steps count from 0, which it does not say; a person decides."
            return verdict(self.question, text, "manual", reading=first.reading, message=message)
        if first.status in {"correct", "manual"}:
            return first
        if answer.program and first.status == "wrong" and first.witness is None and self.asked.head.at:
            message = "The program carries the recurrence through all steps; a person decides."
            return verdict(self.question, text, "manual", reading=first.reading, message=message)
        for vocabulary in self.other_vocabularies(answer, text):
            other = self.decide(self.read(text, vocabulary), text)
            if other.status == "correct":
                return other
        repaired = _SLOPPY.sub(r"_{\1\2\3}", text)
        if repaired != text:  # c_t+1 typed for c_{t+1}: accepted only when it makes the whole answer right
            try:
                second = self.decide(self.read(repaired, self.model.vocabulary), text)
            except ReadError:
                return first
            if second.status == "correct":
                return replace(second, notes=(*second.notes, "`_t+1` is read as `_{t+1}`; write the braces"))
        if first.status == "wrong" and omits_steps(text):
            message = "Names without a step are said to stand at some step; a person decides."
            return verdict(self.question, text, "manual", reading=first.reading, message=message)
        if first.status == "wrong" and (own := self.redefined(answer) & set(self.model.parameters)):
            message = f"The answer gives {min(own)} another meaning; a person decides."
            return verdict(self.question, text, "manual", reading=first.reading, message=message)
        if first.status == "wrong" and (assumed := self.other_layout(answer)) is not None:
            message = f"The answer sets out from {to_plain(assumed)}, another layout; a person decides."
            return verdict(self.question, text, "manual", reading=first.reading, message=message)
        return first

    def read(self, text: str, vocabulary: Vocabulary) -> Answer:
        """The answer, with derivatives by its own pre-activations in terms of the model's quantities."""
        model = replace(self.model, vocabulary=vocabulary)
        return with_preactivations(read_with_shorthands(text, model), self.model, self.worlds[0])

    def other_vocabularies(self, answer: Answer, text: str) -> Iterator[Vocabulary]:
        """Other meanings that the same letters may have; one that makes the whole answer right is taken."""
        known = self.model.vocabulary
        if (own := self.own_meanings(answer)) is not None:  # s_t = ... where s is another letter of something
            yield own
        for power, name in ((r"\^\s*\{?\s*T\b", "^T"), (r"(?<![A-Za-z\\])e\s*\^", "e")):
            if re.search(power, text):  # ŷ^T is a time in some courses and a transpose in others, e an error or 2.718
                plain = {
                    k: v for k, v in known.spellings.items() if not (k == name or (k.endswith(name) and name[0] == "^"))
                }
                yield replace(known, spellings=plain)

    def at_scale(self, scale: float, text: str) -> Verdict:
        """The verdict where the answer states its own loss, a multiple of the model's."""
        worlds = tuple(
            replace(w, adjoints={place: scale * value for place, value in w.adjoints.items()}) for w in self.worlds
        )
        found = replace(self, worlds=worlds, scaled=True).judge(text)
        note = f"the loss is read as the answer states it, {scale:g} times the question's"
        return replace(found, notes=(*found.notes, note))

    def decide(self, answer: Answer, text: str) -> Verdict:
        """Find the statement that answers the question and judge it."""
        question = self.question
        stated = [s.without_set() for s in self.statements(answer) if s.role != "premise"]
        candidates = [s for s in stated if not is_identity(s) and not self.is_convention(s)]
        mains = [s for s in candidates if self.about_target(s)]
        if not mains and len(candidates) < len(stated) and not answer.errors:
            return verdict(
                question, text, "wrong", message="The left side reappears on the right, so this says nothing about it."
            )
        if not mains:
            return self.no_formula(answer, candidates, text)
        blocking = [e for e in answer.errors if not self.is_aside(e, mains)]
        if blocking:
            return unreadable(question, text, blocking[0])
        if any(s.left is not None for s in mains):  # a bare value after an equation is a remark
            mains = [s for s in mains if s.left is not None]
        if (untrue := self.untrue_function(stated)) is not None:
            return verdict(
                question,
                text,
                "wrong",
                reading=untrue.tree,
                message="The derivative of the function is not what is stated here.",
            )
        boundary = [s for s in mains if self.is_boundary(s)]
        general = [s for s in mains if s not in boundary]
        deciding = [*boundary[-1:], *general[-1:]] if general else mains[-1:]
        verdicts = [self.judge_statement(answer, s, text) for s in deciding]
        worst = next((v for v in verdicts if v.status != "correct"), verdicts[-1])
        if worst.status == "wrong" and (worst.message.startswith(_TRUE_BUT) or hesitates(text)):
            earlier = [self.judge_statement(answer, s, text) for s in general[:-1]]
            right = next((v for v in reversed(earlier) if v.status in {"correct", "manual"}), None)
            if right is not None and hesitates(text):
                return doubtful(question, text, hesitates(text), right.reading)
            worst = right if right is not None and right.status == "correct" else worst
        if worst.status == "correct" and (line := false_line(answer, deciding, self.model, self.worlds)) is not None:
            return verdict(question, text, "partial", reading=worst.reading, message=told_false(line))
        if answer.errors and worst.status == "wrong":  # what could not be read may be what makes it right
            return unreadable(question, text, answer.errors[0])
        if answer.errors:
            unread = answer.errors[0]
            worst = replace(worst, notes=(*worst.notes, f"line {unread.line} could not be read and was not judged"))
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

    def no_formula(self, answer: Answer, candidates: list[Statement], text: str) -> Verdict:
        """There is no statement about what was asked."""
        if answer.errors:
            return unreadable(self.question, text, answer.errors[0])
        if self.prose and len(answer.words) >= 4:
            return verdict(self.question, text, "manual", message="An explanation in words waits for a person.")
        others = [s for s in candidates if s.left is not None]
        if others:
            head = others[-1].sides[0]
            return verdict(
                self.question,
                text,
                "wrong",
                reading=others[-1].tree,
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
        if (parts := self.entry_and_whole(s)) is not None:  # (dE/dV)_ij = g_i H_j, i.e. g H^T
            both = [self.judge_statement(answer, one, text) for one in parts]
            return next((v for v in both if v.status != "correct"), both[0])
        head = next((side for side in s.sides[:-1] if self.same_head(side)), None)
        s = replace(s, sides=(head, final)) if head is not None else replace(s, sides=(final,))
        inlined, helpers = self.inline(final, answer)
        answer = replace(
            answer,
            definitions={
                name: tuple(replace(c, body=self.inline(c.body, answer)[0]) for c in clauses)
                for name, clauses in answer.definitions.items()
            },
        )
        relation = Relation(self.asked, self.worlds, answer)
        found = relation.compare(inlined, s)
        reading = s.tree
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
        if self.asked.chain_rule and (untrue := self.untrue_definition(answer, inlined)) is not None:
            message = "A definition used in this answer does not hold."
            return verdict(question, text, "wrong", reading=untrue.tree, message=message)
        if why := doubt(text, s.span) or hesitates(text):
            return doubtful(question, text, why, reading)
        return self.agreed(answer, inlined, found, text, reading)

    def entry_and_whole(self, s: Statement) -> tuple[Statement, Statement] | None:
        """A chain that begins with one entry and ends with the whole array, as two statements; None for others."""
        left = s.left
        if left is None or len(s.sides) < 3 or not self.same_head(left):
            return None
        letters = {i.name for i in components_of(left) if isinstance(i, Ref)}
        if not letters or letters & free_names(s.sides[-1]) or not letters & free_names(s.sides[-2]):
            return None
        if isinstance(s.sides[-1], (Num, Vector)):
            return None
        return replace(s, sides=s.sides[:-1]), replace(s, sides=(without_entry(left), s.sides[-1]))

    def inline(self, final: Expr, answer: Answer) -> tuple[Expr, list[tuple[Expr, Statement]]]:
        """Derivatives that the answer itself defines are replaced by their definitions (which are then checked too)."""
        definitions = [
            s
            for s in answer.statements
            if isinstance(s.left, Partial) and not self.same_head(s.left) and len(s.sides) >= 2
        ]
        used: list[tuple[Expr, Statement]] = []

        def visit(e: Expr) -> Expr:
            stands = isinstance(e, Partial) and (self.is_allowed(e) or self.stands(e))
            if isinstance(e, Partial) and (e.signal or not stands):
                for s in definitions:
                    left = s.left
                    same = isinstance(left, Partial) and left.signal == e.signal
                    names = moved(left, e) if same and isinstance(left, Partial) else None
                    if isinstance(left, Partial) and names is not None and s.sides[-1] != e:
                        if not left.signal and all(n != left for n, _ in used):
                            used.append((left, s))
                        return substitute(s.sides[-1], names)
            return rebuild(e, visit)

        for _ in range(3):
            final = visit(final)
        known = self.model.vocabulary.quantities
        goals = (Ref(self.asked.loss or ""), self.asked.target.of if isinstance(self.asked.target, Partial) else None)
        mine = [(n, s) for n, s in used if isinstance(n, Partial) and n.of in goals]
        return final, [
            (n, s) for n, s in mine if isinstance(n, Partial) and isinstance(n.wrt, Ref) and n.wrt.name in known
        ]

    def stands(self, e: Partial) -> bool:
        """Whether a derivative of what is differentiated may stand, as a factor of an open chain rule."""
        target = self.asked.target
        known = isinstance(e.wrt, Ref) and e.wrt.name in self.model.vocabulary.quantities
        return self.asked.chain_rule and known and isinstance(target, Partial) and e.of == target.of

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
            witness=None if found.absent else witness(found),
            message=self.difference(found),
        )

    def difference(self, found: Comparison) -> str:
        """What is wrong in one sentence."""
        if found.absent:
            return f"The formula uses what is not there: {found.absent}."
        expected, yours = found.expected, found.yours
        square = expected is not None and yours is not None and expected.ndim == 2 and yours.shape == expected.T.shape
        if (
            square
            and expected is not None
            and yours is not None
            and np.allclose(yours.T, expected, rtol=1e-8, atol=1e-12)
        ):
            return "This is the transpose of what is asked: the gradient has the shape of its argument, row by row."
        return "The formula is not equal to what is asked: at these numbers it has another value."

    def agreed(self, answer: Answer, final: Expr, found: Comparison, text: str, reading: tuple[Expr, ...]) -> Verdict:
        """Equal in value: it must also answer the question."""
        question = self.question
        target = self.asked.head.name
        of = self.asked.target.of if isinstance(self.asked.target, Partial) else self.asked.head
        assert isinstance(of, Ref)
        steps = tuple(int(a.value) for a in of.at if isinstance(a, Num))
        circular = [u for u in found.forbidden if u[2] == target and u[0] == of.name and u[1][: len(steps)] == steps]
        if circular:
            return verdict(
                question,
                text,
                "wrong",
                reading=reading,
                message="The left side reappears on the right, so this says nothing about it.",
            )
        local = [u for u in found.forbidden if u[0] != self.asked.loss and not self.unfolds(answer, u)]
        if local:
            name = f"∂{local[0][0].rstrip(STEPPED)}/∂{local[0][2]}"
            return verdict(
                question,
                text,
                "partial",
                reading=reading,
                message=f"The chain rule is right, but {name} is left as it stands: carry the derivative out.",
            )
        if any(u[0] == self.asked.loss for u in found.forbidden):
            name = sorted(f"∂{u[0]}/∂{u[2]}" for u in found.forbidden)[0]
            return verdict(
                question,
                text,
                "wrong",
                reading=reading,
                message=f"{_TRUE_BUT} {name}, which the question does not allow.",
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


class _Against(Relation):
    """Compares with a foreseen formula instead of the key."""

    def __init__(self, asked: Asked, worlds: tuple[World, ...], answer: Answer, tree: Expr) -> None:
        super().__init__(asked, worlds, answer)
        self.tree = tree

    def expected(self, world: World, at: tuple[int, ...]) -> Any:
        value = np.asarray(evaluate(self.tree, world.scope().at(**self.axis_names(at))))
        return value.reshape(-1) if value.ndim == 2 and 1 in value.shape else value
