"""What a field of a design may say: phrases, numbers as formulas, and lists of classes; and which of it is right."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from pydantic import Field

from checkers.automaton import Automaton, matches_nothing
from checkers.phrases import PhraseError, Said, pattern, words
from checkers.remarks import remark_words
from checkers.spec import Strict
from notation.answer import read_formula
from notation.errors import EvaluationError, ReadError, ShapeError
from notation.evaluate import evaluate
from notation.scope import Scope
from notation.tree import Ref, walk
from notation.vocabulary import Vocabulary

_OPERATORS = frozenset("+-*/^")
_BOUNDS = re.compile(r"(\d+) ((?:[a-z=]+ )*?)(?:(?<!\d )|(?:to|through|until|and|\.+) )(\d+)((?: [a-z=]+)*)")
# a number after one of them counts classes: a softmax of size 4
_MEASURES = frozenset({"size", "dimension"})


class Value(Strict):
    """One thing that can be said: a `phrase`, a `number` (with the noun it counts), or `classes` (listed or counted).

    `lead` may come before it. `because` tells why a wrong one is wrong. A `part` is right only with the other parts of
    its field. `ends` are what the ends of a range of classes may be called.
    """

    phrase: str = ""
    number: str = ""
    classes: list[list[str]] | str | None = None
    of: str = ""
    lead: str = ""
    because: str = ""
    part: str = ""
    ends: list[str] = Field([])


class FieldSpec(Strict):
    """One thing that a design has to state. `answer` is the model answer, `cue` what a text without label mentions.

    Clauses made of the words of `remark` alone may stand beside one that decides the field.
    """

    answer: str
    called: list[str] = Field([])
    cue: str = ""
    right: list[Value | str]
    wrong: list[Value | str] = Field([])
    remark: list[str] = Field([])


@dataclass(frozen=True)
class Reader:
    """The values of one field, ready to be found in words."""

    name: str
    cue: re.Pattern[str] | None
    phrases: tuple[Said, ...]
    automaton: Automaton
    rules: tuple[_Number | _Classes, ...]
    remark: frozenset[str] = frozenset()

    def meaning(self, text: tuple[str, ...], labelled: bool) -> list[Said]:
        """What a stretch of words says as a whole about this field."""
        line = "".join(w + " " for w in text)
        if not text or (not labelled and (self.cue is None or not self.cue.search(line))):
            return []
        found = [self.phrases[k] for k in sorted(self.automaton.matches(text))]
        found += [s for rule in self.rules for s in rule.said(self.name, text, labelled)]
        stated = [s for s in found if not s.implied] or found
        return [
            min((s for s in stated if s.right is side), key=lambda s: (s.part != "", s.part))
            for side in sorted({s.right for s in stated})
        ]


def reader(
    name: str, spec: FieldSpec, synonyms: Mapping[str, Sequence[str]], known: dict[str, str] | None = None
) -> Reader:
    """The reader of one field. `known` holds expressions of synonyms that are made once for all fields."""
    known = {} if known is None else known
    rules: list[_Number | _Classes] = []
    phrases: dict[str, Said] = {}
    for right, values in ((True, spec.right), (False, spec.wrong)):
        for value in values:
            v = Value.model_validate({"phrase": value}) if isinstance(value, str) else value
            lead = f"(?:{pattern(v.lead, synonyms, 0, known)})" if v.lead else ""
            of = f"(?:{pattern(v.of, synonyms, 0, known)})" if v.of else ""
            if v.phrase:
                said = pattern(v.phrase, synonyms, 0, known)
                if matches_nothing(said):
                    raise PhraseError(f"'{v.phrase}' can be left out as a whole")
                expression = f"{lead}(?:{said})"
                phrases.setdefault(expression, Said(name, right, v.because, part=v.part))
            if v.number:
                rules.append(_Number(v.number, Automaton([lead]), Automaton([of, ""]), right, v.because))
            if v.classes is not None:
                ends = tuple(
                    Automaton([f"(?:{pattern(e, synonyms, 0, known)})?"]) for e in [*v.ends, "(a1)", "(a1)"][:2]
                )
                rules.append(
                    _Classes(
                        _items(v.classes),
                        literal(lead),
                        literal(of),
                        right,
                        v.because,
                        isinstance(v.classes, str),
                        ends,
                    )
                )
    cue = re.compile(pattern(spec.cue, synonyms, 0, known)) if spec.cue else None
    return Reader(name, cue, tuple(phrases.values()), Automaton(list(phrases)), tuple(rules), remark_words(spec.remark))


def literal(expression: str) -> frozenset[str]:
    """All words of an expression."""
    return frozenset(re.sub(r"\\(.)", r"\1", w) for w in re.findall(r"((?:\\.|[^\\ ()|?*+:])+) ", expression))


def _items(classes: list[list[str]] | str) -> tuple[tuple[str, ...], ...]:
    """The classes with their names; `0..4` is a range of numbers."""
    if isinstance(classes, str):
        low, _, high = classes.partition("..")
        return tuple((str(k),) for k in range(int(low), int(high) + 1))
    return tuple(tuple(c) for c in classes)


@dataclass(frozen=True)
class _Number:
    formula: str
    lead: Automaton
    of: Automaton
    right: bool
    because: str

    def said(self, name: str, text: tuple[str, ...], labelled: bool) -> list[Said]:
        text = text[1:] if text and text[0] == "=" else text
        letters = {r.name for r in walk(_formula(self.formula)) if isinstance(r, Ref)}
        for start in range(len(text)):
            if not self.lead.matches(text[:start]):
                continue
            end = start
            while end < len(text) and (text[end] in letters or text[end] in _OPERATORS or text[end][0].isdigit()):
                end += 1
                noun = self.of.matches(text[end:])
                if not noun or (noun == {1} and not labelled):
                    continue
                number = " ".join(text[start:end])
                same = _same(number, self.formula)
                if same:
                    return [Said(name, self.right, self.because)]
                if same is False and self.right:
                    return [Said(name, False, f"this is {self.formula}, not {number}", implied=True)]
        return []


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
    around: frozenset[str]
    of: frozenset[str]
    right: bool
    because: str
    numeric: bool
    ends: tuple[Automaton, ...]

    def said(self, name: str, text: tuple[str, ...], labelled: bool) -> list[Said]:
        """Every word is a class, a number or one that may stand around; a number before `of` counts the classes."""
        del labelled
        ways: list[tuple[int | None, list[str]]] = []
        for loose in (self.around | self.of, frozenset[str]()):  # `per` is a class, or part of `per word`
            left, counts = self.sorted(text, loose)
            if left is not None:
                ways.append((None, left))
                ways += [(int(left[k]), [*left[:k], *left[k + 1 :]]) for k in counts if k in {0, len(left) - 1}]
        found = [s for s in (self.judged(name, " ".join(rest), count) for count, rest in ways) if s]
        return next((s for s in found if s[0].right is self.right and not s[0].implied), found[0] if found else [])

    def sorted(self, text: tuple[str, ...], loose: frozenset[str]) -> tuple[list[str] | None, list[int]]:
        """The classes and numbers of a text, and which of them count classes; None where anything else is said."""
        names = sorted((tuple(words(w)) for item in self.items for w in item), key=len, reverse=True)
        left: list[str] = []
        counts: list[int] = []
        k = 0
        while k < len(text):
            hit = next((n for n in names if text[k : k + len(n)] == n and not (len(n) == 1 and n[0] in loose)), None)
            if text[k] == "1" and self.no_number(text, k, names):
                pass
            elif text[k].isdigit():
                if (k + 1 < len(text) and text[k + 1] in self.of) or (k and text[k - 1] in _MEASURES):
                    counts.append(len(left))
                left.append(text[k])
            elif hit is not None:
                left.extend(hit)
                k += len(hit) - 1
            elif text[k] not in self.around and text[k] not in self.of:
                if not self.numeric:
                    return None, []
                left.append(text[k])
            k += 1
        return left, counts

    def no_number(self, text: tuple[str, ...], k: int, names: list[tuple[str, ...]]) -> bool:
        """Whether a 1 belongs to `each one of them`, to `one for each of person, place` or to `one of 4 classes`."""
        before, after = text[k - 1] if k else "", text[k + 1] if k + 1 < len(text) else ""
        if after == "each":
            return any(text[k + 2 : k + 2 + len(n)] == n for n in names)
        return before == "each" or (after.isdigit() and k + 2 < len(text) and text[k + 2] in self.of)

    def judged(self, name: str, rest: str, count: int | None) -> list[Said]:
        """What a list and a number of classes say together."""
        bounds = _BOUNDS.fullmatch(rest)
        if self.numeric and bounds is not None:
            if not all(e.matches(bounds[k].split()) for e, k in zip(self.ends, (2, 4), strict=True)):
                return []
            listed: set[int] | None = self.between(int(bounds[1]), int(bounds[3]))
            if listed is None:
                return [self.off(name, f"the values run from {self.items[0][0]} to {self.items[-1][0]}")]
        else:
            listed = self.listed(rest)
        numbers = rest.split()
        if self.numeric and listed is None and count is None and len(numbers) > 2 and all(n.isdigit() for n in numbers):
            odd = next((n for n in numbers if all(n not in item for item in self.items)), "")
            row = list(range(int(numbers[0]), int(numbers[0]) + len(numbers)))
            return [self.off(name, f"{odd} is none of the values")] if odd and [int(n) for n in numbers] == row else []
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
            if self.numeric and names[hit] in out:
                return None
            out.add(names[hit])
            left = left[len(hit) :].strip()
        return out
