"""DVC's hashes of what lies here now."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Final

__all__ = ["md5_of"]

_CHUNK_BYTES: Final = 1 << 20
_TEXT: Final = bytes([7, 8, 9, 10, 12, 13, 27, *range(0x20, 0x100)])
_SNIFFED_BYTES: Final = 512


def md5_of(path: Path, *, legacy: bool) -> str:
    """Give the hash that DVC would record: of a folder that of its listing, with ``.dir`` at the end.

    Args:
        path: A file or folder.
        legacy: As DVC 2 did it, with the line ends of text files made alike.
    """
    if not path.is_dir():
        return _file(path, legacy=legacy)
    names = [(Path(folder) / name).relative_to(path).as_posix() for folder, _, files in os.walk(path) for name in files]
    listing = [{"md5": _file(path / name, legacy=legacy), "relpath": name} for name in sorted(names)]
    text = json.dumps(listing, sort_keys=True)
    return f"{hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()}.dir"


def _file(path: Path, *, legacy: bool) -> str:
    digest = hashlib.md5(usedforsecurity=False)
    with path.open("rb") as content:
        alike = legacy and _is_text(content.read(_SNIFFED_BYTES))
        content.seek(0)
        while piece := content.read(_CHUNK_BYTES):
            digest.update(piece.replace(b"\r\n", b"\n") if alike else piece)
    return digest.hexdigest()


def _is_text(start: bytes) -> bool:
    """Judge as DVC 2 did (dvc_data.hashfile.istextfile): no zero byte, and few that no text has."""
    if not start:
        return True
    if b"\x00" in start:
        return False
    return len(start.translate(None, _TEXT)) / len(start) <= 0.3
