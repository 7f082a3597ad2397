"""Optimal critics and values of adversarial objectives: algebra against numerical optimisation and integration."""

from __future__ import annotations

import numpy as np
import pytest
import sympy as sp
import torch

from derivations import divergences as dv
from derivations import gaussians as ga
from derivations.divergences import DIVERGENCES, GAMES, P, Q, T, best_critic, critic, integrand, value_at_best
from notation.errors import EvaluationError

SMOOTH = [d for d, spec in DIVERGENCES.items() if spec.smooth]
POINTS = [(0.3, 0.7), (1.4, 0.2), (0.05, 2.0), (0.9, 0.9)]
A, B, C = (sp.Symbol(n, real=True) for n in "abc")
KNOWN = {  # integrands as in the literature, in other forms than the library derives them
    "KL": P * sp.log(P / Q),
    "reverse KL": Q * sp.log(Q / P),
    "Jensen-Shannon": (P * sp.log(2 * P / (P + Q)) + Q * sp.log(2 * Q / (P + Q))) / 2,
    "Pearson chi^2": (P - Q) ** 2 / Q,
    "squared Hellinger": (sp.sqrt(P) - sp.sqrt(Q)) ** 2,
    "total variation": sp.Abs(P - Q) / 2,
}


def at(expression, p, q, **labels):
    values = {P: p, Q: q, **{sp.Symbol(n, real=True): v for n, v in labels.items()}}
    return float(expression.subs(values))


@pytest.mark.parametrize("name", DIVERGENCES)
@pytest.mark.parametrize(("p", "q"), POINTS)
def test_the_integrand_is_the_known_one(name, p, q):
    assert at(integrand(name), p, q) == pytest.approx(at(KNOWN[name], p, q), abs=1e-12)


@pytest.mark.parametrize("name", DIVERGENCES)
def test_f_is_zero_and_convex_at_one(name):
    f = dv.generator(name)
    assert sp.simplify(f.subs(dv.U, 1)) == 0
    left, middle, right = (float(f.subs(dv.U, u)) for u in (0.6, 1.0, 1.7))
    weight = (1.7 - 1.0) / (1.7 - 0.6)
    assert middle <= weight * left + (1 - weight) * right + 1e-12


@pytest.mark.parametrize("name", SMOOTH)
@pytest.mark.parametrize(("p", "q"), POINTS)
def test_the_critic_attains_the_divergence_and_no_other_exceeds_it(name, p, q):
    best = critic(name)
    top = at(dv.variational(name, best), p, q)
    assert top == pytest.approx(at(integrand(name), p, q), abs=1e-10)
    for off in (-0.02, 0.02):
        assert at(dv.variational(name, best + off), p, q) < top


def test_conjugates():
    known = {
        "KL": sp.exp(T - 1),
        "Pearson chi^2": T**2 / 4 + T,
    }
    for name, wanted in known.items():
        assert sp.simplify(dv.conjugate(name) - wanted) == 0


def test_total_variation_is_told_apart():
    with pytest.raises(EvaluationError, match="no derivative"):
        critic("total variation")
    with pytest.raises(EvaluationError, match="unknown names"):
        dv.formula("u + w", u=dv.U)


@pytest.mark.parametrize("name", GAMES)
@pytest.mark.parametrize(("p", "q"), POINTS)
def test_the_best_critic_by_gradient_descent(name, p, q):
    game = GAMES[name]
    labels = dict(zip(game.labels, (-0.4, 1.3, 0.6), strict=False))
    w = torch.tensor(0.4, dtype=torch.float64, requires_grad=True)
    sign = -1.0 if game.sense == "maximise" else 1.0
    optimiser = torch.optim.LBFGS([w], lr=0.3, max_iter=400, tolerance_grad=1e-14, tolerance_change=1e-16)

    def output():  # a critic that is a probability stays one
        return torch.sigmoid(w) if game.sense == "maximise" else w

    def objective():
        d = output()
        if name == "least squares":
            return p * (d - labels["b"]) ** 2 / 2 + q * (d - labels["a"]) ** 2 / 2
        return p * torch.log(d) + q * torch.log(1 - d)

    def closure():
        optimiser.zero_grad()
        loss = sign * objective()
        loss.backward()
        return loss

    optimiser.step(closure)
    assert float(output().detach()) == pytest.approx(at(best_critic(name), p, q, **labels), abs=1e-6)


