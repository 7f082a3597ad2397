"""A symbol as collected from the text, before it is known what it means."""

from __future__ import annotations

from dataclasses import dataclass, field

from notation.tokens import Token
from notation.vocabulary import INDEX_LETTERS, Quantity

Piece = list[Token]
_STEP_WORDS = {"prev": -1, "previous": -1, "next": 1, "tm": -1, "tp": 1, "last": -1, "old": -1}
# In a text without declarations these letters are taken as positions, all other subscripts as part of the name.
_FUNCTION_LETTERS = frozenset("f g p q D G F P Q phi psi mu".split())
_OPEN_INDEX = INDEX_LETTERS | frozenset("tTnNdK")


_NO_QUANTITY = Quantity("")


@dataclass
class Spelled:
    """A symbol as collected from the text, before it is known what it means."""

    base: str
    accents: tuple[str, ...]
    subs: list[Piece]
    sups: list[Piece]
    start: int
    end: int
    brackets: list[Piece] = field(default_factory=list)
