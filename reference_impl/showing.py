"""Small experiments that show why: max-pooling under shifts, shared weights, sigmoid and softmax, parameters of
cells."""

from __future__ import annotations

from collections.abc import Sequence

import torch

IMAGES = 24  # strokes to average over
SIDE = 28


def strokes(count: int, side: int, seed: int = 0) -> torch.Tensor:
    """Images of one smooth stroke each, with room at the border to shift them."""
    generator = torch.Generator().manual_seed(seed)
    t = torch.linspace(0, 1, 60, dtype=torch.float64)
    ends = 8 + (side - 16) * torch.rand(count, 3, 2, generator=generator, dtype=torch.float64)
    a, b, c = ends[:, 0, None], ends[:, 1, None], ends[:, 2, None]
    u = t[None, :, None]
    path = (1 - u) ** 2 * a + 2 * u * (1 - u) * b + u**2 * c  # a curve through three points
    grid = torch.arange(side, dtype=torch.float64)
    rows = torch.exp(-((grid[None, None] - path[..., :1]) ** 2) / 1.2)
    columns = torch.exp(-((grid[None, None] - path[..., 1:]) ** 2) / 1.2)
    return (rows[..., :, None] * columns[..., None, :]).amax(dim=1)[:, None]


def pooled_change(window: int, shifts: Sequence[int], seed: int = 0) -> list[float]:
    """How far features move, relative to their size, when the image is shifted by some pixels; window 1 is no
    pooling."""
    images = strokes(IMAGES, SIDE, seed)
    generator = torch.Generator().manual_seed(seed + 1)
    filters = torch.randn(8, 1, 3, 3, generator=generator, dtype=torch.float64)

    def features(x: torch.Tensor) -> torch.Tensor:
        maps = torch.relu(torch.nn.functional.conv2d(x, filters, padding=1))
        return torch.nn.functional.max_pool2d(maps, window).flatten(1)

    still = features(images)
    moved = [features(torch.roll(images, s, dims=3)) for s in shifts]
    return [float(((m - still).norm(dim=1) / still.norm(dim=1)).mean()) for m in moved]


def layer_parameters(side: int, channels: int) -> tuple[int, int]:
    """Parameters of a 3 x 3 convolution and of a full connection from an image to as many maps of the same size."""
    convolution = torch.nn.Conv2d(1, channels, 3, padding=1, device="meta")
    connection = torch.nn.Linear(side * side, channels * side * side, device="meta")  # on no device: only counted
    return _size(convolution), _size(connection)


def two_classes(differences: Sequence[float]) -> tuple[list[float], list[float], list[float]]:
    """The sigmoid of a difference of scores, the softmax of two scores with it, and that with a third score in
    between."""
    d = torch.tensor(differences, dtype=torch.float64)
    zero = torch.zeros_like(d)
    pair = torch.softmax(torch.stack([d, zero], dim=1), dim=1)[:, 0]
    three = torch.softmax(torch.stack([d, zero, zero], dim=1), dim=1)[:, 0]
    return torch.sigmoid(d).tolist(), pair.tolist(), three.tolist()


def cell_parameters(module: str, inputs: int, units: int) -> int:
    """Parameters of one standard recurrent layer."""
    return _size(getattr(torch.nn, module)(inputs, units, device="meta"))


def _size(module: torch.nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())
