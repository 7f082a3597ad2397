"""Classifiers as they are before training: loss and accuracy of freshly initialised networks, simulated."""

from __future__ import annotations

from dataclasses import dataclass

import torch

NETWORKS = 60
# Enough examples that the accuracy of one network scatters by about a percent, not by ten.
EXAMPLES = 2000
INPUTS, WIDTHS = 20, (16, 32, 64)


@dataclass(frozen=True, slots=True)
class Untrained:
    """Loss and accuracy of every simulated network."""

    losses: tuple[float, ...]
    accuracies: tuple[float, ...]


def untrained(classes: int, networks: int = NETWORKS) -> Untrained:
    """Networks with one or two hidden layers and torch's own initialisation, on random inputs with balanced labels."""
    losses, accuracies = [], []
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        for seed in range(networks):
            torch.manual_seed(seed)
            width = WIDTHS[seed % len(WIDTHS)]
            hidden = [torch.nn.Linear(INPUTS, width), torch.nn.Tanh() if seed % 2 else torch.nn.ReLU()]
            if seed % 4 > 1:
                hidden += [torch.nn.Linear(width, width), torch.nn.ReLU()]
            network = torch.nn.Sequential(*hidden, torch.nn.Linear(width, classes))
            x = torch.randn(EXAMPLES, INPUTS)
            y = torch.arange(EXAMPLES) % classes
            z = network(x)
            losses.append(float(torch.nn.functional.cross_entropy(z, y)))
            accuracies.append(float((z.argmax(dim=1) == y).double().mean()))
    return Untrained(tuple(losses), tuple(accuracies))
