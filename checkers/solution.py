"""The model solution of one question: everything a sheet shows and everything a checker compares with.

It is plain data, so that it can be kept in the cache and grading needs neither a derivation nor torch.
"""

from __future__ import annotations

from dataclasses import dataclass

from derivations.derivation import Step
from notation.tree import Expr


@dataclass(frozen=True, slots=True)
class Road:
    """One independent road to the key: its name, the largest relative error against the derived key, and what was
    tried.

    `error` is None for a road that does not compare numbers (counting integers, say) and `agrees` then decides.
    """

    name: str
    agrees: bool
    error: float | None = None
    tried: str = ""


@dataclass(frozen=True, slots=True)
class Series:
    """One line of a plot."""

    label: str
    x: tuple[float, ...]
    y: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Plot:
    """A computed demonstration as a plot; `caption` tells what a reader should see in it."""

    caption: str
    x_label: str
    y_label: str
    series: tuple[Series, ...]
    log_y: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of formulas under a head of words (Markdown with `$...$`); a cell may be words too."""

    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[Expr | str, ...], ...]


@dataclass(frozen=True, slots=True)
class Vertex:
    """A node of a diagram: a label, and a note beneath it, in Markdown."""

    label: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Edge:
    """An arrow from one vertex to another, by their numbers."""

    start: int
    end: int
    label: str = ""


@dataclass(frozen=True, slots=True)
class Diagram:
    """A directed graph without cycles, to be drawn in layers."""

    caption: str
    vertices: tuple[Vertex, ...]
    edges: tuple[Edge, ...]


@dataclass(frozen=True, slots=True)
class Solution:
    """The derived answer to one question.

    `answers` are boxed on the sheet (matrix form), `index_form` stands beneath. `words` is the model answer to a prose
    question (Markdown with `$...$`), `rubric` the points a person looks for, `rule` one line that tells how it is
    judged.
    """

    question: str
    answers: tuple[Expr, ...] = ()
    index_form: tuple[Expr, ...] = ()
    steps: tuple[Step, ...] = ()
    assumptions: tuple[str, ...] = ()
    roads: tuple[Road, ...] = ()
    words: str = ""
    rubric: tuple[str, ...] = ()
    rule: str = ""
    plots: tuple[Plot, ...] = ()
    tables: tuple[Table, ...] = ()
    diagrams: tuple[Diagram, ...] = ()

    @property
    def trusted(self) -> bool:
        """Whether there is at least one road and all roads agree (prose needs none)."""
        return all(road.agrees for road in self.roads)
