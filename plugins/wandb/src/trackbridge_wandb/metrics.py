"""Metrics (M1–M5): rows of W&B's history, sent at offsets of our own, so that every row is acknowledged or sent again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from trackbridge.errors import TrackbridgeError
from trackbridge.protocol import Refused
from trackbridge.records.metrics import MetricPoint
from trackbridge_wandb.client import Client
from trackbridge_wandb.delivery import recall, settle
from trackbridge_wandb.finding import Finder
from trackbridge_wandb.operations import HISTORY
from trackbridge_wandb.rows import lines_of, points_of
from trackbridge_wandb.sorting import in_order
from trackbridge_wandb.streams import Streams

__all__ = ["POINTS_PER_WRITE", "Metrics"]

POINTS_PER_WRITE: Final = 10_000
_LINES_PER_REQUEST: Final = 5_000
_BYTES_PER_REQUEST: Final = 8_000_000  # W&B takes 10 MB
_STEPS_PER_PAGE: Final = 2_000
_ROWS_PER_PAGE: Final = 10_000  # more than a page of steps has, for rows of other writers may share one


class Metrics:
    """See `trackbridge.protocol.MetricStore`."""

    def __init__(self, client: Client, finder: Finder, streams: Streams) -> None:
        self._client = client
        self._finder = finder
        self._streams = streams

    def write(self, run_id: str, points: Sequence[MetricPoint]) -> tuple[Refused, ...]:
        """Add points to the sets; a point already there is nothing (M2)."""
        if not points:
            return ()
        with self._streams.writing(run_id) as stream:
            recall(self._client, stream)
            settle(self._client, stream)
            fresh = [point for point in points if point not in stream.recent] if stream.recent else points
            stream.lasts.add(fresh)
            lines = lines_of(fresh, stream.lines)
            stream.lasts.lines = stream.lines + len(lines)
            arrived = 0
            for piece in _pieces(lines):
                stream.pending = piece
                try:
                    settle(self._client, stream)
                except TrackbridgeError:
                    # Whoever comes with these points again must not make new rows of them.
                    stream.recent.update(points_of(lines[: arrived + len(stream.pending)]))
                    raise
                arrived += len(piece)
            stream.recent.difference_update(points)
        return ()

    def read(self, run_id: str, names: Sequence[str] | None = None) -> Iterator[MetricPoint]:
        """Give every point of these metrics, or of all: by name (code points), then in M2 order, never sampled."""
        wanted = None if names is None else frozenset(names)
        natives = self._finder.existing(run_id)
        return in_order(points_of((line for native in natives for line in self._lines(native)), wanted))

    def _lines(self, native: dict[str, Any]) -> Iterator[str]:
        """Give all rows of one of W&B's runs, by `_step`: a page is a range of steps, and never a sample."""
        last = (native.get("historyKeys") or {}).get("lastStep")
        for start in range(0, 0 if last is None else int(last) + 1, _STEPS_PER_PAGE):
            found = self._client.ask(
                HISTORY,
                project=native["project_name"],
                run=native["name"],
                minStep=start,
                maxStep=start + _STEPS_PER_PAGE,
                pageSize=_ROWS_PER_PAGE,
            )
            yield from ((found.get("project") or {}).get("run") or {}).get("history") or ()


def _pieces(lines: list[str]) -> Iterator[list[str]]:
    """Cut lines to what one request takes."""
    piece: list[str] = []
    size = 0
    for line in lines:
        if piece and (len(piece) >= _LINES_PER_REQUEST or size + len(line) > _BYTES_PER_REQUEST):
            yield piece
            piece, size = [], 0
        piece.append(line)
        size += len(line)
    if piece:
        yield piece
