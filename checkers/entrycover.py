"""What the statements of an answer say about the entries of an array: which ones they cover, and with what values."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from checkers.assignment import Question
from checkers.entryform import Form, merged
from checkers.entrytext import EntryText
from derivations.model import Model
from notation.arrays import Special
from notation.errors import EvaluationError, NoCaseError, OutOfRangeError, ShapeError
from notation.evaluate import Evaluator, evaluate
from notation.scope import Scope
from notation.statement import Answer, Statement
from notation.tree import Cases, Concat, Expr, Indicator, Matrix, Num, Partial, Ref, Vector, free_names, number, walk
from reference_impl.world import Array, World


class WrongDomainError(Exception):
    """A letter is given a range that its axis does not have, or none at all."""


class WholeArrayError(Exception):
    """A whole array stands where a number is needed."""


COLON = Ref(":")


@dataclass(frozen=True)
class Cover:
    """One question about entries, and what statements say about it.

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

    # -- statements -------------------------------------------------------------------------------------------------

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

    def where(self, place: tuple[int, ...], world: World | None) -> str:
        """An entry in words, with the question's letters and counting from 1."""
        letters = [i.name if isinstance(i, Ref) else "" for r in self.refs for i in r.index]
        shown = ", ".join(f"{c}={k + 1}" for c, k in zip(letters, place, strict=True) if c)
        return f"{shown}, seed {world.seed}" if world is not None else shown

    # -- values -----------------------------------------------------------------------------------------------------

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

    def fill(self, out: Array, s: Statement, form: Form, said: EntryText, scope: Scope) -> bool:
        """The values that one statement gives, at the entries of its left side that have none yet.

        Where they are no numbers, the axes that the left side leaves out or marks with a colon are filled at once; then
        the result is true.
        """
        side = form.of(s.sides[-1])
        heads = [h for h in (self.head(x) for x in s.sides[:-1]) if h is not None]
        head = heads[0] if heads else None
        sliced = self.sliced(head, s, form, side)
        if not any(p == COLON and n > 1 for p, n in zip(sliced, self.full, strict=False)) or not self.is_part(head):
            try:
                found = out.copy()
                self.fill_at(found, self.patterns(head, s, form, side), side, s, form, said, scope)
                out[...] = found
            except WholeArrayError:
                pass
            else:
                return False
        if COLON not in sliced and head is not None:
            raise ShapeError("every factor must be a number, and a whole array stands here")
        self.fill_at(out, sliced, side, s, form, said, scope)
        return True

    def fill_at(
        self,
        out: Array,
        patterns: tuple[Expr, ...],
        side: Expr,
        s: Statement,
        form: Form,
        said: EntryText,
        scope: Scope,
    ) -> None:
        """The same with these indices on the axes of what is asked."""
        letters = self.letters(patterns, side, form, said)
        known = {":", *letters, *self.worlds[0].shapes, *self.worlds[0].sizes, *scope.definitions}
        if loose := sorted(free_names(side) - known):
            raise WrongDomainError(f"{loose[0]} stands for nothing: it is neither on the left nor summed over.")
        slots = [k for k, p in enumerate(patterns) if p == COLON]
        for values in itertools.product(*(range(low, high + 1) for low, high in letters.values())):
            binding = dict(zip(letters, values, strict=True))
            here = scope.at(**binding)
            place: tuple[Any, ...] = tuple(
                slice(None) if p == COLON else self.offset(p, n, here, form, said)
                for p, n in zip(patterns, out.shape, strict=True)
            )
            if any(not isinstance(k, slice) and not 0 <= k < n for k, n in zip(place, out.shape, strict=True)):
                continue
            if not np.isnan(out[place]).all():
                continue
            try:
                if s.condition is not None and not Evaluator(here).holds(form.of(s.condition)):
                    continue
                value = whole_value(side, here) if slots else evaluate(side, here)
            except NoCaseError:
                continue
            except OutOfRangeError:
                if not has_domain(s):
                    continue
                shown = tuple(0 if isinstance(k, slice) else k for k in place)
                raise WrongDomainError(f"At {self.where(shown, None)} it uses an entry that does not exist.") from None
            if slots:
                first = sum(k < self.axes_of_first() for k in slots)
                turned = any(r.name in form.reading.swapped for r in self.refs)
                out[place] = fitted(value, tuple(self.full[k] for k in slots), first, turned=turned)
                continue
            if isinstance(value, Special) or np.size(value) != 1:
                raise WholeArrayError
            out[place] = float(np.reshape(value, ()))

    def axes_of_first(self) -> int:
        """How many axes belong to the first array."""
        return len(self.shapes[self.refs[0].name])

    def is_part(self, head: tuple[tuple[str, tuple[Expr, ...]], ...] | None) -> bool:
        """Whether a left side has a colon, or fewer indices on an array than it has axes, but some."""
        return any(
            COLON in index or 0 < len(index) < len([n for n in self.shapes[name] if n > 1])
            for name, index in head or ()
        )

    def sliced(
        self, head: tuple[tuple[str, tuple[Expr, ...]], ...] | None, s: Statement, form: Form, side: Expr
    ) -> tuple[Expr, ...]:
        """The indices on each axis, with a colon on those that the left side leaves out."""
        given = self.given(head, s)
        out: list[Expr] = []
        for r in self.refs:
            shape = self.shapes[r.name]
            mine = form.index(r.name, given.get(r.name, ())) if given.get(r.name) else ()
            letters = {i.name for i in r.index if isinstance(i, Ref)}
            if not mine and letters & free_names(side):
                out.extend(r.index)
            elif len(mine) == len(shape):
                out.extend(mine)
            else:
                more = len(shape) - len(mine)
                out.extend((COLON,) * more if r.name in form.reading.swapped else mine)
                out.extend(mine if r.name in form.reading.swapped else (COLON,) * more)
        return tuple(out)

    def patterns(
        self, head: tuple[tuple[str, tuple[Expr, ...]], ...] | None, s: Statement, form: Form, side: Expr
    ) -> tuple[Expr, ...]:
        """What stands on each axis of the asked array, in its own order: the left side's indices, or the question's."""
        given = self.given(head, s)
        out: list[Expr] = []
        for r in self.refs:
            mine = given.get(r.name, ())
            out.extend(form.index(r.name, mine) if mine else self.asked_letters(r, side))
        if len(out) != len(self.full):
            raise ShapeError(f"{len(out)} indices stand on the left, and {len(self.full)} are needed")
        return tuple(out)

    def given(self, head: tuple[tuple[str, tuple[Expr, ...]], ...] | None, s: Statement) -> dict[str, tuple[Expr, ...]]:
        """The indices that a left side gives each array; those of the student's own name in their order."""
        given = dict(head or ())
        if head is None and isinstance(s.left, Ref) and (own := (*s.left.at, *s.left.index)):
            flat = list(own)
            for r in self.refs:
                n = len(self.shapes[r.name])
                short = len(own) < len(self.full) and 1 in self.shapes[r.name]
                given[r.name] = tuple(flat[: n - short])
                del flat[: n - short]
        return given

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
                    raise WrongDomainError(f"{p.name} has {n} values; it cannot run from {low} to {high}.")
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


