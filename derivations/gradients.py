"""Named derivations: the gradient of a loss by a quantity at a step, by a parameter, or unrolled to the last step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import sympy as sp

from derivations.calculus import Contribution, adjoints_in, calculus_of, split_adjoint
from derivations.derivation import Derivation, Step
from derivations.factoring import factored
from derivations.index_form import free_letters, readable
from derivations.model import Model
from derivations.raising import MatrixFormError, Raising, joined
from derivations.steps import Story, presentable
from derivations.terms import ADJOINT, S, Term, index_symbol
from derivations.unfolding import Unfolding
from notation.errors import EvaluationError
from notation.statement import simplified
from notation.tree import (
    Add,
    Compare,
    Expr,
    Mul,
    Neg,
    Num,
    Partial,
    Reduce,
    Ref,
    Transpose,
    add,
    number,
    rebuild,
    substitute,
    walk,
)


def derive_gradient(
    model: Model,
    target: Expr,
    allowed: Sequence[Expr] | None,
    *,
    unroll: bool = False,
    through: Sequence[str] = (),
    where: Expr | None = None,
) -> Derivation:
    """Derive `target` = dL/dv in terms of the allowed derivatives (and all forward quantities).

    With `allowed=None` the derivative by any quantity that has a name may stand: one step back. With `through`, the
    derivation stays at the level of these states, whose Jacobians stand. `where` restricts the steps that are asked
    about.

    Raises `EvaluationError` where the adjoint equations cannot be closed with what is allowed.
    """
    derivation = _Gradient(model, target, allowed, where)
    return derivation.by_states(through) if through else derivation.derive(unroll)


def derive_local(model: Model, of: Ref, wrt: Ref) -> Expr:
    """The derivative of one quantity by another along explicit occurrences only, in matrix form."""
    target = Partial(of, wrt, "direct")
    calculus = calculus_of(model)
    raising = Raising(calculus.to_tree, tuple(model.vocabulary.ranges))
    story = Story(calculus, raising, target, ())
    component = index_symbol(free_letters(add(*(e.right for e in model.equations)), 1)[0])
    at = tuple(calculus.to_sympy.scalar(a) for a in wrt.at)
    found = [c for c in calculus.contributions(wrt.name, (*at, component)) if c.user == of.name and c.term.body != 0]
    step = story.jacobian([c.local for c in found], (component,), of)
    if step is None or not isinstance(step.line, Compare):
        raise EvaluationError(f"the derivative of {of.name} by {wrt.name} has no matrix form")
    return step.line.sides[-1]


class _Gradient:
    def __init__(self, model: Model, target: Expr, allowed: Sequence[Expr] | None, where: Expr | None = None) -> None:
        if not isinstance(target, Partial) or not isinstance(target.wrt, Ref):
            raise EvaluationError("a gradient needs a quantity to differentiate by")
        self.model = model
        if not isinstance(target.of, Ref):
            raise EvaluationError("a gradient needs a quantity that is differentiated")
        self.target = target
        self.wrt = target.wrt
        self.allowed = allowed
        self.sequences = tuple(model.vocabulary.ranges)
        shape, rows = model.shape(self.wrt.name), model.shape(target.of.name)
        avoid = add(*(e.right for e in model.equations), Ref("t"))
        letters = free_letters(avoid, len(shape) + len(rows))
        self.rows, self.letters = letters[: len(rows)], letters[len(rows) :]
        self.of = replace(target.of, index=tuple(Ref(c) for c in self.rows))
        self.calculus = calculus_of(model, self.of)
        self.raising = Raising(self.calculus.to_tree, self.sequences)
        self.steps_at = tuple(self.calculus.to_sympy.scalar(a) for a in self.wrt.at)
        self.components = tuple(index_symbol(c) for c in self.letters)
        self.excluded = self.calculus.to_sympy.conditions(where)
        self.free = tuple(index_symbol(c) for c in (*self.rows, *self.letters))
        self.shape = shape

    def keep(self) -> Callable[[str, tuple[S, ...]], bool]:
        """Which adjoints stay in the answer."""
        if self.allowed is None:
            return lambda key, at: key.split("|", maxsplit=1)[0] in self.model.vocabulary.quantities
        wrt = [a.wrt for a in self.allowed if isinstance(a, Partial)]
        patterns = [(r.name, r.at) for r in wrt if isinstance(r, Ref)]

        def accepts(key: str, at: tuple[S, ...]) -> bool:
            name = key.split("|", maxsplit=1)[0]
            for wanted, positions in patterns:
                if name != wanted:
                    continue
                steps = len(self.calculus.quantities[name].axes)
                exact = tuple(self.calculus.to_sympy.scalar(p) for p in positions)
                if exact == at[:steps] or self.open_pattern(positions):
                    return True
            return False

        return accepts

    def open_pattern(self, positions: tuple[Expr, ...]) -> bool:
        """Whether a pattern such as dL/dh_t means any step, because the target has no step variable t."""
        names = {r.name for p in positions for r in walk(p) if isinstance(r, Ref)} - set(self.model.sizes)
        mine = {r.name for p in self.wrt.at for r in walk(p) if isinstance(r, Ref)}
        return bool(names) and not names <= mine

    def last(self) -> S | None:
        """The last step, when the target stands exactly there."""
        for position, axis in zip(self.steps_at, self.calculus.quantities[self.wrt.name].axes, strict=False):
            high = self.model.vocabulary.ranges[axis][1]
            if high is not None and position == self.calculus.to_sympy.scalar(high):
                return position
        return None

    def derive(self, unroll: bool) -> Derivation:
        if unroll:
            return self.unrolled()
        keys = self.block_keys()
        per_block: list[list[Term]] = []
        steps: list[Step] = []
        for n, key in enumerate(keys):
            target = (*self.steps_at, *self.components)
            contributions = [c for c in self.calculus.contributions(key, target) if c.term.body != 0]
            if n == 0 and not self.rows:
                steps.extend(self.opening([c for c in contributions if not self.vanishes(c.term)], len(keys) == 1))
            per_block.append(self.calculus.eliminated([c.term for c in contributions], self.keep(), self.last()))
        unfolded = Unfolding(self.calculus, self.raising).tree
        index_form = self.index_form(per_block) if len(keys) == 1 else None
        try:
            raised = [unfolded(self.raising.terms(terms, self.free)) for terms in per_block]
            value = raised[0] if len(raised) == 1 else joined(raised)
            matrix = True
        except MatrixFormError:
            if index_form is None:
                raise EvaluationError("this gradient has no matrix form") from None
            value, matrix = index_form, False
        claim = Compare((self.target, presentable(value)), ("=",)) if matrix else value
        if not steps or steps[-1].line != claim:
            steps.append(Step(claim, "substitute and collect"))
        assumptions = self.assumptions()
        return Derivation(claim, index_form, tuple(steps), assumptions, matrix)

    def by_states(self, states: Sequence[str]) -> Derivation:
        """The chain rule over the states that the quantity reaches in one step, whose Jacobians stand."""
        target = (*self.steps_at, *self.components)
        found = [c.term for c in self.calculus.contributions(self.wrt.name, target) if c.term.body != 0]
        terms = self.calculus.eliminated(found, lambda key, at: key in states, self.last())
        terms = [t for t in terms if not self.ruled_out(t)]
        parts: list[Expr] = []
        for term in terms:
            adjoints = adjoints_in(term.body)
            if len(adjoints) != 1:
                raise EvaluationError(f"the loss depends on {self.wrt.name} itself at a step that is asked about")
            key, at = split_adjoint(adjoints[0])
            at = at[: len(self.calculus.quantities[key].axes)]
            state = Ref(key, tuple(self.calculus.to_tree.scalar(a) for a in at))
            part: Expr = Mul(Transpose(Partial(state, self.wrt, "immediate")), Partial(self.of, state))
            for b in reversed([b for b in term.bound if any(b.variable in a.free_symbols for a in at)]):
                letter = self.raising.step_letter(b.variable, part)
                low, high = self.calculus.to_tree.scalar(b.low), self.calculus.to_tree.scalar(b.high)
                part = Reduce("sum", letter, low, high, None, substitute(part, {str(b.variable): Ref(letter)}))
            if part not in parts:
                parts.append(part)
        claim = Compare((self.target, add(*parts)), ("=",))
        names = ", ".join(sorted(states))
        return Derivation(claim, None, (Step(claim, f"chain rule over the next steps of ${names}$"),), (), True)

    def ruled_out(self, term: Term) -> bool:
        """Whether a term only counts at steps that are not asked about."""
        apart = [c.free_symbols for c in self.excluded]
        return any(isinstance(c, sp.Eq) and c.free_symbols in apart for c in term.conditions)

    def opening(self, contributions: list[Contribution], single: bool) -> list[Step]:
        """The first lines: the chain rule over all users, or one step back through the quantities that use it."""
        entrywise = {e.left.name for e in self.model.equations if e.left.index}
        if any(c.user in entrywise for c in contributions):
            return []  # arrays with several axes have no Jacobian matrix to show
        hidden = {e.name for e in self.calculus.equations if e.hidden}
        summed = any("#" in str(s) for c in contributions for step in self.step_of(c) for s in step.free_symbols)
        if not summed and not any(c.user in hidden for c in contributions):
            story = Story(self.calculus, self.raising, self.target, self.steps_at)
            return story.steps(contributions, self.components)
        if not single:
            return []
        back = self.calculus.eliminated([c.term for c in contributions], lambda key, at: key not in hidden, self.last())
        try:
            line = Compare((self.target, self.raising.terms(back, self.components)), ("=",))
        except MatrixFormError:
            return []
        return [Step(line, "one step back, through every quantity that uses it")]

    def step_of(self, c: Contribution) -> tuple[S, ...]:
        """The steps at which the user of a contribution stands; those of a parameter's users are summed over."""
        return c.at[: len(self.calculus.quantities[c.user.split("|")[0]].axes)]

    def vanishes(self, term: Term) -> bool:
        last = self.last()
        return last is not None and any(self.calculus.beyond(*split_adjoint(a), last) for a in adjoints_in(term.body))

    def block_keys(self) -> list[str]:
        """The keys of a quantity: one, or one for each block of a concatenated axis."""
        name = self.wrt.name
        blocked = [(axis, len(dim)) for axis, dim in enumerate(self.shape) if len(dim) > 1]
        if not blocked:
            return [name]
        if len(blocked) > 1:
            raise EvaluationError("a matrix with blocks on both axes is not part of the calculus")
        axis, count = blocked[0]
        return [f"{name}|{axis}:{k}" for k in range(count)]

    def index_form(self, per_block: list[list[Term]]) -> Expr:
        """The claim component by component."""
        terms = factored(per_block[0], self.calculus.to_tree.axes)
        unfolded = Unfolding(self.calculus, self.raising).tree(self.calculus.tree(terms))
        tree = readable(unfolded, [*self.rows, *self.letters])
        left = Partial(self.of, replace(self.wrt, index=tuple(Ref(c) for c in self.letters)))
        return Compare((left, presentable(tree)), ("=",))

    def assumptions(self) -> tuple[str, ...]:
        out = []
        if self.wrt.name in self.model.backward:
            out.append("quantities that run backwards and their adjoints are 0 before the first step")
        elif self.wrt.at:
            out.append("quantities and adjoints beyond the last step are 0")
        out.extend(f"the entries of ${name}$ sum to 1" for name in sorted(self.calculus.summed))
        return tuple(out)

    # -- unrolled ---------------------------------------------------------------------------------------------------

    def unrolled(self) -> Derivation:
        """Solve the linear recurrence v_t = A_t + g_{t+1} * v_{t+1} from the asked step to the last one."""
        name = self.wrt.name
        (axis,) = self.calculus.quantities[name].axes
        t = index_symbol(axis)
        generic = (t, *self.components)
        terms = self.calculus.eliminated(self.calculus.adjoint_terms(name, generic), self.keep_or_self(name), None)
        again = [x for x in terms if any(split_adjoint(a)[0] == name for a in adjoints_in(x.body))]
        source = [x for x in terms if x not in again]
        if not again or not source:
            raise EvaluationError(f"the adjoint of {name} is not a recurrence, so it cannot be unrolled")
        self_adjoint = sp.IndexedBase(ADJOINT + name)[(t + 1, *self.components)]
        factors = [Term(x.body / self_adjoint, x.bound, x.conditions) for x in again]
        if any(f.body.has(sp.IndexedBase(ADJOINT + name)) or f.bound for f in factors):
            raise EvaluationError(f"the recurrence of {name} is not elementwise, so it has no product form here")
        amount = self.raising.terms(source, self.components)
        one = all(f.body == 1 for f in factors)
        gain = number(1) if one else self.raising.terms(factors, self.components)
        start = self.wrt.at[0]
        high = self.model.vocabulary.ranges[axis][1]
        inner, step = "s", "r"
        body = substitute(amount, {axis: Ref(inner)})
        if not one:
            shifted = substitute(gain, {axis: Add((Ref(step), Neg(number(1))))})
            second = number(int(start.value) + 1) if isinstance(start, Num) else Add((start, number(1)))
            product = Reduce("product", step, second, Ref(inner), None, _steps_simplified(shifted))
            body = Mul(body, product, "elementwise")
        value = Reduce("sum", inner, start, high, None, body)
        general = Compare(
            (Partial(self.target.of, Ref(name, (Ref(axis),))), self.raising.terms(terms, self.components)), ("=",)
        )
        claim = Compare((self.target, value), ("=",))
        left = Partial(self.target.of, replace(self.wrt, index=tuple(Ref(c) for c in self.letters)))
        component = substitute(self.calculus.tree(factored(source, self.calculus.to_tree.axes)), {axis: Ref(inner)})
        index_form = Compare((left, Reduce("sum", inner, start, high, None, component)), ("=",)) if one else None
        steps = (
            Step(general, "one step back, with the gates as they are"),
            Step(claim, f"carried on to the last step ${_name(high)}$"),
        )
        return Derivation(claim, index_form, steps, self.assumptions(), True)

    def keep_or_self(self, name: str) -> Callable[[str, tuple[S, ...]], bool]:
        others = {a.wrt.name for a in self.allowed or () if isinstance(a, Partial) and isinstance(a.wrt, Ref)}
        return lambda key, at: key.split("|")[0] in others | {name}


def _steps_simplified(e: Expr) -> Expr:
    if isinstance(e, Ref) and e.at:
        return replace(e, at=tuple(simplified(a) for a in e.at))
    return rebuild(e, _steps_simplified)


def _name(e: Expr | None) -> str:
    return e.name if isinstance(e, Ref) else "of the sequence"
