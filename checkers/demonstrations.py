"""Computed demonstrations for questions that ask why: figures come from running the models, never from a table."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from checkers.generative import attention_weight, inception_score
from checkers.solution import Plot, Series

if TYPE_CHECKING:
    from checkers.bench import Bench

Demonstration: TypeAlias = "Callable[[Bench, str], tuple[Plot, ...]]"


def demonstrate(name: str, bench: Bench, model: str) -> tuple[Plot, ...]:
    """The plots of a named demonstration."""
    if name not in DEMONSTRATIONS:
        known = ", ".join(sorted(DEMONSTRATIONS))
        raise bench.assignment.error(f"there is no demonstration '{name}'", "models", model, hint=f"known: {known}")
    return DEMONSTRATIONS[name](bench, model)


def gradient_norms(bench: Bench, model: str) -> tuple[Plot, ...]:
    """The gradient of the last hidden state by the cell state over time, with f = 1, beside a tanh RNN."""
    from reference_impl.memory import Setting, memory_norms, tanh_rnn

    cell = bench.model(model)
    curves = [
        (r"cell state, $f_t = 1$", memory_norms(cell, "C", "h", Setting("held open"))),
        ("tanh RNN", memory_norms(tanh_rnn(), "h", "h", Setting("rnn"))),
    ]
    caption = (
        "Norm of the gradient at step $t$ of the hidden state at step 40: with $f_t = 1$ the cell keeps it, a tanh RNN "
        "loses it."
    )
    return (_plot(caption, curves),)


def memory(bench: Bench, model: str) -> tuple[Plot, ...]:
    """The same gradient with forget gates near 1, well below 1, and with strong recurrent weights."""
    from reference_impl.memory import SPREAD, Setting, memory_norms, tanh_rnn

    cell = bench.model(model)
    settings = [
        Setting("LSTM, $f$ near 1", biases={"b_f": 5.0}),
        Setting("LSTM, $f$ near 1/2", biases={"b_f": 0.0}),
        Setting("LSTM, strong recurrent weights", spread=4 * SPREAD, biases={"b_f": 1.0}, quiet=True),
    ]
    curves = [(s.label, memory_norms(cell, "C", "h", s)) for s in settings]
    curves.append(("tanh RNN", memory_norms(tanh_rnn(), "h", "h", Setting("rnn"))))
    caption = (
        "Norm of the gradient at step $t$ of the hidden state at step 40: kept with forget gates near 1, lost with "
        "gates near 1/2 as in an RNN, and growing backwards when the recurrent weights are strong."
    )
    return (_plot(caption, curves),)


def _plot(caption: str, curves: list[tuple[str, list[float]]]) -> Plot:
    series = tuple(Series(label, tuple(float(t + 1) for t in range(len(y))), tuple(y)) for label, y in curves)
    return Plot(caption, "step $t$", "gradient norm", series, log_y=True)


DEMONSTRATIONS: dict[str, Demonstration] = {
    "attention weight": attention_weight,
    "gradient norms": gradient_norms,
    "inception score": inception_score,
    "memory": memory,
}
