"""The statements of a program gone through once: sums, carried variables and filled arrays as formulas."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from notation.code import ZERO, Function, OutsideError, Range, Reader
from notation.errors import ReadError
from notation.filled import Family, assigned_in, filled_in, is_empty, is_zeros, mentions, names_of, only_added, plus
from notation.scope import Clause
from notation.statement import Statement, simplified
from notation.tree import (
    Add,
    Cases,
    Compare,
    Component,
    Expr,
    Neg,
    Num,
    Partial,
    Reduce,
    Ref,
    Span,
    Transpose,
    free_names,
    number,
    rebuild,
    substitute,
)
from notation.vocabulary import Vocabulary

_SAYS = re.compile(
    r"\s*(?P<name>[A-Za-z_]\w*(?:\[[^\]]*\])?)\s*(?:=|:|\bis\b|\bare\b|\bholds\b|\bmeans\b)\s*(?P<what>.+)"
)
_PARTS = re.compile(r"[;,](?![^()\[\]]*[)\]])")  # dC = dE/dC(t), ig = i(t)
_ASIDE = re.compile(r"\s*\((?:total|given|known|vector|column|matrix)\)")
_GIVEN = re.compile(r"^(?:(?:the|a|our|given|known|total|derivative|gradient|upstream|is|i\.e\.)\s+)+")
# What is differentiated is not said where a program calls its result dW.
UNNAMED = Ref("")
_FILLED: Span = (-1, -1)  # marks the elements of an array


@dataclass(frozen=True, slots=True)
class Block:
    """The lines of an answer that are a program."""

    body: tuple[ast.stmt, ...]
    comments: tuple[str, ...]
    span: Span


@dataclass
class Flow:
    """What every variable stands for while the statements are gone through in order, once.

    `values` are formulas with the letters of the loops around; `sums` what is added up in the loop that is being read;
    `families` arrays that are filled element by element.
    """

    vocabulary: Vocabulary
    span: Span
    reader: Reader
    values: dict[str, Expr] = field(default_factory=dict)
    sums: dict[str, list[Expr]] = field(default_factory=dict)
    families: dict[str, Family] = field(default_factory=dict)
    definitions: dict[str, tuple[Clause, ...]] = field(
        default_factory=lambda: {"0": (Clause((number(0),), (), number(0)),)}
    )
    loops: list[tuple[str, Range]] = field(default_factory=list)
    finished: set[str] = field(default_factory=set)
    assigned: frozenset[str] = frozenset()
    order: list[str] = field(default_factory=list)
    steps: list[Statement] = field(default_factory=list)
    totals: list[str] = field(default_factory=list)
    returned: list[Expr] = field(default_factory=list)

    # -- names ------------------------------------------------------------------------------------------------------

    def value(self, name: str, index: ast.expr | None) -> Expr | None:
        """What a variable or an element stands for here; None where the program does not assign it."""
        if name in self.finished:
            raise OutsideError("a loop variable after its loop")
        if name in self.sums:
            raise OutsideError("a sum that is read while it is added up")
        if name in self.families:
            if index is None:
                raise OutsideError("a whole array that is filled by elements")
            return self.families[name].at(self.reader.read(index))
        found = self.values.get(name)
        if found is None and name in self.assigned:
            raise OutsideError("a variable without a value")
        if found is not None and index is not None:
            raise OutsideError("an element of a variable")
        return found

    def defined(self, name: str, body: Expr) -> Expr:
        """A name of its own for a value, at the turns of the loops around."""
        if isinstance(body, (Ref, Num)):
            return body
        at = tuple(Ref(letter) for letter, _ in self.loops)
        return Ref(self.named(name, at, body), at)

    def named(self, name: str, at: tuple[Expr, ...], body: Expr) -> str:
        """A new definition; its name is shown as the variable's with a number."""
        letters = re.sub(r"[^A-Za-z0-9]", "", name)
        fresh = f"v_{{{letters}}}"
        k = 1
        while fresh in self.definitions or fresh in self.vocabulary.quantities:
            k += 1
            fresh = f"v_{{{letters}{k}}}"
        self.definitions[fresh] = (Clause(at, (), body),)
        return fresh

    # -- statements -------------------------------------------------------------------------------------------------

    def run_all(self, block: Block) -> None:
        """The whole program; a single function that holds it is opened."""
        body = [s for s in block.body if not isinstance(s, (ast.Import, ast.ImportFrom))]
        self.assigned = frozenset(assigned_in(list(block.body)))
        self.reader.given = self.given(block)
        whole = [s for s in body if isinstance(s, ast.FunctionDef) and any(isinstance(n, ast.For) for n in ast.walk(s))]
        if len(whole) == 1 and all(isinstance(s, ast.FunctionDef) or not names_of([s]) for s in body):
            body = [s for s in body if s is not whole[0]] + list(whole[0].body)
        for node in body:
            self.run(node)

    def run(self, node: ast.stmt) -> None:
        """One statement."""
        match node:
            case ast.FunctionDef(name=name, body=[ast.Return(value=value)], args=args) if value is not None:
                if args.defaults or args.kwonlyargs or args.vararg or args.kwarg:
                    raise OutsideError("a function of this kind")
                self.reader.functions[name] = Function(tuple(a.arg for a in args.args), value)
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Lambda(args=args, body=body)):
                self.reader.functions[name] = Function(tuple(a.arg for a in args.args), body)
            case ast.Assign(targets=targets, value=value):
                for target in targets:
                    self.assign(target, value)
            case ast.AugAssign(target=target, op=ast.Add() | ast.Sub() as op, value=value):
                self.increase(target, self.reader.read(value), negative=isinstance(op, ast.Sub))
            case ast.For(target=ast.Name(id=letter), iter=span, body=body, orelse=[]):
                self.loop(letter, self.reader.ranged(span), body)
            case ast.Return(value=value) if value is not None and not self.loops:
                items = value.elts if isinstance(value, ast.Tuple) else [value]
                self.returned = [self.reader.read(i) for i in items] if len(items) == 1 else []
            case ast.Expr(value=ast.Constant(value=str())) | ast.Pass():
                pass
            case ast.Expr(value=ast.Call(func=ast.Name(id="print"))) | ast.Expr(value=ast.Name()):
                pass
            case _:
                raise OutsideError(type(node).__name__)

    def assign(self, target: ast.expr, value: ast.expr) -> None:
        """`v = ...`, `a, b = ..., ...`, `A[t] = ...`."""
        if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple) and len(target.elts) == len(value.elts):
            read = {n.id for n in ast.walk(value) if isinstance(n, ast.Name)}
            if read & {t.id for t in target.elts if isinstance(t, ast.Name)}:
                raise OutsideError("an exchange")
            for one, v in zip(target.elts, value.elts, strict=True):
                self.assign(one, v)
            return
        if isinstance(target, ast.Subscript):
            self.element(target, self.reader.read(value))
            return
        if not isinstance(target, ast.Name):
            raise OutsideError("an assignment")
        name = target.id
        if name in self.reader.letters or name in self.sums:
            raise OutsideError("a loop variable or sum that is assigned")
        if name in self.families:
            if self.loops or not is_empty(value):
                raise OutsideError("an array that is assigned again")
            self.families[name].initial = ZERO if is_zeros(value) else None
            return
        self.values[name] = self.defined(name, self.reader.read(value))
        self.order.append(name)

    def increase(self, target: ast.expr, value: Expr, *, negative: bool) -> None:
        """`v += ...`: one more term of a sum, or a new value."""
        term = Neg(value) if negative else value
        if isinstance(target, ast.Subscript):
            if not isinstance(target.value, ast.Name):
                raise OutsideError("an element of an element")
            before = self.value(target.value.id, target.slice)
            if before is None:
                raise OutsideError("an element without a first value")
            self.element(target, plus(before, term))
            return
        if not isinstance(target, ast.Name):
            raise OutsideError("an assignment")
        name = target.id
        if name in self.sums:
            self.sums[name].append(term)
            return
        if name not in self.values:
            raise OutsideError("a sum without a first value")
        self.values[name] = self.defined(name, plus(self.values[name], term))
        self.order.append(name)

    def element(self, target: ast.Subscript, value: Expr) -> None:
        """`A[t] = ...` at the turn of the innermost loop, or `A[T+1] = 0` outside of all."""
        if not isinstance(target.value, ast.Name) or target.value.id not in self.families:
            raise OutsideError("an element of this kind")
        self.reader.plain_index(target.slice)
        self.families[target.value.id].assign(self.reader.read(target.slice), value, self)
        self.order.append(target.value.id)

    # -- loops ------------------------------------------------------------------------------------------------------

    def loop(self, letter: str, span: Range, body: list[ast.stmt]) -> None:
        """A loop: sums, variables carried from one turn to the next, arrays filled, and what is left at its end."""
        known = self.vocabulary.quantities.get(letter)
        if letter in self.reader.letters or letter in self.values or (known is not None and known.role == "size"):
            raise OutsideError("a loop variable with another meaning")
        if any(letter == n for e in (span.low, span.high) for n in free_names(e)):
            raise OutsideError("a range that depends on itself")
        names = [n for n in dict.fromkeys(assigned_in(body)) if n not in self.families]
        added = [n for n in names if n in self.sums or (n in self.values and only_added(n, body))]
        carried = [n for n in names if n not in added and n in self.values]
        outer_sums, outer = self.sums, dict(self.values)
        self.sums = {n: [] for n in added}
        self.reader.letters.add(letter)
        self.finished.discard(letter)
        first, last = (span.high, span.low) if span.descending else (span.low, span.high)
        before = Add((Ref(letter), number(1) if span.descending else Neg(number(1))))
        at = (*(Ref(x) for x, _ in self.loops), Ref(letter))
        self.loops.append((letter, span))
        starts: dict[str, str] = {}
        for n in carried:
            starts[n] = self.named(n, at, number(0))
            self.values[n] = Ref(starts[n], at)
        filled = [f for f in self.families.values() if f.name in set(filled_in(body))]
        for f in filled:
            f.enter(letter, span, at)
        for node in body:
            if isinstance(node, (ast.FunctionDef, ast.Return)):
                raise OutsideError("a function in a loop")
            self.run(node)
        for n in carried:
            body_value = substitute(self.values[n], {letter: simplified(before)})
            self.definitions[starts[n]] = (
                Clause(at, (), Cases(((outer[n], Compare((Ref(letter), first), ("=",))), (body_value, None)))),
            )
        for f in filled:
            f.leave(self)
        if len(self.loops) == 1:
            self.turns(letter, {n: self.values[n] for n in names if n not in added} | {f.name: f.last for f in filled})
        self.loops.pop()
        terms, self.sums = self.sums, outer_sums
        for n in dict.fromkeys((*carried, *(x for x in self.values if x not in outer))):
            ended = substitute(self.values[n], {letter: last})
            if self.loops or n in carried:  # a loop without turns leaves what was there
                empty = Compare((span.high, span.low), ("<",))
                ended = Cases(((outer[n], empty), (ended, None))) if n in outer else ended
            self.values[n] = self.defined(n, ended)
        for n in added:
            total = Reduce("sum", letter, span.low, span.high, None, plus(*terms[n]))
            if n in self.sums:
                self.sums[n].append(total)
            else:
                self.values[n] = self.defined(n, plus(outer[n], total))
                self.order.append(n)
                self.totals.append(n)
        self.reader.letters.discard(letter)
        self.finished.add(letter)

    def turns(self, letter: str, values: dict[str, Expr]) -> None:
        """Variables of a loop over the steps, `dh` or `dh[t]`, that are named like a derivative at a step."""
        for name, value in values.items():
            try:
                found = self.reader.formula(f"{name}[{letter}]", self.vocabulary)
            except ReadError:
                continue
            if isinstance(found, Partial) and isinstance(found.wrt, Ref) and found.wrt.at == (Ref(letter),):
                span = _FILLED if name in self.families else self.span
                self.steps.append(Statement((replace(found, of=UNNAMED), value), span=span))

    # -- what is claimed --------------------------------------------------------------------------------------------

    def given(self, block: Block) -> dict[str, tuple[str, Expr]]:
        """What comments say that the names stand for which the program reads and does not assign."""
        assigned = set(assigned_in(list(block.body))) | set(filled_in(list(block.body)))
        for name in filled_in(list(block.body)):
            self.families.setdefault(name, Family(name, None))
        out: dict[str, tuple[str, Expr]] = {}
        for comment in [part for one in block.comments for part in _PARTS.split(one)]:
            said = _SAYS.fullmatch(_ASIDE.sub("", comment))
            if said is None or said["name"].split("[")[0] in assigned:
                continue
            try:
                what = self.reader.formula(_GIVEN.sub("", said["what"].strip(" .")), self.vocabulary)
            except ReadError:
                if "/" in said["what"] or "∂" in said["what"]:
                    raise OutsideError("a comment that gives a name a meaning") from None
                continue
            if isinstance(what, (Partial, Ref)):
                base, _, letter = said["name"].replace(" ", "").rstrip("]").partition("[")
                out[base] = letter, what
        return out

    def claims(self, comments: Iterable[str]) -> list[Statement]:
        """What the program says: its results under the names that the question gives them, else its last result."""
        out: list[Statement] = []
        said = self.concluded(comments)
        for name in dict.fromkeys(self.order):
            if name in self.families:
                continue
            head = self.head(name)
            if head is not None:
                out.append(Statement((head, self.opened(self.values[name])), span=self.span))
        if said:
            return said
        if not out and not self.totals and not self.returned and all(s.span == _FILLED for s in self.steps):
            raise OutsideError("a recurrence, which is read as it stands")
        out = [replace(s, span=self.span) for s in (*self.steps, *out)]
        if len(self.returned) == 1:
            return [Statement((self.opened(self.returned[0]),), span=self.span)]
        if len(out) == len(self.steps) and self.totals:
            out.append(Statement((self.opened(self.values[self.totals[-1]]),), span=self.span))
        return out

    def opened(self, value: Expr) -> Expr:
        """The formula that a name of no turn stands for."""
        if isinstance(value, Ref) and not value.at and value.name in self.definitions:
            return self.opened(self.definitions[value.name][0].body)
        return rebuild(value, self.opened) if isinstance(value, Add) else value

    def head(self, name: str) -> Expr | None:
        """A variable's name as that of a derivative or a quantity of the question."""
        try:
            found = self.reader.formula(name, self.vocabulary)
        except ReadError:
            return None
        if isinstance(found, Partial) and isinstance(found.wrt, Ref):
            quantity = self.vocabulary.quantities.get(found.wrt.name)
            if quantity is None or quantity.axes:
                return None
            short = re.fullmatch(r"d_?(\w+)", name)
            try:
                bare = short is not None and self.reader.formula(short[1], self.vocabulary) == found.wrt
            except ReadError:
                bare = False
            return replace(found, of=UNNAMED) if bare else found
        if not isinstance(found, Ref) or found.at:
            return None
        named = self.vocabulary.quantities.get(found.name)
        return found if named is not None and not named.axes else None

    def concluded(self, comments: Iterable[str]) -> list[Statement]:
        """A comment such as `dE/dW = dW`, which says what the result is; one that changes it is not passed over."""
        out: list[Statement] = []
        for comment in comments:
            left, sign, right = comment.partition("=")
            if not sign or not mentions(right, self.values):
                continue
            try:
                tree = ast.parse(right.strip(), mode="eval").body
                head = self.reader.formula(left.strip(), self.vocabulary)
            except (SyntaxError, ValueError, RecursionError, MemoryError, ReadError):
                raise OutsideError("a comment about a result") from None
            if isinstance(head, Partial):
                tree, entry = _entry_of(tree)
                value = self.reader.read(tree)
                if entry:  # dE/dw_ij = dW[i, j]
                    out.append(Statement((head, Component(self.opened(value), entry)), span=self.span))
                    continue
                shown = self.opened(value.body) if isinstance(value, Transpose) else self.opened(value)
                out.append(
                    Statement((head, Transpose(shown) if isinstance(value, Transpose) else shown), span=self.span)
                )
        return out


def _entry_of(tree: ast.expr) -> tuple[ast.expr, tuple[Expr, ...]]:
    """A variable and the letters in brackets after it, `dW[i, j]`; none after anything else."""
    if not isinstance(tree, ast.Subscript) or not isinstance(tree.value, ast.Name):
        return tree, ()
    letters = tree.slice.elts if isinstance(tree.slice, ast.Tuple) else [tree.slice]
    if not all(isinstance(x, ast.Name) and len(x.id) == 1 for x in letters):
        return tree, ()
    return tree.value, tuple(Ref(x.id) for x in letters if isinstance(x, ast.Name))
