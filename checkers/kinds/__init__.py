"""The kinds of answer. A new kind is one file here and one line in this table."""

from __future__ import annotations

from checkers.kinds.autodiff import Autodiff
from checkers.kinds.base import Kind
from checkers.kinds.choice import Choice
from checkers.kinds.compute import Compute
from checkers.kinds.convolution import Convolution
from checkers.kinds.count import Count
from checkers.kinds.equations import Equations
from checkers.kinds.expression import Expression
from checkers.kinds.gradient import Gradient
from checkers.kinds.jacobian import Jacobian
from checkers.kinds.labels import Labels
from checkers.kinds.limit import Limit
from checkers.kinds.optimum import Optimum
from checkers.kinds.path import Path
from checkers.kinds.program import Program
from checkers.kinds.prose import Prose
from checkers.kinds.shape import Shape

KINDS: dict[str, type[Kind]] = {
    "autodiff": Autodiff,
    "choice": Choice,
    "compute": Compute,
    "convolution": Convolution,
    "count": Count,
    "equations": Equations,
    "expression": Expression,
    "gradient": Gradient,
    "jacobian": Jacobian,
    "labels": Labels,
    "limit": Limit,
    "optimum": Optimum,
    "path": Path,
    "program": Program,
    "prose": Prose,
    "shape": Shape,
}

__all__ = ["KINDS", "Kind"]
