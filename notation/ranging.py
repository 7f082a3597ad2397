"""The range of a sum without bounds: that of the step or component which its variable stands for."""

from __future__ import annotations

from notation.arrays import Special
from notation.errors import EvaluationError, ShapeError
from notation.scope import Definitions
from notation.tree import (
    Component,
    Expr,
    Partial,
    Reduce,
    Ref,
    walk,
)


class Ranging(Definitions):
    """The part of the interpreter that finds natural ranges."""

    def natural(self, e: Reduce) -> tuple[int, int] | None:
        """The range that a variable has by where it stands."""
        if e.variable in self.scope.ranges:
            return self.scope.ranges[e.variable]
        for node in walk(e.body):
            if isinstance(node, Partial) and isinstance(node.wrt, Ref):
                node = node.wrt
            if isinstance(node, Ref):
                for axis, position in zip(self.scope.axes.get(node.name, ()), node.at, strict=False):
                    if _mentions(position, e.variable) and axis in self.scope.ranges:
                        return self.scope.ranges[axis]
                for k, position in enumerate(node.at if self.scope.default_range is not None else ()):
                    if (
                        isinstance(position, Ref)
                        and position.name == e.variable
                        and (length := self._length_of_axis(node.name, k))
                    ):
                        return 1, length
                plain = [k for k, i in enumerate(node.index) if isinstance(i, Ref) and i.name == e.variable]
                if plain and node.name in self.scope.definitions:
                    length = self._defined_length(node)
                    if length is not None:
                        return 1, length
                if plain and node.name not in self.scope.definitions:
                    return 1, self._length(node, plain[0])
            if isinstance(node, Component):
                plain = [k for k, i in enumerate(node.index) if isinstance(i, Ref) and i.name == e.variable]
                if plain:
                    self.index[e.variable] = 1
                    value = self.value(node.body)
                    shape = () if isinstance(value, Special) else tuple(value.shape)
                    if len(shape) != 2:
                        raise ShapeError("a scalar has no components", node.span)
                    return 1, shape[plain[0]] if len(node.index) > 1 else max(shape)
        return self.scope.default_range

    def _defined_length(self, node: Ref) -> int | None:
        """The length of a vector that the answer itself defines."""
        try:
            value = self.defined(node.name, tuple(self.integer(a) for a in node.at), ())
        except (EvaluationError, ShapeError):
            return None
        return None if isinstance(value, Special) or len(value.shape) != 2 else int(max(value.shape))

    def _length_of_axis(self, name: str, k: int) -> int | None:
        """The length of an axis of a whole array, for a component written as a subscript of a name without
        positions."""
        try:
            shape = self.scope.lookup(name, ()).shape
        except (EvaluationError, KeyError):
            return None
        return int(shape[k]) if k < len(shape) else None

    def _length(self, node: Ref, k: int) -> int:
        saved = dict(self.index)
        try:
            at = []
            for a in node.at:
                names = {r.name for r in walk(a) if isinstance(r, Ref)}
                for n in names - set(self.index):
                    if n in self.scope.ranges:
                        self.index[n] = self.scope.ranges[n][0]
                at.append(self.integer(a))
            return int(self.scope.lookup(node.name, tuple(at)).shape[k])
        except IndexError as problem:
            raise ShapeError(f"{node.name} has no component {k + 1}", node.span) from problem
        finally:
            self.index = saved


def _mentions(e: Expr, name: str) -> bool:
    return any(isinstance(r, Ref) and r.name == name for r in walk(e))
