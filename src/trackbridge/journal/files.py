"""What a journal asks of the file system: safe mappings, real allocation, room."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from functools import cache
from mmap import mmap
from pathlib import Path

__all__ = [
    "allocate",
    "bytes_in_folders",
    "bytes_used",
    "entries_of",
    "mapping_is_safe",
    "prefault",
    "read_at",
    "sync_directory",
    "write_at",
]

# Here an allocated block stays where it is: writing to a mapped page again needs no further space. File systems that
# copy on write (btrfs, zfs, bcachefs), log-structured and network ones, and overlays of unknown ones, promise no such
# thing: a store to a mapped page can then fail for want of space, and a failed store is a SIGBUS.
_IN_PLACE = frozenset({"ext4", "tmpfs", "xfs"})
_OCTAL = re.compile(r"\\([0-7]{3})")


def mapping_is_safe(directory: Path) -> bool:
    """Tell whether files in `directory` may be written through shared mappings without risking the process.

    True only for file systems known to keep allocated blocks, on systems that can allocate them.
    """
    if not hasattr(os, "posix_fallocate"):
        return False
    try:
        table = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return False
    return _file_system(table, os.path.realpath(directory)) in _IN_PLACE


def _file_system(table: str, path: str) -> str:
    """Give the type of the mount that holds `path`, from the text of /proc/self/mountinfo (proc_pid_mountinfo(5))."""
    best, kind = "", ""
    for line in table.splitlines():
        fields, _, rest = line.partition(" - ")
        point = _OCTAL.sub(lambda match: chr(int(match[1], 8)), fields.split()[4])
        inside = path == point or path.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= len(best):  # of mounts on one place the last is the one seen
            best, kind = point, rest.split()[0]
    return kind


def allocate(descriptor: int, start: int, stop: int) -> None:
    """Give an unwritten part of a file real blocks; raise `OSError` where there is no room."""
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(descriptor, start, stop - start)
    else:
        write_at(descriptor, bytes(stop - start), start)


def prefault(buffer: mmap) -> None:
    """Make every page of a fresh mapping present and writable, filled with zeros.

    The kernel does the stores on our behalf, with the GIL released: a page that cannot be had is an `OSError`, where
    a store of our own would be a SIGBUS.
    """
    with memoryview(buffer) as view:
        done = 0
        while done < len(view):
            with view[done:] as rest:
                done += os.readv(_zeros(), [rest])


@cache
def _zeros() -> int:
    return os.open("/dev/zero", os.O_RDONLY | os.O_CLOEXEC)


def write_at(descriptor: int, data: bytes, offset: int) -> None:
    """Write all of `data` at `offset`; raise `OSError` where that cannot be."""
    written = os.pwrite(descriptor, data, offset)
    while written < len(data):
        written += os.pwrite(descriptor, memoryview(data)[written:], offset + written)


def read_at(descriptor: int, size_bytes: int, offset: int) -> bytes:
    """Read up to `size_bytes` at `offset`, less only at the end of the file."""
    pieces: list[bytes] = []
    while size_bytes > 0 and (piece := os.pread(descriptor, size_bytes, offset)):
        pieces.append(piece)
        offset += len(piece)
        size_bytes -= len(piece)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def bytes_used(directory: Path) -> int:
    """Give the disk space that the files of a directory take or will take, holes filled, in bytes; not of its folders."""
    return sum(_sizes(directory))


def bytes_in_folders(directory: Path) -> int:
    """Give the same of the files in its folders: what the caller put beside the journal."""
    with os.scandir(directory) as found:
        folders = [Path(item.path) for item in found if item.is_dir(follow_symlinks=False)]
    return sum(map(bytes_used, folders))


def _sizes(directory: Path) -> Iterator[int]:
    with os.scandir(directory) as found:
        for item in found:
            try:
                status = item.stat(follow_symlinks=False)
            except FileNotFoundError:  # a consumer deleted it meanwhile
                continue
            if not item.is_dir(follow_symlinks=False):
                yield max(status.st_size, status.st_blocks * 512)


def entries_of(directory: Path) -> list[Path]:
    """Give the entries of a directory by name; none where it is gone, which it may be at any moment.

    `Path.glob` of Python 3.11 and 3.12 raises where a directory goes while it is looked through, as delivered journals do.
    """
    try:
        return sorted(directory.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return []


def sync_directory(directory: Path) -> None:
    """Make the names in a directory survive the death of the machine."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
