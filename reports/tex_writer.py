"""LaTeX for the pieces of a sheet. Words are escaped character by character, mathematics is printed from boxes.

>>> TexWriter().text(r"50% \\input{x}")
'50\\\\% \\\\textbackslash{}input\\\\{x\\\\}'
"""

from __future__ import annotations

from collections.abc import Sequence

from checkers.solution import Diagram, Plot, Table
from notation.boxes import Box
from notation.latex import spell
from notation.layout import layout
from notation.tex_words import escaped
from notation.tree import Expr
from reports import diagram as graphs
from reports import drawing
from reports.display import Line
from reports.icons import ICONS
from reports.plot import draw
from reports.prose import inline, render
from reports.sheet import Badge, LineView, PartView, StepView
from reports.verbatim import breakable, brief

_ROWS_TOGETHER = 9  # a tabular cannot break across pages, so a long derivation becomes several


class TexWriter:
    """Spells pieces of a sheet in LaTeX; the macros it calls are defined in `_preamble.tex.j2`."""

    def text(self, text: str) -> str:
        """Words as they are."""
        return escaped(text)

    def math(self, box: Box) -> str:
        """A formula in running text."""
        return f"${spell(box)}$"

    def code(self, text: str) -> str:
        """Source in running text."""
        return f"\\texttt{{{self._typewriter(text)}}}"

    def _typewriter(self, text: str) -> str:
        return escaped(breakable(text)).replace("--", "-{}-").replace("-{}--", "-{}-{}-").replace("''", "'{}'")

    def emphasis(self, inner: str) -> str:
        """Emphasised words."""
        return f"\\emph{{{inner}}}"

    def strong(self, inner: str) -> str:
        """Strong words."""
        return f"\\textbf{{{inner}}}"

    def line_break(self) -> str:
        """A new line within a paragraph."""
        return "\\newline{}"

    def paragraph(self, inner: str) -> str:
        """One paragraph."""
        return f"{inner}\\par\n"

    def bullets(self, items: list[str]) -> str:
        """A list with bullets."""
        return "\\begin{itemize}" + "".join(f"\\item {{}}{item}\n" for item in items) + "\\end{itemize}\n"

    def numbered(self, items: list[str], start: int) -> str:
        """A numbered list."""
        head = f"\\begin{{enumerate}}\\setcounter{{enumi}}{{{start - 1}}}"
        return head + "".join(f"\\item {{}}{item}\n" for item in items) + "\\end{enumerate}\n"

    def code_block(self, text: str) -> str:
        """Source in lines of its own."""
        lines = [self._typewriter(line.expandtabs(4)).replace(" ", "\\ ") or "~" for line in text.split("\n")]
        return "\\bpsource{" + "\\\\\n".join(lines) + "}\n"

    def prose(self, markdown: str) -> str:
        """Markdown."""
        return render(markdown, self).strip()

    def line(self, text: str) -> str:
        """One line of a message."""
        return inline(text, self)

    def display(self, lines: Sequence[Line]) -> str:
        """A displayed formula."""
        return f"\\bpdisplay{{{self._aligned(lines)}}}"

    def boxed(self, lines: Sequence[Line]) -> str:
        """A displayed formula in a box."""
        return f"\\bpboxed{{{self._aligned(lines)}}}"

    def _aligned(self, lines: Sequence[Line]) -> str:
        rows = [f"{spell(line.left) if line.left else ''} &{{}}{spell(line.right)}" for line in lines]
        return "\\begin{aligned}\n  " + " \\\\\n  ".join(rows) + "\n\\end{aligned}"

    def steps(self, part: PartView) -> str:
        """The steps of a derivation with their reasons."""
        if not part.steps_beside:
            return "\n".join(f"\\bpreason{{{self.line(s.reason)}}}\n{self.display(s.lines)}" for s in part.steps)
        rows = [row for step in part.steps for row in self._step_rows(step)]
        tables = [rows[i : i + _ROWS_TOGETHER] for i in range(0, len(rows), _ROWS_TOGETHER)]
        return "\n".join("\\begin{bpsteps}\n" + "\n".join(table) + "\n\\end{bpsteps}" for table in tables)

    def _step_rows(self, step: StepView) -> list[str]:
        rows = []
        for number, line in enumerate(step.lines):
            left = f"\\bpcell{{{spell(line.left)}}}" if line.left else ""
            why = self.line(step.reason) if number == 0 else ""
            rows.append(f"  {left} & \\bpcell{{{{}}{spell(line.right)}}} & {why} \\\\")
        return rows

    def plot(self, plot: Plot) -> str:
        """A plot."""
        return drawing.to_tikz(draw(plot), self.line)

    def table(self, table: Table) -> str:
        """A table under its caption."""
        rows = [" & ".join(self._cell(cell) for cell in row) for row in table.rows]
        head = " & ".join(self.line(brief(cell)) for cell in table.head)
        body = " \\\\\n".join((f"{head} \\\\ \\hline", *rows)).replace("\\hline \\\\", "\\hline")
        return f"\\bptable{{{'l' * len(table.head)}}}{{{self.line(table.caption)}}}{{{body}}}"

    def _cell(self, cell: Expr | str) -> str:
        return self.line(brief(cell)) if isinstance(cell, str) else f"\\bpcell{{{spell(layout(cell, exact=False))}}}"

    def diagram(self, diagram: Diagram) -> str:
        """A graph."""
        return drawing.to_tikz(graphs.draw(diagram), self.line)

    def judged(self, lines: Sequence[LineView]) -> str:
        """The lines of an answer, each with its verdict."""
        told = (
            f"\\textbf{{{self.text(v.word)}}} "
            f"{' '.join(map(self.math, v.read)) or self.code(v.text)}"
            f"{self.line_break() + self.line(v.message) if v.message else ''}"
            for v in lines
        )
        return self.bullets(list(told))

    def icon(self, badge: Badge, colour: str = "") -> str:
        """The icon of a status."""
        return drawing.to_tikz(ICONS[badge.status].recoloured(colour or badge.colour), self.text)
