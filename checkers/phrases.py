"""Phrases in plain words: a small language for what may be said, and a reader that accounts for every word or gives up.

A phrase is words with `(a|b c)` for alternatives, `x?` for what may be left out, `(x)*` and `(x)+` for what may be said
again, and `<name>` for a list of synonyms.
Words are compared without their endings and without words that say nothing (`the`, `of`, `is`). A text is read only
when all of its words belong to phrases that are known, so a hedge, a denial or a further claim is never overlooked.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from checkers.automaton import matches_nothing
from notation.words import NUMBER_WORDS

# Words that change nothing in a statement of a value. Negations, hedges, "or" and "only" are not among them.
FILLERS = frozenset(
    """a an the of is are be being been they there we have has had our you your it its this that these those
    which will would here so thus hence then namely ie simply in at for on with by as and also rnn rnns lstm gru
    network model design cell i.e. eg resp does do shall should must total exactly i'd use used using uses give
    gives get gets was were produce produces produced compute computes computed make makes made need needs take
    takes needed required necessary giving emit emits emitted emitting just it's that's there's we're ought
    having net yield yields yielded return returns returned altogether overall enough sufficient suffices""".split()
)
_SAME = {
    "per": "each",
    "every": "each",
    "single": "1",
    "timestep": "time step",
    "timesteps": "time step",
    "organisation": "organization",
    "persons": "person",
    "organisations": "organization",
    "orgs": "org",
    "nothing": "none",
}
MAX_WORDS = 90
MAX_PHRASE = 45
_LATEX = re.compile(r"\\(?:text|mathrm|mathbf|textbf|emph|textit|operatorname)\s*\{([^{}]*)\}")
_TOKEN = re.compile(r"[a-z]+(?:'[a-z]+)?|\d+(?:\.\d+)?|\.{2,}|[-+*/^<>≤≥=#%?!]")
_ONE = re.compile(r"\ban?\s+(?=(?:output|label|tag|prediction)\s+(?:for|per|at|after|in|from)\s+(?:each|every)\b)")
# `no, they are fed in` is an answer and a statement, `no labels are fed in` is a statement
_ANSWERED = re.compile(r"(?:^|(?<=[\n:;.,(]))\s*no\s*(?=[,;:.(]|-\s)")
_TURNED = re.compile(
    r"\b(?:nothing|none)(?:\s+\w+){0,3}?\s+(?:stays?|remains?|kept|is|are)\s+(?:\w+\s+)?(?:same|identical|alike|unchanged)\b"
)
_APIECE = re.compile(
    r"\b([nmtk]\s+(?:outputs?|labels?|tags?|predictions?))\s+(?:for\s+each|for\s+every|per|at\s+each|at\s+every)\s+(?:time\s*)?"
    r"(?:steps?|words?|tokens?)\b"
)
# `not in training, at test they are`: what they are stands before
_ELLIPSIS = re.compile(
    r"(?<!\bas )(?<!\byes )(?<!\byes, )\b(?:they|it|we|there)\s+(?:are|is|do|does|were|will)\s*(?=[,.;()]|$)"
)
# of one letter, so that `n` and `t` stay what they are
_ENDINGS = (("sses", "ss"), ("ies", "y"), ("ches", "ch"), ("s", ""))
_KEPT = frozenset(
    {"yes", "is", "as", "its", "this", "was", "has", "less", "unless", "previous", "always", "across", "us"}
)


@lru_cache(maxsize=4096)
def words(text: str) -> tuple[str, ...]:
    """The words of a text that carry meaning, in their plain forms.

    >>> words("There are n outputs, one for each word.")
    ('n', 'output', '1', 'each', 'word')
    """
    text = _LATEX.sub(r" \1 ", text)
    text = re.sub(r"\\(?:in|quad|,|;|ldots|dots|cdots)(?![a-z])", " ", text.replace("\\{", " ").replace("\\}", " "))
    text = _ANSWERED.sub(" nope ", text.lower())
    text = _ELLIPSIS.sub(" elliptic ", _APIECE.sub(r"\1 apiece", text))
    text = re.sub(r"[-=]+>|→|⇒|\\(?:right|to)(?:arrow)?(?![a-z])", " to ", text)
    text = re.sub(r"(?<=[a-z])'s\b", "", text.lower().replace("’", "'"))
    text = text.replace("…", "..").replace("–", "-").replace("−", "-").replace("∈", " ")
    text = re.sub(r"(?<=[a-z])-(?=[a-z])|(?<=\d)-(?=[a-z])|(?<=[a-z]{2})\s*/\s*(?=[a-z]{2})", " ", text)
    text = re.sub(r"\s[-—:]+\s(?=[a-z]{2,})|<\s*/?(?=\w+\s*>)|(?<=<s)>|(?<=[a-z]{2})\s*>", " ", text)
    text = re.sub(r"(?<=\d)\s*-\s*(?=\d)|(?<=\d)\s*,\s*\.{2,}\s*,\s*(?=\d)", " to ", text)
    text = re.sub(r"(?<=\d)\s*\.{2,}\s*(?=\d)", " to ", text)
    # so that a remark such as `(a label for each word)` is one label
    text = re.sub(r"(?<=[(,:;])\s*an?\s+(?=[a-z]+\s+(?:for|per|at)\s)", " 1 ", text)
    text = _TURNED.sub("never same", _ONE.sub("1 ", text))
    out: list[str] = []
    for token in _TOKEN.findall(text):
        if token in FILLERS:
            continue
        token = _SAME.get(token, token)
        if token in NUMBER_WORDS and token not in {"no", "none", "nothing", "nil"}:
            token = str(NUMBER_WORDS[token])
        out.extend(_stem(part) for part in token.split())
    return tuple(out)


def _stem(word: str) -> str:
    if len(word) <= 3 or word in _KEPT or word.endswith(("ss", "us", "is")):
        return word
    for ending, plain in _ENDINGS:
        if word.endswith(ending):
            return word[: -len(ending)] + plain
    return word


class PhraseError(ValueError):
    """A phrase of an assignment that cannot be read; the message says why."""


def pattern(
    phrase: str, synonyms: Mapping[str, Sequence[str]], depth: int = 0, known: dict[str, str] | None = None
) -> str:
    """A regular expression for a phrase over words that are each followed by a space.

    `known` keeps the expressions of synonyms from one phrase to the next.

    >>> bool(re.fullmatch(pattern("1? output (each|<per>) word", {"per": ["at all"]}), "output all word "))
    True
    """
    if depth > 8:
        raise PhraseError(f"the synonyms in '{phrase}' refer to one another")
    known = {} if known is None else known
    out, i = "", 0
    while i < len(phrase):
        c = phrase[i]
        if c == "(":
            end = _closing(phrase, i)
            inner, i = phrase[i + 1 : end], end + 1
            silent = not words(inner) and "<" not in inner and phrase[i : i + 1] in {"?", "*"}
            part = "" if silent else "(?:" + "|".join(_alternatives(_split(inner), synonyms, depth, known)) + ")"
        elif c == "<":
            end = phrase.find(">", i)
            name = phrase[i + 1 : end]
            if end < 0 or name not in synonyms:
                raise PhraseError(f"there are no synonyms <{name}>")
            if name not in known:
                known[name] = "(?:" + "|".join(_alternatives(synonyms[name], synonyms, depth + 1, known)) + ")"
            part = known[name]
            i = end + 1
        elif c in ")|?>":
            raise PhraseError(f"a stray '{c}' in '{phrase}'")
        elif c.isspace():
            i += 1
            continue
        else:
            end = i
            while end < len(phrase) and phrase[end] not in "()<>|?" and not phrase[end].isspace():
                end += 1
            part = "".join(re.escape(w) + " " for w in words(phrase[i:end]))
            part = f"(?:{part})" if part else ""
            i = end
        if i < len(phrase) and (phrase[i] == "?" or (phrase[i] in "*+" and phrase[i - 1] in ")>")):
            part = f"(?:{part}){phrase[i]}" if part else ""
            i += 1
        out += part
    return out


def _alternatives(
    phrases: Iterable[str], synonyms: Mapping[str, Sequence[str]], depth: int, known: dict[str, str]
) -> list[str]:
    """The expressions of alternatives; those of words that say nothing are left out where there are others."""
    found = list(phrases)
    said = [p for p in found if words(p) or re.search(r"[(<]", p)]
    return [_saying(p, synonyms, depth, known) for p in said or found]


def _saying(phrase: str, synonyms: Mapping[str, Sequence[str]], depth: int, known: dict[str, str]) -> str:
    """The expression of an alternative, which must not be empty: it would let a phrase match what was never said."""
    found = pattern(phrase, synonyms, depth, known)
    if matches_nothing(found):
        raise PhraseError(f"'{phrase}' can be left out, or holds only words that say nothing")
    return found


def _closing(phrase: str, start: int) -> int:
    depth = 0
    for k in range(start, len(phrase)):
        depth += (phrase[k] == "(") - (phrase[k] == ")")
        if depth == 0:
            return k
    raise PhraseError(f"a bracket in '{phrase}' is never closed")


def _split(inner: str) -> Iterator[str]:
    """The alternatives of a group."""
    depth, start = 0, 0
    for k, c in enumerate(inner):
        depth += (c == "(") - (c == ")")
        if c == "|" and depth == 0:
            yield inner[start:k]
            start = k + 1
    yield inner[start:]


@dataclass(frozen=True, slots=True)
class Said:
    """One value that a text states for a field: whether it is right, and why not.

    `implied` marks a value that is wrong because it is another number or list than the right one. `part` names the part
    of the field that is stated where that is not all of it. What says nothing about any field has no field.
    """

    field: str
    right: bool
    reason: str = ""
    implied: bool = False
    part: str = ""


# What a stretch of words states, if it is a phrase as a whole: the possible meanings.
Meaning = Callable[[tuple[str, ...]], list[Said]]


def account(text: tuple[str, ...], meaning: Meaning) -> list[Said] | None:
    """All words of a text as a row of phrases, as few as possible; None where that cannot be done or is ambiguous.

    >>> def known(ws): return [Said("x", True)] if ws == ("a1",) else []
    >>> [said.field for said in account(("a1", "a1"), known)], account(("a1", "b"), known)
    (['x', 'x'], None)
    """
    if not text or len(text) > MAX_WORDS:
        return None
    best: list[tuple[int, frozenset[tuple[Said, ...]]] | None] = [(0, frozenset({()}))]
    for end in range(1, len(text) + 1):
        count, readings = len(text) + 1, set[tuple[Said, ...]]()
        for start in range(max(0, end - MAX_PHRASE), end):
            before = best[start]
            if before is None or before[0] + 1 > count:
                continue
            for said in meaning(text[start:end]):
                if before[0] + 1 < count:
                    count, readings = before[0] + 1, set()
                readings.update((*r, said) for r in before[1])
        best.append((count, frozenset(readings)) if readings and len(readings) <= 64 else None)
    last = best[-1]
    if last is None:
        return None
    outcomes = {frozenset((s.field, s.right) for s in r if s.field) for r in last[1]}
    return list(min(last[1], key=lambda r: [(s.field, s.part, s.reason) for s in r])) if len(outcomes) == 1 else None
