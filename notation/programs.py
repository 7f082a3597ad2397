"""Answers written as programs: straight-line loops that add up a gradient, read as sums and recursive definitions.

    dW = np.zeros_like(W)
    for t in range(T, 0, -1):
        dz = (dh[t] + dh_next) * (1 - h[t]**2)
        dW += np.outer(dz, h[t-1])
        dh_next = W.T @ dz

What is added to becomes a sum over the range, a variable carried from one turn of a loop to the next a recursive
definition with its first value, and everything is then judged as any formula is. Nothing is run; a text with anything
beyond this is no program here, and the ordinary reader has it.
"""

from __future__ import annotations

import ast
import re
import warnings
from dataclasses import replace

from notation.code import OutsideError, Reader, ZeroBasedError
from notation.errors import ReadError
from notation.flow import Block, Flow
from notation.statement import Answer, Statement
from notation.vocabulary import Vocabulary

_ADDING = (ast.For, ast.GeneratorExp, ast.ListComp, ast.AugAssign)
_LOOP = re.compile(r"^\s*\w+\s*\+=|\bfor\s+\w+\s+in\s+(?:range|reversed|np\.arange|torch\.arange|\[|\()", re.M)
_SAYS_ZERO = re.compile(
    r"\b(?:0|zero)[\s-]*(?:based|indexed|indexing)|\b(?:from|at|with)\s+(?:0|zero)\b|\bpython(?:ic)?\s+ind",
    re.IGNORECASE,
)
# Programs in answers have some ten lines; every pair of first and last line may have to be tried.
_MAX_LINES, _MAX_LENGTH = 60, 6_000


def find_program(text: str) -> Block | None:
    r"""The longest run of lines that is a program with a loop, or None.

    >>> find_program("y = a + b, where a = 2b") is None
    True
    >>> len(find_program("Then it is:\ns = 0\nfor t in range(1, T+1):\n    s += x[t]").body)
    2
    """
    if not _LOOP.search(text) or len(text) > _MAX_LENGTH or "\\" in text:
        return None
    lines = text.splitlines(keepends=True)
    if len(lines) > _MAX_LINES:
        return None
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))
    for length in range(len(lines), 0, -1):
        for first in range(len(lines) - length + 1):
            if not lines[first].strip() or lines[first].startswith("#"):
                continue
            part = "".join(lines[first : first + length])
            if not _LOOP.search(part):
                continue
            body = _parsed(part)
            if body is not None and any(isinstance(n, _ADDING) for s in body for n in ast.walk(s)):
                comments = tuple(m[1].strip() for m in re.finditer(r"#+([^\n]*)", text))
                return Block(body, comments, (starts[first], starts[first + length]))
    return None


def _parsed(text: str) -> tuple[ast.stmt, ...] | None:
    indent = re.match(r"[ \t]*", text)
    if indent is not None and indent[0]:
        text = re.sub(rf"(?m)^{re.escape(indent[0])}", "", text)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return tuple(ast.parse(text.expandtabs(4)).body)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def read_program(text: str, block: Block, vocabulary: Vocabulary) -> Answer | None:
    """The answer that a program and the words around it give; None where it holds anything unknown.

    Raises `ReadError` where a loop that adds something up holds anything unknown: no part of it is an answer.
    """
    from notation.answer import read_answer, read_formula

    a, b = block.span
    rest = text[:a] + re.sub(r"[^\n]", " ", text[a:b]) + text[b:]
    around = read_answer(re.sub(r"```\w*", "   ", rest), vocabulary)
    if around.errors:
        _refuse(block, text, "the words around it")
        return None
    known = replace(around.vocabulary, latex=False)

    def read(*, shifted: bool) -> tuple[Flow, list[Statement]]:
        reader = Reader(known, read_formula, lambda name, index: None, set(), {}, {}, shifted)
        flow = Flow(known, block.span, reader)
        reader.own = flow.value
        flow.run_all(block)
        return flow, flow.claims(block.comments)

    from_zero = False
    try:
        try:
            flow, statements = read(shifted=False)
        except ZeroBasedError:
            flow, statements = read(shifted=True)
            from_zero = not _SAYS_ZERO.search(text)
    except OutsideError as problem:
        _refuse(block, text, str(problem))
        return None
    except RecursionError:
        _refuse(block, text, "too deep")
        return None
    definitions = {**around.definitions, **flow.definitions}
    return replace(
        around,
        text=text,
        statements=(*around.statements, *statements),
        definitions=definitions,
        vocabulary=flow.vocabulary,
        program=True,
        from_zero=from_zero,
    )


def _refuse(block: Block, text: str, why: str) -> None:
    """Leave a program to the ordinary reader, unless it is a loop that adds something up."""
    added = any(isinstance(n, ast.AugAssign) for s in block.body if isinstance(s, ast.For) for n in ast.walk(s))
    if added:
        first = text.find("\n", block.span[0])
        end = first if first > block.span[0] else block.span[1]
        raise ReadError(
            f"this program holds something that is not read here: {why}",
            text,
            (block.span[0], end),
            "write the sum or the recurrence as a formula",
        )
