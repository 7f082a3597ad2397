"""Demonstrations about attention and generative models; `checkers.demonstrations` knows them by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from checkers.solution import Plot, Series
from reference_impl.world import Array

if TYPE_CHECKING:
    from checkers.bench import Bench

SCALES = tuple(k / 2 for k in range(25))
CLASSES, FEATURES, SAMPLES = 10, 12, 200
# Class centres this far apart overlap a little, as the classes of a real classifier do.
RADIUS = 3.5
SPREADS = tuple(1 - k / 20 for k in range(21))


def attention_weight(bench: Bench, model: str) -> tuple[Plot, ...]:
    """The weight of one value against the length of a query along its key, for several numbers of keys."""
    from reference_impl.run import Run

    built = bench.model(model)
    series = []
    for m in (3, 6, 12):
        sizes = {"d": 16, "m": m, "a": 1, "b": 2}
        probe = Run(built, sizes, 0)
        leaves = {p: t.detach().numpy() for p, t in probe.tensors.items() if p[0] in built.inputs}
        key = leaves["k", (1,)]
        runs = (Run(built, sizes, 0, {**leaves, ("q", ()): scale * key}) for scale in SCALES)
        weights = [float(run.tensors["\\alpha", (1,)].detach()) for run in runs]
        series.append(Series(f"{m} keys", SCALES, tuple(weights)))
    caption = (
        "Weight of $v_j$ for the query $q = s k_j$ against the scale $s$: with $s = 1$ it is far from 1, and $z$ comes "
        "as close to $v_j$ as one likes as the query grows."
    )
    return (Plot(caption, "scale $s$", "weight of $v_j$", tuple(series)),)


def inception_score(bench: Bench, model: str) -> tuple[Plot, ...]:
    """Inception Score and Fréchet distance of a generator whose images vary less and less within each class."""
    del bench, model
    rng = np.random.default_rng(3)
    centres = RADIUS * np.eye(CLASSES, FEATURES)
    noise = rng.normal(size=(CLASSES, SAMPLES, FEATURES))
    real = images(centres, noise, 1.0)
    scores, distances = [], []
    for spread in SPREADS:
        made = images(centres, noise, spread)
        scores.append(score(posterior(made, centres)))
        distances.append(frechet(real, made))
    x = tuple(1 - s for s in SPREADS)
    caption = (
        f"{CLASSES} classes with Gaussian features. From left (the variety of the data) to right (one memorised image "
        f"a class) the generator loses variety within its classes: the Inception Score rises to its largest value, "
        f"{CLASSES}, while the Fréchet distance to the data grows."
    )
    series = (Series("Inception Score", x, tuple(scores)), Series("Fréchet distance", x, tuple(distances)))
    return (Plot(caption, "variety lost within classes", "score, distance", series),)


def images(centres: Array, noise: Array, spread: float) -> Array:
    """Features of images: class centres with some spread around them."""
    made: Array = (centres[:, None, :] + spread * noise).reshape(-1, centres.shape[1])
    return made


def posterior(features: Array, centres: Array) -> Array:
    """What an ideal classifier says about them: p(y | x) for unit Gaussians around the centres."""
    logits = -((features[:, None, :] - centres[None]) ** 2).sum(axis=2) / 2
    weights = np.exp(logits - logits.max(axis=1, keepdims=True))
    out: Array = weights / weights.sum(axis=1, keepdims=True)
    return out


def score(p: Array) -> float:
    """The Inception Score exp(E KL(p(y|x) || p(y))) of rows p(y|x).

    >>> round(score(np.eye(4)), 6)
    4.0
    """
    whole = p.mean(axis=0)
    terms = np.where(p > 0, p * (np.log(np.where(p > 0, p, 1.0)) - np.log(whole)), 0.0)
    return float(np.exp(terms.sum(axis=1).mean()))


def frechet(a: Array, b: Array) -> float:
    """The Fréchet distance of the Gaussians fitted to two sets of features: |m-n|^2 + tr(A + B - 2 (AB)^(1/2)).

    >>> x = np.random.default_rng(0).normal(size=(50, 3))
    >>> abs(frechet(x, x)) < 1e-9, round(frechet(x, x + 2), 6)
    (True, 12.0)
    """
    first, second = np.cov(a.T), np.cov(b.T)
    # the eigenvalues of AB are those of A^(1/2) B A^(1/2), so real and not negative
    values, vectors = np.linalg.eigh(first)
    root = vectors @ np.diag(np.sqrt(np.clip(values, 0, None))) @ vectors.T
    mixed = np.sqrt(np.clip(np.linalg.eigvalsh(root @ second @ root), 0, None)).sum()
    gap = a.mean(axis=0) - b.mean(axis=0)
    return float(gap @ gap + np.trace(first) + np.trace(second) - 2 * mixed)
