"""What a consumer has had of a journal, kept beside it."""

from __future__ import annotations

import base64
import json
import os
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from trackbridge.errors import IntegrityError
from trackbridge.journal.files import sync_directory
from trackbridge.journal.format import check_version
from trackbridge.journal.ranges import NO_SLOTS, Ranges

__all__ = ["Cursor", "cursor_path", "load_cursor", "save_cursor"]

_VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class Cursor:
    """The slots a consumer has had, and whatever it must remember of them, moved together."""

    delivered: Ranges = NO_SLOTS
    state: bytes = b""


def cursor_path(directory: Path, consumer: str) -> Path:
    """Give the file of a consumer's cursor in a journal's directory; any name will do."""
    return directory / f"{quote(consumer, safe='')}.cursor"


def load_cursor(path: Path) -> Cursor:
    """Read a cursor; an empty one where there is none yet.

    Raises:
        ConfigurationError: a later version wrote it.
        IntegrityError: it is damaged. What it covered may be delivered again, if its segments are still there.
    """
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        return Cursor()
    try:
        values: Any = json.loads(text)
        check_version(values["version"], str(path))
        body = values["delivered"], values["state"]
        if values["sum"] != _sum(*body):
            raise IntegrityError(f"{path} is not what was written", remedy="Delete it to deliver everything again.")
        return Cursor(Ranges.from_json(body[0]), base64.b64decode(body[1]))
    except (ValueError, TypeError, KeyError) as error:
        raise IntegrityError(
            f"{path} cannot be read: {error}", remedy="Delete it to deliver everything again."
        ) from error


def save_cursor(path: Path, cursor: Cursor, *, durable: bool = False) -> None:
    """Replace a cursor, whole or not at all.

    Args:
        path: From `cursor_path`.
        cursor: What to write.
        durable: Wait for the disk itself, which must come before segments are reclaimed: a cursor that forgets may only
            forget what is still there.

    Raises:
        OSError: there is no room for it, or the directory is gone.
    """
    delivered, state = cursor.delivered.as_json(), base64.b64encode(cursor.state).decode()
    values = {"version": _VERSION, "delivered": delivered, "state": state, "sum": _sum(delivered, state)}
    draft = path.with_name(f"{path.name}.new")
    with draft.open("wb") as file:
        file.write(json.dumps(values).encode())
        if durable:
            file.flush()
            os.fsync(file.fileno())
    draft.replace(path)
    if durable:
        sync_directory(path.parent)


def _sum(delivered: Any, state: Any) -> int:
    return zlib.crc32(json.dumps([delivered, state]).encode())
