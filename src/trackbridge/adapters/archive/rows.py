"""The row of an entity in a file of its own, named by the commit that it shows and by its hash."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trackbridge.adapters.archive.log import Log
from trackbridge.adapters.archive.tables import write_row
from trackbridge.adapters.archive.vault import sha256_of

__all__ = ["publish_row"]


def publish_row(log: Log[Any], kind: str, row: Mapping[str, Any]) -> str:
    """Write the table of one row; give its key."""
    with log.vault.staging() as staged:
        write_row(staged, kind, row)
        key = f"{log.folder}/{kind}-{log.last:08}-{sha256_of(staged)}.parquet"
        log.vault.publish(staged, key)
    return key
