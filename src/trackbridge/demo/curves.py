"""A chart of metric series for the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import Final

from trackbridge.records.metrics import MetricPoint

__all__ = ["chart"]

PLAIN_MARKERS: Final = "•+×o*"  # what tells lines apart without colour


def chart(series: Mapping[str, Sequence[MetricPoint]], *, title: str, width: int, height: int, colour: bool) -> str:
    """Draw series over their steps.

    Args:
        series: Points in M2 order by the label of their line; at least one point.
        title: What the values are.
        width: In columns.
        height: In rows.
        colour: Whether terminal colours may be used.
    """
    import plotext

    figure = plotext.figure
    figure.clear()
    figure.theme("simple" if colour else "colorless")
    figure.plot_size(width, height)
    figure.title(title)
    figure.label("step")
    for (label, points), marker in zip(series.items(), cycle(PLAIN_MARKERS), strict=False):
        steps, values = [point.step for point in points], [point.value for point in points]
        signal = figure.signal(steps, values, marker=None if colour else marker)
        figure.draw(signal.lines().label(label))
    everything = [point for points in series.values() for point in points]
    figure.legend(
        x=max(point.step for point in everything),
        y=max(point.value for point in everything),
        ha="right",
        va="top",
        relative=True,
    )
    drawn = figure.build()
    return str(drawn) if colour else plotext.uncolorize(drawn)
