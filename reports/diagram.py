"""A directed graph as a drawing: layers from top to bottom, long edges led around the boxes, labels beside their edges.

The usual steps: every vertex below all it depends on, bends where an edge passes a layer, the order within a layer by
the mean place of the neighbours, then coordinates.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

from checkers.solution import Diagram, Edge
from notation import texlike
from notation.boxes import width
from reports.drawing import Anchor, Drawing, Label, Point, Polyline
from reports.verbatim import brief

WIDTH = 460.0  # points: the text width of the sheet
_ROW, _BOX, _SIZE, _SMALL = 56.0, 27.0, 8.0, 6.5
_PAD, _BEND = 12.0, 14.0  # room beside the label of a box; the width that a passing edge takes
_GAP = 30.0  # points between neighbours in a layer, so that the labels of their edges have room
_SWEEPS = 8  # more do not change graphs of this size
_LABEL_ROOM = 46.0  # points between the middles of two edges' labels before one gives way


def draw(diagram: Diagram) -> Drawing:
    """The drawing of a diagram.

    >>> from checkers.solution import Vertex
    >>> drawn = draw(Diagram("", (Vertex("a"), Vertex("b")), (Edge(0, 1, "2"),)))
    >>> sorted({item.text for item in drawn.items if isinstance(item, Label)})
    ['2', 'a', 'b']
    """
    layers, paths = _layered(len(diagram.vertices), diagram.edges)
    widths = [_PAD + max(_width(brief(v.label), _SIZE), _width(brief(v.note), _SIZE)) for v in diagram.vertices]
    count = 1 + max((i for layer in layers for i in layer), default=-1)
    widths += [_BEND] * (count - len(widths))
    order = _ordered(layers, paths)
    middles = _placed(order, widths, paths)
    height = _ROW * (len(order) - 1) + _BOX + 8
    items: list[Polyline | Label] = []
    labels: list[Point] = []
    level = {i: n for n, layer in enumerate(order) for i in layer}

    def y(i: int) -> float:
        return 4 + _ROW * level[i]

    for edge, path in zip(diagram.edges, paths, strict=True):
        points: list[Point] = [(middles[path[0]], y(path[0]) + _BOX)]
        for bend in path[1:-1]:
            points += [(middles[bend], y(bend)), (middles[bend], y(bend) + _BOX)]
        points.append((middles[path[-1]], y(path[-1])))
        spread = (
            _port(points[0][0], points[1][0], widths[path[0]]),
            _port(points[-1][0], points[-2][0], widths[path[-1]]),
        )
        points[0], points[-1] = (spread[0], points[0][1]), (spread[1], points[-1][1])
        items += [Polyline(tuple(points), "muted", 0.6), _arrow(points[-2], points[-1])]
        if edge.label:
            labels.append(_label_place(points[0], points[1], labels))
            side: Anchor = "start" if points[1][0] >= points[0][0] else "end"
            items.append(Label(labels[-1], brief(edge.label), side, "blue", _SMALL))
    for i, vertex in enumerate(diagram.vertices):
        left, right, top = middles[i] - widths[i] / 2, middles[i] + widths[i] / 2, y(i)
        corners = ((left, top), (right, top), (right, top + _BOX), (left, top + _BOX))
        items.append(Polyline(corners, "ink", 0.6, closed=True))
        first = top + (11 if vertex.note else 16)
        items.append(Label((middles[i], first), brief(vertex.label), "middle", "ink", _SIZE))
        if vertex.note:
            items.append(Label((middles[i], top + 22), brief(vertex.note), "middle", "red", _SIZE))
    return Drawing(WIDTH, height, tuple(items))


def _width(text: str, size: float) -> float:
    """The estimated width of Markdown with `$...$` in points."""
    total = 0.0
    for n, piece in enumerate(text.split("$")):
        box = texlike.read(piece) if n % 2 and piece else None
        total += size * (width(box) if box is not None else 0.5 * len(piece))
    return total


def _layered(count: int, edges: Sequence[Edge]) -> tuple[list[list[int]], list[list[int]]]:
    """Vertices by layer, and each edge as the vertices and bends it runs through."""
    depth = [0] * count
    for _ in range(count):
        for e in edges:
            depth[e.end] = max(depth[e.end], depth[e.start] + 1)
    for i in range(count):  # a source stands just above what it is needed for
        below = [depth[e.end] for e in edges if e.start == i]
        if below and not any(e.end == i for e in edges):
            depth[i] = min(below) - 1
    layers: list[list[int]] = [[] for _ in range(max(depth, default=0) + 1)]
    for i, d in enumerate(depth):
        layers[d].append(i)
    paths = []
    following = count
    for e in edges:
        path = [e.start]
        for d in range(depth[e.start] + 1, depth[e.end]):
            layers[d].append(following)
            path.append(following)
            following += 1
        paths.append([*path, e.end])
    return layers, paths


def _ordered(layers: list[list[int]], paths: list[list[int]]) -> list[list[int]]:
    """The order within each layer, by the mean place of the neighbours above and below in turn."""
    above: dict[int, list[int]] = {}
    below: dict[int, list[int]] = {}
    for path in paths:
        for a, b in pairwise(path):
            above.setdefault(b, []).append(a)
            below.setdefault(a, []).append(b)
    order = [list(layer) for layer in layers]
    best, fewest = order, _crossings(order, below)
    for sweep in range(_SWEEPS):
        downwards = sweep % 2 == 0
        neighbours = above if downwards else below
        order = [list(layer) for layer in order]
        for n in range(len(order)) if downwards else reversed(range(len(order))):
            place = {i: k for layer in order for k, i in enumerate(layer)}

            def mean(i: int, place: dict[int, int] = place, near: dict[int, list[int]] = neighbours) -> float:
                found = [place[j] for j in near.get(i, [])]
                return sum(found) / len(found) if found else float(place[i])

            order[n].sort(key=mean)
        crossings = _crossings(order, below)
        if crossings < fewest:
            best, fewest = order, crossings
    return best


def _crossings(order: list[list[int]], below: dict[int, list[int]]) -> int:
    place = {i: k for layer in order for k, i in enumerate(layer)}
    total = 0
    for layer in order:
        pairs = [(place[i], place[j]) for i in layer for j in below.get(i, [])]
        total += sum((a - c) * (b - d) < 0 for n, (a, b) in enumerate(pairs) for c, d in pairs[n + 1 :])
    return total


def _placed(order: list[list[int]], widths: list[float], paths: list[list[int]]) -> dict[int, float]:
    """The middle of every vertex: spread over the width, then drawn towards its neighbours as far as there is room."""
    near: dict[int, list[int]] = {}
    for path in paths:
        for a, b in pairwise(path):
            near.setdefault(a, []).append(b)
            near.setdefault(b, []).append(a)
    middles: dict[int, float] = {}
    for layer in order:
        room = WIDTH / len(layer) if layer else WIDTH
        middles.update({i: room * (k + 0.5) for k, i in enumerate(layer)})
    for _ in range(3 * _SWEEPS):
        for layer in order:
            wished = [sum(middles[j] for j in near[i]) / len(near[i]) if i in near else middles[i] for i in layer]
            for k, i in enumerate(layer):
                left = middles[layer[k - 1]] + (widths[layer[k - 1]] + widths[i]) / 2 + _GAP if k else widths[i] / 2 + 2
                after = layer[k + 1] if k + 1 < len(layer) else None
                right = WIDTH - widths[i] / 2 - 2
                if after is not None:
                    right = middles[after] - (widths[after] + widths[i]) / 2 - _GAP
                if left <= right:
                    middles[i] = min(max(wished[k], left), right)
    return middles


def _port(own: float, other: float, size: float) -> float:
    """Where on the side of its box an edge begins or ends: a little towards where it goes."""
    return own + max(-0.3 * size, min(0.3 * size, 0.25 * (other - own)))


def _label_place(a: Point, b: Point, taken: list[Point]) -> Point:
    """A place on the first stretch of an edge that no other label has."""
    for part in (0.45, 0.7, 0.28, 0.85):
        x, y = a[0] + part * (b[0] - a[0]), a[1] + part * (b[1] - a[1]) + 2
        at = (x + (4 if b[0] >= a[0] else -4), y)
        if all(abs(at[0] - x2) > _LABEL_ROOM / 2 or abs(at[1] - y2) > 7 for x2, y2 in taken):
            return at
    return at


def _arrow(before: Point, tip: Point) -> Polyline:
    angle = math.atan2(tip[1] - before[1], tip[0] - before[0])
    wings = [(tip[0] - 4.5 * math.cos(angle + turn), tip[1] - 4.5 * math.sin(angle + turn)) for turn in (0.35, -0.35)]
    return Polyline((tip, wings[0], wings[1]), "muted", 0.4, fill=True)
