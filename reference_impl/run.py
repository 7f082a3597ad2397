"""Runs a model in torch float64 on sampled sizes and values, and keeps everything as a World."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from derivations.model import Equation, Model
from notation.errors import EvaluationError, ShapeError
from notation.evaluate import evaluate
from notation.opaque import opaque_functions
from notation.scope import Scope
from notation.tree import Call, DerivativeKind, Expr, Num, Ref
from reference_impl.backend import torch_backend
from reference_impl.world import Array, Place, World

Tensor = torch.Tensor
# Sizes are drawn at most so often; every array has at most so many entries along an axis, so that it runs quickly.
ATTEMPTS, LONGEST = 2000, 8


def sample_sizes(model: Model, seed: int) -> dict[str, int]:
    """Distinct sizes for a model: components from 2 up, sequences of at least 3 steps, no two alike.

    Distinct, because with n = d a missing transpose passes; at least 2, because with n = 1 everything commutes.
    """
    if model.sizes and any(e.left.index for e in model.equations):
        return entry_sizes(model, seed)
    rng = np.random.default_rng([seed, 11])
    lengths = {
        r.name
        for _, high in model.vocabulary.ranges.values()
        for r in ([high] if high is not None else [])
        if hasattr(r, "name")
    }
    steps = [s for s in model.sizes if s in lengths and s not in model.samples]
    others = [s for s in model.sizes if s not in lengths and s not in model.samples]
    pool = list(rng.permutation(np.arange(2, 3 + len(others) + 1)))
    sizes = {s: int(pool[k]) for k, s in enumerate(others)}
    free = [v for v in range(3, 12) if v not in sizes.values()]
    for s in steps:
        k = int(rng.integers(0, 2))
        sizes[s] = free.pop(min(k, len(free) - 1))
    sizes |= chosen(model, sizes, rng)
    return {s: sizes[s] for s in model.sizes}


def positions_in(model: Model) -> dict[str, str]:
    """Names among the sizes that are positions in a sequence, with the variable of the sequence: `position i`."""
    rules = {s: model.samples.get(s, "").split() for s in model.sizes}
    return {s: rule[1] for s, rule in rules.items() if len(rule) == 2 and rule[0] == "position"}


def chosen(model: Model, sizes: Mapping[str, int], rng: np.random.Generator) -> dict[str, int]:
    """Sizes that obey the model's `samples`: fixed, within bounds, with room for orthonormal families, positions."""
    out: dict[str, int] = {}
    for s in model.sizes:
        low, dots, high = model.samples.get(s, "").partition("..")
        if dots:
            out[s] = int(rng.integers(int(low), int(high) + 1))
        elif low.isdigit():
            out[s] = int(low)
    for name in (n for n, rule in model.samples.items() if rule == "orthonormal"):
        (axis,) = model.vocabulary.quantities[name].axes
        (room,), count = model.shape(name), model.vocabulary.ranges[axis][1]
        if len(room) == 1 and isinstance(room[0], Ref) and isinstance(count, Ref):
            needed = {**sizes, **out}[count.name]
            if {**sizes, **out}[room[0].name] < needed:
                out[room[0].name] = needed + int(rng.integers(1, 3))
    taken: dict[str, list[int]] = {}
    for s, axis in positions_in(model).items():
        ends = model.vocabulary.ranges[axis]
        known = {**sizes, **out}
        first, last = (known[e.name] if isinstance(e, Ref) else int(e.value) if isinstance(e, Num) else 1 for e in ends)
        left = [k for k in range(first, last + 1) if k not in taken.setdefault(axis, [])]
        out[s] = int(rng.choice(left))
        taken[axis].append(out[s])
    return out


def entry_sizes(model: Model, seed: int) -> dict[str, int]:
    """Distinct sizes at which every array computed component by component has at least two entries along every axis.

    Output sizes such as floor((H - K)/S) + 1 are positive for some sizes only, so sizes are drawn until all are.
    """
    rng = np.random.default_rng([seed, 13])
    arrays = [e.left.name for e in model.equations if e.left.index]
    for _ in range(ATTEMPTS):
        drawn = rng.choice(np.arange(2, 2 + max(12, 2 * len(model.sizes))), size=len(model.sizes), replace=False)
        sizes = {s: int(k) for s, k in zip(model.sizes, drawn, strict=True)}
        known = {s: torch.tensor(float(k), dtype=torch.float64) for s, k in sizes.items()}
        scope = Scope(lookup=lambda name, at, known=known: known[name], backend=torch_backend())  # type: ignore[misc]
        lengths = [float(evaluate(b, scope)) for name in arrays for dim in model.shape(name) for b in dim]
        if all(n >= 2 for n in lengths) and max(lengths) <= LONGEST:
            return sizes
    raise EvaluationError(f"no sizes were found at which all arrays of {model.name} have entries; give numbers")


