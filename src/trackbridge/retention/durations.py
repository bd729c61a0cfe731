"""Spans of time as people write them."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["parse_duration"]

_UNITS_MS: Final = {"m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}
_SPAN: Final = re.compile(r"(?P<count>\d{1,9})\s*(?P<unit>[mhdw])")
FORMS: Final = "a span such as 90m, 12h, 30d or 6w"


def parse_duration(text: str) -> int | None:
    """Give a span in milliseconds; None where the text is none."""
    match = _SPAN.fullmatch(text.strip())
    return int(match["count"]) * _UNITS_MS[match["unit"]] if match else None
