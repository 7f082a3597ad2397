r"""What an answer about entries says beside its formula: shapes, the base of its indices, the ranges of its letters.

Taken out of the text before the formula is read: `f \in R^3`, `with 0-based indices`, `r = 0, 1, 2`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from math import prod

from checkers.entryprogram import with_array_lines, with_filled_arrays
from notation.casewords import plain, with_cases
from notation.lexicon import SUBSCRIPTS

_FONT = r"(?:\\(?:mathbf|boldsymbol|bm|mathrm|vec|mathit|mathsf)\s*)?\{?\s*"
_BOUNDARY = re.compile(r"\n|;|\. |:|,|\bso\b|\band\b|\bwith\b|\bwhere\b|\bthus\b|\bhence\b")
_DERIVATIVE = re.compile(r"∂|\\partial|\\nabla|∇|\bd\w+\s*/\s*d\w|derivative|gradient|[Jj]acobian")
_MEMBER = re.compile(r"(?:∈|\\in)\s*$")
_FORMULA = re.compile(r"=|\\sum|Σ|∑|\\begin|\b(?:sum|for|if|when|otherwise|else|elsewhere)\b")
_TIMES = r"(?:×|\\times(?![a-zA-Z])|\bx\b|(?<=\d)x(?=[\d(])|(?<=\))x(?=[\d(])|\*|\bby\b|-by-|,)"
_FACTOR = r"[\s({\[]*\d+[\s)}\]]*"
_PRODUCT = rf"{_FACTOR}(?:{_TIMES}{_FACTOR})*"
_SPACE = re.compile(
    rf"(?:\\mathbb\s*\{{?\s*R\s*\}}?|ℝ|\bR(?=\s*(?:\^|<sup>|\())|\\R\b)\s*\^?\s*(?:<sup>)?(?P<dims>{_PRODUCT})(?:</sup>)?"
)
_SAID = re.compile(
    r"\b(?:shape|sizes?|dimensions?|dimensionality|dims?|tensor|array|matrix|vector|length|output)\b"
    rf"(?P<between>[^=\n;.]{{0,60}}?(?:\bis\b|\bare\b|\bof\b|=|:|\bhas\b)?[^=\n;.\d]{{0,25}}?)(?P<dims>{_PRODUCT})",
    re.IGNORECASE,
)
_AFTER = re.compile(
    rf"(?P<dims>{_PRODUCT})[\s-]*(?:dimensional|tensor|array|matrix|vector|entries|elements|components|outputs?)\b",
    re.IGNORECASE,
)
_BARE = re.compile(rf"(?P<dims>{_FACTOR}(?:{_TIMES.replace(',', chr(0))}{_FACTOR})+)")
_ZERO_BASED = re.compile(
    r"\(?\b(?:(?:with|using|in|all|everything|assuming|here|we use)\s+)*(?:(?:0|zero)\s*-?\s*(?:based|indexed|indexing)"
    r"|(?:ind(?:ex(?:es|ed|ing)?|ices)|count(?:ing|ed)?|number(?:ed|ing)?|letters?|start(?:ing|s)?|all|running|run)\b[^.;\n=]{0,25}"
    r"\b(?:from|at|with)\s+(?:0|zero)(?![.\d])|python(?:ic)? ind(?:ex(?:ing|es)?|ices))"
    r"(?:\s+(?:ind(?:ex(?:ing|es)?|ices)|everywhere|throughout|numbering|counting))*\)?",
    re.IGNORECASE,
)
_ONE_BASED = re.compile(
    _ZERO_BASED.pattern.replace("0|zero", "1|one").replace("|python(?:ic)? ind(?:ex(?:ing|es)?|ices)", ""),
    re.IGNORECASE,
)
_DOTS = r"(?:\.\.\.?|…|\\l?dots\b|\\cdots\b|\bto\b|\bthrough\b|:|-|–)"
_LETTERS = r"(?P<letters>[a-zA-Z](?:\s*,\s*[a-zA-Z])*)"
_LIST = re.compile(
    rf"(?P<lead>(?:^|[\s,;(]|\bfor\b|\bwith\b|\bwhere\b|\band\b|∀|\\forall\b)\s*){_LETTERS}\s*(?:=|∈|\\in\b|\bin\b)\s*"
    rf"[\\{{\[]*\s*(?P<low>\d+)(?:\s*,\s*\d+)*\s*,?\s*(?:{_DOTS}\s*,?\s*|,\s*)(?P<high>\d+)\s*[\\}}\]]*(?!\s*[-+*/^(_]|\w|\s*,\s*\d)\)?"
)
_CHAIN = re.compile(
    rf"(?P<lead>(?:^|[\s,;(]|\bfor\b|\bwith\b|\bwhere\b|\band\b)\s*)(?P<low>\d+)\s*(?:≤|<=|\\leq?\b|\\leqslant\b)\s*{_LETTERS}\s*"
    r"(?P<last>≤|<=|<|\\leq?\b|\\leqslant\b|\\lt\b)\s*(?P<high>\d+)(?!\s*[-+*/^(_]|\w|\s*,\s*\d)\)?"
)
_GENERATED = re.compile(r"\bsum\s*\(\s*(?P<body>[^\n]*?)(?P<loops>(?:\s+for\s+\w\s+in\s+range\([^()]*\))+)\s*\)")
_SPOKEN = re.compile(r"\b(?:the\s+)?sum\s+over\s+(?:all\s+)?(?P<letters>[a-zA-Z](?:\s*(?:,|and)\s*[a-zA-Z])*)\s+of\b")
_OWN = re.compile(
    r"(?m)(?P<lead>^\s*|[;:]\s*)(?P<name>y|J|out|output|res|result|jac|grad)\[(?P<index>[^\]=]+)\]\s*=(?!=)"
)
_NAMED = re.compile(r"\b(?:the\s+)?(?:entry|element|component)\s*[\[(]([^\])=]+)[\])]\s*=")
_MATRIX = re.compile(r"(?<![\w)\]])\[(?P<rows>(?:[^\[\];]|\[[^\[\]]*\])*;(?:[^\[\]]|\[[^\[\]]*\])*)\]")
_ROWS = re.compile(r"(?m)(?:^[ \t]*(?:\[[^\n]*\]|\|[^\n|]*\|)[ \t]*[,;]?[ \t]*(?:\n|\Z)){2,}")  # a row on each line
_ROW = re.compile(r"\[\s*\w+\[[^\[\]]*\](?:\s+\w+\[[^\[\]]*\])+\s*\]")  # [x[1] x[2] x[3]]
_ALL_ENTRIES = re.compile(
    r"\bsum\s+(?:over|of)\s+all\s+(?:the\s+)?(?:entries|elements|components)\s+(?:of|in)\s+(?P<what>[^\n.,;]+)"
)
_INDEX = re.compile(r"\[[^\[\]]*\]|_\{[^{}]*\}")
_TIMES_LETTER = re.compile(r"(?<![\w.])([2-9]|[1-9]\d+)(?=[a-zA-Z](?![a-zA-Z]))")  # x[2r]; W_{1k} has two indices
_REMARK = re.compile(r"\(\s*(?:(?:an?|in|is|of|[a-z]{3,})\b\s*)+(?=\n)")
_SUBJECT = re.compile(r"=|[\])}]\s*$")
# (r, k, i start from 1), (r = 1,2,3; the value is W)
_ASIDE = re.compile(r"(?:(?<=\s)|^)\((?P<inner>(?:[^()]|\((?:[^()]|\([^()]*\))*\))*)\)")
_LOOP = re.compile(r"for\s+(\w)\s+in\s+range\(\s*(?:(\d+)\s*,\s*)?(\d+)\s*\)")
_SUM = re.compile(r"(?:sum|Σ|∑|\\sum|over|\\Sigma)[\s_({^]*$")
_CONDITION = re.compile(r"\b(?:if|when|whenever|iff|unless|only)\s*$", re.IGNORECASE)


@dataclass(frozen=True)
class EntryText:
    """An answer without its asides.

    `base` is 0 or 1 where the answer says from where it counts, `ranges` are letters with the ranges it gives them, and
    `rest_is_zero` whether it says that whatever its formula leaves out is 0.
    """

    text: str
    shapes: tuple[tuple[int, ...], ...] = ()
    base: int | None = None
    ranges: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    rest_is_zero: bool = False
    coded: bool = False


def read_entry_text(
    text: str,
    functions: Mapping[str, Iterable[str]],
    left: Callable[[list[str]], str | None] = lambda index: None,
    known: Callable[[str], tuple[str, int] | None] = lambda name: None,
) -> EntryText:
    r"""Take the asides out of an answer; `functions` are names that may be written with arguments, `f_W(x)`.

    `left` writes what is asked about with the indices of an array that a program fills; `known` tells how an
    array is written and how many axes it has.

    >>> found = read_entry_text("f has shape 3. f_W(x)[r] = x_r, r = 0, 1, 2", {"f": ["W", "x"]})
    >>> found.text.strip(), found.shapes, dict(found.ranges)
    ('f[r] = x_r', ((3,),), {'r': (0, 2)})
    """
    if (program := with_filled_arrays(text, left, known)) is not None:
        said = read_entry_text(program.text, functions)
        ranges = {**said.ranges, **program.ranges}
        base = 0 if _ZERO_BASED.search(text) else said.base
        zero = said.rest_is_zero or program.rest_is_zero
        shapes = (*said.shapes, *program.shapes)
        return replace(said, base=base, shapes=shapes, ranges=ranges, rest_is_zero=zero, coded=True)
    lines = with_array_lines(without_arguments(text, functions), known)
    rest = _unprimed(_subscripted(plain(lines or without_arguments(text, functions))))
    rest = _ALL_ENTRIES.sub(r"sum(\g<what>)", _ROW.sub(lambda m: re.sub(r"\]\s+(?=\w)", "], ", m[0]), rest))
    rest = _MATRIX.sub(_matrix, _ROWS.sub(_stacked, rest))
    rest = _INDEX.sub(lambda m: _TIMES_LETTER.sub(r"\1*", m[0]), rest)
    rest, coded = _code(rest)
    coded |= lines is not None
    rest = _opened(rest)
    base = 0 if _ZERO_BASED.search(rest) else 1 if _ONE_BASED.search(rest) else None
    rest = _ONE_BASED.sub(" ", _ZERO_BASED.sub(" ", rest)) if base is not None else rest
    rest, ranges = _ranges(rest, chains=not with_cases(rest).rest_is_zero)
    rest, found = _shapes(rest)
    cases = with_cases(rest)
    return EntryText(cases.text, tuple(found), base, ranges, cases.rest_is_zero, coded)


def without_arguments(text: str, functions: Mapping[str, Iterable[str]]) -> str:
    """`f_W(x)` is `f`."""
    for name, arguments in functions.items():
        listed = "|".join(re.escape(a) for a in arguments)
        one = rf"{_FONT}(?:{listed})\s*\}}?\s*"
        label = rf"(?:\s*_\s*\{{?\s*{one}\}}?)?"
        text = re.sub(
            rf"(?<![A-Za-z\\]){re.escape(name)}{label}\s*\\?(?:left)?\(\s*{one}(?:[;,|]\s*{one})*\\?(?:right)?\)",
            name,
            text,
        )
    return text


def _code(text: str) -> tuple[str, bool]:
    """`sum(a for k in range(5))` and `sum over k and i of` as sums; `out[r]` as `y[r]`."""
    text = _NAMED.sub(r"\nJ_{\1} =", text)
    text = _OWN.sub(lambda m: f"{m['lead']}{m['name'][0]}_{{{m['index']}}} =", text)
    text = _SPOKEN.sub(lambda m: " ".join(f"\\sum_{{{c}}}" for c in re.findall(r"\b[a-zA-Z]\b", m["letters"])), text)
    found = False

    def written(m: re.Match[str]) -> str:
        nonlocal found
        found = True
        sums = [f"\\sum_{{{v}={low or 0}}}^{{{int(high) - 1}}}" for v, low, high in _LOOP.findall(m["loops"])]
        return " ".join(sums) + f" ({m['body']})"

    return _GENERATED.sub(written, text), found


def _stacked(m: re.Match[str]) -> str:
    """Rows in brackets of their own, one below the other, as one matrix."""
    rows = "; ".join(line.strip(" \t,;")[1:-1].strip() for line in m[0].strip().splitlines())
    matrix = _MATRIX.fullmatch(f"[{rows}]")
    found = _matrix(matrix) if matrix is not None else ""
    return f"\n{found}\n" if found.startswith("\\begin") else m[0]


def _matrix(m: re.Match[str]) -> str:
    """`[a b; 0 c]` as a matrix, where every row has as many entries, parted by spaces or commas."""
    rows = [
        [e for e in re.split(r"[\s,]+(?![^\[]*\])", row.strip()) if e] for row in m["rows"].split(";") if row.strip()
    ]
    if len({len(row) for row in rows}) != 1 or any(re.fullmatch(rf"[-+*/=]|{_DOTS}", e) for row in rows for e in row):
        return m[0]
    return "\\begin{bmatrix} " + " \\\\ ".join(" & ".join(row) for row in rows) + " \\end{bmatrix}"


def _subscripted(text: str) -> str:
    """`x₂₍ᵣ₋₁₎₊ᵢ,ₖ` with its comma inside the subscript."""
    marks = "".join(SUBSCRIPTS)
    run = re.compile(rf"[{re.escape(marks)}]+(?:\s*,\s*[{re.escape(marks)}]+)+")
    return run.sub(lambda m: "_{" + "".join(SUBSCRIPTS.get(c, c) for c in m[0]) + "}", text)


def _unprimed(text: str) -> str:
    """Summation letters with a prime, `k'`, as letters that occur nowhere else."""
    primed = re.compile(r"(?<![A-Za-z\\])([a-z])(?:'|′|\^\{?\\prime\}?|\\prime)")
    letters = dict.fromkeys(re.findall(rf"(?:sum|Σ|∑)[_\s({{]*{primed.pattern}", text))
    free = (c for c in "pqsuvm" if not re.search(rf"(?<![A-Za-z]){c}(?![A-Za-z])", text))
    names = dict(zip(letters, free, strict=False))
    text = re.sub(r"(\\?(?:delta|δ)_\{?)([a-z])(?=[a-z]['′])", r"\1\2,", text)
    return primed.sub(lambda m: names.get(m[1], m[0]), text)


def _ranges(text: str, *, chains: bool) -> tuple[str, dict[str, tuple[int, int]]]:
    """The ranges that an answer gives its letters outside sums and conditions, and the text without them.

    Where it says that the rest is 0, a chain `1 <= n <= 3` is a condition (`chains` is false).
    """
    out: dict[str, tuple[int, int]] = {}
    for loop in re.finditer(r"\bfor\s+(\w)\s+in\s+range\(\s*(?:(\d+)\s*,\s*)?(\d+)\s*\)\s*:?", text):
        out[loop[1]] = (int(loop[2] or 0), int(loop[3]) - 1)
    text = re.sub(r"\bfor\s+\w\s+in\s+range\([^()]*\)\s*:?", "\n", text)

    def taken(m: re.Match[str]) -> str:
        before = text[: m.start("letters" if "last" not in m.re.groupindex else "low")]
        if (
            int(m["low"]) > 1
            or _SUM.search(before)
            or _CONDITION.search(before)
            or before.count("{") > before.count("}")
        ):
            return m[0]
        exclusive = "last" in m.re.groupindex and m["last"] in {"<", "\\lt"}
        for letter in re.findall("[a-zA-Z]", m["letters"]):
            out[letter] = (int(m["low"]), int(m["high"]) - exclusive)
        return "\n" if "\n" in m["lead"] else " , "

    for _ in range(3):  # ranges in a row share their separators
        text = _CHAIN.sub(taken, text) if chains else text
        text = _LIST.sub(taken, text)
    return _tidy(text), out


def _opened(text: str) -> str:
    """Brackets in which the base or the range of a letter is said among other words, as clauses of their own."""
    for m in reversed(list(_ASIDE.finditer(text))):
        said = [s for p in (_ZERO_BASED, _ONE_BASED, _LIST) for s in [p.search(m["inner"])] if s is not None]
        rest = [m["inner"].replace(s[0], " ") for s in said]
        before = text[: m.start()].rstrip()
        if rest and any(re.search(r"\w", r) for r in rest) and not _SUM.search(before):
            text = f"{text[: m.start()]}\n{m['inner']}\n{text[m.end() :]}"
    return text


def _tidy(text: str) -> str:
    """The text without commas and small words that nothing follows any more."""
    return re.sub(r"(?:[\s,;(]|\b(?:for|with|where|and|all|any)\b)+(?=\n|\Z|\.(?:\s|\Z))", "", text)


def _shapes(text: str) -> tuple[str, list[tuple[int, ...]]]:
    """The shapes that an answer states, in their order, and the text without the clauses that state them.

    Where some are said to be those of a derivative, only these are kept: `df/dW is 3 x 5, since W is 1 x 5`.
    """
    spans: list[tuple[int, int, int, tuple[int, ...]]] = []
    others: set[int] = set()  # shapes of helpers, `w_j = W_{1,:,j} \in R^5`
    for pattern in (_SPACE, _SAID, _AFTER, _BARE):
        for m in pattern.finditer(text):
            inside = text[max(0, m.start() - 1) : m.start()]
            if inside in {"^", "_", "{", "[", "/"} or any(a < m.end() and m.start() < b for _, a, b, _ in spans):
                continue
            if pattern is _SAID and (re.search(r"sum|Σ|∑", m["between"]) or _inside(m["between"])):
                continue
            others_out = "".join(" " if any(a <= k < b for _, a, b, _ in spans) else c for k, c in enumerate(text))
            if pattern is _BARE and not _alone(others_out, m.start(), m.end()):
                continue
            start = _clause(text, m.start())
            if (sign := _MEMBER.search(text[:start])) is not None:
                start = sign.start()
                subject = text[_sentence(text, start) : start]
                if _SUBJECT.search(subject) and not _DERIVATIVE.search(subject):
                    others.add(m.start())
            spans.append((start, m.start(), m.end(), tuple(int(k) for k in re.findall(r"\d+", m["dims"]))))
    spans.sort(key=lambda span: span[1])
    out, of_derivatives, cut = [], [], 0
    for start, said, end, dims in spans:
        out.append(text[cut : max(start, cut)])
        if _DERIVATIVE.search(text[max(start, cut) : said]):
            of_derivatives.append(dims)
        cut = max(end, cut)
    found = of_derivatives or [dims for _, said, _, dims in spans if said not in others]
    return (_REMARK.sub(" ", "\n".join([*out, text[cut:]])), found) if spans else (text, [])


def _sentence(text: str, start: int) -> int:
    """Where the clause begins that ends at a place."""
    found = [m.end() for m in _BOUNDARY.finditer(text[:start]) if not _inside(text[: m.start()])]
    return max(found, default=0)


def _alone(text: str, start: int, end: int) -> bool:
    """Whether nothing but words stands around a product of numbers in its clause: not `2 x 3` within a formula."""
    before, after = text[_clause(text, start) : start], re.split(r"[\n;,.]", text[end:], maxsplit=1)[0]
    return not re.search(
        r"[\d^_\[\]+*/(]", before.replace("(", "", 1) if before.endswith("(") else before
    ) and not re.search(r"[\d^_\[\]+*/=]", after)


def _clause(text: str, start: int) -> int:
    """Where the clause begins in which a shape is stated: the first boundary after which no formula stands."""
    found = [(0, ""), *((m.end(), m[0]) for m in _BOUNDARY.finditer(text[:start]) if not _inside(text[: m.start()]))]
    sentence = max(k for k, mark in found if mark in {"", "\n", ";", ". "})
    for k, _ in found:
        if k >= sentence and not _FORMULA.search(text[k:start]):
            return k
    return start


def _inside(before: str) -> bool:
    """Whether a bracket is open at the end of a text."""
    return any(before.count(a) > before.count(b) for a, b in ("()", "[]", "{}"))


def same_shape(mine: tuple[int, ...], wanted: Iterable[tuple[int, ...]], split: int) -> bool:
    """Whether a stated shape is one of those wanted, up to axes with one entry and the flattening of either part.

    >>> same_shape((3, 15), [(3, 1, 5, 3)], 1), same_shape((3, 5), [(3, 1, 5, 3)], 1)
    (True, False)
    """

    def without(dims: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(d for d in dims if d != 1)

    for dims in wanted:
        first, second = dims[:split], dims[split:]
        flat = prod(first), prod(second)
        forms = {without(dims), without((*first, flat[1])), without((flat[0], *second)), without(flat)}
        if without(mine) in forms:
            return True
    return False
