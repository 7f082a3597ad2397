"""Lines as they are typed: several equations beside each other, code with its remarks, chains that go on below.

Only spellings change here. Equations that only a space keeps apart get a semicolon, `a, b = 1, 2` becomes two of them,
a number in a remark is what the line before it gives, and a line that begins with `=` goes on with the equation it is
about, not with what stands in a clause behind it.
"""

from __future__ import annotations

import re

from checkers.told import ARROW, DOT, OVERBAR

_NODE = r"[A-Za-zα-ωψ][\u0300-\u036f\u02d9]?(?:_?\{?-?\d+\}?|[₀-₉]+)?[\u0300-\u036f\u02d9]?(?:_?(?:dot|bar))?['′]?"
_CALLED = r"(?:σ|sigma|sigmoid|sin|cos|exp)\([^()\s]*\)"
_NAME = rf"(?:(?:d|∂){_NODE}/(?:d|∂){_NODE}|(?:1[-+\u2212])?(?:(?:d|∂)?{_NODE}|{_CALLED}))"
_FUNCTION = r"(?:sin|cos|tan|exp|log|ln|sqrt|sigmoid|sigma|σ|e|pi|π)(?![A-Za-z])"
_PLAIN = rf"(?:\d+(?:\.\d+)?|{_FUNCTION}|[-+*/^·×()\u2212²³])"
_WORTH = rf"{_PLAIN}+"
# a=2 b=e^2 c=1
_TIGHT = re.compile(rf"(?<==)({_WORTH}|[^\s=;,]*[-+*/^·()][^\s=;,]*)[ \t]+(?=\$?{_NAME}=[^\s=])")
# v4 = 2 v5 = 0.7311 v6 = 1
_ONE = rf"{_NAME}[ \t]*(?:=|≈)[ \t]*{_WORTH}"
_LOOSE = re.compile(rf"(?m)(?:^|(?<=[:|]))[ \t]*{_ONE}(?:[ \t]+{_ONE}){{2,}}[ \t.]*$")

