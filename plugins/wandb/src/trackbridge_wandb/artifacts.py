"""Artifacts (A1–A5): files of the run that shows the id, under their own paths, and what W&B's own client logged."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, Final

from trackbridge.errors import Conflict, NotFound
from trackbridge.records.artifacts import ArtifactRecord
from trackbridge_wandb.client import nodes
from trackbridge_wandb.files import Files
from trackbridge_wandb.finding import Finder
from trackbridge_wandb.logged import Logged

__all__ = ["HIDDEN_FOLDER", "Artifacts"]

HIDDEN_FOLDER: Final = ".trackbridge"


class Artifacts:
    """See `trackbridge.protocol.ArtifactStore`.

    A file has no owner: it is put and replaced by its name alone, so that any writer may put one.
    """

    def __init__(self, finder: Finder, files: Files, logged: Logged) -> None:
        self._finder = finder
        self._files = files
        self._logged = logged

    def put(self, run_id: str, path: str, content: BinaryIO, *, size: int, sha256: str) -> None:  # noqa: ARG002 - the sidecar keeps it
        """Store the content of one file, replacing what was there (A3)."""
        project, name = self._finder.place(run_id)
        self._check(project, name, path)
        self._files.put(project, name, path, content, size)

    def list(self, run_id: str, prefix: str = "") -> Iterator[ArtifactRecord]:
        """Give all files at or below `prefix`, a whole path or folder, by path."""
        found: dict[str, int | None] = {}
        logged: dict[str, int | None] = {}
        for native in self._finder.existing(run_id):
            outputs = self._logged.wanted(native, prefix)
            for page in self._files.pages(native["project_name"], native["name"], prefix, outputs=outputs):
                for file in nodes(page["files"]):
                    path = file["name"]
                    below = not prefix or path == prefix or path.startswith(f"{prefix}/")
                    if below and not path.startswith(f"{HIDDEN_FOLDER}/"):
                        found.setdefault(path, int(file["sizeBytes"]))
                if page.get("artifacts"):
                    logged |= self._logged.files(native, prefix, page["artifacts"])
        found = logged | found  # what was put under a path is in the place of what was logged there (A3)
        for path in sorted(found):
            yield ArtifactRecord(path, found[path], None)

    def open(self, run_id: str, path: str) -> BinaryIO:
        """Open a file for reading, from the start; raise `NotFound` where there is none."""
        if not path.startswith(f"{HIDDEN_FOLDER}/"):
            for native in self._finder.existing(run_id):
                content = self._logged.open(native, path)
                if content is not None:
                    return content
                found = self._files.find(native["project_name"], native["name"], [path]).get(path)
                if found is not None:
                    return self._files.download(found)
        raise NotFound(f"the run {run_id} has no artifact {path!r}", clause="A2")

    def _check(self, project: str, run: str, path: str) -> None:
        """Raise `Conflict` where a part of the path's folder is a file, or the path itself a folder (A1)."""
        parts = path.split("/")
        above = ["/".join(parts[:count]) for count in range(1, len(parts))]
        there = next(iter(self._files.find(project, run, above)), None) if above else None
        kind = "a file"
        if there is None and next(self._files.list(project, run, f"{path}/"), None) is not None:
            there, kind = path, "a folder"
        if there is not None:
            raise Conflict(f"{path!r} cannot be stored: {there!r} is {kind}", clause="A1", remedy="Take another path.")
