"""Divergences between Gaussians: Kullback-Leibler in closed form, through expectations; Jensen-Shannon in numbers.

The Jensen-Shannon divergence of two Gaussians has no closed form, because the logarithm of a sum of two densities does
not simplify; it is integrated.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
import numpy.typing as npt
import sympy as sp

from derivations.terms import S

Array = npt.NDArray[np.float64]

M1, M2 = sp.symbols("m_1 m_2", real=True)
S1, S2 = sp.symbols("s_1 s_2", positive=True)
_X = sp.Symbol("x", real=True)

# Beyond this many deviations a density is below 1e-17 of its largest value.
REACH, POINTS = 9.0, 20_001


def log_density(x: S, mean: S, deviation: S) -> S:
    """The logarithm of a Gaussian density."""
    return -((x - mean) ** 2) / (2 * deviation**2) - sp.log(deviation) - sp.log(2 * sp.pi) / 2


def expectation(polynomial: S, x: S, mean: S, deviation: S) -> S:
    """The expectation of a polynomial in a Gaussian x, term by term from the central moments.

    >>> expectation(_X**2, _X, M1, S1)
    m_1**2 + s_1**2
    """
    shift = sp.Dummy(real=True)
    total = sp.Integer(0)
    for (power,), coefficient in sp.Poly(sp.expand(polynomial.subs(x, mean + deviation * shift)), shift).terms():
        moment = sp.factorial2(power - 1) if power % 2 == 0 and power else sp.Integer(power == 0)
        total += coefficient * moment
    return sp.expand(total)


@cache
def kl() -> S:
    """KL(N(m_1, s_1^2) || N(m_2, s_2^2)) as the expectation of the difference of log densities.

    >>> sp.expand(kl() - (sp.log(S2/S1) + (S1**2 + (M1 - M2)**2)/(2*S2**2) - sp.Rational(1, 2)).expand(log=True))
    0
    """
    return expectation(log_density(_X, M1, S1) - log_density(_X, M2, S2), _X, M1, S1)


def kl_diagonal(size: int) -> tuple[S, tuple[tuple[S, S, S, S], ...]]:
    """KL between Gaussians with diagonal covariances, and its symbols (m_1, s_1, m_2, s_2) for every component.

    Derived from the joint log densities, one expectation after the other; it is the sum over the components.
    """
    xs = sp.symbols(f"x1:{size + 1}", real=True)

    def letters(k: int) -> tuple[S, S, S, S]:
        means = (sp.Symbol(f"m_{side}{k}", real=True) for side in (1, 2))
        spreads = (sp.Symbol(f"s_{side}{k}", positive=True) for side in (1, 2))
        (m, n), (s, t) = means, spreads
        return m, s, n, t

    rows = tuple(letters(k) for k in range(1, size + 1))
    joint = sum(log_density(x, m, s) - log_density(x, n, t) for x, (m, s, n, t) in zip(xs, rows, strict=True))
    for x, (m, s, _, _) in zip(xs, rows, strict=True):
        joint = expectation(joint, x, m, s)
    return joint, rows


def kl_value(
    mean: Sequence[float], deviation: Sequence[float], other: Sequence[float], spread: Sequence[float]
) -> float:
    """The number of `kl_diagonal` for given means and standard deviations.

    >>> kl_value([0.0], [1.0], [1.0], [1.0])
    0.5
    """
    rows = zip(mean, deviation, other, spread, strict=True)
    return float(sum(kl().subs(dict(zip((M1, S1, M2, S2), row, strict=True))) for row in rows))


def js_value(mean: float, deviation: float, other: float, spread: float) -> float:
    """The Jensen-Shannon divergence (weights 1/2, natural logarithm) of two univariate Gaussians, integrated.

    >>> js_value(0.0, 1.0, 0.0, 1.0) < 1e-12, round(js_value(0.0, 1.0, 40.0, 1.0), 6)
    (True, 0.693147)
    """
    low = min(mean - REACH * deviation, other - REACH * spread)
    high = max(mean + REACH * deviation, other + REACH * spread)
    count = min(POINTS * int(np.ceil((high - low) / (2 * REACH * min(deviation, spread)))), 50 * POINTS)
    x: Array = np.linspace(low, high, count)
    p, q = _density(x, mean, deviation), _density(x, other, spread)
    m = (p + q) / 2
    return float(np.trapezoid(_part(p, m) + _part(q, m), x) / 2)


def _density(x: Array, mean: float, deviation: float) -> Array:
    out: Array = np.exp(-((x - mean) ** 2) / (2 * deviation**2)) / (deviation * np.sqrt(2 * np.pi))
    return out


def _part(p: Array, m: Array) -> Array:
    """p log(p/m), which is 0 where p is."""
    safe = np.where(p > 0, p, 1.0)
    return np.where(p > 0, p * (np.log(safe) - np.log(np.where(p > 0, m, 1.0))), 0.0)


@cache
def frechet() -> S:
    """The squared Fréchet (2-Wasserstein) distance of two univariate Gaussians: E (x - y)^2 under the best coupling.

    The best coupling is increasing, y = m_2 + s_2 (x - m_1)/s_1.

    >>> sp.factor(frechet() - ((M1 - M2)**2 + (S1 - S2)**2))
    0
    """
    coupled = M2 + S2 * (_X - M1) / S1
    return expectation((_X - coupled) ** 2, _X, M1, S1)
