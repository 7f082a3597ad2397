"""Naming a place in a figure: by the name of a quantity, or by the role it plays in the equations."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from checkers.assignment import Question
from checkers.kinds.base import Kind, verdict
from checkers.solution import Solution
from checkers.verdict import Verdict
from derivations.derivation import Step
from derivations.model import Model
from notation.answer import read_answer, read_formula
from notation.errors import ReadError
from notation.statement import simplified
from notation.tree import Add, Call, Compare, Expr, Mul, Neg, Ref, walk

if TYPE_CHECKING:
    from checkers.bench import Bench

_CLAUSE = re.compile(
    r"\b(?:which|that|because|since|multipl\w*|times|scal\w*|gat(?:es|ing)\b|appl\w*|add(?:s|ed|ing)?|combin\w*"
    r"|controls?|and then|where|used)\b|;"
)
_EARLIER = re.compile(
    r"\b(?:previous|prev|old|last|prior|earlier|incoming|preceding"
    r"|enter\w*|coming in|comes in|arriv\w*)\b"
    r"|\b(?:c|state|memory)[\s_({]*(?:at\s+)?(?:time\s+|step\s+)*t\s*[-\u2212]\s*1"
)
_SUM_NODE = re.compile(
    r"\b(?:output of|out of|leav\w+|after)\s+(?:the\s+)?(?:\+|plus|sum\w*|add\w*)\s*"
    r"(?:node|gate|junction|unit|operation|circle|sign)"
)
_NEWER = re.compile(r"\b(?:new|current|updated|next|outgoing|present)\b")
_CARRIES = re.compile(r"\b(?:carr(?:y|ies|ying)|holds?|holding|labell?ed|marked|denoted|called|shows?)\b")
_NUMBER = re.compile(r"\b(?:position|pos|no|number|label|place|#)?\.?\s*\(?(?:1[0-2]|[1-9])\)?\.?\s*$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Role:
    """What the equations say about a quantity: its outer function, and what it is multiplied by."""

    quantity: Ref
    activation: str
    partners: tuple[Expr, ...]


class Labels(Kind):
    """`place of: f_t`: the student names the place. A position number of a lost figure cannot be judged."""

    kind: Literal["labels"] = "labels"
    model: str
    place_of: str = Field(alias="place of")

    def names(self, model: Model, bench: Bench, question: Question) -> dict[str, Ref]:
        """All names by which places may be called, longest first."""
        out: dict[str, Ref] = {}
        current: str | None = self.model
        while current is not None:
            spec = bench.assignment.models[current]
            for spelled, words in spec.names.items():
                tree = read_formula(spelled, model.vocabulary)
                if isinstance(tree, Ref):
                    out.update({w.lower(): tree for w in words})
            current = spec.extends
        if not out:
            raise bench.assignment.error(
                "the model gives no names to its quantities", "models", self.model, hint="names: {f_t: [forget gate]}"
            )
        return dict(sorted(out.items(), key=lambda item: -len(item[0])))

    def solve(self, bench: Bench, question: Question) -> Solution:
        """Derive the answer and check it on every road that applies."""
        model = bench.model(self.model)
        target = self.quantity(bench, question, model, self.place_of, "place of")
        known = self.first_name(target, model, bench)
        steps = [
            Step(Compare((e.left, e.right), ("=",)), "it is computed here") for e in model.equations if e.left == target
        ]
        steps += [
            Step(Compare((e.left, e.right), ("=",)), "it is used here")
            for e in model.equations
            if target in list(walk(e.right))
        ]
        return Solution(
            question.id,
            answers=(target,),
            steps=tuple(steps),
            words=f"${self.place_of}$ is the {known}: {self.sentence(model, target)}.",
            rule="The numbers of the figure are lost, so the place is named. A number waits for a person.",
        )

    def first_name(self, target: Ref, model: Model, bench: Bench) -> str:
        """The first name that the assignment gives a quantity."""
        for spelled, words in bench.assignment.models[self.model].names.items():
            if words and read_formula(spelled, model.vocabulary) == target:
                return words[0]
        return "quantity"

    def sentence(self, model: Model, target: Ref) -> str:
        """The role of a quantity in words, from the equations."""
        from notation.latex import to_latex

        role = next((r for r in roles(model) if r.quantity == target), None)
        act = {"sigmoid": "the output of a sigmoid unit", "tanh": "the output of the tanh unit"}.get(
            role.activation if role else "", "the sum of the gated parts"
        )
        if role is None or not role.partners:
            return act if role is not None else "the line that enters the cell from the step before"
        return f"{act} that is multiplied by ${to_latex(role.partners[0])}$"

    def check(self, bench: Bench, question: Question, text: str) -> Verdict:
        """Judge one answer that is not empty."""
        model = bench.model(self.model)
        target = self.quantity(bench, question, model, self.place_of, "place of")
        lower = " ".join(re.sub(r"(?<=[a-z])-(?=[a-z])|[$\\{}*`\"]|\u201c|\u201d", " ", text.lower()).split())
        if _NUMBER.fullmatch(lower):
            return verdict(
                question, text, "manual", message="The figure with its numbers is needed to judge a position number."
            )
        if re.search(r"\b(?:not|never|isn't|no)\b", lower):
            return verdict(question, text, "manual", message="A denial in words waits for a person.")
        named = self.named(lower, target, model, bench, question)
        if named is not None:
            return self.decided(question, text, named, target)
        carried = self.carried(text, model)
        if carried is not None:
            return self.decided(question, text, carried, target)
        if _SUM_NODE.search(lower):
            sums = [e.left for e in model.equations if isinstance(e.right, Add)]
            if len(sums) == 1:
                return self.decided(question, text, sums[0], target)
        by_role = self.by_role(text, lower, target, self.names(model, bench, question), model)
        if by_role is not None:
            return self.decided(question, text, by_role, target)
        return verdict(
            question,
            text,
            "manual",
            message="No name or role of the cell was recognised with certainty; a person decides.",
        )

    def named(self, lower: str, target: Ref, model: Model, bench: Bench, question: Question) -> Ref | None:
        """The quantity that the head of the answer names."""
        head = _CLAUSE.split(lower, maxsplit=1)[0]
        if not head.strip():
            return None
        found: list[tuple[int, Ref]] = []
        blanked = head
        for words, ref in self.names(model, bench, question).items():
            for match in re.finditer(rf"\b{re.escape(words)}s?\b", blanked):
                found.append((match.start(), ref))
                blanked = blanked[: match.start()] + "\0" * len(match[0]) + blanked[match.end() :]
        if not found:
            return None
        found.sort(key=lambda item: item[0])
        refs = [ref if _NEWER.search(head) else self.shifted(ref, head, model) for _, ref in found]
        if len(set(refs)) > 1:
            return (
                refs[0] if re.match(r"(?:the\s+)?(?:output\s+of\s+)?(?:the\s+)?", head) and found[0][0] <= 16 else None
            )
        return refs[0]

    def shifted(self, ref: Ref, head: str, model: Model) -> Ref:
        """`previous cell state` is the cell state one step earlier; a gate has no earlier place in the cell."""
        state = ref.name in {name for name, _ in model.initial}
        if state and ref.at and isinstance(ref.at[0], Ref) and _EARLIER.search(head):
            return Ref(ref.name, (Add((ref.at[0], Neg(_one()))),))
        return ref

    def carried(self, text: str, model: Model) -> Ref | None:
        """The quantity in `the line that carries h_t`."""
        match = _CARRIES.search(text)
        if match is None:
            return None
        try:
            answer = read_answer(text[match.end() :], model.vocabulary)
        except ReadError:
            return None
        named = [
            s.sides[0] for s in answer.statements if len(s.sides) == 1 and isinstance(s.sides[0], Ref) and s.sides[0].at
        ]
        return named[0] if named and isinstance(named[0], Ref) else None

    def by_role(self, text: str, lower: str, target: Ref, names: dict[str, Ref], model: Model) -> Ref | None:
        """The quantity that a description by function and partner fits, if it fits exactly one."""
        activation = (
            "sigmoid" if re.search(r"sigm|\u03c3|logistic", lower) else "tanh" if re.search(r"tanh", lower) else ""
        )
        clause = re.search(r"(?:multipl\w*|scal\w*|times|gat(?:es|ing)|product|weights?)\b", lower)
        applied = self.by_input(text, activation, target, names, model)
        if applied is not None or not clause:
            return applied
        mentioned = self.mentions(text[text.lower().find(clause[0]) + len(clause[0]) :], names, model)
        fits = []
        for role in roles(model):
            if activation and role.activation != activation:
                continue
            if any(p in mentioned for p in role.partners):
                fits.append(role.quantity)
        unique = list(dict.fromkeys(fits))
        return unique[0] if len(unique) == 1 else None

    def mentions(self, text: str, names: dict[str, Ref], model: Model) -> list[Expr]:
        """The quantities that a piece of text mentions, by symbol or by name."""
        out: list[Expr] = []
        blanked = text.lower()
        for words, ref in names.items():
            if re.search(rf"\b{re.escape(words)}\b", blanked):
                out.append(ref)
                blanked = blanked.replace(words, " ")
        try:
            answer = read_answer(text, model.vocabulary)
        except ReadError:
            return out
        sides = [side for s in answer.statements for side in s.sides]
        return out + [e for side in sides for e in walk(side) if isinstance(e, (Ref, Call)) and not _is_step(e)]

    def by_input(self, text: str, activation: str, target: Ref, names: dict[str, Ref], model: Model) -> Ref | None:
        """The quantity in `the tanh applied to ...`: by its function and what it is applied to."""
        match = re.search(
            r"(?:appl\w*|acts|acting|works)\s+(?:on|to)\b|\b(?:tanh|sigmoid)\s+of\b(?!\s+the\s+(?:gate|layer))",
            text.lower(),
        )
        if not match or not activation:
            return None
        what = re.split(r",|\bbefore\b|\band\b|;", text[match.end() :], maxsplit=1)[0]
        mentioned = {e for e in self.mentions(what, names, model) if isinstance(e, Ref) and e.at}
        if not mentioned:
            return None
        fits = [
            e.left
            for e in model.equations
            if isinstance(e.right, Call) and e.right.function == activation and mentioned <= set(walk(e.right))
        ]
        if len(fits) == 1:
            return fits[0]
        inner = [
            e.left
            for e in model.equations
            for n in walk(e.right)
            if isinstance(n, Call) and n.function == activation and mentioned == {n.args[0]}
        ]
        return inner[0] if inner and not fits and inner[0] != target else None

    def decided(self, question: Question, text: str, named: Ref, target: Ref) -> Verdict:
        """The verdict, once it is known what was named."""
        from notation.latex import to_latex

        normal = Ref(named.name, tuple(simplified(a) for a in named.at))
        wanted = Ref(target.name, tuple(simplified(a) for a in target.at))
        if normal == wanted:
            return verdict(question, text, "correct", evidence=f"names the place of ${to_latex(target)}$")
        return verdict(
            question,
            text,
            "wrong",
            message=f"This names the place of ${to_latex(named)}$, and ${to_latex(target)}$ is asked.",
        )


def _one() -> Expr:
    from notation.tree import number

    return number(1)


def _is_step(e: Expr) -> bool:
    return isinstance(e, Ref) and not e.at and len(e.name) == 1 and e.name in "tT"


def roles(model: Model) -> Iterator[Role]:
    """The role of every computed quantity at its own step, and of states at the step before."""
    for e in model.equations:
        activation = e.right.function if isinstance(e.right, Call) else ""
        partners = tuple(p for other in model.equations for p in _partners(other.right, e.left))
        yield Role(e.left, activation, partners)
    own = {e.left for e in model.equations}
    for name, _ in model.initial:
        for e in model.equations:
            for ref in (n for n in walk(e.right) if isinstance(n, Ref) and n.name == name and n not in own):
                yield Role(ref, "", tuple(_partners(e.right, ref)))


def _partners(e: Expr, target: Ref) -> Iterator[Expr]:
    """What a quantity is multiplied by elementwise."""
    for node in walk(e):
        if isinstance(node, Mul) and node.kind == "elementwise":
            if node.left == target:
                yield from _with_inner(node.right)
            elif node.right == target:
                yield from _with_inner(node.left)


def _with_inner(e: Expr) -> Iterator[Expr]:
    """A factor, and what a function is applied to in it (tanh of C_t is spoken of as C_t)."""
    yield e
    if isinstance(e, Call):
        yield from e.args
