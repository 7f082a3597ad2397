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

import sympy as sp

from derivations.model import Equation, Model, with_bounds
from derivations.terms import ADJOINT, Bound, S, Term, ToSympy, fresh, index_symbol, key_of
from derivations.trees import ToTree
from notation.errors import EvaluationError
from notation.fields import Index
from notation.indexed import Lowering
from notation.tree import Call, Div, Expr, Indicator, Num, Pow, Reduce, Ref, number, rebuild, walk
from notation.vocabulary import Dim, Quantity, Shape


@dataclass(frozen=True, slots=True)
class IndexEquation:
    """A forward equation in index form: `name[free...] = sum of terms`; `free` carry their ranges."""

    name: str
    free: tuple[Bound, ...]
    terms: tuple[Term, ...]
    source: str
    hidden: bool = False


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


class Calculus:
    """The adjoint equations and gradients of one model."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.quantities: dict[str, Quantity] = dict(model.vocabulary.quantities)
        indices = {n for n, q in self.quantities.items() if q.role == "size"} | set(model.vocabulary.ranges)
        self.to_sympy = ToSympy(
            lambda name: name in indices or "#" in name or (len(name) == 1 and name not in self.quantities)
        )
        self.to_tree = ToTree(
            lambda name: len(self.quantities[name].axes) if name in self.quantities else 0, model.loss
        )
        self.equations: list[IndexEquation] = []
        self.rewrites: list[tuple[S, S, tuple[S, ...]]] = []
        self.summed: set[str] = set()  # distributions whose entries were added up to 1
        # quantities that are one number at all steps, such as a gate held at 1
        self.constants: dict[str, Expr] = {e.left.name: e.right for e in model.equations if isinstance(e.right, Num)}
        for e in model.equations:
            self._add(self.flattened(e))

    def flattened(self, equation: Equation) -> Equation:
        """Name the argument of a softmax that is not a plain quantity, and write a squared norm as a sum of squares."""

        def visit(e: Expr) -> Expr:
            e = rebuild(e, visit)
            if (
                isinstance(e, Pow)
                and isinstance(e.base, Call)
                and e.base.function == "norm"
                and e.exponent == number(2)
            ):
                return Call("inner", (e.base.args[0], e.base.args[0]))
            if isinstance(e, Call) and e.function == "softmax" and not e.order and not isinstance(e.args[0], Ref):
                return self.argument(e.args[0], equation)
            return e

        return replace(equation, right=visit(equation.right))

    def argument(self, e: Expr, equation: Equation) -> Expr:
        """A softmax of a new hidden quantity that holds its argument."""
        name = f"a({equation.left.name})" + "'" * sum(
            1 for n in self.quantities if n.startswith(f"a({equation.left.name})")
        )
        bounded = with_bounds(self.folded(e), self.quantities, self.model.vocabulary.ranges)
        field = Lowering(self.shape_of).lower(bounded)
        axes = equation.left.at
        shape = tuple(d for d in (field.rows, field.cols) if d is not None)
        self.quantities[name] = Quantity(name, tuple(a.name for a in axes if isinstance(a, Ref)), shape)
        left = Ref(name, axes)
        self._add(Equation(left, e, equation.line, equation.text), hidden=True)
        return Call("softmax", (left,))

    def shape_of(self, name: str) -> Shape:
        """The shape of a quantity of the model, or of one that the calculus named."""
        quantity = self.quantities.get(name)
        if quantity is None or quantity.shape is None:
            raise EvaluationError(f"the shape of {name} is not known")
        return quantity.shape

    # -- index form -------------------------------------------------------------------------------------------------

    def _add(self, equation: Equation, *, hidden: bool = False) -> None:
        model = self.model
        right = with_bounds(self.folded(equation.right), self.quantities, model.vocabulary.ranges)
        field = Lowering(self.shape_of).lower(right)
        name = equation.left.name
        dims = [d for d in (field.rows, field.cols) if d is not None]
        if equation.left.index:
            raise EvaluationError(f"the equation of {name} is already in index form; declare it without subscripts")
        for blocks in _block_choices(dims):
            free = self.axes_of(name)
            index: list[Index] = []
            for k, dim in zip(blocks, dims, strict=True):
                variable = fresh("i")
                free.append(Bound(variable, sp.Integer(1), self.to_sympy.scalar(dim[k])))
                index.append((k, Ref(str(variable))))
            body = field.entry(
                index[0] if field.rows is not None else None, index[-1] if field.cols is not None else None
            )
            body = self.hoisted(body, name, free)
            key = name + "".join(
                f"|{axis}:{k}" for axis, (k, dim) in enumerate(zip(blocks, dims, strict=True)) if len(dim) > 1
            )
            self.equations.append(IndexEquation(key, tuple(free), tuple(self.terms(body)), equation.text, hidden))
            self.name_activation(key, free, body)

    def folded(self, e: Expr) -> Expr:
        """A tree with constant quantities replaced by their numbers."""
        if isinstance(e, Ref) and e.name in self.constants:
            return self.constants[e.name]
        return rebuild(e, self.folded)

    def axes_of(self, name: str) -> list[Bound]:
        """The sequence variables of a quantity with their ranges."""
        out = []
        for axis in self.quantities[name].axes:
            low, high = self.model.vocabulary.ranges[axis]
            if low is None or high is None:
                raise EvaluationError(f"the range of {axis} is not known")
            out.append(Bound(index_symbol(axis), self.to_sympy.scalar(low), self.to_sympy.scalar(high)))
        return out

    def terms(self, body: Expr) -> list[Term]:
        """Expanded terms of an index-form tree."""
        out: list[Term] = []
        for t in self.to_sympy.terms(body):
            out.extend(replace(t, body=part) for part in sp.Add.make_args(sp.expand(t.body)))
        return out

    def hoisted(self, body: Expr, owner: str, free: list[Bound]) -> Expr:
        """Name every sum that stands inside a function, a denominator or a power: the pre-activation, the
        normaliser."""

        def visit(e: Expr, inside: bool) -> Expr:
            if inside and not isinstance(e, Indicator) and _contains_sum(e):
                return self.named(visit(e, False), owner, free)
            if isinstance(e, Call):
                return rebuild(e, lambda c: visit(c, True))
            if isinstance(e, Div):
                return replace(e, top=visit(e.top, inside), bottom=visit(e.bottom, True))
            if isinstance(e, Pow):
                return replace(e, base=visit(e.base, True))
            return rebuild(e, lambda c: visit(c, inside))

        return visit(body, False)

    def named(self, e: Expr, owner: str, free: list[Bound]) -> Expr:
        """Give a sum inside a function a name of its own."""
        used = {r.name for r in walk(e) if isinstance(r, Ref) and not r.at and not r.index}
        mine = [b for b in free if str(b.variable) in used]
        bound = {n.variable for n in walk(e) if isinstance(n, Reduce)}
        outer = sorted(u for u in used if "#" in u and u not in bound and all(str(b.variable) != u for b in mine))
        if outer:
            raise EvaluationError("a sum inside a function of another sum's index is not part of the calculus")
        count = sum(1 for n in self.quantities if n.startswith(f"a({owner})"))
        name = f"a({owner})" + "'" * count
        axes = tuple(str(b.variable) for b in mine if str(b.variable) in self.model.vocabulary.ranges)
        shape: tuple[Dim, ...] = tuple((self.to_tree.scalar(b.high),) for b in mine if str(b.variable) not in axes)
        self.quantities[name] = Quantity(name, axes, shape)
        self.equations.append(IndexEquation(name, tuple(mine), tuple(self.terms(e)), owner, hidden=True))
        at = tuple(Ref(str(b.variable)) for b in mine if str(b.variable) in axes)
        return Ref(name, at, tuple(Ref(str(b.variable)) for b in mine if str(b.variable) not in axes))

    def name_activation(self, key: str, free: list[Bound], body: Expr) -> None:
        """Remember how to write a function value by its name: sigma(a_f) is f, exp(v_i) is yhat_i Z."""
        if _contains_sum(body):
            return
        value = self.to_sympy.scalar(body)
        target = sp.IndexedBase(key)[tuple(b.variable for b in free)] if free else sp.Symbol(key, real=True)
        variables = tuple(b.variable for b in free)
        if isinstance(value, sp.Function):
            self.rewrites.append((value, target, variables))
        elif value.is_Mul and len(value.args) == 2:
            for f in value.args:
                if isinstance(f, sp.exp):
                    self.rewrites.append((f, target * f / value, variables))

    # -- the rule ---------------------------------------------------------------------------------------------------

    def contributions(self, key: str, target: tuple[S, ...]) -> Iterator[Contribution]:
        """All paths on which `key[target]` influences the loss, one step each."""
        for equation in self.equations:
            for term in equation.terms:
                for atom in occurrences(term.body, key):
                    yield self.path(equation, term, atom, target)

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
        for index, wanted in zip(indices, target, strict=True):
            solved = _solve(index, wanted, unsolved)
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
            conditions.extend(self.range_conditions(bound, value, wanted))
            local = Term(local.body.subs(bound.variable, value), local.bound, local.conditions)
            at = tuple(a.subs(bound.variable, value) for a in at)
        conditions = [c for c in conditions if c != sp.true]
        left = [
            b
            for b in unsolved
            if b.variable in local.body.free_symbols
            or any(b.variable in a.free_symbols for a in at)
            or _in(b, conditions)
        ]
        if any(c == sp.false for c in conditions):
            local = Term(sp.Integer(0))
            left, conditions = [], []
        inner = Term(
            local.body, tuple(b for b in left if not any(b.variable in a.free_symbols for a in at)), tuple(conditions)
        )
        adjoint = self.adjoint(equation.name, at)
        return Contribution(equation.name, atom, at, inner, Term(adjoint * local.body, tuple(left), tuple(conditions)))

    def adjoint(self, key: str, at: tuple[S, ...]) -> S:
        """The symbol of an adjoint: 1 for the loss itself."""
        if key == self.model.loss:
            return sp.Integer(1)
        return sp.IndexedBase(ADJOINT + key)[at] if at else sp.Symbol(ADJOINT + key, real=True)

    def range_conditions(self, bound: Bound, value: S, wanted: S) -> list[S]:
        """What must hold for a solved index to be in its range; nothing where types or the boundary convention imply
        it."""
        if value == wanted and not wanted.is_number:
            return []  # same kind of index, same range
        name = str(bound.variable).split("#")[0]
        if name in self.model.vocabulary.ranges:
            return []  # beyond the last step every adjoint is 0 by convention
        out = [sp.Ge(value, bound.low), sp.Le(value, bound.high)]
        return [c for c in out if c != sp.true]

    # -- elimination ------------------------------------------------------------------------------------------------

    def adjoint_terms(self, key: str, target: tuple[S, ...]) -> list[Term]:
        """The adjoint equation of `key[target]`: one step back, in terms of the adjoints of its users."""
        return [c.term for c in self.contributions(key, target) if c.term.body != 0]

    def eliminated(self, terms: list[Term], keep: Callable[[str, tuple[S, ...]], bool], last: S | None) -> list[Term]:
        """Substitute adjoint equations until only adjoints that `keep` accepts are left."""
        done: list[Term] = []
        todo = [(t, 0) for t in terms]
        while todo:
            term, depth = todo.pop(0)
            symbol = next((a for a in adjoints_in(term.body) if not keep(*_split(a))), None)
            if symbol is None:
                done.append(term)
                continue
            if depth > 40:
                raise EvaluationError("the adjoint equations are recursive: allow the adjoint of a state in the answer")
            key, at = _split(symbol)
            if last is not None and self.beyond(key, at, last):
                continue
            rest = term.body / symbol
            for t in self.adjoint_terms(key, at):
                t = self.to_sympy.renamed(t)
                body = sp.expand(rest * t.body)
                todo.extend(
                    (Term(part, term.bound + t.bound, term.conditions + t.conditions), depth + 1)
                    for part in sp.Add.make_args(body)
                )
        return self.tidied(done, last)

    def beyond(self, key: str, at: tuple[S, ...], last: S) -> bool:
        """Whether an adjoint lies beyond the last step, where it is 0."""
        name = key.split("|", maxsplit=1)[0]
        steps = len(self.quantities[name].axes) if name in self.quantities else 0
        return any((a - last).is_positive is True for a in at[:steps])

    def tidied(self, terms: list[Term], last: S | None = None) -> list[Term]:
        """Named values for functions, resolved conditions, sums of distributions, and like terms collected."""
        out: list[Term] = []
        for term in terms:
            body = sp.expand(self.renamed_values(term.body))
            for part in sp.Add.make_args(body):
                out.extend(self.simplified(Term(part, term.bound, term.conditions), last))
        return collect(out)

    def renamed_values(self, body: S) -> S:
        """Function values by their names, where an equation defines them."""
        for pattern, target, variables in self.rewrites:
            wild = {v: sp.Wild(f"w{n}") for n, v in enumerate(variables)}
            form = pattern.subs(wild)
            for f in body.atoms(type(pattern)) if body.has(type(pattern)) else ():
                match = f.match(form)
                if match is not None:
                    body = body.subs(f, target.subs(wild).subs(match))
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
            conditions.append(c)
        for c in conditions:
            if not isinstance(c, sp.Eq):
                continue
            for b in term.bound:
                solved = _solve(c.lhs, c.rhs, [b]) or _solve(c.rhs, c.lhs, [b])
                if solved is not None:
                    rest = Term(
                        term.body, tuple(x for x in term.bound if x != b), tuple(x for x in conditions if x != c)
                    )
                    return self.simplified(rest.subs(b.variable, solved[1]), last)
        for b in term.bound:  # a probability distribution sums to 1
            factors = [f for f in sp.Mul.make_args(term.body) if b.variable in f.free_symbols]
            if (
                len(factors) == 1
                and isinstance(factors[0], sp.Indexed)
                and factors[0].indices[-1] == b.variable
                and not _in(b, conditions)
            ):
                name = str(factors[0].base)
                if name in self.model.distributions:
                    self.summed.add(name)
                    return self.simplified(
                        Term(term.body / factors[0], tuple(x for x in term.bound if x != b), tuple(conditions)), last
                    )
        return [Term(term.body, term.bound, tuple(conditions))]

    def tree(self, terms: list[Term]) -> Expr:
        """The index-form tree of a sum of terms, positive terms first."""
        from derivations.raising import lateness
        from notation.tree import Neg, add

        trees = [self.to_tree.term(t) for t in terms]
        trees.sort(key=lambda t: (isinstance(t, Neg), lateness(t)))
        return add(*trees)


def occurrences(body: S, key: str) -> list[S]:
    """The distinct places where a quantity stands in a body."""
    found = [a for a in body.atoms(sp.Indexed) if str(a.base) == key]
    if not found:  # the label of an indexed base is a symbol too
        bases = {a.base.label for a in body.atoms(sp.Indexed)}
        found = [a for a in body.atoms(sp.Symbol) if a.name == key and not a.is_integer and a not in bases]
    return sorted(found, key=str)


def adjoints_in(body: S) -> list[S]:
    """The adjoints in a body, in a stable order."""
    found = [a for a in body.atoms(sp.Indexed) if str(a.base).startswith(ADJOINT)]
    bases = {a.base.label for a in found}
    found += [a for a in body.atoms(sp.Symbol) if a.name.startswith(ADJOINT) and a not in bases]
    return sorted(found, key=str)


def _split(adjoint: S) -> tuple[str, tuple[S, ...]]:
    if isinstance(adjoint, sp.Indexed):
        return str(adjoint.base).removeprefix(ADJOINT), tuple(adjoint.indices)
    return str(adjoint.name).removeprefix(ADJOINT), ()


def _solve(index: S, wanted: S, unsolved: list[Bound]) -> tuple[Bound, S] | None:
    """Solve index = wanted for an unsolved variable that stands alone with coefficient +1 or -1."""
    index = sp.expand(index)
    for b in unsolved:
        coefficient = index.coeff(b.variable)
        if coefficient in (1, -1) and not (index - coefficient * b.variable).has(b.variable):
            return b, sp.expand((wanted - (index - coefficient * b.variable)) * coefficient)
    return None


def _in(b: Bound, conditions: list[S]) -> bool:
    return any(b.variable in c.free_symbols for c in conditions)


def _contains_sum(e: Expr) -> bool:
    return any(isinstance(n, Reduce) for n in walk(e))


def _block_choices(dims: list[Dim]) -> Iterator[tuple[int, ...]]:
    import itertools

    yield from itertools.product(*(range(len(d)) for d in dims))


def collect(terms: list[Term]) -> list[Term]:
    """Add up like terms: equal up to the names of their bound variables."""
    seen: dict[tuple[object, ...], Term] = {}
    for t in terms:
        t = canonical(t)
        coefficient, rest = t.body.as_coeff_Mul()
        key = (rest, t.bound, t.conditions)
        if key in seen:
            before = seen[key].body.as_coeff_Mul()[0]
            seen[key] = Term((before + coefficient) * rest, t.bound, t.conditions)
        else:
            seen[key] = t
    return [t for t in seen.values() if t.body != 0]


def canonical(t: Term) -> Term:
    """Bound variables renamed in the order in which they appear, so that equal terms look equal."""
    order = sorted(t.bound, key=lambda b: (str(b.high), _signature(t.body, b.variable)))
    for n, b in enumerate(order):
        stem = str(b.variable).split("#")[0]
        new = sp.Symbol(f"{stem}#c{n}", integer=True)
        t = Term(
            t.body, tuple(replace(x, variable=new) if x.variable == b.variable else x for x in t.bound), t.conditions
        ).subs(b.variable, new)
    return Term(t.body, tuple(sorted(t.bound, key=lambda b: str(b.variable))), tuple(sorted(t.conditions, key=str)))


def _signature(body: S, variable: S) -> str:
    """How a bound variable occurs, without the names of the other bound variables."""

    def mark(index: S) -> str:
        if not any("#" in str(s) for s in index.free_symbols):
            return str(index)
        return "*" if index.has(variable) else "."

    atoms = [a for a in body.atoms(sp.Indexed) if variable in a.free_symbols]
    parts = [f"{a.base}:{[mark(i) for i in a.indices]}" for a in atoms]
    return ",".join(sorted(parts))


__all__ = ["Calculus", "Contribution", "IndexEquation", "adjoints_in", "canonical", "collect", "key_of", "occurrences"]
