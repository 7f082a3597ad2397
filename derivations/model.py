"""A model: forward equations in text, with declared shapes, read into trees that can be run and differentiated.

A new architecture is a list of equations; nothing here knows the name of any.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from derivations.direction import runs_backward
from notation.answer import read_formula
from notation.errors import EvaluationError, ReadError, ShapeError
from notation.fields import Field
from notation.indexed import Lowering
from notation.tokens import Token
from notation.tree import Add, Call, Expr, Num, Ref, number, walk
from notation.vocabulary import INDEX_LETTERS, STEPPED, Dim, Quantity, Shape, Vocabulary, spell

# How an input can be sampled; a first value that is zero is so at all earlier steps too.
SAMPLES = frozenset({"distribution", "one-hot", "positive", "zero"})

# What a function known by name only can be.
FUNCTION_KINDS = ("elementwise", "scalar")


class ModelError(Exception):
    """A model that cannot be built: `line` is the line within the forward equations, counted from 1 (0: elsewhere)."""

    def __init__(self, message: str, line: int = 0, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.line = line
        self.hint = hint


@dataclass(frozen=True)
class ModelText:
    """What an author writes about a model."""

    name: str
    sizes: Mapping[str, str] = field(default_factory=dict)
    sequence: str = ""
    inputs: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)
    forward: str = ""
    loss: str | None = None
    aliases: Mapping[str, str] = field(default_factory=dict)
    functions: Mapping[str, str] = field(default_factory=dict)
    samples: Mapping[str, str] = field(default_factory=dict)
    blocks: Mapping[str, Sequence[str]] = field(default_factory=dict)
    computed: Mapping[str, str] = field(default_factory=dict)
    shorthands: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Equation:
    """One forward equation `left = right`; `line` is its line in the text, `text` the line itself.

    `left.index` holds the letters of an equation written component by component, `f_r = ...`; else it is empty.
    """

    left: Ref
    right: Expr
    line: int
    text: str


@dataclass(frozen=True)
class Model:
    """A model that can be differentiated (`derivations.calculus`) and run (`reference_impl`).

    `inputs` and `parameters` are leaves; `initial` are leaves at a fixed step such as h_0. All names are canonical.
    `functions` are those known by name only, with their kind: `elementwise`, or `scalar` (a number from vectors).
    `backward` names the sequence along which a quantity runs from the last step to the first; `shorthands` are what
    the questions call derivatives, as text, and `names` the words by which quantities are called.
    """

    name: str
    vocabulary: Vocabulary
    sizes: tuple[str, ...]
    inputs: tuple[str, ...]
    parameters: tuple[str, ...]
    initial: tuple[tuple[str, Expr], ...]
    equations: tuple[Equation, ...]
    loss: str | None
    distributions: frozenset[str] = frozenset()
    samples: Mapping[str, str] = field(default_factory=dict)
    functions: Mapping[str, str] = field(default_factory=dict)
    backward: Mapping[str, str] = field(default_factory=dict)
    shorthands: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def shape(self, name: str) -> Shape:
        """The declared or inferred component shape of a quantity."""
        quantity = self.vocabulary.quantities.get(name)
        if quantity is None or quantity.shape is None:
            raise EvaluationError(f"the shape of {name} is not known")
        return quantity.shape

    def also_called(self, aliases: Mapping[str, str]) -> Model:
        """The same model with further names for its quantities (`w` for the weight a question speaks of)."""
        if not aliases:
            return self
        spellings = dict(self.vocabulary.spellings)
        for alias, target in aliases.items():
            if (name := target_name(target, self.vocabulary)) is None:
                raise ModelError(f"there is no {target} that could be called {alias}")
            spellings[spelled_key(alias)] = name
        return replace(self, vocabulary=replace(self.vocabulary, spellings=spellings))

    def lowering(self) -> Lowering:
        """A fresh lowering to index form with the shapes of this model."""
        return Lowering(self.shape, self.elementwise)

    @property
    def elementwise(self) -> tuple[str, ...]:
        """The elementwise functions known by name only."""
        return tuple(name for name, kind in self.functions.items() if kind == "elementwise")

    def equation(self, name: str) -> Equation:
        """The equation that defines a quantity."""
        for e in self.equations:
            if e.left.name == name:
                return e
        raise KeyError(name)


def build(text: ModelText) -> Model:
    """Read a model; raises `ModelError` that names the line.

    >>> forward = "h_t = \\\\tanh(W h_{t-1} + x_t)"
    >>> m = build(ModelText("rnn", {"n": "state"}, "t = 1..4", {"x_t": "n", "h_0": "n"}, {"W": "n x n"}, forward))
    >>> [e.left.name for e in m.equations], m.shape("h") == m.shape("x")
    (['h'], True)
    """
    return _Builder(text).build()


class _Builder:
    def __init__(self, text: ModelText) -> None:
        self.text = text
        self.quantities: dict[str, Quantity] = {}
        self.spellings: dict[str, str] = {}
        self.ranges: dict[str, tuple[Expr | None, Expr | None]] = {}
        self.initial: list[tuple[str, Expr]] = []
        self.componentwise: set[str] = set()
        self.letters: set[str] = set()
        self.distributions: set[str] = set()
        self.samples: dict[str, str] = dict(text.samples)
        self.function_letters: dict[str, str] = {}
        self.plain: set[str] = set()
        self.functions: dict[str, str] = {}
        self.arguments: dict[str, tuple[tuple[str, ...], Expr]] = {}

    def build(self) -> Model:
        text = self.text
        self.read_functions()
        for size in text.sizes:
            self.declare(Quantity(size, (), (), "size"), size)
        self.read_sequences(text.sequence)
        inputs = [n for n in (self.leaf(k, v) for k, v in text.inputs.items()) if n]
        parameters = [n for n in (self.leaf(k, v, trained=True) for k, v in text.parameters.items()) if n]
        self.componentwise = {n for n in (self.leaf(k, v) for k, v in text.computed.items()) if n}
        lines = [(i, line.strip()) for i, line in enumerate(text.forward.splitlines(), 1) if line.strip()]
        self.plain = {spell(line.partition("=")[0])[0].key for _, line in lines if not self.has_steps(line)}
        self.plain |= {spell(size)[0].key for size in text.sizes}
        heads = [(i, line, *self.head(i, line)) for i, line in lines]
        for alias, target in text.aliases.items():
            self.alias(alias, target)
        equations: list[Equation] = []
        for i, line, left, body in heads:
            right = self.body(i, body)
            self.infer(left, right, i)
            equations.append(Equation(left, right, i, line))
        self.find_arguments(equations)
        if text.loss is not None and text.loss not in self.quantities:
            raise ModelError(
                f"the loss {text.loss} is not defined by any forward equation",
                hint=f"known: {', '.join(self.quantities)}",
            )
        for alias, target in text.aliases.items():
            self.alias(alias, target)
        if missing := self.componentwise - {e.left.name for e in equations}:
            raise ModelError(f"{min(missing)} is declared as computed, and no equation computes it")
        if text.loss is not None:
            self.quantities[text.loss] = replace(self.quantities[text.loss], role="loss")
        return Model(
            text.name,
            self.vocabulary(),
            tuple(text.sizes),
            tuple(inputs),
            tuple(parameters),
            tuple(self.initial),
            tuple(equations),
            text.loss,
            frozenset(self.distributions),
            self.samples,
            self.functions,
            runs_backward(equations, self.quantities),
            text.shorthands,
            text.names,
        )

    def vocabulary(self) -> Vocabulary:
        known = Vocabulary(
            dict(self.quantities),
            dict(self.spellings),
            dict(self.ranges),
            dict(self.function_letters),
            self.text.loss,
            arguments=dict(self.arguments),
        )
        return known.with_letters(sorted(self.letters))

    def read_functions(self) -> None:
        """Functions known by name only; a value that is another function's letter is a further spelling of it."""
        for letter, kind in self.text.functions.items():
            own = spell(letter)[0].base
            if kind in FUNCTION_KINDS:
                self.function_letters[own] = own
                self.functions[own] = kind
                continue
            target = self.function_letters.get(spell(kind)[0].base)
            if target is None:
                raise ModelError(
                    f"the function {letter} is neither {' nor '.join(FUNCTION_KINDS)} nor another letter of one",
                    hint="functions: {\\phi: elementwise, f: \\phi}",
                )
            self.function_letters[own] = target

    def declare(self, quantity: Quantity, spelling: str) -> None:
        self.quantities[quantity.name] = quantity
        symbol, pieces = spell(spelling)
        label = "".join(t.text for p in pieces for t in p)
        self.spellings[replace(symbol, label=label).key] = quantity.name

    def read_sequences(self, text: str) -> None:
        for part in filter(None, (p.strip() for p in text.split(";"))):
            variable, _, bounds = (s.strip() for s in part.partition("="))
            low, _, high = (s.strip() for s in bounds.partition(".."))
            if not (variable and low and high):
                raise ModelError(f"the sequence '{part}' could not be read", hint="write: t = 1..T")
            known = Vocabulary(dict(self.quantities), dict(self.spellings))
            self.ranges[variable] = (read_formula(low, known), read_formula(high, known))

    def shape_text(self, name: str, text: str) -> tuple[Shape, set[str]]:
        first, *flags = [p.strip() for p in text.split(",")]
        known = Vocabulary(dict(self.quantities), {**self.spellings})
        if first in {"1", "scalar", "number"}:
            return (), set(flags)
        try:
            trees = [read_formula(part, known) for part in re.split(r" x |×|\\times(?![a-z])", first)]
        except ReadError as problem:
            raise ModelError(
                f"the shape of {name} could not be read: {problem.message}", hint="write: n x (n+d)"
            ) from problem
        return tuple(blocks(d) for d in trees), set(flags)

    def leaf(self, spelled: str, shape_text: str, *, trained: bool = False) -> str | None:
        """Declare an input, parameter or initial state; the canonical name, or None for an initial state."""
        symbol, pieces = spell(spelled)
        shape, flags = self.shape_text(spelled, shape_text)
        axes, label, start = self.positions(pieces)
        if trained and isinstance(start, Num):  # W_1 is a name; only a quantity of the sequence has a first step
            label, start = f"{label}{start.value}", None
        name = replace(symbol, label=label).canonical
        if start is not None:
            self.initial.append((name, start))
            axes = tuple(self.ranges)[:1]
        if flags - SAMPLES:
            raise ModelError(f"'{', '.join(flags)}' of {spelled} is not known", hint=", ".join(sorted(SAMPLES)))
        if flags & {"distribution", "one-hot"}:
            self.distributions.add(name)
        self.samples |= dict.fromkeys([name] if flags - {"distribution"} else [], ", ".join(flags))
        self.quantities[name] = Quantity(name, axes, shape)
        self.spellings[replace(symbol, label=label).key] = name
        return None if start is not None else name

    def positions(self, pieces: list[list[Token]]) -> tuple[tuple[str, ...], str, Expr | None]:
        """Axes, label and fixed first step of a declared name."""
        axes: list[str] = []
        label = ""
        start: Expr | None = None
        for piece in pieces:
            if any(t.kind == "op" for t in piece):  # T+1, where a recurrence begins that runs backwards
                start = read_formula("".join(t.text for t in piece), self.vocabulary())
        letters = [t for p in pieces if not any(t.kind == "op" for t in p) for t in p]
        for token in letters:
            for part in (
                token.text if token.kind == "name" and all(c in self.ranges for c in token.text) else [token.text]
            ):
                if part in self.ranges:
                    axes.append(part)
                elif token.kind == "num" and self.ranges:
                    start = number(int(part))
                else:
                    label += part
        return tuple(axes), label, start

    def alias(self, spelled: str, target: str) -> None:
        """Make `spelled` another name of `target`, once that is declared."""
        name = target_name(target, self.vocabulary())
        if name is not None:
            self.spellings.setdefault(spelled_key(spelled), name)

    def head(self, line: int, text: str) -> tuple[Ref, str]:
        """The left side of an equation; declares its name, so that later lines and recurrences can use it."""
        left, equals, right = text.partition("=")
        if not equals or not left.strip() or not right.strip():
            raise ModelError(f"'{text}' is not an equation", line, "write: h_t = ...")
        symbol, pieces = spell(left)
        if (componentwise := self.vocabulary().find(symbol)) is not None and componentwise.name in self.componentwise:
            return self.component_head(line, left.strip(), pieces), right
        axes, label, _ = self.positions([[t for t in p if t.kind != "num"] for p in pieces])
        indices = (
            tuple(c for c in label if c in INDEX_LETTERS)
            if label and all(c in INDEX_LETTERS for c in label) and axes
            else ()
        )
        label = "" if indices else label
        named = replace(symbol, label=label)
        twin = STEPPED if axes and named.key in self.plain else ""
        name = named.canonical + twin
        known = self.quantities.get(name)
        shape = known.shape if known is not None else None
        first_step = any(name == n for n, _ in self.initial)  # its axis is learnt here
        if known is not None and known.role != "size" and known.axes != axes and not first_step:
            raise ModelError(
                f"{left.strip()} and {name} would be one name with different subscripts",
                line,
                "give one of them another letter",
            )
        if known is not None and known.role == "size":
            raise ModelError(f"{name} is a size and cannot be computed", line)
        self.quantities[name] = Quantity(name, axes, shape)
        self.spellings[named.key + twin] = name
        return Ref(name, tuple(Ref(a) for a in axes), tuple(Ref(i) for i in indices)), right

    def has_steps(self, line: str) -> bool:
        """Whether the left side of an equation stands at a step."""
        axes, label, _ = self.positions(spell(line.partition("=")[0])[1])
        return bool(axes or label)

    def component_head(self, line: int, left: str, pieces: list[list[Token]]) -> Ref:
        """The left side `f_r` or `Y_{o,i,j}` of an equation for one component of a declared quantity."""
        names = {t.text for p in pieces for t in p if t.kind == "name"}
        self.letters |= {c for n in names for c in n if c not in self.quantities and c not in self.ranges}
        try:
            tree = read_formula(left, self.vocabulary())
        except ReadError as problem:
            raise ModelError(f"{problem.message}\n{problem.caret()}", line, problem.hint) from problem
        assert isinstance(tree, Ref)
        shape = self.quantities[tree.name].shape or ()
        letters = [i.name for i in tree.index if isinstance(i, Ref)]
        if len(letters) != len(shape) or len(set(letters)) != len(shape) or not set(letters) <= self.letters:
            raise ModelError(
                f"{left} needs {len(shape)} different letters, one for each component", line, "write: f_{r,k} = ..."
            )
        if any(len(dim) > 1 for dim in shape):
            raise ModelError(f"{left} has an axis made of blocks, which has no single index", line)
        return tree

    def body(self, line: int, right: str) -> Expr:
        try:
            known = self.vocabulary()
            unknown = {n: replace(q, shape=()) for n, q in self.quantities.items() if q.shape is None}
            return read_formula(right.strip(), replace(known, quantities={**known.quantities, **unknown}))
        except ReadError as problem:
            raise ModelError(f"{problem.message}\n{problem.caret()}", line, problem.hint) from problem

    def infer(self, left: Ref, right: Expr, line: int) -> None:
        """Find the shape of a left side from its right side; a declared shape must agree."""

        def shape_of(name: str) -> Shape:
            quantity = self.quantities[name]
            if quantity.shape is None:
                raise ModelError(
                    f"the shape of {name} is not known here",
                    line,
                    f"declare its first value, such as {name}_0, among the inputs",
                )
            return quantity.shape

        try:
            found = (
                ()
                if self.is_opaque(right)
                else shape_of_field(Lowering(shape_of, self.functions).lower(self.closed(right)))
            )
        except ShapeError as problem:
            raise ModelError(f"the shapes do not fit: {problem.message}", line) from problem
        except EvaluationError as problem:
            raise ModelError(str(problem), line) from problem
        if left.name in self.componentwise and found != ():
            raise ModelError(f"the component of {left.name} must be a number: give every quantity its indices", line)
        declared = self.quantities[left.name].shape
        if declared is not None and declared != found and not left.index:
            raise ModelError(f"{left.name} was declared with another shape than its equation gives", line)
        if declared is None:
            self.quantities[left.name] = replace(self.quantities[left.name], shape=found)

    def find_arguments(self, equations: list[Equation]) -> None:
        """What each elementwise function is applied to, where that is one thing: `\\phi'_t` says no more."""
        for name, kind in self.functions.items():
            found = [
                (tuple(a.name for a in e.left.at if isinstance(a, Ref)), n.args[0])
                for e in equations
                for n in walk(e.right)
                if isinstance(n, Call) and n.function == name
            ]
            if kind == "elementwise" and len(found) == 1:
                self.arguments[name] = found[0]

    def is_opaque(self, right: Expr) -> bool:
        """Whether a right side is a scalar function known by name only, of quantities."""
        if not isinstance(right, Call) or self.functions.get(right.function) != "scalar":
            return False
        if not all(isinstance(a, Ref) and not a.index for a in right.args):
            raise EvaluationError(f"{right.function} takes whole quantities: name its argument first")
        return True

    def closed(self, e: Expr) -> Expr:
        """Sums without bounds get the range of what they index."""
        return with_bounds(e, dict(self.quantities.items()), self.ranges)


