"""A drawing as data: polylines and labels in points, y downwards; with printers for Typst, TikZ and SVG.

Colours are names of the sheet's palette, so that one place decides what they look like.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from html import escape
from typing import Literal, TypeAlias

Point: TypeAlias = tuple[float, float]
Dash = Literal["solid", "dashed", "dotted"]
Anchor = Literal["start", "middle", "end"]

# Dark enough to be read as text on white and on their own tint (contrast 4.5 : 1 or better).
PALETTE: dict[str, str] = {
    "ink": "#1f2328", "muted": "#6b7280", "rule": "#d5d9e0", "paper": "#ffffff", "red": "#b02318", "green": "#1b7f37",
    "amber": "#8f6200", "blue": "#205fa6", "violet": "#6c3fb0", "teal": "#0b7285", "grey": "#5b6470",
}  # fmt: skip
_SVG_DASH = {"dashed": "5 3", "dotted": "1.2 2.4"}


@dataclass(frozen=True, slots=True)
class Polyline:
    """Straight segments through `points`; `fill` closes and fills the outline."""

    points: tuple[Point, ...]
    colour: str = "ink"
    thickness: float = 0.6
    dash: Dash = "solid"
    closed: bool = False
    fill: bool = False

    @property
    def outline(self) -> bool:
        """Whether the last point is joined to the first."""
        return self.closed or self.fill


@dataclass(frozen=True, slots=True)
class Label:
    """Text whose baseline middle, start or end is at the point; `upright` is turned a quarter to the left."""

    at: Point
    text: str
    anchor: Anchor = "middle"
    colour: str = "ink"
    size: float = 8.0
    upright: bool = False


@dataclass(frozen=True, slots=True)
class Drawing:
    """Items in a frame of this size."""

    width: float
    height: float
    items: tuple[Polyline | Label, ...]

    def recoloured(self, colour: str) -> Drawing:
        """The drawing in one colour, as icons need."""
        return replace(self, items=tuple(replace(item, colour=colour) for item in self.items))


def _n(value: float) -> str:
    """A coordinate: two decimals are finer than any printer, and print the same everywhere."""
    return f"{round(value, 2) + 0.0:.2f}".rstrip("0").rstrip(".")


def to_typst(drawing: Drawing, text: Callable[[str], str]) -> str:
    """A Typst box with the drawing; `text` spells a label's text as Typst markup."""
    placed = (_typst_line(i) if isinstance(i, Polyline) else _typst_label(i, text) for i in drawing.items)
    return f"#box(width: {_n(drawing.width)}pt, height: {_n(drawing.height)}pt)[{''.join(placed)}]"


def _typst_line(item: Polyline) -> str:
    points = [f"({_n(x)}pt, {_n(y)}pt)" for x, y in item.points]
    segments = [f"curve.move({points[0]})"] + [f"curve.line({p})" for p in points[1:]]
    if item.outline:
        segments.append('curve.close(mode: "straight")')
    paint = f'rgb("{PALETTE[item.colour]}")'
    stroke = f'paint: {paint}, thickness: {_n(item.thickness)}pt, cap: "round", join: "round"'
    dash = "" if item.dash == "solid" else f', dash: "{item.dash}"'
    fill = f"fill: {paint}, " if item.fill else ""
    return f"#place(top + left, curve({fill}stroke: ({stroke}{dash}), {', '.join(segments)}))"


def _typst_label(item: Label, text: Callable[[str], str]) -> str:
    x, y = item.at
    body = f'#text(size: {_n(item.size)}pt, fill: rgb("{PALETTE[item.colour]}"))[{text(item.text)}]'
    room = 200.0  # points; wider than any label, so that none is wrapped
    if item.upright:
        turned = f"place(center + horizon, rotate(-90deg, box(width: {_n(room)}pt, align(center)[{body}])))"
        return f"#place(top + left, dx: {_n(x)}pt, dy: {_n(y)}pt, {turned})"
    align, shift = {"start": ("left", 0.0), "middle": ("center", room / 2), "end": ("right", room)}[item.anchor]
    line = f'[#set text(bottom-edge: "baseline");{body}]'
    box = f"box(width: {_n(room)}pt, height: 0pt, align({align} + bottom, {line}))"
    return f"#place(top + left, dx: {_n(x - shift)}pt, dy: {_n(y)}pt, {box})"


