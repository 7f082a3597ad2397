"""Differentiate the Lagrangian: one rule for back-propagation through anything given by forward equations.

L = loss + sum over equations u of sum over (t, i) of ubar[t, i] * (rhs_u - u[t, i]). Setting the derivative by v[s, k]
to zero gives the adjoint equation of v; the derivative by a parameter is its gradient. For every occurrence `v[a(I)]`
in
an equation: differentiate the body by that occurrence, multiply by the bracket [a(I) = (s, k)], solve the bracket for
an
index with coefficient +1 or -1, keep it as a condition otherwise. The log of these contributions is the derivation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import sympy as sp

from derivations.equations import IndexEquation, IndexEquations, indexed
from derivations.known_sums import Quotient, centred, quotients, without_vanishing
from derivations.like_terms import collect, length, occurs, restricts, solved_for, stem_of, within_bounds
from derivations.model import Model
from derivations.terms import ADJOINT, Bound, S, Term, fresh, index_symbol, restart
from notation.errors import EvaluationError
from notation.tree import Expr, Ref

# A path that meets the adjoint of one quantity so often goes back step by step without end; an answer that allows the
# adjoint some steps later meets it a few times. The second bound ends derivations that nobody could read.
SAME_ON_A_PATH = 8
SUBSTITUTIONS = 5000


@dataclass(frozen=True, slots=True)
class Contribution:
    """One path: `quantity` occurs in the equation of `user`; `term` is what it adds to the adjoint.

    `local` is the derivative of the user by the quantity (without the user's adjoint), `at` the index of the user.
    """

    user: str
    occurrence: S
    at: tuple[S, ...]
    local: Term
    term: Term


def calculus_of(model: Model, objective: Ref | None = None) -> Calculus:
    """The calculus of a model, made once for each objective; bound variables are numbered as if it were new."""
    kept: dict[Ref | None, Calculus] = model.__dict__.setdefault("_calculus", {})
    if objective not in kept:
        kept[objective] = Calculus(model, objective)
    calculus = kept[objective]
    restart(calculus.numbered)
    calculus.summed.clear()
    return calculus


class Calculus(IndexEquations):
    """The adjoint equations and gradients of one model."""

    # -- the rule ---------------------------------------------------------------------------------------------------

    def contributions(self, key: str, target: tuple[S, ...]) -> Iterator[Contribution]:
        """All paths on which `key[target]` influences the loss, one step each."""
        for equation, term, atom in self.uses.get(key, ()):
            yield self.path(equation, term, atom, target)

    @cached_property
    def quotients(self) -> list[Quotient]:
        """Quotients that have a name."""
        return quotients(self.equations)

    @cached_property
    def centred(self) -> dict[tuple[str, int], tuple[S, S]]:
        """Quantities whose entries add up to 0."""
        return centred(self.equations)

    @cached_property
    def uses(self) -> dict[str, list[tuple[IndexEquation, Term, S]]]:
        """Where each quantity occurs, in the order of the equations."""
        found: dict[str, list[tuple[IndexEquation, Term, S]]] = {}
        for equation in self.equations:
            for term in equation.terms:
                for atom in quantities_in(term.body):
                    found.setdefault(str(getattr(atom, "base", atom)), []).append((equation, term, atom))
        return found

    def path(self, equation: IndexEquation, term: Term, atom: S, target: tuple[S, ...]) -> Contribution:
        """The contribution of one occurrence in one term of one equation."""
        dummy = sp.Dummy(real=True)
        slope = term.body.subs(atom, dummy).diff(dummy).subs(dummy, atom)
        renaming = {b.variable: fresh(str(b.variable).split("#")[0]) for b in equation.free}
        free = [Bound(renaming[b.variable], b.low, b.high) for b in equation.free]
        local = Term(slope, term.bound, term.conditions)
        indices = tuple(getattr(atom, "indices", ()))
        for old, new in renaming.items():
            local = local.subs(old, new)
            indices = tuple(i.subs(old, new) for i in indices)
        at: tuple[S, ...] = tuple(b.variable for b in free)
        unsolved = [*free, *local.bound]
        conditions = list(local.conditions)
        own = [str(s) for s in target if s.is_Symbol] + self.axes_named(str(getattr(atom, "base", atom)))
        whole = self.ranges_of(str(getattr(atom, "base", atom)))
        for index, wanted, span in zip(indices, target, whole, strict=True):
            solved = solved_for(index, wanted, sorted(unsolved, key=lambda b: stem_of(b) not in own))
            if solved is None:
                if index != wanted:
                    conditions.append(sp.Eq(index, wanted))
                continue
            bound, value = solved
            unsolved.remove(bound)
            unsolved = [
                Bound(b.variable, b.low.subs(bound.variable, value), b.high.subs(bound.variable, value))
                for b in unsolved
            ]
            indices = tuple(i.subs(bound.variable, value) for i in indices)
            conditions = [c.subs(bound.variable, value) for c in conditions]
            conditions.extend(self.range_conditions(bound, value, wanted, span, equation.name))
            local = Term(local.body.subs(bound.variable, value), local.bound, local.conditions)
            at = tuple(a.subs(bound.variable, value) for a in at)
        conditions = [c for c in conditions if c != sp.true]
        left = [
            b
            for b in unsolved
            if b.variable in local.body.free_symbols
            or any(b.variable in a.free_symbols for a in at)
            or restricts(b, conditions)
        ]
        if any(c == sp.false for c in conditions):
            local = Term(sp.Integer(0))
            left, conditions = [], []
        inside = {b.variable for b in local.bound}
        idle = [length(b) for b in unsolved if b not in left and b.variable in inside]  # that many equal terms
        local = replace(local, body=local.body * sp.Mul(*idle))
        inner = Term(
            local.body, tuple(b for b in left if not any(b.variable in a.free_symbols for a in at)), tuple(conditions)
        )
        adjoint, only = self.adjoint(equation.name, at)
        if adjoint == 0:
            return Contribution(equation.name, atom, at, inner, Term(adjoint))
        body = adjoint * local.body
        return Contribution(equation.name, atom, at, inner, Term(body, tuple(left), (*conditions, *only)))

    def axes_named(self, key: str) -> list[str]:
        """The sequence variables of a quantity, which its index is solved for before others."""
        name = key.split("|", maxsplit=1)[0]
        return list(self.quantities[name].axes) if name in self.quantities else []

    def adjoint(self, key: str, at: tuple[S, ...]) -> tuple[S, tuple[S, ...]]:
        """The symbol of an adjoint and the conditions under which it is that.

        It is 1 for the objective itself at its own step and component, 0 for the loss and for later steps when a
        part of it is differentiated.
        """
        goal = self.objective
        if goal is not None and key == goal.name:
            wanted = tuple(self.to_sympy.scalar(a) for a in (*goal.at, *goal.index))
            steps = len(goal.at)
            apart = [sp.expand(a - w) for a, w in zip(at[:steps], wanted, strict=False)]
            if all(d == 0 for d in apart) or not any(d.is_number for d in apart):
                rules = [sp.Eq(a, w) for a, w in zip(at, wanted, strict=True) if sp.expand(a - w) != 0]
                return sp.Integer(1), tuple(rules)
        if key == self.model.loss or self.after_objective(key, at):
            return sp.Integer(0), ()
        return indexed(ADJOINT + key, at), ()

    def after_objective(self, key: str, at: tuple[S, ...]) -> bool:
        """Whether a quantity stands at a later step than the objective, which it then cannot influence."""
        goal, name = self.objective, key.split("|", maxsplit=1)[0]
        if goal is None or name not in self.quantities:
            return False
        own = dict(zip(self.quantities[goal.name].axes, goal.at, strict=False))
        return any(
            axis in own and (a - self.to_sympy.scalar(own[axis])).is_positive is True
            for axis, a in zip(self.quantities[name].axes, at, strict=False)
        )

    def ranges_of(self, key: str) -> list[tuple[S, S]]:
        """The inclusive ranges of the steps and components of a quantity, in order."""
        name, *blocks = key.split("|")
        numbers = {int(axis): int(number) for axis, number in (b.split(":") for b in blocks)}
        quantity = self.quantities[name]
        sizes = [dim[numbers.get(axis, 0)] for axis, dim in enumerate(quantity.shape or ())]
        steps = [(b.low, b.high) for b in self.axes_of(name)]
        return [*steps, *((sp.Integer(1), self.to_sympy.scalar(size)) for size in sizes)]

    def range_conditions(self, bound: Bound, value: S, wanted: S, whole: tuple[S, S], user: str) -> list[S]:
        """What must hold for a solved index to be in its range; nothing where the range `whole` of what is asked for or
        the boundary convention implies it."""
        ranges = self.model.vocabulary.ranges
        axis = str(bound.variable).split("#")[0]
        step = axis in ranges
        low, high = sp.Ge(value, bound.low), sp.Le(value, bound.high)
        if value == wanted and not step:  # the sum may run over a part of the range only
            ends = [low] * (bound.low != whole[0]) + [high] * (bound.high != whole[1])
            return [c for c in ends if c != sp.true]
        if not step or not (value - wanted).is_number:  # a component, or a step that depends on another index
            return [c for c in (low, high) if c != sp.true]
        # Beyond the last step every adjoint is 0 by convention; before the first one there is no equation. For what
        # runs from the last step to the first it is the other way round, and its quantities are 0 before the first.
        first = {index_symbol(name): self.to_sympy.scalar(start) for name, (start, _) in ranges.items() if start}
        margin = value.subs(first) - bound.low  # at the first step that can be asked for
        if value.is_number:
            return [sp.false] if margin.is_negative else []
        if self.direction(user) == axis:
            return []
        return [low] if (margin if margin.is_number else value - wanted).is_negative else []

    def direction(self, key: str) -> str | None:
        """The sequence along which a quantity (or what the calculus named of it) runs backwards, if it does."""
        name = key.split("|", maxsplit=1)[0]
        owner = self.owners.get(name, name)
        return self.model.backward.get(owner)

    # -- elimination ------------------------------------------------------------------------------------------------

    def adjoint_terms(self, key: str, target: tuple[S, ...]) -> list[Term]:
        """The adjoint equation of `key[target]`: one step back, in terms of the adjoints of its users."""
        return [c.term for c in self.contributions(key, target) if c.term.body != 0]

    def eliminated(self, terms: list[Term], keep: Callable[[str, tuple[S, ...]], bool], last: S | None) -> list[Term]:
        """Substitute adjoint equations until only adjoints that `keep` accepts are left.

        One path is followed to its end before the next, so that a recursion shows after few substitutions.
        """
        done: list[tuple[tuple[int, ...], Term]] = []
        todo: list[tuple[tuple[int, ...], Term, tuple[str, ...]]] = [((n,), t, ()) for n, t in enumerate(terms)]
        todo.reverse()
        substitutions = 0
        while todo:
            place, term, path = todo.pop()
            symbol = next((a for a in adjoints_in(term.body) if not keep(*split_adjoint(a))), None)
            if symbol is None:
                done.append((place, term))
                continue
            key, at = split_adjoint(symbol)
            if last is not None and self.beyond(key, at, last):
                continue
            substitutions += 1
            if path.count(key) >= SAME_ON_A_PATH or substitutions > SUBSTITUTIONS:
                raise EvaluationError("the adjoint equations are recursive: allow the adjoint of a state in the answer")
            rest = term.body / symbol
            found: list[Term] = []
            for t in self.adjoint_terms(key, at):
                t = self.to_sympy.renamed(t)
                found.extend(
                    Term(part, term.bound + t.bound, term.conditions + t.conditions)
                    for part in sp.Add.make_args(sp.expand(rest * t.body))
                )
            todo.extend(reversed([((*place, n), t, (*path, key)) for n, t in enumerate(found)]))
        done.sort(key=lambda one: (len(one[0]), one[0]))  # the shortest paths come first
        return self.tidied([t for _, t in done], last)

    def beyond(self, key: str, at: tuple[S, ...], last: S) -> bool:
        """Whether an adjoint lies beyond the last step, where it is 0."""
        name = key.split("|", maxsplit=1)[0]
        axes = self.quantities[name].axes if name in self.quantities else ()
        if (backward := self.direction(key)) in axes:
            low = self.model.vocabulary.ranges[backward][0]
            first = at[axes.index(backward)] - self.to_sympy.scalar(low) if low is not None else sp.Integer(0)
            return first.is_negative is True
        return any((a - last).is_positive is True for a in at[: len(axes)])

    def tidied(self, terms: list[Term], last: S | None = None) -> list[Term]:
        """Named values for functions, resolved conditions, sums of distributions, and like terms collected."""
        out: list[Term] = []
        for term in terms:
            body = sp.expand(self.renamed_values(term.body))
            for part in sp.Add.make_args(body):
                for quotient in self.quotients:
                    part = quotient.named(part)
                out.extend(self.simplified(Term(part, term.bound, term.conditions), last))
        return collect([self.with_named_sums(t) for t in without_vanishing(out, self.centred)])

    def with_named_sums(self, term: Term) -> Term:
        """A sum that an equation gives a name is called by it: `sum_i a_i v_i` is h where h is defined so."""
        for e in self.equations:
            if e.hidden or len(e.terms) != 1 or len(e.terms[0].bound) != 1 or e.terms[0].conditions:
                continue
            (inner,) = e.terms[0].bound
            for b in term.bound:
                if any(b.variable in c.free_symbols for c in term.conditions):
                    continue
                factors = [f for f in sp.Mul.make_args(term.body) if b.variable in f.free_symbols]
                wild = {x.variable: sp.Wild(f"w{n}") for n, x in enumerate(e.free)}
                form = e.terms[0].body.subs(inner.variable, b.variable).subs(wild)
                match = sp.Mul(*factors).match(form) if factors else None
                if match is None or len(match) < len(wild) or any(b.variable in v.free_symbols for v in match.values()):
                    continue
                ends = [end.subs(wild).subs(match) for end in (inner.low, inner.high)]
                if ends != [b.low, b.high]:
                    continue
                name = indexed(e.name, tuple(x.variable for x in e.free)).subs(wild).subs(match)
                rest = tuple(x for x in term.bound if x != b)
                return Term(term.body / sp.Mul(*factors) * name, rest, term.conditions)
        return term

    def renamed_values(self, body: S) -> S:
        """Function values by their names, where an equation defines them."""
        for pattern, target, variables in self.rewrites:
            wild = {v: sp.Wild(f"w{n}") for n, v in enumerate(variables)}
            form = pattern.subs(wild)
            for f in sorted(body.atoms(type(pattern)), key=str) if body.has(type(pattern)) else ():
                if isinstance(pattern, sp.Pow):  # the root r of a: every power of a is one of r
                    match = f.base.match(form.base)
                    value = target ** (f.exp / pattern.exp)
                else:
                    match, value = f.match(form), target
                if match is not None:
                    body = body.subs(f, value.subs(wild).subs(match))
        return body

    def simplified(self, term: Term, last: S | None) -> list[Term]:
        """One term with its conditions solved and its trivial sums carried out; empty where it vanishes."""
        if term.body == 0:
            return []
        conditions: list[S] = []
        for c in term.conditions:
            if last is not None:
                c = c.subs(index_symbol("t#last"), last)
            if c == sp.true:
                continue
            if c == sp.false:
                return []
            if not self.of_the_question(c):
                conditions.append(c)
        idle = [b for b in term.bound if not occurs(b, term, conditions)]
        if idle:  # a sum of terms that are all the same
            left = tuple(b for b in term.bound if b not in idle)
            return self.simplified(Term(term.body * sp.Mul(*map(length, idle)), left, tuple(conditions)), last)
        for c in conditions:
            if not isinstance(c, sp.Eq):
                continue
            for b in term.bound:
                solved = solved_for(c.lhs, c.rhs, [b]) or solved_for(c.rhs, c.lhs, [b])
                if solved is not None:
                    rest = Term(
                        term.body, tuple(x for x in term.bound if x != b), tuple(x for x in conditions if x != c)
                    )
                    return self.simplified(rest.subs(b.variable, solved[1]), last)
        term = self.until_objective(Term(term.body, term.bound, tuple(conditions)))
        term = within_bounds(term)
        conditions = list(term.conditions)
        for b in term.bound:  # a probability distribution sums to 1
            factors = [f for f in sp.Mul.make_args(term.body) if b.variable in f.free_symbols]
            if (
                len(factors) == 1
                and isinstance(factors[0], sp.Indexed)
                and factors[0].indices[-1] == b.variable
                and not restricts(b, conditions)
            ):
                name = str(factors[0].base)
                if name in self.model.distributions:
                    self.summed.add(name)
                    return self.simplified(
                        Term(term.body / factors[0], tuple(x for x in term.bound if x != b), tuple(conditions)), last
                    )
        return [Term(term.body, term.bound, tuple(conditions))]

    def of_the_question(self, c: S) -> bool:
        """Whether a condition only says that a step which is asked about lies in its range."""
        for axis, (low, high) in self.model.vocabulary.ranges.items():
            if low is None or high is None or getattr(c, "lhs", None) != index_symbol(axis):
                continue
            if isinstance(c, sp.Ge) and c.rhs == self.to_sympy.scalar(low):
                return True
            if isinstance(c, sp.Le) and c.rhs == self.to_sympy.scalar(high):
                return True
        return False

    def until_objective(self, term: Term) -> Term:
        """Sums over adjoints end at the step of the objective, beyond which they are 0."""
        goal = self.objective
        if goal is None or not goal.at:
            return term
        ends = dict(zip(self.quantities[goal.name].axes, goal.at, strict=False))
        bound = list(term.bound)
        for adjoint in adjoints_in(term.body):
            key, at = split_adjoint(adjoint)
            for axis, position in zip(self.quantities[key.split("|")[0]].axes, at, strict=False):
                for k, b in enumerate(bound):
                    if b.variable == position and axis in ends:
                        bound[k] = replace(b, high=self.to_sympy.scalar(ends[axis]))
        return replace(term, bound=tuple(bound))

    def tree(self, terms: list[Term]) -> Expr:
        """The index-form tree of a sum of terms, positive terms first."""
        from derivations.raising import lateness
        from notation.tree import Neg, add

        trees = [self.to_tree.term(t) for t in terms]
        trees.sort(key=lambda t: (isinstance(t, Neg), lateness(t)))
        return add(*trees)


def quantities_in(body: S) -> list[S]:
    """The distinct places where quantities stand in a body, in a stable order."""
    indexed_ = body.atoms(sp.Indexed)
    bases = {a.base.label for a in indexed_}  # the label of an indexed base is a symbol too
    return sorted([*indexed_, *(a for a in body.atoms(sp.Symbol) if not a.is_integer and a not in bases)], key=str)


def adjoints_in(body: S) -> list[S]:
    """The adjoints in a body, in a stable order."""
    found = [a for a in body.atoms(sp.Indexed) if str(a.base).startswith(ADJOINT)]
    bases = {a.base.label for a in found}
    found += [a for a in body.atoms(sp.Symbol) if a.name.startswith(ADJOINT) and a not in bases]
    return sorted(found, key=str)


def split_adjoint(adjoint: S) -> tuple[str, tuple[S, ...]]:
    """The quantity and the position of an adjoint."""
    if isinstance(adjoint, sp.Indexed):
        return str(adjoint.base).removeprefix(ADJOINT), tuple(adjoint.indices)
    return str(adjoint.name).removeprefix(ADJOINT), ()
