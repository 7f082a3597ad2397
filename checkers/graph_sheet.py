"""A computational graph as a sheet shows it: the result as one claim, all steps as a table, the graph as a diagram."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from checkers.solution import Diagram, Edge, Table, Vertex
from derivations.elementary import partial, times
from derivations.graph import Graph, Key, name_of
from notation.latex import to_latex
from notation.tree import Add, Compare, Expr, Matrix, Neg, Num, Ref, Vector, number

_DIGITS = 4  # significant, on the sheet


def rounded(value: float) -> Expr:
    """A number with four significant digits; whole numbers as they are.

    >>> rounded(2.0), rounded(-0.14112)
    (Num(value=Fraction(2, 1), text='2'), Neg(body=Num(value=Fraction(1411, 10000), text='0.1411')))
    """
    text = f"{abs(value):.{_DIGITS}g}"
    if "e" not in text and "." not in text and float(text) != abs(value):
        text = f"{abs(value):.1f}"
    size: Expr = number(text)
    return Neg(size) if value < 0 and float(text) else size


def claimed(left: Graph | Expr, right: Sequence[Sequence[Expr]] | float | None = None) -> Expr:
    """The result as an equation: the value of the function, its Jacobian (exact and in decimals), or one derivative."""
    if isinstance(left, Expr):
        assert isinstance(right, float)
        return Compare((left, rounded(right)), ("=",))
    if right is None or isinstance(right, float):
        names = tuple(name_of(y) for y in left.outputs)
        values = tuple(rounded(left.values[y]) for y in left.outputs)
        whole = len(names) > 1
        return Compare((Vector(names), Vector(values)) if whole else (names[0], values[0]), ("=",))
    decimals = Matrix(tuple(tuple(rounded(v) for v in row) for row in left.jacobian))
    exact = Matrix(tuple(tuple(row) for row in right))
    sides: tuple[Expr, ...] = (Ref("J"), exact, decimals)
    return Compare(sides, ("=", "="))


def table(graph: Graph, way: str) -> Table:
    """All steps: every node with its formula and value, and forwards its tangents or backwards its adjoints."""
    inputs, outputs = list(graph.inputs), list(graph.outputs)
    head = ["node", "value"]
    if way == "forward":
        head += ["tangent", *(f"$\\partial/\\partial {_tex(x)}$" for x in inputs)]
    elif way == "reverse":
        head += ["adjoint", *(f"$\\partial {_tex(y)}/\\partial v$" for y in outputs)]
    nodes = list(graph.nodes) if way != "reverse" else list(reversed(graph.nodes))
    rows: list[tuple[Expr | str, ...]] = []
    for node in nodes:
        row: list[Expr | str] = [Compare((name_of(node.key), node.formula), ("=",)), rounded(graph.values[node.key])]
        if way == "forward":
            row += [_tangent_rule(graph, node.key), *(rounded(t) for t in graph.tangents[node.key])]
        elif way == "reverse":
            row += [_adjoint_rule(graph, node.key), *(rounded(a) for a in graph.adjoints[node.key])]
        rows.append(tuple(row))
    if way == "reverse":
        for x in inputs:
            entries = [rounded(a) for a in graph.adjoints[x]]
            rows.append((name_of(x), rounded(graph.values[x]), _adjoint_rule(graph, x), *entries))
    told = {
        "value": "Forward propagation: the nodes from top to bottom.",
        "forward": "Forward mode: values and tangents from top to bottom, one column for each input as the seed.",
        "reverse": "Reverse mode: values first, then adjoints from top to bottom, one column for each output as seed.",
    }[way]
    return Table(told, tuple(head), tuple(rows))


def _tex(key: Key) -> str:
    return to_latex(name_of(key))


def _dotted(key: Key, accent: Literal["dot", "bar"]) -> Expr:
    plain = name_of(key)
    return Ref(f"\\{accent} {plain.name}", plain.at, plain.index)


def _tangent_rule(graph: Graph, key: Key) -> Expr:
    """The tangent of a node through those of the nodes it uses."""
    formula = graph.by_key[key].formula
    terms = [times(partial(formula, name_of(k)), _dotted(k, "dot")) for k in graph.slopes[key]]
    return _sum(terms)


def _adjoint_rule(graph: Graph, key: Key) -> Expr:
    """The adjoint of a node through those of the nodes that use it."""
    terms = [
        times(_dotted(n.key, "bar"), partial(n.formula, name_of(key)))
        for n in graph.nodes
        if key in graph.slopes[n.key]
    ]
    return _sum(terms) if terms else Num(number(1).value, text="1") if key in graph.outputs else number(0)


def _sum(terms: list[Expr]) -> Expr:
    return number(0) if not terms else terms[0] if len(terms) == 1 else Add(tuple(terms))


def diagram(graph: Graph, *, backwards: bool = False) -> Diagram:
    """The graph with values on nodes and local derivatives on edges; backwards with the adjoints that run along
    them."""
    shown = [k for k in graph.inputs if not _copied(graph, k)] + [n.key for n in graph.nodes]
    place = {k: i for i, k in enumerate(shown)}
    vertices = []
    for k in shown:
        node = graph.by_key.get(k)
        if backwards:
            notes = ", ".join(f"${to_latex(rounded(a))}$" for a in graph.adjoints[k])
            vertices.append(Vertex(f"${to_latex(_dotted(k, 'bar'))}$", notes))
        else:
            title = _tex(k) if node is None else to_latex(Compare((name_of(k), node.formula), ("=",)))
            vertices.append(Vertex(f"${title}$", f"${to_latex(rounded(graph.values[k]))}$"))
    edges = []
    for node in graph.nodes:
        for k in graph.slopes[node.key]:
            if k in place:
                label = f"${to_latex(partial(node.formula, name_of(k)))}$"
                start, end = (place[node.key], place[k]) if backwards else (place[k], place[node.key])
                edges.append(Edge(start, end, label))
    outputs = " and ".join(f"${_tex(y)}$" for y in graph.outputs)
    caption = (
        f"Every edge carries the local derivative by which an adjoint is multiplied on its way back, every node its "
        f"adjoints for {outputs}; what arrives at a node along several edges is added."
        if backwards
        else "Every node carries its formula and value, every edge the derivative of its lower end by its upper end."
    )
    return Diagram(caption, tuple(vertices), tuple(edges))


def _copied(graph: Graph, key: Key) -> bool:
    """Whether a node of its own stands for an input, so that the input need not be drawn."""
    return any(n.formula == name_of(key) for n in graph.nodes)
