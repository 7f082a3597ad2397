"""Segments that look like formulas and only speak about some: the number of a part, a sign explained, names listed."""

from __future__ import annotations

from notation.lexicon import FUNCTIONS
from notation.tokens import Token

OPERATORS = frozenset("+ * / = ^ elementwise dot times outer @ < > <= >= _ ( [".split())
CONSTANT_WORDS = frozenset({"e", "T"})


def reference(tokens: list[Token], lead: str) -> bool:
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


def gloss(tokens: list[Token]) -> bool:
    """Whether a segment only explains a sign in words: `(\u2298 = elementwise division)`, `y = one-hot target`.

    Nothing follows its last sign, or no name or number stands in it at all.
    """
    if tokens[-1].kind == "op" and tokens[-1].text == "=" and not any(t.text == "=" for t in tokens[:-1]):
        return True
    if len(tokens) > 1 and tokens[0].kind == "op" and tokens[0].text in OPERATORS and tokens[1].text == "=":
        return True  # * = elementwise
    if len(tokens) <= 3 and tokens[-1].text == "+" and (tokens[0].kind == "partial" or tokens[0].text == "d"):
        return True  # where d+ is the immediate derivative
    operands = [t for t in tokens if t.kind not in {"op", "sep"}]
    return all(t.kind == "name" and (t.text in FUNCTIONS or t.text in CONSTANT_WORDS) for t in operands)


def enumeration(tokens: list[Token], lead: str) -> bool:
    """Whether words only list names: `with v_1..v_14 numbered as above`, `for h_1, ..., h_T`."""
    listing = lead in {"with", "for", "using", "from", "over", "nodes", "node", "names", "variables", "all", "steps"}
    return (
        listing
        and any(t.kind == "ellipsis" for t in tokens)
        and all(t.kind in {"name", "greek", "num", "ellipsis"} or t.text in {"_", "{", "}", ","} for t in tokens)
    )
