"""Expressions of a program as formulas: `W.T @ dz`, `np.outer(dz, h[t-1])`, sums over generators.

Python's own grammar cuts the text; every node is then translated by a list of what is known, and nothing is ever run.
"""

from __future__ import annotations

import ast
import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from notation.errors import ReadError
from notation.limits import MAX_DEPTH
from notation.tree import (
    Add,
    Call,
    Expr,
    Identity,
    Mul,
    Neg,
    Num,
    Ones,
    Partial,
    Pow,
    Reduce,
    Ref,
    Transpose,
    free_names,
    number,
    substitute,
)
from notation.tree import Div as Fraction_
from notation.vocabulary import Vocabulary

_MODULES = frozenset({"np", "numpy", "torch", "F", "jnp", "math"})
ZEROS = frozenset({"zeros", "zeros_like", "new_zeros"})
_UNCHANGED = frozenset({"array", "asarray", "tensor", "float", "squeeze", "copy", "clone", "detach"})
_VIEWS = frozenset({"reshape", "view", "unsqueeze"})
_PRODUCTS = frozenset({"dot", "matmul", "mm", "mv"})
_TRANSPOSED = frozenset({"transpose", "t"})
_SLOPES = ("_prime", "_deriv", "_derivative", "_grad", "prime")
# A zero that fits every shape, by a definition of this name at this one place.
ZERO = Ref("0", (number(0),))


class OutsideError(Exception):
    """Something that is no simple program; the answer is left to the ordinary reader."""


class ZeroBasedError(OutsideError):
    """A loop that begins at 0."""


@dataclass(frozen=True, slots=True)
class Range:
    """The values of a loop variable, both ends included, and whether they are taken from the last to the first."""

    low: Expr
    high: Expr
    descending: bool = False


@dataclass(frozen=True)
class Function:
    """A function of the program itself, with one line."""

    arguments: tuple[str, ...]
    body: ast.expr


