"""Arrays filled by loops, `f[r] += W[0,k,i] * x[2*r+i][k]`, as formulas for their entries; nothing is run."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

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


@dataclass(frozen=True, slots=True)
class EntryProgram:
    """The formulas of a program with the words around them, the ranges of their letters, and whether all else is 0."""

    text: str
    ranges: Mapping[str, tuple[int, int]]
    rest_is_zero: bool


class _OtherError(Exception):
    """Something that is not read here."""


@dataclass
class _Filling:
    """What is assigned: `sums` are numbers being added up, each with the number of loops around its first value.

    `named` are names for formulas that the program gives or a comment explains, `g = dl/df`.
    """

    left: Callable[[list[str]], str | None]
    lines: list[str] = field(default_factory=list)
    loops: list[tuple[str, int, int]] = field(default_factory=list)
    ranges: dict[str, tuple[int, int]] = field(default_factory=dict)
    zeros: set[str] = field(default_factory=set)
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
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=0 | 0.0)):
                self.sums[name] = len(self.loops), []
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if not self.loops and name not in self.zeros:
                self.named[name] = self.shown(value)
            case ast.AugAssign(target=ast.Name(id=name), op=ast.Add(), value=value) if name in self.sums:
                depth, terms = self.sums[name]
                terms.append(summed(self.loops[depth:], self.shown(value)))
            case ast.Assign(targets=[ast.Subscript(value=ast.Name(id=name)) as target], value=value):
                self.entry(name, target.slice, self.shown(value), added=False)
            case ast.AugAssign(target=ast.Subscript(value=ast.Name(id=name)) as target, op=ast.Add(), value=value):
                if name not in self.zeros:
                    raise _OtherError
                self.entry(name, target.slice, self.shown(value), added=True)
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
        if name in self.filled:
            raise _OtherError
        self.filled.add(name)
        places = index.elts if isinstance(index, ast.Tuple) else [index]
        letters = [{n.id for n in ast.walk(p) if isinstance(n, ast.Name)} for p in places]
        alone = {p.id for p in places if isinstance(p, ast.Name)}
        fixed = alone | {n for one in letters if len(one - alone) == 1 for n in one - alone}
        mine = {x for x, _, _ in self.loops}
        used = set().union(*letters) if letters else set()
        others = [loop for loop in self.loops if loop[0] not in used]
        if not used <= mine or not used <= fixed or (others and not added):
            raise _OtherError
        for letter, low, high in self.loops:
            if letter in used:
                self.ranges[letter] = low, high
        shown = [":" if isinstance(p, ast.Slice) else ast.unparse(p) for p in places]
        head = self.left(shown) or f"{name}[{', '.join(shown)}]"
        self.lines.append(f"{head} = {summed(others, value)}")


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


def with_filled_arrays(text: str, left: Callable[[list[str]], str | None]) -> EntryProgram | None:
    r"""An answer whose program is written as formulas; None where there is none that is read here.

    `left` gives the left side that is asked about with these indices, None where they are too few or too many.

    >>> text = "f = np.zeros(3)\nfor r in range(3):\n    for k in range(5):\n        f[r] += x[k]"
    >>> found = with_filled_arrays(text, lambda index: None)
    >>> found.text.strip(), dict(found.ranges), found.rest_is_zero
    ('f[r] = \\sum_{k=0}^{4} (x[k])', {'r': (0, 2)}, True)
    """
    block = find_program(text)
    if block is None or not any(isinstance(s, ast.For) for s in block.body):
        return None
    filling = _Filling(left)
    assigned = {*assigned_in(list(block.body)), *filled_in(list(block.body))}
    for comment in block.comments:  # g = dl/df
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
    a, b = block.span
    said = [c for c in block.comments if c in text[a:b] and "=" not in c]
    around = [text[:a].strip(), *said, *filling.lines, text[b:].strip()]
    return EntryProgram("\n".join(p for p in around if p), filling.ranges, filling.filled <= filling.zeros)
