"""A quantity that is right in the limit: a query that makes attention the average of two values, and its kin."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from checkers.assignment import Question
from checkers.doubt import doubt
from checkers.intermediate import stated, untrue_in_limit
from checkers.kinds.base import Kind, doubtful, unreadable, verdict
from checkers.limiting import Ladder, Reached
from checkers.scales import Course, scales
from checkers.solution import Road, Solution
from checkers.verdict import Verdict, Witness
from derivations.model import Model
from notation.answer import read_answer
from notation.statement import Answer, Statement
from notation.tree import Add, Compare, Expr, Neg, Ref, walk
from notation.vocabulary import Quantity, Symbol

if TYPE_CHECKING:
    from checkers.bench import Bench

_SCALED = re.compile(
    r"\b(?:times|scal\w+|multipl\w+|factor|large\w*|big\w*|huge|magnitude|length|norm)\b", re.IGNORECASE
)
_PROPORTIONAL = re.compile(r"\bproportional\b|∝|\\propto")


@dataclass(frozen=True)
class Read:
    """An answer with the letters that it lets grow, and the statement that gives the asked quantity."""

    answer: Answer
    courses: dict[str, Course]
    statement: Statement | None


class Limit(Kind):
    """`find: q` `so that: z` `tends to: (v_a + v_b)/2`: any formula counts that reaches the limit as its scale grows.

    `show` is a quantity whose value tells a reader how far an answer is off; `tolerance` is what still counts as
    reached for a fixed number in place of the scale.
    """

    kind: Literal["limit"] = "limit"
    model: str
    find: str
    so_that: str = Field(alias="so that")
    tends_to: str = Field(alias="tends to")
    show: str = ""
    tolerance: float = Field(0.01, gt=0)

    def parts(self, bench: Bench, question: Question) -> tuple[Model, Ref, Ref, Expr]:
        """The model, what is to be found, what has the limit, and the limit."""
        model = bench.model(self.model)
        found = self.quantity(bench, question, model, self.find, "find")
        of = self.quantity(bench, question, model, self.so_that, "so that")
        if found.name not in model.inputs:
            raise bench.assignment.error(f"{found.name} is not an input of the model", "questions", question.id, "find")
        return model, found, of, self.read(bench, question, model, self.tends_to, "tends to")

    def ladder(self, bench: Bench, question: Question, key: Expr | None = None) -> Ladder:
        """Where answers are tried at growing scales."""
        model, found, of, target = self.parts(bench, question)
        shown = self.quantity(bench, question, model, self.show, "show") if self.show else None
        return Ladder(model, bench.worlds(self.model), found.name, of, target, shown, self.tolerance, key)

    def solve(self, bench: Bench, question: Question) -> Solution:
        """Derive the answer and check it on every road that applies."""
        from derivations.limits import derive_limit
        from reference_impl.limits import executed_limit

        model, found, of, target = self.parts(bench, question)
        derived = derive_limit(model, found, of, target)
        ladder = self.ladder(bench, question)
        reached = ladder.follow(derived.answer.sides[-1], {derived.scale: "large"}, {})
        executed, count = executed_limit(
            model, ladder.worlds, found.name, of, target, derived.answer.sides[-1], derived.scale
        )
        return Solution(
            question.id,
            answers=(derived.answer,),
            steps=derived.steps,
            assumptions=derived.assumptions,
            roads=(
                Road("limit by SymPy", derived.agrees, None, derived.tried),
                Road("interpreter", reached.outcome == "reached", reached.error, f"{len(ladder.worlds)} random models"),
                Road("executed in torch", executed < 1e-9, executed, f"{count} values in {len(ladder.worlds)} models"),
            ),
            rule="Any formula counts that reaches the limit as its scale grows; a fixed number must come within "
            f"{self.tolerance:.0%} of it.",
        )

    def check(self, bench: Bench, question: Question, text: str) -> Verdict:
        """Judge one answer that is not empty."""
        model, found, _, _ = self.parts(bench, question)
        read = self.understood(text, model, found)
        if read.statement is None:
            if read.answer.errors and ">>" not in text and not self.in_words(read.answer):
                return unreadable(question, text, read.answer.errors[0])
            message = "No formula for what is asked was recognised with certainty; a person decides."
            return verdict(question, text, "manual", message=message)
        blocking = [e for e in read.answer.errors if not isinstance(e.about, Expr) or _names(e.about, found.name)]
        if blocking:
            return unreadable(question, text, blocking[0])
        final, reading = read.statement.sides[-1], read.statement.tree
        if _names(final, found.name):
            message = "What is asked stands on both sides; a person decides."
            return verdict(question, text, "manual", message=message, reading=reading)
        if _PROPORTIONAL.search(text) or "denied" in read.courses.values() or loose_vector(final, read.courses):
            message = "What this answer says about its letters was not read with certainty; a person decides."
            return verdict(question, text, "manual", message=message, reading=reading)
        if why := doubt(text, read.statement.span, value=True):
            return doubtful(question, text, why, reading)
        return self.decided(bench, question, text, read, final, reading)

    def in_words(self, answer: Answer) -> bool:
        """Whether an answer is a sentence rather than a formula that could not be read."""
        return len(answer.words) >= 5 and not any("=" in e.text[: e.span[1]] for e in answer.errors)

    def understood(self, text: str, model: Model, found: Ref) -> Read:
        """Read an answer; a computed quantity without its position is taken for a letter of the answer's own."""
        computed = frozenset(e.left.name.lstrip("\\") for e in model.equations if e.left.at)
        first = self.with_letters(text, model, found, frozenset())
        own = {e.left.name for e in model.equations}
        used = first.statement is not None and any(r.name in own for r in _refs(first.statement.sides[-1]))
        again = first.statement is None and any(c in text for c in ("α", "\\alpha", "alpha"))
        return self.with_letters(text, model, found, computed) if used or again else first

    def with_letters(self, text: str, model: Model, found: Ref, hidden: frozenset[str]) -> Read:
        """Read an answer with its letters declared as numbers, or vectors where it says so."""
        known = model.vocabulary
        positions = [n for n, rule in model.samples.items() if rule.startswith("position")]
        families = [n for n, q in known.quantities.items() if q.axes and len(n) == 1]
        if positions and families:  # ka for k_a
            text = re.sub(
                rf"(?<![A-Za-z\\_^])({'|'.join(families)})({'|'.join(positions)})(?![A-Za-z_])", r"\1_\2", text
            )
        scaled = scales(text, known, hidden)
        quantities = dict(known.quantities)
        spellings = {k: v for k, v in known.spellings.items() if k not in hidden}
        courses: dict[str, Course] = {}
        shape = quantities[found.name].shape
        for name, course in scaled.courses.items():
            bare = name.lstrip("\\")
            if course == "free" and _is_fixed(scaled.text, bare):
                continue  # the answer gives it a number or a formula: its own definition
            quantities[name] = Quantity(name, (), shape if course == "orthogonal" else ())
            spellings[Symbol(bare).key] = name
            courses[name] = course
        answer = read_answer(scaled.text, replace(known, quantities=quantities, spellings=spellings))
        stated = [s for s in answer.statements if s.role != "premise"]
        mains = [s for s in stated if len(s.sides) > 1 and any(_is(side, found) for side in s.sides[:-1])]
        if not mains:
            family = {n for n, q in known.quantities.items() if q.axes and q.shape == shape}
            mains = [s for s in stated if len(s.sides) == 1 and any(r.name in family for r in _refs(s.sides[0]))]
            mains = [s for s in mains if not isinstance(s.sides[0], (Ref, Compare))]
        return Read(answer, courses, mains[-1] if mains else None)

    def decided(
        self, bench: Bench, question: Question, text: str, read: Read, final: Expr, reading: tuple[Expr, ...]
    ) -> Verdict:
        """The verdict on a formula, once it is known what its letters do."""
        claim = bench.solution(question.id).answers[0]
        assert isinstance(claim, Compare)
        ladder = self.ladder(bench, question, claim.sides[-1])
        used = {r.name for r in _refs(final)} | {
            r.name for clauses in read.answer.definitions.values() for c in clauses for r in _refs(c.body)
        }
        courses = {n: c for n, c in read.courses.items() if n in used}
        result = ladder.follow(final, courses, read.answer.definitions)
        if result.outcome == "no value":
            message = f"This could not be evaluated: {result.message}."
            return verdict(question, text, "undecided", reading=reading, message=message)
        if result.outcome == "shape":
            message = f"The shapes do not fit: {result.message}."
            return verdict(question, text, "wrong", reading=reading, message=message)
        if result.outcome == "reached":
            assert read.statement is not None
            untrue = untrue_in_limit(ladder, final, courses, read.answer, read.statement, ladder.chosen)
            if untrue is not None:
                message = (
                    f"{ladder.chosen} is right, but what is stated beside it is not: {stated(read.answer, untrue)}."
                )
                return verdict(question, text, "partial", reading=reading, message=message)
            grown = any(c in {"large", "small", "negative"} for c in courses.values())
            how = "in the limit" if grown else f"within {self.tolerance:.0%}"
            return verdict(
                question, text, "correct", reading=reading, evidence=f"{how}, in {len(ladder.worlds)} random models"
            )
        free = [n for n, c in courses.items() if c == "free"]
        if result.outcome == "unclear" or (free and self.reached_if_grown(ladder, final, courses, read)):
            message = (
                "This is right once its scale is large, which the answer does not say; a person decides."
                if result.outcome != "unclear"
                else "Whether this reaches the limit was not decided; a person decides."
            )
            return verdict(question, text, "manual", reading=reading, message=message)
        return self.refuted(ladder, question, text, final, courses, read, result, reading)

    def reached_if_grown(self, ladder: Ladder, final: Expr, courses: dict[str, Course], read: Read) -> bool:
        """Whether letters of which nothing is said make the answer right when they grow, or when they vanish."""
        for way in ("large", "small"):
            grown: dict[str, Course] = {n: way if c == "free" else c for n, c in courses.items()}
            if ladder.follow(final, grown, read.answer.definitions).outcome == "reached":
                return True
        return False

    def refuted(
        self,
        ladder: Ladder,
        question: Question,
        text: str,
        final: Expr,
        courses: dict[str, Course],
        read: Read,
        result: Reached,
        reading: tuple[Expr, ...],
    ) -> Verdict:
        """A formula that does not reach the limit, with numbers."""
        witness = None
        if result.world is not None:
            witness = Witness(result.world.label, result.expected, result.yours, result.error)
        message = "With this the limit is not reached."
        grown = not courses and ladder.grown(final, read.answer.definitions)
        if grown and _SCALED.search(text):
            message = "The direction is right; what the words say about the scale was not read with certainty."
            return verdict(question, text, "manual", reading=reading, message=message)
        if grown:
            message = "The direction is right, but the scale is not: as it stands the limit is not reached."
        return verdict(question, text, "wrong", reading=reading, message=message, witness=witness)


def loose_vector(e: Expr, courses: dict[str, Course]) -> bool:
    """Whether a letter of which nothing is said stands as a term of a sum of vectors."""
    for node in walk(e):
        if isinstance(node, Add):
            for term in node.terms:
                body = term.body if isinstance(term, Neg) else term
                if isinstance(body, Ref) and courses.get(body.name) == "free":
                    return True
    return False


def _is_fixed(text: str, letter: str) -> bool:
    """Whether an answer gives a letter a value: `c = 100`, `\\beta = \\log m`."""
    return re.search(rf"(?:(?<![A-Za-z_^])\\?{re.escape(letter)}|{_greek(letter)})\s*=(?!>)", text) is not None


def _greek(letter: str) -> str:
    from notation.lexicon import GREEK_LETTERS

    return next((re.escape(c) for c, name in GREEK_LETTERS.items() if name == letter), "(?!)")


def _refs(e: Expr) -> list[Ref]:
    return [n for n in walk(e) if isinstance(n, Ref)]


def _is(e: Expr, wanted: Ref) -> bool:
    return isinstance(e, Ref) and e.name == wanted.name and not e.index


def _names(e: object, name: str) -> bool:
    return isinstance(e, Expr) and any(r.name == name for r in _refs(e))
