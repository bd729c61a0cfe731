"""Files of W&B's runs: what its Files tab shows, by name."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, BinaryIO, Final, cast

from trackbridge.errors import IntegrityError, NotFound
from trackbridge_wandb.client import Client, nodes
from trackbridge_wandb.hashing import md5_of
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
        for page in self.pages(project, run, prefix):
            yield from nodes(page["files"])

    def pages(self, project: str, run: str, prefix: str = "", *, outputs: int = 0) -> Iterator[dict[str, Any]]:
        """Give the same as records of the run, page by page.

        Args:
            project: The run's project.
            run: Its name there.
            prefix: What the names of `files` begin with.
            outputs: How many versions that it logged the first page is to have as `artifacts`.
        """
        pattern = f"{prefix.replace('_', '%')}%" if prefix else None
        for page in self._pages(project, run, outputs, pattern=pattern):
            page["files"]["edges"] = [one for one in page["files"]["edges"] if one["node"]["name"].startswith(prefix)]
            yield page

    def find(self, project: str, run: str, names: Sequence[str]) -> dict[str, dict[str, Any]]:
        """Give W&B's records of these files, as far as they are there."""
        pages = self._pages(project, run, 0, fileNames=list(names))
        return {node["name"]: node for page in pages for node in nodes(page["files"])}

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

    def download(self, found: Mapping[str, Any], md5: str | None = None) -> BinaryIO:
        """Open a file by its record; `md5`, in base64, is what it must have where that is known."""
        content = cast("BinaryIO", tempfile.SpooledTemporaryFile(_IN_MEMORY_BYTES))  # noqa: SIM115 - the reader closes it
        try:
            self._client.wire.save(found["directUrl"], content)
            _check(found, content, md5)
        except BaseException:
            content.close()
            raise
        content.seek(0)
        return content

    def delete(self, project_id: int, files: Sequence[Mapping[str, Any]]) -> None:
        """Delete files by their records."""
        if files:
            self._client.wire.query(DELETE_FILES, files=[one["id"] for one in files], projectId=project_id)

    def _pages(self, project: str, run: str, outputs: int, **which: Any) -> Iterator[dict[str, Any]]:
        cursor = None
        while True:
            found = self._client.ask(
                RUN_FILES,
                project=project,
                name=run,
                fileCursor=cursor,
                fileLimit=_PAGE,
                outputs=outputs,
                withOutputs=outputs > 0,
                **which,
            )
            page = (found.get("project") or {}).get("run") or {}
            files = page.get("files") or {}
            edges = files.get("edges") or []
            if not edges and not outputs:
                return
            more = bool(edges) and (files.get("pageInfo") or {}).get("hasNextPage")
            cursor = edges[-1]["cursor"] if edges else None
            yield {**page, "files": {**files, "edges": edges}}
            if not more:
                return
            outputs = 0


def _check(found: Mapping[str, Any], content: BinaryIO, md5: str | None) -> None:
    if content.tell() != int(found["sizeBytes"]):
        raise IntegrityError(
            f"the file {found['name']!r} came with {content.tell()} bytes of {found['sizeBytes']}", clause="A2"
        )
    content.seek(0)
    if md5 is not None and md5_of(content) != md5:
        raise IntegrityError(f"the file {found['name']!r} came with another MD5 than W&B says it has", clause="A2")