class Run:
    """One forward pass with all intermediates kept as tensors of one autograd graph."""

    def __init__(
        self, model: Model, sizes: Mapping[str, int], seed: int, given: Mapping[Place, Array] | None = None
    ) -> None:
        self.model = model
        self.sizes = dict(sizes)
        self.seed = seed
        self.backend = torch_backend()
        self.rng = np.random.default_rng([seed, *self.sizes.values()])
        self.ranges = {
            v: (self.number(lo), self.number(hi))
            for v, (lo, hi) in model.vocabulary.ranges.items()
            if lo is not None and hi is not None
        }
        self.tensors: dict[Place, Tensor] = {}
        self.inputs_of: dict[Place, tuple[Equation, dict[str, int]]] = {}
        self.given = dict(given or {})
        self.families: dict[str, Array] = {}
        self.zeros = [(n, self.number(start)) for n, start in model.initial if model.samples.get(n) == "zero"]
        self.leaves()
        self.forward()

    def number(self, e: Expr) -> int:
        """The value of a size expression."""
        scope = Scope(
            lookup=lambda name, at: torch.tensor(float(self.sizes[name]), dtype=torch.float64), backend=self.backend
        )
        return round(float(evaluate(e, scope)))

    def shape(self, name: str) -> tuple[int, ...]:
        """The component shape of a quantity at these sizes."""
        return tuple(sum(self.number(b) for b in dim) for dim in self.model.shape(name))

    def blocks(self, name: str) -> tuple[tuple[int, ...], ...]:
        """The sizes of the blocks of every axis."""
        return tuple(tuple(self.number(b) for b in dim) for dim in self.model.shape(name))

    def leaf(self, name: str, at: tuple[int, ...]) -> None:
        """Sample one leaf."""
        shape = self.shape(name)
        if (name, at) in self.given:
            value = np.asarray(self.given[name, at], dtype=np.float64)
        elif self.model.samples.get(name) == "one-hot":
            value = np.zeros(shape)
            value[int(self.rng.integers(0, shape[0]))] = 1.0
        elif self.model.samples.get(name) == "orthonormal":
            value = self.orthonormal(name)[:, at[0] - self.ranges[self.model.vocabulary.quantities[name].axes[0]][0]]
        elif ".." in self.model.samples.get(name, ""):
            low, high = (float(end) for end in self.model.samples[name].split("..", 1))
            value = self.rng.uniform(low, high, size=shape)
        elif self.model.samples.get(name) == "zero":
            value = np.zeros(shape)
        elif name in self.model.distributions:
            weights = np.exp(self.rng.normal(size=shape))
            value = weights / weights.sum()
        else:
            scale = 0.7 if name in self.model.parameters else 1.0
            value = self.rng.normal(scale=scale, size=shape)
            if self.model.samples.get(name) == "positive":
                value = np.exp(value)
        self.tensors[name, at] = torch.tensor(value, dtype=torch.float64, requires_grad=True)

    def orthonormal(self, name: str) -> Array:
        """A family of unit vectors at right angles to one another, one column for each position of its sequence."""
        if name not in self.families:
            low, high = self.ranges[self.model.vocabulary.quantities[name].axes[0]]
            (length,) = self.shape(name)
            if high - low + 1 > length:
                raise ArithmeticError(f"{high - low + 1} orthonormal vectors {name} do not fit into dimension {length}")
            self.families[name] = np.linalg.qr(self.rng.normal(size=(length, high - low + 1)))[0]
        return self.families[name]

    def leaves(self) -> None:
        """Sample parameters, first states and inputs."""
        for name, start in self.model.initial:
            self.leaf(name, (self.number(start),))
        for name in (*self.model.parameters, *self.model.inputs):
            for at in self.positions(self.model.vocabulary.quantities[name].axes):
                self.leaf(name, at)

    def positions(self, axes: tuple[str, ...]) -> Iterator[tuple[int, ...]]:
        """All positions of a quantity with these axes."""
        return itertools.product(*(range(self.ranges[a][0], self.ranges[a][1] + 1) for a in axes))

    def forward(self) -> None:
        """Run the equations: those of one sequence together, step by step, in the order in which they stand.

        Of a quantity that runs over several sequences, the one that is declared last leads. A value that is needed
        before its turn, as in a recurrence from the last step to the first, is computed then.
        """
        for lead, group in itertools.groupby(self.model.equations, key=self.leading):
            members = list(group)
            for start in self.positions(lead):
                for e in members:
                    axes = self.model.vocabulary.quantities[e.left.name].axes
                    for at in self.positions(axes):
                        if all(at[axes.index(axis)] == k for axis, k in zip(lead, start, strict=True)):
                            self.step(e, axes, at)

    def leading(self, e: Equation) -> tuple[str, ...]:
        """The sequence along which an equation is computed step by step; none for one that is computed once."""
        axes = self.model.vocabulary.quantities[e.left.name].axes
        order = list(self.ranges)
        return tuple(sorted(axes, key=order.index)[-1:])

    def step(self, e: Equation, axes: tuple[str, ...], at: tuple[int, ...]) -> None:
        """Compute one quantity at one position, unless its value is given."""
        index = dict(zip(axes, at, strict=True))
        place = (e.left.name, at)
        if place in self.inputs_of:
            return
        self.inputs_of[place] = (e, index)
        if place in self.given:
            self.tensors[place] = torch.tensor(np.asarray(self.given[place]), dtype=torch.float64, requires_grad=True)
        else:
            value = self.value(e, index, self.tensors)
            self.tensors[place] = value if value.requires_grad else value.requires_grad_(True)  # a constant equation

    def value(self, e: Equation, index: dict[str, int], tensors: Mapping[Place, Tensor]) -> Tensor:
        """The right side of an equation at a position, with the raw shape of its left side."""
        shape = self.shape(e.left.name)
        if e.left.index:
            return self.entries(e, self.scope(tensors).at(**index), shape)
        out: Tensor = evaluate(e.right, self.scope(tensors).at(**index))
        if out.dim() == 0 and shape:  # a constant such as f_t = 1 fills its quantity
            return out.expand(shape).clone()
        return out.reshape(shape)

    def entries(self, e: Equation, scope: Scope, shape: tuple[int, ...]) -> Tensor:
        """The entries of a quantity whose equation is written component by component."""
        letters = [i.name for i in e.left.index if isinstance(i, Ref)]
        values = [
            evaluate(e.right, scope.at(**{n: k + 1 for n, k in zip(letters, place, strict=True)}))
            for place in np.ndindex(*shape)
        ]
        return torch.stack(values).reshape(shape) if values else torch.zeros(shape, dtype=torch.float64)

    def scope(self, tensors: Mapping[Place, Tensor]) -> Scope:
        """Names looked up among tensors."""

        def lookup(name: str, at: tuple[int, ...]) -> Any:
            if (name, at) in tensors:
                return tensors[name, at]
            if name in self.sizes and not at:
                return torch.tensor(float(self.sizes[name]), dtype=torch.float64)
            if any(name == n and at < (start,) for n, start in self.zeros):
                return torch.zeros(self.shape(name), dtype=torch.float64)
            e = next((e for e in self.model.equations if e.left.name == name), None)
            if e is not None and (name, at) not in self.inputs_of and at in self.positions(axes[name]):
                self.step(e, axes[name], at)
                return self.tensors[name, at]
            raise KeyError(f"{name}{list(at)} has no value: is the first step declared among the inputs?")

        axes = {n: q.axes for n, q in self.model.vocabulary.quantities.items()}
        return Scope(
            lookup=lookup,
            ranges=self.ranges,
            axes=axes,
            blocks=lambda n, a: list(self.blocks(n)[a]),
            backend=self.backend,
            functions=opaque_functions(self.model.functions, self.seed, self.backend),
        )

    # -- derivatives ------------------------------------------------------------------------------------------------

    def slopes(self) -> dict[Place, Array]:
        """The slopes of elementwise functions at what they are applied to, by the quantity that they compute."""
        out: dict[Place, Array] = {}
        for place, (equation, index) in self.inputs_of.items():
            right = equation.right
            if not isinstance(right, Call) or len(right.args) != 1 or place in self.given or equation.left.index:
                continue
            try:
                slope = evaluate(replace(right, order=right.order + 1), self.scope(self.tensors).at(**index))
            except (EvaluationError, ShapeError):
                continue  # no elementwise function
            if tuple(slope.reshape(-1).shape) == tuple(self.tensors[place].reshape(-1).shape):
                out[place] = slope.detach().numpy().reshape(self.shape(equation.left.name)).copy()
        return out

    def adjoints(self) -> dict[Place, Array]:
        """The total derivative of the loss by everything."""
        if self.model.loss is None:
            return {}
        loss = self.tensors[self.model.loss, ()]
        places = [p for p in self.tensors if p[0] != self.model.loss]
        grads = torch.autograd.grad(loss, [self.tensors[p] for p in places], retain_graph=True, allow_unused=True)
        return {p: _numpy(g, self.tensors[p]) for p, g in zip(places, grads, strict=True)}

    def jacobians(self) -> dict[tuple[Place, Place, DerivativeKind], Array]:
        """Jacobians of every computed vector or scalar by what its equation uses, and total ones of states and scalars.

        Direct ones are also by parameters, and so are the gradients of scalars (an error at one step). All other total
        derivatives follow from these by the chain rule (`World.partial`), unless a computed quantity is a matrix.
        """
        out: dict[tuple[Place, Place, DerivativeKind], Array] = {}
        parameters = [p for p in self.tensors if p[0] in self.model.parameters]
        vectors = [p for p in self.tensors if p not in parameters and self.tensors[p].dim() <= 1]
        states = {name for name, _ in self.model.initial}
        every = any(self.tensors[p].dim() > 1 for p in self.inputs_of)
        for place, (equation, index) in self.inputs_of.items():
            if (self.tensors[place].dim() > 1 and not equation.left.index) or place in self.given:
                continue
            used = _Leaves(self.tensors)
            value = self.value(equation, index, used)
            self.jacobian(place, value, list(used.taken.items()), "direct", out)
            # entries have derivatives by entries of any array, weights included
            entries, scalar = bool(equation.left.index), self.tensors[place].dim() == 0
            if not (every or entries or scalar or place[0] in states) or place[0] == self.model.loss:
                continue
            by = list(self.tensors) if entries else [*vectors, *parameters] if scalar else vectors
            sources = [(p, self.tensors[p]) for p in by if p != place]
            self.jacobian(place, self.tensors[place], sources, "total", out)
        return out

    def jacobian(
        self,
        place: Place,
        value: Tensor,
        sources: list[tuple[Place, Tensor]],
        kind: DerivativeKind,
        out: dict[tuple[Place, Place, DerivativeKind], Array],
    ) -> None:
        """All Jacobians of one value; zero ones are left out."""
        if not value.requires_grad or not sources:
            return
        flat = value.reshape(-1)
        rows: dict[Place, Array] = {}
        for k in range(flat.numel()):
            grads = torch.autograd.grad(flat[k], [t for _, t in sources], retain_graph=True, allow_unused=True)
            for (p, t), g in zip(sources, grads, strict=True):
                if g is not None:
                    rows.setdefault(p, np.zeros((flat.numel(), *t.shape)))[k] = _numpy(g, t)
        for p, stack in rows.items():
            if stack.any():
                out[place, p, kind] = stack.reshape((*value.shape, *self.tensors[p].shape))


