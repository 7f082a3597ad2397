"""Index form: a formula over vectors and matrices as a scalar formula with free component indices.

`lower` turns a tree into a `Field`: its symbolic dimensions and a function from component indices to the scalar entry.
A dimension made of blocks (n+d) is indexed by block, so a concatenation needs no case distinction.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Iterator
from dataclasses import replace

from notation.errors import EvaluationError, ShapeError
from notation.fields import (
    ELEMENTWISE,
    Entry,
    Field,
    Index,
    _is_identity,
    _pair,
    delta,
    entry_of,
    field_of,
    renamed,
    same,
)
from notation.spreading import spread
from notation.tree import (
    Add,
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
    number,
)
from notation.vocabulary import Dim, Shape

ShapeOf = Callable[[str], Shape]


class Lowering:
    """Turns trees into fields; `shape_of` gives the declared shape of a name, `functions` the elementwise ones known by
    name only."""

    def __init__(self, shape_of: ShapeOf, functions: Collection[str] = (), prefix: str = "j") -> None:
        self.shape_of = shape_of
        self.elementwise = ELEMENTWISE | set(functions)
        self.counter: Iterator[int] = itertools.count(1)
        self.prefix = prefix

    def fresh(self) -> str:
        """A bound variable that no text can contain, so that nothing is captured."""
        return f"{self.prefix}#{next(self.counter)}"

    def lower(self, e: Expr) -> Field:
        """The field of a tree; raises `ShapeError` where symbolic shapes do not fit."""
        method = getattr(self, f"_{type(e).__name__.lower()}", None)
        if method is None:
            raise EvaluationError(f"{type(e).__name__} has no index form")
        try:
            result: Field = method(e)
        except ShapeError as problem:
            if problem.span == (0, 0):
                problem.span = e.span
            raise
        return result

    def scalar(self, e: Expr) -> Expr:
        """The index form of a tree that must be a scalar."""
        field = self.lower(e)
        if field.kind != "scalar":
            raise ShapeError("a number is needed here", e.span)
        return field.entry(None, None)

    # -- leaves -----------------------------------------------------------------------------------------------------

    def _num(self, e: Num) -> Field:
        return Field(None, None, lambda i, j: e)

    def _ones(self, e: Ones) -> Field:
        return Field(None, None, lambda i, j: number(1))

    def _ref(self, e: Ref) -> Field:
        shape = self.shape_of(e.name)
        plain = replace(e, index=())
        if e.index:
            if len(e.index) != len(shape):
                raise ShapeError(f"{e.name} has {len(shape)} component axes, not {len(e.index)}", e.span)
            return Field(None, None, lambda i, j: e)
        return field_of(plain, shape, lambda index: entry_of(plain, shape, index))

    def _partial(self, e: Partial) -> Field:
        if not isinstance(e.of, Ref) or not isinstance(e.wrt, Ref):
            raise EvaluationError("the derivative of an expression has no index form")
        wrt, of = e.wrt, e.of
        dims = (*(() if of.index else self.shape_of(of.name)), *(() if wrt.index else self.shape_of(wrt.name)))
        split = 0 if of.index else len(self.shape_of(of.name))

        def at(index: tuple[Index, ...]) -> Expr:
            first, second = index[:split], index[split:]
            of_e = of if of.index else entry_of(of, self.shape_of(of.name), first)
            wrt_e = wrt if wrt.index else entry_of(wrt, self.shape_of(wrt.name), second)
            return Partial(of_e, wrt_e, e.kind)

        return field_of(e, dims, at)

    # -- arithmetic -------------------------------------------------------------------------------------------------

    def _neg(self, e: Neg) -> Field:
        body = self.lower(e.body)
        return replace(body, entry=lambda i, j: Neg(body.entry(i, j)))

    def _add(self, e: Add) -> Field:
        plain = [t for t in e.terms if spread(t.body if isinstance(t, Neg) else t) is None]
        if plain and len(plain) < len(e.terms):
            matrix = self.lower(plain[0] if len(plain) == 1 else Add(tuple(plain)))
            if matrix.kind == "matrix":
                return self.with_repeated(matrix, [t for t in e.terms if t not in plain])
        parts = [self.lower(t) if not _is_identity(t) else None for t in e.terms]
        known = [p for p in parts if p is not None and p.kind != "scalar"]
        if not known and any(p is None for p in parts):
            raise ShapeError("the size of this identity matrix is not known")
        lead = known[0] if known else parts[0]
        assert lead is not None
        for p in known:
            if not (same(p.rows, lead.rows) and same(p.cols, lead.cols)):
                raise ShapeError(f"a {p.kind} and a {lead.kind} of other size cannot be added")
        full = [p if p is not None else self._eye(lead.rows, t) for p, t in zip(parts, e.terms, strict=True)]

        def entry(i: Index | None, j: Index | None) -> Expr:
            return Add(tuple(p.entry(i, j) for p in full))

        return Field(lead.rows, lead.cols, entry)

    def with_repeated(self, lead: Field, terms: list[Expr]) -> Field:
        """A matrix and terms that repeat a vector to its shape, such as `1 b^T`."""
        entries = [lead.entry]
        for t in terms:
            body = t.body if isinstance(t, Neg) else t
            vector = spread(body)
            assert vector is not None
            field = self.lower(vector)
            across = isinstance(body, Mul) and body.right is vector  # 1 b^T: the same in every row
            kind, fits = ("row", same(field.cols, lead.cols)) if across else ("column", same(field.rows, lead.rows))
            if field.kind != kind or not fits:
                raise ShapeError(f"a {field.kind} cannot be repeated to this matrix", t.span)
            entries.append(_repeating(field.entry, across=across, negative=isinstance(t, Neg)))
        return Field(lead.rows, lead.cols, lambda i, j: Add(tuple(entry(i, j) for entry in entries)))

    def _eye(self, dim: Dim | None, e: Expr) -> Field:
        sign = isinstance(e, Neg)

        def entry(i: Index | None, j: Index | None) -> Expr:
            one = delta(i, j)
            return Neg(one) if sign else one

        return Field(dim, dim, entry)

    def _div(self, e: Div) -> Field:
        top, bottom = self.lower(e.top), self.lower(e.bottom)
        if bottom.kind == "scalar":
            return replace(top, entry=lambda i, j: Div(top.entry(i, j), bottom.entry(None, None)))
        if top.kind == "scalar" or (same(top.rows, bottom.rows) and same(top.cols, bottom.cols)):
            return replace(bottom, entry=lambda i, j: Div(top.entry(i, j), bottom.entry(i, j)))
        raise ShapeError(f"a {top.kind} cannot be divided by a {bottom.kind} of other size")

    def _pow(self, e: Pow) -> Field:
        base = self.lower(e.base)
        exponent = self.scalar(e.exponent)
        if base.kind == "matrix":
            raise EvaluationError("powers of matrices have no index form here")
        return replace(base, entry=lambda i, j: Pow(base.entry(i, j), exponent))

    def _transpose(self, e: Transpose) -> Field:
        body = self.lower(e.body)
        return Field(body.cols, body.rows, lambda i, j: body.entry(j, i))

    def _mul(self, e: Mul) -> Field:
        if isinstance(e.left, Identity):
            return self.lower(e.right)
        if isinstance(e.right, Identity):
            return self.lower(e.left)
        a, b = self.lower(e.left), self.lower(e.right)
        if isinstance(e.right, Ones) and a.kind == "matrix":  # A 1 sums the rows
            return Field(a.rows, None, lambda i, j: self.sum_over(a.cols, lambda k: a.entry(i, k)))
        if isinstance(e.left, Transpose) and isinstance(e.left.body, Ones) and b.kind == "matrix":
            return Field(None, b.cols, lambda i, j: self.sum_over(b.rows, lambda k: b.entry(k, j)))
        if a.kind == "scalar":
            return replace(b, entry=lambda i, j: Mul(a.entry(None, None), b.entry(i, j)))
        if b.kind == "scalar":
            return replace(a, entry=lambda i, j: Mul(a.entry(i, j), b.entry(None, None)))
        equal = same(a.rows, b.rows) and same(a.cols, b.cols)
        vectors = equal and a.kind in {"column", "row"}
        if e.kind == "outer" and a.kind == "column":
            cols = b.rows if b.kind == "column" else b.cols
            return Field(
                a.rows,
                cols,
                lambda i, j: Mul(a.entry(i, None), b.entry(j, None) if b.kind == "column" else b.entry(None, j)),
            )
        if e.kind == "matrix" and vectors:
            return self.contract(a.rows if a.kind == "column" else a.cols, lambda k: _pair(a, b, k))
        if e.kind == "elementwise" or vectors:
            if equal:
                return replace(a, entry=lambda i, j: Mul(a.entry(i, j), b.entry(i, j)))
            if a.kind == "column" and b.kind == "matrix" and same(a.rows, b.rows):
                return replace(b, entry=lambda i, j: Mul(a.entry(i, None), b.entry(i, j)))
            if b.kind == "column" and a.kind == "matrix" and same(a.rows, b.rows):
                return replace(a, entry=lambda i, j: Mul(a.entry(i, j), b.entry(i, None)))
            raise ShapeError(f"⊙ needs two equal shapes, not a {a.kind} and a {b.kind}")
        if a.kind == "column" and b.kind == "row":
            return Field(a.rows, b.cols, lambda i, j: Mul(a.entry(i, None), b.entry(None, j)))
        if a.cols is not None and b.rows is not None and same(a.cols, b.rows):
            inner = a.cols

            def entry(i: Index | None, j: Index | None) -> Expr:
                return self.sum_over(inner, lambda k: Mul(a.entry(i, k), b.entry(k, j)))

            return Field(a.rows, b.cols, entry)
        if e.kind == "star" and equal:
            return replace(a, entry=lambda i, j: Mul(a.entry(i, j), b.entry(i, j)))
        raise ShapeError(f"a {a.kind} cannot be multiplied by this {b.kind}")

    def contract(self, dim: Dim | None, term: Callable[[Index], Expr]) -> Field:
        """The scalar that sums `term` over a dimension."""
        return Field(None, None, lambda i, j: self.sum_over(dim, term))

    def sum_over(self, dim: Dim | None, term: Callable[[Index], Expr]) -> Expr:
        """A sum over all blocks of a dimension, each with a fresh variable."""
        if dim is None:
            raise ShapeError("nothing to sum over")
        parts: list[Expr] = []
        for k, size in enumerate(dim):
            variable = self.fresh()
            parts.append(Reduce("sum", variable, number(1), size, None, term((k, Ref(variable)))))
        return parts[0] if len(parts) == 1 else Add(tuple(parts))

    # -- functions, brackets ------------------------------------------------------------------------------------------

    def _call(self, e: Call) -> Field:
        if e.function in self.elementwise and len(e.args) == 1:
            body = self.lower(e.args[0])
            return replace(body, entry=lambda i, j: Call(e.function, (body.entry(i, j),), e.order))
        if e.function == "softmax" and not e.order:
            body = self.lower(e.args[0])
            if body.kind == "scalar":
                raise ShapeError("softmax needs a vector")
            along = body.rows if body.kind == "column" else body.cols  # of a matrix, every row

            def at(i: Index | None, j: Index | None) -> Expr:
                total = self.sum_over(
                    along, lambda k: Call("exp", (body.entry(k, None) if j is None else body.entry(i, k),))
                )
                return Div(Call("exp", (body.entry(i, j),)), total)

            return replace(body, entry=at)
        if e.function == "diag":
            body = self.lower(e.args[0])
            if body.kind == "matrix":
                return Field(body.rows, None, lambda i, j: body.entry(i, i))
            dim = body.rows if body.kind == "column" else body.cols
            return Field(
                dim,
                dim,
                lambda i, j: Mul(delta(i, j), body.entry(i, None) if body.kind == "column" else body.entry(None, i)),
            )
        if e.function in {"inner", "sum"}:
            if e.function == "inner":
                a, b = self.lower(e.args[0]), self.lower(e.args[1])
                if (
                    a.kind != b.kind
                    or a.kind not in {"column", "row"}
                    or not (same(a.rows, b.rows) and same(a.cols, b.cols))
                ):
                    raise ShapeError("an inner product needs two vectors of one size")
                return self.contract(a.rows if a.kind == "column" else a.cols, lambda k: _pair(a, b, k))
            a = self.lower(e.args[0])
            if a.kind in {"column", "row"}:
                return self.contract(
                    a.rows or a.cols, lambda k: a.entry(k, None) if a.kind == "column" else a.entry(None, k)
                )
        if e.function == "norm":
            a = self.lower(e.args[0])
            if a.kind == "column":
                square = self.contract(a.rows, lambda k: Pow(a.entry(k, None), number(2)))
                return replace(square, entry=lambda i, j: Call("sqrt", (square.entry(i, j),)))
        if all(self.lower(a).kind == "scalar" for a in e.args):
            scalars = tuple(self.scalar(a) for a in e.args)
            return Field(None, None, lambda i, j: replace(e, args=scalars))
        raise EvaluationError(f"{e.function} has no index form here")

    def _concat(self, e: Concat) -> Field:
        parts = [self.lower(b) for b in e.blocks]
        if any(p.kind != "column" or p.rows is None for p in parts):
            raise ShapeError("only columns can be stacked")
        dim: Dim = tuple(size for p in parts for size in (p.rows or ()))
        owner = [(p, k) for p in parts for k in range(len(p.rows or ()))]

        def entry(i: Index | None, j: Index | None) -> Expr:
            assert i is not None
            part, block = owner[i[0]]
            return part.entry((block, i[1]), None)

        return Field(dim, None, entry)

    def _reduce(self, e: Reduce) -> Field:
        body = self.lower(e.body)
        variable = self.fresh()
        low, high = e.low or number(1), e.high
        if high is None:
            raise EvaluationError("a sum without bounds has no index form until its range is known")
        if e.operation == "stack":
            raise EvaluationError("a list over a range has no index form")
        if e.operation == "product" and body.kind != "scalar":
            raise EvaluationError("products of matrices over a range have no index form")

        def entry(i: Index | None, j: Index | None) -> Expr:
            inner = renamed(body.entry(i, j), e.variable, variable)
            condition = renamed(e.condition, e.variable, variable) if e.condition is not None else None
            return Reduce(e.operation, variable, low, high, condition, inner)

        return replace(body, entry=entry)

    def _component(self, e: Component) -> Field:
        body = self.lower(e.body)
        index: list[Index] = [(0, i) for i in e.index]
        if body.kind == "matrix" and len(index) == 2:
            return Field(None, None, lambda i, j: body.entry(index[0], index[1]))
        if body.kind == "column" and len(index) == 1:
            return Field(None, None, lambda i, j: body.entry(index[0], None))
        if body.kind == "row" and len(index) == 1:
            return Field(None, None, lambda i, j: body.entry(None, index[0]))
        raise ShapeError(f"{len(index)} subscript(s) for a {body.kind}")

    def _block(self, e: Block) -> Field:
        body = self.lower(e.body)
        dim = body.rows if e.axis == 0 else body.cols
        if dim is None or e.number >= len(dim):
            raise ShapeError("there is no such block")
        part: Dim = (dim[e.number],)

        def entry(i: Index | None, j: Index | None) -> Expr:
            if e.axis == 0 and i is not None:
                i = (e.number, i[1])
            if e.axis == 1 and j is not None:
                j = (e.number, j[1])
            return body.entry(i, j)

        return Field(part, body.cols, entry) if e.axis == 0 else Field(body.rows, part, entry)

    def _indicator(self, e: Indicator) -> Field:
        return Field(None, None, lambda i, j: e)

    def _compare(self, e: Compare) -> Field:
        return Field(None, None, lambda i, j: Indicator(e))

    def _cases(self, e: Cases) -> Field:
        branches = [(self.lower(b), c) for b, c in e.branches]
        lead = branches[0][0]
        return replace(lead, entry=lambda i, j: Cases(tuple((b.entry(i, j), c) for b, c in branches)))

    def _vector(self, e: Vector) -> Field:
        raise EvaluationError("written-out numbers have no index form")

    def _matrix(self, e: Matrix) -> Field:
        raise EvaluationError("a written-out matrix has no index form")

    def _identity(self, e: Identity) -> Field:
        raise ShapeError("the size of this identity matrix is not known")


def _repeating(entry: Entry, *, across: bool, negative: bool) -> Entry:
    """The entries of a vector that is repeated in every row (`across`) or column."""

    def at(i: Index | None, j: Index | None) -> Expr:
        value = entry(None, j) if across else entry(i, None)
        return Neg(value) if negative else value

    return at
