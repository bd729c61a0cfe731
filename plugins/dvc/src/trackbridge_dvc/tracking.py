"""Finds what DVC has recorded of a path: in ``.dvc`` files, ``dvc.lock`` and its cache (dvc.org/doc/user-guide/project-structure).

DVC itself is not imported, which would take a second: its files are YAML.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

from trackbridge_dvc.remotes import default_remote

__all__ = ["Tracked", "find_tracked"]


@dataclass(frozen=True, slots=True)
class Tracked:
    """One output that DVC tracks.

    Attributes:
        root: The DVC project.
        path: The working file or folder.
        md5: Its recorded hash; of a folder's listing, with ``.dir`` at the end.
        legacy: Hashed as DVC 2 did, with line ends of text files made alike.
        size_bytes: Its recorded size.
        files: How many files a folder has.
        remote: The URL under which the default remote keeps it.
        repository: The repository that it was imported from.
        revision: The commit of that repository.
    """

    root: Path
    path: Path
    md5: str
    legacy: bool = False
    size_bytes: int | None = None
    files: int | None = None
    remote: str | None = None
    repository: str | None = None
    revision: str | None = None


def find_tracked(path: Path) -> Tracked | None:
    """Find what is recorded of a file or folder, or of a file within a folder that is tracked as a whole."""
    path = path.absolute()
    root = next((folder for folder in path.parents if (folder / ".dvc").is_dir()), None)
    if root is None:
        return None
    for folder in (path, *path.parents):
        if folder == root.parent:
            break
        for found in _recorded(root, folder):
            return _located(found if folder == path else _within(found, path))
    return None


def _recorded(root: Path, path: Path) -> Iterator[Tracked]:
    beside = path.with_name(f"{path.name}.dvc")
    if beside.is_file():
        document = _read(beside)
        for out in document.get("outs", ()):
            if beside.parent / document.get("wdir", ".") / str(out.get("path")) == path:
                yield from _out(root, path, out, document)
    for folder in path.parents:
        if (folder / "dvc.lock").is_file():
            yield from _locked(root, folder, path)
        if folder == root:
            return


def _locked(root: Path, folder: Path, path: Path) -> Iterator[Tracked]:
    """Look through the stages whose outputs are locked in a folder; their paths begin at each stage's ``wdir``."""
    stages = _read(folder / "dvc.yaml").get("stages", {})
    for name, stage in _read(folder / "dvc.lock").get("stages", {}).items():
        declared = stages.get(name.partition("@")[0], {})
        start = folder / str(declared.get("wdir", "."))
        for out in stage.get("outs", ()):
            if (start / str(out.get("path"))).resolve() == path.resolve():
                yield from _out(root, path, out, {})


def _out(root: Path, path: Path, out: Mapping[str, Any], document: Mapping[str, Any]) -> Iterator[Tracked]:
    if not isinstance(out.get("md5"), str):  # kept in a store that has versions of its own
        return
    upstream: Mapping[str, Any] = next(
        (each["repo"] for each in document.get("deps", ()) if isinstance(each.get("repo"), Mapping)), {}
    )
    yield Tracked(
        root=root,
        path=path,
        md5=out["md5"],
        legacy="hash" not in out,
        size_bytes=out.get("size"),
        files=out.get("nfiles"),
        repository=upstream.get("url"),
        revision=upstream.get("rev_lock") or upstream.get("rev"),
    )


def _within(folder: Tracked, path: Path) -> Tracked | None:
    """Find one file in the listing of a tracked folder, which the cache has wherever DVC checked the folder out."""
    digest = folder.md5
    cache = folder.root / ".dvc" / "cache"
    for place in (cache / "files" / "md5", cache):
        listing = place / digest[:2] / digest[2:]
        if digest.endswith(".dir") and listing.is_file():
            inside = PurePosixPath(path.relative_to(folder.path)).as_posix()
            for entry in json.loads(listing.read_text(encoding="utf-8")):
                if entry["relpath"] == inside:
                    return replace(folder, path=path, md5=entry["md5"], size_bytes=None, files=None)
    return None


def _located(found: Tracked | None) -> Tracked | None:
    if found is None:
        return None
    remote = default_remote(found.root)
    if remote is None:
        return found
    kept = "" if found.legacy else "files/md5/"
    return replace(found, remote=f"{remote}/{kept}{found.md5[:2]}/{found.md5[2:]}")


def _read(path: Path) -> dict[str, Any]:
    import yaml

    if not path.is_file():
        return {}
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    return document if isinstance(document, dict) else {}
