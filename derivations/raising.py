"""From index form back to matrix form: `sum_j U[j,k] d[j]` prints as `U^T d`, `a[i] b[j]` as an outer product.

Matrix form is presentation. A term that has none keeps its index form, and the caller says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import sympy as sp

from derivations.factoring import factored
from derivations.terms import ADJOINT, S, Term
from derivations.trees import ToTree, ordered
from notation.tree import (
    Add,
    Block,
    Call,
    Component,
    Concat,
    Div,
    Expr,
    Indicator,
    Mul,
    Neg,
    Num,
    Ones,
    Partial,
    Pow,
    Reduce,
    Ref,
    Transpose,
    add,
    number,
    rebuild,
    walk,
)


class MatrixFormError(Exception):
    """A term that cannot be written with matrix products."""


@dataclass
class _Network:
    """The factors of a term, sorted by the component indices they carry."""

    scalars: list[Expr] = field(default_factory=list)
    vectors: dict[S, list[Expr]] = field(default_factory=dict)
    matrices: list[tuple[Expr, S, S]] = field(default_factory=list)

    def pair(self) -> None:
        """Matrices that carry the same two indices are multiplied elementwise."""
        found: dict[frozenset[S], tuple[Expr, S, S]] = {}
        for matrix, row, col in self.matrices:
            key = frozenset((row, col))
            if key in found:
                other, r, c = found[key]
                found[key] = (Mul(other, matrix if (row, col) == (r, c) else flipped(matrix), "elementwise"), r, c)
            else:
                found[key] = (matrix, row, col)
        self.matrices = list(found.values())


class Raising:
    """Turns terms into matrix expressions; `axes` tells which bound variables are sequence variables."""

    def __init__(self, to_tree: ToTree, sequences: Sequence[str]) -> None:
        self.to_tree = to_tree
        self.sequences = set(sequences)
        self.bare = 0

    def is_step(self, variable: S, body: S) -> bool:
        """Whether an index variable runs over a sequence rather than components."""
        component = False
        for a in body.atoms(sp.Indexed):
            steps = self.to_tree.axes(str(a.base).removeprefix(ADJOINT).split("|")[0])
            if any(variable in position.free_symbols for position in a.indices[:steps]):
                return True
            component |= any(variable in position.free_symbols for position in a.indices[steps:])
        return not component and str(variable).split("#")[0] in self.sequences

    def terms(self, terms: Sequence[Term], target: tuple[S, ...]) -> Expr:
        """The matrix form of a sum of terms with the given free component indices.

        Raises `MatrixFormError` if a term has none.
        """
        self.bare = 0
        raised = [e for t in factored(terms, self.to_tree.axes) for e in self.parts(t, target)]
        if raised and self.bare == len(raised):
            raise MatrixFormError("a free matrix index")  # nothing here has the shape of the whole
        raised.sort(key=lambda e: (isinstance(e, Neg), lateness(e)))
        return add(*raised)

    def parts(self, term: Term, target: tuple[S, ...]) -> list[Expr]:
        """The matrix form of one term, or of its parts where a bracket in it has none."""
        try:
            return [self.term(term, target)]
        except MatrixFormError:
            parts = sp.Add.make_args(sp.expand(term.body))
            if len(parts) == 1:
                raise
            return [self.term(Term(part, term.bound, term.conditions), target) for part in parts]

    def term(self, term: Term, target: tuple[S, ...]) -> Expr:
        """The matrix form of one term."""
        steps = [b for b in term.bound if self.is_step(b.variable, term.body)]
        inner = [b.variable for b in term.bound if b not in steps]
        net = _Network()
        diagonal = False
        for condition in term.conditions:
            indices = [s for s in condition.free_symbols if s in target or s in inner]
            if indices:
                if isinstance(condition, sp.Eq) and len(target) == 2 and set(indices) == set(target):
                    diagonal = True
                    continue
                raise MatrixFormError(str(condition))
            if not isinstance(condition, sp.Eq):  # a step that need not exist
                raise MatrixFormError(str(condition))
            net.scalars.append(Indicator(self.to_tree.scalar(condition)))
        coefficient, rest = term.body.as_coeff_Mul()
        negative = bool(coefficient.is_negative)
        if abs(coefficient) != 1:
            net.scalars.insert(0, self.to_tree.scalar(abs(coefficient)))
        for f in ordered(sp.Mul.make_args(rest)):
            if f != 1:
                self.place(f, [*target, *inner], net)
        while inner:
            net.pair()
            variable = min(inner, key=lambda v: (sum(v in m[1:] for m in net.matrices), str(v)))
            inner.remove(variable)
            self.eliminate(variable, net)
        net.pair()
        value = self.assembled(net, target, diagonal)
        for b in reversed(steps):
            letter = self.step_letter(b.variable, value)
            value = _renamed_variable(value, str(b.variable), letter)
            value = Reduce("sum", letter, self.to_tree.scalar(b.low), self.to_tree.scalar(b.high), None, value)
        return Neg(value) if negative else value

    def step_letter(self, variable: S, value: Expr) -> str:
        """A letter for a summed step that no other name in the term has."""
        own = str(variable).split("#")[0]
        used = {n.name for n in walk(value) if isinstance(n, Ref)} | {
            n.variable for n in walk(value) if isinstance(n, Reduce)
        }
        return own if own.isalpha() and own not in used else next(c for c in "jirsuv" if c not in used)

    def place(self, f: S, indices: list[S], net: _Network) -> None:
        """Sort one factor by the component indices it carries."""
        used = [v for v in indices if v in f.free_symbols]
        for a in f.atoms(sp.Indexed):
            steps = self.to_tree.axes(str(a.base).removeprefix(ADJOINT).split("|")[0])
            if any(v in position.free_symbols for position in a.indices[:steps] for v in used):
                raise MatrixFormError(f"a component as a step: {a}")
            if any(i not in indices for i in a.indices[steps:]):
                raise MatrixFormError(f"one component of an array: {a}")
        tree = self.to_tree.scalar(f)
        if not used:
            net.scalars.append(tree)
        elif len(used) == 1:
            net.vectors.setdefault(used[0], []).append(whole(tree, str(used[0])))
        elif len(used) == 2:
            pairs = [a.indices[-2:] for a in f.atoms(sp.Indexed) if set(used) <= a.free_symbols]
            if not pairs or set(pairs[0]) != set(used):
                raise MatrixFormError(str(f))
            row, col = pairs[0]
            net.matrices.append((whole_matrix(tree, str(row), str(col)), row, col))
        else:
            raise MatrixFormError(str(f))

    def eliminate(self, variable: S, net: _Network) -> None:
        """Carry out the sum over one index."""
        vectors = net.vectors.pop(variable, [])
        touching = [m for m in net.matrices if variable in m[1:]]
        net.matrices = [m for m in net.matrices if variable not in m[1:]]
        vector = elementwise(vectors) if vectors else None
        if not touching:
            if len(vectors) >= 2:
                left, right = vectors[0], elementwise(vectors[1:])
                net.scalars.append(Mul(Transpose(left), right))
            elif vector is not None:
                net.scalars.append(Call("sum", (vector,)))
            return
        if len(touching) == 1:
            matrix, row, col = touching[0]
            vector = vector or Ones()  # the sums of the rows or columns
            if row == variable:
                net.vectors.setdefault(col, []).append(Mul(flipped(matrix), vector))
            else:
                net.vectors.setdefault(row, []).append(Mul(matrix, vector))
            return
        if len(touching) == 2:
            first, second = touching
            a, a_other = (first[0], first[1]) if first[2] == variable else (flipped(first[0]), first[2])
            b, b_other = (second[0], second[2]) if second[1] == variable else (flipped(second[0]), second[1])
            middle = Mul(a, Call("diag", (vector,))) if vector is not None else a
            net.matrices.append((Mul(middle, b), a_other, b_other))
            return
        raise MatrixFormError("three matrices share an index")

    def assembled(self, net: _Network, target: tuple[S, ...], diagonal: bool) -> Expr:
        """The value from what is left after all sums."""
        if len(target) == 0:
            return _product(net.scalars)
        if len(target) == 1:
            vectors = net.vectors.get(target[0], [])
            if net.matrices or not (vectors or net.scalars):
                raise MatrixFormError("a free matrix index")
            self.bare += not vectors  # the same number for every component
            return _scaled(net.scalars, elementwise(vectors) if vectors else Ones())
        row, col = target
        left, right = net.vectors.get(row, []), net.vectors.get(col, [])
        if diagonal:
            return _scaled(net.scalars, Call("diag", (elementwise([*left, *right]),)) if left or right else Ref("I"))
        if not net.matrices:
            if not left or not right:
                raise MatrixFormError("a free matrix index")
            return _scaled(net.scalars, Mul(elementwise(left), transposed(elementwise(right))))
        if len(net.matrices) > 1:
            raise MatrixFormError("an elementwise product of matrices")
        matrix, r, c = net.matrices[0]
        value = matrix if (r, c) == (row, col) else flipped(matrix)
        if left:
            value = Mul(Call("diag", (elementwise(left),)), value)
        if right:
            value = Mul(value, Call("diag", (elementwise(right),)))
        return _scaled(net.scalars, value)


def whole(tree: Expr, index: str) -> Expr:
    """A factor over one component index as a vector expression: `1 - tanh(C[t,k])^2` is `1 - tanh(C_t)^2`."""
    if isinstance(tree, (Ref, Component, Partial)):
        return _without_components(tree)
    if isinstance(tree, Mul):
        left, right = whole(tree.left, index), whole(tree.right, index)
        both = carries(tree.left, index) and carries(tree.right, index)
        return Mul(left, right, "elementwise" if both else "juxtaposed")
    if isinstance(tree, (Add, Neg, Pow, Call, Div)):
        return rebuild(tree, lambda c: whole(c, index))
    if isinstance(tree, Num):
        return tree
    raise MatrixFormError(type(tree).__name__)


def whole_matrix(tree: Expr, row: str, col: str) -> Expr:
    """A factor over two component indices as a matrix expression: `1 - H[i,k]^2` is `1 - H ⊙ H`."""
    if isinstance(tree, (Ref, Component, Partial)):
        inner = tree.wrt if isinstance(tree, Partial) else tree
        names = [i.name for i in getattr(inner, "index", ()) if isinstance(i, Ref)]
        if names[-2:] not in ([row, col], [col, row]):
            raise MatrixFormError("a vector among matrices")
        value = _without_components(tree)
        return value if names[-2:] == [row, col] else flipped(value)
    if isinstance(tree, Pow) and isinstance(tree.exponent, Num) and tree.exponent.value in (2, 3):
        base = whole_matrix(tree.base, row, col)
        return elementwise([base] * int(tree.exponent.value))
    if isinstance(tree, Mul):
        left, right = whole_matrix(tree.left, row, col), whole_matrix(tree.right, row, col)
        plain = isinstance(tree.left, Num) or isinstance(tree.right, Num)
        return Mul(left, right, "juxtaposed" if plain else "elementwise")
    if isinstance(tree, (Add, Neg, Call)):
        return rebuild(tree, lambda c: whole_matrix(c, row, col))
    if isinstance(tree, Num):
        return tree
    raise MatrixFormError(type(tree).__name__)


def carries(tree: Expr, index: str) -> bool:
    """Whether a component index occurs in a tree."""
    return any(isinstance(n, Ref) and n.name == index for n in walk(tree))


def _without_components(tree: Expr) -> Expr:
    if isinstance(tree, Partial):
        return replace(tree, wrt=_without_components(tree.wrt))
    if isinstance(tree, Component):
        return _without_components(tree.body)
    if isinstance(tree, Block):
        return replace(tree, body=_without_components(tree.body))
    if isinstance(tree, Ref):
        return replace(tree, index=())
    raise MatrixFormError(type(tree).__name__)


def elementwise(vectors: list[Expr]) -> Expr:
    """The elementwise product of vectors."""
    out = vectors[0]
    for v in vectors[1:]:
        out = Mul(out, v, "elementwise")
    return out


def transposed(vector: Expr) -> Expr:
    """A column as a row: that of `U^T d` is `d^T U`."""
    if isinstance(vector, Mul) and vector.kind == "juxtaposed" and isinstance(vector.left, Transpose):
        return Mul(transposed(vector.right), vector.left.body)
    return Transpose(vector)


def flipped(matrix: Expr) -> Expr:
    """The transpose of a matrix, carried out: that of `A^T B` is `B^T A`."""
    if isinstance(matrix, Transpose):
        return matrix.body
    if isinstance(matrix, Mul) and matrix.kind == "juxtaposed":
        return Mul(flipped(matrix.right), flipped(matrix.left))
    if isinstance(matrix, Call) and matrix.function == "diag":
        return matrix
    return Transpose(matrix)


def _product(factors: list[Expr]) -> Expr:
    out: Expr = factors[0] if factors else number(1)
    for f in factors[1:]:
        out = Mul(out, f)
    return out


def _scaled(scalars: list[Expr], value: Expr) -> Expr:
    return Mul(_product(scalars), value) if scalars else value


def lateness(e: Expr) -> int:
    """Terms of the same step come before terms of the next one."""
    return max(
        (
            1
            for n in walk(e)
            if isinstance(n, Ref) and any(isinstance(a, Add) and not isinstance(a.terms[-1], Neg) for a in n.at)
        ),
        default=0,
    )


def _renamed_variable(e: Expr, old: str, new: str) -> Expr:
    if isinstance(e, Ref) and e.name == old:
        return replace(e, name=new)
    return rebuild(e, lambda c: _renamed_variable(c, old, new))


def joined(blocks: Sequence[Expr]) -> Expr:
    """The gradient of a matrix with blocks of columns: `[a h^T, a x^T]` is `a [h, x]^T` where the left factors
    agree."""
    shells, cores = zip(*(_unwrapped(b) for b in blocks), strict=True)
    if all(s == shells[0] for s in shells) and all(
        isinstance(c, Mul) and isinstance(c.right, Transpose) for c in cores
    ):
        lefts = {c.left for c in cores}
        if len(lefts) == 1:
            stacked = Mul(cores[0].left, Transpose(Concat(tuple(c.right.body for c in cores))))
            return _rewrapped(shells[0], stacked)
    return Transpose(Concat(tuple(Transpose(b) for b in blocks)))


def _unwrapped(e: Expr) -> tuple[tuple[object, ...], Expr]:
    if isinstance(e, Reduce):
        return ("sum", e.variable, e.low, e.high), e.body
    return (), e


def _rewrapped(shell: tuple[object, ...], body: Expr) -> Expr:
    if not shell:
        return body
    _, variable, low, high = shell
    return Reduce("sum", str(variable), low, high, None, body)  # type: ignore[arg-type]