_TUPLE = re.compile(
    rf"(?m)(?P<lead>^|;)[ \t]*(?P<names>{_NAME}(?:[ \t]*,[ \t]*{_NAME})+)"
    r"[ \t]*=[ \t]*(?P<values>[^=;#\n]+?)(?=[ \t]*(?:;|#|$))"
)
# (v_8, v_9, v_10) = (2.73, 0.14, 7.39)
_TUPLES = re.compile(
    rf"(?m)(?P<lead>^|[;.])[ \t$]*\((?P<names>{_NAME}(?:\s*,\s*{_NAME}){{2,}})\)[ \t]*=[ \t]*\((?P<values>[^()=\n]+)\)"
)
# jvp(1, 0) -> (0.14, 1)
_CALL = re.compile(
    r"\b(?:(?P<along>\w*(?:jvp|push_?forward|forward|tangent)\w*)|\w*(?:vjp|pull_?back|backward|reverse|adjoint)\w*)"
    rf"\(\s*[\[(]*(?P<unit>[01](?:\.0?)?(?:\s*,\s*[01](?:\.0?)?)+)[\])]*\s*\)\s*(?:=|:|{ARROW})\s*(?=[\[(])"
)
# g['v9'] = 2
_KEPT = re.compile(r"\b[A-Za-z]\w*\[\s*['\"](?P<v>[a-z])_?(?P<n>-?\d+)['\"]\s*\](?=\s*\+?=)")
# D_1 y_2, and what D_i stands for
_OPERATOR = r"(?<![A-Za-z\\])(?:D|∂|\\partial)_\{?"
_SAID = re.compile(
    rf"{_OPERATOR}[ijk]\}}?[\s$]*(?::=|=|\\equiv|≡|denotes|means|stands for|is)[\s$]*"
    r"(?:(?:\\partial|∂)\s*/\s*(?:\\partial|∂)\s*[a-z]_\{?[ijk]\}?|\\frac\{\\partial\}\{\\partial [a-z]_\{?[ijk]\}?\})"
)
_BY_NUMBER = re.compile(_OPERATOR + r"(?P<k>\d)\}?\s*(?P<of>[a-z]_?\{?\d+\}?)(?=[\s$]*(?:=|≈|\\approx|:|,))")
_REMARK = re.compile(
    r"(?m)^(?P<code>[^\n#=]*=[^\n#]*?)[ \t]*(?:#|//|%)[ \t]*(?:=+|->|→|>>>)?[ \t]*"
    rf"(?P<worth>\[[^\[\]\n]*\]|\([-+\d.,\s]+\)|[-+\u2212]?\d+(?:\.\d+)?"
    rf"|(?={_NAME}[ \t]*=[ \t]*[-+\d\[])(?P<said>[^\n]+))[ \t]*$"
)
_CODE = re.compile(r"\b(?:np|numpy|torch|jnp|math)\.|\*\*|^\s*(?:import|from|def|for|print)\b", re.M)
_STACK = re.compile(
    r"\b(?:np|numpy|jnp|torch)\.(?:stack|vstack|row_stack|array|asarray|tensor)\(\s*"
    r"(?P<list>\[(?:[^\[\]]|\[[^\[\]]*\])*\])\s*(?:,\s*(?:axis|dim)\s*=\s*0\s*)?(?:,\s*dtype\s*=\s*[\w.]+\s*)?\)"
)
_PRINTED = re.compile(r"(?m)^[ \t]*>>>[ \t]*(?=\[|[-+]?\d+\.\d)")
# print(y1, y2)  # 7.67 2.73
_SHOWN = re.compile(r"(?m)^[ \t]*print\((?P<what>[^\n]*?)\)[ \t]*(?:#|//|->|→|>>>)[ \t]*(?P<said>[^\n]+)$")
_NUMERAL = r"[-+\u2212]?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?"
_RUN = re.compile(r"(?m)^.*(?:\b(?:np|numpy|torch|jnp|math)\.|\b(?:import|lambda|backward|return|def)\b).*$")
_UNITS = re.compile(r"(?<![\w\\])(?P<g>[a-df-z])_?\{?(?P<n>-?\d+)\}?[ \t]*=[ \t]*\[(?P<list>[\d.,\s]+)\]")

# 1-s=0.2689 product=0.1966
_WORD = re.compile(r"(?<=[\d)])[ \t]+(?:product|sum|total|result|answer|together)[ \t]*[=:][ \t]*(?=[-+\u2212\d(])")
# y1 = 7.67 | y2 = 2.73
_CELL = re.compile(r"(?:=|≈|:)[^|]*\d")
# ∂/∂x_2 → 2 e^2
_LEADING = re.compile(rf"((?:\\partial|∂|\bd)\s*/\s*(?:\\partial|∂|d)\s*{_NODE}[\s$]*){ARROW}")
_COLUMN = r"\\begin\{{(?P<{0}>[bp]?matrix)\}}(?P<{1}>(?:(?!\\begin).)*?)\\end\{{(?P={0})\}}"
_BLOCKS = re.compile(
    _COLUMN.format("a", "m")
    + r"(?:\s|\\[;,!: ]|\\q?quad|\\middle)*(?:\||\\vert|\\mid)(?:\s|\\[;,!: ]|\\q?quad)*"
    + _COLUMN.format("b", "n"),
    re.S,
)

# v̄_2 = a + b, with a = 2 and b = 3 / = 5
_CLAUSE = re.compile(
    r"(?:,[ \t]*|[ \t]+|\()(?:\\text\s*\{\s*)?(?:with(?!\s+(?:respect|seeds?))|where|using|since)\b(?:\s*\})?"
)
_EQUAL = re.compile(r"=|≈|\\approx")
_GOES_ON = re.compile(r"[ \t]*(?:&|\$|\\\()?[ \t]*(?:=|≈|\\approx)")


