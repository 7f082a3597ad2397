"""A worked computation as it was written: each line with the quantity it is about and the sides it gives for it.

A quantity is the value of a node, a derivative of one thing by another, or a whole list or matrix of them. A dot or a
prime needs the input it is seeded with and a bar its output: `seeds` are what the lines before it set, or what the
words before it name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from checkers.linework import in_lines
from checkers.own_letters import exponential, own_letters, single_letters
from checkers.sides import entries_of, is_number, replace_name, rows_of, whole
from checkers.worktext import made_plain
from derivations.formulas import numbered_letters, vocabulary
from derivations.graph import Graph, GraphError, Key, key_of, name_of, number_at
from notation.answer import read_answer
from notation.errors import ReadError
from notation.statement import Answer, Statement
from notation.tree import (
    Add,
    Call,
    Concat,
    Div,
    Expr,
    Mul,
    Num,
    Partial,
    Pow,
    Ref,
    Span,
    Transpose,
    Vector,
    rebuild,
    walk,
)

Way = Literal["value", "derivative", "dot", "bar", "list", "matrix", "bare"]
Seeds: TypeAlias = Mapping[Key, float]
_ENTRY = ("J", "j")
_SEED_WORDS = frozenset({"seed", "seeds", "seeding", "direction", "vector"})


@dataclass(frozen=True)
class Line:
    """One line of the working.

    `way` says what it is about: the value of `of`; the derivative of `of` by `by`; a dotted or barred `of` under
    `seeds` (or, where none are set, under the `hint` that words give); a list of derivatives (by the input `by`, or of
    the output `of`) or of the outputs; a whole matrix; or a bare number.
    """

    text: str
    span: Span
    way: Way
    sides: tuple[Expr, ...]
    statement: Statement
    of: Expr | None = None
    by: Key | None = None
    seeds: Seeds = field(default_factory=dict)
    hint: Key | None = None


@dataclass(frozen=True)
class Working:
    """All lines of an answer in order; `text` is what was read, `errors` what looks like a formula and was not."""

    text: str
    lines: tuple[Line, ...]
    errors: tuple[ReadError, ...]
    answer: Answer


def read_working(text: str, graph: Graph, *, forwards: bool, values: bool = False) -> Working:
    """Read an answer about a graph; `forwards` and `values` tell what a lone `dv5` and `v5 → 2` mean."""
    inputs, outputs = [_shown(k) for k in graph.inputs], [_shown(k) for k in graph.outputs]
    text = in_lines(text, forwards=forwards, letter=next((k[0] for k in graph.inputs), "x"))
    own = own_letters(text)
    text = exponential(text, own)
    plain = made_plain(text, inputs, outputs, forwards=forwards, values=values)
    graph_letters = {k[0] for k in graph.values if k[1]}
    numbered = numbered_letters(plain)
    many = (numbered | graph_letters) - {"e"}
    known = vocabulary(many, ((own & {"e"}) | single_letters(text)) - many)
    answer = read_answer(plain, known)
    reader = _Lines(plain, graph, own, seeding_values=not values)
    for statement in answer.statements:
        reader.take(statement)
    return Working(plain, tuple(reader.lines), answer.errors, answer)


def _shown(key: Key) -> str:
    return key[0] + "".join(f"_{k}" for k in key[1])


class _Lines:
    def __init__(self, text: str, graph: Graph, own: frozenset[str], *, seeding_values: bool) -> None:
        self.text = text
        self.graph = graph
        self.own = own
        self.seeding_values = seeding_values  # `y_1 = 1` sets a seed where no values are asked
        self.copied: dict[Key, Key | None] = {}  # what the nodes of the student copy: v_{-1} = x_1
        self.lines: list[Line] = []
        self.inputs, self.outputs = list(graph.inputs), list(graph.outputs)
        self.end = 0
        self.mentioned: dict[str, Key | None] = {"dot": None, "bar": None}
        self.stated: dict[str, dict[Key, float]] = {"dot": {}, "bar": {}}
        self.seeding = {"dot": False, "bar": False}

    def take(self, s: Statement) -> None:
        """One statement as a line; a lone name only says what comes next."""
        for name in self.names_between(self.end, s.span[0]):
            self.mention(name)
        sides = tuple(self.renamed(x) for x in s.sides)
        if len(sides) == 1 and isinstance(sides[0], Ref):
            if (key := self.key(sides[0])) is not None:
                self.mention(key)
            return
        self.end = s.span[1]
        line = self.line(s, sides)
        if line is not None:
            self.lines.append(line)

    def names_between(self, start: int, end: int) -> list[Key]:
        """The inputs and outputs that are named in the words between two formulas."""
        found: list[tuple[int, Key]] = []
        gap = self.text[start:end].translate(str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789"))
        for key in (*self.inputs, *self.outputs):
            number = "".join(rf"_?\{{?{k}\}}?" for k in key[1])
            letter = f"[{key[0]}f]" if key in self.outputs else key[0]
            pattern = rf"(?<![A-Za-z]){letter}{number}(?![\w])"
            found.extend((m.start(), key) for m in re.finditer(pattern, gap))
        return [key for _, key in sorted(found)]

    def mention(self, key: Key) -> None:
        """A seed that words name: `with respect to x_1`, `for y_2`."""
        for mark, keys in (("dot", self.inputs), ("bar", self.outputs)):
            if key in keys:
                self.mentioned[mark] = key
                self.stated[mark] = {}

    # -- what a line is about ---------------------------------------------------------------------------------------

    def line(self, s: Statement, sides: tuple[Expr, ...]) -> Line | None:
        """The line of a statement, or None for one that says nothing about the graph."""
        text = self.text[s.span[0] : s.span[1]]
        if len(sides) == 1:
            if self.length(sides[0]) and {w.lower() for w in s.words} & _SEED_WORDS:
                for mark in ("dot", "bar"):
                    self.seeded(mark, sides[0])
                return None
            way: Way = "matrix" if self.is_matrix(sides[0]) else "list" if self.length(sides[0]) else "bare"
            return Line(text, s.span, way, sides, s)
        head, rest = sides[0], sides[1:]
        if isinstance(head, Partial):
            return self.derivative(s, head, rest, text)
        for mark in ("dot", "bar"):
            if isinstance(head, Ref) and head.name.startswith(f"\\{mark} "):
                return self.marked(s, mark, replace_name(head), rest, text)
        if isinstance(head, Transpose) and any(self.is_matrix(x) for x in rest):  # J^T = ...
            return Line(text, s.span, "matrix", tuple(Transpose(x) for x in rest), s)
        if isinstance(head, Transpose) and isinstance(head.body, Ref):
            return self.marked(s, "dot", head.body, rest, text)
        if any(self.is_matrix(x) for x in rest):
            return Line(text, s.span, "matrix", rest, s)
        if product := self.product(head):
            return self.projected(s, product, rest, text)
        key = self.key(head) if isinstance(head, Ref) else None
        if key is not None and key[0] in _ENTRY and key not in self.graph.values and len(key[1]) in (1, 2):
            return self.entry(s, key, rest, text)
        if any(self.length(x) for x in rest):
            if isinstance(head, (Ref, Vector, Concat)) and self.about_inputs(head):
                return None
            if isinstance(head, Ref) and self.is_direction(head, key) and self.is_unit(rest[-1]):
                for mark in ("dot", "bar"):
                    self.seeded(mark, rest[-1])  # e_1 = (1, 0)
                return None
            return Line(text, s.span, "list", rest, s, of=head)
        if isinstance(head, Ref) and key is not None:
            return None if self.sets_seed(key, rest) else Line(text, s.span, "value", rest, s, of=head)
        return Line(text, s.span, "bare", sides, s)

    def sets_seed(self, key: Key, rest: tuple[Expr, ...]) -> bool:
        """Whether `y_1 = 1`, `x_2 = 0` or `u = e_1` sets a seed; what `v_{-1} = x_1` stands for is kept."""
        sources = (*self.inputs, *self.outputs)
        named = [k for x in rest if isinstance(x, Ref) and (k := self.key(x)) is not None]
        if key not in sources:
            copied = [k for k in named if k in sources]
            if copied:
                self.copied[key] = copied[0]
            elif any(isinstance(x, (Add, Call, Div, Mul, Pow)) and not is_number(x) for x in rest):
                self.copied.setdefault(key, None)
            if key in self.graph.values or len(named) != 1 or len(rest) != 1 or named[0][0] != "e":
                return False
            number = named[0][1][0] if named[0][1] else 0
            for mark, keys in (("dot", self.inputs), ("bar", self.outputs)):
                if 1 <= number <= len(keys):
                    self.stated[mark] = {k: float(n == number) for n, k in enumerate(keys, 1)}
                    self.seeding[mark] = False
            return number > 0
        if named:
            self.copied[key] = named[0]
        if not self.seeding_values or len(rest) != 1 or not isinstance(rest[0], Num) or rest[0].value not in (0, 1):
            return False
        if float(rest[0].value) == self.graph.values[key]:
            return False
        mark = "dot" if key in self.inputs else "bar"
        self.stated[mark] = {**(self.stated[mark] if self.seeding[mark] else {}), key: _worth(rest[0])}
        self.seeding[mark] = True
        return True

    def product(self, head: Expr) -> str:
        """`u^T J`, a row for a seed of the outputs, or `J u`, a column for one of the inputs."""
        factors: list[Expr] = []

        def gather(e: Expr) -> None:
            if isinstance(e, Mul):
                gather(e.left)
                gather(e.right)
            else:
                factors.append(e)

        gather(head)
        names = [x.name if isinstance(x, Ref) and (not x.at or whole(x)) else "" for x in factors]
        if len(factors) < 2 or names.count("J") != 1:
            return ""
        return "row" if names[-1] == "J" else "column" if names[0] == "J" else ""

    def projected(self, s: Statement, way: str, rest: tuple[Expr, ...], text: str) -> Line | None:
        """A row or column of the Jacobian for the seed that holds; None where no single one does."""
        stated = self.stated["bar" if way == "row" else "dot"]
        unit = [k for k, w in stated.items() if w]
        if len(unit) != 1 or stated[unit[0]] != 1.0 or not any(self.length(x) for x in rest):
            return None
        if way == "row":
            return Line(text, s.span, "list", rest, s, of=name_of(unit[0]))
        return Line(text, s.span, "list", rest, s, by=unit[0])

    def derivative(self, s: Statement, head: Partial, rest: tuple[Expr, ...], text: str) -> Line | None:
        """`∂v_4/∂x_1 = ...`; with a whole vector above or below it is a list."""
        by = self.key(head.wrt) if isinstance(head.wrt, Ref) else None
        of = head.of
        whole_below = isinstance(head.wrt, Ref) and by is None
        whole_above = isinstance(of, Ref) and self.key(of) is None
        if any(self.is_matrix(x) for x in rest):
            return Line(text, s.span, "matrix", rest, s)
        if whole_above and by in self.graph.inputs:
            return Line(text, s.span, "list", rest, s, by=by)
        if whole_below and not whole_above:
            return Line(text, s.span, "list", rest, s, of=of)
        if by is None or whole_above:
            return None
        if any(self.length(x) for x in rest):  # dots over everything at once
            return None
        return Line(text, s.span, "derivative", rest, s, of=of, by=by)

    def marked(self, s: Statement, mark: str, head: Ref, rest: tuple[Expr, ...], text: str) -> Line | None:
        """A dotted or barred node; that of an input (or an output) sets the seed for what follows."""
        key = self.key(head)
        way: Way = "dot" if mark == "dot" else "bar"
        sources = self.inputs if mark == "dot" else self.outputs
        if key is None:
            self.seeded(mark, rest[-1])
            return None
        source = self.aliased(key, sources)
        number = next((_worth(x) for x in reversed(rest) if isinstance(x, Num)), None)
        if source is not None and number is not None:
            if not self.seeding[mark] or source in self.stated[mark]:
                self.stated[mark] = {}
            self.stated[mark] = {**self.stated[mark], source: number}
            self.seeding[mark] = True
            if key == source:
                return None
        elif key not in sources:
            self.seeding[mark] = False
        seeds = self.stated[mark] if any(self.stated[mark].values()) else {}
        return Line(text, s.span, way, rest, s, of=head, seeds=dict(seeds), hint=self.mentioned[mark])

    def seeded(self, mark: str, side: Expr) -> None:
        """A whole seed at once: `\\dot x = (0, 1)`, or `seed (0, 1)` in words."""
        entries = entries_of(side)
        sources = self.inputs if mark == "dot" else self.outputs
        if len(entries) == len(sources) and all(isinstance(e, Num) for e in entries):
            self.stated[mark] = {k: _worth(e) for k, e in zip(sources, entries, strict=True)}
            self.seeding[mark] = False

    def aliased(self, key: Key, sources: Sequence[Key]) -> Key | None:
        """The input that a node merely copies (`v_1 = x_1`), or the output that copies a node."""
        if key in sources:
            return key
        if key in self.copied:
            return found if (found := self.copied[key]) in sources else None
        for source in sources:
            if self.copied.get(source) == key:
                return source
        node = self.graph.by_key.get(key)
        if node is not None and isinstance(node.formula, Ref) and key_of(node.formula) in sources:
            return key_of(node.formula)
        for source in sources:
            copied = self.graph.by_key.get(source)
            if copied is not None and isinstance(copied.formula, Ref) and key_of(copied.formula) == key:
                return source
        return None

    def entry(self, s: Statement, key: Key, rest: tuple[Expr, ...], text: str) -> Line | None:
        """`J_{12} = ...`: the derivative of output 1 by input 2."""
        numbers = key[1] if len(key[1]) == 2 else divmod(key[1][0], 10)
        row, column = numbers
        if not (1 <= row <= len(self.outputs) and 1 <= column <= len(self.inputs)):
            return None
        return Line(text, s.span, "derivative", rest, s, of=name_of(self.outputs[row - 1]), by=self.inputs[column - 1])

    # -- names --------------------------------------------------------------------------------------------------------

    def renamed(self, e: Expr) -> Expr:
        """`f_1` is the first output where no name of the graph is an f."""
        taken = {k[0] for k in self.graph.values}
        if isinstance(e, Ref) and e.name in {"f", "F"} and e.name not in taken and e.at:
            number = e.at[0]
            if isinstance(number, Num) and 1 <= number.value <= len(self.outputs):
                return name_of(self.outputs[int(number.value) - 1])
        return rebuild(e, self.renamed)

    def key(self, e: Expr) -> Key | None:
        """The node a name stands for; None for a vector of all or anything else."""
        if not isinstance(e, Ref):
            return None
        try:
            key = key_of(e)
        except GraphError:
            return None
        numbered = {k[0] for k in self.graph.values if k[1]}
        return None if not key[1] and (key[0] in numbered or key[0] in {"f", "F", "J", "D"} - self.own) else key

    def about_inputs(self, e: Expr) -> bool:
        """Whether a list only repeats the point: `x = (2, 1)`."""
        names = {n.name for n in walk(e) if isinstance(n, Ref) and not n.name.endswith("#")}
        return names <= {k[0] for k in self.inputs}

    def is_matrix(self, e: Expr) -> bool:
        """Whether a side is a written-out matrix with more than one row and column."""
        return len(rows_of(e)) > 1 and len(rows_of(e)[0]) > 1

    def is_direction(self, head: Ref, key: Key | None) -> bool:
        """Whether a name may be that of a seed: no node, and not the letter of an input, an output or the Jacobian."""
        taken = {k[0] for k in (*self.inputs, *self.outputs)} | {"f", "F", "J", "D"}
        return key not in self.graph.values and head.name not in taken and (key is not None or whole(head))

    def is_unit(self, e: Expr) -> bool:
        """Whether a list is a unit vector."""
        values = sorted(x.value for x in entries_of(e) if isinstance(x, Num))
        return len(values) == len(entries_of(e)) > 0 and values == [0] * (len(values) - 1) + [1]

    def length(self, e: Expr) -> int:
        """How many entries a written-out list has; 0 for anything else."""
        return len(entries_of(e))


def _worth(e: Expr) -> float:
    """A typed number; one too large for a float is as good as none."""
    try:
        return number_at(e, {})
    except GraphError:
        return 0.0
