"""Forward equations component by component, with readable index letters; needs no SymPy."""

from __future__ import annotations

from dataclasses import replace

from derivations.model import Model, with_bounds
from notation.fields import Index
from notation.tree import Compare, Expr, Reduce, Ref, rebuild, walk

INDEX_NAMES = "kjlmpqr"


def index_equation(model: Model, target: Ref, right: Expr) -> Expr:
    """A forward equation, component by component."""
    bounded = with_bounds(right, model.vocabulary.quantities, model.vocabulary.ranges)
    field = model.lowering().lower(bounded)
    dims = [d for d in (field.rows, field.cols) if d is not None]
    names = free_letters(right, len(dims))
    index: list[Index] = [(0, Ref(n)) for n in names]
    body = field.entry(index[0] if field.rows is not None else None, index[-1] if field.cols is not None else None)
    return Compare((replace(target, index=tuple(Ref(n) for n in names)), readable(body, names)), ("=",))


def free_letters(avoid: Expr, count: int) -> list[str]:
    """Letters for free component indices that do not collide with names in a formula."""
    used = {r.name for r in walk(avoid) if isinstance(r, Ref)}
    return [c for c in "ipqrs" + INDEX_NAMES if c not in used][:count]


def readable(e: Expr, taken: list[str]) -> Expr:
    """Bound variables renamed from internal ones to letters."""
    used = {r.name for r in walk(e) if isinstance(r, Ref) and "#" not in r.name} | set(taken)
    letters = iter([c for c in INDEX_NAMES + "uvw" if c not in used] + [f"k_{n}" for n in range(1, 50)])
    names: dict[str, str] = {}

    def visit(x: Expr) -> Expr:
        if isinstance(x, Reduce) and "#" in x.variable:
            stem = x.variable.split("#")[0]
            if x.variable not in names:
                names[x.variable] = stem if stem.isalpha() and stem not in used | {"j"} else next(letters)
            x = replace(x, variable=names[x.variable])
        if isinstance(x, Ref) and x.name in names:
            x = replace(x, name=names[x.name])
        return rebuild(x, visit)

    return visit(e)