def whole_value(e: Expr, scope: Scope) -> Any:
    """The value of a side that may be an array; `[a b; 0 c]` and `[a, b]` are put together from blocks."""
    rows = e.rows if isinstance(e, Matrix) else None
    if isinstance(e, (Vector, Concat)):
        parts = e.entries if isinstance(e, Vector) else e.blocks
        nested = all(isinstance(p, (Vector, Concat)) for p in parts)
        rows = tuple(p.entries if isinstance(p, Vector) else p.blocks for p in parts) if nested else (parts,)  # type: ignore[attr-defined]
    if isinstance(e, Cases):
        here = Evaluator(scope)
        return next((whole_value(b, scope) for b, c in e.branches if c is None or here.holds(c)), None)
    if rows is None:
        return evaluate(e, scope)
    blocks = [[evaluate(x, scope) for x in row] for row in rows]
    if len({len(row) for row in blocks}) != 1:
        raise WholeArrayError
    sizes = [[None if isinstance(b, Special) or np.size(b) == 1 else np.shape(b) for b in row] for row in blocks]
    if all(x is None for row in sizes for x in row):
        return np.array([[0.0 if isinstance(b, Special) else float(np.reshape(b, ())) for b in row] for row in blocks])
    heights = [{x[0] for x in row if x is not None} for row in sizes]
    widths = [{row[k][1] for row in sizes if row[k] is not None} for k in range(len(sizes[0]))]  # type: ignore[index]
    heights, widths = ([x or set.union(*sizes) for x in sizes] for sizes in (heights, widths))  # rows of zeros
    if any(len(x) != 1 for x in (*heights, *widths)):
        raise WholeArrayError
    filled = []
    for row, (h,) in zip(blocks, heights, strict=True):
        for b in row:
            if not isinstance(b, Special) and np.size(b) == 1 and float(np.reshape(b, ())) != 0.0:
                raise WholeArrayError
        filled.append(
            [
                np.zeros((h, w)) if isinstance(b, Special) or np.size(b) == 1 else np.asarray(b)
                for b, (w,) in zip(row, widths, strict=True)
            ]
        )
    return np.block(filled)


def fitted(value: Any, sizes: tuple[int, ...], first: int, *, turned: bool = False) -> Any:
    """A value in the shape of the axes it fills: as it is, or the `first` axes as rows and all others as columns.

    With `turned` a matrix may hold the two axes of one array in the other order.
    """
    if isinstance(value, Special) or value is None:
        if value is not None and value.kind == "zero":
            return np.zeros(sizes)
        raise WholeArrayError
    array = np.asarray(value)
    wanted = tuple(n for n in sizes if n != 1)
    if array.size == 1 and float(array.reshape(())) == 0.0:
        return np.zeros(sizes)
    if tuple(n for n in array.shape if n != 1) == wanted:
        return array.reshape(sizes)
    if turned and first == 0 and array.ndim == 2 and array.shape[::-1] == wanted:
        return array.T.reshape(sizes)
    if array.shape == (prod(sizes[:first]), prod(sizes[first:])):
        return array.reshape(sizes)
    raise WholeArrayError


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


def has_domain(s: Statement) -> bool:
    """Whether a statement says for which indices it holds."""
    nodes = [n for side in s.sides for n in walk(side)]
    return s.condition is not None or any(isinstance(n, (Cases, Indicator)) for n in nodes)
