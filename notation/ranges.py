"""Sums and products over a range, in all the ways in which a range is written."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from notation.tokens import Token
from notation.tree import (
    Add,
    All,
    Compare,
    Expr,
    Mul,
    Neg,
    Reduce,
    Ref,
    Vector,
    number,
    substitute,
)
from notation.vocabulary import split_commas

if TYPE_CHECKING:
    from notation.parser import Parser
from notation.differentials import _sub_parser


def _ranged(p: Parser) -> bool:
    """Whether a bracket after `sum` holds a range, as in `sum(k=1 to 5)`."""
    end = p.closing(p.pos)
    inner = p.tokens[p.pos + 1 : end] if end > 0 else []
    return (
        len(inner) >= 3
        and inner[0].kind in {"name", "greek"}
        and inner[1].text == "="
        and any(t.text in {"to", "...", ".."} for t in inner)
    )


def reduce_(p: Parser, start: int, operation: Literal["sum", "product"]) -> Expr:
    r"""`\sum_{t=1}^{T}`, `\sum_{i \ne j}`, `\sum_t`, `sum(k=1 to 5)` and what they range over."""
    lower: list[Token] = []
    upper: list[Token] = []
    if p.at_op("(") and _ranged(p):
        end = p.closing(p.pos)
        inner = p.tokens[p.pos + 1 : end]
        p.pos = end + 1
        cut = next(i for i, t in enumerate(inner) if t.text in {"to", "...", ".."})
        lower, upper = inner[:cut], inner[cut + 1 :]
    else:
        for _ in range(2):
            if p.accept("_"):
                lower = p.bracketed() or []
            elif p.accept("^"):
                upper = p.bracketed() or []
    if (labels := _labels(lower)) is not None and operation == "sum":
        return _over_labels(p, start, *labels)
    if not lower:
        raise p.error("which variable does this run over?", "\\sum_{t=1}^{T}", (start, p.before()))
    if len(upper) >= 3 and upper[1].text == "=" and upper[0].text == lower[0].text:  # from k=1 to k=5
        upper = upper[2:]
    members = _members(p, lower)
    variables, low, high, condition = _range(p, lower, upper) if not members else ([lower[0].text], None, None, None)
    inner_parser = _sub_parser(p, p.tokens[p.pos :])
    inner_parser.bound = p.bound | set(variables)
    if inner_parser.peek() is None:
        raise p.error("a sum of what?", "\\sum_{t=1}^{T} a_t")
    body = inner_parser.product()
    p.tokens[p.pos :] = inner_parser.tokens
    p.pos += inner_parser.pos
    span = (start, p.before())
    if members:
        terms = [substitute(body, {variables[0]: m}) for m in members]
        return terms[0] if len(terms) == 1 else joined(operation, terms, span)
    for variable in reversed(variables):
        body = Reduce(operation, variable, low, high, condition, body, span=span)
        condition = None
    return body


def _labels(lower: list[Token]) -> tuple[str, list[Token]] | None:
    r"""The variable and the labels of `g \in \{i, f, o, C\}`; None where the range is one of numbers."""
    texts = [t.text for t in lower]
    if len(lower) < 5 or texts[1] != "in" or texts[2] not in {"\\{", "{"} or texts[-1] not in {"\\}", "}"}:
        return None
    pieces = split_commas(lower[3:-1])
    if any(t.kind not in {"name", "greek", "accent"} for piece in pieces for t in piece) or not all(pieces):
        return None
    return texts[0], [piece[-1] for piece in pieces]


def _over_labels(p: Parser, start: int, variable: str, labels: list[Token]) -> Expr:
    """A sum over names rather than numbers, written out: one term for each label."""
    rest = p.tokens[p.pos :]
    terms: list[Expr] = []
    taken = 0
    for label in labels:
        named = [replace(t, text=label.text, kind=label.kind) if t.text == variable else t for t in rest]
        inner = _sub_parser(p, named)
        if inner.peek() is None:
            raise p.error("a sum of what?", "\\sum_{t=1}^{T} a_t")
        terms.append(inner.product())
        taken = len(named) - (len(inner.tokens) - inner.pos)
    p.tokens[p.pos :] = inner.tokens
    p.pos += inner.pos
    assert taken
    return Add(tuple(terms), span=(start, p.before()))


def _range(
    p: Parser, lower: list[Token], upper: list[Token]
) -> tuple[list[str], Expr | None, Expr | None, Expr | None]:
    """The variables and bounds of a sum, from what stands below and above it."""
    dots = next((i for i, t in enumerate(lower) if t.kind == "ellipsis"), None)
    if dots is not None and not upper:  # sum_{t=1..T}
        lower, upper = [t for t in lower[:dots] if t.text != ","], [t for t in lower[dots + 1 :] if t.text != ","]
    names = [t for t in lower if t.kind in {"name", "greek"}]
    pieces = split_commas(lower)
    if names and all(len(piece) == 1 and piece[0].kind in {"name", "greek"} for piece in pieces):
        letters = [c for piece in pieces for c in (piece[0].text if piece[0].kind == "name" else [piece[0].text])]
        return list(letters), None, p.sub(upper) if upper else None, None
    first = next((t.text for t in names), None)
    if first is None:
        raise p.error("which variable does this run over?", "\\sum_{t=1}^{T}")
    if (excluded := _exclusion(p, lower)) is not None:
        return [first], None, p.sub(upper) if upper else None, excluded
    probe = _sub_parser(p, lower)
    probe.bound = p.bound | {t.text for t in names if len(t.text) == 1}
    relation = probe.entries()
    if isinstance(relation, Vector):
        raise p.error("this range could not be read", "\\sum_{t=1}^{T}")
    if not isinstance(relation, Compare):
        raise p.error("this range could not be read", "\\sum_{t=1}^{T}")
    variable = next((s.name for s in relation.sides if isinstance(s, Ref) and not s.at and not s.index), first)
    if relation.relations == ("=",) and isinstance(relation.sides[0], Ref):
        return [relation.sides[0].name], relation.sides[1], p.sub(upper) if upper else None, None
    if relation.relations in (("<=", "<="), ("<", "<="), ("<=", "<"), ("<", "<")) and isinstance(
        relation.sides[1], Ref
    ):
        low: Expr = relation.sides[0] if relation.relations[0] == "<=" else Add((relation.sides[0], number(1)))
        high: Expr = relation.sides[2] if relation.relations[1] == "<=" else Add((relation.sides[2], Neg(number(1))))
        return [relation.sides[1].name], low, high, None
    return [variable], None, p.sub(upper) if upper else None, relation


def _members(p: Parser, lower: list[Token]) -> list[Expr]:
    r"""The members in `i \in \{a, b\}`; none where a range is written."""
    if len(lower) < 5 or lower[1].text != "in" or lower[2].text not in {"{", "\\{"}:
        return []
    inner = [t for t in lower[3:] if t.text not in {"}", "\\}"}]
    if any(t.kind == "ellipsis" for t in inner):
        return []
    return [p.sub(piece) for piece in split_commas(inner)]


def joined(operation: Literal["sum", "product"], terms: list[Expr], span: tuple[int, int]) -> Expr:
    """A sum or product that was written with its members, written out."""
    if operation == "sum":
        return Add(tuple(terms), span=span)
    out = terms[0]
    for term in terms[1:]:
        out = Mul(out, term, span=span)
    return out


def _exclusion(p: Parser, lower: list[Token]) -> Expr | None:
    r"""`i \ne a, b`, `i \ne a, i \ne b` and `i \notin \{a, b\}` as the condition that all of them differ."""
    if len(lower) < 4 or lower[1].text not in {"!=", "notin"} or lower[0].kind not in {"name", "greek"}:
        return None
    variable = lower[0].text
    inner = [t for t in lower[2:] if t.text not in {"{", "}", "\\{", "\\}", "(", ")"}]
    pieces = split_commas([replace(t, kind="op", text=",") if t.kind == "word" else t for t in inner])
    if len(pieces) < 2:
        return None
    conditions = []
    for piece in pieces:
        if len(piece) > 2 and piece[0].text == variable and piece[1].text == "!=":
            piece = piece[2:]
        span = (piece[0].start, piece[-1].end)
        conditions.append(Compare((Ref(variable), p.sub(piece)), ("!=",), span=span))
    return All(tuple(conditions))
