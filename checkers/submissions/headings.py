"""Which question a heading means: `4(a)`, `Question 4a:`, `1a.i`, `5 mult` and `# 4` with `## (a)` below it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from checkers.errors import did_you_mean

_WORD = r"(?:(?:question|problem|exercise|part|task|solution|answer|ans|ques|q)\b\.?(?:\s*(?:to|for|of|no\.?|number))?)"
_OPEN = rf"\s*(?P<word>(?:{_WORD}\s*)*|q(?=\d))[\s(\[#.:]*"
_BETWEEN = r"[\s.,\-_()\[\]]*"
# An id ends where its word ends, and is not the beginning of a longer one: `4a-hS`, `4a(ii)` and `4a.ii` are not 4a.
_AFTER = (
    r"(?![0-9A-Za-z])(?![)\]]*[-_(\[]+[A-Za-z]{1,4}(?![A-Za-z]))"
    r"(?![)\]]*\.[A-Za-z]{1,4}[).:\]]*(?:\s*\(|\s*$))"
)
# Ids, with the words before them, are at the head of a line; patterns with several optional parts see no more of it.
_HEAD = 200
_PARTS = re.compile(r"\d+|[A-Z]?[a-z]+|[A-Z]+")
_LOOKS_LIKE = re.compile(rf"{_OPEN}\d{{1,2}}[.\-(\s]*[a-h]?[).\-(\s]*(?:[ivx]{{1,4}}|[a-zA-Z]{{1,2}})?[).:\s]*", re.I)


@dataclass(frozen=True, slots=True)
class Found:
    """A question named at the beginning of a text: its id, what follows, and how it was introduced."""

    id: str
    rest: str
    worded: bool
    closed: bool


class QuestionIds:
    """The ids of an assignment, and the ways of writing them.

    >>> ids = QuestionIds(["1a-i", "4a", "4a-hT", "5-mult"])
    >>> [ids.exact(text) for text in ("4(a)", "1(a)(i)", "5 mult", "4a.hT", "9z")]
    ['4a', '1a-i', '5-mult', '4a-hT', None]
    >>> ids.leading("Question 4(a) (5 marks): the cell state").id
    '4a'
    """

    def __init__(self, ids: Iterable[str]) -> None:
        self.ids = tuple(ids)
        self._patterns: list[tuple[str, re.Pattern[str]]] = []
        self._beginnings: list[re.Pattern[str]] = []
        for id in self.ids:
            parts = [re.escape(part) for part in _PARTS.findall(id)]
            body = _BETWEEN.join(parts)
            for flags in (0, re.IGNORECASE):
                opening = f"(?i:{_OPEN})"
                self._patterns.append((id, re.compile(rf"{opening}(?P<id>{body}){_AFTER}(?P<end>[)\].:]*)", flags)))
            for count in range(1, len(parts)):
                beginning = _BETWEEN.join(parts[:count])
                self._beginnings.append(
                    re.compile(rf"{_OPEN}{beginning}(?![0-9A-Za-z])(?P<end>[)\].:]*)(?P<rest>.*)", re.I | re.S)
                )

    def leading(self, text: str) -> Found | None:
        """The question that a text begins with: the longest id wins, and letters in their own case before others."""
        best: tuple[int, int] | None = None
        found: Found | None = None
        head = text[:_HEAD]
        for order, (id, pattern) in enumerate(self._patterns):
            match = pattern.match(head)
            if match is None:
                continue
            score = (match.end("id"), -(order % 2))
            if best is None or score > best:
                best = score
                found = Found(id, text[match.end() :].strip(), bool(match["word"]), bool(match["end"]))
        return found

    def exact(self, text: str) -> str | None:
        """The question that the whole text names."""
        if text in self.ids:
            return text
        found = self.leading(text.strip())
        return found.id if found is not None and not found.rest else None

    def begins(self, text: str) -> bool:
        """Whether a heading names what several ids begin with, as `Question 4` does for 4a and 4b."""
        for pattern in self._beginnings:
            match = pattern.match(text[:_HEAD])
            if match is not None and (not match["rest"].strip() or match["word"] or match["end"]):
                return True
        return False

    def looks_like_question(self, text: str) -> bool:
        """Whether a text has the form of a question's name, known or not."""
        return len(text) <= _HEAD and _LOOKS_LIKE.fullmatch(text.strip()) is not None

    def suggestion(self, text: str) -> str:
        """A did-you-mean for a heading that names no question."""
        bare = re.sub(rf"^{_OPEN}", "", text[:_HEAD].strip(), flags=re.I)
        hint = did_you_mean(re.sub(r"[().:\s]+", "", bare[:12]), self.ids)
        return hint if hint.startswith("did") else ""


@dataclass(slots=True)
class Outline:
    """Follows nested headings, so that `## (a)` under `# Question 4` is 4a."""

    ids: QuestionIds
    stack: list[tuple[int, str]] = field(default_factory=list)

    def question(self, level: int, heading: str) -> str | None:
        """The question that a heading at this level names, if any; call it for every heading in order."""
        while self.stack and self.stack[-1][0] >= level:
            self.stack.pop()
        answering = any(name in self.ids.ids for _, name in self.stack)
        found = self.ids.leading(heading)
        # Inside an answer `### 2 terms` and `### 1. First` are headings of that answer.
        if found is not None and not (answering and found.id.isdigit() and not found.worded and found.rest):
            self.stack.append((level, found.id))
            return found.id
        if self.stack:
            below = f"{self.stack[-1][1]} {heading}"
            if (id := self.ids.exact(below)) is not None:
                self.stack.append((level, id))
                return id
            if self.ids.begins(below):
                self.stack.append((level, below))
                return None
        if not answering and self.ids.begins(heading):
            self.stack.append((level, heading.split(":", maxsplit=1)[0]))
        return None

    def opens(self, level: int) -> bool:
        """Whether the heading just asked about only begins ids, as `Question 4` does."""
        return bool(self.stack) and self.stack[-1][0] == level

    def part(self) -> str:
        """The heading above, where it only begins ids, as `Question 4` does; otherwise nothing."""
        return self.stack[-1][1] if self.stack and self.stack[-1][1] not in self.ids.ids else ""
