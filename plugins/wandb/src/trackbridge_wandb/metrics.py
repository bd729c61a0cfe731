"""Metrics (M1–M5): rows of W&B's history, sent at offsets of our own, so that every row is acknowledged or sent again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from trackbridge.errors import TrackbridgeError
from trackbridge.protocol import Refused
from trackbridge.records.metrics import MetricPoint
from trackbridge_wandb.client import Client
from trackbridge_wandb.delivery import recall, settle
from trackbridge_wandb.finding import Finder
from trackbridge_wandb.history import history
from trackbridge_wandb.rows import lines_of, parsed, points_of
from trackbridge_wandb.sorting import in_order
from trackbridge_wandb.streams import Streams

__all__ = ["POINTS_PER_WRITE", "Metrics"]

POINTS_PER_WRITE: Final = 10_000
_LINES_PER_REQUEST: Final = 5_000
_BYTES_PER_REQUEST: Final = 8_000_000  # W&B takes 10 MB


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
                    stream.recent.update(points_of(parsed(lines[: arrived + len(stream.pending)])))
                    raise
                arrived += len(piece)
            stream.recent.difference_update(points)
        return ()

    def read(self, run_id: str, names: Sequence[str] | None = None) -> Iterator[MetricPoint]:
        """Give every point of these metrics, or of all: by name (code points), then in M2 order, never sampled."""
        wanted = None if names is None else frozenset(names)
        natives = self._finder.existing(run_id)
        return in_order(points_of((row for native in natives for row in history(self._client, native)), wanted))


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
