"""torch as an array library for the interpreter of `notation`: the same meaning, with gradients."""

from __future__ import annotations

import torch

from notation.arrays import Backend


def torch_backend() -> Backend:
    """The torch float64 backend."""
    return Backend(
        torch,
        lambda v: torch.tensor(v, dtype=torch.float64),
        lambda n: torch.eye(n, dtype=torch.float64),
        lambda parts: torch.cat(parts, dim=0),
        torch.diag,
    )
