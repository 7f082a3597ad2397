"""Computed demonstrations for questions that ask why: figures come from running the models, never from a table.

A demonstration is a function registered under the name by which an assignment asks for it. It is given the bench and
the model of the question, which it may not need.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from checkers.assignment import Question
from checkers.errors import did_you_mean
from checkers.solution import Plot, Series, Table
from notation.tree import Expr, number

if TYPE_CHECKING:
    from checkers.bench import Bench


@dataclass(frozen=True)
class Shown:
    """What a demonstration shows; captions tell what to see."""

    plots: tuple[Plot, ...] = ()
    tables: tuple[Table, ...] = ()


Demonstration: TypeAlias = "Callable[[Bench, str | None], Shown]"
DEMONSTRATIONS: dict[str, Demonstration] = {}


def demonstration(name: str) -> Callable[[Demonstration], Demonstration]:
    """Register a demonstration under a name."""

    def register(function: Demonstration) -> Demonstration:
        DEMONSTRATIONS[name] = function
        return function

    return register


def demonstrate(name: str, bench: Bench, model: str | None, question: Question) -> Shown:
    """What a named demonstration shows."""
    if name not in DEMONSTRATIONS:
        hint = did_you_mean(name, DEMONSTRATIONS)
        message = f"there is no demonstration '{name}'"
        raise bench.assignment.error(message, "questions", question.id, "demonstration", hint=hint)
    return DEMONSTRATIONS[name](bench, model)


@demonstration("attention weight")
def attention(bench: Bench, model: str | None) -> Shown:
    """The weight of one value against the length of a query along its key."""
    from checkers.generative import attention_weight

    return Shown(attention_weight(bench, model or ""))


@demonstration("inception score")
def inception(bench: Bench, model: str | None) -> Shown:
    """Inception Score and Frechet distance of a generator that loses variety within its classes."""
    from checkers.generative import inception_score

    return Shown(inception_score(bench, model or ""))


@demonstration("gradient norms")
def gradient_norms(bench: Bench, model: str | None) -> Shown:
    """The gradient of the last hidden state by the cell state over time, with f = 1, beside a tanh RNN."""
    from reference_impl.memory import Setting, lstm_cell, memory_norms, tanh_rnn

    cell = bench.model(model) if model is not None else lstm_cell()
    curves = [
        (r"cell state, $f_t = 1$", memory_norms(cell, "C", "h", Setting("held open"))),
        ("tanh RNN", memory_norms(tanh_rnn(), "h", "h", Setting("rnn"))),
    ]
    caption = (
        "Norm of the gradient at step $t$ of the hidden state at step 40: with $f_t = 1$ the cell keeps it, a tanh RNN "
        "loses it."
    )
    return Shown((_over_time(caption, curves),))


@demonstration("memory")
def memory(bench: Bench, model: str | None) -> Shown:
    """The same gradient with forget gates near 1, well below 1, and with strong recurrent weights."""
    from reference_impl.memory import SPREAD, Setting, lstm_cell, memory_norms, tanh_rnn

    cell = bench.model(model) if model is not None else lstm_cell()
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
    return Shown((_over_time(caption, curves),))


@demonstration("vanishing gradient")
def vanishing_gradient(bench: Bench, model: str | None) -> Shown:
    """The gradient of the last state by earlier ones in tanh RNNs with weak, middling and strong recurrent weights."""
    from reference_impl.memory import Setting, memory_norms, tanh_rnn

    settings = [
        Setting("small weights", spread=0.5),
        Setting("middling weights", spread=1.0),
        Setting("large weights", spread=2.0, quiet=True),
    ]
    curves = [(s.label, memory_norms(tanh_rnn(), "h", "h", s)) for s in settings]
    caption = (
        "Norm of the gradient at step $t$ of the state at step 40 of a tanh RNN, on a logarithmic scale: a straight "
        "line is geometric decay or growth. With small weights step 1 gets no signal; with large ones it explodes."
    )
    return Shown((_over_time(caption, curves),))


@demonstration("gates")
def gates(bench: Bench, model: str | None) -> Shown:
    """The gradient along the cell state for forget gates held at different openings, beside a tanh RNN."""
    from reference_impl.memory import Setting, lstm_cell, memory_norms, tanh_rnn

    settings = [
        Setting("$f$ near 1", biases={"b_f": 6.0}),
        Setting("$f$ near 0.9", biases={"b_f": 2.2}),
        Setting("$f$ near 1/2", biases={"b_f": 0.0}),
    ]
    curves = [(f"LSTM, {s.label}", memory_norms(lstm_cell(), "C", "h", s)) for s in settings]
    curves.append(("tanh RNN", memory_norms(tanh_rnn(), "h", "h", Setting("rnn"))))
    caption = (
        "Norm of the gradient at step $t$ of the hidden state at step 40. What survives is set by the forget gate: the "
        "slope of each line is about the logarithm of $f$. A network that learns to open it remembers; an RNN has no "
        "such choice."
    )
    return Shown((_over_time(caption, curves),))


@demonstration("pooling")
def pooling(bench: Bench, model: str | None) -> Shown:
    """How far the features of strokes move when the image is shifted, with and without max-pooling."""
    from reference_impl.showing import IMAGES, pooled_change

    shifts = range(7)
    windows = {"no pooling": 1, r"max-pooling $2 \times 2$": 2, r"max-pooling $4 \times 4$": 4}
    series = tuple(
        Series(label, tuple(map(float, shifts)), tuple(pooled_change(window, shifts)))
        for label, window in windows.items()
    )
    caption = (
        "How far features change, relative to their size, when the image is shifted sideways "
        f"(mean over {IMAGES} drawn strokes, eight random filters). Pooled features change less for shifts within the "
        "window; larger shifts still show."
    )
    return Shown((Plot(caption, "shift in pixels", "relative change", series),))


@demonstration("weight sharing")
def weight_sharing(bench: Bench, model: str | None) -> Shown:
    """Parameters of a convolution and of a full connection with the same outputs, by the side of the image."""
    from reference_impl.showing import layer_parameters

    sides, channels = (4, 8, 14, 20, 28, 40, 56), 16
    counts = [layer_parameters(side, channels) for side in sides]
    x = tuple(map(float, sides))
    series = (
        Series("fully connected", x, tuple(float(full) for _, full in counts)),
        Series(r"convolution $3 \times 3$", x, tuple(float(shared) for shared, _ in counts)),
    )
    shared, full = layer_parameters(28, channels)
    caption = (
        f"Parameters of a layer from one image to {channels} maps of its size, logarithmic scale. At $28 \\times 28$ "
        f"the convolution has {shared:,}, the full connection {full:,}; the first number does not depend on the size."
    )
    return Shown((Plot(caption, "side of the image in pixels", "parameters", series, log_y=True),))


@demonstration("sigmoid and softmax")
def sigmoid_and_softmax(bench: Bench, model: str | None) -> Shown:
    """The sigmoid of a difference of scores beside the softmax of two and of three scores."""
    from reference_impl.showing import two_classes

    x = [k / 4 for k in range(-24, 25)]
    alone, pair, three = two_classes(x)
    gap = max(abs(a - b) for a, b in zip(alone, pair, strict=True))
    series = (
        Series(r"$\sigma(z_1 - z_2)$", tuple(x), tuple(alone)),
        Series("softmax, two classes", tuple(x), tuple(pair)),
        Series("softmax, three classes", tuple(x), tuple(three)),
    )
    caption = (
        "Probability of class 1. With two classes the softmax is the sigmoid of the difference of the scores "
        f"(largest difference {gap:.0e}); a third class with the score of the second takes its share, as the outputs "
        "sum to 1."
    )
    return Shown((Plot(caption, "$z_1 - z_2$", "probability of class 1", series),))


@demonstration("cells compared")
def cells_compared(bench: Bench, model: str | None) -> Shown:
    """Parameters of the recurrent layers of the assignment's models, from their equations and from torch."""
    from checkers.roads import standard_layers
    from derivations.counting import parameter_count
    from derivations.model import target_name
    from derivations.terms import index_symbol
    from reference_impl.showing import SIDE, cell_parameters

    polynomials = {}
    for name, spec in bench.assignment.models.items():
        if spec.standard is None or "module" not in spec.standard:
            continue
        built, (layer, *_) = bench.model(name), standard_layers(bench.assignment, name)["layers"]
        vocabulary = built.vocabulary
        names = [target_name(n, vocabulary) for ws in layer["gates"].values() for n in ws]
        state, source = target_name(layer["states"][0], vocabulary), target_name(spec.standard["input"], vocabulary)
        sizes = [str(built.shape(s or "")[0][0].name) for s in (state, source)]  # type: ignore[attr-defined]
        polynomials[spec.standard["module"]] = parameter_count(built, [n for n in names if n]), sizes
    rows: list[tuple[Expr | str, ...]] = []
    for units in (16, 32, 64, 128):
        counts = {
            kind: int(p.subs({index_symbol(sizes[0]): units, index_symbol(sizes[1]): SIDE}))
            for kind, (p, sizes) in polynomials.items()
        }
        known = [cell_parameters(kind, SIDE, units) for kind in counts]
        values = list(counts.values())
        agree = "yes" if known == values else "NO"
        ratio = number(f"{values[-1] / values[0]:.2f}")
        rows.append((number(units), *(number(v) for v in values), ratio, agree))
    kinds = list(polynomials)
    caption = (
        f"Parameters of one layer over rows of {SIDE} pixels, counted from the equations: {' and '.join(kinds)} have "
        "blocks of weights of the same size, one for each gate and the candidate, so the ratio is always the same."
    )
    head = ("units", *kinds, f"{kinds[-1]} / {kinds[0]}" if kinds else "", "as in torch.nn")
    return Shown(tables=(Table(caption, head, tuple(rows)),))


def _over_time(caption: str, curves: list[tuple[str, list[float]]]) -> Plot:
    series = tuple(Series(label, tuple(float(t + 1) for t in range(len(y))), tuple(y)) for label, y in curves)
    return Plot(caption, "step $t$", "gradient norm", series, log_y=True)
