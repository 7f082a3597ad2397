"""A function given in text, with its point of evaluation, as a computational graph."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from derivations.graph import Graph, GraphError, Key, Node, key_of, number_at, ordered, taken_apart
from notation.answer import read_formula
from notation.errors import ReadError
from notation.tree import Compare, Expr, Ref
from notation.vocabulary import Quantity, Vocabulary

_NUMBERED = re.compile(r"(?<![A-Za-z\\])([A-Za-z])(?:_\{?-?\d|_?\d|[₀-₉])")
_AXIS = "n#"  # the numbering of v_1, v_2, ...; no text can spell it
# Author's slips in the decomposition are off by far more than rounding in float64.
_SAME = 1e-12
_NODE_LETTERS = "vwuzabc"


class FormulaError(Exception):
    """A formula that cannot be used: `field` and `line` (from 0) say where it stands."""

    def __init__(self, message: str, field: str, line: int = 0, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.line = line
        self.hint = hint


def numbered_letters(text: str) -> set[str]:
    """The letters that carry a number somewhere in a text: v_1, x2.

    >>> sorted(numbered_letters(r"v_1 = x2 + \\sin(a)"))
    ['v', 'x']
    """
    return set(_NUMBERED.findall(text))


def vocabulary(letters: Iterable[str], single: Iterable[str] = ()) -> Vocabulary:
    """Names in which these letters are numbered quantities, and any other letter is a number of its own.

    `single` are letters without numbers that would mean something else, such as an e that is no constant.
    """
    names = sorted(set(letters))
    quantities = {n: Quantity(n, (_AXIS,), ()) for n in names} | {n: Quantity(n, (), ()) for n in single}
    return Vocabulary(quantities, {n: n for n in quantities}, {_AXIS: (None, None)}, open=True)


def read_function(outputs: str, at: Mapping[str, float], nodes: str = "") -> Graph:
    """The graph of a function; raises `FormulaError`.

    >>> graph = read_function("y = x \\\\sin(x)", {"x": 2})
    >>> [n.key[0] for n in graph.nodes], round(graph.jacobian[0][0], 4)
    (['v', 'v', 'v', 'y'], 0.077)
    """
    known = vocabulary(numbered_letters("\n".join((outputs, nodes, *at))))
    inputs: dict[Key, float] = {}
    for text, value in at.items():
        inputs[_key(_read(text, known, "at", 0), "at", 0, text)] = float(value)
    stated = _equations(outputs, known, "outputs")
    if not nodes.strip():
        used = {k[0] for k in (*inputs, *stated)}
        letter = next(c for c in _NODE_LETTERS if c not in used)
        try:
            graph = taken_apart(stated, inputs, letter)
            _ = graph.slopes
        except GraphError as problem:
            raise FormulaError(str(problem), "outputs") from problem
        return graph
    return _given(_equations(nodes, known, "nodes"), stated, inputs)


def _given(steps: Mapping[Key, Expr], stated: Mapping[Key, Expr], inputs: Mapping[Key, float]) -> Graph:
    """The author's decomposition; it must compute what the formula says."""
    try:
        graph = Graph(inputs, ordered((Node(k, e) for k, e in steps.items()), inputs), tuple(stated))
        for key, formula in stated.items():
            if key not in graph.values:
                raise FormulaError(f"the output {key[0]}{''.join(f'_{k}' for k in key[1])} is no node", "nodes")
            want = number_at(formula, inputs)
            if abs(graph.values[key] - want) > _SAME * max(1.0, abs(want)):
                raise FormulaError(f"the nodes give {graph.values[key]:.6g}, the formula {want:.6g}", "nodes")
        _ = graph.slopes
    except GraphError as problem:
        raise FormulaError(str(problem), "nodes") from problem
    return graph


def _equations(text: str, known: Vocabulary, field: str) -> dict[Key, Expr]:
    out: dict[Key, Expr] = {}
    for n, line in enumerate(text.splitlines()):
        if not line.strip():
            continue
        tree = _read(line, known, field, n)
        if not isinstance(tree, Compare) or set(tree.relations) != {"="} or len(tree.sides) != 2:
            raise FormulaError(f"'{line.strip()}' is not an equation", field, n, "write: v_4 = v_1 v_2")
        key = _key(tree.sides[0], field, n, line)
        if key in out:
            raise FormulaError(f"'{line.strip()}' gives a second formula for one name", field, n)
        out[key] = tree.sides[1]
    if not out:
        raise FormulaError("there is no equation", field)
    return out


def _read(text: str, known: Vocabulary, field: str, line: int) -> Expr:
    try:
        return read_formula(text.strip(), known)
    except ReadError as problem:
        raise FormulaError(f"{problem.message}: {text.strip()}", field, line, problem.hint) from problem


def _key(e: Expr, field: str, line: int, text: str) -> Key:
    if not isinstance(e, Ref):
        raise FormulaError(f"'{text.strip()}' does not begin with a name", field, line, "write: v_4 = v_1 v_2")
    try:
        return key_of(e)
    except GraphError as problem:
        raise FormulaError(f"{problem}: {text.strip()}", field, line) from problem
