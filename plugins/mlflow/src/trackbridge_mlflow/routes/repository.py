"""Any other place, through MLflow's own repository for it: Azure, Google, HDFS and what plugins add."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from trackbridge_mlflow.routes.base import checked

__all__ = ["RepositoryRoute"]


class RepositoryRoute:
    """Files behind one of MLflow's artifact repositories, which know files on disk only."""

    def __init__(self, repository: Any) -> None:
        self._repository = repository
        self.kind = type(repository).__name__

    def put(self, path: str, content: BinaryIO, size: int) -> None:  # noqa: ARG002 - the protocol's
        """See `Route.put`."""
        folder, _, name = path.rpartition("/")
        with tempfile.TemporaryDirectory(prefix="trackbridge-") as scratch:
            file = Path(scratch) / name
            with file.open("wb") as target:
                shutil.copyfileobj(content, target, 1 << 20)
            self._repository.log_artifact(str(file), folder or None)

    def list(self, prefix: str) -> Iterator[tuple[str, int | None]]:
        """See `Route.list`."""
        if prefix:
            parent, _, name = prefix.rpartition("/")
            for entry in self._repository.list_artifacts(parent or None):
                if entry.path.rpartition("/")[2] == name and not entry.is_dir:
                    yield prefix, entry.file_size
        yield from self._folder(prefix)

    def entries(self, folder: str) -> dict[str, bool]:
        """See `Route.entries`."""
        found = self._repository.list_artifacts(folder or None)
        return {entry.path.rpartition("/")[2]: bool(entry.is_dir) for entry in found}

    def open(self, path: str) -> BinaryIO:
        """See `Route.open`."""
        with tempfile.TemporaryDirectory(prefix="trackbridge-") as scratch:
            # The file lives on for as long as it is open.
            return Path(self._repository.download_artifacts(path, scratch)).open("rb")

    def remove_all(self) -> None:
        """See `Route.remove_all`."""
        self._repository.delete_artifacts()

    def _folder(self, folder: str) -> Iterator[tuple[str, int | None]]:
        for entry in self._repository.list_artifacts(folder or None):
            name = checked(entry.path.rpartition("/")[2])
            path = f"{folder}/{name}" if folder else name
            if entry.is_dir:
                yield from self._folder(path)
            else:
                yield path, entry.file_size
