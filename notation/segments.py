"""Where one formula ends and the next begins, among words, lines and punctuation."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field

from notation.lexer import tokenize
from notation.lexicon import FUNCTIONS, KEYWORDS, near_function
from notation.lists import list_commas
from notation.names import Names
from notation.spoken import with_signs
from notation.tokens import Token
from notation.vocabulary import Vocabulary
from notation.words import NUMBER_WORDS, SHORT_WORDS

_CONTINUES = {
    "+",
    "-",
    "*",
    "/",
    "=",
    "elementwise",
    "times",
    "dot",
    "outer",
    "^",
    "_",
    "@",
    "<",
    ">",
    "<=",
    ">=",
    "!=",
    "matrix",
    "|",
    "in",
}
# words that change the number after them
_FACTORS = frozenset(
    "twice thrice double triple half quarter minus negative times over square sqrt root log not".split()
)
# words after which names with commas between are one list
_LISTING = frozenset("respectively for and or each both in".split())
_OPENERS = {"(": ")", "[": "]", "{": "}", "\\{": "\\}", "langle": "rangle"}
_NUMBERED = re.compile(r"(?m)^[ \t]*(?:\(?\d{1,2}[.)]|\([ivx]{1,4}\)|[ivx]{1,4}\)|\([a-h]\)|[a-h]\)|#+|>)[ \t]+")
_ABBREVIATION = re.compile(r"\b(?:i\.\s?e|e\.\s?g|w\.r\.t|cf|resp|etc|approx|eqn?|viz|Ans|ans)\.(?=[\s,)]|$)")
# one-hot, element-wise: the hyphen of a word is no minus sign
_HYPHEN = re.compile(r"(?<![\w\\{}_^])([A-Za-z]{2,})-(?=[A-Za-z]{2,}\b)")
# the k-th row
_ORDINAL = re.compile(r"(?<![\w^_{])(?:\$?[A-Za-z]\$?-|\d+-?)(?:th|st|nd|rd)\b(?!\s*\()")
# a remark at the end of a line of code
_COMMENT = re.compile(r"(?m)(?<=\S)[ \t]+#[ \t][^\n]*$")
_BULLET = re.compile(r"(?m)^[ \t]*[-*•][ \t]+(?=\S)")


@dataclass
class Segment:
    """A stretch of tokens without words, the words before it, and whether it begins a line."""

    words: list[str] = field(default_factory=list)
    tokens: list[Token] = field(default_factory=list)
    line_start: bool = False

    @property
    def lead(self) -> str:
        """The last word before the formula, in lower case."""
        return self.words[-1].lower() if self.words else ""


def blank_markers(text: str) -> str:
    """`text` with list markers and headings replaced by spaces (positions stay as they are)."""
    numbered = [m for m in _NUMBERED.finditer(text) if m[0].strip()[0].isdigit()]
    if len(numbered) != 1 or numbered[0].start() > 0:  # a lone `0.` is an answer, not the head of a list
        text = _NUMBERED.sub(lambda m: " " * len(m[0]), text)
    text = _COMMENT.sub(lambda m: " " * len(m[0]), text)
    text = _ABBREVIATION.sub(lambda m: ";" + " " * (len(m[0]) - 1), text)
    text = _ORDINAL.sub(lambda m: " " * len(m[0]), text)
    text = _HYPHEN.sub(lambda m: m[1] + " ", text)
    lines = [line for line in text.splitlines() if line.strip()]
    listed = len(lines) >= 2 and all(_BULLET.match(line) for line in lines[1:])
    if listed or re.match(r"\s*[*•][ \t]", text):  # a list; a line of an align block may begin with a minus sign
        text = _BULLET.sub(lambda m: " " * len(m[0]), text)
    return re.sub(r"\*\*(?=[A-Za-z][^*\n]*\*\*)|(?<=[A-Za-z:.])\*\*(?=[\s.,:;]|$)", "  ", text)


def segment(text: str, vocabulary: Vocabulary, *, thousands: bool) -> list[Segment]:
    """Cut an answer into segments; raises `ReadError` on characters without meaning."""
    tokens = _without_steps_left_out(tokenize(blank_markers(text), thousands=thousands))
    tokens = with_signs(tokens, text, vocabulary)
    scripts = _scripted(tokens)
    own = _code_names(tokens, vocabulary)
    words = [i not in scripts and t.text not in own and is_word(tokens, i, vocabulary) for i, t in enumerate(tokens)]
    tokens, words = _without_remarks(tokens, words, vocabulary)
    lists = list_commas(tokens, words)
    out = [Segment(line_start=True)]
    depth = environment = 0
    for i, token in enumerate(tokens):
        current = out[-1]
        if token.kind == "op" and token.text == "&" and environment == 0:
            continue
        if token.text == "-" and 0 < i < len(tokens) - 1 and words[i - 1] and words[i + 1]:
            continue  # seventy-two, element-wise
        if token.kind in {"begin", "end"}:
            environment += 1 if token.kind == "begin" else -1
        if token.kind == "op" and token.text in _OPENERS:
            depth += 1
        elif token.kind == "op" and token.text in _OPENERS.values():
            depth = max(0, depth - 1)
        if environment > 0 or token.kind in {"begin", "end"}:
            current.tokens.append(token)
        elif words[i]:
            if current.tokens:
                out.append(current := Segment())
            current.words.append(token.text)
        elif depth > 0 and token.kind not in {"newline", "row", "dollar"}:
            current.tokens.append(token)
        elif token.kind in {"newline", "row", "dollar"}:
            if depth == 0 and _breaks(tokens, words, i, current):
                out.append(Segment(line_start=token.kind != "dollar"))
        elif token.kind in {"sep", "bullet"} or (token.kind == "op" and token.text in {";", ":", "?", "!", "#"}):
            if current.tokens or (current.words and token.text in {".", ";"}):
                out.append(Segment())
        elif token.kind == "op" and token.text == "," and i not in lists and _comma_breaks(tokens, words, i):
            if current.tokens:
                out.append(Segment())
        else:
            current.tokens.append(token)
    return _joined([s for s in out if s.tokens or s.words])


def _joined(segments: list[Segment]) -> list[Segment]:
    """Formulas that words interrupt: in `4*3*5 weights + 4*3 biases` the second part goes on with the first."""
    out: list[Segment] = []
    for one in segments:
        previous = out[-1] if out else None
        first = one.tokens[0] if one.tokens else None
        operators = {"+", "*", "/", "times", "elementwise", "dot"}
        goes_on = first is not None and first.kind == "op" and first.text in operators and len(one.tokens) > 1
        if goes_on and one.tokens[1].kind == "op" and one.tokens[1].text in {"=", ",", ";"}:
            goes_on = False  # `⊘ = division` explains a sign
        goes_on = goes_on or (previous is not None and _labelled_term(previous, one))
        if goes_on and previous is not None and previous.tokens and not one.line_start:
            previous.tokens.extend(one.tokens)
            previous.words.extend(one.words)
        else:
            out.append(one)
    return out


def _labelled_term(previous: Segment, one: Segment) -> bool:
    """Whether a sum goes on with a number that has a name in front: `+ biases 12`, but not `+ twice 12`."""
    plus = bool(previous.tokens) and previous.tokens[-1].text == "+"
    changed = any(w.lower() in NUMBER_WORDS or w.lower() in _FACTORS for w in one.words)
    return plus and bool(one.tokens) and one.tokens[0].kind == "num" and not changed


def _scripted(tokens: list[Token]) -> set[int]:
    """The tokens inside braced sub- and superscripts and ranges of sums, `(k=1 to 5)`, which hold no words."""
    out: set[int] = set()
    for i, token in enumerate(tokens[:-1]):
        sum_range = token.kind == "cmd" and token.text in {"sum", "product"} and tokens[i + 1].text == "("
        if sum_range or (token.kind == "op" and token.text in {"_", "^"} and tokens[i + 1].text == "{"):
            out.update(range(i + 1, max(_closing(tokens, i + 1), i + 1)))
    return out


def _code_names(tokens: list[Token], known: Vocabulary) -> frozenset[str]:
    """Short names of several letters that a line defines and another one uses, as in code: `zi = ...`, `U @ zi`."""
    if known.open:
        return frozenset()
    starts = [i for i in range(len(tokens)) if i == 0 or tokens[i - 1].kind in {"newline", "row"}]
    found = {tokens[i].text for i in starts if i + 1 < len(tokens) and tokens[i + 1].text == "="}
    counts = Counter(t.text for t in tokens if t.kind == "name")
    return frozenset(
        n for n in found if 2 <= len(n) <= 4 and counts[n] > 1 and n.lower() not in SHORT_WORDS | NUMBER_WORDS.keys()
    )


def is_word(tokens: list[Token], i: int, known: Vocabulary) -> bool:
    """Whether a token is an English word rather than a name of the formula."""
    token = tokens[i]
    if token.kind == "word":
        return True
    if token.kind != "name":
        return False
    run = token.text
    before = tokens[i - 1] if i else None
    after = tokens[i + 1] if i + 1 < len(tokens) else None
    subscript = before is not None and before.kind == "op" and before.text in {"_", "^"}
    if subscript or (before is not None and before.text == "{" and i >= 2 and tokens[i - 2].text in {"_", "^"}):
        return False
    if after is not None and after.kind == "op" and after.text == "_" and not after.space:
        return False
    touched = (before is not None and before.kind == "op" and before.text in _CONTINUES) or (
        after is not None and after.kind == "op" and after.text in (_CONTINUES - {"-"}) | {"'"}
    )
    if run in KEYWORDS and after is not None and after.text == "=":
        return False  # dim=0 in a call
    if run in FUNCTIONS and known.function(run) and after is not None and after.text in {"of", "over", "layer"}:
        return len(run) > 3  # softmax of three scores
    if run in FUNCTIONS and known.function(run):
        called = after is not None and (
            after.text in {"(", "_", "{", "'", "^", "["}
            or (after.kind in {"name", "greek", "accent"} and run not in SHORT_WORDS)
        )
        return run.lower() in SHORT_WORDS and not called
    if len(run) == 1:
        lonely = run in {"a", "I", "A"} and not known.knows_base(run)
        return lonely and not touched and (after is None or after.kind in {"word", "name"}) and not known.open
    if known.knows_base(run):
        return False
    if after is not None and after.kind == "num" and not after.space and _spells(run, known):
        return False  # dO3
    if run.lower() in SHORT_WORDS or run.lower() in NUMBER_WORDS:
        named = touched and run[0].islower() and _spells(run, known) and not (known.open and len(run) >= 4)
        return not (named and run not in {"and", "or", "for", "is", "are", "as", "the"})
    if known.open and len(run) >= 4 and not touched and not (after is not None and after.text == "("):
        return True
    if known.open:
        return token.roman and known.function(run) is None and len(run) > 2
    if Names([], run, known).is_name(run):
        return False
    if after is not None and after.text == "(" and not after.space and near_function(run):
        return False  # a misspelt function is no word
    if len(run) >= 4 and not touched:  # a word of a sentence, even where its letters happen to be names
        return not ((token.roman or run.startswith("grad")) and _spells(run, known))
    return not (len(run) <= 6 and _spells(run, known))


def _spells(run: str, known: Vocabulary) -> bool:
    """Whether a run of letters can be read as names, gradients in code style (`dct`) included."""
    reader = Names([], run, known)
    if reader.readable(run):
        return True
    rest = run.removeprefix("grad") if run.startswith("grad") else run[1:] if run[0] == "d" else ""
    return known.loss is not None and len(rest) >= 1 and reader.readable(rest)


def _without_remarks(tokens: list[Token], words: list[bool], known: Vocabulary) -> tuple[list[Token], list[bool]]:
    """Drop brackets that hold only words, `(elementwise)`; open up brackets that hold words and formulas."""
    drop: set[int] = set()
    for i, token in enumerate(tokens):
        if token.kind != "op" or token.text not in {"(", "["}:
            continue
        if i and tokens[i - 1].kind == "cmd" and tokens[i - 1].text in {"sum", "product"}:
            continue  # the range of a sum, (k = 1 to 5)
        close = _closing(tokens, i)
        inner = range(i + 1, close)
        if close >= 0 and not any(words[k] for k in inner) and _aside(tokens, words, i, close):
            drop.update({close})
            tokens = [*tokens[:i], Token("sep", ";", token.start, token.end), *tokens[i + 1 :]]
            continue
        if close >= 0 and token.space and _is_size(tokens[i + 1 : close], known):
            drop.update(range(i, close + 1))  # X = [x_1 ... x_K] (n × K)
        if close < 0 or not any(words[k] for k in inner):
            continue
        if all(
            words[k] or tokens[k].kind in {"sep", "newline", "dollar"} or tokens[k].text in {",", "-", "'"}
            for k in inner
        ):
            drop.update(range(i, close + 1))
        elif any(words[k] for k in inner) and not any(tokens[k].kind == "begin" for k in inner):
            drop.update({close})
            tokens = [*tokens[:i], Token("sep", ";", token.start, token.end), *tokens[i + 1 :]]
    kept = [k for k in range(len(tokens)) if k not in drop]
    return [tokens[k] for k in kept], [words[k] for k in kept]


def _is_size(inner: list[Token], known: Vocabulary) -> bool:
    """Whether a bracket only says a size, `n × K`."""
    sizes = {n for n, q in known.quantities.items() if q.role == "size"}
    parts = [
        t for k, t in enumerate(inner) if not (k % 2 and (t.text == "times" or (t.kind == "name" and t.text == "x")))
    ]
    return len(parts) >= 2 and len(inner) == 2 * len(parts) - 1 and all(t.text in sizes for t in parts)


def _aside(tokens: list[Token], words: list[bool], i: int, close: int) -> bool:
    """Whether brackets after a finished formula hold an equation of their own: `... (L = -log y)`."""
    depth, equation = 0, False
    for token in tokens[i : close + 1]:
        if token.kind == "op":
            depth += (token.text in _OPENERS) - (token.text in _OPENERS.values())
            equation |= depth == 1 and token.text == "="
    before = tokens[i - 1] if i else None
    operand = before is not None and (before.kind in {"name", "num", "greek"} or before.text in {")", "]", "}"})
    if not equation or not operand or not tokens[i].space or before is None or before.kind == "num":
        return False
    after = close + 1
    return after >= len(tokens) or words[after] or tokens[after].kind in {"newline", "row", "sep", "dollar"}


def _closing(tokens: list[Token], i: int) -> int:
    opener, depth = tokens[i].text, 0
    for k in range(i, len(tokens)):
        if tokens[k].kind == "op":
            depth += (tokens[k].text == opener) - (tokens[k].text == _OPENERS[opener])
            if depth == 0:
                return k
    return -1


def _breaks(tokens: list[Token], words: list[bool], i: int, current: Segment) -> bool:
    """Whether a line end or math delimiter ends the formula: not next to an operator."""
    nxt = next(
        (
            k
            for k in range(i + 1, len(tokens))
            if tokens[k].kind not in {"newline", "row", "dollar"} and tokens[k].text != "&"
        ),
        None,
    )
    if not current.tokens:
        return False
    if nxt is None:
        return True
    last = current.tokens[-1]
    if last.kind == "op" and last.text in _CONTINUES | {","}:
        return False
    following = tokens[nxt]
    if tokens[i].kind == "newline" and (last.kind, following.kind) == ("end", "begin"):
        return not any(t.text == "=" for t in current.tokens)  # y = a matrix, on the next line what it multiplies
    if nxt + 1 < len(tokens) and following.text != "=" and tokens[nxt + 1].text == "=" and not words[nxt + 1]:
        return True  # a line `* = elementwise` explains a sign
    return words[nxt] or not (following.kind == "op" and following.text in _CONTINUES)


def _comma_breaks(tokens: list[Token], words: list[bool], i: int) -> bool:
    """Whether a comma outside brackets separates statements: a relation, a word or nothing follows before the next
    one."""
    if i and tokens[i - 1].kind == "ellipsis":
        return False
    if 1 < i < len(tokens) - 1 and tokens[i - 2].text == "_" and not tokens[i].space and not tokens[i + 1].space:
        if tokens[i + 1].kind == "name" and len(tokens[i + 1].text) == 1:
            return False  # a_f,t: a subscript without braces
    depth = 0
    for k in range(i + 1, len(tokens)):
        token = tokens[k]
        if token.kind == "ellipsis" and k == i + 1:
            return False
        if token.kind == "op" and token.text in _OPENERS:
            depth += 1
        elif token.kind == "op" and token.text in _OPENERS.values():
            depth -= 1
        if depth == 0 and token.kind == "op" and token.text in {"=", "<", "<=", ">", ">=", "in"}:
            return True
        if depth == 0 and (words[k] or token.kind in {"newline", "row", "sep"}):
            if words[k] and _described(tokens, words, i, k):
                return True
            return k == i + 1 or all(t.kind == "op" or t.text in FUNCTIONS for t in tokens[i + 1 : k])
        if depth == 0 and token.kind == "op" and token.text in {",", ";"}:
            return False
    return i + 1 >= len(tokens)


def _described(tokens: list[Token], words: list[bool], i: int, k: int) -> bool:
    """Whether a formula, a comma and one name with words after it are two things: `a - y, y is one-hot`."""
    first = tokens[i + 1]
    lone = first.kind in {"name", "greek", "accent"} and all(
        t.kind in {"name", "greek", "accent", "num"} or t.text in {"_", "^", "{", "}"} for t in tokens[i + 1 : k]
    )
    if not lone or tokens[k].text.lower() in _LISTING:
        return False
    start = i
    while start > 0 and not words[start - 1] and tokens[start - 1].kind not in {"newline", "row", "sep"}:
        start -= 1
    return any(t.kind == "op" and t.text in {"=", "+", "-", "*", "elementwise", "("} for t in tokens[start:i])


def _without_steps_left_out(tokens: list[Token]) -> list[Token]:
    r"""The tokens without an ellipsis that stands for whole sides of a chain: `a = b = \dots = c`."""
    out: list[Token] = []
    for i, token in enumerate(tokens):
        after = tokens[i + 1] if i + 1 < len(tokens) else None
        if token.kind == "ellipsis" and out and out[-1].text == "=" and after is not None and after.text == "=":
            out.pop()
            continue
        out.append(token)
    return out
