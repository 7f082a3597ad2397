"""A computed demonstration as a drawing: frame, ticks, lines told apart by dash and label as well as colour."""

from __future__ import annotations

import math

from checkers.solution import Plot, Series
from reports.drawing import Dash, Drawing, Label, Polyline
from reports.verbatim import brief

WIDTH, HEIGHT = 340.0, 190.0  # points: two thirds of the text width, so that the end labels fit beside it
_LEFT, _RIGHT, _TOP, _BOTTOM = 52.0, 96.0, 8.0, 34.0
_STYLES: tuple[tuple[str, Dash], ...] = (
    ("blue", "solid"),
    ("red", "dashed"),
    ("green", "dotted"),
    ("violet", "dashed"),
    ("amber", "solid"),
    ("teal", "dotted"),
)
_MAX_POINTS = 400  # more than the frame has pixels helps nobody


def draw(plot: Plot) -> Drawing:
    """The drawing of a plot; points that are not finite, or not positive on a log axis, are left out."""
    cleaned = [(s.label, _cleaned(s, plot.log_y)) for s in plot.series]
    labels = [label for label, points in cleaned if points]
    series = [points for _, points in cleaned if points]
    xs = [x for s in series for x, _ in s]
    ys = [y for s in series for _, y in s]
    if not xs:
        return Drawing(WIDTH, 20.0, (Label((0.0, 14.0), "nothing to plot", "start", "muted"),))
    x_ticks = ticks(min(xs), max(xs))
    y_ticks = [float(k) for k in _log_ticks(min(ys), max(ys))] if plot.log_y else ticks(min(ys), max(ys))
    x_range, y_range = (
        (min([*xs, x_ticks[0]]), max([*xs, x_ticks[-1]])),
        (min([*ys, y_ticks[0]]), max([*ys, y_ticks[-1]])),
    )
    right, bottom = WIDTH - _RIGHT, HEIGHT - _BOTTOM

    def place(x: float, y: float) -> tuple[float, float]:
        return (
            _LEFT + (right - _LEFT) * (x - x_range[0]) / ((x_range[1] - x_range[0]) or 1.0),
            bottom - (bottom - _TOP) * (y - y_range[0]) / ((y_range[1] - y_range[0]) or 1.0),
        )

    items: list[Polyline | Label] = []
    for tick in y_ticks:
        _, y = place(x_range[0], tick)
        items.append(Polyline(((_LEFT, y), (right, y)), "rule", 0.4))
        label = f"$10^{{{round(tick)}}}$" if plot.log_y else f"{tick:g}"
        items.append(Label((_LEFT - 5, y + 2.8), label, "end", "muted"))
    for tick in x_ticks:
        x, _ = place(tick, y_range[0])
        items.append(Polyline(((x, bottom), (x, bottom + 3)), "muted", 0.5))
        items.append(Label((x, bottom + 12), f"{tick:g}", "middle", "muted"))
    items.append(Polyline(((_LEFT, _TOP), (_LEFT, bottom), (right, bottom)), "muted", 0.6))
    items.append(Label(((_LEFT + right) / 2, HEIGHT - 6), brief(plot.x_label), "middle"))
    items.append(Label((9.0, (_TOP + bottom) / 2), brief(plot.y_label), "middle", upright=True))
    ends = _spread([place(*s[-1])[1] for s in series])
    for number, (points, end) in enumerate(zip(series, ends, strict=True)):
        colour, dash = _STYLES[number % len(_STYLES)]
        items.append(Polyline(tuple(place(*p) for p in points), colour, 1.3, dash))
        items.append(Label((right + 5, end + 2.8), brief(labels[number]), "start", colour))
    return Drawing(WIDTH, HEIGHT, tuple(items))


def _cleaned(series: Series, log: bool) -> list[tuple[float, float]]:
    points = [(x, y) for x, y in zip(series.x, series.y, strict=True) if math.isfinite(x) and math.isfinite(y)]
    if log:
        points = [(x, math.log10(y)) for x, y in points if y > 0]
    step = max(1, len(points) // _MAX_POINTS)
    return points[::step]


def ticks(low: float, high: float, wanted: int = 5) -> list[float]:
    """Round numbers from within (and up to) a range.

    >>> ticks(0, 47)
    [0.0, 10.0, 20.0, 30.0, 40.0]
    """
    if high <= low:
        return [low]
    raw = (high - low) / wanted
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(m * power for m in (1, 2, 5, 10) if m * power >= raw * 0.999)
    first = math.ceil(low / step - 1e-9)
    return [round(k * step, 12) + 0.0 for k in range(first, math.floor(high / step + 1e-9) + 1)]


def _log_ticks(low: float, high: float) -> list[int]:
    first, last = math.floor(low), math.ceil(high)
    step = max(1, math.ceil((last - first) / 5))
    return list(range(first, last + 1, step)) or [first]


def _spread(heights: list[float], gap: float = 10.0) -> list[float]:
    """The heights pushed apart, in order, so that labels do not overlap."""
    placed: dict[int, float] = {}
    last = -math.inf
    for i in sorted(range(len(heights)), key=lambda k: heights[k]):
        last = max(heights[i], last + gap)
        placed[i] = last
    return [placed[i] for i in range(len(heights))]
