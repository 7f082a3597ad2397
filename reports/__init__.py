"""Verdicts and derivations in; PDF, TeX, Typst, HTML, Markdown and JSON out. No decisions are made here.

The public functions are loaded on first use, so that importing this package costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reports.pdf import TypesettingError, tex_pdf, typst_pdf
    from reports.render import FORMATS, Format, graded_sheet, solution_sheet, verdict_table

_HOMES = {
    "FORMATS": "reports.render", "Format": "reports.render", "TypesettingError": "reports.pdf",
    "graded_sheet": "reports.render", "solution_sheet": "reports.render", "tex_pdf": "reports.pdf",
    "typst_pdf": "reports.pdf", "verdict_table": "reports.render",
}  # fmt: skip

__all__ = [
    "FORMATS", "Format", "TypesettingError", "graded_sheet", "solution_sheet", "tex_pdf", "typst_pdf", "verdict_table",
]  # fmt: skip


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)
