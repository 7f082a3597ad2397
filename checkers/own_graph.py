"""The computational graph a student works with: the author's numbering, or one of the student's own.

A student may take the formula apart in any way. What the student's own definitions say is then the meaning of the
names; where none are given, or none contradict it, the author's numbering holds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from checkers.working import Line, is_number, is_plain
from derivations.elementary import partial
from derivations.graph import Graph, GraphError, Key, Node, key_of, name_of, number_at, ordered, references
from notation.errors import EvaluationError
from notation.tree import Expr, Num, Ref, walk

_NEAR = 1e-9


@dataclass(frozen=True)
class Meaning:
    """What the names of an answer mean: `graphs` in the order in which they are asked, `mistaken` definitions."""

    graphs: tuple[Graph, ...]
    mistaken: frozenset[Key] = frozenset()

    @property
    def graph(self) -> Graph:
        """The first of the graphs, which knows all names that are known."""
        return self.graphs[0]


def meaning_of(lines: Iterable[Line], author: Graph) -> Meaning:
    """The graph in whose names an answer is written."""
    stated, constants = _definitions(lines, author)
    if not stated:
        return Meaning((author,))
    shared = [k for k in stated if k in author.values and k not in author.inputs]
    more = _merged({k: e for k, e in stated.items() if k not in shared}, author)
    # a formula with a name of which nothing is said cannot be judged: v_3 = const
    while True:
        known = {*more.values, *stated, *constants}
        clear = {k: e for k, e in stated.items() if all(name in known for name in references(e))}
        if len(clear) == len(stated):
            break
        stated = clear
    shared = [k for k in shared if k in stated]
    conflicts = [k for k in shared if not _same(stated[k], k, author, more)]
    if not conflicts:
        return Meaning((_merged(stated, author), author))
    own = _own({**constants, **stated}, author)
    if own is not None and all(y in own.values for y in author.outputs):
        return Meaning((own,))
    if 2 * len(conflicts) <= len(shared):
        kept = {k: e for k, e in stated.items() if k not in conflicts}
        return Meaning((_merged(kept, author), author), frozenset(conflicts))
    return Meaning((own,)) if own is not None else Meaning((author,), frozenset(conflicts))


def _definitions(lines: Iterable[Line], author: Graph) -> tuple[dict[Key, Expr], dict[Key, Expr]]:
    """Formulas of nodes in other names, and nodes that are only given a number."""
    formulas: dict[Key, Expr] = {}
    constants: dict[Key, Expr] = {}
    for line in lines:
        if line.way != "value" or not isinstance(line.of, Ref):
            continue
        key = key_of(line.of)
        if key in author.inputs:
            continue
        found = next((s for s in line.sides if is_plain(s) and _usable(s, key)), None)
        if found is not None and key not in formulas:
            formulas[key] = found
        elif isinstance(line.sides[0], Num):
            constants.setdefault(key, line.sides[0])
    return formulas, {k: e for k, e in constants.items() if k not in formulas}


def _usable(side: Expr, key: Key) -> bool:
    if is_number(side) or not any(isinstance(n, Ref) for n in walk(side)):
        return False
    try:
        return key not in references(side)
    except GraphError:
        return False


def total(e: Expr, by: Mapping[Key, float], known: Mapping[Key, float]) -> float:
    """The derivative of an expression, given those of the nodes it uses; `GraphError` where there is none."""
    try:
        return sum(number_at(partial(e, name_of(k)), known) * by[k] for k in references(e))
    except (KeyError, EvaluationError) as problem:
        raise GraphError(str(problem)) from problem


def _same(formula: Expr, key: Key, author: Graph, more: Graph) -> bool:
    """Whether a formula, in names of the author and further ones, is worth what the node is worth for the author."""
    try:
        value = number_at(formula, more.values)
        slopes = [
            total(formula, {k: t[n] for k, t in more.tangents.items()}, more.values) for n in range(len(author.inputs))
        ]
    except GraphError:
        return False
    return _near((value, *slopes), (author.values[key], *author.tangents[key]))


def _near(mine: tuple[float, ...], wanted: tuple[float, ...]) -> bool:
    return all(abs(a - b) <= _NEAR * max(1.0, abs(b)) for a, b in zip(mine, wanted, strict=True))


def _merged(stated: Mapping[Key, Expr], author: Graph) -> Graph:
    """The author's graph with the student's formulas in place of the author's, and the student's further nodes."""
    every = {n.key: n.formula for n in author.nodes} | dict(stated)
    resolvable = _resolvable(every, author)
    try:
        graph = Graph(
            author.inputs, ordered((Node(k, e) for k, e in resolvable.items()), author.inputs), author.outputs
        )
        _ = graph.slopes
    except GraphError:
        return author
    return graph if all(y in graph.values for y in author.outputs) else author


def _own(stated: Mapping[Key, Expr], author: Graph) -> Graph | None:
    """A graph of the student's definitions alone; outputs that are not named are found by what they are worth."""
    formulas = _resolvable(dict(stated), author)
    try:
        graph = Graph(author.inputs, ordered((Node(k, e) for k, e in formulas.items()), author.inputs), ())
        _ = graph.slopes
    except GraphError:
        return None
    nodes = [n for n in graph.nodes if n.key not in author.outputs or _right(graph, n.key, author, n.key)]
    for y in author.outputs:
        if any(n.key == y for n in nodes):
            continue
        match = next((n.key for n in reversed(graph.nodes) if _right(graph, n.key, author, y)), None)
        if match is not None:
            nodes.append(Node(y, name_of(match)))
    present = {n.key for n in nodes}
    return Graph(author.inputs, tuple(nodes), tuple(y for y in author.outputs if y in present))


def _right(graph: Graph, mine: Key, author: Graph, output: Key) -> bool:
    return _near((graph.values[mine], *graph.tangents[mine]), (author.values[output], *author.tangents[output]))


def _resolvable(formulas: dict[Key, Expr], author: Graph) -> dict[Key, Expr]:
    """The formulas whose names all lead back to the inputs."""
    known = set(author.inputs)
    out: dict[Key, Expr] = {}
    changed = True
    while changed:
        changed = False
        for key, formula in formulas.items():
            if key in out:
                continue
            try:
                ready = all(k in known for k in references(formula))
                number_at(formula, dict.fromkeys(known, 1.0)) if ready and not references(formula) else None
            except GraphError:
                ready = False
            if ready:
                out[key] = formula
                known.add(key)
                changed = True
    return out
