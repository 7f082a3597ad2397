"""Classifiers as they are before training: loss and accuracy of freshly initialised networks, simulated."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import torch

NETWORKS = 40
# Enough examples that the accuracy of one network scatters by about a percent, not by ten.
EXAMPLES = 1200
INPUTS, WIDTHS = 20, (16, 32, 64)


@dataclass(frozen=True, slots=True)
class Untrained:
    """Loss and accuracy of every simulated network."""

    losses: tuple[float, ...]
    accuracies: tuple[float, ...]


@cache
def untrained(classes: int, networks: int = NETWORKS) -> Untrained:
    """Networks with one or two hidden layers and torch's own initialisation, on random inputs with balanced labels."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # the matrices are small: on a busy machine several threads take ten times as long
    try:
        with torch.random.fork_rng(devices=[]), torch.no_grad():
            pairs = [_one(seed, classes) for seed in range(networks)]
    finally:
        torch.set_num_threads(threads)
    return Untrained(tuple(loss for loss, _ in pairs), tuple(accuracy for _, accuracy in pairs))


def _one(seed: int, classes: int) -> tuple[float, float]:
    """Loss and accuracy of one network."""
    torch.manual_seed(seed)
    width = WIDTHS[seed % len(WIDTHS)]
    layers = [torch.nn.Linear(INPUTS, width), torch.nn.Tanh() if seed % 2 else torch.nn.ReLU()]
    if seed % 4 > 1:
        layers += [torch.nn.Linear(width, width), torch.nn.ReLU()]
    network = torch.nn.Sequential(*layers, torch.nn.Linear(width, classes))
    x, y = torch.randn(EXAMPLES, INPUTS), torch.arange(EXAMPLES) % classes
    z = network(x)
    return float(torch.nn.functional.cross_entropy(z, y)), float((z.argmax(dim=1) == y).double().mean())