def in_lines(text: str, *, forwards: bool, letter: str = "x") -> str:
    r"""The text with one equation after the other; `forwards` tells whether unit vectors seed tangents, `letter` is
    that of the inputs.

    >>> in_lines("a=2 b=e^2 c=1", forwards=True)
    'a=2 ; b=e^2 ; c=1'
    >>> in_lines("v4=v1 v2=2", forwards=True)
    'v4=v1 v2=2'
    >>> in_lines("a, b = 2., 1.", forwards=True)
    'a = 2 ; b = 1'
    >>> in_lines("u = a + b, with a = 2 and b = 3\n= 5", forwards=True)
    'u = a + b = 5 ; a = 2 and b = 3'
    """
    mark = DOT if forwards else OVERBAR
    text = re.sub(r"⟨|\\langle\b", "(", re.sub(r"⟩|\\rangle\b", ")", text))
    text = "\n".join(_without_bars(line) for line in text.split("\n"))
    text = _BLOCKS.sub(_beside, _LEADING.sub(r"\1=", text))
    text = _BY_NUMBER.sub(rf"∂\g<of>/∂{letter}_\g<k>", _SAID.sub("", text))
    text = _TUPLES.sub(_several, _CALL.sub(_product, text))
    text = _continued(text)
    text = _KEPT.sub(lambda m: f"{m['v']}{mark}_{{{m['n']}}}", text)
    text = re.sub(rf"(?<![\w<])({_NAME})[ \t]*(?:<-{{1,2}}|←|:=)[ \t]*", r"\1 = ", text)
    if _SHOWN.search(text):
        text = _SHOWN.sub(_shown, _RUN.sub(lambda m: m[0] if _SHOWN.fullmatch(m[0]) else "", text))
    if _CODE.search(text):
        text = _STACK.sub(lambda m: m["list"], _PRINTED.sub("", text))
        text = _TUPLE.sub(_several, text)
        text = _REMARK.sub(_remark, text)
        text = _seeded(text, mark)
    elif _TUPLE.search(text):
        text = _TUPLE.sub(_several, text)
    text = _WORD.sub(" ; ", text)
    text = _LOOSE.sub(lambda m: re.sub(rf"(?<=[\d)²³e])[ \t]+(?={_NAME}[ \t]*(?:=|≈))", " ; ", m[0]), text)
    return _TIGHT.sub(r"\1 ; ", text)


def _shown(match: re.Match[str]) -> str:
    """What a program prints, as its remark says: of the names that are printed, or alone."""
    names = [n.strip() for n in match["what"].split(",")]
    numbers = re.findall(rf"(?<![\w.]){_NUMERAL}(?!\w)", match["said"])
    if len(names) == len(numbers) and all(re.fullmatch(_NODE, n) for n in names):
        return " ; ".join(f"{n} = {x}" for n, x in zip(names, numbers, strict=True))
    return numbers[0] if len(numbers) == 1 else match["said"]


def _without_bars(line: str) -> str:
    """Equations with bars between them as statements; a row of a table stays as it is."""
    cells = re.split(r"[ \t]\|[ \t]", line)
    if len(cells) < 2 or line.lstrip().startswith("|") or not all(_CELL.search(c) for c in cells):
        return line
    return " ; ".join(cells)


def _continued(text: str) -> str:
    """The text with chains that go on below a clause put together: first the chain, then the clause."""
    out: list[str] = []
    lines = text.split("\n")
    while lines:
        line = lines.pop(0)
        found = _CLAUSE.search(line)
        if found is None or not lines or not _GOES_ON.match(lines[0]):
            out.append(line)
            continue
        main, clause = line[: found.start()], line[found.end() :].strip().rstrip(".;")
        clause = clause.removesuffix(")") if found[0].startswith("(") else clause
        parts = _EQUAL.split(clause)
        if not _EQUAL.search(main) or len(parts) < 2 or not _is_worth(parts[-1]):
            out.append(line)
            continue
        more = []
        while lines and _GOES_ON.match(lines[0]):
            more.append(lines.pop(0).strip())
        if main.count("$") % 2:
            main, clause = main + "$", "$" + clause if clause.count("$") % 2 else clause
        out.append(f"{main} {' '.join(more)} ; {clause}")
    return "\n".join(out)


