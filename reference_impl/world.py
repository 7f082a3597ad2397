"""A World: one executed sample of a model, with every quantity, its total adjoint and the Jacobians between quantities.

It is made by `reference_impl` with autograd and kept as NumPy arrays, so that judging needs no torch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from notation.arrays import numpy_backend
from notation.errors import EvaluationError, MissingStepError
from notation.opaque import opaque_functions
from notation.scope import Clause, Scope
from notation.tree import DerivativeKind

Array: TypeAlias = npt.NDArray[np.float64]
Place: TypeAlias = tuple[str, tuple[int, ...]]


@dataclass(frozen=True)
class World:
    """One sample: `values` by quantity and step, `adjoints` of the loss, `jacobians` total and direct.

    `shapes` are the component shapes of all quantities in this sample; `zeros` names the quantities that are 0 before
    their first step, with the last step at which they are. `slopes` are those of the elementwise functions by which
    quantities are computed.
    """

    sizes: Mapping[str, int]
    seed: int
    values: Mapping[Place, Array]
    adjoints: Mapping[Place, Array]
    jacobians: Mapping[tuple[Place, Place, DerivativeKind], Array]
    shapes: Mapping[str, tuple[int, ...]]
    axes: Mapping[str, tuple[str, ...]]
    ranges: Mapping[str, tuple[int, int]]
    blocks: Mapping[str, tuple[tuple[int, ...], ...]] = field(default_factory=dict)
    loss: str | None = None
    backward: Mapping[str, str] = field(default_factory=dict)
    functions: Mapping[str, str] = field(default_factory=dict)
    parameters: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    zeros: Mapping[str, int] = field(default_factory=dict)
    slopes: Mapping[Place, Array] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """Sizes and seed in words, for a witness."""
        return ", ".join(f"{k}={v}" for k, v in self.sizes.items()) + f", seed {self.seed}"

    def scope(self, definitions: Mapping[str, tuple[Clause, ...]] | None = None, **options: bool) -> Scope:
        """A scope in which trees can be evaluated."""
        base = Scope(
            lookup=self.lookup,
            partial=self.partial,
            ranges=self.ranges,
            axes=self.axes,
            blocks=lambda name, axis: list(self.blocks[name][axis]),
            definitions=definitions or {},
            scalars=frozenset(n for n, shape in self.shapes.items() if shape == ()),
            functions=opaque_functions(self.functions, self.seed, numpy_backend()),
        )
        return replace(base, **options)  # type: ignore[arg-type]

    def lookup(self, name: str, at: tuple[int, ...]) -> Array:
        """The value of a quantity at a step; beyond the last step it is 0."""
        if (name, at) in self.values:
            return self.values[name, at]
        if name in self.sizes and not at:
            return np.asarray(float(self.sizes[name]))
        if name not in self.shapes:
            raise EvaluationError(f"{name} has no value here")
        if len(at) != len(self.axes.get(name, ())):
            raise EvaluationError(f"{name} needs {len(self.axes.get(name, ()))} position(s), not {len(at)}")
        if self.beyond(name, at) or (name in self.zeros and at[0] < self.zeros[name]):
            return np.zeros(self.shapes[name])
        raise MissingStepError(f"{name} does not exist at step {', '.join(map(str, at))}")

    def slope(self, name: str, at: tuple[int, ...], *, cell: bool = False, loose: bool = False) -> tuple[str, Array]:
        """The slope of the activation by which a quantity is computed; of the candidate for a cell that has none.

        A `cell` stands for itself, not for its candidate. Where no activation is, a `loose` slope is 1.
        """
        for one in (name,) if cell else (name, f"\\tilde {name}", f"\\tilde{{{name}}}"):
            if (one, at) in self.slopes:
                return one, self.slopes[one, at]
            if one in self.shapes and self.beyond(one, at) and any(n == one for n, _ in self.slopes):
                return one, np.zeros(self.shapes[one])
        if name not in self.shapes or not loose:
            raise EvaluationError(f"{name} is not computed by an activation")
        return name, np.ones(self.shapes[name])

    def beyond(self, name: str, at: tuple[int, ...]) -> bool:
        """Whether a position lies after the last step, or before the first of what runs backwards."""
        return any(
            i > self.ranges[axis][1] or (i < self.ranges[axis][0] and self.backward.get(name) == axis)
            for axis, i in zip(self.axes.get(name, ()), at, strict=False)
            if axis in self.ranges
        )

    def partial(
        self, of: str, of_at: tuple[int, ...], wrt: str, wrt_at: tuple[int, ...], kind: DerivativeKind
    ) -> Array:
        """A derivative: of the loss its adjoint, of any other quantity a Jacobian (rows: `of`)."""
        if of == self.loss and kind == "total":
            if (wrt, wrt_at) in self.adjoints:
                return self.adjoints[wrt, wrt_at]
            if wrt in self.shapes and self.beyond(wrt, wrt_at):
                return np.zeros(self.shapes[wrt])
            raise EvaluationError(f"the derivative by {wrt} at step {', '.join(map(str, wrt_at)) or '-'} is not known")
        place, by = (of, of_at), (wrt, wrt_at)
        if kind == "direct" and wrt in self.parameters:
            kind = "immediate"  # a parameter has no step: what counts is that earlier steps are held fixed
        if (place, by, kind) in self.jacobians:
            return self.jacobians[place, by, kind]
        if place in self.values and by in self.values:
            if place == by and kind == "total":
                size = int(np.prod(self.shapes[of]))
                return np.eye(size).reshape((*self.shapes[of], *self.shapes[of]))
            if kind == "immediate" or (kind == "total" and not self.complete):
                return self.along_paths(place, by, kind)
            return np.zeros((*self.shapes[of], *self.shapes[wrt]))
        if of in self.shapes and wrt in self.shapes and (self.beyond(of, of_at) or self.beyond(wrt, wrt_at)):
            return np.zeros((*self.shapes[of], *self.shapes[wrt]))
        raise EvaluationError(f"the derivative of {of} by {wrt} is not known")

    def along_paths(self, of: Place, wrt: Place, kind: DerivativeKind) -> Array:
        """A derivative by the chain rule over direct ones: through everything, or with earlier steps held fixed."""
        if (of, wrt, kind) in self._along_paths:
            return self._along_paths[of, wrt, kind]
        if self.complete:
            raise EvaluationError(f"the derivative of {of[0]} by {wrt[0]} is not kept for this model")
        shape = (*self.shapes[of[0]], *self.shapes[wrt[0]])
        total = np.zeros(shape) + self.jacobians.get((of, wrt, "direct"), 0.0)
        for source in self._sources.get(of, ()):
            if source == wrt or (kind == "immediate" and self.earlier(source, of)):
                continue
            inner = self.along_paths(source, wrt, kind)
            if inner.any():
                local = self.jacobians[of, source, "direct"]
                total = total + np.tensordot(local, inner, axes=len(self.shapes[source[0]]))
        self._along_paths[of, wrt, kind] = total
        return total

    def earlier(self, source: Place, than: Place) -> bool:
        """Whether a place stands at another step of the sequence along which both are computed."""
        own = dict(zip(self.axes.get(than[0], ()), than[1], strict=False))
        others = dict(zip(self.axes.get(source[0], ()), source[1], strict=False))
        shared = [axis for axis in self.ranges if axis in own and axis in others]
        return bool(shared) and own[shared[-1]] != others[shared[-1]]

    @cached_property
    def complete(self) -> bool:
        """Whether all total derivatives by vectors are kept, because a computed quantity is a matrix."""
        return any(np.ndim(v) > 1 for p, v in self.values.items() if p[0] not in self.parameters + self.inputs)

    @cached_property
    def _along_paths(self) -> dict[tuple[Place, Place, DerivativeKind], Array]:
        return {}

    @cached_property
    def _sources(self) -> dict[Place, list[Place]]:
        """What every quantity is directly computed from, parameters aside."""
        out: dict[Place, list[Place]] = {}
        for of, wrt, kind in self.jacobians:
            if kind == "direct" and wrt[0] not in self.parameters:
                out.setdefault(of, []).append(wrt)
        return out
