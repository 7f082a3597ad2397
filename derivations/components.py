"""Entries: a quantity, a Jacobian or a gradient component by component, with the letters that a question uses.

A Jacobian is the adjoint rule with a seed: the adjoint of `x` through the adjoint of `f` alone, where that of `f` is
the bracket [its index = the asked one]. Solving the bracket for a summation variable leaves the range of that variable
as a condition, which is what "and 0 otherwise" says.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import sympy as sp

from derivations.calculus import Calculus, adjoints_in, split_adjoint
from derivations.derivation import Derivation, Step
from derivations.index_form import readable
from derivations.like_terms import collect, solved_for
from derivations.model import Model
from derivations.terms import Bound, S, Term
from notation.errors import EvaluationError
from notation.fields import renamed
from notation.tree import Compare, Expr, Indicator, Mul, Num, Partial, Reduce, Ref, add, number


def derive_entries(model: Model, target: Expr, allowed: Sequence[Expr] = ()) -> Derivation:
    """Derive the entry `f_r`, `df_r/dx_{n,k}` or `dl/dW_{o,k,i}` named by `target`, letters and all.

    Raises `EvaluationError` where the target does not name one entry, or where the calculus does not reach.
    """
    if isinstance(target, Ref):
        return _forward(model, target)
    if not isinstance(target, Partial) or not isinstance(target.of, Ref) or not isinstance(target.wrt, Ref):
        raise EvaluationError("the entry of a quantity, a Jacobian or a gradient is needed, such as f_r or df_r/dx_n")
    if target.of.name == model.loss:
        return _Entries(model, target).gradient(allowed)
    return _Entries(model, target).jacobian()


def entry_ranges(model: Model, ref: Ref) -> list[tuple[Expr, Expr]]:
    """The indices of a named entry with the sizes of their axes: a letter each, or 1 on an axis with one entry."""
    shape = model.shape(ref.name)
    if ref.at or len(ref.index) != len(shape):
        raise EvaluationError(f"{ref.name} needs {len(shape)} letters here, one for each component")
    for index, dim in zip(ref.index, shape, strict=True):
        only = isinstance(index, Num) and index.value == 1 and dim == (Num(index.value),)
        if not only and not (isinstance(index, Ref) and not index.at and not index.index):
            raise EvaluationError(f"an index of {ref.name} must be a letter (or 1 where there is one entry)")
    return [(index, dim[0]) for index, dim in zip(ref.index, shape, strict=True)]


def _forward(model: Model, target: Ref) -> Derivation:
    """The forward equation with the letters of the question."""
    equation = model.equation(target.name)
    entry_ranges(model, target)
    if not equation.left.index:
        raise EvaluationError(f"the equation of {target.name} is not written component by component")
    right = equation.right
    steps = {old.name: f"#{n}" for n, old in enumerate(equation.left.index) if isinstance(old, Ref)}
    for old, new in steps.items():
        right = renamed(right, old, new)
    for (_, new), index in zip(steps.items(), target.index, strict=True):
        if isinstance(index, Ref):
            right = renamed(right, new, index.name)
    claim = Compare((target, right), ("=",))
    return Derivation(claim, None, (Step(claim, "the forward equation, entry by entry"),), (), False)


class _Entries:
    def __init__(self, model: Model, target: Partial) -> None:
        assert isinstance(target.of, Ref)
        assert isinstance(target.wrt, Ref)
        self.model = model
        self.target = target
        self.of, self.wrt = target.of, target.wrt
        self.calculus = Calculus(model)
        ranges = entry_ranges(model, self.wrt) + (entry_ranges(model, self.of) if self.of.name != model.loss else [])
        scalar = self.calculus.to_sympy.scalar
        self.own = [Bound(scalar(index), sp.Integer(1), scalar(size)) for index, size in ranges]
        self.letters = [index.name for index, _ in ranges if isinstance(index, Ref)]
        self.wrt_at: tuple[S, ...] = tuple(scalar(index) for index in self.wrt.index)
        self.of_at: tuple[S, ...] = tuple(scalar(index) for index in self.of.index)

    # -- Jacobians --------------------------------------------------------------------------------------------------

    def jacobian(self) -> Derivation:
        """The derivative of one entry by another, over all paths."""
        claim = Compare((self.target, self.shown(self.jacobian_terms())), ("=",))
        equation = self.model.equation(self.of.name)
        steps = [Step(_forward(self.model, self.of).claim, "the forward equation")] if equation.left.index else []
        if (bracketed := self.bracketed()) is not None:
            reason = "each occurrence gives its factor and the bracket that its indices are those asked"
            steps.append(Step(Compare((self.target, bracketed), ("=",)), reason))
        steps.append(Step(claim, "the sums keep the one term whose indices fit; where none does, the entry is 0"))
        return Derivation(claim, None, tuple(steps), (), False)

    def jacobian_terms(self) -> list[Term]:
        """The adjoint of `wrt` through that of `of`, which is seeded with a bracket."""
        name = self.of.name
        if self.calculus.quantities[name].axes:
            raise EvaluationError(f"{name} runs over a sequence; this form is for quantities without steps")
        terms = self.calculus.adjoint_terms(self.wrt.name, self.wrt_at)
        reached = self.calculus.eliminated(terms, lambda key, at: key == name or key == self.model.loss, None)
        out: list[Term] = []
        for term in reached:
            seeds = [a for a in adjoints_in(term.body) if split_adjoint(a)[0] == name]
            if not seeds:
                continue  # a path past the quantity, straight to the loss
            (seed,) = seeds
            matches = tuple(sp.Eq(a, b) for a, b in zip(split_adjoint(seed)[1], self.of_at, strict=True))
            out.extend(self.solved(Term(term.body / seed, term.bound, term.conditions + matches)))
        return collect(out)

    def solved(self, term: Term) -> list[Term]:
        """The term with every bracket solved that can be; the range of a solved variable stays as a condition."""
        for c in term.conditions:
            if c == sp.false:
                return []
            if not isinstance(c, sp.Eq):
                continue
            for b in term.bound:
                found = solved_for(c.lhs, c.rhs, [b]) or solved_for(c.rhs, c.lhs, [b])
                if found is None:
                    continue
                value = found[1]
                rest = Term(
                    term.body, tuple(x for x in term.bound if x != b), tuple(x for x in term.conditions if x != c)
                )
                rest = rest.subs(b.variable, value)
                return self.solved(replace(rest, conditions=(*rest.conditions, value >= b.low, value <= b.high)))
        conditions = [c for c in dict.fromkeys(term.conditions) if c != sp.true and not self.implied(c)]
        return [] if term.body == 0 or sp.false in conditions else [Term(term.body, term.bound, tuple(conditions))]

    def implied(self, c: S) -> bool:
        """Whether a condition only repeats the range of a letter of the question."""
        return any(
            (isinstance(c, sp.Ge) and c.lhs == b.variable and c.rhs == b.low)
            or (isinstance(c, sp.Le) and c.lhs == b.variable and c.rhs == b.high)
            or (isinstance(c, sp.Eq) and {c.lhs, c.rhs} == {b.variable, b.low} and b.low == b.high)
            for b in self.own
        )

    def bracketed(self) -> Expr | None:
        """The derivative of the forward equation before any bracket is solved; None where it is not direct."""
        parts: list[Expr] = []
        for equation, term, atom in self.calculus.uses.get(self.wrt.name, ()):
            if equation.name != self.of.name:
                continue
            dummy = sp.Dummy(real=True)
            slope = term.body.subs(atom, dummy).diff(dummy).subs(dummy, atom)
            matches = tuple(
                sp.Eq(a, b, evaluate=False)
                for a, b in zip(atom.indices, self.wrt_at, strict=True)
                if sp.expand(a - b) != 0
            )
            one = Term(slope, term.bound, (*term.conditions, *matches))
            for b, mine in zip(equation.free, self.of_at, strict=True):
                one = one.subs(b.variable, mine)
            parts.append(self.with_brackets(one))
        return readable(add(*parts), self.letters) if parts else None

    def with_brackets(self, term: Term) -> Expr:
        """The sums of a term over its body times its conditions, each as a bracket."""
        scalar = self.calculus.to_tree.scalar
        body = scalar(term.body)
        for c in term.conditions:
            body = Mul(body, Indicator(scalar(c)))
        for b in reversed(term.bound):
            body = Reduce("sum", str(b.variable), scalar(b.low), scalar(b.high), None, body)
        return body

    # -- gradients --------------------------------------------------------------------------------------------------

    def gradient(self, allowed: Sequence[Expr]) -> Derivation:
        """The derivative of the loss by one entry, in terms of the derivatives that may stand."""
        names = {a.wrt.name for a in allowed if isinstance(a, Partial) and isinstance(a.wrt, Ref)}
        terms = self.calculus.adjoint_terms(self.wrt.name, self.wrt_at)
        reached = self.calculus.eliminated(terms, lambda key, at: key in names, None)
        tidied = [x for t in reached for x in self.solved(t)]
        claim = Compare((self.target, self.shown(collect(tidied))), ("=",))
        steps: list[Step] = []
        if len(names) == 1 and (first := self.chain_rule(next(iter(names)))) is not None:
            steps.extend(first)
        steps.append(Step(claim, "inserted; brackets are solved for an index where one stands alone"))
        return Derivation(claim, None, tuple(steps), (), False)

    def chain_rule(self, name: str) -> list[Step] | None:
        """`dl/dW = sum_r dl/df_r df_r/dW`, and the entry of the Jacobian."""
        equation = self.model.equation(name)
        if not equation.left.index:
            return None
        letters = [i.name for i in equation.left.index if isinstance(i, Ref)]
        taken = set(self.letters)
        fresh_letters = [c if c not in taken else next(x for x in "rsuvopq" if x not in taken) for c in letters]
        head = Ref(name, (), tuple(Ref(c) for c in fresh_letters))
        local = Partial(head, self.wrt)
        body: Expr = Mul(Partial(self.of, head), local)
        for letter, dim in zip(reversed(fresh_letters), reversed(self.model.shape(name)), strict=True):
            body = Reduce("sum", letter, number(1), dim[0], None, body)
        jacobian = _Entries(self.model, local).jacobian()
        return [
            Step(Compare((self.target, body), ("=",)), "chain rule over all entries that depend on it"),
            Step(jacobian.claim, "the entry of the Jacobian"),
        ]

    def shown(self, terms: Sequence[Term]) -> Expr:
        """Terms as a tree in the letters of the question."""
        return readable(self.calculus.tree(list(terms)), self.letters)