class _Leaves(Mapping[Place, Tensor]):
    """Tensors as leaves of their own, made when they are asked for: `taken` are those that an equation used."""

    def __init__(self, tensors: Mapping[Place, Tensor]) -> None:
        self.tensors = tensors
        self.taken: dict[Place, Tensor] = {}

    def __getitem__(self, place: Place) -> Tensor:
        if place not in self.taken:
            self.taken[place] = self.tensors[place].detach().clone().requires_grad_(True)
        return self.taken[place]

    def __contains__(self, place: object) -> bool:
        return place in self.tensors

    def __iter__(self) -> Iterator[Place]:
        return iter(self.tensors)

    def __len__(self) -> int:
        return len(self.tensors)


def _numpy(g: Tensor | None, like: Tensor) -> Array:
    if g is None:
        return np.zeros(tuple(like.shape))
    array: Array = g.detach().numpy().copy()
    if not np.isfinite(array).all():
        raise ArithmeticError("a derivative is not finite at the sampled values")
    return array


def make_world(
    model: Model, seed: int, sizes: Mapping[str, int] | None = None, given: Mapping[Place, Array] | None = None
) -> World:
    """Sample and run a model once.

    `sizes` and `given` replace sampled sizes and values; derivatives of a model without loss are Jacobians only.
    """
    run = Run(model, sizes or sample_sizes(model, seed), seed, given)
    values = {p: t.detach().numpy().copy() for p, t in run.tensors.items()}
    for place, value in values.items():
        if not np.isfinite(value).all():
            raise ArithmeticError(f"{place[0]} is not finite at the sampled values")
    quantities = model.vocabulary.quantities
    shapes = {n: run.shape(n) for n, q in quantities.items() if q.role not in {"size", "index"} and q.shape is not None}
    return World(
        sizes=run.sizes,
        seed=seed,
        values=values,
        adjoints=run.adjoints(),
        jacobians=run.jacobians(),
        shapes=shapes,
        axes={n: q.axes for n, q in quantities.items()},
        ranges=run.ranges,
        blocks={n: run.blocks(n) for n in shapes},
        loss=model.loss,
        backward=model.backward,
        functions=model.functions,
        parameters=model.parameters,
        inputs=model.inputs,
        zeros=dict(run.zeros),
        slopes=run.slopes(),
    )
