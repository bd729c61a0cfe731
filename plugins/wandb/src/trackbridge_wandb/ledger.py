"""What W&B has no place for, in a project of our own that listings leave out: cells and claims.

A cell is a run of that project whose config holds one record: it is written by name, the last write wins, and all the
cells of a group come in one query. A claim is a cell that somebody makes: W&B makes a run of a name once, and says
`inserted` to one caller alone (core/internal/runupserter relies on it for ``resume="never"``). That is the conditional
write that owner epochs and the ownership of a run's history rest on.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from trackbridge_wandb.address import LEDGER
from trackbridge_wandb.client import Client

__all__ = ["Ledger"]

_RECORD: Final = "record"


class Ledger:
    """The ledger of one entity; it comes to be with the first write."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def claim(self, key: str) -> bool:
        """Take a key if nobody has; one of all callers ever is told True."""
        return self._client.upsert(LEDGER, key)

    def put(
        self,
        key: str,
        record: Mapping[str, Any],
        *,
        group: str | None = None,
        kind: str | None = None,
        title: str | None = None,
    ) -> None:
        """Write a cell."""
        config = json.dumps({_RECORD: {"value": record}})
        self._client.upsert(LEDGER, key, config=config, groupName=group, jobType=kind, displayName=title)

    def drop(self, key: str) -> None:
        """Delete a cell for good: its key is spent."""
        found = self._client.run(LEDGER, key)
        if found is not None:
            self._client.delete_run(found["id"])

    def get(self, key: str) -> dict[str, Any] | None:
        """Give a cell's record, empty where it was claimed and not written; None where there is none."""
        found = self._client.run(LEDGER, key)
        return None if found is None else _record(found)

    def group(self, group: str) -> dict[str, dict[str, Any]]:
        """Give all cells of a group by key."""
        return dict(self._cells({"group": group}))

    def kind(self, kind: str, title: str | None = None) -> Iterator[tuple[str, dict[str, Any]]]:
        """Give all cells of a kind, or those with a title, with their keys."""
        return self._cells({"jobType": kind} if title is None else {"jobType": kind, "displayName": title})

    def several(self, keys: Sequence[str]) -> dict[str, dict[str, Any]]:
        """Give the cells of these keys, as far as they are there."""
        return dict(self._cells({"name": {"$in": list(keys)}}))

    def _cells(self, filters: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
        for run in self._client.runs(LEDGER, filters):
            record = _record(run)
            if record:
                yield run["name"], record


def _record(run: Mapping[str, Any]) -> dict[str, Any]:
    value = json.loads(run["config"] or "{}").get(_RECORD, {})
    return dict(value.get("value") or {})
