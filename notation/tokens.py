"""Tokens, and the few regroupings that need no names: braces around one letter, signs that are angle brackets."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Token:
    """One token. `space` tells that white space stood before it; `roman` that it came from upright or text type."""

    kind: str
    text: str
    start: int
    end: int
    space: bool = False
    roman: bool = False


def free_braces(tokens: list[Token], i: int) -> bool:
    """Whether an empty pair of braces stands here that is no argument of a command, script or accent."""
    empty = i + 1 < len(tokens) and tokens[i].kind == "op" and tokens[i].text == "{" and tokens[i + 1].text == "}"
    before = tokens[i - 1] if i else None
    argument = before is not None and (before.kind in {"cmd", "accent"} or before.text in {"_", "^", "}"})
    return empty and not argument


def unbraced(tokens: list[Token]) -> list[Token]:
    """Drop braces around one letter that carries a script, `{\\bf h}_t`, and around one operator, `{\\odot}`."""
    out: list[Token] = []
    i = 0
    while i < len(tokens):
        if free_braces(tokens, i):  # a = {}& b
            i += 2
            continue
        single = i + 2 < len(tokens) and tokens[i].text == "{" and tokens[i + 2].text == "}" and tokens[i].kind == "op"
        before = tokens[i - 1] if i else None
        free = before is None or not (
            before.kind in {"cmd", "accent"} or (before.kind == "op" and before.text in {"_", "^"})
        )
        if single and free:
            inner = tokens[i + 1]
            after = tokens[i + 3] if i + 3 < len(tokens) else None
            scripted = after is not None and after.kind == "op" and after.text in {"_", "^"}
            sign = inner.kind == "op" and inner.text in {"elementwise", "dot", "times", "outer", "*", "=", "+", "-"}
            if (inner.kind in {"name", "greek"} and scripted) or sign:
                out.append(replace(inner, space=tokens[i].space))
                i += 3
                continue
        out.append(tokens[i])
        i += 1
    return out


def angled(tokens: list[Token]) -> list[Token]:
    """`<a, b>` typed with the signs for less and greater: where no comparison can begin, they are angle brackets."""
    out = list(tokens)
    for i, token in enumerate(tokens):
        before = tokens[i - 1] if i else None
        begins = (
            before is None or (before.kind == "op" and before.text not in {")", "]", "}"}) or before.kind == "dollar"
        )
        if (
            token.kind != "op"
            or token.text != "<"
            or not begins
            or (before is not None and before.text in {"^", "_", "{"})
        ):
            continue
        end = next((k for k in range(i + 1, len(tokens)) if tokens[k].kind == "op" and tokens[k].text == ">"), -1)
        if end > 0 and any(t.kind == "op" and t.text == "," for t in tokens[i + 1 : end]):
            out[i], out[end] = replace(token, text="langle"), replace(tokens[end], text="rangle")
    return out


def matching_brace(text: str, start: int) -> int:
    """The position of the brace that closes the one at `start`, or -1.

    >>> matching_brace("{a{b}c}", 0)
    6
    """
    depth = 0
    i = start
    while i < len(text):
        if text[i] == "\\":
            i += 2
            continue
        depth += (text[i] == "{") - (text[i] == "}")
        if depth == 0:
            return i
        i += 1
    return -1
