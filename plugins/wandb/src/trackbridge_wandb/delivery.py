"""Sending lines of a stream, so that each is acknowledged or sent again as it was."""

from __future__ import annotations

import time
from typing import Any

from trackbridge.errors import TrackbridgeError, Transient
from trackbridge_wandb.client import Client
from trackbridge_wandb.streams import Stream

__all__ = ["end", "revive", "settle"]


def settle(client: Client, stream: Stream) -> None:
    """Have the service take what is pending.

    Lines whose answer was lost are sent again before anything else, as they were and where they were: whichever of the
    two arrives last, the lines are the same.
    """
    if not stream.pending:
        return
    files = {
        "wandb-history.jsonl": {"offset": stream.lines, "content": stream.pending},
        "wandb-summary.json": {"offset": 0, "content": [stream.lasts.dumps()]},
    }
    try:
        _post(client, stream, {"files": files})
    except Transient:
        raise
    except TrackbridgeError:
        stream.pending = []  # refused as it is: nothing of it has arrived
        raise
    stream.lines += len(stream.pending)
    stream.pending = []


def end(client: Client, stream: Stream, exit_code: int) -> None:
    """Say that a run has ended."""
    settle(client, stream)
    _post(client, stream, {"complete": True, "exitcode": exit_code})


def revive(client: Client, stream: Stream) -> None:
    """Give a sign of life, which makes a run that had ended a running one."""
    _post(client, stream, {})


def _post(client: Client, stream: Stream, body: dict[str, Any]) -> None:
    sent_s = time.monotonic()  # the service counts from when it hears, which is later
    client.wire.stream(stream.project, stream.name, body)
    stream.seen_s = sent_s
