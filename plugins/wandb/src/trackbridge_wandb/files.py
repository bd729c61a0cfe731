"""Files of W&B's runs: what its Files tab shows, by name."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, BinaryIO, Final, cast

from trackbridge.errors import IntegrityError, NotFound
from trackbridge_wandb.client import Client
from trackbridge_wandb.operations import CREATE_RUN_FILES, DELETE_FILES, MARK_FILES, RUN_FILES

__all__ = ["Files"]

_PAGE: Final = 500
_IN_MEMORY_BYTES: Final = 8 << 20
_MARKED: Final = "MARK_RUN_FILES_UPLOADED"


class Files:
    """Uploads, listings and downloads, for one of W&B's runs at a time."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def put(self, project: str, run: str, name: str, content: BinaryIO | bytes, size: int) -> None:
        """Store a file, replacing what was there; nothing shows before it is whole."""
        made = self._client.ask(CREATE_RUN_FILES, project=project, run=run, files=[name])["createRunFiles"]
        self._client.wire.put(made["files"][0]["uploadUrl"], made["uploadHeaders"] or [], content, size)
        if _MARKED in self._client.features:
            self._client.ask(MARK_FILES, project=project, run=run, files=[name])
        else:
            self._client.wire.stream(project, run, {"uploaded": [name]})

    def list(self, project: str, run: str, prefix: str = "") -> Iterator[dict[str, Any]]:
        """Give W&B's records of the files whose name begins so."""
        pattern = f"{prefix.replace('_', '%')}%" if prefix else None
        for node in self._pages(project, run, pattern=pattern):
            if node["name"].startswith(prefix):
                yield node

    def find(self, project: str, run: str, names: Sequence[str]) -> dict[str, dict[str, Any]]:
        """Give W&B's records of these files, as far as they are there."""
        return {node["name"]: node for node in self._pages(project, run, fileNames=list(names))}

    def open(self, project: str, run: str, name: str) -> BinaryIO:
        """Open a file for reading, from the start.

        Raises:
            NotFound: there is none.
            IntegrityError: it is not as long as W&B says.
        """
        found = self.find(project, run, [name]).get(name)
        if found is None:
            raise NotFound(f"W&B's run {project}/{run} has no file {name!r}", clause="A2")
        return self.download(found)

    def download(self, found: Mapping[str, Any]) -> BinaryIO:
        """Open a file by its record."""
        content = tempfile.SpooledTemporaryFile(_IN_MEMORY_BYTES)  # noqa: SIM115 - the reader closes it
        self._client.wire.save(found["directUrl"], cast("BinaryIO", content))
        if content.tell() != int(found["sizeBytes"]):
            raise IntegrityError(
                f"the file {found['name']!r} came with {content.tell()} bytes of {found['sizeBytes']}", clause="A2"
            )
        content.seek(0)
        return cast("BinaryIO", content)

    def delete(self, project_id: int, files: Sequence[Mapping[str, Any]]) -> None:
        """Delete files by their records."""
        if files:
            self._client.wire.query(DELETE_FILES, files=[one["id"] for one in files], projectId=project_id)

    def _pages(self, project: str, run: str, **which: Any) -> Iterator[dict[str, Any]]:
        cursor = None
        while True:
            found = self._client.ask(RUN_FILES, project=project, name=run, fileCursor=cursor, fileLimit=_PAGE, **which)
            files = ((found.get("project") or {}).get("run") or {}).get("files") or {}
            edges = files.get("edges") or []
            yield from (edge["node"] for edge in edges)
            if not (files.get("pageInfo") or {}).get("hasNextPage") or not edges:
                return
            cursor = edges[-1]["cursor"]
