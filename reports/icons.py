"""The seven status icons as drawings, so that no font decides whether a student sees them."""

from __future__ import annotations

import math

from checkers.verdict import Status
from reports.drawing import Drawing, Point, Polyline

_SIZE = 8.0


def _arc(start: float, end: float, radius: float = 3.2) -> tuple[Point, ...]:
    """Points on a circle around the middle, angles in degrees."""
    steps = 24
    angles = [math.radians(start + (end - start) * k / steps) for k in range(steps + 1)]
    return tuple((_SIZE / 2 + radius * math.cos(a), _SIZE / 2 + radius * math.sin(a)) for a in angles)


def _wave(y: float) -> Polyline:
    points = tuple((0.8 + 6.4 * k / 16, y + 0.8 * math.sin(2 * math.pi * k / 8)) for k in range(17))
    return Polyline(points, thickness=1.0)


def _icon(*items: Polyline) -> Drawing:
    return Drawing(_SIZE, _SIZE, items)


ICONS: dict[Status, Drawing] = {
    "correct": _icon(Polyline(((0.9, 4.5), (3.1, 6.8), (7.2, 1.4)), thickness=1.4)),
    "partial": _icon(
        Polyline(_arc(0, 360), closed=True, thickness=1.0), Polyline(_arc(90, 270), fill=True, thickness=0.2)
    ),
    "wrong": _icon(
        Polyline(((1.2, 1.2), (6.8, 6.8)), thickness=1.5), Polyline(((6.8, 1.2), (1.2, 6.8)), thickness=1.5)
    ),
    "unreadable": _icon(_wave(1.7), _wave(4.0), _wave(6.3)),
    "undecided": _icon(
        Polyline(((1.3, 0.9), (6.7, 0.9), (1.3, 7.1), (6.7, 7.1)), closed=True, thickness=1.0),
        Polyline(((2.6, 6.5), (5.4, 6.5), (4.0, 4.9)), fill=True, thickness=0.2),
    ),
    "manual": _icon(
        Polyline(
            (
                (2.0, 2.5),
                (2.3, 1.5),
                (3.2, 0.9),
                (4.5, 0.9),
                (5.5, 1.5),
                (5.8, 2.5),
                (5.3, 3.4),
                (4.4, 4.1),
                (4.0, 4.8),
                (4.0, 5.3),
            ),
            thickness=1.2,
        ),
        Polyline(((4.0, 7.2), (4.0, 7.21)), thickness=1.5),
    ),
    "missing": _icon(Polyline(_arc(0, 360), closed=True, thickness=1.1)),
}
