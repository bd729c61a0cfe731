"""Opaque ids: base64 of a kind and what it names, which the SDK decodes in places.

`ProjectInternalId:<n>` is read by wandb/apis/public/registries/_utils.py; artifact ids must be base64 because
core/pkg/artifacts/saver.go turns them to hex for references between artifacts.
"""

from __future__ import annotations

import base64
import binascii
import time
from datetime import UTC, datetime


def encode(kind: str, value: object) -> str:
    return base64.b64encode(f"{kind}:{value}".encode()).decode()


def decode(kind: str, text: str) -> str | None:
    """Give the value in an id of that kind, or None."""
    try:
        found, _, value = base64.b64decode(text, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return value if found == kind else None


def number(kind: str, text: str) -> int:
    """Give the row that an id of that kind names, or 0, which no row has."""
    value = decode(kind, text)
    return int(value) if value and value.isdigit() else 0


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def iso(ms: int | None) -> str | None:
    """Write a time as the API does: UTC, to the second, with a Z."""
    return None if ms is None else datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def precise(ms: int | None) -> str | None:
    """Write a time as it is compared: to the millisecond, and later as text than the same time to the second."""
    return None if ms is None else datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds")[:-6]
