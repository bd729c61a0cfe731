"""Times: integer UTC milliseconds from 0 to 253402300799999, the end of the year 9999 (R3)."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

from trackbridge.errors import Rejected
from trackbridge.records.names import shown
from trackbridge.records.values import as_index

__all__ = ["MAX_TIME_MS", "check_ms", "from_ms", "iso", "now_ms", "seconds_to_ms"]

MAX_TIME_MS = 253_402_300_799_999

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def now_ms() -> int:
    """Give the wall clock in UTC milliseconds."""
    return time.time_ns() // 1_000_000


def check_ms(value: object, what: str = "time") -> int:
    """Return `value` as UTC milliseconds (R3); a naive datetime is UTC.

    Raises:
        Rejected: not an int or a datetime, or outside 0 … 253402300799999.
    """
    ms = as_index((_aware(value) - _EPOCH) // _MILLISECOND if isinstance(value, datetime) else value)
    if ms is None:
        raise Rejected(f"the {what} must be int milliseconds or a datetime, not {shown(value)}", clause="R3")
    if not 0 <= ms <= MAX_TIME_MS:
        raise Rejected(
            f"the {what} {shown(ms)} lies outside 0 … {MAX_TIME_MS} ms",
            clause="R3",
            remedy="Times are milliseconds since 1970-01-01 UTC.",
        )
    return ms


def _aware(moment: datetime) -> datetime:
    naive = moment.tzinfo is None or moment.utcoffset() is None
    return moment.replace(tzinfo=UTC) if naive else moment


def seconds_to_ms(seconds: float) -> int:
    """Round a vendor's float seconds half-even to milliseconds (R3)."""
    return round(seconds * 1000)


def from_ms(ms: int) -> datetime:
    """Give the aware UTC datetime of `ms`."""
    return _EPOCH + ms * _MILLISECOND


def iso(ms: int) -> str:
    """Give `ms` as ISO 8601 text in UTC, with milliseconds."""
    return from_ms(ms).isoformat(timespec="milliseconds").replace("+00:00", "Z")
