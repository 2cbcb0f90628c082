"""Plots as SVG for a page: shapes and classes alone, no style and no text in them.

What they show stands in words and numbers beside them, so a screen reader passes them over.
"""

from collections.abc import Mapping, Sequence

from markupsafe import Markup

_WIDTH, _HEIGHT = 640.0, 200.0
_BAR_WIDTH, _BAR_HEIGHT = 200.0, 14.0
_GAP = 0.18


def stacked(columns: Sequence[Mapping[str, int]], order: Sequence[str]) -> Markup:
    """Return a column for each mapping, its parts in that order from below; the highest fills it.

    A part has the class `part-NAME`.
    """
    highest = max((sum(one.values()) for one in columns), default=0)
    lines = [_line(0, 0, _WIDTH, 0), _line(0, _HEIGHT / 2, _WIDTH, _HEIGHT / 2)]
    lines.append(_line(0, _HEIGHT, _WIDTH, _HEIGHT))
    rects: list[Markup] = []
    if highest:
        step = _WIDTH / len(columns)
        for number, column in enumerate(columns):
            left, top = (number + _GAP / 2) * step, _HEIGHT
            for name in order:
                height = column.get(name, 0) / highest * _HEIGHT
                top -= height
                rects.append(_rect(name, left, top, step * (1 - _GAP), height))
    return _svg("plot-columns", _WIDTH, _HEIGHT, [*lines, *rects])


def shares(parts: Mapping[str, int], order: Sequence[str]) -> Markup:
    """Return one bar, cut by how much each part has of all; empty if there is nothing."""
    whole, left, rects = sum(parts.get(name, 0) for name in order), 0.0, []
    for name in order if whole else ():
        width = parts.get(name, 0) / whole * _BAR_WIDTH
        rects.append(_rect(name, left, 0, width, _BAR_HEIGHT))
        left += width
    return _svg("plot-shares", _BAR_WIDTH, _BAR_HEIGHT, rects)


def _svg(kind: str, width: float, height: float, shapes: Sequence[Markup]) -> Markup:
    start = Markup(
        '<svg class="{}" viewBox="0 0 {:g} {:g}" preserveAspectRatio="none" aria-hidden="true"'
        ' focusable="false">'
    ).format(kind, width, height)
    return start + Markup("").join(shapes) + Markup("</svg>")


def _rect(name: str, x: float, y: float, width: float, height: float) -> Markup:
    if not width or not height:
        return Markup("")
    shape = '<rect class="part-{}" x="{:.2f}" y="{:.2f}" width="{:.2f}" height="{:.2f}"/>'
    return Markup(shape).format(name, x, y, width, height)


def _line(x1: float, y1: float, x2: float, y2: float) -> Markup:
    return Markup('<line x1="{:g}" y1="{:g}" x2="{:g}" y2="{:g}"/>').format(x1, y1, x2, y2)
