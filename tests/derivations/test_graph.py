"""Computational graphs: forward mode, reverse mode, torch and SymPy agree on any formula."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from derivations.closed_form import ClosedForm, exact_jacobian
from derivations.elementary import SLOPES, partial
from derivations.formulas import FormulaError, read_function
from derivations.graph import Graph, GraphError, Node, name_of, number_at
from notation.plain import to_plain
from notation.tree import Add, Call, Div, Mul, Neg, Pow, Ref, number
from reference_impl.graph import run_graph

X = (("x", (1,)), ("x", (2,)), ("x", (3,)))
UNARY = ("sin", "cos", "tanh", "sigmoid", "exp", "softplus", "atan", "square", "neg")
BINARY = ("add", "sub", "mul", "div")


def formula(operation: str, a: Ref, b: Ref | None = None):
    """One elementary operation that is smooth and finite for all arguments of moderate size."""
    if operation == "square":
        return Pow(a, number(2))
    if operation == "neg":
        return Neg(a)
    if operation == "exp":
        return Call("exp", (Call("sin", (a,)),))  # bounded, so that graphs of any depth stay finite
    if b is None:
        return Call(operation, (a,))
    if operation == "add":
        return Add((a, b))
    if operation == "sub":
        return Add((a, Neg(b)))
    if operation == "div":
        return Div(a, Add((number(2), Pow(b, number(2)))))
    return Mul(Call("tanh", (a,)), b)


@st.composite
def graphs(draw) -> Graph:
    """Any graph over three inputs: every node uses one or two earlier ones, the last two are the outputs."""
    values = st.floats(-2, 2, allow_nan=False).map(lambda v: round(v, 3))
    inputs = {k: draw(values) for k in X}
    known = [name_of(k) for k in X]
    nodes = []
    for n in range(1, draw(st.integers(2, 12)) + 1):
        a = draw(st.sampled_from(known))
        operation = draw(st.sampled_from(UNARY + BINARY))
        b = draw(st.sampled_from(known)) if operation in BINARY else None
        nodes.append(Node(("v", (n,)), formula(operation, a, b)))
        known.append(name_of(("v", (n,))))
    return Graph(inputs, tuple(nodes), tuple(n.key for n in nodes[-2:]))


def close(a, b) -> bool:
    return all(math.isclose(x, y, rel_tol=1e-9, abs_tol=1e-9) for k in a for x, y in zip(a[k], b[k], strict=True))


@settings(max_examples=80, deadline=None)
@given(graphs())
def test_forward_reverse_and_torch_agree_at_every_node(graph):
    values, tangents, adjoints = run_graph(graph)
    assert set(values) == set(graph.values) == set(graph.tangents) == set(graph.adjoints)
    assert close({k: (v,) for k, v in values.items()}, {k: (v,) for k, v in graph.values.items()})
    assert close(tangents, graph.tangents)
    assert close(adjoints, graph.adjoints)
    forward = [graph.tangents[y][j] for y in graph.outputs for j in range(len(X))]
    backward = [graph.adjoints[x][i] for i in range(2) for x in X]
    assert forward == pytest.approx(backward, rel=1e-9, abs=1e-12)


@settings(max_examples=10, deadline=None)
@given(graphs())
def test_sympy_agrees_at_every_node(graph):
    short = Graph(graph.inputs, graph.nodes[:6], tuple(n.key for n in graph.nodes[:6][-2:]))
    closed = ClosedForm(short)
    assert close(closed.tangents(), short.tangents)
    assert close(closed.adjoints(), short.adjoints)


@pytest.mark.parametrize("function", sorted(set(SLOPES) - {"heaviside", "sign"}))
def test_the_table_of_slopes_against_torch(function):
    x = ("x", ())
    graph = Graph({x: 0.37}, (Node(("y", ()), Call(function, (name_of(x),))),), (("y", ()),))
    assert run_graph(graph)[2][x] == pytest.approx(graph.adjoints[x], rel=1e-12)


CASES = [
    # outputs, point, Jacobian as SymPy-free Python
    ("y = x \\sin(x)", {"x": 2}, [[math.sin(2) + 2 * math.cos(2)]]),
    ("f = a b^2 + \\ln a", {"a": 2, "b": 3}, [[9.5, 12]]),
    ("y_1 = x_1 / x_2\ny_2 = \\sqrt{x_1 x_2}\ny_3 = 3", {"x_1": 1, "x_2": 4}, [[0.25, -1 / 16], [1, 0.25], [0, 0]]),
    ("z = \\tanh(w_1 u + w_2)^2", {"w_1": 1, "w_2": -0.5, "u": 1}, None),
    ("y = x^x", {"x": 2}, [[4 * (math.log(2) + 1)]]),
    ("y = 2^{x} + \\mathrm{relu}(-x)", {"x": 1.5}, [[2**1.5 * math.log(2)]]),
]


@pytest.mark.parametrize(("outputs", "at", "jacobian"), CASES, ids=[c[0][:20] for c in CASES])
def test_any_formula_is_taken_apart(outputs, at, jacobian):
    graph = read_function(outputs, at)
    if jacobian is not None:
        assert [list(row) for row in graph.jacobian] == [pytest.approx(row) for row in jacobian]
    _, tangents, adjoints = run_graph(graph)
    assert close(tangents, graph.tangents)
    assert close(adjoints, graph.adjoints)
    assert close(ClosedForm(graph).tangents(), graph.tangents)
    for node in graph.nodes:  # one operation a node
        assert to_plain(node.formula).count("(") <= 1


def test_a_part_that_occurs_twice_is_one_node():
    graph = read_function("y = \\sin(x^2) + \\cos(x^2)", {"x": 1})
    assert sum(isinstance(n.formula, Pow) for n in graph.nodes) == 1


def test_a_decomposition_of_the_author_is_kept():
    graph = read_function("y = x^4", {"x": 3}, "v_1 = x^2\nv_2 = v_1 v_1\ny = v_2")
    assert [n.key for n in graph.nodes] == [("v", (1,)), ("v", (2,)), ("y", ())]
    assert graph.jacobian == ((108.0,),)
    assert graph.slopes["v", (2,)] == {("v", (1,)): 18.0}


BAD = [
    ("y = x^4", {"x": 3}, "v_1 = x^2\ny = 2 v_1", "nodes", "the nodes give 18, the formula 81"),
    ("y = x", {"x": 3}, "v_1 = v_2\nv_2 = v_1\ny = v_2", "nodes", "circle"),
    ("y = x + q", {"x": 3}, "", "outputs", "q"),
    ("x + 1", {"x": 3}, "", "outputs", "not an equation"),
    ("y = 1/x", {"x": 0}, "", "outputs", "no finite value"),
    ("y = x", {"x+1": 0}, "", "at", "does not begin with a name"),
    ("y = \\sum_i x_i", {"x_1": 0}, "", "outputs", ""),
    ("y_1 = x_1", {"x_1": 1}, "v_1 = x_1", "nodes", "is no node"),
]


@pytest.mark.parametrize(("outputs", "at", "nodes", "field", "message"), BAD, ids=[b[4][:20] for b in BAD])
def test_mistakes_name_their_field(outputs, at, nodes, field, message):
    with pytest.raises(FormulaError) as caught:
        read_function(outputs, at, nodes)
    assert caught.value.field == field
    assert message in caught.value.message


def test_exact_forms():
    graph = read_function("y = e^{2x} + \\sin(3x)", {"x": 1})
    assert exact_jacobian(graph) is not None
    assert [to_plain(e) for row in exact_jacobian(graph) or () for e in row] == ["3 cos(3) + 2 exp(2)"]


def test_what_has_no_derivative_is_refused():
    with pytest.raises(GraphError):
        number_at(Ref("x"), {})
    with pytest.raises(Exception, match="not differentiated"):
        partial(Call("erf", (Ref("x"),)), Ref("x"))
