"""JSON as W&B speaks it: NaN and the infinities are tokens to its clients and strings in plain JSON."""

from __future__ import annotations

import json
import math
from typing import Any

from emulators.wandb.switches import Switches


def loads(text: str | bytes) -> Any:
    """Read JSON, NaN and infinities included."""
    return json.loads(text)


def plain(value: Any) -> Any:
    """Give the value with NaN and infinities as strings, as plain JSON needs it."""
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value


def string(text: str | None, switches: Switches) -> str | None:
    """Give a stored JSON text as a JSONString value, as the switch `nan` says."""
    if text is None or switches.nan == "json" or ("NaN" not in text and "Infinity" not in text):
        return text
    return json.dumps(plain(loads(text)), allow_nan=False, separators=(",", ":"))
