"""Answers written as programs: straight-line loops that add up a gradient, read as sums and recursive definitions.

    dW = np.zeros_like(W)
    for t in range(T, 0, -1):
        dz = (dh[t] + dh_next) * (1 - h[t]**2)
        dW += np.outer(dz, h[t-1])
        dh_next = W.T @ dz

What is added to becomes a sum over the range, a variable carried from one turn of a loop to the next a recursive
definition with its first value, and everything is then judged as any formula is. Nothing is run; a text with anything
beyond this is no program here, and the ordinary reader has it.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from notation.code import ZERO, ZEROS, Function, OutsideError, Range, Reader
from notation.errors import ReadError
from notation.scope import Clause
from notation.statement import Answer, Statement, simplified
from notation.tree import (
    Add,
    All,
    Cases,
    Compare,
    Expr,
    Neg,
    Num,
    Partial,
    Reduce,
    Ref,
    Span,
    Transpose,
    number,
    rebuild,
    substitute,
)
from notation.vocabulary import Vocabulary

_LOOP = re.compile(r"\bfor\s+\w+\s+in\s+(?:range|reversed|np\.arange|torch\.arange|\[|\()")
# Programs in answers have some ten lines; every pair of first and last line may have to be tried.
_MAX_LINES, _MAX_LENGTH = 60, 6_000
_SAYS = re.compile(r"\s*(?P<name>[A-Za-z_]\w*(?:\[[^\]]*\])?)\s*(?:=|:|\bis\b|\bare\b|\bholds\b|\bmeans\b)\s*(?P<what>.+)")
_GIVEN = re.compile(r"^(?:(?:the|a|our|given|known|total|derivative|gradient|upstream|is|i\.e\.)\s+)+")
# What is differentiated is not said where a program calls its result dW.
UNNAMED = Ref("")


@dataclass(frozen=True, slots=True)
class Block:
    """The lines of an answer that are a program."""

    body: tuple[ast.stmt, ...]
    comments: tuple[str, ...]
    span: Span


def find_program(text: str) -> Block | None:
    """The longest run of lines that is a program with a loop, or None.

    >>> find_program("y = a + b, where a = 2b") is None
    True
    >>> len(find_program("so\\ns = 0\\nfor t in range(1, T+1):\\n    s += x[t]").body)
    2
    """
    if not _LOOP.search(text) or len(text) > _MAX_LENGTH or "\\" in text:
        return None
    lines = text.splitlines(keepends=True)
    if len(lines) > _MAX_LINES:
        return None
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))
    for length in range(len(lines), 0, -1):
        for first in range(len(lines) - length + 1):
            if not lines[first].strip() or lines[first].startswith("#"):
                continue
            part = "".join(lines[first : first + length])
            if not _LOOP.search(part):
                continue
            body = _parsed(part)
            if body is not None and any(isinstance(n, (ast.For, ast.GeneratorExp)) for s in body for n in ast.walk(s)):
                comments = tuple(m[1].strip() for m in re.finditer(r"#+([^\n]*)", text))
                return Block(body, comments, (starts[first], starts[first + length]))
    return None


def _parsed(text: str) -> tuple[ast.stmt, ...] | None:
    indent = re.match(r"[ \t]*", text)
    if indent is not None and indent[0]:
        text = re.sub(rf"(?m)^{re.escape(indent[0])}", "", text)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return tuple(ast.parse(text.expandtabs(4)).body)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def read_program(text: str, block: Block, vocabulary: Vocabulary, *, from_zero: bool = False) -> Answer | None:
    """The answer that a program and the words around it give; None where the program holds anything unknown."""
    from notation.answer import read_answer, read_formula

    a, b = block.span
    rest = text[:a] + re.sub(r"[^\n]", " ", text[a:b]) + text[b:]
    around = read_answer(re.sub(r"```\w*", "   ", rest), vocabulary)
    if around.errors:
        return None
    flow = Flow(replace(around.vocabulary, latex=False), block.span, Reader(around.vocabulary, read_formula, _nothing, set(), {}, {}))
    flow.reader.own = flow.value
    flow.reader.from_zero = from_zero
    try:
        flow.run_all(block)
        statements = flow.claims(block.comments)
    except (OutsideError, RecursionError):
        return None
    definitions = {**around.definitions, **flow.definitions}
    return replace(
        around,
        text=text,
        statements=(*around.statements, *statements),
        definitions=definitions,
        vocabulary=flow.vocabulary,
    )


def _nothing(name: str, index: ast.expr | None) -> Expr | None:
    return None


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
    definitions: dict[str, tuple[Clause, ...]] = field(default_factory=lambda: {"0": (Clause((number(0),), (), number(0)),)})
    loops: list[tuple[str, Range]] = field(default_factory=list)
    finished: set[str] = field(default_factory=set)
    assigned: frozenset[str] = frozenset()
    order: list[str] = field(default_factory=list)
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
        self.assigned = frozenset(_assigned(list(block.body)))
        self.reader.given = self.given(block)
        whole = [s for s in body if isinstance(s, ast.FunctionDef) and any(isinstance(n, ast.For) for n in ast.walk(s))]
        if len(whole) == 1 and all(isinstance(s, ast.FunctionDef) or not _names([s]) for s in body):
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
            if self.loops or not _empty(value):
                raise OutsideError("an array that is assigned again")
            self.families[name].initial = ZERO if _zeros(value) else None
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
        if any(letter == n for e in (span.low, span.high) for n in _refs(e)):
            raise OutsideError("a range that depends on itself")
        names = [n for n in dict.fromkeys(_assigned(body)) if n not in self.families]
        added = [n for n in names if n in self.sums or (n in self.values and _only_added(n, body))]
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
        filled = [f for f in self.families.values() if f.name in set(_filled(body))]
        for f in filled:
            f.enter(letter, span, at)
        for node in body:
            if isinstance(node, (ast.FunctionDef, ast.Return)):
                raise OutsideError("a function in a loop")
            self.run(node)
        for n in carried:
            body_value = substitute(self.values[n], {letter: simplified(before)})
            self.definitions[starts[n]] = (Clause(at, (), Cases(((outer[n], Compare((Ref(letter), first), ("=",))), (body_value, None)))),)
        for f in filled:
            f.leave(self)
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

    # -- what is claimed --------------------------------------------------------------------------------------------

    def given(self, block: Block) -> dict[str, tuple[str, Expr]]:
        """What comments say that the names stand for which the program reads and does not assign."""
        assigned = set(_assigned(list(block.body))) | set(_filled(list(block.body)))
        for name in _filled(list(block.body)):
            self.families.setdefault(name, Family(name, None))
        out: dict[str, tuple[str, Expr]] = {}
        for comment in block.comments:
            said = _SAYS.fullmatch(comment)
            if said is None or said["name"].split("[")[0] in assigned:
                continue
            try:
                what = self.reader.formula(_GIVEN.sub("", said["what"].strip(" .")), self.vocabulary)
            except ReadError:
                if "/" in said["what"] or "∂" in said["what"]:
                    raise OutsideError("a comment that gives a name a meaning") from None
                continue
            if isinstance(what, Partial):
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
        if len(self.returned) == 1:
            return [Statement((self.opened(self.returned[0]),), span=self.span)]
        if not out and self.totals:
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
        known = isinstance(found, Ref) and not found.at and found.name in self.vocabulary.quantities
        return found if known and not self.vocabulary.quantities[found.name].axes else None  # type: ignore[union-attr]

    def concluded(self, comments: Iterable[str]) -> list[Statement]:
        """A comment such as `dE/dW = dW`, which says what the result is; one that changes it is not passed over."""
        out: list[Statement] = []
        for comment in comments:
            left, sign, right = comment.partition("=")
            if not sign or not _mentions(right, self.values):
                continue
            try:
                tree = ast.parse(right.strip(), mode="eval").body
                head = self.reader.formula(left.strip(), self.vocabulary)
            except (SyntaxError, ValueError, RecursionError, MemoryError, ReadError):
                raise OutsideError("a comment about a result") from None
            if isinstance(head, Partial):
                value = self.reader.read(tree)
                shown = self.opened(value.body) if isinstance(value, Transpose) else self.opened(value)
                out.append(Statement((head, Transpose(shown) if isinstance(value, Transpose) else shown), span=self.span))
        return out


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
        shift = _offset(place, self.letter)
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
        self.parts.append((letter, (), value, inside))


def plus(*terms: Expr) -> Expr:
    """A sum without the zeros that it began with."""
    kept = [t for t in terms if t != ZERO and t != number(0)]
    return kept[0] if len(kept) == 1 else Add(tuple(kept)) if kept else ZERO


def _offset(place: Expr, letter: str) -> int | None:
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


def _refs(e: Expr) -> set[str]:
    from notation.tree import free_names

    return free_names(e)


def _names(body: Iterable[ast.stmt]) -> set[str]:
    """The names that are assigned."""
    return set(_assigned(list(body)))


def _targets(body: list[ast.stmt]) -> list[ast.expr]:
    out: list[ast.expr] = []
    for s in body:
        for node in ast.walk(s):
            if isinstance(node, ast.Assign):
                out.extend(x for t in node.targets for x in (t.elts if isinstance(t, ast.Tuple) else [t]))
            elif isinstance(node, ast.AugAssign):
                out.append(node.target)
    return out


def _assigned(body: list[ast.stmt]) -> list[str]:
    """The variables that are assigned as a whole."""
    return [t.id for t in _targets(body) if isinstance(t, ast.Name)]


def _filled(body: list[ast.stmt]) -> list[str]:
    """The arrays of which elements are assigned."""
    return [t.value.id for t in _targets(body) if isinstance(t, ast.Subscript) and isinstance(t.value, ast.Name)]


def _zeros(value: ast.expr) -> bool:
    """Whether a container is filled with zeros."""
    if isinstance(value, ast.BinOp) and isinstance(value.op, ast.Mult) and isinstance(value.left, ast.List):
        return len(value.left.elts) == 1 and (
            isinstance(value.left.elts[0], ast.Constant) and value.left.elts[0].value in (0, 0.0) and value.left.elts[0].value is not None
            or _zeros(value.left.elts[0])
        )
    if isinstance(value, ast.ListComp):
        return _zeros(value.elt)
    if isinstance(value, ast.Call):
        name = value.func.attr if isinstance(value.func, ast.Attribute) else value.func.id if isinstance(value.func, ast.Name) else ""
        return name in ZEROS and not name.startswith("empty")
    return False


def _empty(value: ast.expr) -> bool:
    """Whether a container begins with zeros or with nothing."""
    nothing = isinstance(value, ast.Dict) and not value.keys
    nones = isinstance(value, ast.BinOp) and isinstance(value.left, ast.List) and ast.unparse(value.left) == "[None]"
    bare = isinstance(value, ast.Call) and ast.unparse(value.func) in {"dict", "np.empty", "torch.empty"}
    return nothing or nones or bare or _zeros(value)


def _only_added(name: str, body: list[ast.stmt]) -> bool:
    """Whether a loop does nothing to a variable but add to it."""
    added = 0
    for s in body:
        for node in ast.walk(s):
            if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name) and node.target.id == name:
                added += 1
    uses = sum(isinstance(n, ast.Name) and n.id == name for s in body for n in ast.walk(s))
    return added == uses


def _mentions(text: str, names: Iterable[str]) -> bool:
    return any(re.search(rf"(?<![\w.]){re.escape(n)}(?!\w)", text) for n in names)
