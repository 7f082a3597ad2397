"""Arrays filled by loops, `f[r] += W[0,k,i] * x[2*r+i][k]`, as formulas for their entries; nothing is run."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from checkers.entryarrays import MAX_AXES, Arrays, NoArrayError, common, places_of
from notation.errors import ReadError
from notation.filled import assigned_in, filled_in, is_empty, is_zeros
from notation.programs import find_program

_ALLOWED = (
    ast.BinOp,
    ast.UnaryOp,
    ast.USub,
    ast.Add,
    ast.Sub,
    ast.Mult,
    ast.Div,
    ast.MatMult,
    ast.Name,
    ast.Load,
    ast.Store,
    ast.Subscript,
    ast.Constant,
    ast.Tuple,
    ast.Slice,
    ast.Attribute,
    ast.GeneratorExp,
    ast.comprehension,
    ast.Call,
)
# what tells that arrays and slices are those of NumPy
_ARRAYS = re.compile(r"\b(?:np|torch|numpy|python)\b|\.sum\(", re.IGNORECASE)
_ARRAY_LINE = re.compile(
    r"\s*(?P<left>[A-Za-z]\w*\[(?P<index>[\w, ]+)\])\s*=(?!=)\s*(?P<right>[^#]*?)\s*"
    r"(?:\((?:[a-z][\w-]*\b[ ,]*){2}[^()]*\)\s*)?(?:#.*)?"
)
_GIVEN = re.compile(r"(?<![\w.])\w+\s*=\s*(?:d|∂|\\partial )\w*\s*/\s*(?:d|∂|\\partial )\w+(?:\(\w\))?")


@dataclass(frozen=True, slots=True)
class EntryProgram:
    """The formulas of a program with the words around them, the ranges of their letters, and whether all else is 0.

    `shapes` are those of the arrays that are filled, where they are made with numbers.
    """

    text: str
    ranges: Mapping[str, tuple[int, int]]
    rest_is_zero: bool
    shapes: tuple[tuple[int, ...], ...] = ()


class _OtherError(Exception):
    """Something that is not read here."""


@dataclass
class _Filling:
    """What is assigned: `sums` are numbers being added up, each with the number of loops around its first value.

    `named` are names for formulas that the program gives or a comment explains, `g = dl/df`.
    """

    left: Callable[[list[str]], str | None]
    known: Callable[[str], tuple[str, int] | None]
    lines: list[str] = field(default_factory=list)
    loops: list[tuple[str, int, int]] = field(default_factory=list)
    ranges: dict[str, tuple[int, int]] = field(default_factory=dict)
    zeros: set[str] = field(default_factory=set)
    made: dict[str, tuple[int, ...]] = field(default_factory=dict)
    filled: set[str] = field(default_factory=set)
    sums: dict[str, tuple[int, list[str]]] = field(default_factory=dict)
    named: dict[str, str] = field(default_factory=dict)

    def run(self, node: ast.stmt) -> None:
        """One statement."""
        match node:
            case ast.Import() | ast.ImportFrom() | ast.Pass():
                pass
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if is_empty(value) and not self.loops:
                if is_zeros(value):
                    self.zeros.add(name)
                if (shape := shape_of(value)) is not None:
                    self.made[name] = shape
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=0 | 0.0)):
                self.sums[name] = len(self.loops), []
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if not self.loops and name not in self.zeros:
                if (comprehended := as_array(value)) is not None:
                    self.comprehension(name, comprehended)
                else:
                    self.named[name] = self.shown(value)
            case ast.AugAssign(target=ast.Name(id=name), op=ast.Add(), value=value) if name in self.sums:
                depth, terms = self.sums[name]
                terms.append(summed(self.loops[depth:], self.shown(value)))
            case ast.Assign(targets=[ast.Subscript(value=ast.Name(id=name)) as target], value=value):
                self.assigned(name, target.slice, value, added=False)
            case ast.AugAssign(target=ast.Subscript(value=ast.Name(id=name)) as target, op=ast.Add(), value=value):
                if name not in self.zeros:
                    raise _OtherError
                self.assigned(name, target.slice, value, added=True)
            case ast.For(target=ast.Name(id=letter), iter=span, body=body, orelse=[]) if len(letter) == 1:
                if any(letter == x for x, _, _ in self.loops):
                    raise _OtherError
                self.loops.append((letter, *ends(span)))
                for one in body:
                    self.run(one)
                self.loops.pop()
            case ast.Expr(value=ast.Call(func=ast.Name(id="print"))) | ast.Return(value=ast.Name()):
                pass
            case _:
                raise _OtherError

    def comprehension(self, name: str, node: ast.ListComp) -> None:
        """`f = np.array([... for r in range(3)])`."""
        target, before = node.generators[0].target, self.loops
        if len(node.generators) != 1 or node.generators[0].ifs or not isinstance(target, ast.Name):
            raise _OtherError
        self.loops = [*before, (target.id, *ends(node.generators[0].iter))]
        self.assigned(name, target, node.elt, added=False)
        self.loops = before

    def assigned(self, name: str, index: ast.expr, value: ast.expr, *, added: bool) -> None:
        """One assignment to an entry or a slice; whole arrays on the right become sums over their entries."""
        given = len(index.elts) if isinstance(index, ast.Tuple) else 1
        if not has_arrays(index, value) and self.left(["0"] * given):
            self.entry(name, index, self.shown(value), added=added)
            return
        letters = {x for x, _, _ in self.loops}
        used = {n.id for part in (index, value) for n in ast.walk(part) if isinstance(n, ast.Name)}
        arrays = Arrays(self.known, self.named, letters, {n for n in used if len(n) == 1})
        try:
            whole = arrays.read(self.inserted(value))
            count = max(given, next(n for n in range(1, MAX_AXES + 1) if self.left(["0"] * n)))
            places = list(places_of(index, count, arrays))
            slices = [(axis, letter) for _, axis, letter in places if axis is not None]
            if len(whole.axes) > len(slices):
                raise NoArrayError
            filled = slices[len(slices) - len(whole.axes) :]
            for (axis, letter), other in zip(filled, whole.axes, strict=True):
                met = common(axis, other)
                if met.count is not None and axis.count is not None:
                    self.ranges[letter] = 0, met.count - 1
            text = whole.at([letter for _, letter in filled])
        except (NoArrayError, StopIteration, RecursionError):
            self.entry(name, index, self.shown(value), added=added)
            return
        shown = [place for place, _, _ in places]
        self.stated(name, shown, {letter for _, letter in slices}, text, added=added)

    def inserted(self, value: ast.expr) -> ast.expr:
        """An expression without names of the program that stand for something else."""
        for node in ast.walk(value):
            if isinstance(node, ast.Name) and node.id in {*self.sums, *self.filled}:
                raise NoArrayError
        return value

    def shown(self, value: ast.expr) -> str:
        """An expression as text, with sums that were added up before written out."""
        for node in ast.walk(value):
            if not isinstance(node, _ALLOWED) or (isinstance(node, ast.Attribute) and node.attr != "T"):
                raise _OtherError
            if isinstance(node, ast.Call) and ast.unparse(node.func) not in {
                "sum",
                "range",
                "np.dot",
                "torch.dot",
                "np.sum",
            }:
                raise _OtherError
            if isinstance(node, ast.Slice) and (node.lower or node.upper or node.step):
                raise _OtherError
        if isinstance(value, ast.Name) and value.id in self.sums:
            return " + ".join(self.sums[value.id][1]) or "0"
        if any(isinstance(n, ast.Name) and n.id in {*self.sums, *self.filled} for n in ast.walk(value)):
            raise _OtherError
        text = ast.unparse(value)
        for name, meaning in self.named.items():
            text = re.sub(rf"(?<![\w.]){re.escape(name)}(?!\w)", f"({meaning})".replace("\\", r"\\"), text)
        return text

    def entry(self, name: str, index: ast.expr, value: str, *, added: bool) -> None:
        """One assignment to an entry: a formula with the letters of its index, summed over those of the other loops."""
        places = index.elts if isinstance(index, ast.Tuple) else [index]
        self.stated(
            name, [":" if isinstance(p, ast.Slice) else ast.unparse(p) for p in places], set(), value, added=added
        )

    def stated(self, name: str, shown: list[str], slices: set[str], value: str, *, added: bool) -> None:
        """The same with the indices as text; `slices` are the letters that run along slices."""
        if name in self.filled:
            raise _OtherError
        self.filled.add(name)
        places = [ast.parse(p, mode="eval").body if p != ":" else ast.Constant(0) for p in shown]
        letters = [{n.id for n in ast.walk(p) if isinstance(n, ast.Name)} for p in places]
        alone = {p.id for p in places if isinstance(p, ast.Name)}
        fixed = alone | {n for one in letters if len(one - alone) == 1 for n in one - alone}
        mine = {x for x, _, _ in self.loops} | slices
        used = set().union(*letters) if letters else set()
        others = [loop for loop in self.loops if loop[0] not in used]
        if not used <= mine or not used <= fixed or (others and not added):
            raise _OtherError
        for letter, low, high in self.loops:
            if letter in used:
                self.ranges[letter] = low, high
        head = self.left(shown) or f"{name}[{', '.join(shown)}]"
        self.lines.append(f"{head} = {summed(others, value)}")


def with_array_lines(text: str, known: Callable[[str], tuple[str, int] | None]) -> str | None:
    r"""An answer with lines such as `f[r] = np.sum(W[0] * X[:, 2*r:2*r+3])` as sums over entries; None without any.

    >>> with_array_lines("f[r] = np.sum(W[0] * v)", lambda name: {"W": ("W", 2), "v": ("v", 1)}.get(name))
    'f[r] = (\\sum_{p} ((W[0, p] * v[p])))'
    """
    if "[" not in text or not _ARRAYS.search(text):
        return None
    out, found = [], False
    for line in text.split("\n"):
        m = _ARRAY_LINE.fullmatch(line)
        value = _parsed(m["right"]) if m is not None else None
        if m is None or value is None or not has_arrays(ast.Constant(0), value):
            out.append(line)
            continue
        letters = set(re.findall(r"(?<!\w)[A-Za-z](?!\w)", m["index"]))
        used = {n.id for n in ast.walk(value) if isinstance(n, ast.Name)}
        try:
            whole = Arrays(known, {}, letters, {n for n in used if len(n) == 1}).read(value)
        except (NoArrayError, RecursionError):
            return None
        if whole.axes:
            return None
        found = True
        out.append(f"{m['left']} = {whole.at([])}")
    return "\n".join(out) if found else None


def _parsed(text: str) -> ast.expr | None:
    """A right side as an expression of Python: `2r` is `2*r`, and a sum of all entries is `np.sum`."""
    text = re.sub(r"(?<![\w.])(\d+)(?=[A-Za-z])", r"\1*", text.strip(" ,.;"))
    text = re.sub(
        r"^(?:the\s+)?sum\s+(?:over|of)\s+all\s+(?:the\s+)?(?:entries|elements)\s+(?:of|in)\s+(.*)$",
        r"np.sum(\1)",
        text,
    )
    try:
        return ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def has_arrays(index: ast.expr, value: ast.expr) -> bool:
    """Whether slices with ends, matrix products or sums over arrays stand in an assignment."""
    nodes = [*ast.walk(index), *ast.walk(value)]
    bounded = any(isinstance(n, ast.Slice) and (n.lower or n.upper or n.step) for n in nodes)
    products = any(isinstance(n, ast.MatMult) for n in nodes)
    calls = any(isinstance(n, ast.Call) and not any(isinstance(a, ast.GeneratorExp) for a in n.args) for n in nodes)
    return (
        bounded or products or (any(ast.unparse(n.func) != "range" for n in nodes if isinstance(n, ast.Call)) and calls)
    )


def as_array(value: ast.expr) -> ast.ListComp | None:
    """A list written with a loop inside, bare or made an array."""
    if isinstance(value, ast.Call) and ast.unparse(value.func) in {
        "np.array",
        "torch.tensor",
        "torch.stack",
        "np.stack",
    }:
        value = value.args[0] if len(value.args) == 1 and not value.keywords else value
    return value if isinstance(value, ast.ListComp) else None


def shape_of(value: ast.expr) -> tuple[int, ...] | None:
    """The shape in `np.zeros((3, 5))`, `torch.empty(1, 5, 3)`; None where it is not in numbers."""
    if not isinstance(value, ast.Call):
        return None
    first = value.args[0] if len(value.args) == 1 else None
    parts = list(first.elts) if isinstance(first, (ast.Tuple, ast.List)) else value.args
    found = [p.value for p in parts if isinstance(p, ast.Constant) and type(p.value) is int]
    return tuple(found) if found and len(found) == len(parts) else None


def summed(loops: list[tuple[str, int, int]], value: str) -> str:
    """A sum over loops as text."""
    return " ".join([*(f"\\sum_{{{x}={low}}}^{{{high}}}" for x, low, high in loops), f"({value})"])


def ends(span: ast.expr) -> tuple[int, int]:
    """The first and last value of a range of numbers."""
    match span:
        case ast.Call(func=ast.Name(id="range"), args=args, keywords=[]) if 1 <= len(args) <= 2:
            values = [a.value for a in args if isinstance(a, ast.Constant) and type(a.value) is int]
            if len(values) == len(args):
                return (values[0] if len(values) == 2 else 0), values[-1] - 1
    raise _OtherError


def with_filled_arrays(
    text: str,
    left: Callable[[list[str]], str | None],
    known: Callable[[str], tuple[str, int] | None] = lambda name: None,
) -> EntryProgram | None:
    r"""An answer whose program is written as formulas; None where there is none that is read here.

    `left` gives the left side that is asked about with these indices, None where they are too few or too many; `known`
    how a name is written and how many axes it has.

    >>> text = "f = np.zeros(3)\nfor r in range(3):\n    for k in range(5):\n        f[r] += x[k]"
    >>> found = with_filled_arrays(text, lambda index: None)
    >>> found.text.strip(), dict(found.ranges), found.rest_is_zero
    ('f[r] = \\sum_{k=0}^{4} (x[k])', {'r': (0, 2)}, True)
    """
    block = find_program(text)
    if block is None or not any(isinstance(n, (ast.For, ast.ListComp)) for s in block.body for n in ast.walk(s)):
        return None
    filling = _Filling(left, known)
    assigned = {*assigned_in(list(block.body)), *filled_in(list(block.body))}
    a, b = block.span
    around = [m[0] for part in (text[:a], text[b:]) for m in _GIVEN.finditer(part)]
    for comment in (*block.comments, *around):  # g = dl/df
        name, _, meaning = (part.strip() for part in comment.partition("="))
        if "/" in meaning and re.fullmatch(r"\w+", name) and name not in assigned:
            filling.named[name] = meaning
    try:
        for node in block.body:
            filling.run(node)
    except (_OtherError, RecursionError):
        if any(isinstance(n, ast.AugAssign) for s in block.body if isinstance(s, ast.For) for n in ast.walk(s)):
            hint = "write the entries as a formula"
            raise ReadError("this program holds something that is not read here", text, block.span, hint) from None
        return None
    if not filling.filled:
        return None
    said = [c for c in block.comments if c in text[a:b] and "=" not in c]
    around = [text[:a].strip(), *said, *filling.lines, text[b:].strip()]
    shapes = tuple(shape for name, shape in filling.made.items() if name in filling.filled)
    return EntryProgram("\n".join(p for p in around if p), filling.ranges, filling.filled <= filling.zeros, shapes)