@dataclass
class Reader:
    """Reads expressions; `own` gives the value of a name or an element that the program assigns, None if it does not.

    `letters` are the variables of the loops around. `shifted` reads every loop one higher, for a program that counts
    from 0 where the question counts from 1: then x[t] is the same element, and no other index may stand.
    """

    vocabulary: Vocabulary
    formula: Callable[[str, Vocabulary], Expr]
    own: Callable[[str, ast.expr | None], Expr | None]
    letters: set[str]
    functions: dict[str, Function]
    given: Mapping[str, tuple[str, Expr]]
    shifted: bool = False
    depth: int = 0

    def read(self, node: ast.expr) -> Expr:
        """The formula that an expression stands for; raises `OutsideError`."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise OutsideError("too deep")
        try:
            return self.translated(node)
        finally:
            self.depth -= 1

    def translated(self, node: ast.expr) -> Expr:
        """One node of what is known."""
        match node:
            case ast.Constant(value=bool()):
                raise OutsideError("a truth value")
            case ast.Constant(value=int() | float() as value):
                return number(str(value))
            case ast.UnaryOp(op=ast.USub(), operand=body):
                return Neg(self.read(body))
            case ast.UnaryOp(op=ast.UAdd(), operand=body):
                return self.read(body)
            case ast.BinOp(left=left, op=op, right=right):
                return self.operation(left, op, right)
            case ast.Attribute(value=body, attr="T" | "mT"):
                return Transpose(self.read(body))
            case ast.Call():
                return self.call(node)
            case ast.Name(id=name):
                return self.name(name)
            case ast.Subscript():
                return self.element(node)
            case _:
                raise OutsideError(type(node).__name__)

    def operation(self, left: ast.expr, op: ast.operator, right: ast.expr) -> Expr:
        """`a * b` is elementwise, `a @ b` the matrix product; a column times a row is their outer product."""
        a, b = self.read(left), self.read(right)
        match op:
            case ast.Add():
                return Add((a, b))
            case ast.Sub():
                return Add((a, Neg(b)))
            case ast.Mult():
                row = isinstance(b, Transpose) and not isinstance(a, Transpose)
                return Mul(a, b, "star" if row else "elementwise")
            case ast.MatMult():
                return Mul(a, b, "matrix")
            case ast.Div():
                return Fraction_(a, b)
            case ast.Pow() if isinstance(b, Num):
                return Pow(a, b) if b.value != 2 else Mul(a, a, "elementwise")
            case _:
                raise OutsideError(type(op).__name__)

    # -- names ------------------------------------------------------------------------------------------------------

    def name(self, name: str) -> Expr:
        """A variable of the program, of a loop, or of the question."""
        if name in self.letters:
            return Ref(name)
        found = self.own(name, None)
        return found if found is not None else self.leaf(name)

    def element(self, node: ast.Subscript) -> Expr:
        """`h[t-1]`, `y[t][j]`, `y[t, j]`; `h[t][None, :]` is a row."""
        turned = {"None, :": True, "None": True, ":, None": False}.get(ast.unparse(node.slice).strip("()"))
        if turned is not None:
            body = self.read(node.value)
            return Transpose(body) if turned else body
        base: ast.expr = node
        while isinstance(base, ast.Subscript):
            self.plain_index(base.slice)
            base = base.value
        if not isinstance(base, ast.Name):
            raise OutsideError("an element of an expression")
        simple = node.slice if node.value is base else None
        found = self.own(base.id, simple)
        if found is not None:
            return found
        return self.leaf(ast.unparse(node))

    def plain_index(self, node: ast.expr) -> None:
        """An index is made of whole numbers, loop variables and sizes only."""
        if self.shifted and not _near_letter(node, self.letters):
            raise OutsideError("an index that is no step of a loop")
        for part in ast.walk(node):
            if isinstance(part, ast.Name):
                if part.id not in self.letters and self.own(part.id, None) is not None:
                    raise OutsideError("an index that is computed")
            elif not isinstance(
                part,
                (ast.Constant, ast.BinOp, ast.Add, ast.Sub, ast.Mult, ast.Load, ast.Tuple, ast.UnaryOp, ast.USub),
            ) or (isinstance(part, ast.Constant) and type(part.value) is not int):
                raise OutsideError("an index of this kind")

    def leaf(self, text: str) -> Expr:
        """What only the question knows, read as everywhere else."""
        base, _, index = text.replace(" ", "").rstrip("]").partition("[")
        if (said := self.given.get(base)) is not None:
            return self.stated(said, index)
        try:
            found = self.formula(text, self.vocabulary)
        except ReadError as problem:
            raise OutsideError(text) from problem
        if not isinstance(found, (Ref, Partial)):
            raise OutsideError(text)
        return found

    def stated(self, said: tuple[str, Expr], index: str) -> Expr:
        """What a comment says that a name stands for, at the step where it is read."""
        letter, meaning = said
        if letter == index:
            return meaning
        try:
            at = self.formula(index, self.vocabulary.with_letters(self.letters))
        except ReadError as problem:
            raise OutsideError(index) from problem
        return substitute(meaning, {letter: at})

    # -- calls ------------------------------------------------------------------------------------------------------

    def call(self, node: ast.Call) -> Expr:
        """A function of the program, of NumPy or torch, or of the question."""
        if isinstance(node.func, ast.Attribute):
            target = node.func.value
            if isinstance(target, ast.Name) and target.id in _MODULES and self.own(target.id, None) is None:
                return self.applied(node.func.attr, list(node.args), node)
            if isinstance(target, ast.Attribute) and ast.unparse(target) in {"torch.nn.functional", "np.linalg"}:
                return self.applied(node.func.attr, list(node.args), node)
            if node.func.attr in _UNCHANGED | _TRANSPOSED | _PRODUCTS | {"outer", "sum", "mul", *_VIEWS}:
                return self.applied(node.func.attr, [target, *node.args], node)
            raise OutsideError(node.func.attr)
        if isinstance(node.func, ast.Name):
            if (mine := self.functions.get(node.func.id)) is not None:
                return self.inlined(mine, node)
            return self.applied(node.func.id, list(node.args), node)
        raise OutsideError("a call")

    def applied(self, name: str, args: list[ast.expr], node: ast.Call) -> Expr:
        """A function by its name."""
        if name in ZEROS:
            return ZERO
        if node.keywords:
            raise OutsideError("an option")
        if name == "ones_like" or (name == "ones" and args):
            return Ones()
        if name in {"eye", "identity"}:
            return Identity()
        if name == "sum" and len(args) == 1 and isinstance(args[0], (ast.GeneratorExp, ast.ListComp)):
            return self.generated(args[0])
        if (row := _turned(name, args)) is not None:
            body = self.read(args[0])
            return Transpose(body) if row else body
        if name in _UNCHANGED and len(args) == 1:
            return self.read(args[0])
        if name in _TRANSPOSED and len(args) == 1:
            return Transpose(self.read(args[0]))
        if len(args) == 2:
            if name in _PRODUCTS:
                return Mul(self.read(args[0]), self.read(args[1]), "matrix")
            if name in {"outer", "ger"}:
                return Mul(self.read(args[0]), self.read(args[1]), "outer")
            if name in {"multiply", "mul"}:
                return Mul(self.read(args[0]), self.read(args[1]), "elementwise")
        if name in {"sum", "mean"} and len(args) == 1:
            return Call(name, (self.read(args[0]),))
        if name == "square" and len(args) == 1:
            body = self.read(args[0])
            return Mul(body, body, "elementwise")
        return self.known(name, args)

    def known(self, name: str, args: list[ast.expr]) -> Expr:
        """A function that the question or the language knows; `dphi` is the slope of a function known by name only."""
        spelled = [name]
        if name[:1] == "d" and self.vocabulary.functions.get(name[1:].strip("_")):
            spelled = [name[1:].strip("_") + "'"]
        for ending in _SLOPES:
            if name.endswith(ending) and self.vocabulary.functions.get(name.removesuffix(ending)):
                spelled = [name.removesuffix(ending) + "'"]
        if len(args) != 1:
            raise OutsideError(name)
        try:
            found = self.formula(f"{spelled[0]}(1)", self.vocabulary)
        except ReadError as problem:
            raise OutsideError(name) from problem
        if not isinstance(found, Call) or len(found.args) != 1 or not isinstance(found.args[0], Num):
            raise OutsideError(name)
        if found.function == "sum":
            raise OutsideError(name)
        return replace(found, args=(self.read(args[0]),))

    def inlined(self, function: Function, node: ast.Call) -> Expr:
        """A call of a function of the program itself, written out."""
        if node.keywords or len(node.args) != len(function.arguments):
            raise OutsideError("a call")
        values = dict(zip(function.arguments, (self.read(a) for a in node.args), strict=True))
        outer = self.own

        def own(name: str, index: ast.expr | None) -> Expr | None:
            if name in values:
                if index is not None:
                    raise OutsideError("an element of an argument")
                return values[name]
            return outer(name, index)

        rest = {n: f for n, f in self.functions.items() if f is not function}
        return replace(self, own=own, functions=rest, letters=self.letters - set(values)).read(function.body)

    def generated(self, node: ast.GeneratorExp | ast.ListComp) -> Expr:
        """`sum(a[t] for t in range(1, T+1))`."""
        letters = set(self.letters)
        loops: list[tuple[str, Range]] = []
        inner = self
        for one in node.generators:
            if one.ifs or one.is_async or not isinstance(one.target, ast.Name):
                raise OutsideError("a generator with a condition")
            loops.append((one.target.id, inner.ranged(one.iter)))
            letters = {*letters, one.target.id}
            inner = replace(self, letters=letters)
        body = inner.read(node.elt)
        for letter, span in reversed(loops):
            body = Reduce("sum", letter, span.low, span.high, None, body)
        return body

    def ranged(self, node: ast.expr) -> Range:
        """`range(a, b)`, `range(b, a, -1)`, `reversed(...)` and `[3, 2, 1]` with both ends included."""
        match node:
            case ast.Call(func=ast.Name(id="reversed"), args=[inner], keywords=[]):
                found = self.ranged(inner)
                return replace(found, descending=not found.descending)
            case ast.Subscript(value=inner, slice=ast.Slice(lower=None, upper=None, step=step)) if (
                step is not None and ast.unparse(step) == "-1"
            ):
                found = self.ranged(inner)
                return replace(found, descending=not found.descending)
            case ast.List(elts=items) | ast.Tuple(elts=items) if items:
                values = [e.value for e in items if isinstance(e, ast.Constant) and type(e.value) is int]
                steps = {b - a for a, b in itertools.pairwise(values)}
                if len(values) != len(items) or steps not in ({1}, {-1}):
                    raise OutsideError("a list of this kind")
                return self.checked(Range(number(min(values)), number(max(values)), steps == {-1}))
            case ast.Call(func=ast.Name(id="range") | ast.Attribute(attr="arange"), args=args, keywords=[]) if args:
                for a in args:
                    replace(self, shifted=False).plain_index(a)
                ends = [whole(self.read(a)) for a in args]
                if len(ends) == 1:
                    return self.checked(Range(number(0), one_less(ends[0])))
                if len(ends) == 2:
                    return self.checked(Range(ends[0], one_less(ends[1])))
                if len(ends) == 3 and ends[2] in {number(-1), Neg(number(1))}:
                    return self.checked(Range(whole(Add((ends[1], number(1)))), ends[0], descending=True))
                raise OutsideError("a step of this size")
            case _:
                raise OutsideError("a range of this kind")

    def checked(self, span: Range) -> Range:
        """A range that begins where the question begins to count."""
        if not self.shifted:
            if span.low == number(0):
                raise ZeroBasedError("it counts from 0")
            return span
        return Range(self.raised(span.low), self.raised(span.high), span.descending)

    def raised(self, end: Expr) -> Expr:
        """An end of a range counted from 1: a number and a size grow by one, what is counted from a letter does not."""
        mine = free_names(end) & self.letters
        terms = end.terms if isinstance(end, Add) else (end,)
        if not mine:
            return whole(Add((*terms, number(1))))
        if len(mine) > 1 or Ref(next(iter(mine))) not in terms:
            raise OutsideError("a range of this kind")
        return end


def _turned(name: str, args: list[ast.expr]) -> bool | None:
    """Whether `x.reshape(1, -1)` makes a row of a vector, or a column; None where it does neither."""
    shown = ", ".join(ast.unparse(a) for a in args[1:]).strip("()")
    if name in {"reshape", "view"}:
        return {"1, -1": True, "-1, 1": False}.get(shown)
    return {"0": True, "1": False, "-1": False}.get(shown) if name == "unsqueeze" else None


def _near_letter(node: ast.expr, letters: set[str]) -> bool:
    """Whether an index is a loop variable, or a number more or less."""
    if isinstance(node, ast.Tuple):
        return all(_near_letter(e, letters) for e in node.elts)
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Sub)) and isinstance(node.right, ast.Constant):
        node = node.left
    return isinstance(node, ast.Name) and node.id in letters


def one_less(e: Expr) -> Expr:
    """The last whole number before the end of a range."""
    return whole(Add((e, Neg(number(1)))))


def whole(e: Expr) -> Expr:
    """An end of a range with its numbers collected: (T + 1) - 1 is T."""
    total, rest = 0, list[Expr]()

    def collect(x: Expr, sign: int) -> None:
        nonlocal total
        if isinstance(x, Num) and x.value.denominator == 1:
            total += sign * int(x.value)
        elif isinstance(x, Add):
            for term in x.terms:
                collect(term, sign)
        elif isinstance(x, Neg):
            collect(x.body, -sign)
        else:
            rest.append(x if sign == 1 else Neg(x))

    collect(e, 1)
    if not rest:
        return number(total)
    last = [] if total == 0 else [number(total) if total > 0 else Neg(number(-total))]
    return rest[0] if len(rest) == 1 and not last else Add((*rest, *last))
