"""JSON as both protocols have it, to and from what handlers work with: a timestamp is an integer of milliseconds.

In both JSON 1.1 and REST-JSON a timestamp in a body is a number of epoch seconds, and NaN and the infinities are the
strings "NaN", "Infinity" and "-Infinity" (Smithy, awsJson1_1 and restJson1); botocore sends Python's bare literals.
"""

from __future__ import annotations

import json
import math
from typing import Any

from emulators.sagemaker.shapes import NON_FINITE


def loads(body: bytes) -> Any:
    """Read a body; bare NaN, Infinity and -Infinity are read too, for the switches to judge. Raises ValueError."""
    return json.loads(body or b"{}")


def dumps(answer: Any) -> bytes:
    """Write a body that is JSON in the strict sense."""
    return json.dumps(answer, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode(
        "utf-8", "surrogatepass"
    )


def decode(shape: Any, value: Any) -> Any:
    """Read a checked request; null members are absent, unknown ones are dropped."""
    match shape.type_name:
        case "structure":
            known = {name: member for name, member in value.items() if name in shape.members and member is not None}
            return {name: decode(shape.members[name], member) for name, member in known.items()}
        case "list":
            return [decode(shape.member, item) for item in value]
        case "map":
            return {key: decode(shape.value, item) for key, item in value.items()}
        case "timestamp":
            return round(value * 1000)
        case "float" | "double":
            return NON_FINITE[value] if isinstance(value, str) else float(value)
        case _:
            return value


def encode(shape: Any, value: Any) -> Any:
    """Write a handler's answer; what the shape has no member for stays, for the check of answers to find."""
    match shape.type_name:
        case "structure":
            return {
                name: encode(shape.members[name], member) if name in shape.members else member
                for name, member in value.items()
            }
        case "list":
            return [encode(shape.member, item) for item in value]
        case "map":
            return {key: encode(shape.value, item) for key, item in value.items()}
        case "timestamp":
            return value / 1000
        case "float" | "double" if not math.isfinite(value):
            return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
        case _:
            return value
