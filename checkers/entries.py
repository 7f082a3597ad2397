"""Judging a formula for the entries of an array, a Jacobian or a gradient: every entry, in every World.

The left side tells which entries a statement is about; what it does not say anything about has no value, unless the
answer says that all else is 0. The answer is read with indices from 1 as the question has them; where that fails, once
more with all indices from 0, and with the two indices of an array exchanged where the question leaves their order open.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from checkers.assignment import Question
from checkers.doubt import doubt
from checkers.entryform import Form, Reading, counts_from_zero, merged
from checkers.entrytext import EntryText, read_entry_text, same_shape
from checkers.kinds.base import doubtful, unreadable, verdict
from checkers.relation import Used, recording
from checkers.verdict import Status, Verdict, Witness
from derivations.model import Model
from notation.answer import read_answer
from notation.arrays import Special
from notation.errors import EvaluationError, NoCaseError, OutOfRangeError, ReadError, ShapeError
from notation.evaluate import Evaluator, evaluate
from notation.scope import Scope
from notation.statement import Answer, Statement
from notation.tree import Cases, Expr, Indicator, Num, Partial, Ref, free_names, number, walk
from reference_impl.world import Array, World

TOLERANCE = 1e-8  # as in checkers.cases: float64 leaves 1e-13, a real slip at random values more than 1e-3
EXTRA_LETTERS = "cno"  # index letters beyond those of the vocabulary that answers use


@dataclass(frozen=True)
class Outcome:
    """How one reading of an answer compares with the key."""

    status: Status
    message: str = ""
    witness: Witness | None = None
    compared: int = 0
    error: float = 0.0
    used: frozenset[Used] = frozenset()
    loose: bool = False  # no value at entries that are 0, and no domain stated


@dataclass(frozen=True)
class Entries:
    """One question about entries, ready to judge answers.

    `target` names the entry with the letters of the question; `allowed` are the quantities whose loss derivatives may
    stand; `either_order` the matrices whose two indices may be exchanged; `functions` how names may take arguments.
    """

    question: Question
    model: Model
    worlds: tuple[World, ...]
    target: Expr
    allowed: frozenset[str] = frozenset()
    either_order: tuple[str, ...] = ()
    functions: Mapping[str, tuple[str, ...]] | None = None
    shape_asked: bool = False
    prose: bool = False

    # -- what is asked ----------------------------------------------------------------------------------------------

    @property
    def refs(self) -> tuple[Ref, ...]:
        """The arrays whose axes the entry has, in order."""
        t = self.target
        found = (t.of, t.wrt) if isinstance(t, Partial) else (t,)
        return tuple(r for r in found if isinstance(r, Ref) and (r.index or not isinstance(t, Partial)))

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The shapes of all arrays in the first World."""
        return {n: s for n, s in self.worlds[0].shapes.items() if s}

    @property
    def full(self) -> tuple[int, ...]:
        """The shape of what is asked."""
        return tuple(n for r in self.refs for n in self.worlds[0].shapes[r.name])

    def truth(self, world: World) -> Array:
        """What is asked, as executed."""
        t = self.target
        if isinstance(t, Partial):
            assert isinstance(t.of, Ref)
            assert isinstance(t.wrt, Ref)
            return world.partial(t.of.name, (), t.wrt.name, (), t.kind)
        assert isinstance(t, Ref)
        return world.lookup(t.name, ())

    # -- the verdict ------------------------------------------------------------------------------------------------

    def judge(self, text: str) -> Verdict:
        """The verdict on one answer: the formula decides, a shape beside it can only take something away."""
        said = read_entry_text(text, self.functions or {})
        stated = said.shapes if self.shape_asked else ()
        right_shape = [same_shape(s, self.shape_orders(), self.split()) for s in stated]
        answer = (
            read_answer(said.text, self.model.vocabulary.with_letters(EXTRA_LETTERS)) if said.text.strip() else None
        )
        mains = self.mains(answer) if answer is not None else []
        if answer is None or not mains:
            return self.without_formula(text, answer, right_shape)
        if blocking := [e for e in answer.errors if not self.is_aside(e, mains)]:
            return unreadable(self.question, text, blocking[0])
        reading, outcome = self.best(said, answer, mains)
        shown = mains[-1].tree
        if outcome.status == "correct" and (why := doubt(said.text, mains[-1].span)):
            return doubtful(self.question, text, why, shown)
        if outcome.status != "correct":
            return verdict(
                self.question, text, outcome.status, reading=shown, message=outcome.message, witness=outcome.witness
            )
        if right_shape and not right_shape[-1]:
            message = f"The formula is right, but the shape is {self.shown_shape()}."
            return verdict(self.question, text, "partial", reading=shown, message=message)
        notes = self.notes(reading, said)
        if reading.base == 0 and not self.says_zero(said, mains):
            message = "This is right if all indices count from 0, which the answer does not say; a person decides."
            return verdict(self.question, text, "manual", reading=shown, message=message)
        if any(_chained(said.text, name) for name in reading.swapped):
            name = ", ".join(sorted(reading.swapped))
            message = f"This is right if the indices of {name} stand in the other order; a person decides."
            return verdict(self.question, text, "manual", reading=shown, message=message)
        if self.shape_asked and not said.shapes:
            notes.append(f"the shape is asked too: {self.shown_shape()}")
        if self.prose:
            notes.append("what is asked in words waits for a person")
        evidence = (
            f"every entry agrees: {outcome.compared} values in {len(self.worlds)} random samples, "
            f"largest relative error {outcome.error:.1e}"
        )
        return verdict(self.question, text, "correct", reading=shown, evidence=evidence, notes=tuple(notes))

    def without_formula(self, text: str, answer: Answer | None, right_shape: list[bool]) -> Verdict:
        """There is no formula for what is asked."""
        if right_shape and right_shape[-1]:
            message = "The shape is right; the formula for the entries is missing."
            return verdict(self.question, text, "partial", message=message)
        if answer is not None and answer.errors:
            return unreadable(self.question, text, answer.errors[0])
        if right_shape:
            message = f"The shape is {self.shown_shape()}, and the formula for the entries is missing."
            return verdict(self.question, text, "wrong", message=message)
        if answer is not None and self.prose and len(answer.words) >= 4:
            return verdict(self.question, text, "manual", message="An explanation in words waits for a person.")
        others = [s for s in answer.statements if s.left is not None] if answer is not None else []
        if others:
            from notation.plain import to_plain

            message = f"This is a statement about {to_plain(others[-1].sides[0])}; {to_plain(self.target)} is asked."
            return verdict(self.question, text, "wrong", reading=others[-1].tree, message=message)
        problem = ReadError(
            "there is no formula in this answer", text, (0, min(len(text), 20)), "write the formula asked for"
        )
        return unreadable(self.question, text, problem)

    def notes(self, reading: Reading, said: EntryText) -> list[str]:
        """What was assumed."""
        out = []
        if reading.base == 0:
            out.append("indices are read as counting from 0")
        elif any(low == 0 for low, _ in said.ranges.values()):
            out.append("letters run from 0 as the answer says; the indices of arrays count from 1")
        out.extend(f"the two indices of ${name}$ are read in the other order" for name in sorted(reading.swapped))
        return out

    def says_zero(self, said: EntryText, mains: list[Statement]) -> bool:
        """Whether an answer shows that it counts from 0."""
        zero = said.base == 0 or said.coded or any(low == 0 for low, _ in said.ranges.values())
        return zero or any(counts_from_zero(side) for s in mains for side in (*s.sides, s.condition or s.sides[0]))

    def has_one(self, e: Expr) -> bool:
        """Whether a formula numbers the only entry of an axis with 1."""
        refs = [n for n in walk(merged(e, self.shapes)) if isinstance(n, Ref) and len(n.index) > 1]
        return any(
            n == 1 and i == number(1) for r in refs for i, n in zip(r.index, self.shapes.get(r.name, ()), strict=False)
        )

    # -- statements -------------------------------------------------------------------------------------------------

    def mains(self, answer: Answer) -> list[Statement]:
        """The statements about what is asked: by their left side, else bare formulas."""
        stated = [s for s in answer.statements if s.role != "premise"]
        named = [s for s in stated if s.left is not None and any(self.head(x) is not None for x in s.sides[:-1])]
        if named:
            return named
        if (own := self.own_name(answer, stated)) is not None:
            return own
        return [s for s in stated if (s.left is None or s.headless) and not self.mention(s)][-1:]

    def mention(self, s: Statement) -> bool:
        """A lone name or number in a sentence says nothing."""
        e = merged(s.sides[-1], self.shapes)
        return (
            (isinstance(e, Ref) and not e.index) or (isinstance(e, Num) and len(s.words) > 0) or isinstance(e, Partial)
        )

    def own_name(self, answer: Answer, stated: list[Statement]) -> list[Statement] | None:
        """Statements about the only name of the answer's own that no other statement uses, `J_{r,k,i} = ...`."""
        mine = [s for s in stated if isinstance(s.left, Ref) and s.left.name in answer.definitions]
        used = {n for s in mine for side in s.sides[1:] for n in free_names(side)}
        free = [s for s in mine if isinstance(s.left, Ref) and s.left.name not in used]
        wanted = len(self.full) - self.full.count(1)
        fits = [
            s
            for s in free
            if isinstance(s.left, Ref) and len(s.left.at) + len(s.left.index) in {wanted, len(self.full)}
        ]
        names = {s.left.name for s in fits if isinstance(s.left, Ref)}
        return fits if len(names) == 1 else None

    def is_aside(self, problem: ReadError, mains: list[Statement]) -> bool:
        """Whether unreadable text is an equation about something else."""
        about = problem.about
        return any(s.left is not None for s in mains) and isinstance(about, Expr) and self.head(about) is None

    def head(self, side: Expr) -> tuple[tuple[str, tuple[Expr, ...]], ...] | None:
        """The arrays and indices that a left side names, where it names what is asked."""
        e = merged(side, self.shapes)
        t = self.target
        if isinstance(t, Partial) and isinstance(e, Partial) and isinstance(e.of, Ref) and isinstance(e.wrt, Ref):
            assert isinstance(t.of, Ref)
            assert isinstance(t.wrt, Ref)
            if (e.of.name, e.wrt.name) != (t.of.name, t.wrt.name):
                return None
            return tuple((r.name, r.index) for r in (e.of, e.wrt) if r.name in {x.name for x in self.refs})
        if isinstance(t, Ref) and isinstance(e, Ref) and e.name == t.name:
            return ((e.name, e.index),)
        return None

    # -- readings ---------------------------------------------------------------------------------------------------

    def readings(self, said: EntryText, mains: list[Statement]) -> Iterator[Reading]:
        """The readings that are tried, the question's own first; one that writes W_1 does not silently count from 0."""
        bases: tuple[int, ...] = (1, 0) if said.base is None else (said.base,)
        if (
            said.base is None
            and not self.says_zero(said, mains)
            and any(self.has_one(x) for s in mains for x in s.sides)
        ):
            bases = (1,)
        orders = [
            frozenset(c)
            for k in range(len(self.either_order) + 1)
            for c in itertools.combinations(self.either_order, k)
        ]
        for base, order in itertools.product(bases, orders):
            yield Reading(base, order)

    def best(self, said: EntryText, answer: Answer, mains: list[Statement]) -> tuple[Reading, Outcome]:
        """The first reading under which the answer is right; else the most telling one."""
        tried: list[tuple[Reading, Outcome]] = []
        for reading in self.readings(said, mains):
            outcome = self.under(reading, said, answer, mains)
            if outcome.status == "correct":
                return reading, outcome
            tried.append((reading, outcome))
        rank = {"partial": 0, "wrong": 1, "undecided": 2}
        return min(tried, key=lambda one: rank.get(one[1].status, 3))

    def under(self, reading: Reading, said: EntryText, answer: Answer, mains: list[Statement]) -> Outcome:
        """The comparison under one reading in all Worlds."""
        worst, compared, used = 0.0, 0, set[Used]()
        gaps: Outcome | None = None
        for world in self.worlds:
            here = replace(self, worlds=(world,))  # sizes may differ from one World to the next
            form = Form(here.shapes, reading, said.ranges)
            definitions = form.clauses(answer.definitions)
            scope = recording(world, definitions, used, {"inner_dot": True})  # an entry is a number
            if said.rest_is_zero is False and (outside := here.zero_outside(answer)):
                scope = replace(scope, zero_outside=outside)
            expected = self.truth(world)
            yours = np.full(expected.shape, np.nan)
            try:
                for s in reversed(mains):
                    here.fill(yours, s, form, said, scope)
                    if np.isfinite(yours).all():
                        break
            except ShapeError as problem:
                return Outcome("wrong", f"The shapes do not fit: {problem.message}.")
            except _WrongDomainError as problem:
                return Outcome("wrong", str(problem))
            except EvaluationError as problem:
                return Outcome("undecided", f"This could not be evaluated: {problem}.")
            if said.rest_is_zero:
                yours[np.isnan(yours)] = 0.0
            found = here.compared(world, yours, expected, mains)
            if found.status == "wrong":
                return found
            gaps = gaps or (found if found.status == "partial" else None)
            worst, compared = max(worst, found.error), compared + found.compared
        if gaps is not None:
            return gaps
        return self.answers(frozenset(used), mains) or Outcome("correct", "", None, compared, worst)

    def zero_outside(self, answer: Answer) -> frozenset[str]:
        """Arrays that the answer says are 0 outside their range: `W_{1,k,j} = 0 for j < 1`."""
        out: set[str] = set()
        for s in answer.statements:
            left = s.left
            if not isinstance(left, Ref) or left.name not in self.shapes or not _zero(s.sides[-1]):
                continue
            shape = self.shapes[left.name]
            letters = {i.name: n for i, n in zip(left.index, shape, strict=False) if isinstance(i, Ref)}
            inside = itertools.product(*(range(1, n + 1) for n in letters.values()))
            if not any(_applies(s, dict(zip(letters, values, strict=True)), self.worlds[0]) for values in inside):
                out.add(left.name)
        return frozenset(out)

    def fill(self, out: Array, s: Statement, form: Form, said: EntryText, scope: Scope) -> None:
        """The values that one statement gives, at the entries of its left side that have none yet."""
        side = form.of(s.sides[-1])
        heads = [h for h in (self.head(x) for x in s.sides[:-1]) if h is not None]
        patterns = self.patterns(heads[0] if heads else None, s, form, side)
        letters = self.letters(patterns, side, form, said)
        known = {":", *letters, *self.worlds[0].shapes, *self.worlds[0].sizes, *scope.definitions}
        if loose := sorted(free_names(side) - known):
            raise _WrongDomainError(f"{loose[0]} stands for nothing: it is neither on the left nor summed over.")
        for values in itertools.product(*(range(low, high + 1) for low, high in letters.values())):
            binding = dict(zip(letters, values, strict=True))
            here = scope.at(**binding)
            place = tuple(self.offset(p, n, here, form, said) for p, n in zip(patterns, out.shape, strict=True))
            if any(not 0 <= k < n for k, n in zip(place, out.shape, strict=True)) or not np.isnan(out[place]):
                continue
            try:
                if s.condition is not None and not Evaluator(here).holds(form.of(s.condition)):
                    continue
                value = evaluate(side, here)
            except NoCaseError:
                continue
            except OutOfRangeError:
                if not _has_domain(s):
                    continue
                raise _WrongDomainError(f"At {self.where(place, None)} it uses an entry that does not exist.") from None
            if isinstance(value, Special) or np.size(value) != 1:
                raise ShapeError("every factor must be a number, and a whole array stands here")
            out[place] = float(np.reshape(value, ()))

    def patterns(
        self, head: tuple[tuple[str, tuple[Expr, ...]], ...] | None, s: Statement, form: Form, side: Expr
    ) -> tuple[Expr, ...]:
        """What stands on each axis of the asked array, in its own order: the left side's indices, or the question's."""
        given = dict(head or ())
        if head is None and isinstance(s.left, Ref) and (own := (*s.left.at, *s.left.index)):
            flat = list(own)
            for r in self.refs:
                n = len(self.shapes[r.name])
                short = len(own) < len(self.full) and 1 in self.shapes[r.name]
                given[r.name] = tuple(flat[: n - short])
                del flat[: n - short]
        out: list[Expr] = []
        for r in self.refs:
            mine = given.get(r.name, ())
            out.extend(form.index(r.name, mine) if mine else self.asked_letters(r, side))
        if len(out) != len(self.full):
            raise ShapeError(f"{len(out)} indices stand on the left, and {len(self.full)} are needed")
        return tuple(out)

    def asked_letters(self, r: Ref, side: Expr) -> tuple[Expr, ...]:
        """The question's letters for an array; one other letter of the formula stands for one that is unused."""
        mine = {i.name for x in self.refs for i in x.index if isinstance(i, Ref)}
        loose = free_names(side) - set(self.worlds[0].shapes) - set(self.worlds[0].sizes)
        extra, unused = sorted(n for n in loose - mine if len(n) == 1), sorted(mine - loose)
        if len(extra) == len(unused) == 1:
            return tuple(Ref(extra[0]) if i == Ref(unused[0]) else i for i in r.index)
        return r.index

    def letters(
        self, patterns: tuple[Expr, ...], side: Expr, form: Form, said: EntryText
    ) -> dict[str, tuple[int, int]]:
        """The letters of a left side with the ranges over which they run."""
        out: dict[str, tuple[int, int]] = {}
        base = form.reading.base
        for p, n in zip(patterns, self.full, strict=True):
            if isinstance(p, Ref):
                out[p.name] = said.ranges.get(p.name, (base, base + n - 1))
                if out[p.name] not in {(0, n - 1), (1, n)}:
                    low, high = out[p.name]
                    raise _WrongDomainError(f"{p.name} has {n} values; it cannot run from {low} to {high}.")
        for p in patterns:
            for name in sorted(free_names(p) - set(out)):
                found = said.ranges.get(name) or form.natural(side, name)
                if found is None:
                    raise EvaluationError(f"the range of {name} is not known")
                out[name] = found
        return out

    def offset(self, p: Expr, n: int, scope: Scope, form: Form, said: EntryText) -> int:
        """The position, from 0, on an axis of n entries for which a left side stands."""
        value = round(float(evaluate(p, scope)))
        if isinstance(p, Ref) and p.name in said.ranges:
            return value - said.ranges[p.name][0]
        if n == 1 and isinstance(p, Num) and form.reading.base == 0:
            return 0 if value in {0, 1} else -1
        return value - form.reading.base

    # -- comparing --------------------------------------------------------------------------------------------------

    def compared(self, world: World, yours: Array, expected: Array, mains: list[Statement]) -> Outcome:
        """Entry by entry: different, missing, or the same."""
        has = np.isfinite(yours)
        if not has.any():
            return Outcome("wrong", "The formula has no value at any entry: its indices are out of range.")
        scale = max(float(np.abs(expected).max(initial=0.0)), 1e-300)
        off = np.where(has, np.abs(np.nan_to_num(yours) - expected), 0.0) / scale
        if off.max() > TOLERANCE:
            place = tuple(int(k) for k in np.unravel_index(int(off.argmax()), off.shape))
            witness = Witness(
                self.where(place, world), f"{expected[place]:.4g}", f"{yours[place]:.4g}", float(off.max() * scale)
            )
            message = "The formula is not equal to what is asked: at this entry it has another value."
            return Outcome("wrong", message, witness)
        missing = ~has & (np.abs(expected) > TOLERANCE * scale)
        gap = missing if missing.any() else ~has
        if gap.any():
            place = tuple(int(k) for k in np.argwhere(gap)[0])
            where = self.where(place, None)
            if missing.any() or not any(_has_domain(s) for s in mains):
                witness = Witness(where, f"{expected[place]:.4g}", "no value")
                return Outcome(
                    "wrong", f"The formula has no value at {where}: an index is out of range there.", witness
                )
            return Outcome("partial", f"Right where it is stated; what it is elsewhere, as at {where}, is not said.")
        return Outcome("correct", "", None, int(has.sum()), float(off.max()))

    def where(self, place: tuple[int, ...], world: World | None) -> str:
        """An entry in words, with the question's letters and counting from 1."""
        letters = [i.name if isinstance(i, Ref) else "" for r in self.refs for i in r.index]
        shown = ", ".join(f"{c}={k + 1}" for c, k in zip(letters, place, strict=True) if c)
        return f"{shown}, seed {world.seed}" if world is not None else shown

    def answers(self, used: frozenset[Used], mains: list[Statement]) -> Outcome | None:
        """Equal in value; it must also answer the question with what is allowed. None where it does."""
        t = self.target
        if isinstance(t, Ref) and any(isinstance(n, Ref) and n.name == t.name for n in walk(mains[-1].sides[-1])):
            return Outcome("wrong", "The left side reappears on the right, so this says nothing about it.")
        if not isinstance(t, Partial):
            return None
        assert isinstance(t.of, Ref)
        assert isinstance(t.wrt, Ref)
        if any((u[0], u[2]) == (t.of.name, t.wrt.name) for u in used):
            return Outcome("wrong", "The left side reappears on the right, so this says nothing about it.")
        if local := [u for u in used if u[0] != self.model.loss]:
            name = f"∂{local[0][0]}/∂{local[0][2]}"
            return Outcome("partial", f"The chain rule is right, but {name} is left as it stands: carry it out.")
        if other := sorted(u[2] for u in used if u[2] not in self.allowed):
            return Outcome("wrong", f"This is true, but it uses the derivative by {other[0]}, which is not allowed.")
        return None

    # -- shapes -----------------------------------------------------------------------------------------------------

    def split(self) -> int:
        """How many axes belong to the first array."""
        return len(self.shapes[self.refs[0].name]) if len(self.refs) > 1 else 0

    def shape_orders(self) -> list[tuple[int, ...]]:
        """The shape asked, in every order that the question leaves open."""
        parts = [
            [self.shapes[r.name], *([self.shapes[r.name][::-1]] if r.name in self.either_order else [])]
            for r in self.refs
        ]
        return [tuple(n for part in one for n in part) for one in itertools.product(*parts)]

    def shown_shape(self) -> str:
        """The shape in words, `3 × (1 × 5 × 3)`."""
        parts = [" × ".join(map(str, self.shapes[r.name])) for r in self.refs]
        return " × ".join(f"({p})" if len(parts) > 1 and "×" in p else p for p in parts)


class _WrongDomainError(Exception):
    """A letter is given a range that its axis does not have, or none at all."""


def _zero(e: Expr) -> bool:
    """Whether a side is 0, under whatever conditions."""
    return e == number(0) or (isinstance(e, Cases) and all(b == number(0) for b, _ in e.branches))


def _applies(s: Statement, binding: Mapping[str, int], world: World) -> bool:
    """Whether a statement says something at these values of its letters."""
    here = Evaluator(world.scope().at(**binding))
    side = s.sides[-1]
    branches = [c for _, c in side.branches] if isinstance(side, Cases) else [s.condition]
    try:
        return any(c is None or here.holds(c) for c in branches)
    except (EvaluationError, ShapeError):
        return True


def _has_domain(s: Statement) -> bool:
    """Whether a statement says for which indices it holds."""
    nodes = [n for side in s.sides for n in walk(side)]
    return s.condition is not None or any(isinstance(n, (Cases, Indicator)) for n in nodes)


def _chained(text: str, name: str) -> bool:
    """Whether an array is written with one bracket for each index, `x[k][n]`."""
    return re.search(rf"(?<![A-Za-z]){re.escape(name)}\s*\[[^\]]*\]\s*\[", text) is not None
