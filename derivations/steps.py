"""From contributions to the lines a teacher would write, each with its reason."""

from __future__ import annotations

from dataclasses import replace

from derivations.calculus import Calculus, Contribution
from derivations.derivation import Step
from derivations.raising import MatrixFormError, Raising
from derivations.terms import S, Term, fresh
from notation.tree import Add, Call, Compare, Expr, Mul, Partial, Ref, Transpose, add, rebuild


class Story:
    """Tells one derivation: which equations use the quantity, the local derivatives, the result."""

    def __init__(self, calculus: Calculus, raising: Raising, target: Partial, axes: tuple[S, ...]) -> None:
        self.calculus = calculus
        self.raising = raising
        self.target = target
        self.axes = axes
        self.model = calculus.model

    def steps(self, contributions: list[Contribution], components: tuple[S, ...]) -> list[Step]:
        """The chain rule over all users, then each local derivative."""
        users: list[tuple[Ref, Expr, list[Term]]] = []
        for c in contributions:
            head = self.head(c)
            if head is None:
                continue
            for known, _, locals_ in users:
                if known == head:
                    locals_.append(c.local)
                    break
            else:
                users.append((head, self.adjoint(head), [c.local]))
        users.sort(key=lambda u: any(isinstance(a, Add) for a in u[0].at))
        if not users:
            return []
        steps = [self.chain_rule(users)]
        for head, _, locals_ in users:
            jacobian = self.jacobian(locals_, components, head)
            if jacobian is not None:
                steps.append(jacobian)
        return steps

    def head(self, c: Contribution) -> Ref | None:
        """The user as a quantity at its step; hidden helpers are told by the quantity they belong to."""
        name = c.user.split("|")[0]
        count = len(self.calculus.quantities[name].axes)
        at = tuple(self.calculus.to_tree.scalar(a) for a in c.at[:count])
        shown = displayed(name)
        return Ref(shown, at)

    def adjoint(self, head: Ref) -> Expr:
        """The adjoint of a user; the loss itself has 1."""
        goal = self.calculus.objective or Ref("L")
        return Ref("1") if head == goal else Partial(goal, head)

    def chain_rule(self, users: list[tuple[Ref, Expr, list[Term]]]) -> Step:
        """The chain rule over all users."""
        wrt = self.target.wrt
        parts: list[Expr] = []
        for head, adjoint, _ in users:
            if head == self.calculus.objective:
                parts.append(Partial(head, wrt, "direct"))
            else:
                parts.append(Mul(Transpose(Partial(head, wrt, "direct")), adjoint))
        from notation.latex import to_latex

        names = [f"${to_latex(head)}$" for head, _, _ in users]
        listed = names[0] if len(names) == 1 else ", ".join(names[:-1]) + " and " + names[-1]
        return Step(Compare((self.target, add(*parts)), ("=",)), f"chain rule: ${to_latex(wrt)}$ is used in {listed}")

    def jacobian(self, locals_: list[Term], components: tuple[S, ...], head: Ref) -> Step | None:
        """One local derivative in matrix form, with the reason for its form."""
        if head == self.calculus.objective or len(components) != 1:
            return None
        target = components[0]
        row = fresh("r")
        terms: list[Term] = []
        for t in locals_:
            free = [s for s in t.body.free_symbols if str(s).startswith(".i#")]
            if len(free) == 1 and free[0] not in {b.variable for b in t.bound}:
                terms.append(t.subs(free[0], row))
            elif not free:
                import sympy as sp

                terms.append(Term(t.body, t.bound, (*t.conditions, sp.Eq(row, target))))
            else:
                return None
        try:
            value = self.raising.terms(self.calculus.tidied(terms), (row, target))
        except MatrixFormError:
            return None
        diagonal = isinstance(value, Call) and value.function == "diag"
        line = Compare((Partial(head, self.target.wrt, "direct"), value), ("=",))
        return Step(
            line, "elementwise, so diagonal" if diagonal else "linear map, or a map followed by an elementwise function"
        )


def displayed(name: str) -> str:
    """Helpers that the calculus introduces are shown as pre-activations, `a^{(f)}`."""
    if name.startswith("a("):
        inner = name[2 : name.index(")")]
        return f"z_{{{inner}}}" + name[name.index(")") + 1 :]
    return name


def presentable(e: Expr) -> Expr:
    """A tree for people: helper names as pre-activations."""
    shown = rebuild(e, presentable)
    return (
        replace(shown, name=displayed(shown.name)) if isinstance(shown, Ref) and shown.name.startswith("a(") else shown
    )
