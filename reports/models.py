"""The forward model on the solution sheet: its equations, and the sizes and shapes of what goes into them.

>>> shape_of("n x (n+d)")
'\\\\mathbb{R}^{n \\\\times (n+d)}'
>>> shape_of("K, distribution")
'\\\\mathbb{R}^{K}'
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from reports.display import Line, source_lines

_TIMES = re.compile(r"\s+x\s+|\s*×\s*|\s*\\times\s*|(?<=\d)x(?=\d)")


class ForwardModel(Protocol):
    """What a sheet needs of a model."""

    @property
    def about(self) -> str:
        """What the model is."""
        ...

    @property
    def forward(self) -> str:
        """The forward equations in LaTeX, one per line."""
        ...

    @property
    def replace(self) -> Mapping[str, str]:
        """Equations that override those of the model it extends."""
        ...

    @property
    def sizes(self) -> Mapping[str, str]:
        """Size symbols and what they count."""
        ...

    @property
    def inputs(self) -> Mapping[str, str]:
        """Given quantities and their shapes."""
        ...

    @property
    def parameters(self) -> Mapping[str, str]:
        """Trained quantities and their shapes."""
        ...


@dataclass(frozen=True, slots=True)
class ModelView:
    """A model as a sheet shows it; `shapes` is one line of Markdown."""

    about: str
    lines: tuple[Line, ...]
    shapes: str


def model_views(models: Mapping[str, ForwardModel]) -> tuple[ModelView, ...]:
    """The models that have equations of their own."""
    views = []
    for model in models.values():
        equations = [model.forward, *(f"{name} = {value}" for name, value in model.replace.items())]
        found = source_lines("\n".join(equations))
        if found:
            views.append(ModelView(model.about, found, _shapes(model)))
    return tuple(views)


class ScalarFunction(Protocol):
    """What a sheet needs of a function."""

    @property
    def about(self) -> str:
        """What the function is."""
        ...

    @property
    def outputs(self) -> str:
        """Its equations in LaTeX, one per line."""
        ...

    @property
    def at(self) -> Mapping[str, float]:
        """The point at which it is evaluated."""
        ...


def function_views(functions: Mapping[str, ScalarFunction]) -> tuple[ModelView, ...]:
    """The functions with the points at which they are evaluated."""
    return tuple(
        ModelView(f.about, source_lines(f.outputs), f"At {', '.join(f'${x} = {v:g}$' for x, v in f.at.items())}.")
        for f in functions.values()
    )


def _shapes(model: ForwardModel) -> str:
    sizes = [f"${name}$ ({meaning})" for name, meaning in model.sizes.items()]
    alike: dict[str, list[str]] = {}
    for name, shape in (*model.inputs.items(), *model.parameters.items()):
        alike.setdefault(shape_of(shape), []).append(name)
    quantities = [f"${', '.join(names)} \\in {shape}$" for shape, names in alike.items()]
    told = [f"Sizes {', '.join(sizes)}"] * bool(sizes) + [", ".join(quantities)] * bool(quantities)
    return "; ".join(told) + "." * bool(told)


def shape_of(text: str) -> str:
    """The space in which a quantity of a declared shape lies, in LaTeX; remarks after a comma are left out."""
    shape = text.partition(",")[0].strip()
    if shape in ("", "1", "scalar"):
        return "\\mathbb{R}"
    product = " \\times ".join(_TIMES.split(shape))
    return f"\\mathbb{{R}}^{{{product}}}"
