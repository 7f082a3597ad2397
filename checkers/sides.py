"""The sides of an equation in a working: numbers, formulas in names, lists and matrices written out."""

from __future__ import annotations

from notation.tree import Concat, Expr, Matrix, Partial, Ref, Transpose, Vector, walk

_MARKS = {"\\dot ": "dot", "\\bar ": "bar"}


def whole(ref: Ref) -> bool:
    """Whether a numbered letter stands without a number: the v of v_1."""
    return all(isinstance(x, Ref) and x.name.endswith("#") for x in ref.at)


def replace_name(ref: Ref) -> Ref:
    """The name without its dot or bar."""
    for mark in _MARKS:
        if ref.name.startswith(mark):
            return Ref(ref.name.removeprefix(mark), ref.at, ref.index, span=ref.span)
    return ref


def rows_of(e: Expr) -> tuple[tuple[Expr, ...], ...]:
    """The rows of a written-out matrix, also as a list of lists; empty for anything else."""
    if isinstance(e, Transpose):
        inner = rows_of(e.body)
        return tuple(zip(*inner, strict=True)) if inner and len({len(r) for r in inner}) == 1 else ()
    if isinstance(e, Matrix):
        return e.rows
    items = e.entries if isinstance(e, Vector) else e.blocks if isinstance(e, Concat) else ()
    if items and all(isinstance(i, (Vector, Concat)) for i in items):
        return tuple(i.entries if isinstance(i, Vector) else i.blocks for i in items if isinstance(i, (Vector, Concat)))
    return ()


def entries_of(e: Expr) -> tuple[Expr, ...]:
    """The entries of a written-out row or column; empty for anything else."""
    if isinstance(e, Transpose):
        return entries_of(e.body)
    if isinstance(e, Matrix):
        if len(e.rows) == 1:
            return e.rows[0]
        return tuple(r[0] for r in e.rows) if all(len(r) == 1 for r in e.rows) else ()
    if isinstance(e, (Vector, Concat)):
        items = e.entries if isinstance(e, Vector) else e.blocks
        inner = [entries_of(i) if isinstance(i, (Vector, Concat)) else (i,) for i in items]
        return tuple(i[0] for i in inner) if all(len(i) == 1 for i in inner) else ()
    return ()


def is_number(e: Expr) -> bool:
    """Whether a side holds no names, so that it is worth a number."""
    return not any(isinstance(n, (Ref, Partial)) for n in walk(e))


def is_plain(e: Expr) -> bool:
    """Whether a side is a formula of names and numbers, without derivatives: what a node may be defined by."""
    marked = any(isinstance(n, Ref) and n.name.startswith("\\") for n in walk(e))
    return not marked and not any(isinstance(n, (Partial, Transpose, Matrix, Vector, Concat)) for n in walk(e))
