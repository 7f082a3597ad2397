"""The text of a worked computation, made plain before it is read: tables as equations, no remarks on the point.

Only spellings change here, nothing is computed. What is written for one quantity is written the same way afterwards:
`v5_dot` and `dot_v5` as a dotted letter, `f(x_1, x_2)` as `f`, `|_{x = (2, 1)}` as nothing, a row of a table as a line.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from checkers.pasted import unpasted
from checkers.told import ACCUMULATED
from checkers.told import DOT as _DOT
from checkers.told import OVERBAR as _OVERBAR
from notation.lexicon import FUNCTIONS

_POINT = re.compile(r"\\(?:left|right|big|Big|bigg|Bigg)\s*\.")
_BAR = re.compile(r"(?:\\(?:right|left|[bB]igg?)\s*)?(?:\||\\[rl]?vert|\u2223)\s*_\s*(?=[{(])")
_BAR_LOOSE = re.compile(r"\s*(?:\bat\b|@)\s+\(?x_?\{?1\}?\s*,\s*x_?\{?2\}?\)?\s*=\s*\([^()]*\)")
_ARGUMENTS = (
    r"\s*(?:\\left)?\(\s*[\[(]?\s*(?:[-\d.]+\s*(?:,\s*[-\d.]+\s*)+|{0}(?:\s*,\s*{0})*)\s*[\])]?\s*(?:\\right)?\)"
)
# f of a written-out column
_OF_COLUMN = re.compile(
    r"(?<![A-Za-z\\])([fFyJD](?:_\{?\w\}?)?)\s*(?:\\!)?\s*(?:\\left|\\[bB]igg?l?)?\s*\(?\s*\\begin\{([pb]?matrix|smallmatrix)\}"
    r"(?:(?!\\begin)[^=])*?\\end\{\2\}(?:\s*\^\s*\{?(?:\\top|T)\}?)?\s*(?:(?:\\right|\\[bB]igg?r?)?\s*\))?(?=\s*&?\s*(?:=|\\approx|≈))"
)
_JACOBIAN = re.compile(
    r"(?:\\(?:text|mathrm|mathbf|operatorname|textbf)\s*\{\s*)?\bJac(?:obian)?(?:\s+matrix)?\b\s*\}?(?=\s*[$*]*\s*(?:=|:=|\\approx|≈))",
    re.IGNORECASE,
)
_GRADIENT = re.compile(
    r"(?:\((?=\s*(?:\\nabla|∇)[^()]*\))\s*)?(?:\\nabla|∇|\bgrad\b)\s*(?!_)\(?\s*(?P<name>[A-Za-z](?:_\{?\w+\}?|\d*|[₀-₉]+))"
    r"\s*\)*(?:\s*\^\s*\{?\s*(?:\\top|\\intercal|T|⊤|\\mathsf\s*\{\s*T\s*\}|\\mathrm\s*\{\s*T\s*\})\s*\}?)?\)?"
    r"(?=\s*(?:=|≈|\\approx|:|\\\\|\\end|[\],&]))"
)
_OPERATOR = re.compile(
    r"(?:\\partial|∂|D)_(?:\{(?P<braced>[^{}]*(?:\{[^{}]*\})?)\}|(?P<bare>[A-Za-z]\d*))\s*(?P<of>[A-Za-z](?:_\{?-?\w+\}?|\d+|[₀-₉]+))"
)
_ALIGNED = re.compile(r"\\begin\{(align|aligned|eqnarray|gather|gathered|split)(\*?)\}(.*?)\\end\{\1\2\}", re.S)
# 2.731 (sigmoid(1) = 0.731): what stands in brackets after a number and has an equals sign is an equation of its own
_ASIDE = re.compile(r"(?<=\d)\s+\(((?:[^()\n]|\([^()\n]*\))*=(?:[^()\n]|\([^()\n]*\))*)\)")
# d/dx_1 = ...: of the output that the words before it name
_BY_ALONE = re.compile(
    r"(?:(?:\\partial|∂|d)\s*/\s*(?:\\partial|∂|d)\s*|\\frac\s*\{\s*(?:\\partial|d)\s*\}\s*\{\s*(?:\\partial|d)\s*)"
    r"(?P<v>[a-z])_?\{?(?P<n>\d+)\}?\s*\}?(?=\s*(?:=|≈|\\approx|:))"
)
# (v_4, v_4') = (2, 1)
_PAIR = re.compile(
    r"\(\s*([^()=,]*[A-Za-z][^()=,]*?)\s*,\s*([^()=,]*[A-Za-z][^()=,]*?)\s*\)\s*=\s*\(\s*([^()=,]+?)\s*,\s*([^()=,]+?)\s*\)"
)
_NUMBERS = re.compile(r"\[([-+\d.\s,]*\n[-+\d.\s,]*)\]")
_MATLAB = re.compile(r"\[([^\[\]]*(?<!\\);[^\[\]]*)\]")
_SUBSTACK = re.compile(r"\\substack\s*\{((?:[^{}]|\{[^{}]*\})*)\}")
ALL = "D"  # what a gradient is taken by; alone, this letter is no node
_RULE = re.compile(r"^[\s|:+-]+$")
_TABULAR = re.compile(r"\\begin\{(tabular|array|longtable)\}\s*(?:\{[^{}]*\})?(.*?)\\end\{\1\}", re.S)


def made_plain(
    text: str, inputs: Sequence[str], outputs: Sequence[str], *, forwards: bool, values: bool = False
) -> str:
    """The text with one spelling for each thing; `inputs` and `outputs` are the names by which tables are read.

    >>> made_plain("v5_dot = 2, y_1(2, 1) = 3", ["x_1"], ["y_1"], forwards=True) == "v\u0307_{5} = 2, y_1 = 3"
    True
    """
    asked = _OVERBAR if not forwards else "" if values else _DOT
    text = unpasted(_composed(text.replace("\r\n", "\n")), asked)
    if ";" in text and re.search(r"\d,\d", text) and not re.search(r"\d\.\d", text):
        text = re.sub(r"(?<=\d),(?=\d)", ".", text)  # decimal commas; the semicolons separate
    if not re.search(r"\d\.\d", text):
        text = re.sub(r"(?m)((?:=|≈)\s*-?\d+),(\d+)(?=\s*$)", r"\1.\2", text)  # one such number at the end of a line
    text = re.sub(r"\b(?:torch\.)?tensor\s*\(", "array(", re.sub(r",\s*dtype\s*=\s*[\w.]+", "", text))
    text = text.replace("+=", ACCUMULATED).replace("⎡", "\n").translate(dict.fromkeys(map(ord, "⎢⎣⎤⎥⎦⎛⎜⎝⎞⎟⎠"), " "))
    text = re.sub(r",\s*(?:\.\.\.|…|\\[lc]?dots)\s*,", ",", text)  # steps left out
    text = _PAIR.sub(_two, text)
    text = _ALIGNED.sub(_lines_of, text)
    text = _ASIDE.sub(lambda m: m[1] if m[1].lstrip().startswith("=") else f"; {m[1]} ;", text)
    text = _OF_COLUMN.sub(r"\1", text)
    text = _SUBSTACK.sub(lambda m: "{" + m[1].replace("\\\\", ",") + "}", text)
    text = _without_bars(_POINT.sub("", text))
    letter = inputs[0][0] if inputs else "x"
    name = rf"(?:\\(?:mathbf|vec|boldsymbol)\s*\{{)?{letter}\}}?(?:_?\{{?\d*\}}?|[₀-₉]+)"
    heads = "".join(sorted({"f", "F", "J", "D", *(o[0] for o in outputs)}))
    applied = re.compile(
        rf"(?<![A-Za-z\\])([{heads}]f?(?:_(?:\{{[^{{}}]*\}}|\w)|\d|[₀-₉])?'?)" + _ARGUMENTS.format(name)
    )
    text = applied.sub(r"\1", text)
    text = re.sub(r"\bJ_\{?[fFy]\}?|\bDf\b|\\mathbf\s*\{?\s*J\s*\}?|\bf'(?=\s*=)", "J", text)
    text = re.sub(rf"(\d\.\d\d+)\s+(?=[{heads}]_?\{{?\d+\}}?\s*=)", r"\1 ; ", text)
    text = _JACOBIAN.sub(" J", text)
    text = _of_units(text, inputs, outputs)
    text = _GRADIENT.sub(lambda m: f"∂{m['name']}/∂{ALL}", text)
    text = re.sub(r"(?<![A-Za-z\\])e_?\{?\d\}?\s*=\s*(?=\([\d\s,.]+\))", "seed: ", text)
    text = re.sub(r"\b([Ss]eed(?:ed with|s)?|[Dd]irection)(?: vector)?\s*=?\s*(?=\()", r"\1: ", text)
    text = _BY_ALONE.sub(lambda m: f"{m['v']}{_OVERBAR}_{{{m['n']}}}", text)
    text = _OPERATOR.sub(lambda m: f"∂{m['of']}/∂{m['braced'] or m['bare']}", text)
    text = re.sub(r"\(([-+\d.\s,]*;[-+\d.\s,;]*)\)", r"[\1]", text)
    text = _NUMBERS.sub(lambda m: "[" + m[1].strip().replace("\n", ";") + "]", text)
    text = _MATLAB.sub(_rows, text)
    text = _code_derivatives(text, inputs, outputs)
    text = re.sub(rf"\bgrad_?\(?([{heads}])_?\{{?(\d+)\}}?\)?(?=\s*(?:=|≈))", rf"∂\1_{{\2}}/∂{ALL}", text)
    text = _accents(text, forwards=forwards)
    text = _lines_of_numbers(text)
    used = "".join(sorted({n[0] for n in (*inputs, *outputs)}))
    # 3x2 is 3 times x_2 here, never 3 by 2
    text = re.sub(rf"(?<![A-Za-z_\\^])(?P<v>[{used}])(?P<n>\d+)", r"\g<v>_{\g<n>}", text)
    return _tables(text, inputs, outputs, forwards=forwards)


def _two(match: re.Match[str]) -> str:
    """A pair as two equations; `f = (v_14, v_12) = (7.67, 2.73)` is one chain."""
    chained = match.string[: match.start()].rstrip(" \t$&").endswith(("=", "≈", "\\approx"))
    return match[0] if chained else f"{match[1]} = {match[3]} ; {match[2]} = {match[4]}"


def _of_units(text: str, inputs: Sequence[str], outputs: Sequence[str]) -> str:
    """`J e_2` as the derivative by the second input, `e_1^T J` as that of the first output, `Jv` as a product."""
    unit, equals = (
        r"(?:\\mathbf\s*\{\s*e\s*\}|\\vec\s*\{?\s*e\s*\}?|e)_?\{?(?P<n>\d)\}?",
        r"(?=[\s$]*(?:=|≈|\\approx|:))",
    )

    def column(match: re.Match[str]) -> str:
        n = int(match["n"])
        return f"∂{outputs[0][0]}/∂{inputs[n - 1]}" if 1 <= n <= len(inputs) and outputs else match[0]

    def row(match: re.Match[str]) -> str:
        n = int(match["n"])
        return f"∂{outputs[n - 1]}/∂{ALL}" if 1 <= n <= len(outputs) else match[0]

    times = r"\s*(?:\*|@|·|\\cdot\b|\\,)?\s*"
    text = re.sub(rf"(?<![A-Za-z\\])J{times}{unit}{equals}", column, text)
    power = r"\s*(?:\^\s*\{?\s*(?:\\top|\\intercal|T|⊤)\s*\}?|ᵀ|\.T|')"
    text = re.sub(rf"(?<![A-Za-z\\]){unit}{power}{times}J{equals}", row, text)
    text = re.sub(rf"(?<![A-Za-z\\])(?P<u>[a-z])ᵀ{times}J{equals}", r"\g<u>^T J", text)
    return re.sub(rf"(?<![A-Za-z\\])J{times}(?P<u>[p-w]){equals}", r"J \g<u>", text)


def _composed(text: str) -> str:
    """Letters with a bar or dot of their own as a letter and a mark, and the number after a mark as its subscript."""
    apart = "".join(d if any(m in d for m in (_DOT, "\u0304", "\u0305")) else c for c in text for d in (_apart(c),))
    return re.sub("([A-Za-z])([\u0304\u0305\u0307])(\\d+)", r"\1\2_{\3}", apart)


def _apart(char: str) -> str:
    return unicodedata.normalize("NFD", char)


def _code_derivatives(text: str, inputs: Sequence[str], outputs: Sequence[str]) -> str:
    """`dy1_dx2`, `dy1dx2` and `y1_x2` as derivatives."""
    i, j = (rf"_?\{{?(?P<{name}>\d+)\}}?" for name in "ij")
    code = rf"(?<![A-Za-z\\])d(?P<a>[a-z]){i}_?d(?P<b>[a-z]){j}(?!\w)"
    text = re.sub(code, r"∂\g<a>_{\g<i>}/∂\g<b>_{\g<j>}", text)
    x, y = (names[0][0] if names else "" for names in (inputs, outputs))
    if x and y and x != y:
        short = rf"(?<![A-Za-z\\∂])(?P<a>{y})_?\{{?(?P<i>\d+)[,\s]*_?{x}{j}\}}?(?=\s*(?:=|≈|\\approx|:))"
        text = re.sub(short, rf"∂\g<a>_{{\g<i>}}/∂{x}_{{\g<j>}}", text)
    return text


def _lines_of_numbers(text: str) -> str:
    """Lines that hold nothing but as many numbers each, one under the other: a matrix without brackets."""
    number = r"[-+\u2212]?\d+(?:\.\d+)?"
    line = rf"[ \t]*{number}(?:(?:[ \t]*[,;][ \t]*|[ \t]+){number})+[ \t]*"

    def rows(match: re.Match[str]) -> str:
        found = [re.findall(number, one) for one in match[0].strip("\n").split("\n")]
        if len({len(one) for one in found}) != 1:
            return match[0]
        return "[" + ", ".join(f"[{', '.join(one)}]" for one in found) + "]\n"

    return re.sub(rf"(?m)^{line}(?:\n{line})+$", rows, text)


def _without_bars(text: str) -> str:
    """Without `|_{x = ...}` after a derivative: the point is the same everywhere."""
    while (found := _BAR.search(text)) is not None:
        opened = text[found.end()]
        closing, depth, end = {"{": "}", "(": ")"}[opened], 0, len(text)
        for i in range(found.end(), len(text)):
            depth += (text[i] == opened) - (text[i] == closing)
            if depth == 0:
                end = i + 1
                break
        text = text[: found.start()] + " " + text[end:]
    return _BAR_LOOSE.sub("", text)


def _lines_of(match: re.Match[str]) -> str:
    """The equations of an aligned environment, each on a line."""
    body = re.sub(r"&\s*(=|\\approx|≈)\s*&?", r"\1", match[3])
    return "\n" + re.sub(r"\s*&+\s*", " ; ", re.sub(r"\\\\(?:\[[^\]]*\])?", "\n", body)) + "\n"


def _rows(match: re.Match[str]) -> str:
    """`[a, b; c, d]` as rows in brackets of their own."""
    rows = [r.strip(" ,\n") for r in match[1].split(";") if r.strip(" ,\n")]
    listed = [r if "," in r else ", ".join(r.split()) if re.fullmatch(r"[-+\d.\s]+", r) else r for r in rows]
    return "[" + ", ".join(f"[{r}]" for r in listed) + "]"


def _accents(text: str, *, forwards: bool) -> str:
    """Dots and bars in the style of code as combining marks; `dv5 = ...` is a tangent forwards, an adjoint
    backwards."""
    number = r"_?\{?(?P<n>-?\d+)\}?"
    for words, mark in (("dot|tangent|tan", _DOT), ("bar|adjoint|adj|grad", _OVERBAR)):
        patterns = (
            rf"(?<![A-Za-z\\])(?P<v>[a-z]){number}_?(?:{words})\b",
            rf"(?<![A-Za-z\\])(?P<v>[a-z])_?(?:{words}){number}(?!\w)",
            rf"(?<![A-Za-z\\])(?:{words})[_ ](?P<v>[a-z]){number}(?!\w)",
            rf"(?<![A-Za-z\\])(?:{words})\s*[\(\[]\s*(?P<v>[a-z]){number}\s*[\)\]]",
        )
        for pattern in patterns:
            text = re.sub(pattern, lambda m, mark=mark: f"{m['v']}{mark}_{{{m['n']}}}", text)  # type: ignore[misc]
    mark = _DOT if forwards else _OVERBAR
    alone = rf"(?m)(?P<before>^|[\n,;$:(&]|\s)d(?P<v>[a-z]){number}(?=\s*(?:=|≈|:=|\\approx))"
    return re.sub(alone, lambda m: f"{m['before']}{m['v']}{mark}_{{{m['n']}}}", text)


# -- tables ------------------------------------------------------------------------------------------------------------


def _tables(text: str, inputs: Sequence[str], outputs: Sequence[str], *, forwards: bool) -> str:
    def environment(match: re.Match[str]) -> str:
        rows = [r for r in re.split(r"\\\\(?:\[[^\]]*\])?", match[2].replace("\\hline", "")) if r.strip()]
        told = _told([[c.strip() for c in r.split("&")] for r in rows], inputs, outputs, forwards=forwards)
        return "\n" + "\n".join(told) + "\n" if told is not None else match[0]

    text = _TABULAR.sub(environment, text)
    out: list[str] = []
    block: list[str] = []
    for line in [*text.split("\n"), ""]:
        if line.count("|") >= 2 and "=" not in line.partition("|")[0]:
            block.append(line)
            continue
        if block:
            rows = [[c.strip() for c in b.strip().strip("|").split("|")] for b in block if not _RULE.match(b)]
            told = _told(rows, inputs, outputs, forwards=forwards)
            out.extend(block if told is None else told)
            block = []
        out.append(line)
    return "\n".join(out[:-1])


def _told(rows: list[list[str]], inputs: Sequence[str], outputs: Sequence[str], *, forwards: bool) -> list[str] | None:
    """The rows of a table as equations, by what its head says; None where the head says nothing."""
    if len(rows) < 2:
        return None
    columns = [_column(cell, inputs, outputs, forwards=forwards) for cell in rows[0]]
    if not any(c.startswith(("value", "∂", "dot", "bar")) for c in columns[1:]):
        return None
    lines: list[str] = []
    for row in rows[1:]:
        cells = [c.strip().strip("$").strip() for c in row]
        where = next((i for i, c in enumerate(columns) if c == "name"), 0)
        if where >= len(cells) or not cells[where]:
            continue
        name, _, formula = cells[where].partition("=")
        name = name.strip()
        parts = [formula.strip()] if formula.strip() else []
        more: list[str] = []
        for i, cell in enumerate(cells[: len(columns)]):
            if i == where or not cell or cell in {"-", "–", "—", "/", "N/A"}:
                continue
            kind = columns[i]
            if kind == "formula" and not _readable(cell):
                continue
            if kind in {"value", "formula"}:
                parts.append(cell.removeprefix(f"{name} =").removeprefix(f"{name}=").strip())
            elif kind != "other":
                more.append(kind.replace("@", name) + f" = {cell.rpartition(':')[2]}")
        lines.extend([" = ".join([name, *parts])] * bool(parts) + more)
    return lines


def _readable(cell: str) -> bool:
    """Whether a cell holds a formula, not the name of an operation: `mul`, `sin(3·)`, `add(v4, v5)`."""
    words = re.findall(r"(?<![A-Za-z\\])[A-Za-z]{2,}", re.sub(r"\\[A-Za-z]+", " ", cell))
    gap = re.search(r"[·*+×]\s*\)|\(\s*[·*.×…]?\s*\)|[□_]\s*$", cell)
    alone = re.fullmatch(r"[A-Za-z]{2,}", cell) is not None
    return gap is None and not alone and all(w.lower() in FUNCTIONS or w in {"sigma", "sig"} for w in words)


def _column(head: str, inputs: Sequence[str], outputs: Sequence[str], *, forwards: bool) -> str:
    """What a column of a table holds: `name`, `formula`, `value`, or a derivative with @ for the name of the row."""
    marked = re.sub(r"[\\${}_\s]|mathrm|text|frac|displaystyle", "", head)
    lower = marked.lower()
    plain = re.sub(f"[{_DOT}{_OVERBAR}]", "", marked)
    if (seed := re.search(r"\((?:[01][,;])+[01]\)", marked)) is not None and seed[0].count("1") == 1:
        number = re.findall("[01]", seed[0]).index("1")  # the column of the seed (0, 1)
        seeded = "seed" in lower
        if (re.search("dot|tangent|\u0307", lower) or (seeded and forwards)) and number < len(inputs):
            return f"∂@/∂{inputs[number]}"
        if (re.search("bar|adjoint|\u0304", lower) or seeded) and number < len(outputs):
            return f"∂{outputs[number]}/∂@"
    if (unit := re.search(r"e(\d)", plain)) is not None and (number := int(unit[1]) - 1) >= 0:  # the seed e_2
        if re.search("dot|tangent|\u0307", lower) and number < len(inputs):
            return f"∂@/∂{inputs[number]}"
        if re.search("bar|adjoint|\u0304", lower) and number < len(outputs):
            return f"∂{outputs[number]}/∂@"
    by = next((x for x in inputs if x.replace("_", "") in plain), None)
    of = next((y for y in outputs if y.replace("_", "") in plain), None)
    of = of or next((f"{o[0]}_{o.partition('_')[2]}" for o in outputs if f"f{o.partition('_')[2]}" in plain), None)
    if by is not None and (of is None or lower.startswith(("partial", "∂", "d"))):
        return f"∂@/∂{by}" if of is None else "other"
    if of is not None:
        return f"∂{of}/∂@"
    if re.search("dot|tangent|̇", lower):
        return "dot"
    if re.search("bar|adjoint|̄", lower):
        return "bar"
    if re.search("value|primal|evaluat|result|numeric|number|forward", lower):
        return "value"
    if re.search("formula|expression|definition|operation|function|op|equation|comput", lower):
        return "formula"
    return (
        "name"
        if re.fullmatch(r"(?:node|v|vi|variable|var|name|step|i|intermediate|nodes|quantity|#)", lower)
        else "other"
    )
