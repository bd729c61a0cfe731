"""Sending lines of a stream, so that each is acknowledged or sent again as it was."""

from __future__ import annotations

import json
import time
from typing import Any, Final

from trackbridge.errors import TrackbridgeError, Transient
from trackbridge_wandb.client import Client
from trackbridge_wandb.operations import HISTORY
from trackbridge_wandb.rows import parsed, points_of
from trackbridge_wandb.streams import Stream

__all__ = ["check", "end", "recall", "revive", "settle"]

_DOUBT_S: Final = 30.0  # how long a request of a dead owner may still be under way
_LINES_PER_CHECK: Final = 2_000
_LINES_RECALLED: Final = 10_000  # as many as one write may have sent


def settle(client: Client, stream: Stream) -> None:
    """Have the service take what is pending.

    Lines whose answer was lost are sent again before anything else, as they were and where they were: whichever of the
    two arrives last, the lines are the same.
    """
    if not stream.pending:
        return
    _send(client, stream, stream.lines, stream.pending)
    if stream.doubtful_since_s is not None:
        stream.doubtful.append((stream.lines, stream.pending))
        if time.monotonic() - stream.doubtful_since_s > _DOUBT_S:
            check(client, stream)
    stream.lines += len(stream.pending)
    stream.pending = []


def recall(client: Client, stream: Stream) -> None:
    """Learn what a dead owner had sent last, which its successor is given to deliver again."""
    if stream.doubtful_since_s is None or stream.recalled:
        return
    stream.recalled = True
    first = max(0, stream.lines - _LINES_RECALLED)
    for start in range(first, stream.lines, _LINES_PER_CHECK):
        count = min(_LINES_PER_CHECK, stream.lines - start)
        stream.recent.update(points_of(parsed(_rows(client, stream, start, count))))


def check(client: Client, stream: Stream) -> None:
    """Read back what was sent after a dead owner's stream was taken over, and send again what it is not.

    A request that the dead one had sent may be carried out late, over lines that have its offsets now. Its own lines
    were never acknowledged, and are delivered anew.
    """
    for offset, lines in stream.doubtful:
        for start in range(0, len(lines), _LINES_PER_CHECK):
            some = lines[start : start + _LINES_PER_CHECK]
            if not _is_there(client, stream, offset + start, some):
                _send(client, stream, offset + start, some)
    stream.doubtful = []
    stream.doubtful_since_s = None


def end(client: Client, stream: Stream, exit_code: int) -> None:
    """Say that a run has ended."""
    settle(client, stream)
    check(client, stream)
    _post(client, stream, {"complete": True, "exitcode": exit_code})


def revive(client: Client, stream: Stream) -> None:
    """Give a sign of life, which makes a run that had ended a running one."""
    _post(client, stream, {})


def _is_there(client: Client, stream: Stream, first: int, lines: list[str]) -> bool:
    rows = _rows(client, stream, first, len(lines))
    there = {_canonical(row) for row in rows}
    return all(_canonical(line) in there for line in lines)


def _rows(client: Client, stream: Stream, first: int, count: int) -> list[str]:
    found = client.ask(
        HISTORY, project=stream.project, run=stream.name, minStep=first, maxStep=first + count, pageSize=2 * count
    )
    return ((found.get("project") or {}).get("run") or {}).get("history") or []


def _canonical(line: str) -> str:
    """Give a row in one form: the service may write it its own way, and NaN as a token."""
    row = {key: str(value).lower() for key, value in json.loads(line).items()}
    return json.dumps(row, sort_keys=True).replace("infinity", "inf")


def _send(client: Client, stream: Stream, offset: int, lines: list[str]) -> None:
    files = {
        "wandb-history.jsonl": {"offset": offset, "content": lines},
        "wandb-summary.json": {"offset": 0, "content": [stream.lasts.dumps()]},
    }
    try:
        _post(client, stream, {"files": files})
    except Transient:
        raise
    except TrackbridgeError:
        stream.pending = []  # refused as it is: nothing of it has arrived
        raise


def _post(client: Client, stream: Stream, body: dict[str, Any]) -> None:
    sent_s = time.monotonic()  # the service counts from when it hears, which is later
    client.wire.stream(stream.project, stream.name, body)
    stream.seen_s = sent_s
