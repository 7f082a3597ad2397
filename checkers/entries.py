"""Judging a formula for the entries of an array, a Jacobian or a gradient: every entry, in every World.

The left side tells which entries a statement is about; what it does not say anything about has no value, unless the
answer says that all else is 0. The answer is read with indices from 1 as the question has them; where that fails, once
more with all indices from 0, and with the two indices of an array exchanged where the question leaves their order open.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import prod

import numpy as np

from checkers.doubt import doubt
from checkers.entrycover import Cover, WholeArrayError, WrongDomainError, has_domain
from checkers.entryform import Form, Reading, counts_from_zero, merged
from checkers.entrytext import EntryText, read_entry_text, same_shape
from checkers.kinds.base import doubtful, unreadable, verdict
from checkers.relation import Used, recording
from checkers.stated import false_line, told_false
from checkers.verdict import Status, Verdict, Witness
from notation.answer import read_answer
from notation.errors import EvaluationError, ReadError, ShapeError
from notation.plain import to_plain
from notation.statement import Answer, Statement
from notation.tree import Concat, Expr, Matrix, Num, Partial, Ref, free_names, number, walk
from notation.vocabulary import Symbol
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
    sliced: bool = False  # vectors or matrices of entries at once
    loose: bool = False  # no value at entries that are 0, and no domain stated


@dataclass(frozen=True)
class Entries(Cover):
    """One question about entries, ready to judge answers."""

    # -- the verdict ------------------------------------------------------------------------------------------------

    def judge(self, text: str) -> Verdict:
        """The verdict on one answer: the formula decides, a shape beside it can only take something away."""
        said = read_entry_text(text, self.functions or {}, self.left_side, self.array)
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
        if outcome.status == "wrong" and self.stacks(answer):
            message = "A row of vectors stands in a definition; a person decides how they are stacked."
            outcome = replace(outcome, status="undecided", message=message, witness=None)
        if outcome.status == "correct" and (why := doubt(said.text, mains[-1].span)):
            return doubtful(self.question, text, why, shown)
        if outcome.status != "correct":
            return verdict(
                self.question, text, outcome.status, reading=shown, message=outcome.message, witness=outcome.witness
            )
        if (
            outcome.sliced
            and not any(right_shape)
            and re.search(r"\b(?:each|every|slices?|per|stack\w*)\b", text, re.IGNORECASE)
        ):
            right_shape = [False for s in stated if not self.is_slice(s)]
        elif outcome.sliced and any(right_shape):
            right_shape = [ok for s, ok in zip(stated, right_shape, strict=True) if ok or not self.is_slice(s)]
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
        about = [s for s in answer.statements if self.is_about(s)]
        if reading.base == 1 and (line := false_line(answer, about, self.model, self.worlds)) is not None:
            return verdict(self.question, text, "partial", reading=shown, message=told_false(line))
        if self.shape_asked and not said.shapes:
            notes.append(f"the shape is asked too: {self.shown_shape()}")
        if self.prose:
            notes.append("what is asked in words waits for a person")
        evidence = (
            f"every entry agrees: {outcome.compared} values in {len(self.worlds)} random samples, "
            f"largest relative error {outcome.error:.1e}"
        )
        return verdict(self.question, text, "correct", reading=shown, evidence=evidence, notes=tuple(notes))

    def is_about(self, s: Statement) -> bool:
        """Whether a statement speaks of the array that is asked, at whatever entry."""
        names = {r.name for r in self.refs}
        left = s.left
        if isinstance(left, Partial) and isinstance(self.target, Partial):
            return left.of == self.target.of or {n.name for n in walk(left) if isinstance(n, Ref)} >= names | {
                self.target.of.name if isinstance(self.target.of, Ref) else ""
            }
        return isinstance(left, Ref) and left.name in names

    def left_side(self, index: list[str]) -> str | None:
        """What is asked about, as text with these indices."""
        if len(index) != len(self.full):
            return None
        names: dict[str, str] = {}
        for r in self.refs:
            mine, index = index[: len(self.shapes[r.name])], index[len(self.shapes[r.name]) :]
            names[r.name] = f"{r.name}_{{{','.join(mine)}}}"
        t = self.target
        if not isinstance(t, Partial):
            return next(iter(names.values()))
        assert isinstance(t.of, Ref)
        assert isinstance(t.wrt, Ref)
        return f"\\frac{{\\partial {names.get(t.of.name, t.of.name)}}}{{\\partial {names[t.wrt.name]}}}"

    def array(self, name: str) -> tuple[str, int] | None:
        """How a name in a program is written, and its axes; `dl_df`, `dl/df`, `df` are the derivative by `f`."""
        known = self.model.vocabulary
        by = re.fullmatch(
            r"(?:(?:d|∂)\w*/(?:d|∂)|d[lL]_?d|grad_|d)(?P<name>[A-Za-z])(?:_W)?(?:\(x\))?", name.replace(" ", "")
        )
        found = known.find(Symbol(by["name"] if by is not None else name))
        if found is None or found.name not in self.shapes:
            return None
        shown = f"(\\partial {known.loss}/\\partial {found.name})" if by is not None else found.name
        return shown, len(self.shapes[found.name])

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
        stated = [s.without_set() for s in answer.statements if s.role != "premise"]
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

    # -- readings ---------------------------------------------------------------------------------------------------

    def readings(self, said: EntryText, mains: list[Statement]) -> Iterator[Reading]:
        """The readings that are tried, the question's own first; one that writes W_1 does not silently count from 0."""
        bases: tuple[int, ...] = (1, 0) if said.base is None else (said.base,)
        if said.base is None and (declared := self.declared_bases(said, mains)):
            bases = tuple(b for b in bases if b in declared) if len(declared) == 1 else ()
        elif said.base is None and not self.says_zero(said, mains):
            bases = (1,) if any(self.has_one(x) for s in mains for x in s.sides) else bases
        orders = [
            frozenset(c)
            for k in range(len(self.either_order) + 1)
            for c in itertools.combinations(self.either_order, k)
        ]
        for base, order in itertools.product(bases, orders):
            yield Reading(base, order)

    def declared_bases(self, said: EntryText, mains: list[Statement]) -> set[int]:
        """Where arrays count from, by the ranges given to letters that stand alone on their axes; empty if none are."""
        outputs = {r.name for r in self.refs[:1]} if len(self.refs) > 1 or isinstance(self.target, Ref) else set()
        refs = [n for s in mains for x in s.sides for n in walk(merged(x, self.shapes)) if isinstance(n, Ref)]
        letters = {
            i.name
            for r in refs
            if r.name in self.shapes and r.name not in outputs
            for i in r.index
            if isinstance(i, Ref)
        }
        return {low for name, (low, _) in said.ranges.items() if name in letters}

    def best(self, said: EntryText, answer: Answer, mains: list[Statement]) -> tuple[Reading, Outcome]:
        """The first reading under which the answer is right; else the most telling one."""
        tried: list[tuple[Reading, Outcome]] = []
        for reading in self.readings(said, mains):
            outcome = self.under(reading, said, answer, mains)
            if outcome.status == "correct":
                return reading, outcome
            tried.append((reading, outcome))
        if not tried:
            return Reading(), Outcome("wrong", "Some letters count from 0 and others from 1: their arrays do not.")
        if tried[0][1].status == "undecided":  # what the question's own reading cannot decide, no other may refute
            return tried[0]
        rank = {"partial": 0, "wrong": 1, "undecided": 2}
        return min(tried, key=lambda one: rank.get(one[1].status, 3))

    def under(self, reading: Reading, said: EntryText, answer: Answer, mains: list[Statement]) -> Outcome:
        """The comparison under one reading in all Worlds."""
        worst, compared, used = 0.0, 0, set[Used]()
        gaps: Outcome | None = None
        sliced = False
        for world in self.worlds:
            here = replace(self, worlds=(world,))  # sizes may differ from one World to the next
            form = Form(here.shapes, reading, said.ranges)
            definitions = form.clauses(answer.definitions)
            scope = recording(world, definitions, used, {"inner_dot": True}, ())  # an entry is a number
            if said.rest_is_zero is False and (outside := here.zero_outside(answer)):
                scope = replace(scope, zero_outside=outside)
            expected = self.truth(world)
            yours = np.full(expected.shape, np.nan)
            try:
                for s in reversed(mains):
                    sliced |= here.fill(yours, s, form, said, scope)
                    if np.isfinite(yours).all():
                        break
            except ShapeError as problem:
                bodies = [
                    *(c.body for cs in answer.definitions.values() for c in cs),
                    *(x for s in mains for x in s.sides),
                ]
                if any(isinstance(n, (Concat, Matrix)) for e in bodies for n in walk(e)):
                    return Outcome(
                        "undecided", f"Whole arrays stand here in a layout that is not known: {problem.message}."
                    )
                return Outcome("wrong", f"The shapes do not fit: {problem.message}.")
            except WholeArrayError:
                return Outcome("undecided", "Whole arrays stand here in a layout that is not known; a person decides.")
            except WrongDomainError as problem:
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
        return self.answers(frozenset(used), mains) or Outcome("correct", "", None, compared, worst, sliced=sliced)

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
            if missing.any() or not any(has_domain(s) for s in mains):
                witness = Witness(where, f"{expected[place]:.4g}", "no value")
                return Outcome(
                    "wrong", f"The formula has no value at {where}: an index is out of range there.", witness
                )
            return Outcome("partial", f"Right where it is stated; what it is elsewhere, as at {where}, is not said.")
        return Outcome("correct", "", None, int(has.sum()), float(off.max()))

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

    def stacks(self, answer: Answer) -> bool:
        """Whether a definition puts vectors beside each other, `X_r = [x[1], x[2]]`: a matrix or a column."""
        bodies = [c.body for clauses in answer.definitions.values() for c in clauses]
        renamed = [s for s in answer.statements if isinstance(s.left, Ref) and self.head(s.left) is None]
        bodies.extend(s.sides[-1] for s in renamed if isinstance(s.left, Ref) and s.left.name in self.shapes)
        rows = [n for e in bodies for n in walk(e) if isinstance(n, Concat)]
        return any(not any(isinstance(b, Num) for b in row.blocks) for row in rows)

    def is_slice(self, shape: tuple[int, ...]) -> bool:
        """Whether a shape is that of one array of what is asked, or of part of it, rather than of all entries."""
        wanted = [n for n in shape if n != 1]
        parts = [[n for n in self.shapes[r.name] if n != 1] for r in self.refs]
        return any(
            sorted(wanted) == sorted(p) or wanted == [prod(p)] or (len(wanted) == 1 and wanted[0] in p) for p in parts
        )

    def shown_shape(self) -> str:
        """The shape in words, `3 × (1 × 5 × 3)`."""
        parts = [" × ".join(map(str, self.shapes[r.name])) for r in self.refs]
        return " × ".join(f"({p})" if len(parts) > 1 and "×" in p else p for p in parts)


def _chained(text: str, name: str) -> bool:
    """Whether an array is written with one bracket for each index, `x[k][n]`."""
    return re.search(rf"(?<![A-Za-z]){re.escape(name)}\s*\[[^\]]*\]\s*\[", text) is not None
