"""Clauses of a statement, and remarks: clauses that repeat or explain what another clause has decided.

`no change, the same network runs at training and at test` decides with its first clause. The second one is a remark:
it is made only of words that cannot turn a decided statement round, whatever their order. Which words these are is
stated for each field; numbers, denials, contrasts and restrictions are never among them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from checkers.phrases import PhraseError, words

MAX_CLAUSES = 12
# Commas in lists of numbers (`0, 1, ..., 4`) part no clauses.
_BOUNDARY = re.compile(
    r",(?!\s*[.…\d])|[()\[\]:;!|]|(?<=[^\d\s])\.(?=\s)|\s[-–—]+\s|[-=]+>|→|⇒"
    r"|\b(?=(?:so|because|since|i\.e\.?|ie|which|where|whereas|hence|therefore|thus|and)\b)",
    re.IGNORECASE,
)
# Words that restrict, deny, contrast or leave open; a clause with one of them is no remark.
TURNING = frozenset(
    """no not none never nor neither cannot without except unless only instead but however although though while whereas
    rather different differ change if or either maybe perhaps probably possibly might may could should sometimes usually
    often mostly partly some few most least another other else too again twice both-ways first last final end beginning
    start""".split()
)


def spans(text: str) -> list[tuple[int, int]]:
    """Where the clauses of a text begin and end; those without a word that carries meaning are left out.

    >>> text = "n (one after each word), so n in all"
    >>> [text[a:b].strip() for a, b in spans(text)]
    ['n', 'one after each word', 'so n in all']
    """
    cuts = [(m.start(), m.end()) for m in _BOUNDARY.finditer(text)]
    starts, ends = [0, *(b for _, b in cuts)], [*(a for a, _ in cuts), len(text)]
    return [(a, b) for a, b in zip(starts, ends, strict=True) if words(text[a:b])]


def remark_words(listed: Iterable[str]) -> frozenset[str]:
    """The words of remarks in their plain forms; a number or a word that could turn a statement is refused.

    >>> sorted(remark_words(["words", "the same network"]))
    ['same', 'word']
    """
    found = frozenset(w for text in listed for w in words(text))
    bad = sorted(w for w in found if w in TURNING or not w.isalpha())
    if bad:
        raise PhraseError(f"a remark may not hold '{bad[0]}', which can change what is said")
    return found
