"""Computed demonstrations for questions that ask why: figures come from running the models, never from a table."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from checkers.solution import Plot, Series

if TYPE_CHECKING:
    from checkers.bench import Bench


def demonstrate(name: str, bench: Bench, model: str) -> tuple[Plot, ...]:
    """The plots of a named demonstration."""
    if name not in DEMONSTRATIONS:
        known = ", ".join(sorted(DEMONSTRATIONS))
        raise bench.assignment.error(f"there is no demonstration '{name}'", "models", model, hint=f"known: {known}")
    return DEMONSTRATIONS[name](bench, model)


def gradient_norms(bench: Bench, model: str) -> tuple[Plot, ...]:
    """The norm of the adjoint of the cell state over time, with f = 1, beside a tanh RNN of the same size."""
    from reference_impl.memory import adjoint_norms

    steps, norms = adjoint_norms(bench.model(model))
    x = tuple(float(t) for t in range(1, steps + 1))
    series = tuple(Series(label, x, tuple(values)) for label, values in norms.items())
    caption = (
        "Norm of the gradient at step $t$ of a loss at the last step: with $f_t = 1$ the cell keeps it, a tanh RNN "
        "loses it."
    )
    return (Plot(caption, "step $t$", "gradient norm", series, log_y=True),)


DEMONSTRATIONS: dict[str, Callable[[Bench, str], tuple[Plot, ...]]] = {"gradient norms": gradient_norms}
