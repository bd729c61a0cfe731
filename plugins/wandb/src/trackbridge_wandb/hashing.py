"""Checksums as W&B writes them."""

from __future__ import annotations

import base64
import hashlib
from typing import BinaryIO, Final

__all__ = ["md5_of"]

_CHUNK_BYTES: Final = 1 << 20


def md5_of(content: BinaryIO) -> str:
    """Give the MD5, in base64, of what is left to read."""
    digest = hashlib.md5(usedforsecurity=False)
    while chunk := content.read(_CHUNK_BYTES):
        digest.update(chunk)
    return base64.b64encode(digest.digest()).decode()
