"""Markdown for the pieces of a sheet, with `$...$` mathematics as GitHub and pandoc show it.

>>> MarkdownWriter().text("a_b <i>")
'a\\\\_b &lt;i&gt;'
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from checkers.solution import Diagram, Plot, Table
from notation.boxes import Box
from notation.latex import spell
from notation.layout import layout
from notation.tree import Expr
from reports.display import Line
from reports.prose import inline, render
from reports.sheet import Badge, LineView, PartView
from reports.verbatim import brief, visible

_SHOWN_POINTS = 8  # rows of a plot's table; the curve's shape shows with so few


class MarkdownWriter:
    """Spells pieces of a sheet in Markdown."""

    def text(self, text: str) -> str:
        """Words as they are."""
        escaped = re.sub(r"([\\`*_\[\]#$|~])", r"\\\1", visible(text))
        return escaped.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")

    def math(self, box: Box) -> str:
        """A formula in running text."""
        return f"${self._formula(box)}$"

    def _formula(self, box: Box) -> str:
        # Viewers do not know the sheet's macro; MathJax and KaTeX both know this command.
        return spell(box).replace("\\bpmark{", "\\boxed{").replace("<", "\\lt ").replace(">", "\\gt ")

    def code(self, text: str) -> str:
        """Source in running text."""
        text = visible(text)
        fence = "`" * (max((len(run) for run in re.findall("`+", text)), default=0) + 1)
        pad = " " if text.startswith("`") or text.endswith("`") else ""
        return f"{fence}{pad}{' '.join(text.split())}{pad}{fence}"

    def emphasis(self, inner: str) -> str:
        """Emphasised words."""
        return f"*{inner}*"

    def strong(self, inner: str) -> str:
        """Strong words."""
        return f"**{inner}**"

    def line_break(self) -> str:
        """A new line within a paragraph."""
        return "  \n"

    def paragraph(self, inner: str) -> str:
        """One paragraph."""
        return f"{inner}\n\n"

    def bullets(self, items: list[str]) -> str:
        """A list with bullets."""
        return "".join(f"- {_indented(item)}\n" for item in items) + "\n"

    def numbered(self, items: list[str], start: int) -> str:
        """A numbered list."""
        return "".join(f"{i}. {_indented(item)}\n" for i, item in enumerate(items, start)) + "\n"

    def code_block(self, text: str) -> str:
        """Source in lines of its own."""
        text = visible(text)
        fence = "`" * max(3, max((len(run) for run in re.findall("`+", text)), default=0) + 1)
        return f"{fence}text\n{text}\n{fence}\n\n"

    def prose(self, markdown: str) -> str:
        """Markdown."""
        return render(markdown, self).strip()

    def line(self, text: str) -> str:
        """One line of a message."""
        return inline(" ".join(text.split()), self)

    def display(self, lines: Sequence[Line]) -> str:
        """A displayed formula."""
        rows = [f"{self._formula(line.left) if line.left else ''} &{self._formula(line.right)}" for line in lines]
        return "$$\n\\begin{aligned}\n" + " \\\\\n".join(rows) + "\n\\end{aligned}\n$$"

    def boxed(self, lines: Sequence[Line]) -> str:
        """A displayed formula in a box."""
        return self.display(lines)

    def steps(self, part: PartView) -> str:
        """The steps of a derivation with their reasons."""
        return "\n\n".join(
            f"{number}. {self.line(s.reason)}\n\n{self.display(s.lines)}" for number, s in enumerate(part.steps, 1)
        )

    def plot(self, plot: Plot) -> str:
        """A plot as a short table, because Markdown has no drawings."""
        rows = [f"| {self.line(plot.x_label)} | " + " | ".join(self.line(s.label) for s in plot.series) + " |"]
        rows.append("|---" * (len(plot.series) + 1) + "|")
        xs = plot.series[0].x if plot.series else ()
        picked = sorted({round(k * (len(xs) - 1) / (_SHOWN_POINTS - 1)) for k in range(_SHOWN_POINTS)}) if xs else []
        for i in picked:
            cells = [f"{s.y[i]:.3g}" if i < len(s.y) else "" for s in plot.series]
            rows.append(f"| {xs[i]:g} | " + " | ".join(cells) + " |")
        return "\n".join(rows)

    def table(self, table: Table) -> str:
        """A table under its caption."""
        rows = [" | ".join(self._cell(cell) for cell in row) for row in table.rows]
        head = " | ".join(self.line(brief(cell)) for cell in table.head)
        return "\n".join(
            (self.line(table.caption), "", f"| {head} |", "|---" * len(table.head) + "|", *(f"| {r} |" for r in rows))
        )

    def _cell(self, cell: Expr | str) -> str:
        return (
            self.line(brief(cell))
            if isinstance(cell, str)
            else self.math(layout(cell, exact=False)).replace("|", "\\vert ")
        )

    def diagram(self, diagram: Diagram) -> str:
        """A graph as the list of its edges, because Markdown has no drawings."""
        names = [f"{v.label} ({v.note})" if v.note else v.label for v in diagram.vertices]
        told = (f"{names[e.start]} → {names[e.end]}{': ' + e.label if e.label else ''}" for e in diagram.edges)
        return self.bullets([self.line(t) for t in told]).strip()

    def judged(self, lines: Sequence[LineView]) -> str:
        """The lines of an answer, each with its verdict."""
        return self.numbered([f"**{v.word}** {self.code(v.text)} {self.line(v.message)}" for v in lines], 1).strip()

    def icon(self, badge: Badge, _colour: str = "") -> str:
        """The icon of a status."""
        return badge.icon


def _indented(item: str) -> str:
    return item.strip().replace("\n", "\n  ")