def spelled_key(text: str) -> str:
    """The look-up key of a name with all its subscripts as label."""
    symbol, pieces = spell(text)
    return replace(symbol, label="".join(t.text for p in pieces for t in p)).key


def target_name(text: str, known: Vocabulary) -> str | None:
    """The canonical name of a declared quantity, written with or without its steps."""
    symbol, pieces = spell(text)
    label = "".join(t.text for p in pieces for t in p if t.text not in known.ranges)
    key = replace(symbol, label=label).key
    return (known.spellings.get(key + STEPPED) if pieces else None) or known.spellings.get(key)


def blocks(dim: Expr) -> Dim:
    """The blocks of a dimension: n+d has two."""
    return dim.terms if isinstance(dim, Add) and all(isinstance(t, Ref) for t in dim.terms) else (dim,)


def shape_of_field(f: Field) -> Shape:
    """The component shape of a field; a row counts as a matrix of one row is not allowed in a model."""
    if f.kind == "row":
        raise ShapeError("an equation must give a scalar, a column or a matrix, not a row")
    return tuple(d for d in (f.rows, f.cols) if d is not None)


def with_bounds(
    e: Expr, quantities: Mapping[str, Quantity], ranges: Mapping[str, tuple[Expr | None, Expr | None]]
) -> Expr:
    """Give every sum without bounds the range of the position its variable stands in."""
    from notation.tree import Partial, Reduce, rebuild, walk

    if isinstance(e, Reduce) and e.high is None:
        found: tuple[Expr, Expr] | None = None
        for node in walk(e.body):
            if isinstance(node, Partial) and isinstance(node.wrt, Ref):
                node = node.wrt
            if not isinstance(node, Ref) or node.name not in quantities:
                continue
            quantity = quantities[node.name]
            for axis, position in zip(quantity.axes, node.at, strict=False):
                low, high = ranges.get(axis, (None, None))
                if (
                    any(isinstance(r, Ref) and r.name == e.variable for r in walk(position))
                    and low is not None
                    and high is not None
                ):
                    found = found or (low, high)
            for dim, position in zip(quantity.shape or (), node.index, strict=False):
                if isinstance(position, Ref) and position.name == e.variable and len(dim) == 1:
                    found = found or (number(1), dim[0])
        if found is not None:
            e = replace(e, low=e.low or found[0], high=found[1])
    return rebuild(e, lambda c: with_bounds(c, quantities, ranges))
