"""Walking folders that somebody else made (A5)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from trackbridge.errors import Rejected
from trackbridge.records.names import shown

__all__ = ["files_of"]


def files_of(folder: Path) -> Iterator[tuple[Path, str]]:
    """Give every file at any depth with its ``/``-separated path within the folder, sorted.

    Links to files and folders inside are followed as long as they form no circle.

    Raises:
        Rejected: no folder, a file that is neither regular nor a link to one, or a link that leads out.
    """
    if not folder.is_dir():
        raise Rejected(
            f"{shown(str(folder))} is no folder", clause="A1", remedy="Use log_artifact for a file, or check the path."
        )
    root = folder.resolve()
    yield from _walk(folder, "", root, (root,))


def _walk(folder: Path, prefix: str, root: Path, above: tuple[Path, ...]) -> Iterator[tuple[Path, str]]:
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        raise Rejected(f"the folder {shown(str(folder))} cannot be read: {error}", clause="A1") from error
    for entry in entries:
        path, name = Path(entry.path), f"{prefix}{entry.name}"
        real = path.resolve()
        if entry.is_symlink() and not real.is_relative_to(root):
            raise Rejected(
                f"{shown(name)} in {shown(str(root))} is a link that leads out of the folder",
                clause="A5",
                remedy="Copy what it leads to into the folder, or log that by itself.",
            )
        if entry.is_dir():
            if real in above:
                raise Rejected(f"{shown(name)} in {shown(str(root))} is a link in a circle", clause="A5")
            yield from _walk(path, f"{name}/", root, (*above, real))
        elif entry.is_file():
            yield path, name
        else:
            raise Rejected(
                f"{shown(name)} in {shown(str(root))} is no regular file", clause="A1", remedy="Take it out."
            )
