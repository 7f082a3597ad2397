"""What an answer consists of: statements with their roles and conditions, and the names it defines itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from notation.errors import ReadError
from notation.scope import Clause
from notation.tree import (
    Add,
    Compare,
    Expr,
    Neg,
    Num,
    Ref,
    Relation,
    Span,
    number,
)
from notation.vocabulary import Vocabulary

Role = Literal["claim", "definition", "premise"]


@dataclass(frozen=True, slots=True)
class Statement:
    """One chain of equal sides (a single side is a bare formula) and the condition under which it is said.

    The last side of a `member` is a set to which the others belong, as in `W = ... \\in R^{m x n}`.
    """

    sides: tuple[Expr, ...]
    condition: Expr | None = None
    role: Role = "claim"
    span: Span = (0, 0)
    words: tuple[str, ...] = ()
    headless: bool = False
    member: bool = False

    @property
    def tree(self) -> tuple[Expr, ...]:
        """The statement as it is shown: one relation, or the bare formula."""
        if len(self.sides) == 1:
            return self.sides
        equals: Relation = "="
        return (Compare(self.sides, (equals,) * (len(self.sides) - 1), span=self.span),)

    def without_set(self) -> Statement:
        """A chain without the set at its end: `dL/dW = ... \\in R^{m x n}` is about the formula."""
        return replace(self, sides=self.sides[:-1], member=False) if self.member and len(self.sides) > 2 else self

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
