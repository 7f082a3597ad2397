"""Signs said in words: `sum over t from 1 to T of ...`, and an `o` that stands for the elementwise product."""

from __future__ import annotations

import re
from dataclasses import replace

from notation.tokens import Token
from notation.vocabulary import Vocabulary

_HADAMARD = re.compile(
    r"(?i)(?<![A-Za-z\\])\$?(?:o|\\circ|∘)\$?\s*(?:=|:|is|denotes|means|stands for|being)\s*(?:the\s+|an?\s+)?"
    r"(?:hadamard|element|entry|component)"
)
_SUMS = {"sum": "sum", "summed": "sum", "product": "product"}
_ENDS = {"of", ":", ","}


def with_signs(tokens: list[Token], text: str, known: Vocabulary) -> list[Token]:
    """The tokens with signs in place of what is said in words."""
    return _ranges(_circles(tokens, text, known))


def _circles(tokens: list[Token], text: str, known: Vocabulary) -> list[Token]:
    """`a o b` is `a ∘ b` where no o is declared, or where the answer says so."""
    said = _HADAMARD.search(text) is not None
    if not said and (known.open or known.knows_base("o")):
        return tokens
    out = list(tokens)
    for i, token in enumerate(tokens[1:-1], 1):
        before, after = tokens[i - 1], tokens[i + 1]
        lone = token.kind == "name" and token.text == "o" and token.space and after.space
        between = before.kind in {"name", "num", "greek", "top"} or before.text in {")", "]", "}", "'"}
        follows = after.kind in {"name", "num", "greek", "accent", "cmd", "partial"} or after.text in {"(", "[", "{"}
        if lone and between and follows:
            out[i] = replace(token, kind="op", text="elementwise")
    return out


def _ranges(tokens: list[Token]) -> list[Token]:
    r"""`sum over t from A to B of` as `\sum_{t=A}^{B}`, and `sum from t=A to B of` likewise."""
    out: list[Token] = []
    i = 0
    while i < len(tokens):
        found = _range_at(tokens, i) if tokens[i].text.lower() in _SUMS else None
        if found is None:
            out.append(tokens[i])
            i += 1
            continue
        variable, low, high, after = found
        sign = replace(tokens[i], kind="cmd", text=_SUMS[tokens[i].text.lower()])

        def op(text: str, like: Token = sign) -> Token:
            return replace(like, kind="op", text=text, space=False)

        out += [sign, op("_"), op("{"), variable, op("="), *low, op("}"), op("^"), op("{"), *high, op("}")]
        i = after
    return out


def _range_at(tokens: list[Token], i: int) -> tuple[Token, list[Token], list[Token], int] | None:
    """The variable and ends of a range said in words from place `i`, and where it ends."""
    words = [t.text.lower() for t in tokens]
    k = i + 1
    variable: Token | None = None
    if k + 2 < len(tokens) and words[k] in {"over", "for"} and tokens[k + 1].kind in {"name", "greek"}:
        variable, k = tokens[k + 1], k + 2
        k += words[k] == "steps"
    listed = k < len(tokens) and words[k] == "=" and variable is not None  # sum over t = 1..T of
    if k >= len(tokens) or not (words[k] == "from" or listed):
        return None
    k += 1
    if variable is None:
        if k + 1 >= len(tokens) or tokens[k].kind not in {"name", "greek"} or words[k + 1] != "=":
            return None
        variable, k = tokens[k], k + 2
    ends = [j for j in range(k, min(k + 8, len(tokens))) if words[j] == "to" or tokens[j].kind == "ellipsis"]
    if len(variable.text) > 3 or not ends:
        return None
    to = ends[0]
    high: list[Token] = []
    j = to + 1
    while j < len(tokens) and words[j] not in _ENDS and tokens[j].kind not in {"newline", "row", "sep", "word"}:
        if words[j] in {"(", "\\{", "[", "d"} and tokens[j].space and high:
            break
        high.append(tokens[j])
        j += 1
    if len(high) > 2 and high[1].text == "=" and high[0].text == variable.text:
        high = high[2:]
    if not high or to == k or len(high) > 5:
        return None
    return variable, tokens[k:to], high, j + (j < len(tokens) and words[j] in _ENDS)
