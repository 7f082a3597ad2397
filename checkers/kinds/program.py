"""Programs and experiments: read by a person, except for numbers that can be judged.

A reported metric must lie within its bounds, and a reported number of parameters must be the one that is derived.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from checkers.assignment import Question
from checkers.counted import counted
from checkers.doubt import doubt
from checkers.kinds.base import Kind, doubtful, verdict
from checkers.numbers import answer_value, read_numbers, shown
from checkers.parts import part_counts
from checkers.reported import Reported, flattened, reported
from checkers.solution import Road, Solution
from checkers.spec import Strict
from checkers.tally import Model, first_slip
from checkers.verdict import Verdict, Witness
from derivations.derivation import Step
from notation.tree import Expr, Num, Span, number
from notation.vocabulary import Vocabulary

if TYPE_CHECKING:
    from checkers.bench import Bench


# `0.978 on test`: more words say what a number is, and it is none without the metric's name
_FEW_WORDS = 3
# `parameters (28 inputs, 64 units): 8,714`: a number this small a share of the count is a size
_FAR = 0.02
_DENIED = re.compile(r"\b(?:not|no|never|without|instead|scaled?|normali[sz]ed)\b|n't\b", re.IGNORECASE)
# 10,698 parameters (32 units), 10,698 for LSTM-32
_BESIDE = re.compile(r"[ \t]*\w*[ \t]*(?:\(([^)]*)\)|(?:for|in|with)\s+((?:the\s+)?(?:[A-Za-z]+[-\s(=]*)?\d+))")


class Metric(Strict):
    """A number that the program reports, with the bounds in which a working one lies."""

    name: str
    low: float
    high: float
    inside: Literal["correct", "manual"] = "correct"
    outside: Literal["wrong", "manual"] = "wrong"
    possible: tuple[float, float] | None = None
    unit: str = ""

    def impossible(self, value: float, before: str, after: str) -> bool:
        """Whether no program can report this value in the unit that stands just before or after it."""
        if self.possible is None or not self.unit:
            return False
        named = re.compile(
            rf"[\s$*]*[(\[]?\s*(?:(?:in|as|of)\s+)?(?:the\s+|\w+\s+of\s+)?{re.escape(self.unit)}", re.IGNORECASE
        )
        clause = re.split(r"[.;\n](?!\d)", before)[-1]
        told = named.match(after) or (named.search(clause) and not _DENIED.search(clause))
        return bool(told) and not self.possible[0] <= value <= self.possible[1]


class Derived(Strict):
    """A number of parameters that follows from the forward equations of `model` at `sizes`."""

    name: str
    model: str
    sizes: dict[str, int] = Field({})


class Program(Kind):
    """`words:` says what a working program does, `rubric` what a person looks for; `metric` bounds a number, `derives`
    names models whose parameters are counted."""

    kind: Literal["program"] = "program"
    words: str
    rubric: list[str] = Field([])
    metric: Metric | None = None
    derives: list[Derived] = Field([])

    def solve(self, bench: Bench, question: Question) -> Solution:
        """Derive the answer and check it on every road that applies."""
        rule = "Read by a person."
        if self.metric is not None:
            counts = "counts" if self.metric.inside == "correct" else "is plausible"
            rule = f"A reported {self.metric.name} {counts} from {self.metric.low:g} to {self.metric.high:g}."
            if self.metric.inside == "manual":
                rule += " Whether the program gives it, a person decides."
        answers: list[Expr] = []
        steps: list[Step] = []
        roads: list[Road] = []
        for d in self.derives:
            if d.model not in bench.assignment.models:
                raise bench.assignment.error(f"there is no model '{d.model}'", "questions", question.id, "derives")
            count = counted(bench, question, d.model, d.sizes)
            answers.append(number(count.value))
            steps.append(Step(count.claim, f"parameters of the {d.name}"))
            roads.extend(Road(f"{road.name}, {d.name}", road.agrees, road.error, road.tried) for road in count.roads)
        if self.derives:
            rule += " A reported number of parameters must be one of those derived."
        return Solution(
            question.id,
            answers=tuple(answers),
            steps=tuple(steps),
            roads=tuple(roads),
            words=self.words,
            rubric=tuple(self.rubric),
            rule=rule,
        )

    def check(self, bench: Bench, question: Question, text: str) -> Verdict:
        """Judge one answer that is not empty."""
        text = flattened(text)
        wrong_count = self.wrong_count(bench, question, text) or self.unaccounted(bench, question, text)
        counts = self.counts(bench, question, text)
        said = f"The number of parameters is right ({', '.join(shown(c.value) for c in counts)})." if counts else ""
        found = self.measured(text) if self.metric is not None else []
        if self.metric is None or not found:
            if wrong_count is not None:
                return wrong_count
            what = "A program waits for a person." if self.metric is None else f"No {self.metric.name} was found; a "
            message = what if self.metric is None else f"{what}person decides."
            return verdict(question, text, "manual", message=f"{message} {said}".strip())
        if why := next((why for _, span in found if (why := doubt(text, span, value=True))), ""):
            return doubtful(question, text, why, ())
        refuted = [self.metric.impossible(r, text[:start], text[end:]) for r, (start, end) in found]
        if all(refuted) and self.metric.possible is not None:
            low, high = map(shown, self.metric.possible)
            value = f"{shown(found[0][0])} {self.metric.unit}"
            message = f"A {self.metric.name} of {value} is impossible: it lies between {low} and {high}."
            return verdict(
                question, text, "wrong", witness=Witness(self.metric.name, f"{low} to {high}", value), message=message
            )
        outside = next((r for r, _ in found if not self.metric.low <= r <= self.metric.high), None)
        if outside is not None and self.metric.outside == "manual":
            bounds = f"{shown(self.metric.low)} and {shown(self.metric.high)}"
            message = f"{shown(outside)} is not between {bounds}; a person decides."
            return verdict(question, text, "manual", message=message)
        if outside is not None:
            bounds = f"{shown(self.metric.low)} to {shown(self.metric.high)}"
            return verdict(
                question,
                text,
                "wrong",
                witness=Witness(self.metric.name, bounds, shown(outside)),
                message=f"A working program reaches a {self.metric.name} of {bounds}; {shown(outside)} was reported.",
            )
        told = ", ".join(f"{r:g}" for r, _ in found)
        if wrong_count is not None:
            return verdict(
                question,
                text,
                "partial",
                witness=wrong_count.witness,
                message=f"The {self.metric.name} is within bounds ({told}). {wrong_count.message}",
            )
        if self.metric.inside == "manual":
            message = (
                f"A {self.metric.name} of {told} is within the bounds; whether the program gives it, a person decides."
            )
            return verdict(question, text, "manual", message=message)
        return verdict(question, text, "correct", evidence=f"{self.metric.name} {told}. {said}".strip())

    def measured(self, text: str) -> list[tuple[float, Span]]:
        """The values of the metric in a report, and where they stand; a lone number needs no name."""
        assert self.metric is not None
        stem = self.metric.name.split()[-1].lower()[:6]
        other = ("train", "valid", "epoch") if "test" in self.metric.name else ()
        named = [(self.scaled(r), (r.start, r.end)) for r in reported(text, stem, without=other)]
        if named or re.search(rf"\b{stem}", text, re.IGNORECASE) or reported(text, "param"):
            return named
        answer, values = read_numbers(text, Vocabulary(open=True), {})
        found = answer_value(values)
        if len(answer.words) > _FEW_WORDS or re.search(r"loss|error|entropy|time", text, re.IGNORECASE):
            return []  # a number in a sentence about something else
        if len(values) != 1 or found is None or found.value is None or found.value.shape != () or answer.errors:
            return []
        value = float(found.value)
        percent = self.metric.high <= 1 < value <= 100 and "%" not in text
        return [(value / 100 if percent else value, found.statement.span)]

    def scaled(self, r: Reported) -> float:
        """A share where the metric is one, however it was written."""
        assert self.metric is not None
        share = self.metric.high <= 1
        return r.value / 100 if share and (r.percent or 1 < r.value <= 100) else r.value

    def counts(self, bench: Bench, question: Question, text: str) -> list[Reported]:
        """The reported numbers of parameters; one far below all of those derived says something else."""
        if not self.derives:
            return []
        least = min(int(e.value) for e in bench.solution(question.id).answers if isinstance(e, Num))
        return sorted((r for r in reported(text, "param") if r.value >= _FAR * least), key=lambda r: r.start)

    def wrong_count(self, bench: Bench, question: Question, text: str) -> Verdict | None:
        """The verdict on a reported number of parameters that is not derived, or belongs to another of the models."""
        if not (counts := self.counts(bench, question, text)):
            return None
        keys = [int(e.value) for e in bench.solution(question.id).answers if isinstance(e, Num)]
        position = 0
        if [round(c.value) for c in counts] == keys and _only_listed(text, counts):
            return None
        for count in counts:
            value = round(count.value)
            near = self.meant(text[position : count.start], text[count.end : count.end + 40])
            position = count.end
            wanted = [keys[near]] if near is not None else keys
            close = count.rounded and any(abs(count.value - k) <= 0.05 * k for k in wanted)
            if value in wanted or close:
                continue
            later = {round(c.value) for c in counts if c.start > count.start}
            if any(k in later and value in parts for k, parts in zip(keys, self.parts(bench), strict=True)):
                continue  # a table of layers with their sum
            told = "; ".join(f"{d.name} has {shown(k)}" for d, k in zip(self.derives, keys, strict=True))
            names = self.derives[near].name if near is not None else "The models"
            witness = Witness("the number of parameters", ", ".join(shown(k) for k in wanted), shown(value))
            message = f"{names[:1].upper()}{names[1:]}: {shown(value)} parameters were reported; the {told}."
            return verdict(question, text, "wrong", witness=witness, message=message)
        return None

    def parts(self, bench: Bench) -> list[frozenset[int]]:
        """The counts of parts of each of the models."""
        return [part_counts(bench.model(d.model), d.sizes) for d in self.derives]

    def unaccounted(self, bench: Bench, question: Question, text: str) -> Verdict | None:
        """The verdict on the first stated count that is neither a total nor that of a part, or a sum that is wrong."""
        if not self.derives:
            return None
        models = []
        keys = bench.solution(question.id).answers
        for d, key, parts in zip(self.derives, keys, self.parts(bench), strict=True):
            if not parts or not isinstance(key, Num):
                return None
            differing = [v for k, v in d.sizes.items() if len({x.sizes.get(k) for x in self.derives}) > 1]
            models.append(Model(d.name, int(key.value), parts, differing[0] if len(differing) == 1 else None))
        slip = first_slip(text, models)
        if slip is None:
            return None
        witness = Witness("the number of parameters", ", ".join(shown(k) for k in slip.wanted), shown(slip.value))
        return verdict(question, text, "wrong", witness=witness, message=slip.message)

    def meant(self, before: str, after: str) -> int | None:
        """Which of the models the words before a number (or just after it) speak of: a size that tells them apart."""
        if len(self.derives) < 2:
            return 0
        differing = {k for d in self.derives for k in d.sizes if len({x.sizes.get(k) for x in self.derives}) > 1}
        behind = _BESIDE.match(after)
        for words in (behind[1] or behind[2] if behind else "", before):
            hits = [
                (match.start(), n)
                for n, d in enumerate(self.derives)
                for k in differing
                for match in re.finditer(rf"(?<![\d.,]){d.sizes[k]}(?![\d.,]\d|\d)", words)
            ]
            if hits:
                return max(hits)[1]
        return None


def _only_listed(text: str, counts: list[Reported]) -> bool:
    """Whether counts stand one after the other without sizes beside them: `parameters 10,698 / 28,874`."""
    between = [text[a.end : b.start] for a, b in pairwise(counts)]
    near = re.split(r"[;.\n]", text[max(0, counts[0].start - 12) : counts[0].start])[-1]
    return not any(re.search(r"\d", t) for t in (*between, near))
