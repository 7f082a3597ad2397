"""Sizes in answers as formulas: `F x (floor((H - K)/S) + 1) x W'`, with the names that the answer defines for them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from notation.answer import read_formula
from notation.casewords import plain
from notation.errors import ReadError
from notation.tree import Expr, Span
from notation.vocabulary import Vocabulary

_TIMES = re.compile(
    r"\\(?:mathbf|mathrm|boldsymbol|bm)\s*\{?\s*x\s*\}?|\\times(?![a-zA-Z])|(?<=[\w)\]}'⌋])\s+(?:by|x|X)\s+(?=[\w(\[{\\⌊⌈])"
    r"|(?<=[)\]}⌋\d])\s*[xX]\s*(?=[(\[{\\⌊⌈\d])"
)
_REALS = re.compile(r"(?:∈|\\in)?\s*(?:\\mathbb\s*\{?\s*R\s*\}?|ℝ|\bR(?=\s*\^))\s*\^?\s*")
_WORD = re.compile(
    r"(?<![A-Za-z_\\{'])(?!floor\b|ceil\b|int\b|lfloor\b|rfloor\b|frac\b)[A-Za-z][a-z]{2,}\b(?![(_\[]|\s*=)|\b(?:is|of|by|an?|the|in)\b(?!\s*=)"
)
_SHORT = re.compile(r"(?<![A-Za-z_\\{'])(?!by\b|st\b|so\b)[A-Za-z][a-z]\b(?![(_\[']|\s*=)")  # be, we
_OWN = re.compile(r"(?<![\w\\{])([A-Za-z][A-Za-z]\w{0,4})\s*:?=(?![=>])")  # Hp = H + 2P
_NAMED = re.compile(r"(?:\\(?:tilde|hat|bar)\s*\{?\s*)?[A-Za-z]\w*\}?(?:_\{[^{}]*\}|_\w+)?'*\s*$")
_FUNCTION = re.compile(
    r"(?:def\s+)?\b(?P<name>[A-Za-z]\w*)\s*\(\s*(?P<letter>[A-Za-z])\s*\)\s*(?::\s*return\b|:?=)\s*"
    r"(?P<body>(?:(?!\.\s)[^\n;])+)"
    r"|\b(?P<lname>[A-Za-z]\w*)\s*=\s*lambda\s+(?P<lletter>[A-Za-z])\s*:\s*"
    r"(?P<lbody>(?:(?!\.\s)[^\n;])+)"
)
# L ↦ (L - K)/S + 1 applied to H and W, with F channels
_MAP = re.compile(
    r"(?:lambda\s+(?P<lambda>[A-Za-z])\s*:|(?<![A-Za-z\\])(?P<letter>[A-Za-z])\s*(?:\\mapsto(?![A-Za-z])|↦|->|→))"
    r"(?P<body>[^\n;]+?),?\s*(?:applied|used|evaluated|taken|once)?\s*\b(?:to|on|at|for|with)\s+(?:both\s+)?"
    r"(?P<first>[A-Za-z])\s*(?:and|,)\s*(?:(?:to|on|at|for|once)\s+)*(?P<second>[A-Za-z])(?![A-Za-z])"
    r"(?:,?\s*(?:with|and|plus|times)\s+(?P<channels>[A-Za-z])\s+(?:output\s+)?(?:channels|filters|maps|feature maps))?"
)
_BREAK = re.compile(
    r"\n|;|:(?!=)|\. |\.$|\b(?:where|because|since|with|and|thus|so|hence|given by)\b|=>|⇒|\\Rightarrow"
)


@dataclass(frozen=True)
class SizeText:
    """The sizes that an answer gives, in its order, and where they stand; `problem` tells why there are none."""

    sizes: tuple[Expr, ...] = ()
    span: Span = (0, 0)
    problem: ReadError | None = None


def read_sizes(text: str, known: Vocabulary, count: int) -> SizeText:
    r"""The sizes of an answer; `count` sizes are asked.

    >>> from notation.vocabulary import Quantity
    >>> names = {n: Quantity(n, (), (), "size") for n in "HK"}
    >>> known = Vocabulary(names, {n: n for n in names})
    >>> len(read_sizes("3 x H' with H' = H - K + 1", known, 2).sizes)
    2
    """
    text = re.sub(r"(?m)(?<=[\w)\]\s])#[^\n]*$", " ", text)
    text = re.sub(r"(?<![\w.])print\(([^()]*)\)", r"\1", text)
    flat = _TIMES.sub(" × ", _REALS.sub(" ", written_out(plain(text))))
    flat = re.sub(r"\([^()\d×]*\b[a-z]{3,}\b[^()\d×=]*\)", " ", flat)  # a remark
    own = set(_OWN.findall(flat))
    flat = _SHORT.sub(lambda m: m[0] if m[0] in own else " ", flat)
    flat = re.sub(r"\\?(?:text|mathrm|operatorname)\s*\{([^{}]*)\}", r"\1", flat)
    defined: dict[str, str] = {}
    tuples: list[list[str]] = []
    single: list[tuple[str, str]] = []
    for part in _parts(flat):
        each = _split(part, "×")
        if len(each) == count and all("=" in piece for piece in each):  # a = 5 × b = 2
            tuples.append([_WORD.sub(" ", _split(piece, "=")[-1]).strip(" ,.:$") for piece in each])
            continue
        sides = [s.strip() for s in _split(part, "=")]
        last = _WORD.sub(" ", sides[-1]).strip(" ,.:$")
        factors = _factors(last, count)
        if len(factors) > 1:
            tuples.append(factors)
        elif last and re.search(r"[\w]", last):
            single.append((sides[0] if len(sides) > 1 else "", last))
            if len(sides) > 1:
                name = _NAMED.search(_WORD.sub(" ", sides[0]).strip(" ,.:$"))
                defined[name[0].strip() if name is not None else _WORD.sub(" ", sides[0]).strip(" ,.:$")] = last
    fitting = [t for t in tuples if len(t) == count] or tuples
    chosen = fitting[-1] if fitting else [value for _, value in single][:count]
    first = ReadError(
        "there is no size in this answer", text, (0, min(len(text), 20)), "write the sizes with × between"
    )
    if not chosen:
        return SizeText(problem=first)
    out: list[Expr] = []
    for factor in chosen:
        for _ in range(4):
            factor = inserted(factor, defined)
        try:
            out.append(read_formula(factor, known))
        except ReadError as problem:
            return SizeText(problem=ReadError(problem.message, factor, problem.span, problem.hint))
    start = max(text.find(chosen[0]), 0)
    return SizeText(tuple(out), (start, len(text)))


def written_out(text: str) -> str:
    r"""Calls of functions that the answer defines, `out(n) = (n - K)//S + 1`, with what they stand for.

    >>> written_out("def out(n): return n + 1\nout(H) x out(W)").strip()
    '((H) + 1) x ((W) + 1)'
    """
    text = _MAP.sub(_applied, text)
    for found in list(_FUNCTION.finditer(text)):
        name, letter = found["name"] or found["lname"], found["letter"] or found["lletter"]
        body = (found["body"] or found["lbody"]).strip(" .,")
        if name in {"floor", "ceil", "int"} or not re.search(rf"(?<![A-Za-z\\]){letter}(?![A-Za-z])", body):
            continue
        rest = text.replace(found[0], " ", 1)
        call = re.compile(rf"(?<![A-Za-z\\]){re.escape(name)}\s*\(\s*([A-Za-z](?:_\w+)?)\s*\)")
        if not call.search(rest):
            continue
        text = call.sub(
            lambda m, body=body, letter=letter: (
                "(" + re.sub(rf"(?<![A-Za-z\\]){letter}(?![A-Za-z])", f"({m[1]})", body) + ")"
            ),  # type: ignore[misc]
            rest,
        )
    return text


def _applied(m: re.Match[str]) -> str:
    """A function without a name at both sides, and the channels said after it."""
    letter = rf"(?<![A-Za-z\\]){m['letter'] or m['lambda']}(?![A-Za-z])"
    sides = [re.sub(letter, f"({side})", m["body"].strip(" .,")) for side in (m["first"], m["second"])]
    lead = f"{m['channels']} × " if m["channels"] else ""
    return f"\n{lead}({sides[0]}) × ({sides[1]})\n"


def _parts(text: str) -> list[str]:
    """Statements: cut at line ends, words between formulas, and commas before a new equation."""
    out: list[str] = []
    for piece in _BREAK.split(text):
        current = ""
        for item in _split(piece, ","):
            if current and ("=" in item or ("=" in current and len(_split(item, "×")) > 1)):
                out.append(current)
                current = item
            else:
                current = f"{current}, {item}" if current else item
        out.append(current)
    return [p for p in out if p.strip(" ,.:")]


def _split(text: str, mark: str) -> list[str]:
    """Split at a mark outside brackets."""
    out, depth, start = [], 0, 0
    for k, c in enumerate(text):
        opens = c in "([{⌊⌈" or text.startswith(("\\lfloor", "\\lceil"), k)
        closes = c in ")]}⌋⌉" or text.startswith(("\\rfloor", "\\rceil"), k)
        depth += opens - closes
        if c == mark and depth == 0 and not (mark == "=" and text[k - 1 : k] in {"<", ">", ":"}):
            out.append(text[start:k])
            start = k + 1
    return [*out, text[start:]]


def _factors(text: str, count: int) -> list[str]:
    """The sizes in `a × b × c`, `(a, b, c)` or `a, b`, each as text."""
    text = text.strip()
    if text.startswith(("(", "[", "{")) and _split(text[1:-1], "×")[0] != text[1:-1] and _whole(text):
        text = text[1:-1]
    if len(found := _split(text, "×")) > 1:
        flat = [piece.strip(" ,.") for f in found for piece in _split(f, ",")]
        return [f for f in flat if f]
    if len(found := _split(text, "*")) == count:
        return [f.strip(" ,.") for f in found]
    inner = text[1:-1] if text.startswith(("(", "[")) and _whole(text) else text
    found = [f.strip() for f in _split(inner, ",") if f.strip()]
    return found if len(found) > 1 else [text]


def _whole(text: str) -> bool:
    """Whether the bracket that opens a text closes at its end."""
    depth = 0
    for k, c in enumerate(text):
        depth += (c in "([{") - (c in ")]}")
        if depth == 0:
            return k == len(text) - 1
    return False


def inserted(factor: str, defined: Mapping[str, str]) -> str:
    """A factor with the names that the answer defines replaced by what they stand for."""
    for name, value in defined.items():
        if not re.fullmatch(r"[\d\s.]*", name) and name != value:
            form = re.escape(name).replace(r"\{", r"\{?").replace(r"\}", r"\}?")
            factor = re.sub(rf"(?<![A-Za-z_]){form}(?![A-Za-z_'{{])", f"({value})".replace("\\", r"\\"), factor)
    return factor
