"""A computational graph run in torch: values, tangents and adjoints of every node by autograd."""

from __future__ import annotations

import torch

from derivations.graph import Graph, Key
from notation.evaluate import evaluate
from notation.scope import Scope
from reference_impl.backend import torch_backend

Table = dict[Key, tuple[float, ...]]


def run_graph(graph: Graph) -> tuple[dict[Key, float], Table, Table]:
    """The value of every node, its derivatives by every input, and those of every output by it."""
    known = {k: torch.tensor(v, dtype=torch.float64, requires_grad=True) for k, v in graph.inputs.items()}

    def lookup(name: str, at: tuple[int, ...]) -> torch.Tensor:
        return known[name, at]

    scope = Scope(lookup=lookup, backend=torch_backend())
    for node in graph.nodes:
        value = evaluate(node.formula, scope)
        # a copy, so that `v_1 = x_1` has an adjoint of its own; a constant needs to be asked for one
        known[node.key] = value.clone() if value.requires_grad else value.clone().requires_grad_(True)
    leaves = [known[k] for k in graph.inputs]
    tangents = {k: _gradients(t, leaves) for k, t in known.items()}
    keys = list(known)
    rows = [_gradients(known[y], [known[k] for k in keys]) for y in graph.outputs]
    adjoints = {k: tuple(row[n] for row in rows) for n, k in enumerate(keys)}
    return {k: float(t.detach()) for k, t in known.items()}, tangents, adjoints


def _gradients(of: torch.Tensor, by: list[torch.Tensor]) -> tuple[float, ...]:
    found = torch.autograd.grad(of, by, retain_graph=True, allow_unused=True)
    return tuple(0.0 if g is None else float(g) for g in found)
