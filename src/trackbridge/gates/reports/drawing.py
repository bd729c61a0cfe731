"""Drawings for the page, as inline SVG."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from html import escape
from typing import Final

from trackbridge.gates.reports.curves import Curve

__all__ = ["curve_svg", "scale_svg"]

_WIDTH: Final = 340
_HEIGHT: Final = 170
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 10, 12, 24
_BAR_WIDTH: Final = 220
_BAR_HEIGHT: Final = 16

Points = Sequence[tuple[int, float]]
Scale = Callable[[float], float]


def curve_svg(name: str, curve: Curve) -> str:
    """Draw a metric over its steps: the candidate as a line, the baseline dashed."""
    finite = [point for point in (*curve.candidate, *curve.baseline) if math.isfinite(point[1])]
    if not finite:
        return f"<p>{escape(name)} has no finite value.</p>"
    x = _axis([point[0] for point in finite], _LEFT, _WIDTH - _RIGHT)
    y = _axis([point[1] for point in finite], _HEIGHT - _BOTTOM, _TOP)
    least, most = min(point[1] for point in finite), max(point[1] for point in finite)
    first, last = min(point[0] for point in finite), max(point[0] for point in finite)
    floor, right = _HEIGHT - _BOTTOM, _WIDTH - _RIGHT
    return "".join(
        (
            f'<svg class="curve" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(name)} by step">',
            f'<path class="axis" d="M{_LEFT} {_TOP}V{floor}H{right}"/>',
            f'<text x="{_LEFT - 6}" y="{_TOP + 8}" text-anchor="end">{most:.4g}</text>',
            f'<text x="{_LEFT - 6}" y="{floor}" text-anchor="end">{least:.4g}</text>' if least != most else "",
            f'<text x="{_LEFT}" y="{_HEIGHT - 8}">{first}</text>',
            f'<text x="{right}" y="{_HEIGHT - 8}" text-anchor="end">step {last}</text>',
            _line(curve.baseline, x, y, "baseline"),
            _line(curve.candidate, x, y, "candidate"),
            "</svg>",
        )
    )


def scale_svg(candidate: float | None, baseline: float | None, low: float, high: float) -> str:
    """Draw a value as a bar from 0 on a scale that several bars share, with a tick where the baseline is."""
    x = _axis([low, high, 0.0], 1, _BAR_WIDTH - 1)
    parts = [f'<svg class="bar" viewBox="0 0 {_BAR_WIDTH} {_BAR_HEIGHT}" role="presentation">']
    if candidate is not None and math.isfinite(candidate):
        begin, end = sorted((x(0.0), x(candidate)))
        parts.append(f'<rect class="candidate" x="{begin:.1f}" y="3" width="{max(end - begin, 1):.1f}" height="10"/>')
    if baseline is not None and math.isfinite(baseline):
        parts.append(f'<path class="baseline" d="M{x(baseline):.1f} 0V{_BAR_HEIGHT}"/>')
    return "".join((*parts, "</svg>"))


def _axis(values: Sequence[float], begin: float, end: float) -> Scale:
    """Give a linear scale; where all values are one, it lies in the middle."""
    low, high = min(values), max(values)

    def place(value: float) -> float:
        if low == high:
            return (begin + end) / 2
        # Halved first: the distance of two floats may be infinite.
        share = (value / 2 - low / 2) / (high / 2 - low / 2)
        return begin + share * (end - begin)

    return place


def _line(points: Points, x: Scale, y: Scale, kind: str) -> str:
    """Draw a line that is interrupted where a value is not finite; a lone point is a dot."""
    strokes: list[list[str]] = [[]]
    for step, value in points:
        if math.isfinite(value):
            strokes[-1].append(f"{x(step):.1f} {y(value):.1f}")
        elif strokes[-1]:
            strokes.append([])
    drawn = []
    for stroke in strokes:
        if len(stroke) > 1:
            drawn.append(f'<path class="{kind}" d="M{"L".join(stroke)}"/>')
        elif stroke:
            left, top = stroke[0].split()
            drawn.append(f'<circle class="{kind}" cx="{left}" cy="{top}" r="2"/>')
    return "".join(drawn)
