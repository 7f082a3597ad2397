"""What an answer assumes beside the question: its own loss, its own letters, another layout, its own recursions."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np

from checkers.cases import components_of
from checkers.relation import Relation, Used
from checkers.selection import Selection
from notation.errors import EvaluationError, ShapeError
from notation.evaluate import evaluate
from notation.statement import Answer, Statement
from notation.tree import Compare, Expr, Num, Partial, Ref, Vector, walk
from notation.vocabulary import STEPPED, Vocabulary

_SCRIPTED = re.compile(r"(\\[A-Za-z]+|[^\W\d_])\s*_\s*\{?\s*([A-Za-z])(?![A-Za-z])")


class Assumptions(Selection):
    """The part of the judgement that looks at what an answer takes for granted."""

    def own_scale(self, answer: Answer) -> float | None:
        """The factor by which an answer's own loss differs from the model's, as with a 1/2 before the square."""
        if self.asked.loss is None or not isinstance(self.asked.target, Partial):
            return None
        factors: list[float] = []
        for s in answer.statements:
            if not isinstance(s.left, Ref) or s.left.name != self.asked.loss or isinstance(s.sides[-1], (Partial, Ref)):
                continue
            for world in self.worlds:
                try:
                    value = np.asarray(evaluate(s.sides[-1], world.scope(answer.definitions)))
                except (EvaluationError, ShapeError):
                    return None
                if value.shape != ():
                    return None
                factors.append(float(value) / float(world.values[self.asked.loss, ()]))
        if not factors or max(factors) - min(factors) > 1e-9 * abs(factors[0]) or abs(factors[0] - 1) < 1e-9:
            return None
        return factors[0]

    def own_meanings(self, answer: Answer) -> Vocabulary | None:
        """The vocabulary without further spellings that the answer defines as names of its own; None for none."""
        heads = [s.sides[0].span[0] for s in answer.statements if len(s.sides) > 1]
        start = [s.sides[0].span[0] for s in answer.statements if len(s.sides) > 1 and isinstance(s.left, Ref)]
        letters = {answer.text[k : k + 1] for k in start}
        known = self.model.vocabulary.spellings
        scripted = {(m[1], m[2]) for k in heads if (m := _SCRIPTED.match(answer.text, k))}
        # \delta_c beside \delta_C: two names where c is no other spelling of C
        letters |= {k for base, k in scripted if (base, known.get(k, k).rstrip(STEPPED)) in scripted - {(base, k)}}
        extra = {k for k in known if k in letters and known[k].rstrip(STEPPED) != k}
        redefined = self.redefined(answer)
        extra |= {k for k in known if known[k].rstrip(STEPPED) in redefined}
        if not extra:
            return None
        return replace(self.model.vocabulary, spellings={k: n for k, n in known.items() if k not in extra})

    def redefined(self, answer: Answer) -> set[str]:
        """The inputs and parameters for which an answer states a formula: `y_3 = ...`, which are given."""
        computed = {s.left.name for s in answer.statements if isinstance(s.left, Ref) and self.is_computed(s)}
        return computed & {*self.model.inputs, *self.model.parameters}

    def is_computed(self, s: Statement) -> bool:
        """Whether a statement gives a formula for a quantity, not a number or a shape: `W = [U, V]`, not `(n, d)`."""
        value = s.sides[-1]
        if len(s.sides) < 2 or s.role == "premise" or s.member or isinstance(value, (Num, Ref)):
            return False
        names = {n.name for n in walk(value) if isinstance(n, Ref)}
        return not isinstance(value, Vector) or bool(names & {*self.model.inputs, *self.model.parameters})

    def other_layout(self, answer: Answer) -> Expr | None:
        """A forward equation in an answer whose shapes do not fit here: it assumes another layout, such as rows."""
        for s in answer.statements:
            left = s.left
            if not isinstance(left, Ref) or self.same_head(left) or left.name in answer.definitions:
                continue
            if isinstance(s.sides[-1], Vector) or all(left.name != e.left.name for e in self.model.equations):
                continue
            asked = replace(self.asked, target=replace(left, index=()), allowed=None, value=None)
            if Relation(asked, self.worlds[:1], answer).compare(s.sides[-1], s).outcome == "shape":
                return s.tree[0]
        return None

    # -- definitions of derivatives ---------------------------------------------------------------------------------

    def untrue_definition(self, answer: Answer, final: Expr) -> Statement | None:
        """A statement about a derivative that a formula uses and that does not hold; None where all hold."""
        used = {n.wrt.name for n in walk(final) if isinstance(n, Partial) and isinstance(n.wrt, Ref)}
        stated = [s for s in answer.statements if self.is_helper(s, used)]
        for s in stated:
            assert isinstance(s.left, Partial)
            assert isinstance(s.left.wrt, Ref)
            asked = replace(self.asked, target=s.left, allowed=None, chain_rule=True, steps=self.beside(s, stated))
            if Relation(asked, self.worlds, answer).compare(s.sides[-1], s).outcome == "differs":
                return s
        return None

    def is_helper(self, s: Statement, used: set[str]) -> bool:
        """Whether a statement says what the derivative of the asked loss by some other quantity is."""
        left, target = s.left, self.asked.target
        if not isinstance(left, Partial) or not isinstance(target, Partial) or self.same_head(left) or left.signal:
            return False
        known = isinstance(left.wrt, Ref) and left.wrt.name in self.model.vocabulary.quantities
        mine = left.of in (target.of, Ref(self.asked.loss or ""))
        return known and mine and isinstance(left.wrt, Ref) and left.wrt.name in used and len(s.sides) == 2

    def beside(self, s: Statement, stated: list[Statement]) -> Expr | None:
        """The steps for which a general statement is not made because another one speaks of them."""
        assert isinstance(s.left, Partial)
        assert isinstance(s.left.wrt, Ref)
        if len(s.left.wrt.at) != 1 or not isinstance(s.left.wrt.at[0], Ref):
            return None
        for other in stated:
            wrt = other.left.wrt if isinstance(other.left, Partial) else None
            if isinstance(wrt, Ref) and wrt.name == s.left.wrt.name and wrt.at and isinstance(wrt.at[0], Num):
                return Compare((s.left.wrt.at[0], wrt.at[0]), ("!=",))
        return None

    def unfolds(self, answer: Answer, used: Used) -> bool:
        """Whether the answer itself says how a derivative that it leaves is computed from earlier steps, rightly."""
        for s in answer.statements:
            left = s.left
            if isinstance(left, Partial) and isinstance(left.of, Ref) and isinstance(left.wrt, Ref):
                if (left.of.name, left.wrt.name) == (used[0], used[2]) and left.of.at and self.holds_always(s, left.of):
                    return True
        return False

    def holds_always(self, s: Statement, of: Ref) -> bool:
        """Whether both sides of a statement about a quantity have one value at all steps, and it is a recursion."""
        letters = [a.name for a in of.at if isinstance(a, Ref)]
        if not letters or s.left in list(walk(s.sides[-1])):
            return False
        index = components_of(s.sides[0])
        compared = 0
        for world in self.worlds:
            lengths = [n for name in (of.name, _by(s)) for n in world.shapes[name]] if index else []
            if len(lengths) < len(index):
                return False
            for at in (a for n, a in world.values if n == of.name):
                steps = dict(zip(letters, at, strict=False))
                for entry in np.ndindex(*lengths[: len(index)]):
                    parts = {i.name: k + 1 for i, k in zip(index, entry, strict=True) if isinstance(i, Ref)}
                    try:
                        both = [np.asarray(evaluate(side, world.scope().at(**steps, **parts))) for side in s.sides]
                    except (EvaluationError, ShapeError):
                        continue  # a first step has none before it
                    if both[0].size != both[-1].size or not np.allclose(both[0].ravel(), both[-1].ravel(), rtol=1e-8):
                        return False
                    compared += 1
        return compared > 1


def _by(s: Statement) -> str:
    """What the left side of a statement is differentiated by."""
    return s.left.wrt.name if isinstance(s.left, Partial) and isinstance(s.left.wrt, Ref) else ""
