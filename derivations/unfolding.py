"""Quantities that only the calculus has named, such as the sum under a root, written out by what they stand for."""

from __future__ import annotations

import sympy as sp

from derivations.calculus import Calculus
from derivations.raising import Raising
from derivations.terms import Bound, S, Term, fresh
from notation.tree import Component, Expr, Ref, add, rebuild


class Unfolding:
    """Replaces the hidden quantities of one calculus in trees, in index form and in matrix form alike."""

    def __init__(self, calculus: Calculus, raising: Raising) -> None:
        self.calculus = calculus
        self.raising = raising
        self.hidden = {e.name: e for e in calculus.equations if e.hidden}

    def tree(self, e: Expr) -> Expr:
        """The tree without hidden names; raises `MatrixFormError` where one has no matrix form."""
        if isinstance(e, Component) and isinstance(e.body, Ref) and e.body.name in self.hidden:
            e = Ref(e.body.name, e.body.at, e.index)
        if isinstance(e, Ref) and e.name in self.hidden:
            return self.tree(self.value(e))
        return rebuild(e, self.tree)

    def value(self, e: Ref) -> Expr:
        """What one hidden quantity stands for, at its steps and components."""
        equation = self.hidden[e.name]
        steps, components = equation.free[: len(e.at)], equation.free[len(e.at) :]
        places = [*zip(steps, e.at, strict=True), *zip(components if e.index else (), e.index, strict=True)]
        terms = [
            self.placed(t, [(b.variable, self.calculus.to_sympy.scalar(at)) for b, at in places])
            for t in equation.terms
        ]
        if e.index or not components:
            return add(*(self.calculus.to_tree.term(t) for t in terms))
        return self.raising.terms(terms, tuple(b.variable for b in components))

    def placed(self, term: Term, places: list[tuple[S, S]]) -> Term:
        """A term of a definition where it is used; its own sums get new variables, so that none is captured."""
        for b in term.bound:
            new = fresh(str(b.variable).split("#")[0])
            bound = tuple(Bound(new, x.low, x.high) if x == b else x for x in term.bound)
            term = Term(term.body, bound, term.conditions).subs(b.variable, new)
        marks = [(old, sp.Dummy(integer=True), new) for old, new in places]
        for old, mark, _ in marks:  # all at once: the place may contain the name of another variable
            term = term.subs(old, mark)
        for _, mark, new in marks:
            term = term.subs(mark, new)
        return term
