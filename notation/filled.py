"""What the statements of a program assign: variables, arrays filled element by element, zeros to begin with."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from notation.code import ZERO, ZEROS, OutsideError, Range
from notation.scope import Clause
from notation.statement import simplified
from notation.tree import Add, Cases, Compare, Expr, Neg, Num, Ref, number, substitute

if TYPE_CHECKING:
    from notation.flow import Flow


@dataclass
class Family:
    """An array that is filled element by element, `A[t] = ...` for every turn of a loop.

    `initial` is what stands where nothing was assigned, None if there is nothing; `parts` what was assigned, latest
    first, each with its condition on the place.
    """

    name: str
    initial: Expr | None
    parts: list[tuple[str, tuple[Expr, ...], Expr, Expr]] = field(default_factory=list)
    letter: str = ""
    span: Range | None = None
    around: tuple[Expr, ...] = ()
    current: Expr | None = None
    future: str = ""
    last: Expr = ZERO

    def enter(self, letter: str, span: Range, at: tuple[Expr, ...]) -> None:
        """A loop begins that fills the array."""
        if len(at) != 1 or self.letter:
            raise OutsideError("an array that is filled in a nested loop")
        self.letter, self.span, self.current, self.around = letter, span, None, at
        self.future = ""

    def at(self, place: Expr) -> Expr:
        """The element at a place, as it is when it is read."""
        if not self.letter:
            return self.stored(place)
        shift = offset(place, self.letter)
        if shift is None:
            raise OutsideError("an element far from the turn of the loop")
        assert self.span is not None
        if shift == 0:
            return self.current if self.current is not None else self.stored(place)
        past = shift > 0 if self.span.descending else shift < 0
        if not past:
            return self.stored(place)
        self.future = self.future or f"v_{{{re.sub(r'[^A-Za-z0-9]', '', self.name)}f{len(self.parts)}}}"
        return Ref(self.future, (simplified(place),))

    def stored(self, place: Expr) -> Expr:
        """What was assigned before the loop that is being read."""
        branches: list[tuple[Expr, Expr | None]] = [
            (substitute(value, {letter: place}), substitute(condition, {letter: place}))
            for letter, _, value, condition in reversed(self.parts)
        ]
        if self.initial is None and not branches:
            raise OutsideError("an element without a value")
        if self.initial is not None:
            if not branches:
                return self.initial
            branches.append((self.initial, None))
        return Cases(tuple(branches))

    def assign(self, place: Expr, value: Expr, flow: Flow) -> None:
        """One assignment."""
        if not self.letter:
            if flow.loops:
                raise OutsideError("an element of another loop")
            self.parts.append(("t", (), value, Compare((Ref("t"), place), ("=",))))
            return
        if place != Ref(self.letter) or len(flow.loops) != 1:
            raise OutsideError("an element at another place")
        self.current = flow.defined(self.name, value)

    def leave(self, flow: Flow) -> None:
        """The loop ends: what its turns have assigned stands within its range."""
        assert self.span is not None
        letter, value = self.letter, self.current
        if value is None:
            raise OutsideError("an array that is not filled")
        inside = Compare((self.span.low, Ref(letter), self.span.high), ("<=", "<="))
        if self.future:
            branches: list[tuple[Expr, Expr | None]] = [(value, inside)]
            self.letter = ""
            if self.initial is not None or self.parts:
                branches.append((self.stored(Ref(letter)), None))
            flow.definitions[self.future] = (Clause((Ref(letter),), (), Cases(tuple(branches))),)
        self.letter = ""
        self.last = value
        self.parts.append((letter, (), value, inside))


def plus(*terms: Expr) -> Expr:
    """A sum without the zeros that it began with."""
    kept = [t for t in terms if t != ZERO and t != number(0)]
    return kept[0] if len(kept) == 1 else Add(tuple(kept)) if kept else ZERO


def offset(place: Expr, letter: str) -> int | None:
    """How far `t + 1` is from the turn `t`."""
    at = simplified(place)
    if at == Ref(letter):
        return 0
    if isinstance(at, Add) and len(at.terms) == 2 and at.terms[0] == Ref(letter):
        step = at.terms[1]
        if isinstance(step, Num):
            return int(step.value)
        if isinstance(step, Neg) and isinstance(step.body, Num):
            return -int(step.body.value)
    return None


def names_of(body: Iterable[ast.stmt]) -> set[str]:
    """The names that are assigned."""
    return set(assigned_in(list(body)))


def targets_of(body: list[ast.stmt]) -> list[ast.expr]:
    """Everything that is assigned or added to."""
    out: list[ast.expr] = []
    for s in body:
        for node in ast.walk(s):
            if isinstance(node, ast.Assign):
                out.extend(x for t in node.targets for x in (t.elts if isinstance(t, ast.Tuple) else [t]))
            elif isinstance(node, ast.AugAssign):
                out.append(node.target)
    return out


def assigned_in(body: list[ast.stmt]) -> list[str]:
    """The variables that are assigned as a whole."""
    return [t.id for t in targets_of(body) if isinstance(t, ast.Name)]


def filled_in(body: list[ast.stmt]) -> list[str]:
    """The arrays of which elements are assigned."""
    return [t.value.id for t in targets_of(body) if isinstance(t, ast.Subscript) and isinstance(t.value, ast.Name)]


def is_zeros(value: ast.expr) -> bool:
    """Whether a container is filled with zeros."""
    if isinstance(value, ast.BinOp) and isinstance(value.op, ast.Mult) and isinstance(value.left, ast.List):
        first = value.left.elts[0] if len(value.left.elts) == 1 else None
        number_zero = isinstance(first, ast.Constant) and type(first.value) in {int, float} and first.value == 0
        return first is not None and (number_zero or is_zeros(first))
    if isinstance(value, ast.ListComp):
        return is_zeros(value.elt)
    if isinstance(value, ast.Call):
        name = (
            value.func.attr
            if isinstance(value.func, ast.Attribute)
            else value.func.id
            if isinstance(value.func, ast.Name)
            else ""
        )
        return name in ZEROS and not name.startswith("empty")
    return False


def is_empty(value: ast.expr) -> bool:
    """Whether a container begins with zeros or with nothing."""
    nothing = isinstance(value, ast.Dict) and not value.keys
    nones = isinstance(value, ast.BinOp) and isinstance(value.left, ast.List) and ast.unparse(value.left) == "[None]"
    bare = isinstance(value, ast.Call) and ast.unparse(value.func) in {"dict", "np.empty", "torch.empty"}
    return nothing or nones or bare or is_zeros(value)


def only_added(name: str, body: list[ast.stmt]) -> bool:
    """Whether a loop does nothing to a variable but add to it."""
    added = 0
    for s in body:
        for node in ast.walk(s):
            if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name) and node.target.id == name:
                added += 1
    uses = sum(isinstance(n, ast.Name) and n.id == name for s in body for n in ast.walk(s))
    return added == uses


def mentions(text: str, names: Iterable[str]) -> bool:
    """Whether a text holds one of the names."""
    return any(re.search(rf"(?<![\w.]){re.escape(n)}(?!\w)", text) for n in names)
