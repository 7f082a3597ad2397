"""What a field of a design may say: phrases, numbers as formulas, and lists of classes; and which of it is right."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from pydantic import Field

from checkers.phrases import PhraseError, Said, pattern, words
from checkers.spec import Strict
from notation.answer import read_formula
from notation.errors import EvaluationError, ReadError, ShapeError
from notation.evaluate import evaluate
from notation.scope import Scope
from notation.tree import Ref, walk
from notation.vocabulary import Vocabulary

_OPERATORS = frozenset("+-*/^")


class Value(Strict):
    """One thing that can be said: a `phrase`, a `number` (with the noun it counts), or `classes` (listed or counted).

    `lead` may come before it. `because` tells why a wrong one is wrong.
    """

    phrase: str = ""
    number: str = ""
    classes: list[list[str]] | str | None = None
    of: str = ""
    lead: str = ""
    because: str = ""


class FieldSpec(Strict):
    """One thing that a design has to state. `answer` is the model answer, `cue` what a text without label mentions."""

    answer: str
    called: list[str] = Field([])
    cue: str = ""
    right: list[Value | str]
    wrong: list[Value | str] = Field([])


@dataclass(frozen=True)
class Reader:
    """The values of one field, ready to be found in words."""

    name: str
    cue: re.Pattern[str] | None
    rules: tuple[_Phrase | _Number | _Classes, ...]

    def meaning(self, text: tuple[str, ...], labelled: bool) -> list[Said]:
        """What a stretch of words says as a whole about this field."""
        line = "".join(w + " " for w in text)
        if not labelled and (self.cue is None or not self.cue.search(line)):
            return []
        found = [s for rule in self.rules for s in rule.said(self.name, line, text, labelled)]
        stated = [s for s in found if not s.implied] or found
        return [next(s for s in stated if s.right is side) for side in {s.right for s in stated}]


def reader(name: str, spec: FieldSpec, synonyms: Mapping[str, Sequence[str]]) -> Reader:
    """The reader of one field."""
    rules: list[_Phrase | _Number | _Classes] = []
    for right, values in ((True, spec.right), (False, spec.wrong)):
        for value in values:
            v = Value(phrase=value) if isinstance(value, str) else value
            lead = f"(?:{pattern(v.lead, synonyms)})" if v.lead else ""
            of = f"(?:{pattern(v.of, synonyms)})" if v.of else ""
            if v.phrase and re.fullmatch(pattern(v.phrase, synonyms), ""):
                raise PhraseError(f"'{v.phrase}' can be left out as a whole")
            if v.phrase:
                rules.append(_Phrase(re.compile(lead + pattern(v.phrase, synonyms)), right, v.because))
            if v.number:
                rules.append(_Number(v.number, re.compile(lead), of, right, v.because))
            if v.classes is not None:
                rules.append(
                    _Classes(_items(v.classes), re.compile(lead), of, right, v.because, isinstance(v.classes, str))
                )
    cue = re.compile(pattern(spec.cue, synonyms)) if spec.cue else None
    return Reader(name, cue, tuple(rules))


def _items(classes: list[list[str]] | str) -> tuple[tuple[str, ...], ...]:
    """The classes with their names; `0..4` is a range of numbers."""
    if isinstance(classes, str):
        low, _, high = classes.partition("..")
        return tuple((str(k),) for k in range(int(low), int(high) + 1))
    return tuple(tuple(c) for c in classes)


@dataclass(frozen=True)
class _Phrase:
    expression: re.Pattern[str]
    right: bool
    because: str

    def said(self, name: str, line: str, text: tuple[str, ...], labelled: bool) -> list[Said]:
        del text, labelled
        return [Said(name, self.right, self.because)] if self.expression.fullmatch(line) else []


@dataclass(frozen=True)
class _Number:
    formula: str
    lead: re.Pattern[str]
    of: str
    right: bool
    because: str

    def said(self, name: str, line: str, text: tuple[str, ...], labelled: bool) -> list[Said]:
        del text
        letters = "|".join(sorted({r.name for r in walk(_formula(self.formula)) if isinstance(r, Ref)}) or ["\\d"])
        term = rf"(?:(?:\d+|{letters}|[-+*/^]) )+"
        noun = f"(?:{self.of}){'?' if labelled else ''}"
        found = re.fullmatch(rf"(?:= )?(?:{self.lead.pattern})(?P<number>{term}){noun}", line)
        if found is None:
            return []
        same = _same(found["number"], self.formula)
        if same is None:
            return []
        if same:
            return [Said(name, self.right, self.because)]
        return (
            [Said(name, False, f"this is {self.formula}, not {found['number'].strip()}", implied=True)]
            if self.right
            else []
        )


def _formula(text: str) -> Ref:
    return read_formula(text, Vocabulary(open=True))  # type: ignore[return-value]


def _same(given: str, wanted: str) -> bool | None:
    """Whether two formulas in sizes are equal; None where the first is no formula."""
    pieces = given.split()
    if pieces[-1] in _OPERATORS or pieces[0] in _OPERATORS - {"-"}:
        return None
    try:
        first, second = _formula(given), _formula(wanted)
        for k in (7.0, 11.0, 23.0):
            scope = Scope(lookup=lambda name, at, k=k: np.asarray(k + len(name)))  # type: ignore[misc]
            if abs(float(evaluate(first, scope)) - float(evaluate(second, scope))) > 1e-9:
                return False
    except (ReadError, EvaluationError, ShapeError, TypeError):
        return None
    return True


@dataclass(frozen=True)
class _Classes:
    items: tuple[tuple[str, ...], ...]
    lead: re.Pattern[str]
    of: str
    right: bool
    because: str
    numeric: bool

    def said(self, name: str, line: str, text: tuple[str, ...], labelled: bool) -> list[Said]:
        del text, labelled
        found = re.fullmatch(
            rf"(?:{self.lead.pattern})(?:(?P<count>\d+) (?:{self.of}))?(?P<rest>.*?)(?:{self.of})?", line
        )
        if found is None:
            return []
        count = int(found["count"]) if found["count"] else None
        bounds = re.fullmatch(r"(?:(?:value|integer|score|from|between) )*(\d+) (?:to|through) (\d+) ", found["rest"])
        if self.numeric and bounds is not None:
            listed: set[int] | None = self.between(int(bounds[1]), int(bounds[2]))
            if listed is None:
                return [self.off(name, f"the values run from {self.items[0][0]} to {self.items[-1][0]}")]
        else:
            listed = self.listed(found["rest"])
        if listed is None or (count is None and not listed):
            return []
        full = len(listed) == len(self.items)
        if count is not None and count != len(self.items):
            return [self.off(name, f"there are {len(self.items)} classes, not {count}")]
        if listed and not full:
            if count is not None or len(listed) < 2:
                return []
            absent = next(i[0] for k, i in enumerate(self.items) if k not in listed)
            return [self.off(name, f"'{absent}' is missing")]
        return [Said(name, self.right, "" if self.right else self.because)]

    def off(self, name: str, reason: str) -> Said:
        """A list or number of classes that is another one."""
        return Said(name, False, reason, implied=True)

    def between(self, low: int, high: int) -> set[int] | None:
        """All classes where a range names the first and the last of them."""
        ends = (int(self.items[0][0]), int(self.items[-1][0]))
        return set(range(len(self.items))) if (low, high) == ends else None

    def listed(self, rest: str) -> set[int] | None:
        """The classes that a list names; None where it holds anything else."""
        names = {" ".join(words(w)): k for k, item in enumerate(self.items) for w in item}
        out: set[int] = set()
        left = rest.strip()
        ordered = sorted(names, key=len, reverse=True)
        while left:
            hit = next((n for n in ordered if left == n or left.startswith(n + " ")), None)
            if hit is None:
                return None
            out.add(names[hit])
            left = left[len(hit) :].strip()
        return out
