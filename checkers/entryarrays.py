"""Whole arrays in programs, `X[:, i:i+5:2] @ g`, `np.sum(W[0] * x[2*r:2*r+3].T)`, as sums over their entries.

Every expression becomes its axes and a way to write one of its entries; products, sums and slices only move letters.
Nothing is run.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

_SUMS = frozenset({"np.sum", "torch.sum", "numpy.sum", "sum"})
_DOTS = frozenset({"np.dot", "torch.dot", "np.matmul", "torch.matmul", "torch.mv", "np.inner", "numpy.dot"})
_OUTER = frozenset({"np.outer", "torch.outer"})
_MULTIPLY = frozenset({"np.multiply", "torch.mul"})
_EINSUM = frozenset({"np.einsum", "torch.einsum", "einsum"})
_TURNED = frozenset({"np.transpose", "torch.t"})
_SIGNS: Mapping[type[ast.operator], str] = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}
MAX_AXES = 6


class NoArrayError(Exception):
    """Something that is not read as an array here."""


@dataclass(frozen=True, slots=True)
class Axis:
    """One axis: how many entries it has, None where that is a matter of the array."""

    count: int | None = None


@dataclass(frozen=True)
class Entry:
    """An array by its entries: `at` writes the one at these indices, which count from 0."""

    axes: tuple[Axis, ...]
    at: Callable[[Sequence[str]], str]


@dataclass
class Arrays:
    """Reads expressions over arrays.

    `known` tells how a name is written and how many axes it has, None where it is no array. `given` are names that
    stand for something else, `g = dl/df`. `letters` are those of loops and indices; new ones are none of `taken`.
    """

    known: Callable[[str], tuple[str, int] | None]
    given: Mapping[str, str] = field(default_factory=dict)
    letters: set[str] = field(default_factory=set)
    taken: set[str] = field(default_factory=set)

    def fresh(self) -> str:
        """A letter that nothing uses yet."""
        for letter in "pqsuvmlj":
            if letter not in self.letters and letter not in self.taken:
                self.taken.add(letter)
                return letter
        raise NoArrayError

    def read(self, node: ast.expr) -> Entry:
        """The array that an expression stands for; raises `NoArrayError`."""
        match node:
            case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
                return Entry((), lambda index: str(value))
            case ast.Name(id=name):
                return self.named(name)
            case ast.Attribute(value=body, attr="T"):
                return turned(self.read(body))
            case ast.UnaryOp(op=ast.USub(), operand=body):
                inner = self.read(body)
                return Entry(inner.axes, lambda index: f"(-{inner.at(index)})")
            case ast.BinOp(left=left, op=ast.MatMult(), right=right):
                return self.product(self.read(left), self.read(right))
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _SIGNS:
                return joined(self.read(left), self.read(right), _SIGNS[type(op)])
            case ast.Subscript(value=body, slice=index):
                return self.part(self.read(body), index)
            case ast.Call():
                return self.call(node)
        raise NoArrayError

    def named(self, name: str) -> Entry:
        """A letter of a loop, or an array of the question."""
        if name in self.letters:
            return Entry((), lambda index: name)
        found = self.known(self.given.get(name, name))
        if found is None:
            raise NoArrayError
        shown, rank = found
        return Entry((Axis(),) * rank, lambda index: f"{shown}[{', '.join(index)}]" if index else shown)

    def part(self, whole: Entry, index: ast.expr) -> Entry:
        """`x[2*r:2*r+3]`, `W[0]`, `X[:, i:i+5:2]`; `x[:, None]` has a further axis with one entry."""
        places = list(index.elts) if isinstance(index, ast.Tuple) else [index]
        axes: list[Axis] = []
        writers: list[Callable[[list[str]], str] | None] = []  # None for a new axis
        source = iter(whole.axes)
        for place in places:
            if isinstance(place, ast.Constant) and place.value is None:
                axes.append(Axis(1))
                writers.append(None)
                continue
            axis = next(source, None)
            if axis is None:
                raise NoArrayError
            if isinstance(place, ast.Slice):
                kept, write = sliced(place, axis)
                axes.append(kept)
                writers.append(lambda left, write=write: write(left.pop(0)))  # type: ignore[misc]
            else:
                writers.append(lambda left, place=place: position(place))  # type: ignore[misc]
        for axis in source:
            axes.append(axis)
            writers.append(lambda left: left.pop(0))

        def at(given: Sequence[str]) -> str:
            left = list(given)
            out = []
            for write in writers:
                if write is None:
                    left.pop(0)
                else:
                    out.append(write(left))
            return whole.at(out)

        return Entry(tuple(axes), at)

    def call(self, node: ast.Call) -> Entry:
        """Sums and products of NumPy and torch."""
        name, args = ast.unparse(node.func), list(node.args)
        options = {k.arg: k.value for k in node.keywords}
        if isinstance(node.func, ast.Attribute) and node.func.attr in {"sum", "dot", "transpose", "t", "mul"}:
            owner = node.func.value
            if not (isinstance(owner, ast.Name) and owner.id in {"np", "torch", "numpy"}):
                args = [owner, *args]
                name = {"sum": "np.sum", "dot": "np.dot", "mul": "np.multiply"}.get(node.func.attr, "np.transpose")
        if name in _SUMS and args and isinstance(args[0], ast.GeneratorExp) and len(args) == 1:
            return self.generated(args[0])
        if name in _SUMS and 1 <= len(args) <= 2 and set(options) <= {"axis", "dim"}:
            chosen = args[1] if len(args) == 2 else next(iter(options.values()), None)
            return self.summed(self.read(args[0]), None if chosen is None else numbers(chosen))
        if options:
            raise NoArrayError
        if name in _DOTS and len(args) == 2:
            return self.product(self.read(args[0]), self.read(args[1]))
        if name in _MULTIPLY and len(args) == 2:
            return joined(self.read(args[0]), self.read(args[1]), "*")
        if name in _OUTER and len(args) == 2:
            a, b = self.read(args[0]), self.read(args[1])
            if len(a.axes) == len(b.axes) == 1:
                return Entry((*a.axes, *b.axes), lambda i: f"{a.at(i[:1])} * {b.at(i[1:])}")
        if name in _TURNED and len(args) == 1:
            return turned(self.read(args[0]))
        if name in _EINSUM and args and isinstance(args[0], ast.Constant) and isinstance(args[0].value, str):
            return self.einsum(args[0].value, [self.read(a) for a in args[1:]])
        raise NoArrayError

    def generated(self, node: ast.GeneratorExp) -> Entry:
        """`sum(g[r] * x[2*r+i] for r in range(3))`."""
        loops: list[tuple[str, int, int]] = []
        for one in node.generators:
            span = span_of(one.iter)
            if one.ifs or not isinstance(one.target, ast.Name) or span is None:
                raise NoArrayError
            loops.append((one.target.id, *span))
        new = {x for x, _, _ in loops} - self.letters
        self.letters |= new
        inner = self.read(node.elt)
        self.letters -= new
        self.taken |= new
        sums = " ".join(f"\\sum_{{{x}={low}}}^{{{high}}}" for x, low, high in loops)
        return Entry(inner.axes, lambda index: f"({sums} ({inner.at(index)}))")

    def summed(self, whole: Entry, axes: list[int] | None) -> Entry:
        """The sum over some axes, over all of them without."""
        rank = len(whole.axes)
        gone = set(range(rank)) if axes is None else {k % rank for k in axes if -rank <= k < rank}
        if not rank:
            return whole
        letters = {k: self.fresh() for k in sorted(gone)}
        sums = " ".join(total(letters[k], whole.axes[k]) for k in sorted(gone))

        def at(index: Sequence[str]) -> str:
            rest = iter(index)
            return f"({sums} ({whole.at([letters[k] if k in gone else next(rest) for k in range(rank)])}))"

        return Entry(tuple(a for k, a in enumerate(whole.axes) if k not in gone), at)

    def product(self, a: Entry, b: Entry) -> Entry:
        """The matrix product of vectors and matrices."""
        if not a.axes or not b.axes or len(a.axes) > 2 or len(b.axes) > 2:
            raise NoArrayError
        inner = common(a.axes[-1], b.axes[0])
        letter = self.fresh()
        kept = len(a.axes) - 1

        def at(index: Sequence[str]) -> str:
            first, last = a.at([*index[:kept], letter]), b.at([letter, *index[kept:]])
            return f"({total(letter, inner)} ({first} * {last}))"

        return Entry((*a.axes[:-1], *b.axes[1:]), at)

    def einsum(self, rule: str, parts: list[Entry]) -> Entry:
        """`np.einsum('ki,ik->', W[0], x[2*r:2*r+3])`."""
        left, arrow, out = rule.replace(" ", "").partition("->")
        groups = left.split(",")
        if not arrow or len(groups) != len(parts) or not re.fullmatch("[A-Za-z,]+", left):
            raise NoArrayError
        axes: dict[str, Axis] = {}
        for group, part in zip(groups, parts, strict=True):
            if len(group) != len(part.axes):
                raise NoArrayError
            for c, axis in zip(group, part.axes, strict=True):
                axes[c] = common(axes.get(c, axis), axis)
        if not set(out) <= set(axes):
            raise NoArrayError
        bound = {c: self.fresh() for c in axes if c not in out}
        sums = " ".join(total(bound[c], axes[c]) for c in bound)

        def at(index: Sequence[str]) -> str:
            places = bound | dict(zip(out, index, strict=True))
            factors = (p.at([places[c] for c in group]) for group, p in zip(groups, parts, strict=True))
            return f"({sums} ({' * '.join(factors)}))"

        return Entry(tuple(axes[c] for c in out), at)


def turned(e: Entry) -> Entry:
    """All axes in the other order."""
    return Entry(e.axes[::-1], lambda index: e.at(list(index)[::-1]))


def joined(a: Entry, b: Entry, sign: str) -> Entry:
    """Entry by entry, the axes aligned at the last one; an axis with one entry is repeated."""
    n = max(len(a.axes), len(b.axes))
    axes = []
    for k in range(n, 0, -1):
        pair = [e.axes[-k] for e in (a, b) if len(e.axes) >= k]
        axes.append(common(pair[0], pair[-1], stretch=True))

    def one(e: Entry, index: Sequence[str]) -> str:
        mine = list(index)[n - len(e.axes) :]
        return e.at(
            [
                "0" if x.count == 1 and y.count != 1 else i
                for i, x, y in zip(mine, e.axes, axes[n - len(e.axes) :], strict=True)
            ]
        )

    return Entry(tuple(axes), lambda index: f"({one(a, index)} {sign} {one(b, index)})")


def common(a: Axis, b: Axis, *, stretch: bool = False) -> Axis:
    """The axis on which two arrays meet."""
    if a.count is None or b.count is None:
        return b if a.count is None else a
    if a.count != b.count and not (stretch and 1 in {a.count, b.count}):
        raise NoArrayError
    return a if a.count >= b.count else b


def total(letter: str, axis: Axis) -> str:
    """The sign of a sum over an axis."""
    return f"\\sum_{{{letter}}}" if axis.count is None else f"\\sum_{{{letter}=0}}^{{{axis.count - 1}}}"


def sliced(s: ast.Slice, axis: Axis) -> tuple[Axis, Callable[[str], str]]:
    """The axis that a slice leaves, and the index in the whole array for one in the slice."""
    if s.lower is None and s.upper is None and s.step is None:
        return axis, lambda index: index
    step = 1 if s.step is None else whole_number(s.step)
    low = "0" if s.lower is None else position(s.lower)
    if step is None or step < 1 or s.upper is None:
        raise NoArrayError
    first: ast.expr = s.lower or ast.Constant(0)
    lengths = {value_at(s.upper, k) - value_at(first, k) for k in (11, 17, 29)}
    if len(lengths) != 1 or (length := lengths.pop()) < 1:
        raise NoArrayError
    return Axis(-(-length // step)), lambda index: f"{low} + {index}" if step == 1 else f"{low} + {step}*({index})"


def position(node: ast.expr) -> str:
    """An index that is a whole number or is made of loop variables."""
    value_at(node, 2)
    return ast.unparse(node)


def value_at(node: ast.expr, letter: int) -> int:
    """An index with the same number for every letter; raises `NoArrayError` for anything but `+`, `-` and `*`."""
    match node:
        case ast.Constant(value=int() as value) if not isinstance(value, bool) and abs(value) < 1000:
            return value
        case ast.Name(id=name) if len(name) == 1:
            return letter + 7 * ord(name) * letter % 101
        case ast.BinOp(left=a, op=ast.Add(), right=b):
            return value_at(a, letter) + value_at(b, letter)
        case ast.BinOp(left=a, op=ast.Sub(), right=b):
            return value_at(a, letter) - value_at(b, letter)
        case ast.BinOp(left=a, op=ast.Mult(), right=b):
            return value_at(a, letter) * value_at(b, letter)
    raise NoArrayError


def whole_number(node: ast.expr) -> int | None:
    """A number of a program, None where it depends on a letter."""
    found = {value_at(node, k) for k in (11, 17)}
    return found.pop() if len(found) == 1 else None


def numbers(node: ast.expr) -> list[int]:
    """The axes that an option names."""
    parts = node.elts if isinstance(node, (ast.Tuple, ast.List)) else [node]
    out = []
    for p in parts:
        body, sign = (p.operand, -1) if isinstance(p, ast.UnaryOp) and isinstance(p.op, ast.USub) else (p, 1)
        out.append(sign * value_at(body, 0) if isinstance(body, ast.Constant) else _refused())
    return out


def _refused() -> int:
    raise NoArrayError


def span_of(node: ast.expr) -> tuple[int, int] | None:
    """The first and last value of `range(3)` or `range(1, 4)`."""
    if (
        isinstance(node, ast.Call)
        and ast.unparse(node.func) == "range"
        and 1 <= len(node.args) <= 2
        and not node.keywords
    ):
        values = [a.value for a in node.args if isinstance(a, ast.Constant) and type(a.value) is int]
        if len(values) == len(node.args):
            return (values[0] if len(values) == 2 else 0), values[-1] - 1
    return None


def places_of(index: ast.expr, count: int, arrays: Arrays) -> Iterator[tuple[str, Axis | None, str]]:
    """What stands on each axis of an array that is filled: the index, the axis of a slice, the letter along it."""
    places = list(index.elts) if isinstance(index, ast.Tuple) else [index]
    places += [ast.Slice() for _ in range(count - len(places))]
    for place in places:
        if isinstance(place, ast.Slice):
            axis, write = sliced(place, Axis())
            letter = arrays.fresh()
            yield write(letter), axis, letter
        else:
            yield position(place), None, ""