def _is_worth(side: str) -> bool:
    """Whether the end of a clause is a number already, so that the line below goes on with something else."""
    plain = re.sub(r"\\[a-z]+|\band\b", "", side)
    return bool(re.search(r"\d", plain)) and not re.search(r"[A-Za-df-z]|e(?!\s*\^)", plain)


def _product(match: re.Match[str]) -> str:
    """A call with a unit vector as a product with the Jacobian."""
    entries = [float(x) for x in match["unit"].split(",")]
    if sorted(entries) != [0.0] * (len(entries) - 1) + [1.0]:
        return match[0]
    unit = f"e_{entries.index(1.0) + 1}"
    return f"J {unit} = " if match["along"] else f"{unit}^T J = "


def _beside(match: re.Match[str]) -> str:
    """Two matrices with a bar between them as one, where they have as many rows."""
    left, right = (re.split(r"\\\\(?:\[[^\]]*\])?", match[k].strip().removesuffix("\\\\")) for k in "mn")
    if len(left) != len(right):
        return match[0]
    rows = " \\\\ ".join(f"{a.strip()} & {b.strip()}" for a, b in zip(left, right, strict=True))
    return f"\\begin{{matrix}} {rows} \\end{{matrix}}"


def _several(match: re.Match[str]) -> str:
    names = [n.strip() for n in match["names"].split(",")]
    values = [re.sub(r"(?<=\d)\.$", "", v.strip()) for v in _apart(match["values"])]
    if len(names) != len(values):
        return match[0]
    pairs = [f"{n} = {v}" for n, v in zip(names, values, strict=True)]
    return f"{match['lead']} {' ; '.join(pairs)}" if match["lead"] else " ; ".join(pairs)


def _apart(text: str) -> list[str]:
    """Cut at commas outside brackets."""
    out, depth = [""], 0
    for c in text:
        depth += (c in "([{") - (c in ")]}")
        if c == "," and depth == 0:
            out.append("")
        else:
            out[-1] += c
    return out


def _remark(match: re.Match[str]) -> str:
    if match["said"]:
        return f"{match['code']} ; {match['said']}"
    return f"{match['code']} = {match['worth']}"


def _seeded(text: str, mark: str) -> str:
    """The text with a letter that is seeded with unit vectors, `d1 = [1, 0]`, as the tangents of nodes."""
    units: dict[str, set[str]] = {}
    for found in _UNITS.finditer(text):
        entries = sorted(float(x) for x in re.findall(r"\d+(?:\.\d+)?", found["list"]))
        if len(entries) > 1 and entries == [0.0] * (len(entries) - 1) + [1.0]:
            units.setdefault(found["g"], set()).add(found["n"])
    for letter, seeds in units.items():
        own = _numbers(text, letter)
        nodes = {
            c: len(own & _numbers(text, c)) for c in sorted(set(re.findall(r"(?<![A-Za-z\\])([a-z])_?\{?\d", text)))
        }
        nodes.pop(letter, None)
        if len(own - seeds) < 2 or not nodes or max(nodes.values()) < 2:
            continue
        node = max(nodes, key=lambda c: (nodes[c], c == "v"))
        text = re.sub(rf"(?<![A-Za-z\\]){letter}_?\{{?(-?\d+)\}}?(?!\w)", rf"{node}{mark}_{{\1}}", text)
    return text


def _numbers(text: str, letter: str) -> set[str]:
    return set(re.findall(rf"(?<![A-Za-z\\]){letter}_?\{{?(-?\d+)\}}?(?!\w)", text))
