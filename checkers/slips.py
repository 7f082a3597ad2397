"""Naming a slip in automatic differentiation: one edge of the graph changed, and everything derived again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from checkers.claims import formula
from derivations.graph import Graph, Key, name_of, number_at
from notation.errors import EvaluationError
from notation.tree import Call, Compare, Div, Expr, Mul, Num, Partial, number, rebuild, walk

_TRIGONOMETRIC = frozenset({"sin", "cos", "tan"})
_NEAR = 1e-2
Place = tuple[int, ...] | tuple[Key, Key]


def named_slip(graph: Graph, stated: Mapping[Place, float]) -> str | None:
    """What went wrong, when one known slip explains all stated derivatives; places are (row, column) or (of, by)."""
    truth = {p: _at(graph, p) for p in stated}
    if all(_near(v, truth[p]) for p, v in stated.items()):
        return None
    for told, changed in _mutants(graph):
        if all(_near(v, _at(changed, p)) for p, v in stated.items()):
            return told
    turned = {(j, i): v for (i, j), v in stated.items() if isinstance(i, int) and isinstance(j, int)}
    if len(turned) == len(stated) and len(graph.inputs) == len(graph.outputs):
        if all(p in truth and _near(v, truth[p]) for p, v in turned.items()):
            return "This is the transpose: rows belong to outputs, columns to inputs."
    return None


def _at(graph: Graph, place: Place) -> float:
    a, b = place
    if isinstance(a, int) and isinstance(b, int):
        return graph.jacobian[a][b]
    assert isinstance(a, tuple)
    assert isinstance(b, tuple)
    return graph.derivatives_of(a)[b]


def _near(a: float, b: float) -> bool:
    return abs(a - b) <= _NEAR * max(abs(b), 0.1)


def _mutants(graph: Graph) -> Iterator[tuple[str, Graph]]:
    """Graphs with one slip: degrees, a path left out, a local derivative wrong, taken as 1, or with the wrong sign."""
    if any(isinstance(n, Call) and n.function in _TRIGONOMETRIC for node in graph.nodes for n in walk(node.formula)):
        slopes = {
            node.key: {k: number_at(_in_degrees(e), _degrees(graph).values) for k, e in _partials(graph, node.key)}
            for node in graph.nodes
        }
        yield "The calculator was set to degrees; angles are in radians.", graph.with_slopes(slopes)
    for node in graph.nodes:
        local = graph.slopes[node.key]
        for k, d in local.items():
            where = Compare((name_of(node.key), node.formula), ("=",))
            edge = f"{formula(Partial(name_of(node.key), name_of(k)))}, where {formula(where)}"
            yield f"The path through {edge}, is left out.", _with_slope(graph, node.key, k, 0.0)
            for told, value in _wrong_rules(graph, node.key):
                yield f"The local derivative {edge}, {told}.", _with_slope(graph, node.key, k, value)
            if d != 1.0:
                yield f"The local derivative {edge}, was taken as 1.", _with_slope(graph, node.key, k, 1.0)
            yield f"The local derivative {edge}, has the wrong sign.", _with_slope(graph, node.key, k, -d)


def _with_slope(graph: Graph, key: Key, by: Key, value: float) -> Graph:
    return graph.with_slopes({**graph.slopes, key: {**graph.slopes[key], by: value}})


def _wrong_rules(graph: Graph, key: Key) -> Iterator[tuple[str, float]]:
    """Well-known wrong local derivatives of a function: the inner derivative forgotten, σ for σ', σ/(1 - σ)."""
    call = graph.by_key[key].formula
    if not isinstance(call, Call) or len(call.args) != 1:
        return
    from derivations.elementary import SLOPES

    x = call.args[0]
    outer = SLOPES.get(call.function)
    wrong: list[tuple[str, Expr]] = []
    if outer is not None:
        wrong.append(("lacks the inner derivative", outer(x)))
    if call.function == "sigmoid":
        wrong.append(("is σ(1 − σ), not σ/(1 − σ)", Div(call, rest_of(call))))
        wrong.append(("is σ(1 − σ), not σ", call))
        wrong.append(("is σ(1 − σ), not 1 − σ", rest_of(call)))
        wrong.append(("is σ(1 − σ), not 1 − σ²", rest_of(Mul(call, call))))
    for told, e in wrong:
        try:
            yield told, number_at(e, graph.values)
        except (EvaluationError, ArithmeticError):
            continue


def rest_of(e: Expr) -> Expr:
    """1 minus an expression."""
    from notation.tree import Add, Neg

    return Add((number(1), Neg(e)))


def _degrees(graph: Graph) -> Graph:
    from derivations.graph import Node

    nodes = tuple(Node(n.key, _in_degrees(n.formula)) for n in graph.nodes)
    return Graph(graph.inputs, nodes, graph.outputs)


def _in_degrees(e: Expr) -> Expr:
    """The formula as a calculator in degrees computes it."""
    inner = rebuild(e, _in_degrees)
    if isinstance(inner, Call) and inner.function in _TRIGONOMETRIC:
        return Call(inner.function, (Mul(inner.args[0], Div(Call("pi", ()), Num(number(180).value))),))
    return inner


def _partials(graph: Graph, key: Key) -> list[tuple[Key, Expr]]:
    from derivations.elementary import partial

    whole = graph.by_key[key].formula
    return [(k, partial(whole, name_of(k))) for k in graph.slopes[key]]
