"""The counts that a report may state beside the total: tensors, gates, layers and runs of layers of a model.

What is a layer is read from the equations: quantities that depend on each other through time are one recurrent layer, a
matrix outside of them with the vector of its rows is a fully connected one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import combinations
from typing import TypeVar

from checkers.numbers import number_of
from derivations.model import Model
from notation.errors import EvaluationError, ShapeError
from notation.tree import Ref, walk

# more fully connected layers than this are only added one after the other
_FEW = 6
T = TypeVar("T")
Tensor = tuple[str, int, int]  # name, number of axes, number of entries


def part_counts(model: Model, sizes: Mapping[str, int]) -> frozenset[int]:
    """All counts of parts of a model, the total included; empty where a parameter has no single count."""
    try:
        tensors = {n: _tensor(model, n, sizes) for n in model.parameters}
    except (EvaluationError, ShapeError):
        return frozenset()
    if any(model.vocabulary.quantities[n].axes for n in model.parameters):
        return frozenset()
    used = {e.left.name: [tensors[n] for n in _names(e.right) if n in tensors] for e in model.equations}
    recurrent, alone = _layers(model)
    cells = [[used[n] for n in layer if used[n]] for layer in recurrent]
    dense = [layer for n in alone for layer in _dense(used[n], model)]
    out: set[int] = set()
    for gates in cells:
        out.update(_within(gates))
    for layer in dense:
        out.update(t[2] for t in layer)
    runs = [[t for cell in run for gate in cell for t in gate] for run in _runs(cells)]
    whole = [t for cell in cells for gate in cell for t in gate]
    heads = [[t for layer in some for t in layer] for some in _some(dense)]
    out.update(_total([*run, *head]) for run in ([], *runs) for head in ([], *heads))
    for group in (*([t for g in cell for t in g] for cell in cells), whole, tensors.values()):
        out.update(_total(t for t in group if t[1] == axes) for axes in (1, 2))
    out.add(_total(tensors.values()))
    return frozenset(out - {0})


def _tensor(model: Model, name: str, sizes: Mapping[str, int]) -> Tensor:
    shape = model.shape(name)
    entries = 1
    for dim in shape:
        entries *= sum(int(number_of(block, sizes)) for block in dim)
    return name, len(shape), entries


def _total(tensors: Iterable[Tensor]) -> int:
    return sum(t[2] for t in tensors)


def _names(e: object) -> list[str]:
    return list(dict.fromkeys(n.name for n in walk(e) if isinstance(n, Ref)))  # type: ignore[arg-type]


def _layers(model: Model) -> tuple[list[list[str]], list[str]]:
    """The groups of quantities that depend on each other, and the other quantities, in the order of the equations."""
    direct = {e.left.name: set(_names(e.right)) for e in model.equations}
    reach = {n: set(to) & set(direct) for n, to in direct.items()}
    for middle in direct:
        for start in direct:
            if middle in reach[start]:
                reach[start] |= reach[middle]
    groups: list[list[str]] = []
    for n in direct:
        if n not in reach[n]:
            continue
        group = next((g for g in groups if g[0] in reach[n] and n in reach[g[0]]), None)
        if group is None:
            groups.append([n])
        else:
            group.append(n)
    return groups, [n for n in direct if n not in reach[n]]


def _dense(tensors: list[Tensor], model: Model) -> Iterator[list[Tensor]]:
    """Matrices, each with the vector that is added to what it gives."""
    vectors = [t for t in tensors if t[1] == 1]
    for matrix in (t for t in tensors if t[1] == 2):
        bias = next((v for v in vectors if model.shape(v[0])[0] == model.shape(matrix[0])[0]), None)
        if bias is not None:
            vectors.remove(bias)
        yield [matrix, *([bias] if bias is not None else [])]
    for vector in vectors:
        yield [vector]


def _within(gates: list[list[Tensor]]) -> Iterator[int]:
    """Parts of a gate, and the same parts of all gates of a layer."""
    for gate in gates:
        for some in _some(gate):
            yield _total(some)
    if len({len(g) for g in gates}) == 1:
        for places in _some(list(range(len(gates[0])))):
            yield _total(g[p] for g in gates for p in places)


def _some(items: list[T]) -> Iterator[list[T]]:
    """Some of the items: any of a few, runs of many."""
    if len(items) > _FEW:
        yield from _runs(items)
        return
    for size in range(1, len(items) + 1):
        yield from (list(c) for c in combinations(items, size))


def _runs(items: list[T]) -> Iterator[list[T]]:
    """Items that stand one after the other."""
    for start in range(len(items)):
        for end in range(start + 1, len(items) + 1):
            yield items[start:end]
