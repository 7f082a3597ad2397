"""A whole answer: statements, definitions, conditions and remarks, read from text of several lines.

An answer may be one bare formula, a chain `a = b = c`, several equations with conditions, definitions before or after
use ("where", "let"), with words between. Words are kept as remarks; they never change a formula silently.
"""

from __future__ import annotations

from dataclasses import replace

from notation.errors import ReadError
from notation.glosses import OPERATORS, enumeration, gloss, reference
from notation.lexicon import FUNCTIONS
from notation.own_names import left_tokens, settled, with_own_names
from notation.parser import Parser
from notation.programs import find_program, read_program
from notation.remarks import in_words, remarks, with_immediate, without_conditions
from notation.segments import Segment, segment
from notation.statement import Answer, Role, Statement
from notation.tokens import Token
from notation.tree import (
    Compare,
    Expr,
    Mul,
    Num,
    Partial,
    Ref,
    Relation,
    Vector,
    free_names,
    walk,
)
from notation.vocabulary import INDEX_LETTERS, Vocabulary
from notation.words import CONDITION_WORDS, DEFINITION_WORDS, PREMISE_WORDS

_SIZES = frozenset({"shape", "size", "dimension", "dimensions", "dim"})
_VERBS = (["has"], ["have"], ["is"], ["are"])


