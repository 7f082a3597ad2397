r"""Cases in words, `W_j if 1 <= j <= 3, otherwise 0`, rewritten as the cases environment that the reader knows.

Only the words between formulas are touched; the formulas themselves are left as they were typed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_REST = (
    r"(?:otherwise|all other (?:entries|elements|values|components|derivatives)|(?:all )?(?:the )?remaining \w+"
    r"|(?:the|all|all the) (?:rest|others?)|else(?:where)?|everywhere else|in (?:all|any) other cases?"
    r"|for all other[^.;\n]*|if not"
    r"|or else|outside[^.;\n]*|out(?:side)? of (?:this |that |the )?range|in the other cases?)"
)
_ZERO = r"(?:\b(?:0|zero|vanish(?:es)?)\b)"
_JOIN = r"(?:[\s,;:.({=&]|\\\\|\band\b|\bor\b|\bbut\b|\bis\b|\bit\b|\bare\b)*"
_REST_IS_ZERO = re.compile(
    rf"{_JOIN}{_ZERO}[\s,;:&(]*(?:for \w )?(?<!\w){_REST}[\s)}}.]*"
    rf"|{_JOIN}\b{_REST}(?:[\s,;:=]|\b(?:the|value|derivative|entry|entries|it|is|are|equals?|they|vanish\w*|get|all|has)\b)*"
    rf"{_ZERO}[\s)}}.]*",
    re.IGNORECASE,
)
_RELATION = r"(?:<=|>=|<|>|=|≤|≥|∈|≠|\\leq?\b|\\geq?\b|\\in\b|\\leqslant|\\geqslant|\bin\b(?=\s*[\[{\\\d]))"
_UNEQUAL = r"(?:<=|>=|<|>|≤|≥|∈|\\leq?\b|\\geq?\b|\\in\b|\\leqslant|\\geqslant|\bin\b(?=\s*[\[{\\\d]))"
_WORDS = r"if|when|whenever|iff|only if|provided(?: that)?|as long as|such that|for|where"
_IF = re.compile(
    rf"(?P<value>.*?\S)[\s,;(]+\b(?P<word>{_WORDS})\b[\s:]*(?P<condition>.*{_RELATION}.*)", re.DOTALL | re.IGNORECASE
)
_BETWEEN = re.compile(
    rf"\b(?P<word>{_WORDS})\s+(?P<what>[^,;\n]+?)\s+(?:is|lies|are|stays)\s+(?:between|in the range|within)\s+"
    r"(?P<low>\S+)\s+(?:and|to)\s+(?P<high>\w+)",
    re.IGNORECASE,
)
_LAYOUT = re.compile(r"(?<!\\)\\[,;:! ]|\\quad\b|\\qquad\b|~|\\(?:left|right|big|Big|bigg|Bigg)[lr]?(?![a-zA-Z])\.?")
_MEMBER = re.compile(r"(?<=[\w)])\s+in\s+(?=\\?[\[{])")
_SLICE = re.compile(r"(?<=[,{\[])\s*(?:\\cdot|·|\*)\s*(?=[,}\]])")  # W_{1,·,i}
_EQUALS = re.compile(r"\s+(?:is equal to|equals|equal to)\s+(?!0\b|zero\b)")
_TEXT = re.compile(r"\\(?:text\w*|mbox)\s*\{([^{}]*)\}")
_THEN = re.compile(
    r"\b[Ii]f\s+(?P<condition>[^\n;]+?)\s*,?\s*\bthen\b\s+(?P<value>[^\n;]+?)(?=,?\s*\b(?:else|otherwise)\b|\n|;|$)"
)
_UNLESS = re.compile(
    r"\b(?:0|zero)\s+unless\s+(?P<condition>[^\n;]+?),?\s+(?:in which case|then|when|where)\s+(?:it|the \w+)\s+"
    r"(?:is|equals)\s+(?:equal to\s+)?(?P<value>[^\n;.]+)"
)
_OTHER = re.compile(
    r"[\s,;]*\belse\b[\s,:=]*(?P<first>[^\n;]+?)\.?\s*$"
    r"|(?:[,;]\s*|\band\s+)(?:and\s+)?(?P<last>(?:[^,;\n{}]|\{[^{}]*\})+?)\s*,?\s*\b(?:otherwise|elsewhere|else)\b\.?\s*$",
    re.MULTILINE,
)
_SAID = re.compile(r"^(?:[A-Za-z][a-z]*\s+){0,6}(?:is|equals|are|gives)\s+(?:equal to\s+)?(?=\S)")
_DEFINED = re.compile(
    r",?\s*\b(?:where|with)\b\s+(?=[a-zA-Z](?:_\{[^{}]*\}|_\w|\[[^\]]*\])*\s*(?::=|=)\s*(?![\d\s]*[,.…]|\d*\s*$))"
)
# n = 2r-1 : W_{1,k,1}; a row of cases by an index
_ROW = re.compile(
    r"[ \t]*(?:[-*•|][ \t]+)?(?:(?:if|when|for|case)\s+)?(?P<condition>[a-z]\s*(?:=|==)\s*[^:=<>\n]*[^:=<>\s])"
    r"\s*(?::(?!=)|->|→|⇒|=>|\\to\b|\\Rightarrow\b|\\mapsto\b|↦|\|)\s*(?P<value>[^=:<>|\n]+?)[ \t|]*[.,;]?"
)
_TABLE = re.compile(r"(?m)(?:^[ \t]*\|[^\n]*\|[ \t]*(?:\n|\Z)){3,}")
_ROW_OF_REST = re.compile(
    r"[ \t]*(?:[-*•|][ \t]+)?(?:any|all|every|each|the)?[ \t]*(?:others?|otherwise|else|rest)\b[^:\n\d=]{0,30}?"
    r"\s*(?::|->|→|⇒|=>|\\to\b|\\Rightarrow\b|\\mapsto\b|↦|\|)\s*(?P<value>[^=:\n|]+?)[ \t|]*[.,;]?",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class CaseText:
    """A text with its cases as an environment; `rest_is_zero` where the answer says that all else is 0."""

    text: str
    rest_is_zero: bool


def with_cases(text: str) -> CaseText:
    r"""Rewrite cases in words.

    >>> with_cases("a = b if 1 <= n <= 3 and 0 otherwise")
    CaseText(text='a = \\begin{cases} b & 1 <= n <= 3 \\\\ 0 & \\text{otherwise} \\end{cases}', rest_is_zero=True)
    """
    text = _THEN.sub(r"\g<value> if \g<condition>", _rows(plain(text)))
    text = _UNLESS.sub(r"\g<value> if \g<condition>, 0 otherwise", text)
    if "\\begin{" in text:
        return CaseText(text, bool(re.search(_REST, text, re.IGNORECASE)))
    cut = _REST_IS_ZERO.sub("\n", text)
    zero = cut != text
    rest = "0" if zero else ""
    if (
        not zero
        and (other := _OTHER.search(cut)) is not None
        and re.search(r"\b(?:if|when|for)\b", cut[: other.start()])
    ):
        rest = other["first"] or other["last"]
        cut = cut[: other.start()] + "\n" + cut[other.end() :]
    lines = [part for line in re.split(r"[\n;]", _DEFINED.sub("\n", cut)) for part in [line.strip(" .,")] if part]
    out: list[str] = []
    rows: list[tuple[str, str]] = []
    head = ""
    for line in lines:
        found = _IF.fullmatch(_BETWEEN.sub(r"\g<word> \g<low> <= \g<what> <= \g<high>", line))
        if found is None or not _is_condition(found["word"], found["condition"]):
            if rows:
                out.append(_environment(head, rows, rest))
                rows, head = [], ""
            out.append(line)
            continue
        left, value = _split(found["value"])
        if re.fullmatch(r"[a-zA-Z]", left) and out and "\\begin" not in out[-1]:  # f = W_i with i = n - 1 if 1 <= i
            main = out.pop()
            out.append(f"{left} = {value}")
            left, value = _split(main)
        if left and rows:
            out.append(_environment(head, rows, rest))
            rows = []
        head = left or head
        rows.extend((value, one) for one in re.split(r"\bor\b|\\lor\b|∨", _clean(found["condition"])) if one.strip())
    if rows:
        out.append(_environment(head, rows, rest))
    return CaseText("\n".join(out), zero)


def _rows(text: str) -> str:
    r"""Cases in rows with the condition first, as cases in words.

    >>> _rows("n = 2r : a\nn = 2r+1 : b\nany other n : 0")
    'a if n = 2r\nb if n = 2r+1\n0 otherwise'
    """
    text = _TABLE.sub(_tabled, text)
    lines = text.split("\n")
    found = [_ROW.fullmatch(line) for line in lines]
    letters = {m["condition"][0] for m in found if m is not None}
    if sum(m is not None for m in found) < 2 or len(letters) != 1:
        return text
    out = []
    for line, row in zip(lines, found, strict=True):
        if row is not None:
            out.append(f"{row['value']} if {row['condition']}")
        elif (rest := _ROW_OF_REST.fullmatch(line)) is not None:
            out.append(f"{rest['value']} otherwise")
        else:
            out.append(line)
    return "\n".join(out)


def _tabled(m: re.Match[str]) -> str:
    """A table whose first column holds values of an index, as rows with the condition first."""
    rows = [[c.strip() for c in line.strip().strip("|").split("|")] for line in m[0].strip().splitlines()]
    (letter, *_), *body = rows
    if len(letter) != 1 or not letter.isalpha() or any(len(row) != 2 for row in rows):
        return m[0]
    body = [row for row in body if not re.fullmatch(r":?-+:?", row[0])]
    heads = [v if re.match(r"[A-Za-z]{3}", v) else v if "=" in v else f"{letter} = {v}" for v, _ in body]
    return "\n" + "\n".join(f"{head} : {value}" for head, (_, value) in zip(heads, body, strict=True)) + "\n"


def plain(text: str) -> str:
    r"""A text without spacing commands, math delimiters and the boxes around words.

    >>> plain(r"$a\,b$ \text{ if } c")
    ' a b    if   c'
    """
    text = re.sub(r"\$\$|(?<!\\)\\[\[\]]", "\n", text).replace("$", " ")
    text = _SLICE.sub(":", _MEMBER.sub(" ∈ ", text))
    return _EQUALS.sub(" = ", _TEXT.sub(r" \1 ", _LAYOUT.sub(" ", text)))


def _is_condition(word: str, condition: str) -> bool:
    """`if n = 2r` is a condition; `where d = ...` and `for r = ...` are not, unless they hold an inequality."""
    return word.lower() not in {"for", "where"} or re.search(_UNEQUAL, condition) is not None


def _clean(condition: str) -> str:
    text = condition.strip(" \t.,")
    while text.endswith((")", "}")) and text.count(text[-1]) > text.count({")": "(", "}": "{"}[text[-1]]):
        text = text[:-1].rstrip(" \t.,")
    return text


def _split(value: str) -> tuple[str, str]:
    """`left = value` at the last equality sign outside brackets."""
    depth, cut = 0, -1
    for k, c in enumerate(value):
        depth += (c in "([{") - (c in ")]}")
        if c == "=" and depth == 0 and value[k - 1 : k] not in {"<", ">", "!", ":"}:
            cut = k
    left, right = (value[:cut].strip(), value[cut + 1 :]) if cut >= 0 else ("", _SAID.sub("", value))
    return left, right.strip(" ,(")


def _environment(head: str, rows: list[tuple[str, str]], rest: str) -> str:
    lines = [f"{value} & {condition}" for value, condition in rows]
    if rest:
        lines.append(f"{rest} & \\text{{otherwise}}")
    cases = "\\begin{cases} " + " \\\\ ".join(lines) + " \\end{cases}"
    return f"{head} = {cases}" if head else cases
