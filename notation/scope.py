"""Where names get their values, and how an answer's own definitions are unfolded."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from notation.arrays import Array, Backend, Special, numpy_backend
from notation.errors import EvaluationError
from notation.limits import MAX_RECURSION
from notation.tree import Add, DerivativeKind, Expr, Num, Ref, free_names, walk

Position = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Clause:
    """One line of a definition: it holds where `at` and `index` match (a plain name binds, anything else must
    equal)."""

    at: tuple[Expr, ...]
    index: tuple[Expr, ...]
    body: Expr
    condition: Expr | None = None


@dataclass(frozen=True)
class Scope:
    """Where names get their values.

    `lookup(name, at)` gives a raw array (axes are components); `partial(of, of_at, wrt, wrt_at, kind)` a derivative;
    `ranges` the inclusive bounds of sequence variables; `blocks(name, axis)` the sizes of the blocks of an axis.
    `inner_dot`, `adjoint_rows`, `jacobians_transposed`, `ascending` and `descending` are ways to read products and
    derivatives, `row_vectors` reads vectors as rows and weights as transposed, `side_by_side` listed columns as a
    matrix. `scalars` are the quantities whose derivatives are gradients rather than Jacobians, `slope` the slope of a
    quantity's activation, for error signals (of the candidate, where a cell has none).
    """

    lookup: Callable[[str, Position], Array]
    partial: Callable[[str, Position, str, Position, DerivativeKind], Array] | None = None
    ranges: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    axes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    blocks: Callable[[str, int], list[int]] | None = None
    definitions: Mapping[str, tuple[Clause, ...]] = field(default_factory=dict)
    index: Mapping[str, int] = field(default_factory=dict)
    functions: Mapping[str, Callable[..., Array]] = field(default_factory=dict)
    backend: Backend = field(default_factory=numpy_backend)
    inner_dot: bool = False
    adjoint_rows: bool = False
    jacobians_transposed: bool = False
    ascending: bool = False
    descending: bool = False
    scalars: frozenset[str] = frozenset()
    row_vectors: bool = False
    side_by_side: bool = False
    slope: Callable[[str, Position], tuple[str, Array]] | None = None
    default_range: tuple[int, int] | None = None
    zero_outside: frozenset[str] = frozenset()  # arrays whose components out of range are 0 by a stated convention

    def at(self, **index: int) -> Scope:
        """The same scope with index variables set."""
        return replace(self, index={**self.index, **index})


class Definitions:
    """The part of the interpreter that unfolds names which the answer itself defines, recursively in time if need
    be."""

    scope: Scope
    index: dict[str, int]
    memo: dict[tuple[str, Position, Position, tuple[tuple[str, int], ...]], Array]
    active: list[tuple[str, Position, Position]]

    @abstractmethod
    def value(self, expr: Expr) -> Array:
        """The value of a tree; supplied by the interpreter."""
        raise AssertionError("an interpreter supplies this")

    @abstractmethod
    def integer(self, expr: Expr) -> int:
        """The value of an index expression; supplied by the interpreter."""
        raise AssertionError("an interpreter supplies this")

    @abstractmethod
    def holds(self, e: Expr) -> bool:
        """Whether a condition holds; supplied by the interpreter."""
        raise AssertionError("an interpreter supplies this")

    @abstractmethod
    def picked(self, value: Array, index: Position, e: Expr) -> Array:
        """A component of a value; supplied by the interpreter."""
        raise AssertionError("an interpreter supplies this")

    def defined(self, name: str, at: Position, index: Position) -> Array:
        """The value of a name that the answer itself defines, at a position."""
        place = (name, at, index)
        # a definition without a step of its own may use the running index of a sum around it
        loose = self.loose_names(name)
        key = (*place, tuple(sorted((n, k) for n, k in self.index.items() if n in loose)))
        if key in self.memo:
            return self.memo[key]
        if place in self.active:
            raise EvaluationError(f"the definition of {name} refers to itself at the same step")
        if len(self.active) >= MAX_RECURSION:
            raise EvaluationError(f"the recursion of {name} does not end")
        chosen = self.choose(name, at, index)
        if chosen is None:
            high = max((h for _, h in self.scope.ranges.values()), default=0)
            if at and at[0] > high and self._runs_in_time(name):  # quantities beyond the last step are 0 by convention
                return Special("zero")
            raise EvaluationError(f"{name} is not defined at step {', '.join(map(str, at))}")
        body, bound, rest = chosen
        exact = bool(at) and not bound
        self.active.append(place)
        saved = dict(self.index)
        self.index.update(bound)
        try:
            value = self.value(body)
        finally:
            self.index = saved
            self.active.pop()
        if exact and isinstance(body, Num) and body.value == 0:  # delta_{T+1} = 0 has the shape of delta
            value = self.scope.backend.constant(0.0) if index else Special("zero")
        elif rest:
            value = self.picked(value, rest, body)
        self.memo[key] = value
        return value

    def loose_names(self, name: str) -> frozenset[str]:
        """The running indices that a definition may take from around it, itself or through another one."""
        known: dict[str, frozenset[str]] = self.__dict__.setdefault("_loose", {})
        if name not in known:
            known[name] = frozenset()  # a recursive definition takes no more than its own clauses do
            found: set[str] = set()
            for clause in self.scope.definitions[name]:
                parts = (clause.body, *(() if clause.condition is None else (clause.condition,)))
                own = {n for e in (*clause.at, *clause.index) for n in free_names(e)}
                inner = {n for e in parts for n in free_names(e)}
                nested = [self.loose_names(n) for n in inner if n in self.scope.definitions]
                found |= (inner | frozenset().union(*nested)) - own
            known[name] = frozenset(found)
        return known[name]

    def choose(self, name: str, at: Position, index: Position) -> tuple[Expr, dict[str, int], Position] | None:
        """The clause that applies: one for exactly this step before the general one."""
        best: tuple[Expr, dict[str, int], Position] | None = None
        matched = -1
        high = max((h for _, h in self.scope.ranges.values()), default=0)
        for clause in self.scope.definitions[name]:
            if len(clause.at) != len(at):
                continue
            bound: dict[str, int] = {}
            matches, exact = True, 0
            for pattern, number in zip((*clause.at, *clause.index), (*at, *index), strict=False):
                if isinstance(pattern, Ref) and not pattern.at and not pattern.index and not self._fixed(pattern.name):
                    bound[pattern.name] = number
                elif self.integer(pattern) == number:
                    exact += 1
                else:
                    shift = self._shift(pattern, number)
                    if shift is None:
                        matches = False
                    else:
                        bound.update(shift)
            rest = index[len(clause.index) :]
            if not matches or (bound and at and at[0] > high and self._runs_in_time(name)):
                continue
            if clause.condition is not None and not self._holds_with(clause.condition, bound):
                continue
            if exact > matched:  # the clause that names most of the positions comes before the general one
                best, matched = (clause.body, bound, rest), exact
        return best

    def _fixed(self, name: str) -> bool:
        """Whether a name in a pattern has a value of its own (a size) instead of being bound."""
        return name not in self.scope.ranges and self._is_size(name)

    def _runs_in_time(self, name: str) -> bool:
        """Whether a defined name is indexed by steps: its clauses use a sequence variable or the size of a sequence."""
        clauses = self.scope.definitions[name]
        steps = {r.name for c in clauses for a in c.at for r in walk(a) if isinstance(r, Ref)}
        return bool(steps & (set(self.scope.ranges) | {"t", "T"}))

    def _is_size(self, name: str) -> bool:
        try:
            return len(name) >= 1 and tuple(self.scope.lookup(name, ()).shape) == () and name not in self.index
        except (EvaluationError, KeyError):
            return False

    def _shift(self, pattern: Expr, number: int) -> dict[str, int] | None:
        """Solve `t - 1 = number` for the variable of a clause written for another step."""
        names = [r.name for r in walk(pattern) if isinstance(r, Ref) and not self._is_size(r.name)]
        if len(names) != 1 or not isinstance(pattern, Add):
            return None
        saved = dict(self.index)
        self.index[names[0]] = 0
        try:
            offset = self.integer(pattern)
        finally:
            self.index = saved
        return {names[0]: number - offset}

    def _holds_with(self, condition: Expr, bound: dict[str, int]) -> bool:
        saved = dict(self.index)
        self.index.update(bound)
        try:
            return self.holds(condition)
        finally:
            self.index = saved