def read_answer(text: str, vocabulary: Vocabulary, *, thousands: bool = True) -> Answer:
    """Read an answer; raises `ReadError` where the text cannot even be cut into tokens.

    >>> answer = read_answer("y = a + b, where a = 2b", Vocabulary(open=True))
    >>> [s.role for s in answer.statements]
    ['claim', 'definition']
    """
    if ("for" in text or "+=" in text) and (program := find_program(text)) is not None:
        if (found := read_program(text, program, vocabulary)) is not None:
            return found
    vocabulary = replace(vocabulary, latex="\\" in text or "$" in text)
    text = without_conditions(with_immediate(in_words(text)))
    segments = segment(text, vocabulary, thousands=thousands)
    vocabulary = with_own_names(segments, text, vocabulary)
    reader = _Reader(text, vocabulary)
    for one in segments:
        reader.read(one)
    if reader.skipped is not None and not (reader.statements or reader.errors or reader.spoken):
        reader.errors.append(reader.skipped)  # nothing but this was typed
    return settled(reader.statements, reader.vocabulary, reader.errors, reader.words, text)


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
        self.skipped: ReadError | None = None
        self.spoken = 0

    def read(self, one: Segment) -> None:
        self.words.extend(one.words)
        self.spoken += len(one.words)
        if not one.tokens:
            return
        try:
            self.statement(one)
        except ReadError as problem:
            if [t.text for t in one.tokens[-2:]] == ["=", "0"] and any(t.text == "1" for t in one.tokens[:-2]):
                self.words.extend(t.text for t in one.tokens)  # delta(T+1) = 0: the convention, said of an own name
            elif one.lead == "of" and len(one.tokens) <= 6 and not any(t.text == "=" for t in one.tokens):
                self.words.extend(t.text for t in one.tokens)  # the density of G(z)
            elif all(t.text in {"sum", "product"} for t in one.tokens):
                self.words.extend(t.text for t in one.tokens)  # in (i) sum over k
            elif one.lead in _SIZES and one.tokens[0].text in {"(", "["}:
                self.words.extend(t.text for t in one.tokens)  # shape (K,)
            elif any(start <= one.tokens[0].start < end for start, end in remarks(self.text)):
                self.words.extend(t.text for t in one.tokens)
            elif _mathematical(one.tokens):
                problem.about = self.left_of(one.tokens)
                self.errors.append(problem)
            else:
                self.skipped = self.skipped or problem
                self.words.extend(t.text for t in one.tokens)

    def left_of(self, tokens: list[Token]) -> Expr | None:
        """What an unreadable equation is about, if its left side can be read."""
        left = left_tokens(tokens)
        if left is None:
            return None
        try:
            return self.parse(list(left))
        except ReadError:
            return Ref("?")

    def statement(self, one: Segment) -> None:
        """Read one segment as a statement, a continuation of the chain before it, or a condition."""
        tokens = list(one.tokens)
        while tokens and tokens[-1].kind == "op" and tokens[-1].text in {",", ";"}:
            tokens.pop()
        while tokens and tokens[0].kind == "op" and tokens[0].text in {",", ";"}:
            tokens.pop(0)
        if tokens and tokens[-1].text in {"sum", "product", "mean"} and not any(t.text == "=" for t in tokens):
            self.words.append(tokens.pop().text)  # in (i) sum over k
        if not tokens:
            return
        if (condition := self.range_of(tokens)) is not None:
            self.attach(condition, one)
            return
        if reference(tokens, one.lead):
            self.words.extend(t.text for t in tokens)
            return
        if gloss(tokens) or self.names_function(tokens) or enumeration(tokens, one.lead):
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
            self.attach(placed(value, one.lead), one)
            return
        sides = _sides(value)
        previous = self.statements[-1] if self.statements else None
        counted = previous is not None and not one.line_start and not any(free_names(x) for x in previous.sides)
        follows = not one.words or one.lead in {"so", "thus", "hence", "therefore", "gives"} or counted
        if headless and previous is not None and follows:
            merged = replace(
                previous, sides=previous.sides + sides, span=(previous.span[0], span[1]), headless=previous.headless
            )
            self.statements[-1] = merged
            return
        glued = _glued(sides) if one.lead in CONDITION_WORDS | PREMISE_WORDS | {"with"} else None
        if glued is not None:
            self.statements.append(Statement(glued[0], None, "premise", span, tuple(one.words)))
            sides, one = glued[1], Segment()
        role = self.role(one, sides)
        member = isinstance(value, Compare) and value.relations[-1] == "in"
        statement = Statement(sides, self.pending, role, span, tuple(one.words), headless, member)
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
        left = left_tokens(tokens)
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

    def role(self, one: Segment, sides: tuple[Expr, ...]) -> Role:
        words = [w.lower() for w in one.words]
        if (words and words[-1] in PREMISE_WORDS) or (words and words[0] in PREMISE_WORDS and len(words) <= 3):
            return "premise"
        if any(w in DEFINITION_WORDS for w in words[-3:]):
            return "definition"
        previous = self.statements[-1] if self.statements else None
        listed = words == ["and"]
        if listed and previous is not None and previous.role != "claim":
            return previous.role
        if previous is not None and previous.role == "premise" and not one.line_start and words[:1] in _VERBS:
            reason = previous.words[-1:] and previous.words[-1].lower() in {"since", "because"}
            if reason and len(previous.sides) == 1:
                return "premise"  # since [h, x] has 5 entries
        number_given = len(sides) == 2 and isinstance(sides[0], Ref) and isinstance(sides[1], Num)
        if number_given and not words and not one.line_start and previous is not None and previous.role == "definition":
            return "definition"  # with n = 3, d = 2
        return "claim"

    def names_function(self, tokens: list[Token]) -> bool:
        """Whether tokens only say which function a letter is, `sigma = logistic`, as the vocabulary knows by now."""
        if len(tokens) != 3 or tokens[1].text != "=" or tokens[2].kind != "name":
            return False
        named = FUNCTIONS.get(tokens[2].text)
        return named is not None and self.vocabulary.functions.get(tokens[0].text) == named

    def range_of(self, tokens: list[Token]) -> Expr | None:
        """`t = 1, ..., T` and `t ∈ {1, ..., T}` as a condition."""
        if not any(t.kind == "ellipsis" for t in tokens):
            return None
        cut = next((i for i, t in enumerate(tokens) if t.kind == "op" and t.text in {"=", "in"}), None)
        if cut is None or cut > 2 or tokens[0].kind not in {"name", "greek"}:
            return None
        if tokens[0].text[:1].isupper() or any(t.kind == "op" and t.text == "(" for t in tokens):
            return None  # a matrix by its columns, a function of a list
        inner = [t for t in tokens[cut + 1 :] if not (t.kind == "op" and t.text in {"{", "}", "\\{", "\\}", "[", "]"})]
        dots = next((i for i, t in enumerate(inner) if t.kind == "ellipsis"), None)
        if dots is None:
            return None
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
        if one.lead in CONDITION_WORDS and self.statements and not {"=", "in"} & set(value.relations):
            return True  # y = x + 1 when x > 0
        quantities = self.vocabulary.quantities
        names = free_names(value)
        indexed = {
            n for n in names if n in self.vocabulary.ranges or (n in INDEX_LETTERS and n not in quantities) or n == "t"
        }
        if any(isinstance(e, (Partial, Vector)) for s in value.sides for e in walk(s)):
            return False
        if any(isinstance(e, Num) and e.value.denominator != 1 for s in value.sides for e in walk(s)):
            return False  # 1 - s = 0.27: no index
        sizes = {n for n in names if n in quantities and quantities[n].role == "size"}
        if not indexed or names - indexed - sizes:
            return False
        return bool(self.statements) or one.lead in CONDITION_WORDS or not self.vocabulary.open

    def runs(self, condition: Expr) -> bool:
        """Whether a condition gives the range of a letter, `i = 1, ..., k`."""
        return isinstance(condition, Compare) and condition.relations == ("<=", "<=")

    def attach(self, condition: Expr, one: Segment) -> None:
        """Give a condition to the statement it belongs to: the one before it on the line, else the next."""
        before = self.statements[-1] if self.statements else None
        letter = condition.sides[1] if self.runs(condition) and isinstance(condition, Compare) else None
        mentioned = before is not None and any(
            isinstance(letter, Ref) and letter.name in free_names(side) for side in before.sides
        )
        elsewhere = one.lead in CONDITION_WORDS and not mentioned and letter is not None
        if before is not None and before.condition is None and not one.line_start and not elsewhere:
            self.statements[-1] = replace(before, condition=condition)
        else:
            self.pending = condition


def placed(condition: Expr, lead: str) -> Expr:
    """`before t = 1` is `t < 1`."""
    relation: Relation | None = {"before": "<", "after": ">"}.get(lead)  # type: ignore[assignment]
    if relation is None or not isinstance(condition, Compare) or condition.relations != ("=",):
        return condition
    return replace(condition, relations=(relation,))


def _glued(sides: tuple[Expr, ...]) -> tuple[tuple[Expr, ...], tuple[Expr, ...]] | None:
    """`for f_t = 1 dL/dc_1 = ...`: a premise and an equation typed without a comma between them."""
    for k in range(1, len(sides) - 1):
        side = sides[k]
        if isinstance(side, Mul) and isinstance(side.left, Num) and isinstance(side.right, (Partial, Ref)):
            return (*sides[:k], side.left), (side.right, *sides[k + 1 :])
    return None


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
    operators = OPERATORS
    marks = sum(
        1
        for t in tokens
        if t.kind in {"cmd", "partial", "nabla", "accent", "begin"} or (t.kind == "op" and t.text in operators)
    )
    return (marks >= 1 and len(tokens) >= 2) or any(t.kind == "op" and t.text in {"=", "{", "}"} for t in tokens)
