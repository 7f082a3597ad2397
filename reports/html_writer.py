"""HTML for the pieces of a sheet: MathML for mathematics, SVG for drawings, everything else escaped.

>>> HtmlWriter().text("<script>")
Markup('&lt;script&gt;')
"""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup, escape

from checkers.solution import Diagram, Plot, Table
from notation import plain, texlike
from notation.boxes import Box
from notation.layout import layout
from notation.tree import Expr
from reports import diagram as graphs
from reports import drawing, mathml
from reports.display import Line
from reports.icons import ICONS
from reports.plot import draw
from reports.prose import inline, render
from reports.sheet import Badge, LineView, PartView
from reports.verbatim import brief, visible


class HtmlWriter:
    """Spells pieces of a sheet in HTML."""

    def text(self, text: str) -> str:
        """Words as they are."""
        return escape(visible(text))

    def math(self, box: Box) -> str:
        """A formula in running text."""
        return Markup(mathml.math(box))

    def code(self, text: str) -> str:
        """Source in running text."""
        return Markup("<code>{}</code>").format(visible(text))

    def emphasis(self, inner: str) -> str:
        """Emphasised words."""
        return Markup(f"<em>{inner}</em>")

    def strong(self, inner: str) -> str:
        """Strong words."""
        return Markup(f"<strong>{inner}</strong>")

    def line_break(self) -> str:
        """A new line within a paragraph."""
        return Markup("<br>")

    def paragraph(self, inner: str) -> str:
        """One paragraph."""
        return Markup(f"<p>{inner}</p>\n")

    def bullets(self, items: list[str]) -> str:
        """A list with bullets."""
        return Markup("<ul>" + "".join(f"<li>{item}</li>" for item in items) + "</ul>\n")

    def numbered(self, items: list[str], start: int) -> str:
        """A numbered list."""
        return Markup(f'<ol start="{start}">' + "".join(f"<li>{item}</li>" for item in items) + "</ol>\n")

    def code_block(self, text: str) -> str:
        """Source in lines of its own."""
        return Markup("<pre>{}</pre>\n").format(visible(text))

    def prose(self, markdown: str) -> str:
        """Markdown."""
        return Markup(render(markdown, self))

    def line(self, text: str) -> str:
        """One line of a message."""
        return Markup(inline(text, self))

    def display(self, lines: Sequence[Line]) -> str:
        """A displayed formula."""
        rows = "".join(
            f"<mtr><mtd>{mathml.spell(line.left) if line.left else ''}</mtd><mtd>{mathml.spell(line.right)}</mtd></mtr>"
            for line in lines
        )
        return Markup(f'<div class="display"><math display="block"><mtable class="lines">{rows}</mtable></math></div>')

    def boxed(self, lines: Sequence[Line]) -> str:
        """A displayed formula in a box."""
        return Markup(f'<div class="boxed">{self.display(lines)}</div>')

    def steps(self, part: PartView) -> str:
        """The steps of a derivation with their reasons."""
        if not part.steps_beside:
            blocks = (f'<p class="reason">{self.line(s.reason)}</p>{self.display(s.lines)}' for s in part.steps)
            return Markup("".join(blocks))
        rows = []
        for step in part.steps:
            for number, line in enumerate(step.lines):
                left = _displayed(line.left) if line.left else ""
                why = self.line(step.reason) if number == 0 else ""
                rows.append(f'<tr><td>{left}</td><td>{_displayed(line.right)}</td><td class="reason">{why}</td></tr>')
        return Markup(f'<table class="steps">{"".join(rows)}</table>')

    def plot(self, plot: Plot) -> str:
        """A plot."""
        return Markup(drawing.to_svg(draw(plot), _plain, title=plot.caption))

    def table(self, table: Table) -> str:
        """A table under its caption."""
        head = "".join(f"<th>{self.line(brief(cell))}</th>" for cell in table.head)
        rows = "".join("<tr>" + "".join(f"<td>{self._cell(c)}</td>" for c in row) + "</tr>" for row in table.rows)
        caption = f"<caption>{self.line(table.caption)}</caption>"
        return Markup(f'<table class="all-steps">{caption}<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>')

    def _cell(self, cell: Expr | str) -> str:
        return self.line(brief(cell)) if isinstance(cell, str) else self.math(layout(cell, exact=False))

    def diagram(self, diagram: Diagram) -> str:
        """A graph."""
        return Markup(drawing.to_svg(graphs.draw(diagram), _plain, title=_plain(diagram.caption)))

    def judged(self, lines: Sequence[LineView]) -> str:
        """The lines of an answer, each with its verdict."""
        items = (
            f"<li><b>{self.text(v.icon)} {self.text(v.word)}</b> "
            f"{' '.join(map(self.math, v.read)) or self.code(v.text)} {self.line(v.message)}</li>"
            for v in lines
        )
        return Markup(f'<ol class="judged">{"".join(items)}</ol>')

    def icon(self, badge: Badge, colour: str = "") -> str:
        """The icon of a status."""
        return Markup(drawing.to_svg(ICONS[badge.status], str, colour=colour or drawing.PALETTE[badge.colour]))


def _displayed(box: Box) -> str:
    return f'<math class="left"><mstyle displaystyle="true">{mathml.spell(box)}</mstyle></math>'


def _plain(text: str) -> str:
    """A label as Unicode text: SVG text has no mathematics."""
    pieces = text.split("$")
    if len(pieces) % 2 == 0:
        return text
    for i in range(1, len(pieces), 2):
        box = texlike.read(pieces[i])
        pieces[i] = plain.spell(box).strip() if box else pieces[i]
    return "".join(pieces)
