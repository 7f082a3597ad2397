"""PDF from Typst or LaTeX source, with nothing of this machine within reach of either.

Typst compiles in memory with an empty root. pdflatex runs in its own directory without shell escape, may open no file
outside of it, and is bounded in time, memory and output; it is used only when a probe compile of our preamble works.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

TEX_SECONDS = 30  # twenty times what a ten-page sheet takes
TEX_MEMORY = 1 << 30  # bytes of address space; pdflatex with TikZ needs a fifth
TEX_OUTPUT = 64 << 20  # bytes per written file; sheets are under one megabyte
_EPOCH = "946684800"  # 2000-01-01: same input, same bytes


class TypesettingError(Exception):
    """A sheet's source did not compile: a fault of the templates, never of a student's text.

    `log` is the typesetter's own account.
    """

    def __init__(self, message: str, log: str) -> None:
        super().__init__(f"{message}\n{log}")
        self.log = log


def typst_pdf(source: str) -> bytes:
    """The PDF of a Typst document.

    >>> typst_pdf("Hello")[:5]
    b'%PDF-'
    """
    import typst

    with tempfile.TemporaryDirectory(prefix="backprove-typst-") as empty:
        root: Any = empty  # the stub wants the type of the input, bytes, which the compiler then refuses
        try:
            return typst.compile(
                source.encode("utf-8", "replace"),
                root=root,
                ignore_system_fonts=True,
                timestamp=int(_EPOCH),
                package_path=empty,
                package_cache_path=empty,
                format="pdf",
            )
        except typst.TypstError as error:
            raise TypesettingError("Typst could not set the sheet", error.diagnostic or error.message) from None


def tex_pdf(source: str) -> bytes | None:
    """The PDF of a LaTeX document, or None where no working pdflatex is installed."""
    preamble = source.partition("\\begin{document}")[0]
    if not _works(preamble_head(preamble)):
        return None
    pdf, log = _pdflatex(source)
    if pdf is None:
        raise TypesettingError("pdflatex could not set the sheet", log)
    return pdf


def preamble_head(preamble: str) -> str:
    """The class and packages of a preamble: all that can differ from one machine to another."""
    return "\n".join(line for line in preamble.splitlines() if line.startswith(("\\documentclass", "\\usepackage")))


@cache
def _works(head: str) -> bool:
    """Whether a probe document with these packages compiles; that pdflatex exists proves nothing."""
    if shutil.which("pdflatex") is None:
        return False
    return _pdflatex(head + "\n\\begin{document}$x$\\end{document}\n")[0] is not None


def _pdflatex(source: str) -> tuple[bytes | None, str]:
    with tempfile.TemporaryDirectory(prefix="backprove-tex-") as folder:
        Path(folder, "sheet.tex").write_text(source, encoding="utf-8")
        environment = {
            "PATH": os.environ.get("PATH", ""),
            "HOME": folder,
            "TEXMFVAR": str(Path(folder, "texmf-var")),
            "openin_any": "p",
            "openout_any": "p",
            "shell_escape": "f",
            "SOURCE_DATE_EPOCH": _EPOCH,
            "FORCE_SOURCE_DATE": "1",
            "max_print_line": "200",
        }
        command = ["pdflatex", "-no-shell-escape", "-interaction=nonstopmode", "-halt-on-error", "sheet.tex"]
        try:
            done = subprocess.run(
                command,
                cwd=folder,
                env=environment,
                capture_output=True,
                stdin=subprocess.DEVNULL,
                timeout=TEX_SECONDS,
                preexec_fn=_limit if os.name == "posix" else None,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return None, f"no result within {TEX_SECONDS} s"
        produced = Path(folder, "sheet.pdf")
        log = done.stdout.decode("utf-8", "replace")[-3000:]
        return (produced.read_bytes() if done.returncode == 0 and produced.exists() else None), log


def _limit() -> None:
    import resource  # only on POSIX systems

    resource.setrlimit(resource.RLIMIT_AS, (TEX_MEMORY, TEX_MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (TEX_OUTPUT, TEX_OUTPUT))
    resource.setrlimit(resource.RLIMIT_CPU, (TEX_SECONDS, TEX_SECONDS))
