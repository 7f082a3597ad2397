"""Left sides as patterns: a derivative that an answer defines, at another step; an entry of an array, and the whole."""

from __future__ import annotations

from dataclasses import replace

from notation.tree import Component, Expr, Partial, Ref


def moved(pattern: Partial, e: Partial) -> dict[str, Expr] | None:
    """The letters with which a defined derivative becomes another: the next step, another component; else None."""
    if pattern.of != e.of or not isinstance(pattern.wrt, Ref) or not isinstance(e.wrt, Ref):
        return None
    if pattern.wrt.name != e.wrt.name or pattern.kind != e.kind:
        return None
    mine, yours = (*pattern.wrt.at, *pattern.wrt.index), (*e.wrt.at, *e.wrt.index)
    if len(mine) != len(yours):
        return None
    out: dict[str, Expr] = {}
    for a, b in zip(mine, yours, strict=True):
        if isinstance(a, Ref) and not a.at and not a.index:
            out[a.name] = b
        elif a != b:
            return None
    return out


def without_entry(left: Expr) -> Expr:
    """A left side without its component letters."""
    if isinstance(left, Component):
        return left.body
    if isinstance(left, Partial) and isinstance(left.wrt, Ref):
        of = replace(left.of, index=()) if isinstance(left.of, Ref) else left.of
        return replace(left, of=of, wrt=replace(left.wrt, index=()))
    return replace(left, index=()) if isinstance(left, Ref) else left
