"""Filling a template: one small Jinja environment per format, whose filters are the format's writer."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from reports import typst_math
from reports.drawing import PALETTE
from reports.html_writer import HtmlWriter
from reports.markdown_writer import MarkdownWriter
from reports.prose import Writer, inline
from reports.sheet import Sheet
from reports.tex_writer import TexWriter
from reports.typst_writer import TypstWriter
from reports.verbatim import shortened

if TYPE_CHECKING:
    from jinja2 import Environment

WRITERS: dict[str, Callable[[], Writer]] = {
    "typ": TypstWriter,
    "tex": TexWriter,
    "html": HtmlWriter,
    "md": MarkdownWriter,
}
_ONE_POINT = ("1", "½", "¼", "¾")


def fill(kind: str, sheet: Sheet, fmt: str) -> str:
    """The source of a sheet; `kind` is `solution` or `graded`."""
    template = _environment(fmt).get_template(f"{kind}.{fmt}.j2")
    return template.render(
        sheet=sheet,
        header=sheet.header,
        title=sheet.header.title,
        versions=sheet.header.versions,
        palette=PALETTE,
        one_point=_ONE_POINT,
    )


@cache
def _environment(fmt: str) -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    braces = fmt in ("typ", "tex")  # both languages are full of braces and percent signs
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=fmt == "html",
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        block_start_string="<%" if braces else "{%",
        block_end_string="%>" if braces else "%}",
        variable_start_string="<<" if braces else "{{",
        variable_end_string=">>" if braces else "}}",
        comment_start_string="<#" if braces else "{#",
        comment_end_string="#>" if braces else "#}",
    )
    writer = WRITERS[fmt]()
    for name in ("text", "line", "prose", "display", "boxed", "steps", "plot", "table", "diagram", "judged", "icon"):
        environment.filters[name] = getattr(writer, name)
    environment.filters["code_block"] = lambda text: writer.code_block(shortened(text))
    environment.filters["literal"] = typst_math.string

    def message(text: str) -> str:
        """A message: its first line as words, the rest (an excerpt with a caret) as it is typed."""
        first, _, rest = text.partition("\n")
        return writer.paragraph(inline(first, writer)) + (writer.code_block(shortened(rest)) if rest.strip() else "")

    environment.filters["message"] = message
    return environment
