"""A whole answer: statements, definitions, conditions and remarks, read from text of several lines.

An answer may be one bare formula, a chain `a = b = c`, several equations with conditions, definitions before or after
use ("where", "let"), with words between. Words are kept as remarks; they never change a formula silently.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from notation.errors import ReadError
from notation.lexer import Token
from notation.parser import Parser
from notation.scope import Clause
from notation.segments import Segment, segment
from notation.tree import (
    Add,
    Compare,
    Expr,
    Neg,
    Num,
    Partial,
    Ref,
    Span,
    Vector,
    free_names,
    number,
    rebuild,
    substitute,
    walk,
)
from notation.vocabulary import INDEX_LETTERS, Symbol, Vocabulary
from notation.words import CONDITION_WORDS, DEFINITION_WORDS, PREMISE_WORDS

Role = Literal["claim", "definition", "premise"]


@dataclass(frozen=True, slots=True)
class Statement:
    """One chain of equal sides (a single side is a bare formula) and the condition under which it is said."""

    sides: tuple[Expr, ...]
    condition: Expr | None = None
    role: Role = "claim"
    span: Span = (0, 0)
    words: tuple[str, ...] = ()
    headless: bool = False

    @property
    def left(self) -> Expr | None:
        """The left side of an equation, None for a bare formula."""
        return self.sides[0] if len(self.sides) > 1 else None


@dataclass(frozen=True)
class Answer:
    """Everything read from one answer. `errors` are segments that look like formulas and could not be read."""

    text: str
    statements: tuple[Statement, ...]
    vocabulary: Vocabulary
    definitions: Mapping[str, tuple[Clause, ...]] = field(default_factory=dict)
    errors: tuple[ReadError, ...] = ()
    words: tuple[str, ...] = ()

    @property
    def claims(self) -> tuple[Statement, ...]:
        """Statements that are neither definitions nor premises."""
        return tuple(s for s in self.statements if s.role == "claim")


def read_answer(text: str, vocabulary: Vocabulary, *, thousands: bool = True) -> Answer:
    """Read an answer; raises `ReadError` where the text cannot even be cut into tokens.

    >>> answer = read_answer("y = a + b, where a = 2b", Vocabulary(open=True))
    >>> [s.role for s in answer.statements]
    ['claim', 'definition']
    """
    vocabulary = replace(vocabulary, latex="\\" in text or "$" in text)
    segments = segment(text, vocabulary, thousands=thousands)
    vocabulary = _with_locals(segments, text, vocabulary)
    reader = _Reader(text, vocabulary)
    for one in segments:
        reader.read(one)
    return _settled(reader, text)


def read_formula(text: str, vocabulary: Vocabulary) -> Expr:
    """Read one formula or relation and nothing else.

    >>> read_formula("2 + 3", Vocabulary(open=True)).terms[0].value
    Fraction(2, 1)
    """
    from notation.lexer import tokenize

    vocabulary = replace(vocabulary, latex="\\" in text or "$" in text)
    tokens: list[Token] = []
    depth = 0
    for t in tokenize(text):
        depth += (t.kind == "begin") - (t.kind == "end")
        if t.kind not in {"dollar", "newline"} and (depth or not (t.kind == "op" and t.text == "&")):
            tokens.append(t)
    if not tokens:
        raise ReadError("there is no formula here", text, (0, 1), "type a formula")
    parser = Parser(tokens, text, vocabulary)
    value = parser.entries()
    if parser.peek() is not None:
        raise parser.error("this could not be read")
    return value


class _Reader:
    def __init__(self, text: str, vocabulary: Vocabulary) -> None:
        self.text = text
        self.vocabulary = vocabulary
        self.statements: list[Statement] = []
        self.errors: list[ReadError] = []
        self.words: list[str] = []
        self.pending: Expr | None = None

    def read(self, one: Segment) -> None:
        self.words.extend(one.words)
        if not one.tokens:
            return
        try:
            self.statement(one)
        except ReadError as problem:
            if _mathematical(one.tokens):
                self.errors.append(problem)
            else:
                self.words.extend(t.text for t in one.tokens)

    def statement(self, one: Segment) -> None:
        """Read one segment as a statement, a continuation of the chain before it, or a condition."""
        tokens = list(one.tokens)
        while tokens and tokens[-1].kind == "op" and tokens[-1].text in {",", ";"}:
            tokens.pop()
        while tokens and tokens[0].kind == "op" and tokens[0].text in {",", ";"}:
            tokens.pop(0)
        if not tokens:
            return
        if (condition := self.range_of(tokens)) is not None:
            self.attach(condition, one)
            return
        if _reference(tokens, one.lead):
            self.words.extend(t.text for t in tokens)
            return
        headless = tokens[0].kind == "op" and tokens[0].text == "="
        if headless:
            tokens = tokens[1:]
        if not tokens:
            return
        value = self.parse(tokens)
        span = (tokens[0].start, tokens[-1].end)
        if self.is_condition(value, one):
            self.attach(value, one)
            return
        sides = _sides(value)
        previous = self.statements[-1] if self.statements else None
        if (
            headless
            and previous is not None
            and (not one.words or one.lead in {"so", "thus", "hence", "therefore", "gives"})
        ):
            merged = replace(
                previous, sides=previous.sides + sides, span=(previous.span[0], span[1]), headless=previous.headless
            )
            self.statements[-1] = merged
            return
        role = self.role(one)
        statement = Statement(sides, self.pending, role, span, tuple(one.words), headless)
        self.pending = None
        self.statements.append(statement)

    def parse(self, tokens: list[Token]) -> Expr:
        """Read all of the tokens as one expression or relation."""
        parser = Parser(tokens, self.text, self.vocabulary, self.argument_of(tokens))
        value = parser.entries()
        if (left := parser.peek()) is not None:
            if left.kind == "num":
                raise parser.error("a number cannot follow directly", "write * between them, or a comma")
            if left.kind == "ellipsis":
                raise parser.error(
                    "an ellipsis does not say what it leaves out", "write the sum or product with its range"
                )
            if left.kind == "op" and left.text in {")", "]", "}"}:
                raise parser.error(
                    "this bracket was never opened", "remove it, or add the opening bracket", (left.start, left.end)
                )
            raise parser.error("this could not be read")
        return value

    def argument_of(self, tokens: list[Token]) -> frozenset[str]:
        """The letter in `tanh'(z) = ...`: the definition of a function binds its argument."""
        left = _left_tokens(tokens)
        if (
            left is None
            or len(left) < 4
            or (self.vocabulary.function(left[0].text) is None and left[0].text != "sigma")
        ):
            return frozenset()
        inner = left[-2]
        if left[-1].text == ")" and left[-3].text == "(" and inner.kind in {"name", "greek"} and len(inner.text) <= 5:
            return frozenset({inner.text})
        return frozenset()

    def role(self, one: Segment) -> Role:
        words = [w.lower() for w in one.words]
        if (words and words[-1] in PREMISE_WORDS) or (words and words[0] in PREMISE_WORDS and len(words) <= 3):
            return "premise"
        if any(w in DEFINITION_WORDS for w in words[-3:]):
            return "definition"
        previous = self.statements[-1] if self.statements else None
        listed = words == ["and"] or (not words and not one.line_start)
        if listed and previous is not None and previous.role != "claim":
            return previous.role
        return "claim"

    def range_of(self, tokens: list[Token]) -> Expr | None:
        """`t = 1, ..., T` and `t ∈ {1, ..., T}` as a condition."""
        if not any(t.kind == "ellipsis" for t in tokens):
            return None
        cut = next((i for i, t in enumerate(tokens) if t.kind == "op" and t.text in {"=", "in"}), None)
        if cut is None or cut > 2 or tokens[0].kind not in {"name", "greek"}:
            return None
        inner = [t for t in tokens[cut + 1 :] if not (t.kind == "op" and t.text in {"{", "}", "\\{", "\\}", "[", "]"})]
        dots = next(i for i, t in enumerate(inner) if t.kind == "ellipsis")
        first, last = _first_item(inner[:dots]), _last_item(inner[dots + 1 :])
        if not first or not last:
            return None
        low, high = self.parse(first), self.parse(last)
        if isinstance(high, Num) and not isinstance(low, Num):
            low, high = high, low
        return Compare((low, Ref(tokens[0].text), high), ("<=", "<="), span=(tokens[0].start, tokens[-1].end))

    def is_condition(self, value: Expr, one: Segment) -> bool:
        """Whether a relation speaks about index variables only (`t < T`), so that it restricts a statement."""
        if not isinstance(value, Compare):
            return False
        quantities = self.vocabulary.quantities
        names = free_names(value)
        indexed = {
            n for n in names if n in self.vocabulary.ranges or (n in INDEX_LETTERS and n not in quantities) or n == "t"
        }
        if any(isinstance(e, (Partial, Vector)) for s in value.sides for e in walk(s)):
            return False
        sizes = {n for n in names if n in quantities and quantities[n].role == "size"}
        if not indexed or names - indexed - sizes:
            return False
        return bool(self.statements) or one.lead in CONDITION_WORDS or not self.vocabulary.open

    def attach(self, condition: Expr, one: Segment) -> None:
        """Give a condition to the statement it belongs to: the one before it on the line, else the next."""
        before = self.statements[-1] if self.statements else None
        if before is not None and before.condition is None and not one.line_start:
            self.statements[-1] = replace(before, condition=condition)
        else:
            self.pending = condition


def _reference(tokens: list[Token], lead: str) -> bool:
    """Whether tokens are `(a)` or `(1)` in a sentence: the number of a part or an equation."""
    if len(tokens) != 3 or tokens[0].text != "(" or tokens[2].text != ")" or not lead:
        return False
    inner = tokens[1]
    pointing = lead in {
        "eq",
        "eqn",
        "equation",
        "equations",
        "part",
        "of",
        "from",
        "question",
        "step",
        "in",
        "by",
        "see",
        "using",
        "q",
        "and",
    }
    return inner.kind in {"name", "num"} and len(inner.text) <= 3 and pointing


def _first_item(tokens: list[Token]) -> list[Token]:
    out: list[Token] = []
    for token in tokens:
        if token.kind == "op" and token.text == ",":
            break
        out.append(token)
    return out


def _last_item(tokens: list[Token]) -> list[Token]:
    out: list[Token] = []
    for token in tokens:
        if token.kind == "op" and token.text == ",":
            out = []
        else:
            out.append(token)
    return out


def _sides(value: Expr) -> tuple[Expr, ...]:
    if isinstance(value, Compare) and set(value.relations) <= {"=", "in"}:
        return value.sides
    if isinstance(value, Vector) and any(isinstance(e, Compare) for e in value.entries):
        # `C_t = 0.7, 0.2, 0.05`: the commas belong to the right side
        first = value.entries[0]
        if isinstance(first, Compare) and not any(isinstance(e, Compare) for e in value.entries[1:]):
            return (*first.sides[:-1], Vector((first.sides[-1], *value.entries[1:]), span=value.span))
    return (value,)


def _mathematical(tokens: list[Token]) -> bool:
    """Whether unreadable tokens look like a formula rather than a stray name in a sentence."""
    operators = {
        "+",
        "*",
        "/",
        "=",
        "^",
        "elementwise",
        "dot",
        "times",
        "outer",
        "@",
        "<",
        ">",
        "<=",
        ">=",
        "_",
        "(",
        "[",
    }
    marks = sum(
        1
        for t in tokens
        if t.kind in {"cmd", "partial", "nabla", "accent", "begin"} or (t.kind == "op" and t.text in operators)
    )
    return (marks >= 1 and len(tokens) >= 2) or any(t.kind == "op" and t.text in {"=", "{", "}"} for t in tokens)


# -- names that the answer defines itself
# ---------------------------------------------------------------------------------


def _with_locals(segments: list[Segment], text: str, vocabulary: Vocabulary) -> Vocabulary:
    """The vocabulary with every name that stands alone on the left of an equation and is not known yet."""
    for one in segments:
        left = _left_tokens(one.tokens)
        if left is None or left[0].kind not in {"name", "greek", "accent"}:
            continue
        if vocabulary.open:
            continue
        parser = Parser(list(left), text, vocabulary)
        try:
            known = parser.relation()
            letter = (
                isinstance(known, Ref)
                and known.name not in vocabulary.quantities
                and known.name not in vocabulary.ranges
            )
            if parser.peek() is None and not letter:  # a lone index letter on the left is a name being defined
                continue
        except ReadError:
            pass
        spelled = Parser(list(left), text, vocabulary)
        try:
            out = spelled.spelled()
        except ReadError:
            continue
        if spelled.peek() is not None:
            continue
        axes, label = [], ""
        for piece in out.subs + out.sups:
            if all(spelled._timelike(t) for t in piece) or (piece[0].text in INDEX_LETTERS and len(piece) == 1):
                axes.append("t")
            else:
                label += "".join(t.text for t in piece)
        vocabulary = vocabulary.with_local(Symbol(out.base, out.accents, label), tuple(axes))
    return vocabulary


def _left_tokens(tokens: list[Token]) -> list[Token] | None:
    depth = 0
    for i, token in enumerate(tokens):
        if token.kind != "op":
            continue
        depth += (token.text in {"(", "[", "{"}) - (token.text in {")", "]", "}"})
        if depth == 0 and token.text == "=" and i:
            return tokens[:i]
    return None


def _settled(reader: _Reader, text: str) -> Answer:
    """Turn equations of local names into definitions, or into aliases where the name stands for a derivative."""
    statements = reader.statements
    known = reader.vocabulary
    local = {n for n, q in known.quantities.items() if q.shape is None}
    if known.open:
        local = {s.left.name for s in statements if s.role == "definition" and isinstance(s.left, Ref)}
    aliases: dict[str, tuple[tuple[Expr, ...], Expr]] = {}
    for s in statements:
        left = s.left
        if isinstance(left, Ref) and left.name in local and left.name not in aliases:
            target = next((side for side in s.sides[1:] if isinstance(side, Partial)), None)
            if target is not None and all(isinstance(a, Ref) and not a.at for a in left.at):
                aliases[left.name] = (left.at, target)
    out: list[Statement] = []
    clauses: dict[str, list[Clause]] = {}
    for s in statements:
        left = s.left
        if isinstance(left, Ref) and left.name in aliases:
            at, aliased = aliases[left.name]
            if any(side == aliased for side in s.sides[1:]) and left.at == at:
                s = replace(s, role="definition" if len(s.sides) == 2 else s.role)
        elif isinstance(left, Ref) and left.name in local:
            mine = clauses.setdefault(left.name, [])
            general = any(c.at == left.at and c.index == left.index and c.condition == s.condition for c in mine)
            if not general:
                mine.append(Clause(left.at, left.index, s.sides[-1], s.condition))
                s = replace(s, role="definition" if s.role != "premise" else s.role)
        out.append(s)
    out = [replace(s, sides=tuple(_unalias(side, aliases) for side in s.sides)) for s in out]
    definitions = {
        name: tuple(replace(c, body=_unalias(c.body, aliases)) for c in mine) for name, mine in clauses.items()
    }
    return Answer(text, tuple(out), known, definitions, tuple(reader.errors), tuple(reader.words))


def _unalias(expr: Expr, aliases: Mapping[str, tuple[tuple[Expr, ...], Expr]]) -> Expr:
    """Replace names that stand for a derivative by that derivative, at the step where they are used."""
    if not aliases:
        return expr
    if isinstance(expr, Ref) and expr.name in aliases:
        at, target = aliases[expr.name]
        bindings = {a.name: e for a, e in zip(at, expr.at, strict=False) if isinstance(a, Ref)}
        moved = substitute(target, bindings)
        if isinstance(moved, Partial) and isinstance(moved.wrt, Ref):
            moved = replace(
                moved,
                wrt=replace(
                    moved.wrt, at=tuple(simplified(a) for a in moved.wrt.at), index=moved.wrt.index + expr.index
                ),
            )
        return replace(moved, span=expr.span)
    return rebuild(expr, lambda e: _unalias(e, aliases))


def simplified(e: Expr) -> Expr:
    """An index expression with its integers collected: (t + 1) - 1 is t."""
    constant = 0
    names: list[Expr] = []

    def collect(x: Expr, sign: int) -> bool:
        nonlocal constant
        if isinstance(x, Num) and x.value.denominator == 1:
            constant += sign * int(x.value)
            return True
        if isinstance(x, Add):
            return all(collect(t, sign) for t in x.terms)
        if isinstance(x, Neg):
            return collect(x.body, -sign)
        if isinstance(x, Ref) and sign == 1:
            names.append(x)
            return True
        return False

    if not collect(e, 1) or len(names) != 1:
        return e
    if constant == 0:
        return names[0]
    step = number(abs(constant))
    return Add((names[0], step if constant > 0 else Neg(step)))