def test_values_at_the_best_critic():
    """The integrals of p and q are 1, so a constant c stands for c (p + q)/2, or c p, or c q."""
    js = KNOWN["Jensen-Shannon"]
    minimax = value_at_best("minimax") - (-sp.log(4) * (P + Q) / 2 + 2 * js)
    mixed = Q * sp.log(2 * Q / (P + Q))
    saturating = value_at_best("non-saturating") - (KNOWN["reverse KL"] - mixed + Q * sp.log(2))
    squares = value_at_best("least squares").subs({B: C + 1, A: C - 1}) - (2 * Q - (P + Q)) ** 2 / (P + Q) / 2
    for difference in (minimax, saturating, squares):
        assert sp.simplify(sp.expand_log(difference, force=True)) == 0


def test_swapped_labels_are_another_critic():
    best = best_critic("least squares")
    swapped = best.subs({A: B, B: A}, simultaneous=True)
    assert sp.simplify(best - (B * P + A * Q) / (P + Q)) == 0
    assert sp.simplify(best - swapped) != 0


GAUSSIANS = [(0.0, 1.0, 0.5, 2.0), (-1.0, 0.3, 1.0, 0.4), (2.0, 1.5, 2.0, 0.5), (0.1, 1.0, 0.0, 1.0)]


@pytest.mark.parametrize(("m", "s", "n", "t"), GAUSSIANS)
def test_kl_of_gaussians(m, s, n, t):
    first, second = (
        torch.distributions.Normal(torch.tensor(a).double(), torch.tensor(b).double()) for a, b in ((m, s), (n, t))
    )
    assert ga.kl_value([m], [s], [n], [t]) == pytest.approx(float(torch.distributions.kl_divergence(first, second)))
    x = np.linspace(m - 12 * s, m + 12 * s, 40_001)
    log_ratio = -((x - m) ** 2) / (2 * s**2) + (x - n) ** 2 / (2 * t**2) + np.log(t / s)
    density = np.exp(-((x - m) ** 2) / (2 * s**2)) / (s * np.sqrt(2 * np.pi))
    assert ga.kl_value([m], [s], [n], [t]) == pytest.approx(float(np.trapezoid(density * log_ratio, x)), abs=1e-9)


def test_kl_with_diagonal_covariances():
    joint, rows = ga.kl_diagonal(3)
    parts = sum(ga.kl().subs(dict(zip((ga.M1, ga.S1, ga.M2, ga.S2), row, strict=True))) for row in rows)
    assert sp.expand(joint - parts) == 0
    m, s, n, t = (np.array(v) for v in ([0.1, -1.0, 2.0], [1.0, 0.5, 2.0], [0.0, 0.3, 1.0], [0.7, 1.1, 1.9]))
    normal = torch.distributions.MultivariateNormal
    first, second = (normal(torch.tensor(a), torch.diag(torch.tensor(b) ** 2)) for a, b in ((m, s), (n, t)))
    assert ga.kl_value(m, s, n, t) == pytest.approx(float(torch.distributions.kl_divergence(first, second)))


@pytest.mark.parametrize(("m", "s", "n", "t"), GAUSSIANS)
def test_js_of_gaussians(m, s, n, t):
    value = ga.js_value(m, s, n, t)
    assert 0 <= value <= np.log(2)
    assert value == pytest.approx(ga.js_value(n, t, m, s), abs=1e-12)
    generator = torch.Generator().manual_seed(1)
    first, second = (
        torch.distributions.Normal(torch.tensor(a).double(), torch.tensor(b).double()) for a, b in ((m, s), (n, t))
    )
    noise = torch.randn(400_000, generator=generator, dtype=torch.float64)

    def part(one, draw):
        mixture = torch.logaddexp(first.log_prob(draw), second.log_prob(draw)) - np.log(2)
        return float((one.log_prob(draw) - mixture).mean())

    sampled = (part(first, m + s * noise) + part(second, n + t * noise)) / 2
    assert value == pytest.approx(sampled, abs=5e-3)