def to_tikz(drawing: Drawing, text: Callable[[str], str]) -> str:
    """A TikZ picture; `text` spells a label's text as LaTeX. Colours are `bpink`, `bpred`, ... of the preamble."""
    drawn = (_tikz_line(i) if isinstance(i, Polyline) else _tikz_label(i, text) for i in drawing.items)
    frame = f"\\useasboundingbox (0,0) rectangle ({_n(drawing.width)},{_n(drawing.height)});"
    return f"\\begin{{tikzpicture}}[x=1pt,y=-1pt]{frame}{''.join(drawn)}\\end{{tikzpicture}}"


def _tikz_line(item: Polyline) -> str:
    path = " -- ".join(f"({_n(x)},{_n(y)})" for x, y in item.points) + (" -- cycle" if item.outline else "")
    dash = "" if item.dash == "solid" else f",densely {item.dash}"
    fill = f",fill=bp{item.colour}" if item.fill else ""
    stroke = f"bp{item.colour},line width={_n(item.thickness)}pt,line cap=round,line join=round"
    return f"\\draw[{stroke}{dash}{fill}] {path};"


def _tikz_label(item: Label, text: Callable[[str], str]) -> str:
    x, y = item.at
    anchor = {"start": "base west", "middle": "base", "end": "base east"}[item.anchor]
    turn = ",rotate=90,anchor=center" if item.upright else ""
    size = f"\\fontsize{{{_n(item.size)}}}{{{_n(1.2 * item.size)}}}\\selectfont"
    place = f"[anchor={anchor},inner sep=0pt,bp{item.colour}{turn}] at ({_n(x)},{_n(y)})"
    return f"\\node{place} {{{size} {text(item.text)}}};"


def to_svg(drawing: Drawing, text: Callable[[str], str], *, colour: str = "", title: str = "") -> str:
    """An SVG element; `text` spells a label's text as plain Unicode, `title` is read to those who cannot see it."""
    drawn = []
    for item in drawing.items:
        ink = colour or PALETTE[item.colour]
        drawn.append(_svg_line(item, ink) if isinstance(item, Polyline) else _svg_label(item, ink, text))
    width, height = _n(drawing.width), _n(drawing.height)
    role = f'role="img" aria-label="{escape(title)}"' if title else 'aria-hidden="true"'
    return f'<svg width="{width}" height="{height}" viewBox="0 0 {width} {height}" {role}>{"".join(drawn)}</svg>'


def _svg_line(item: Polyline, ink: str) -> str:
    points = " ".join(f"{_n(x)},{_n(y)}" for x, y in item.points)
    dash = f' stroke-dasharray="{_SVG_DASH[item.dash]}"' if item.dash in _SVG_DASH else ""
    stroke = f'stroke="{ink}" stroke-width="{_n(item.thickness)}" stroke-linecap="round" stroke-linejoin="round"{dash}'
    fill = ink if item.fill else "none"
    return f'<{"polygon" if item.outline else "polyline"} points="{points}" fill="{fill}" {stroke}/>'


def _svg_label(item: Label, ink: str, text: Callable[[str], str]) -> str:
    x, y = (_n(value) for value in item.at)
    turn = f' transform="rotate(-90 {x} {y})"' if item.upright else ""
    look = f'text-anchor="{item.anchor}" font-size="{_n(item.size)}" fill="{ink}"'
    return f'<text x="{x}" y="{y}" {look}{turn}>{escape(text(item.text))}</text>'
