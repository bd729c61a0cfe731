"""Small JSON files that say their own hash: any byte changed in one is found when it is read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from trackbridge.errors import IntegrityError
from trackbridge.records.values import canonical_json

__all__ = ["seal", "unseal"]


def seal(body: Mapping[str, Any]) -> bytes:
    """Give the one file of a body: ``{"body": …, "sha256": of the body's canonical JSON}``."""
    text = canonical_json(body)
    return f'{{"body":{text},"sha256":"{hashlib.sha256(text.encode()).hexdigest()}"}}'.encode()


def unseal(data: bytes, shown: str) -> dict[str, Any]:
    """Give the body of a file; raise `IntegrityError` naming it where it is not as it was sealed."""
    try:
        body = json.loads(data)["body"]
        if isinstance(body, dict) and seal(body) == data:
            return body
    except (ValueError, KeyError, TypeError):
        pass  # it is told below
    raise IntegrityError(
        f"{shown} is damaged: its content is not what its sha256 says",
        clause="X1",
        remedy="Restore the file from a copy of the archive.",
    )
