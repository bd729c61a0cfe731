"""Files of a run on the local disk: whole, checked, and never beyond the destination (A2, A5)."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from trackbridge.errors import ConfigurationError, Rejected
from trackbridge.records.names import shown
from trackbridge.store.checked import CHUNK_BYTES

__all__ = ["save_all"]


def save_all(paths: Sequence[str], dest: Path, open_path: Callable[[str], BinaryIO]) -> None:
    """Write files below `dest`, each under its own path; one that exists is replaced at once or not at all.

    Args:
        paths: Artifact paths, from whomever.
        dest: A folder; it is created where it does not exist.
        open_path: Opens a file for reading; what it raises leaves nothing of that file behind.

    Raises:
        Rejected: a path would leave `dest`; no file was written.
        ConfigurationError: the disk refuses.
    """
    with _disk(dest):
        dest.mkdir(parents=True, exist_ok=True)
    targets = [(path, _inside(dest, path)) for path in paths]
    for path, target in targets:
        with _disk(target):
            target.parent.mkdir(parents=True, exist_ok=True)
        _inside(dest, path)  # a link may have been put in the way since
        _save(path, target, open_path)


def _save(path: str, target: Path, open_path: Callable[[str], BinaryIO]) -> None:
    unfinished = target.with_name(f".trackbridge-{uuid.uuid4().hex}")
    try:
        with _disk(target):
            sink = unfinished.open("xb")
        with sink, open_path(path) as source:
            while data := source.read(CHUNK_BYTES):
                with _disk(target):
                    sink.write(data)
        with _disk(target):
            unfinished.replace(target)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise


def _inside(dest: Path, path: str) -> Path:
    """Give the place of an artifact below `dest`; symbolic links on the way are followed before it is judged."""
    parts = path.split("/")
    target = dest.joinpath(*parts)
    leaves = any(part in {"", ".", ".."} or "\x00" in part for part in parts)
    if not leaves:
        with _disk(target):
            leaves = not target.resolve().is_relative_to(dest.resolve())
    if leaves:
        raise Rejected(
            f"the artifact path {shown(path)} leads out of {dest}",
            clause="A5",
            remedy="Open it with store.artifacts.open if its content is wanted.",
        )
    return target


@contextmanager
def _disk(target: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, RuntimeError) as error:  # before Python 3.13 a loop of links is a RuntimeError
        raise ConfigurationError(
            f"{target} cannot be written: {getattr(error, 'strerror', None) or error}",
            clause="A5",
            remedy="Give a destination that is a folder, with room, and writable.",
        ) from error
