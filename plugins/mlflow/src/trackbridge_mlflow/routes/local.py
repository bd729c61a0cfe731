"""A folder that this machine sees."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from trackbridge.errors import IntegrityError, NotFound

__all__ = ["LocalRoute"]

_TEMPORARY = ".trackbridge-part-"


class LocalRoute:
    """Files in a folder; written beside and renamed."""

    kind = "folder"

    def __init__(self, folder: str) -> None:
        self._folder = Path(folder)

    def put(self, path: str, content: BinaryIO, size: int) -> None:  # noqa: ARG002 - the protocol's
        """See `Route.put`."""
        target = self._inside(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(prefix=_TEMPORARY, dir=target.parent)
        try:
            with os.fdopen(descriptor, "wb") as part:
                shutil.copyfileobj(content, part, 1 << 20)
            Path(name).chmod(0o644)  # as other files of MLflow's; mkstemp's are for the owner alone
            Path(name).replace(target)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise

    def list(self, prefix: str) -> Iterator[tuple[str, int | None]]:
        """See `Route.list`."""
        start = self._inside(prefix) if prefix else self._folder
        if start.is_file():
            yield prefix, start.stat().st_size
            return
        for folder, _, names in os.walk(start):
            for name in names:
                if not name.startswith(_TEMPORARY):
                    file = Path(folder) / name
                    yield file.relative_to(self._folder).as_posix(), file.stat().st_size

    def entries(self, folder: str) -> dict[str, bool]:
        """See `Route.entries`."""
        start = self._inside(folder) if folder else self._folder
        if not start.is_dir():
            return {}
        return {entry.name: entry.is_dir() for entry in start.iterdir()}

    def open(self, path: str) -> BinaryIO:
        """See `Route.open`."""
        file = self._inside(path)
        if not file.is_file():
            raise NotFound(f"there is no artifact {path!r}", clause="A2")
        return file.open("rb")

    def remove_all(self) -> None:
        """See `Route.remove_all`."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _inside(self, path: str) -> Path:
        target = self._folder / path
        root = self._folder.resolve()
        if not target.resolve().is_relative_to(root):
            raise IntegrityError(f"the artifact path {path!r} leaves its folder", clause="A5")
        return target
