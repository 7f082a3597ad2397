"""Letters that a student gives a formula each: nodes of a graph, even where the letter means something else."""

from __future__ import annotations

import re

# letters that mean something else unless they are defined: e^2, f(x), J = [[...]]
_TAKEN = frozenset("efFJD")
_SEVERAL = 2
_DEFINED = re.compile(
    r"(?:^|[\n,;:.&$(]|\band\b|\bwith\b)[ \t$&]*([A-Za-z])[ \t]*&?=(?!=)(?![\s&]*(?:[\[(]|\\begin|\\left))", re.M
)
_EXPONENTIAL = re.compile(
    r"(?<![A-Za-z\\])e\s*\^\s*(?:\{((?:[^{}]|\{[^{}]*\})*)\}|\(([^()]*)\)|([A-Za-z]_?\d+)|(-?[\d.]+|[A-Za-z]))"
)


def own_letters(text: str) -> frozenset[str]:
    """The letters e, f, F, J, D that are nodes here: several letters are given a formula each, and these too.

    >>> sorted(own_letters("a = x1*x2, d = sin(a), e = 2*x2, f = exp(e)"))
    ['e', 'f']
    >>> sorted(own_letters("f = (7.67, 2.73)"))
    []
    """
    defined = frozenset(_DEFINED.findall(text))
    return defined & _TAKEN if len(defined - _TAKEN) >= _SEVERAL else frozenset()


def single_letters(text: str) -> frozenset[str]:
    """The letters of nodes without a number: with a formula each, they are no indices."""
    defined = frozenset(_DEFINED.findall(text)) - _TAKEN
    return defined if len(defined) >= _SEVERAL else frozenset()


def exponential(text: str, own: frozenset[str]) -> str:
    """The text with `e^x` as `exp(x)` where an e is a node, so that the two are told apart."""
    if "e" not in own:
        return text
    return _EXPONENTIAL.sub(lambda m: rf"\exp({(m[1] or m[2] or m[3] or m[4]).strip()})", text)
