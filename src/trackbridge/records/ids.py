"""Ids: ours are UUIDv7, a foreign run's is a UUIDv5 of what its vendor calls it (R1)."""

from __future__ import annotations

import os
import re
import time
import uuid

from trackbridge.errors import Rejected
from trackbridge.records.names import shown

__all__ = ["check_run_id", "foreign_run_id", "new_run_id"]

_RUN_ID = re.compile(r"[0-9a-f]{32}")
_FOREIGN = uuid.UUID("6f1b0f0e-6f0a-5c5e-9a53-1d3d6a2f7c11")  # our own name space, fixed for ever


def new_run_id() -> str:
    """Give a fresh UUIDv7 (RFC 9562 §5.7) as 32 lowercase hex characters."""
    milliseconds = time.time_ns() // 1_000_000
    random = int.from_bytes(os.urandom(10), "big")
    value = (
        (milliseconds & (2**48 - 1)) << 80
        | 0x7 << 76
        | (random >> 64 & 0xFFF) << 64
        | 0b10 << 62
        | random & (2**62 - 1)
    )
    return f"{value:032x}"


def foreign_run_id(native_id: str, *, account: str = "") -> str:
    """Give the id of a run that was made without trackbridge.

    Args:
        native_id: The vendor's id of the run.
        account: The account or project, empty where `native_id` is unique in the whole world.
    """
    return uuid.uuid5(_FOREIGN, f"{account}\x00{native_id}" if account else native_id).hex


def check_run_id(run_id: object) -> str:
    """Return `run_id` if it is 32 lowercase hex characters, else raise `Rejected`."""
    if not isinstance(run_id, str) or not _RUN_ID.fullmatch(run_id):
        raise Rejected(
            f"{shown(run_id)} is not a run id", clause="R1", remedy="A run id is 32 lowercase hex characters."
        )
    return run_id
