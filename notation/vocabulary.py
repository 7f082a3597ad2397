"""The names a formula may use: quantities with their shapes, aliases, sizes, index variables.

Reading is directed by names: `f(t)` is a quantity at a time when `f` is one, `Wx` is a product when `W` and `x` are
names.
A vocabulary is closed (an assignment: unknown names are errors) or open (two bare formulas: unknown names are scalars).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from notation.lexer import tokenize
from notation.lexicon import ACCENT_WORDS, FUNCTIONS, GREEK
from notation.tokens import Token
from notation.tree import Expr, Ref

# One dimension is a tuple of blocks: a size such as n+d has the two blocks n and d.
Dim = tuple[Expr, ...]
Shape = tuple[Dim, ...]

# A letter may name one quantity without steps and another with them (E and E_t): this ends the name of the latter.
STEPPED = "@"

# Letters that usually run over components; used only to split `W_{ij}` and to read a bare superscript as a component.
INDEX_LETTERS = frozenset("ijklmpqrsuv")


ARROWS = frozenset({"overrightarrow", "overleftarrow"})


@dataclass(frozen=True, slots=True)
class Quantity:
    """A named quantity: `axes` are the sequence variables it depends on, `shape` its component dimensions.

    `shape` is None when it is not known (a student's own definition). `role` is one of quantity, size, loss, index.
    """

    name: str
    axes: tuple[str, ...] = ()
    shape: Shape | None = ()
    role: str = "quantity"


@dataclass(frozen=True, slots=True)
class Symbol:
    """A name as it was spelled: letter, accents, and a label such as the f of W_f."""

    base: str
    accents: tuple[str, ...] = ()
    label: str = ""

    @property
    def key(self) -> str:
        """The look-up key, the same for all spellings: accents, letter, label."""
        head = "".join(f"{a}:" for a in sorted(self.accents)) + self.base
        return f"{head}_{self.label}" if self.label else head

    @property
    def canonical(self) -> str:
        r"""The name as LaTeX, used for names that an assignment does not declare.

        >>> Symbol("C", ("tilde",)).canonical
        '\\tilde C'
        """
        base, _, layer = self.base.partition("^")
        text = f"\\{base}" if base in GREEK else base
        for accent in self.accents:
            text = f"\\{accent} {text}" if len(base) == 1 or base in GREEK else f"\\{accent}{{{text}}}"
        if layer:
            text = f"{text}^{{({layer})}}" if layer != "*" else f"{text}^*"
        if not self.label:
            return text
        return f"{text}_{self.label}" if len(self.label) == 1 else f"{text}_{{{self.label}}}"


@dataclass(frozen=True)
class Vocabulary:
    """All names known in one place. Immutable: `with_local` returns an extended copy.

    `arguments` tells what a function known by name only is applied to in the model, with the step variables there;
    `own_steps` are letters that an answer gives to a step, `n = t + 1`.
    """

    quantities: Mapping[str, Quantity] = field(default_factory=dict)
    spellings: Mapping[str, str] = field(default_factory=dict)
    ranges: Mapping[str, tuple[Expr | None, Expr | None]] = field(default_factory=dict)
    functions: Mapping[str, str] = field(default_factory=dict)
    loss: str | None = None
    open: bool = False
    latex: bool = False
    arguments: Mapping[str, tuple[tuple[str, ...], Expr]] = field(default_factory=dict)
    own_steps: frozenset[str] = frozenset()

    def find(self, symbol: Symbol) -> Quantity | None:
        """The quantity that a spelled symbol names, or None."""
        name = self.spellings.get(symbol.key)
        return self.quantities.get(name) if name is not None else None

    def stepped(self, symbol: Symbol) -> Quantity | None:
        """The quantity with steps that shares its letter with one that has none: the E_t beside E."""
        name = self.spellings.get(symbol.key + STEPPED)
        return self.quantities.get(name) if name is not None else None

    def knows_base(self, base: str) -> bool:
        """Whether any declared name begins with this letter (with whatever accent or label)."""
        return base in self._bases

    def accents(self, base: str, accents: Iterable[str]) -> tuple[str, ...]:
        """The accents of a name; an arrow that no such name is declared with only says that it is a vector."""
        heads = [key.rpartition(":") for key in self.spellings]
        known = {a for marks, _, rest in heads if rest.startswith(base) for a in marks.split(":")}
        return tuple(a for a in accents if a not in ARROWS or self.open or a in known)

    @property
    def _bases(self) -> frozenset[str]:
        cached = self.__dict__.get("_bases_cache")
        if cached is None:
            cached = frozenset(
                key.rstrip(STEPPED).rsplit(":", 1)[-1].split("_", 1)[0].split("^", 1)[0] for key in self.spellings
            )
            object.__setattr__(self, "_bases_cache", cached)
        return cached

    def stepped_base(self, letter: str) -> bool:
        """Whether a letter alone names a quantity that runs along a sequence."""
        found = self.stepped(Symbol(letter)) or self.find(Symbol(letter))
        return found is not None and bool(found.axes)

    @property
    def step_names(self) -> frozenset[str]:
        """The sequence variables and the sizes at which their ranges end."""
        ends = {e.name for pair in self.ranges.values() for e in pair if isinstance(e, Ref)}
        return frozenset(self.ranges) | ends | self.own_steps

    def is_axis(self, name: str) -> bool:
        """Whether `name` is a declared sequence variable such as t."""
        return name in self.ranges

    def function(self, name: str) -> str | None:
        """The canonical function a name stands for, unless a quantity has that name."""
        if name.startswith("einsum:"):
            return name
        if name in self.functions:
            return self.functions[name]
        return FUNCTIONS.get(name) if self.find(Symbol(name)) is None else None

    def with_local(self, symbol: Symbol, axes: tuple[str, ...]) -> Vocabulary:
        """A copy that also knows a name defined in the answer itself; its shape is found by evaluating it."""
        name = symbol.canonical
        quantities = {**self.quantities, name: Quantity(name, axes, None)}
        return replace(self, quantities=quantities, spellings={**self.spellings, symbol.key: name})

    def with_letters(self, letters: Iterable[str]) -> Vocabulary:
        """A copy that knows further letters as indices, where they are no names yet."""
        new = [c for c in letters if c not in self.quantities and c not in self.ranges and c not in self.spellings]
        quantities = {**self.quantities, **{c: Quantity(c, (), (), "index") for c in new}}
        return replace(self, quantities=quantities, spellings={**self.spellings, **{c: c for c in new}})

    def near(self, base: str) -> list[str]:
        """Declared names to suggest for an unknown one, nearest first."""
        import difflib

        names = {q.name for q in self.quantities.values() if q.role != "index"}
        same = sorted(n for n in names if n.lower().lstrip("\\").startswith(base.lower()[:1]))
        close = difflib.get_close_matches(base, sorted(names), n=3, cutoff=0.5)
        return list(dict.fromkeys(close + same))[:4]


def spell(text: str) -> tuple[Symbol, list[list[Token]]]:
    r"""Read a declared name such as `W_f`, `\tilde C_t`, `e_{kj}`: the symbol and its subscript pieces.

    >>> symbol, pieces = spell(r"\tilde C_t")
    >>> symbol.key, [t.text for t in pieces[0]]
    ('tilde:C', ['t'])
    """
    accents: list[str] = []
    base = ""
    pieces: list[list[Token]] = []
    superscript = ""
    tokens = [t for t in tokenize(text) if t.kind not in {"dollar", "newline"}]
    i = 0
    while i < len(tokens):
        token = tokens[i]
        if token.kind in {"accent", "combining"}:
            accents.append(token.text)
        elif token.text in {"{", "}"} and token.kind == "op":
            pass
        elif token.text == "_":
            inner, i = group(tokens, i + 1)
            pieces.extend(split_commas(inner))
            continue
        elif token.text == "^":
            inner, i = group(tokens, i + 1)
            superscript = "^" + "".join(t.text for t in inner if t.text not in {"(", ")", "<", ">"})
            continue
        elif not base:
            base = token.text
        i += 1
    if len(pieces) == 1 and len(pieces[0]) == 1 and pieces[0][0].text in ACCENT_WORDS:
        return Symbol(base + superscript, (*accents, ACCENT_WORDS[pieces[0][0].text])), []
    return Symbol(base + superscript, tuple(accents)), pieces


def group(tokens: list[Token], i: int) -> tuple[list[Token], int]:
    """The tokens of the group or single token at position i, and the position after it."""
    if i >= len(tokens):
        return [], i
    if tokens[i].text != "{" or tokens[i].kind != "op":
        return [tokens[i]], i + 1
    depth, j = 0, i
    while j < len(tokens):
        depth += (tokens[j].text == "{") - (tokens[j].text == "}")
        j += 1
        if depth == 0:
            break
    return tokens[i + 1 : j - 1], j


def split_commas(tokens: Iterable[Token]) -> list[list[Token]]:
    """Split at commas that stand outside brackets."""
    pieces: list[list[Token]] = [[]]
    depth = 0
    for token in tokens:
        if token.kind == "op":
            depth += (token.text in {"(", "[", "{", "\\{", "langle"}) - (token.text in {")", "]", "}", "\\}", "rangle"})
        if token.kind == "op" and token.text == "," and depth == 0:
            pieces.append([])
        else:
            pieces[-1].append(token)
    return [p for p in pieces if p]
