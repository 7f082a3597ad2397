"""The forward equations of a model in index form: what the calculus differentiates."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace

import sympy as sp

from derivations.model import Equation, Model, with_bounds
from derivations.terms import Bound, Relu, S, Step, Term, ToSympy, fresh, index_symbol, numbered, restart
from derivations.trees import ToTree
from notation.errors import EvaluationError
from notation.fields import Index, renamed
from notation.indexed import Lowering
from notation.tree import Call, DerivativeKind, Div, Expr, Indicator, Num, Pow, Reduce, Ref, number, rebuild, walk
from notation.vocabulary import Dim, Quantity, Shape

# Stands in the name of the slope of a function known by name only; no name in a model contains it.
SLOPE = "!"


@dataclass(frozen=True, slots=True)
class IndexEquation:
    """A forward equation in index form: `name[free...] = sum of terms`; `free` carry their ranges."""

    name: str
    free: tuple[Bound, ...]
    terms: tuple[Term, ...]
    source: str
    hidden: bool = False


class IndexEquations:
    """The forward equations of one model in index form, with every sum inside a function named."""

    def __init__(self, model: Model, objective: Ref | None = None) -> None:
        restart()
        self.model = model
        self.objective = objective or (Ref(model.loss) if model.loss is not None else None)
        self.slopes: dict[str, tuple[Ref, Ref]] = {}
        self.quantities: dict[str, Quantity] = dict(model.vocabulary.quantities)
        indices = {n for n, q in self.quantities.items() if q.role in {"size", "index"}} | set(model.vocabulary.ranges)
        self.to_sympy = ToSympy(
            lambda name: name in indices or "#" in name or (len(name) == 1 and name not in self.quantities)
        )
        self.to_tree = ToTree(
            lambda name: len(self.quantities[name].axes) if name in self.quantities else 0, self.objective, self.slope
        )
        self.equations: list[IndexEquation] = []
        self.rewrites: list[tuple[S, S, tuple[S, ...]]] = []
        self.owners: dict[str, str] = {}  # the quantity in whose equation a hidden one was named
        self.summed: set[str] = set()  # distributions whose entries were added up to 1
        # quantities that are one number at all steps, such as a gate held at 1
        self.constants: dict[str, Expr] = {e.left.name: e.right for e in model.equations if isinstance(e.right, Num)}
        for e in model.equations:
            if isinstance(e.right, Call) and model.functions.get(e.right.function) == "scalar":
                self.linearised(e, e.right)
            else:
                self._add(self.flattened(e))
        self.numbered = numbered()

    def linearised(self, equation: Equation, call: Call) -> None:
        """A scalar function known by name only enters by its differential: the sum of slope times argument."""
        terms: list[Term] = []
        for arg in call.args:
            assert isinstance(arg, Ref)
            name = f"{equation.left.name}{SLOPE}{len(self.slopes)}"
            shape = self.shape_of(arg.name)
            self.slopes[name] = (equation.left, arg)
            self.quantities[name] = Quantity(name, self.quantities[equation.left.name].axes, shape)
            if any(len(dim) > 1 for dim in shape):
                raise EvaluationError(f"{arg.name} consists of blocks, which {call.function} cannot take")
            bound = tuple(Bound(fresh(), sp.Integer(1), self.to_sympy.scalar(dim[0])) for dim in shape)
            index = tuple(b.variable for b in bound)
            steps = tuple(self.to_sympy.scalar(a) for a in equation.left.at)
            own = tuple(self.to_sympy.scalar(a) for a in arg.at)
            body = indexed(name, steps + index) * indexed(arg.name, own + index)
            terms.append(Term(body, bound))
        free = tuple(self.axes_of(equation.left.name))
        self.equations.append(IndexEquation(equation.left.name, free, tuple(terms), equation.text))

    def slope(self, key: str) -> tuple[Ref, Ref, DerivativeKind] | None:
        """What a slope is the derivative of, and by what; direct where the argument has other ways to the value."""
        if key not in self.slopes:
            return None
        of, wrt = self.slopes[key]
        users = [e.left.name for e in self.model.equations if any(_is(n, wrt.name) for n in walk(e.right))]
        return of, wrt, "total" if users == [of.name] else "direct"

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
        field = Lowering(self.shape_of, self.model.elementwise).lower(bounded)
        self.owners[name] = equation.left.name
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
        field = Lowering(self.shape_of, self.model.elementwise).lower(right)
        name = equation.left.name
        dims = [d for d in (field.rows, field.cols) if d is not None]
        if equation.left.index:
            self._add_component(equation, field.entry(None, None))
            return
        for blocks in _block_choices(dims):
            free = self.axes_of(name)
            index: list[Index] = []
            for k, dim in zip(blocks, dims, strict=True):
                variable = fresh(".i")
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

    def _add_component(self, equation: Equation, body: Expr) -> None:
        """An equation that is written component by component: its letters become index variables."""
        name = equation.left.name
        free = self.axes_of(name)
        for letter, dim in zip(equation.left.index, self.shape_of(name), strict=True):
            assert isinstance(letter, Ref)
            variable = fresh(letter.name)
            free.append(Bound(variable, sp.Integer(1), self.to_sympy.scalar(dim[0])))
            body = renamed(body, letter.name, str(variable))
        body = self.hoisted(body, name, free)
        self.equations.append(IndexEquation(name, tuple(free), tuple(self.terms(body)), equation.text))
        self.name_activation(name, free, body)

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
        self.owners[name] = owner
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
        if isinstance(value, sp.Function) or (value.is_Pow and value.exp == sp.Rational(1, 2)):
            self.rewrites.append((value, target, variables))
        if isinstance(value, Relu):  # positive where its argument is
            self.rewrites.append((Step(*value.args), Step(target), variables))
        elif value.is_Mul and len(value.args) == 2:
            for f in value.args:
                if isinstance(f, sp.exp):
                    self.rewrites.append((f, target * f / value, variables))


def indexed(name: str, index: tuple[S, ...]) -> S:
    """A quantity with its indices; without any, a plain symbol."""
    return sp.IndexedBase(name)[index] if index else sp.Symbol(name, real=True)


def _is(e: Expr, name: str) -> bool:
    return isinstance(e, Ref) and e.name == name


def _contains_sum(e: Expr) -> bool:
    return any(isinstance(n, Reduce) for n in walk(e))


def _block_choices(dims: list[Dim]) -> Iterator[tuple[int, ...]]:
    yield from itertools.product(*(range(len(d)) for d in dims))
