"""What a tree is worth: one small interpreter over NumPy and torch arrays.

A `Scope` supplies the values of names at positions, the derivatives, and the ranges of index variables; the interpreter
knows sums, products, brackets, cases and recursive definitions.
"""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite
from typing import Any

import numpy as np

from notation import arrays, blocks
from notation.arrays import Array, Special
from notation.errors import EvaluationError, NoCaseError, OutOfRangeError, ShapeError
from notation.limits import MAX_RANGE, MAX_VISITS
from notation.ranging import Ranging
from notation.scope import Position, Scope
from notation.spreading import beside, spread
from notation.tree import (
    Add,
    All,
    Block,
    Call,
    Cases,
    Compare,
    Component,
    Concat,
    Div,
    Expr,
    Identity,
    Indicator,
    Matrix,
    Mul,
    Neg,
    Num,
    Ones,
    Partial,
    Pow,
    Reduce,
    Ref,
    Transpose,
    Vector,
)


def evaluate(expr: Expr, scope: Scope) -> Array:
    """The value of `expr`: an array with no axes (scalar) or two (column, row, matrix).

    Raises `ShapeError` where shapes cannot be combined and `EvaluationError` where there is no value.

    >>> from notation.tree import Add, Ref, number
    >>> import numpy as np
    >>> float(evaluate(Add((Ref("x"), number(1))), Scope(lookup=lambda name, at: np.float64(2.0))))
    3.0
    """
    with np.errstate(all="ignore"):  # a value that is not finite is for the caller to judge
        return Evaluator(scope).value(expr)


