"""Files on their way: opened for an adapter only while they are what they were at the call (A4)."""

from __future__ import annotations

import hashlib
import shutil
from typing import BinaryIO, Final

from trackbridge.errors import Rejected
from trackbridge.records.log import LoggedArtifact
from trackbridge.records.names import shown

__all__ = ["copy_and_hash", "open_logged"]

_BLOCK_BYTES: Final = 1 << 20
_FICLONE: Final = 0x40049409  # linux/fs.h; other systems answer ENOTTY


class _Hashing:
    """A writable that passes everything on and hashes it on the way."""

    def __init__(self, target: BinaryIO | None) -> None:
        self._target = target
        self.size = 0
        self.sha256 = hashlib.sha256()

    def write(self, data: bytes) -> int:
        self.size += len(data)
        self.sha256.update(data)
        return len(data) if self._target is None else self._target.write(data)


def copy_and_hash(source: BinaryIO, target: BinaryIO | None) -> tuple[int, str]:
    """Read `source` to its end, into `target` unless None; give the size in bytes and the sha256 as hex.

    Where the file system can, a `target` that can be read shares the blocks of `source`, and is hashed instead: it
    cannot change any more.
    """
    if target is not None and _share_blocks(source, target):
        source, target = target, None
    hashing = _Hashing(target)
    shutil.copyfileobj(source, hashing, _BLOCK_BYTES)
    return hashing.size, hashing.sha256.hexdigest()


def _share_blocks(source: BinaryIO, target: BinaryIO) -> bool:
    """Make `target` a reflink of `source` (ioctl_ficlone(2)): instant, and no space until one of them changes."""
    try:
        import fcntl

        fcntl.ioctl(target.fileno(), _FICLONE, source.fileno())
    except (ImportError, OSError):  # io.UnsupportedOperation, of what is no file, is an OSError too
        return False
    return True


def open_logged(record: LoggedArtifact) -> BinaryIO:
    """Open what was logged.

    Raises:
        Rejected: the file is gone, or no longer what it was at the call.
    """
    remedy = "Leave the file alone until it is delivered, or log it with mode='copy'."
    try:
        if not record.staged:
            with record.source.open("rb") as content:
                if copy_and_hash(content, None) != (record.size, record.sha256):
                    raise Rejected(
                        f"the file of artifact {shown(record.path)} changed after it was logged",
                        clause="A4",
                        remedy=remedy,
                    )
        return record.source.open("rb")
    except OSError as error:
        raise Rejected(
            f"the file of artifact {shown(record.path)} cannot be read any more: {error}", clause="A4", remedy=remedy
        ) from error
