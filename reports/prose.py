"""The Markdown of prompts and model answers: paragraphs, emphasis, code, lists and `$...$` mathematics.

`render(markdown, writer)` walks markdown-it's tokens and lets a writer spell each piece, so that every output format
understands the same subset. Raw HTML, links and images are not part of it: they stay visible as text.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Protocol

from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

from notation import texlike
from notation.boxes import Box


class Writer(Protocol):
    """What an output format has to be able to spell."""

    def text(self, text: str) -> str:
        """Words as they are."""
        ...

    def math(self, box: Box) -> str:
        """A formula in running text."""
        ...

    def code(self, text: str) -> str:
        """Source in running text."""
        ...

    def emphasis(self, inner: str) -> str:
        """Emphasised words."""
        ...

    def strong(self, inner: str) -> str:
        """Strong words."""
        ...

    def line_break(self) -> str:
        """A new line within a paragraph."""
        ...

    def paragraph(self, inner: str) -> str:
        """One paragraph."""
        ...

    def bullets(self, items: list[str]) -> str:
        """A list with bullets."""
        ...

    def numbered(self, items: list[str], start: int) -> str:
        """A numbered list."""
        ...

    def code_block(self, text: str) -> str:
        """Source in lines of its own."""
        ...


@cache
def _markdown() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False}).disable(
        ["link", "image", "autolink", "html_inline", "html_block", "reference"]
    )
    parser.inline.ruler.before("escape", "math", _math_rule)
    return parser


def _math_rule(state: StateInline, silent: bool) -> bool:
    """Take `$...$` and `$$...$$` whole, before Markdown sees the underscores and backslashes within."""
    source, start = state.src, state.pos
    if source[start] != "$":
        return False
    fence = "$$" if source.startswith("$$", start) else "$"
    end = source.find(fence, start + len(fence))
    formula = source[start + len(fence) : end] if end > 0 else ""
    # "$5 and $7" is money: as in pandoc, a formula neither begins nor ends with a space.
    if not formula or (fence == "$" and (formula[0].isspace() or formula[-1].isspace())):
        return False
    if not silent:
        token = state.push("math", "", 0)
        token.content = formula.strip()
    state.pos = end + len(fence)
    return True


def render(markdown: str, writer: Writer) -> str:
    """The Markdown text in the writer's format."""
    return "".join(_blocks(iter(_markdown().parse(markdown)), writer, stop=""))


def inline(text: str, writer: Writer) -> str:
    """One line of a message: only `$...$` and backticks are special, all else is as typed."""
    out: list[str] = []
    for i, piece in enumerate(text.split("`") if text.count("`") % 2 == 0 else [text]):
        if i % 2:
            out.append(writer.code(piece))
            continue
        for j, part in enumerate(piece.split("$") if piece.count("$") % 2 == 0 else [piece]):
            out.append(_formula(part, writer) if j % 2 else writer.text(part) if part else "")
    return "".join(out)


def _formula(source: str, writer: Writer) -> str:
    box = texlike.read(source)
    return writer.code(source) if box is None else writer.math(box)


def _blocks(tokens: Iterator[Token], writer: Writer, stop: str) -> Iterator[str]:
    for token in tokens:
        if token.type == stop:
            return
        if token.type in ("paragraph_open", "heading_open"):
            content = _inline_tokens(next(tokens).children or [], writer)
            next(tokens)
            yield writer.paragraph(writer.strong(content) if token.type == "heading_open" else content)
        elif token.type == "bullet_list_open":
            yield writer.bullets(list(_items(tokens, writer, "bullet_list_close")))
        elif token.type == "ordered_list_open":
            start = token.attrGet("start")
            yield writer.numbered(list(_items(tokens, writer, "ordered_list_close")), int(start) if start else 1)
        elif token.type in ("fence", "code_block"):
            yield writer.code_block(token.content.rstrip("\n"))
        elif token.type == "blockquote_open":
            yield from _blocks(tokens, writer, "blockquote_close")


def _items(tokens: Iterator[Token], writer: Writer, stop: str) -> Iterator[str]:
    for token in tokens:
        if token.type == stop:
            return
        if token.type == "list_item_open":
            yield "".join(_blocks(tokens, writer, "list_item_close")).strip()


def _inline_tokens(tokens: list[Token], writer: Writer) -> str:
    stack: list[list[str]] = [[]]
    for token in tokens:
        if token.type in ("em_open", "strong_open"):
            stack.append([])
        elif token.type in ("em_close", "strong_close"):
            inner = "".join(stack.pop())
            stack[-1].append(writer.emphasis(inner) if token.type == "em_close" else writer.strong(inner))
        elif token.type == "code_inline":
            stack[-1].append(writer.code(token.content))
        elif token.type == "math":
            stack[-1].append(_formula(token.content, writer))
        elif token.type == "hardbreak":
            stack[-1].append(writer.line_break())
        elif token.type == "softbreak":
            stack[-1].append(writer.text(" "))
        elif token.content:
            stack[-1].append(writer.text(token.content))
    return "".join(stack[0])
