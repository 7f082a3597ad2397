"""f-divergences and the critics that measure them: every one is a line of text, everything else is derived from it.

For a convex f with f(1) = 0 the divergence is the integral of q f(p/q). Its variational form, the integral of
p T - q f*(T), is largest for the critic T = f'(p/q), where f* is the convex conjugate; then it equals the divergence.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import sympy as sp

from derivations.stationary import optimum
from derivations.terms import S, ToSympy
from notation.answer import read_formula
from notation.errors import EvaluationError
from notation.vocabulary import Vocabulary

P, Q, U, T = (sp.Symbol(n, positive=True) for n in "pqut")


@dataclass(frozen=True, slots=True)
class Divergence:
    """A divergence by its f(u) as text; `smooth` tells whether the critic is found by differentiating."""

    name: str
    f: str
    smooth: bool = True


DIVERGENCES: dict[str, Divergence] = {
    d.name: d
    for d in (
        Divergence("KL", "u log u"),
        Divergence("reverse KL", "-log u"),
        Divergence("Jensen-Shannon", "(u log u - (u+1) log((u+1)/2))/2"),
        Divergence("Pearson chi^2", "(u-1)^2"),
        Divergence("squared Hellinger", "(sqrt(u)-1)^2"),
        Divergence("total variation", "abs(u-1)/2", smooth=False),
    )
}


def formula(text: str, **names: S) -> S:
    """A text as a SymPy expression in the given symbols; an unknown name is an `EvaluationError`.

    >>> formula("u log u", u=U)
    u*log(u)
    """
    found = ToSympy(lambda name: False).scalar(read_formula(text, Vocabulary(open=True)))
    found = found.subs({sp.Symbol(name, real=True): symbol for name, symbol in names.items()})
    unknown = found.free_symbols - set(names.values())
    if unknown:
        raise EvaluationError(f"'{text}' has unknown names: {', '.join(sorted(map(str, unknown)))}")
    return found


@cache
def generator(name: str) -> S:
    """f(u) of a divergence."""
    return formula(DIVERGENCES[name].f, u=U)


def integrand(name: str) -> S:
    """The integrand q f(p/q) of a divergence.

    >>> integrand("KL")
    p*log(p/q)
    """
    return sp.expand(Q * generator(name).subs(U, P / Q), log=False)


def critic(name: str) -> S:
    """The optimal critic f'(p/q).

    >>> critic("Pearson chi^2")
    2*p/q - 2
    """
    if not DIVERGENCES[name].smooth:
        raise EvaluationError(f"the f of {name} has no derivative at 1: its critic is the sign of p - q, times a bound")
    return sp.expand(generator(name).diff(U).subs(U, P / Q), log=False)


@cache
def conjugate(name: str) -> S:
    """The convex conjugate f*(t), the largest value of u t - f(u) over u, as an expression in the symbol `T`.

    The symbol stands for values that f' takes; where these are negative the formula still holds.
    """
    if not DIVERGENCES[name].smooth:
        raise EvaluationError(f"the f of {name} has no derivative at 1")
    t = sp.Symbol("t", real=True)
    slope = generator(name).diff(U)
    found = [u for u in sp.solve(sp.expand_log(slope - t, force=True), U) if not u.has(sp.I)]
    if len(found) != 1:
        raise EvaluationError(f"the conjugate of {name} was not found")
    return sp.simplify((found[0] * t - generator(name).subs(U, found[0])).subs(t, T))


def variational(name: str, critic_value: S) -> S:
    """The integrand p T - q f*(T) for some critic."""
    return P * critic_value - Q * conjugate(name).subs(T, critic_value)


@dataclass(frozen=True, slots=True)
class Game:
    """An adversarial objective as text: what the critic optimises and what the generator minimises, at one point.

    In both, p is the density of the data, q that of the generator, D the critic's output; `labels` are constants.
    """

    name: str
    critic: str
    generator: str
    sense: str = "maximise"
    labels: tuple[str, ...] = ()


GAMES: dict[str, Game] = {
    g.name: g
    for g in (
        Game("minimax", "p log D + q log(1 - D)", "p log D + q log(1 - D)"),
        Game("non-saturating", "p log D + q log(1 - D)", "-q log D"),
        Game(
            "least squares",
            "p (D - b)^2 / 2 + q (D - a)^2 / 2",
            "p (D - c)^2 / 2 + q (D - c)^2 / 2",
            "minimise",
            ("a", "b", "c"),
        ),
    )
}


def _names(game: Game, output: S) -> dict[str, S]:
    return {"p": P, "q": Q, "D": output, **{label: sp.Symbol(label, real=True) for label in game.labels}}


@cache
def best_critic(name: str) -> S:
    """The critic that is optimal at a point, by the first and second derivative.

    >>> best_critic("minimax")
    p/(p + q)
    """
    game = GAMES[name]
    output = sp.Symbol("D", positive=True) if game.sense == "maximise" else sp.Symbol("D", real=True)
    objective = formula(game.critic, **_names(game, output))
    value, _ = optimum(objective.diff(output), output, "maximise" if game.sense == "maximise" else "minimise")
    return value


def value_at_best(name: str) -> S:
    """The integrand that the generator minimises once the critic is optimal."""
    game = GAMES[name]
    return sp.simplify(formula(game.generator, **_names(game, best_critic(name))))
