"""Matching rows of words in time proportional to their number, whatever a phrase repeats and leaves out."""

from __future__ import annotations

import re
from collections.abc import Sequence

_TOKEN = re.compile(r"\(\?:|[()|?*+]|((?:\\.|[^\\ ()|?*+])+) ", re.DOTALL)
_State = frozenset[int]


def matches_nothing(expression: str) -> bool:
    """Whether an expression matches a row of no words.

    >>> matches_nothing("(?:a )?(?:b |(?:c )*)"), matches_nothing("(?:a )?b ")
    (True, False)
    """
    groups: list[list[bool]] = [[False, True, True]]  # one of the alternatives; this one so far; its last item
    for token in _TOKEN.finditer(expression):
        top = groups[-1]
        if token[0] == "(?:":
            groups.append([False, True, True])
        elif token[0] == "|":
            groups[-1] = [top[0] or (top[1] and top[2]), True, True]
        elif token[0] in {"?", "*"}:
            top[2] = True
        elif token[0] != "+":
            item = False
            if token[0] == ")":
                inner = groups.pop()
                top, item = groups[-1], inner[0] or (inner[1] and inner[2])
            top[1], top[2] = top[1] and top[2], item
    last = groups[0]
    return last[0] or (last[1] and last[2])


class Automaton:
    """Which of several expressions match a row of words as a whole.

    The expressions are those of `checkers.phrases.pattern`: groups, alternatives and repetitions of words that are each
    followed by a space. Sets of states are kept once they have been met.

    >>> known = Automaton(["(?:a )+b ", "a (?:b |c )?"])
    >>> sorted(known.matches(("a", "b"))), sorted(known.matches(("a", "a", "b"))), sorted(known.matches(("b",)))
    ([0, 1], [0], [])
    """

    def __init__(self, expressions: Sequence[str]) -> None:
        self._empty: list[list[int]] = []
        self._by_word: list[tuple[str, int] | None] = []
        self._accepts: dict[int, int] = {}
        starts: list[int] = []
        for tag, expression in enumerate(expressions):
            first, last = self._alternatives([(m[0], m[1]) for m in _TOKEN.finditer(expression)], [0])
            starts.append(first)
            self._accepts[last] = tag
        self._start = self._closed(starts)
        self._steps: dict[_State, dict[str, list[int]]] = {}
        self._next: dict[_State, dict[str, _State]] = {}
        self._tags: dict[_State, frozenset[int]] = {}

    def matches(self, words: Sequence[str]) -> frozenset[int]:
        """The numbers of the expressions that match all the words."""
        state = self._start
        for word in words:
            known = self._next.setdefault(state, {})
            after = known.get(word)
            if after is None:
                after = known[word] = self._closed(self._steps_from(state).get(word, []))
            if not after:
                return frozenset()
            state = after
        tags = self._tags.get(state)
        if tags is None:
            tags = self._tags[state] = frozenset(self._accepts[s] for s in state if s in self._accepts)
        return tags

    def _steps_from(self, state: _State) -> dict[str, list[int]]:
        """Where each word leads from a set of states."""
        found = self._steps.get(state)
        if found is None:
            found = self._steps[state] = {}
            for word, after in (s for s in map(self._by_word.__getitem__, state) if s is not None):
                found.setdefault(word, []).append(after)
        return found

    def _closed(self, states: Sequence[int]) -> _State:
        """The states with all that are reached from them without a word."""
        seen, waiting = set(states), list(states)
        while waiting:
            for after in self._empty[waiting.pop()]:
                if after not in seen:
                    seen.add(after)
                    waiting.append(after)
        return frozenset(s for s in seen if self._by_word[s] is not None or s in self._accepts)

    def _new(self) -> int:
        self._empty.append([])
        self._by_word.append(None)
        return len(self._empty) - 1

    def _alternatives(self, tokens: list[tuple[str, str | None]], at: list[int]) -> tuple[int, int]:
        """Read alternatives up to a closing bracket or the end; `at` is the place in the tokens."""
        first, last = self._new(), self._new()
        while True:
            begin = here = self._new()
            self._empty[first].append(begin)
            while at[0] < len(tokens) and tokens[at[0]][0] not in {"|", ")"}:
                here = self._item(tokens, at, here)
            self._empty[here].append(last)
            if at[0] >= len(tokens) or tokens[at[0]][0] == ")":
                return first, last
            at[0] += 1

    def _item(self, tokens: list[tuple[str, str | None]], at: list[int], here: int) -> int:
        """Read a word or a group with what repeats it, after the state `here`; the state behind it."""
        word = tokens[at[0]][1]
        at[0] += 1
        if word is not None:
            first, last = self._new(), self._new()
            self._by_word[first] = (re.sub(r"\\(.)", r"\1", word), last)
        else:
            first, last = self._alternatives(tokens, at)
            at[0] += 1
        sign = tokens[at[0]][0] if at[0] < len(tokens) else ""
        if not sign or sign not in "?*+":
            self._empty[here].append(first)
            return last
        enter, leave = self._new(), self._new()
        self._empty[here].append(enter)
        self._empty[enter].append(first)
        self._empty[last].append(leave)
        at[0] += 1
        if sign in "?*":
            self._empty[enter].append(leave)
        if sign in "*+":
            self._empty[leave].append(enter)
        return leave
