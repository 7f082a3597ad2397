"""Gradients and recurrences of adjoints: derived with the calculus, checked against autograd and a standard module."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from checkers.assignment import Question
from checkers.cases import Asked
from checkers.formula import Formula
from checkers.kinds.base import Kind, verdict
from checkers.roads import autograd_road, derived_road, standard_road
from checkers.solution import Plot, Solution
from checkers.verdict import Verdict
from derivations.model import Model
from notation.plain import to_plain
from notation.tree import Add, Call, Expr, Partial, Ref, number, walk

if TYPE_CHECKING:
    from checkers.bench import Bench


class Gradient(Kind):
    """`gradient of: L`, `with respect to: C_t`, `in terms of: [dL/dC_{t+1}, dL/dh_t]`.

    `allow` lists further derivatives that an answer may use, or `any`; `aliases` are names of this question alone (`w`
    for the weight it speaks of).

    `through` keeps the derivation at the level of these states, whose Jacobians stand; `steps` says which steps are
    asked about (`t < S`). An answer that is right only in one of the `special cases`, other models, waits for a person.

    `where` lists derivatives whose own recurrence belongs to the answer; `chain rule: open` lets its factors stand.

    `unroll` carries a linear recurrence through to the last step; `layout: fixed` refuses a transposed answer.
    """

    kind: Literal["gradient"] = "gradient"
    model: str
    gradient_of: str = Field(alias="gradient of")
    with_respect_to: str = Field(alias="with respect to")
    in_terms_of: list[str] = Field([], alias="in terms of")
    layout: Literal["open", "fixed"] = "open"
    allow: list[str] = Field([])
    aliases: dict[str, str] = Field({})
    where: list[str] = Field([])
    chain_rule: Literal["carried out", "open"] = Field("carried out", alias="chain rule")
    through: list[str] = Field([])
    steps: str = ""
    special_cases: list[str] = Field([], alias="special cases")
    unroll: bool = False
    prose: bool = False
    words: str = ""
    rubric: list[str] = Field([])
    demonstration: str = ""

    def target(self, model: Model, bench: Bench, question: Question) -> Partial:
        """The derivative that is asked, as a tree."""
        text = f"\\frac{{\\partial {self.gradient_of}}}{{\\partial {self.with_respect_to}}}"
        return self.derivative(bench, question, model, text, "with respect to")

    def named(self, model: Model, bench: Bench, question: Question) -> tuple[Expr, ...]:
        """The derivatives in which the key is written."""
        return tuple(self.derivative(bench, question, model, text, "in terms of") for text in self.in_terms_of)

    def allowed(self, model: Model, bench: Bench, question: Question) -> tuple[Expr, ...] | None:
        """The derivatives that an answer may use; None for any but the asked one."""
        if "any" in self.allow:
            return None
        more = tuple(self.derivative(bench, question, model, text, "allow") for text in self.allow)
        return self.named(model, bench, question) + more

    def solve(self, bench: Bench, question: Question) -> Solution:
        """Derive the answer and check it on every road that applies."""
        from derivations.gradients import derive_gradient

        model = bench.model(self.model)
        target, named = self.target(model, bench, question), self.named(model, bench, question)
        states = tuple(self.quantity(bench, question, model, text, "through").name for text in self.through)
        steps = self.condition(model, bench, question)
        derived = derive_gradient(model, target, named, unroll=self.unroll, through=states, where=steps)
        worlds = bench.worlds(self.model)
        roads = [derived_road(derived, target, worlds), autograd_road(derived.claim, target, worlds, steps=steps)]
        roads.extend(standard_road(bench, self.model))
        plots: tuple[Plot, ...] = ()
        if self.demonstration:
            from checkers.demonstrations import demonstrate

            plots = demonstrate(self.demonstration, bench, self.model, question).plots
        found = [derived]
        for text in self.where:
            recurrence = self.derivative(bench, question, model, text, "where")
            more = derive_gradient(model, recurrence, (later(recurrence),))
            roads.append(autograd_road(more.claim, recurrence, worlds, f"autograd, {to_plain(recurrence)}"))
            found.append(more)
        return Solution(
            question.id,
            answers=tuple(d.claim for d in found),
            index_form=tuple(d.index_form for d in found if d.index_form is not None),
            steps=tuple(step for d in found for step in d.steps),
            assumptions=derived.assumptions,
            roads=tuple(roads),
            words=self.words,
            rubric=tuple(self.rubric),
            rule=self.rule(),
            plots=plots,
        )

    def condition(self, model: Model, bench: Bench, question: Question) -> Expr | None:
        """The steps that are asked about, where they are not all."""
        return self.read(bench, question, model, self.steps, "steps") if self.steps else None

    def rule(self) -> str:
        """How an answer is judged, in one line."""
        if self.chain_rule == "open":
            return "Any formula with the same value counts, the factors of the chain rule included."
        return "Any formula with the same value counts; it may use only the derivatives that the question names."

    def check(self, bench: Bench, question: Question, text: str) -> Verdict:
        """Judge one answer that is not empty."""
        found = self.against(bench, question, text, self.model)
        if found.status != "wrong":
            return found
        for name in self.special_cases:
            declared, needed = self.declared(bench, name, text)
            if needed and not declared:
                continue  # small sizes and first values hide slips: only an answer that says so is read so
            special = self.against(bench, question, text, name)
            if special.status == "correct":
                if declared:
                    note = f"read as the answer assumes: {bench.assignment.models[name].about}"
                    return replace(special, notes=(*special.notes, note))
                about = bench.assignment.models[name].about
                message = f"This is right only in a special case: {about}. A person decides."
                return verdict(question, text, "manual", reading=found.reading, message=message)
        return found

    def declared(self, bench: Bench, name: str, text: str) -> tuple[bool, bool]:
        """Whether an answer says that it takes a special case, and whether it must, because a slip could look like it.

        It says so by the name of the function that replaces the unknown one, by setting a first value to zero, or by
        speaking of scalars or one unit.
        """
        fixed = bench.assignment.models[name].samples
        if fixed:
            sizes = "|".join(rf"\b{re.escape(n)}\s*=\s*{re.escape(k)}\b" for n, k in fixed.items())
            said = rf"\bscalars?\b|\b(?:one|single|1)\s+(?:hidden\s+)?unit\b|{sizes}"
            return re.search(said, text, re.IGNORECASE) is not None, True
        functions = {
            node.function
            for e in bench.model(name).equations
            for node in walk(e.right)
            if isinstance(node, Call) and node.function not in bench.model(self.model).functions
        }
        if zero := _zero_inputs(bench.model(name)) - _zero_inputs(bench.model(self.model)):
            said = "|".join(rf"(?<![A-Za-z]){re.escape(z)}_?\{{?0\}}?\s*(?:=|is|:=|be|≡)\s*(?:0|zero)\b" for z in zero)
            return re.search(said, text.replace("₀", "_0").replace("$", " "), re.IGNORECASE) is not None, True
        words = "|".join(sorted(functions)) or "(?!)"
        said = rf"(?:taking|assum\w*|suppose|let|with|choos\w*|for|use|using|usual|=)[^.\n]{{0,30}}\b(?:{words})\b"
        return re.search(said, text, re.IGNORECASE) is not None, False

    def against(self, bench: Bench, question: Question, text: str, name: str) -> Verdict:
        """The verdict on an answer as one about this model."""
        model = bench.model(name).also_called(self.aliases)
        target, allowed = self.target(model, bench, question), self.allowed(model, bench, question)
        asked = Asked(target, model.loss, allowed, self.layout == "open", chain_rule=self.chain_rule == "open")
        asked = replace(asked, steps=self.condition(model, bench, question))
        key = bench.solution(question.id).answers[0]
        return Formula(question, model, bench.worlds(name), asked, key.sides[-1], prose=self.prose).judge(text)  # type: ignore[attr-defined]


def _zero_inputs(model: Model) -> set[str]:
    """The quantities whose first value is zero."""
    return {name for name, how in model.samples.items() if how == "zero"}


def later(target: Partial) -> Partial:
    """The same derivative one step later."""
    wrt = target.wrt
    assert isinstance(wrt, Ref)
    return replace(target, wrt=replace(wrt, at=tuple(Add((a, number(1))) for a in wrt.at)))