class Evaluator(Ranging):
    """One evaluation, with its budget of visits and its memory of recursive definitions."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.index: dict[str, int] = dict(scope.index)
        self.visits = 0
        self.memo: dict[tuple[str, Position, Position, tuple[tuple[str, int], ...]], Array] = {}
        self.active: list[tuple[str, Position, Position]] = []
        self.elementwise = arrays.elementwise_functions(scope.backend)
        self.methods: dict[type, Callable[[Any], Array]] = {
            Num: self.numeral,
            Ref: self.reference,
            Add: self.sum,
            Neg: lambda e: arrays.multiply(scope.backend.constant(-1.0), self.value(e.body), "star"),
            Mul: self.product,
            Div: lambda e: arrays.divide(self.value(e.top), self.value(e.bottom)),
            Pow: lambda e: arrays.power(self.value(e.base), self.value(e.exponent)),
            Transpose: self.transpose,
            Call: self.call,
            Reduce: self.reduce,
            Partial: self.derivative,
            Concat: lambda e: self.under_each_other(e.blocks),
            Vector: lambda e: self.under_each_other(e.entries),
            Matrix: self.matrix,
            Component: self.component,
            Block: self.block,
            Compare: lambda e: scope.backend.constant(float(self.holds(e))),
            All: lambda e: scope.backend.constant(float(self.holds(e))),
            Indicator: lambda e: scope.backend.constant(float(self.holds(e.condition))),
            Cases: self.cases,
            Ones: lambda e: Special("ones"),
            Identity: lambda e: Special("identity"),
        }

    def value(self, expr: Expr) -> Array:
        """The value of one node; shape errors learn their place here."""
        self.visits += 1
        if self.visits > MAX_VISITS:
            raise EvaluationError("this formula takes too long to evaluate")
        try:
            return self.methods[type(expr)](expr)
        except ShapeError as problem:
            if problem.span == (0, 0):
                problem.span = expr.span
            raise

    def scalar(self, expr: Expr) -> Array:
        """The value of a node where a number is needed: a zero of any shape is the number 0."""
        value = self.value(expr)
        return self.scope.backend.constant(0.0) if arrays.is_zero(value) else value

    def numeral(self, e: Num) -> Array:
        """The value of a number as it was typed."""
        try:
            return self.scope.backend.constant(float(e.value))
        except OverflowError:
            raise EvaluationError("this number is too large") from None

    # -- names ------------------------------------------------------------------------------------------------------

    def integer(self, expr: Expr) -> int:
        """The value of an index expression, which must be a whole number."""
        number = self.scalar(expr)
        if isinstance(number, Special) or tuple(number.shape) != ():
            raise EvaluationError("an index must be a number")
        k = float(number)
        if not isfinite(k) or k != round(k) or abs(k) > 10**9:
            raise EvaluationError(f"an index must be a whole number, not {k:g}")
        return round(k)

    def reference(self, e: Ref) -> Array:
        """The value of a name at its position."""
        if not e.at and not e.index and e.name in self.index:
            return self.scope.backend.constant(float(self.index[e.name]))
        at = tuple(self.integer(a) for a in e.at)
        if any(isinstance(i, Ref) and i.name == ":" for i in e.index):
            return self.sliced(self.looked_up(e.name, at), e)
        index = tuple(self.integer(i) for i in e.index)
        if e.name in self.scope.definitions:
            return self.defined(e.name, at, index)
        return self.oriented(self.looked_up(e.name, at), index, e)

    def looked_up(self, name: str, at: Position) -> Array:
        """The raw value of a name; where vectors are rows, weights are stored the other way round."""
        raw = self.scope.lookup(name, at)
        return raw.T if self.scope.row_vectors and len(raw.shape) == 2 else raw

    def sliced(self, raw: Array, e: Ref) -> Array:
        """A row or column of a matrix as a vector, `W[k, :]`."""
        if len(e.index) != len(raw.shape):
            raise ShapeError(f"{len(e.index)} subscript(s) for an array with {len(raw.shape)} component axes", e.span)
        picks: list[Any] = []
        for i, n in zip(e.index, raw.shape, strict=True):
            if isinstance(i, Ref) and i.name == ":":
                picks.append(slice(None))
                continue
            k = self.integer(i)
            if not 1 <= k <= n:
                raise OutOfRangeError(f"component {k} is out of range")
            picks.append(k - 1)
        return self.oriented(raw[tuple(picks)], (), e)

    def oriented(self, raw: Array, index: Position, e: Expr) -> Array:
        """A raw array as scalar, column or matrix, or the component of it that is asked for."""
        if index:
            if len(index) != len(raw.shape):
                raise ShapeError(
                    f"{len(index)} subscript(s) for {len(raw.shape)} component axes"
                    if raw.shape
                    else "a scalar has none",
                    e.span,
                )
            if any(not 1 <= i <= n for i, n in zip(index, raw.shape, strict=True)):
                if isinstance(e, Ref) and e.name in self.scope.zero_outside:
                    return self.scope.backend.constant(0.0)
                raise OutOfRangeError(f"component {', '.join(map(str, index))} is out of range")
            return raw[tuple(i - 1 for i in index)]
        if len(raw.shape) == 1:
            return raw.reshape(1, -1) if self.scope.row_vectors else raw.reshape(-1, 1)
        if len(raw.shape) > 2:
            raise ShapeError(f"this array with {len(raw.shape)} axes needs its subscripts", e.span)
        return raw

    # -- arithmetic -------------------------------------------------------------------------------------------------

    def sum(self, e: Add) -> Array:
        """A sum of terms."""
        terms = sorted(e.terms, key=lambda t: spread(t.body if isinstance(t, Neg) else t) is not None)
        total = self.value(terms[0])
        for term in terms[1:]:
            if (found := beside(total, term, self.value)) is not None:
                total = total + found
            elif isinstance(term, Neg):
                total = arrays.add(
                    total, arrays.multiply(self.scope.backend.constant(-1.0), self.value(term.body), "star")
                )
            else:
                total = arrays.add(total, self.value(term))
        return total

    def product(self, e: Mul) -> Array:
        """A product; a bracket that does not hold makes it 0 even where its other factors do not exist (Iverson)."""
        try:
            return self.two_factors(e)
        except OutOfRangeError:
            if any(isinstance(f, Indicator) and not self.holds(f.condition) for f in _factors(e)):
                return self.scope.backend.constant(0.0)
            raise

    def two_factors(self, e: Mul) -> Array:
        """The product of what stands left and right."""
        left = self.value(e.left)
        if e.kind == "elementwise" and (found := beside(left, e.right, self.value)) is not None:
            return left * found
        right = self.value(e.right)
        if e.kind == "elementwise" and (found := beside(right, e.left, self.value)) is not None:
            return found * right
        return arrays.multiply(left, right, e.kind, inner=self.scope.inner_dot)

    def transpose(self, e: Transpose) -> Array:
        """A transpose; `(0, 1, 0)^T` is how a column is written in a line."""
        value = self.value(e.body)
        return value if isinstance(e.body, Vector) else arrays.transpose(value)

    def call(self, e: Call) -> Array:
        """A function call."""
        from notation.functions import apply_function

        if e.function == "columns":
            return self.beside(e.args)

        if (own := self.scope.functions.get(e.function + "'" * e.order)) is not None:
            args = [self.scalar(a) for a in e.args]
            if any(isinstance(a, Special) for a in args):
                raise ShapeError(f"the size of what {e.function} is applied to is not known", e.span)
            if len(args) != 1 and e.function + "'" in self.scope.functions:
                raise EvaluationError(f"{e.function} takes one argument, and {len(args)} are given")
            return own(*args)
        return apply_function(e, [self.value(a) for a in e.args], self.elementwise, self.scope.backend)

    def beside(self, parts: tuple[Expr, ...]) -> Array:
        """Columns beside each other: `[v_0 v_1 ... v_k]`."""
        columns: list[Array] = []
        for part in parts:
            if isinstance(part, Reduce) and part.operation == "stack":
                low, high = self.bounds(part)
                if high - low > MAX_RANGE:
                    raise EvaluationError(f"a range of {high - low} steps is too long")
                for k in range(low, high + 1):
                    inner = Evaluator(self.scope.at(**{**self.index, part.variable: k}))
                    columns.append(self.as_column(inner.value(part.body), part.body))
            else:
                columns.append(self.column(part))
        return blocks.beside(columns, self.scope.backend)

    def column(self, block: Expr) -> Array:
        """A block as a column."""
        return self.as_column(self.value(block), block)

    def as_column(self, value: Array, block: Expr) -> Array:
        """A value as a column."""
        try:
            return blocks.as_column(value)
        except ShapeError as problem:
            raise ShapeError(problem.message, block.span) from None

    def under_each_other(self, parts: tuple[Expr, ...]) -> Array:
        """Written-out entries under each other: a column where they are numbers and columns."""
        values = [self.value(x) for x in parts]
        if self.scope.side_by_side and len(parts) > 1 and all(_is_column(v) for v in values):
            return self.beside(parts)
        if self.scope.side_by_side and len(parts) > 1 and all(_is_row(v) for v in values):
            return self.scope.backend.stack(values)
        return blocks.under_each_other(values, self.scope.backend)

    def matrix(self, e: Matrix) -> Array:
        """A written-out matrix, by its entries or by blocks."""

        def entry(x: Expr) -> Array:  # 0 is a block of zeros where blocks stand beside it
            return Special("zero") if isinstance(x, Num) and x.value == 0 else self.value(x)

        return blocks.in_blocks([[entry(x) for x in row] for row in e.rows], self.scope.backend)

    def component(self, e: Component) -> Array:
        """A component of an expression."""
        index = tuple(self.integer(i) for i in e.index)
        if isinstance(e.body, Ref) and e.body.name in self.scope.definitions:
            return self.defined(e.body.name, tuple(self.integer(a) for a in e.body.at), index)
        return self.picked(self.value(e.body), index, e)

    def picked(self, value: Array, index: Position, e: Expr) -> Array:
        """A component of a computed value."""
        if arrays.is_zero(value):
            return self.scope.backend.constant(0.0)
        if isinstance(value, Special):
            if value.kind == "identity" and len(index) == 2:
                return self.scope.backend.constant(float(index[0] == index[1]) * float(value.factor))
            raise ShapeError("this has no components", e.span)
        shape = tuple(value.shape)
        if shape == () and index:
            raise ShapeError("a scalar has no components", e.span)
        if len(index) == 1 and 1 in shape:
            value, shape = value.reshape(-1), (max(shape),)
        if len(index) != len(shape):
            raise ShapeError(f"{len(index)} subscript(s) for {arrays.describe(tuple(value.shape))}", e.span)
        if any(not 1 <= i <= n for i, n in zip(index, shape, strict=True)):
            raise OutOfRangeError(f"component {', '.join(map(str, index))} is out of range")
        return value[tuple(i - 1 for i in index)]

    def block(self, e: Block) -> Array:
        """A block of a declared matrix."""
        if self.scope.blocks is None or not isinstance(e.body, (Ref, Partial)):
            raise EvaluationError("only a declared matrix has blocks")
        name = e.body.name if isinstance(e.body, Ref) else e.body.wrt.name if isinstance(e.body.wrt, Ref) else ""
        sizes = self.scope.blocks(name, e.axis)
        start = sum(sizes[: e.number])
        value = self.value(e.body)
        part = slice(start, start + sizes[e.number])
        return value[part] if e.axis == 0 else value[:, part]

    # -- sums, cases, conditions
    # ----------------------------------------------------------------------------------------

    def reduce(self, e: Reduce) -> Array:
        """A sum or product over a range."""
        low, high = self.bounds(e)
        if self.scope.descending and e.operation == "product":  # from k = 3 down to j + 1
            low, high = high, low
        if high - low > MAX_RANGE:
            raise EvaluationError(f"a range of {high - low} steps is too long")
        saved = self.index.get(e.variable)
        total: Array | None = None
        stacked: list[Array] = []
        try:
            for k in range(low, high + 1):
                self.index[e.variable] = k
                if e.condition is not None and not self.holds(e.condition):
                    continue
                term = self.value(e.body)
                if e.operation == "stack":
                    stacked.append(self.as_column(term, e.body))
                    continue
                if total is None:
                    total = term
                elif e.operation == "sum":
                    total = arrays.add(total, term)
                elif self.scope.ascending:
                    total = arrays.multiply(total, term, "juxtaposed")
                else:  # the later step stands on the left
                    total = arrays.multiply(term, total, "juxtaposed")
        finally:
            if saved is None:
                self.index.pop(e.variable, None)
            else:
                self.index[e.variable] = saved
        if stacked and self.scope.side_by_side and all(_is_column(c) for c in stacked):
            return blocks.beside(stacked, self.scope.backend)
        if stacked:
            return self.scope.backend.stack(stacked)
        if total is None:
            return self.scope.backend.constant(0.0 if e.operation == "sum" else 1.0)
        return total

    def bounds(self, e: Reduce) -> tuple[int, int]:
        """The inclusive range of a sum; without limits it is the whole range of what the variable indexes."""
        default = None if e.low is not None and e.high is not None else self.natural(e)
        low = self.integer(e.low) if e.low is not None else default[0] if default else 1
        if e.high is not None:
            return low, self.integer(e.high)
        if default is None:
            raise EvaluationError(f"the range of {e.variable} is not known: give it bounds")
        return low, default[1]

    def cases(self, e: Cases) -> Array:
        """The first branch whose condition holds."""
        for branch, condition in e.branches:
            if condition is None or self.holds(condition):
                return self.value(branch)
        raise NoCaseError("no case applies here: add 'otherwise'")

    def holds(self, e: Expr) -> bool:
        """Whether a condition holds."""
        if isinstance(e, All):
            return all(self.holds(c) for c in e.conditions)
        if isinstance(e, Compare):
            sides = [s if _is_range(s) else self.scalar(s) for s in e.sides]
            return all(self._relates(a, r, b, e) for a, r, b in zip(sides, e.relations, sides[1:], strict=False))
        value = self.scalar(e)
        if isinstance(value, Special) or tuple(value.shape) != ():
            raise ShapeError("a condition must be a number", e.span)
        return bool(float(value) != 0.0)

    def _relates(self, a: Array, relation: str, b: Array, e: Compare) -> bool:
        if relation == "in" and isinstance(b, Call):
            return any(float(a) == float(self.value(x)) for x in b.args)
        if relation == "in":
            if not isinstance(b, Vector) or len(b.entries) != 2:
                raise EvaluationError("a range is written [low, high]")
            low, high = (float(self.value(x)) for x in b.entries)
            return low <= float(a) <= high
        for side in (a, b):
            if isinstance(side, (Special, Vector, Call)) or tuple(side.shape) != ():
                raise ShapeError("only numbers can be compared", e.span)
        x, y = float(a), float(b)
        return {"=": x == y, "!=": x != y, "<": x < y, "<=": x <= y, ">": x > y, ">=": x >= y}[relation]

    # -- derivatives
    # ----------------------------------------------------------------------------------------------------

    def derivative(self, e: Partial) -> Array:
        """A derivative that the scope knows."""
        if self.scope.partial is None:
            raise EvaluationError("no derivative is known here")
        of, wrt = e.of, e.wrt
        if not isinstance(of, Ref) or not isinstance(wrt, Ref):
            raise EvaluationError(
                "the derivative of a longer expression is not known: name it, or carry the derivative out"
            )
        of_at = tuple(self.integer(a) for a in of.at)
        wrt_at = tuple(self.integer(a) for a in wrt.at)
        if e.signal and self.scope.slope is not None:  # by what the activation is applied to
            name, slope = self.scope.slope(wrt.name, wrt_at)
            raw = self.scope.partial(of.name, of_at, name, wrt_at, e.kind) * slope
        else:
            raw = self.scope.partial(of.name, of_at, wrt.name, wrt_at, e.kind)
        if self.scope.row_vectors and len(raw.shape) == 2:
            raw = raw.T
        index = tuple(self.integer(i) for i in (*of.index, *wrt.index))
        if index and len(index) == len(raw.shape):
            return self.oriented(raw, index, e)
        if index:
            raise EvaluationError("this derivative mixes whole vectors with components")
        if len(raw.shape) == 3 and of.name not in self.scope.scalars:  # a vector by a matrix, its entries in a row
            raw = raw.reshape(raw.shape[0], -1)
        value = self.oriented(raw, (), e)
        gradient = of.name in self.scope.scalars
        if gradient and self.scope.adjoint_rows and value.shape[-1:] == (1,):
            return arrays.transpose(value)
        return arrays.transpose(value) if self.scope.jacobians_transposed and not gradient else value


def _is_column(value: Array) -> bool:
    """Whether a value is a column with more than one entry."""
    return not isinstance(value, Special) and len(value.shape) == 2 and value.shape[0] > 1


def _is_row(value: Array) -> bool:
    """Whether a value is a row with more than one entry."""
    return not isinstance(value, Special) and len(value.shape) == 2 and value.shape[0] == 1 and value.shape[1] > 1


def _factors(e: Expr) -> list[Expr]:
    """The factors of a product."""
    return [*_factors(e.left), *_factors(e.right)] if isinstance(e, Mul) else [e]


def _is_range(e: Expr) -> bool:
    """Whether a side of a relation is a range or a set of numbers rather than a value."""
    return isinstance(e, Vector) or (isinstance(e, Call) and e.function == "set")
