"""Typst markup for the pieces of a sheet. Words travel as string literals, never as markup.

>>> TypstWriter().text("50% of $x$ #let")
'#"50% of $x$ #let";'
"""

from __future__ import annotations

from collections.abc import Sequence

from checkers.solution import Diagram, Plot, Table
from notation.boxes import Box
from notation.layout import layout
from notation.tree import Expr
from reports import diagram as graphs
from reports import drawing, typst_math
from reports.display import Line
from reports.icons import ICONS
from reports.plot import draw
from reports.prose import inline, render
from reports.sheet import Badge, LineView, PartView
from reports.verbatim import breakable, brief


class TypstWriter:
    """Spells pieces of a sheet in Typst; the functions it calls are defined in `_preamble.typ.j2`."""

    def text(self, text: str) -> str:
        """Words as they are."""
        return f"#{typst_math.string(text)};"

    def math(self, box: Box) -> str:
        """A formula in running text."""
        return f"${typst_math.spell(box)}$"

    def code(self, text: str) -> str:
        """Source in running text."""
        return f"#raw({typst_math.string(breakable(text))});"

    def emphasis(self, inner: str) -> str:
        """Emphasised words."""
        return f"#emph[{inner}];"

    def strong(self, inner: str) -> str:
        """Strong words."""
        return f"#strong[{inner}];"

    def line_break(self) -> str:
        """A new line within a paragraph."""
        return "#linebreak();"

    def paragraph(self, inner: str) -> str:
        """One paragraph."""
        return f"{inner}\n\n"

    def bullets(self, items: list[str]) -> str:
        """A list with bullets."""
        return f"#list({', '.join(f'[{item}]' for item in items)})\n\n"

    def numbered(self, items: list[str], start: int) -> str:
        """A numbered list."""
        return f"#enum(start: {start}, {', '.join(f'[{item}]' for item in items)})\n\n"

    def code_block(self, text: str) -> str:
        """Source in lines of its own."""
        return f"#source({typst_math.string(breakable(text))})\n\n"

    def prose(self, markdown: str) -> str:
        """Markdown."""
        return render(markdown, self).strip()

    def line(self, text: str) -> str:
        """One line of a message."""
        return inline(text, self)

    def display(self, lines: Sequence[Line]) -> str:
        """A displayed formula."""
        return f"#fit[$ {self._aligned(lines)} $]"

    def boxed(self, lines: Sequence[Line]) -> str:
        """A displayed formula in a box."""
        return f"#boxed[$ {self._aligned(lines)} $]"

    def _aligned(self, lines: Sequence[Line]) -> str:
        rows = []
        for line in lines:
            left = typst_math.spell(line.left) if line.left else ""
            rows.append(f"{left} & {typst_math.spell(line.right)}".strip())
        return " \\\n  ".join(rows)

    def steps(self, part: PartView) -> str:
        """The steps of a derivation with their reasons."""
        if not part.steps_beside:
            return "\n".join(f"#reason[{self.line(s.reason)}]\n{self.display(s.lines)}" for s in part.steps)
        cells = []
        for step in part.steps:
            for number, line in enumerate(step.lines):
                left = typst_math.spell(line.left) if line.left else ""
                why = self.line(step.reason) if number == 0 else ""
                cells.append(f"($ {left} $, $ {typst_math.spell(line.right)} $, [{why}])")
        return "#steps(" + ",\n  ".join(cells) + ")"

    def plot(self, plot: Plot) -> str:
        """A plot."""
        return drawing.to_typst(draw(plot), self.line)

    def table(self, table: Table) -> str:
        """A table under its caption."""
        head = ", ".join(f"[{self.line(brief(cell))}]" for cell in table.head)
        rows = ",\n  ".join(", ".join(f"[{self._cell(cell)}]" for cell in row) for row in table.rows)
        return f"#steps-table({len(table.head)}, [{self.line(table.caption)}], ({head}), {rows})"

    def _cell(self, cell: Expr | str) -> str:
        return self.line(brief(cell)) if isinstance(cell, str) else self.math(layout(cell, exact=False))

    def diagram(self, diagram: Diagram) -> str:
        """A graph."""
        return drawing.to_typst(graphs.draw(diagram), self.line)

    def judged(self, lines: Sequence[LineView]) -> str:
        """The lines of an answer, each with its verdict."""
        rows = (
            f"[{self.text(v.icon)} {self.text(v.word)}], "
            f"[{' '.join(map(self.math, v.read)) or self.code(v.text)}"
            f"{self.line_break() + self.line(v.message) if v.message else ''}]"
            for v in lines
        )
        return f"#judged-lines({', '.join(rows)})"

    def icon(self, badge: Badge, colour: str = "") -> str:
        """The icon of a status."""
        return drawing.to_typst(ICONS[badge.status].recoloured(colour or badge.colour), self.text)
