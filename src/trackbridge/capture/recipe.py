"""What a run recorded, as what it takes to come back to it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any, Final, TypeAlias

from trackbridge.capture.git import PATCH, STATUS
from trackbridge.capture.python import PACKAGES
from trackbridge.errors import NotFound
from trackbridge.records.datasets import DatasetRecord
from trackbridge.records.runs import RunRecord
from trackbridge.redaction import MASK

__all__ = ["Argument", "DataItem", "Recipe", "read_recipe"]

_COMMIT: Final = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_MACHINE_BOUND: Final = frozenset({"CUDA_VISIBLE_DEVICES", "LANG", "PYTHONPATH"})
_FROM: Final = "  # from "


@dataclass(frozen=True, slots=True)
class Argument:
    """A word of the command: `text` as it is, or below the repository ("root"), or beside the interpreter ("bin")."""

    text: str
    within: str = ""


@dataclass(frozen=True, slots=True)
class DataItem:
    """A data set that the run used.

    Attributes:
        name: Its name.
        digest: Of what the run read.
        uri: Where it was, or can be had from.
        path: Of a file or folder within the repository, relative to it.
        md5: What DVC recorded of it, ``.dir`` at the end for a folder; None where DVC does not track it.
        remote: Where DVC's remote keeps that.
        project: The folder of the DVC project, relative to the repository.
        matches: What the run read is what DVC recorded.
    """

    name: str
    digest: str | None = None
    uri: str | None = None
    path: str | None = None
    md5: str | None = None
    remote: str | None = None
    project: str = "."
    matches: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """All that is known of how to come back to a run.

    Attributes:
        run_id: The run.
        title: Its name and experiment.
        remote: Where the repository can be had from.
        commit: What was checked out.
        patch: What was changed since, for ``git apply``.
        python: The interpreter's version.
        requirements: What an index has, a line a package.
        local: Folders of the repository that were installed, relative to it.
        locks: The lock files that were recorded.
        data: The data sets.
        cwd: Where the command ran, relative to the repository.
        variables: Environment variables that change results.
        command: The command, without the interpreter.
        doubts: What will not be as it was, in words.
    """

    run_id: str
    title: str
    remote: str | None
    commit: str | None
    patch: bytes
    python: str
    requirements: tuple[str, ...]
    local: tuple[str, ...]
    locks: tuple[str, ...]
    data: tuple[DataItem, ...]
    cwd: str
    variables: Mapping[str, str]
    command: tuple[Argument, ...]
    doubts: tuple[str, ...]


_Attributes: TypeAlias = Mapping[str, Any]


@dataclass(slots=True)
class _Reading:
    """The attributes of a run, and the doubts that come up while they are read."""

    attributes: _Attributes
    doubts: list[str] = field(default_factory=list)

    def text(self, name: str) -> str:
        found = self.attributes.get(f"environment.{name}")
        return found if isinstance(found, str) else ""

    def texts(self, name: str) -> list[str]:
        found = self.attributes.get(f"environment.{name}")
        return [str(item) for item in found] if isinstance(found, list) else []

    def says(self, name: str) -> bool:
        return self.attributes.get(f"environment.{name}") is True


def read_recipe(run: RunRecord, files: Mapping[str, bytes]) -> Recipe:
    """Read what a run recorded.

    Args:
        run: The run.
        files: The files of its environment by name.

    Raises:
        NotFound: it recorded nothing of its environment.
    """
    reading = _Reading(run.attributes)
    python = reading.text("python")
    if not python:
        raise NotFound(
            f"run {run.id} recorded no environment", clause="E1", remedy="Record it: leave `capture` turned on."
        )
    root = reading.text("git.root")
    commit = reading.text("git.commit")
    requirements, local = _packages(reading, files.get(PACKAGES, b"").decode(errors="replace"), root)
    return Recipe(
        run_id=run.id,
        title=f"{run.name} of {run.experiment}" if run.name else f"a run of {run.experiment}",
        remote=_remote(reading),
        commit=commit if _COMMIT.fullmatch(commit) else None,
        patch=_patch(reading, files),
        python=python,
        requirements=requirements,
        local=local,
        locks=tuple(reading.texts("locks")),
        data=_data(reading, run.datasets, root),
        cwd=_below(reading.text("cwd"), root) or ".",
        variables=_variables(reading),
        command=_command(reading, root),
        doubts=tuple(reading.doubts),
    )


def _remote(reading: _Reading) -> str | None:
    """Give the remote; credentials were taken out of it, so that those of whoever comes back count."""
    remote = re.sub(rf"(?<=://)[^/@]*{re.escape(MASK)}[^/@]*@", "", reading.text("git.remote"))
    if not reading.text("git.commit"):
        reading.doubts.append("the code is in no git repository, or git was not installed")
    elif not remote:
        reading.doubts.append("the repository has no remote: start from a clone of it")
    return remote or None


def _patch(reading: _Reading, files: Mapping[str, bytes]) -> bytes:
    if why := reading.text("git.unread"):
        reading.doubts.append(f"whether anything was not committed is unknown: {why}")
    if reading.says("git.patch_cut"):
        reading.doubts.append("what was not committed was too large to be recorded as a whole")
    if reading.says(f"redacted.{PATCH}"):
        reading.doubts.append("secrets were taken out of what was not committed; where they stood is ***")
    new = [line[3:] for line in files.get(STATUS, b"").decode(errors="replace").splitlines() if line.startswith("??")]
    if new:
        more = f" and {len(new) - 10} more" if len(new) > 10 else ""
        reading.doubts.append(f"new files that were never added to git are not recorded: {', '.join(new[:10])}{more}")
    return files.get(PATCH, b"")


def _packages(reading: _Reading, text: str, root: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    requirements, local = [], []
    for line in text.splitlines():
        pinned, _, origin = line.partition(_FROM)
        if not origin:
            requirements.append(line)
        elif (below := _below(origin.removeprefix("file://"), root)) is not None:
            local.append(below)
        else:
            requirements.append(pinned)
            reading.doubts.append(f"{pinned} was installed from {origin}")
    if "conda-history.txt" in reading.texts("locks"):
        reading.doubts.append("it ran in a conda environment: what conda installed besides Python packages is left out")
    return tuple(requirements), tuple(local)


def _variables(reading: _Reading) -> dict[str, str]:
    found = reading.attributes.get("environment.variables")
    if not isinstance(found, dict):
        return {}
    return {name: str(text) for name, text in found.items() if name.isidentifier() and name not in _MACHINE_BOUND}


def _data(reading: _Reading, datasets: Sequence[DatasetRecord], root: str) -> tuple[DataItem, ...]:
    items: dict[DataItem, None] = {}
    for dataset in datasets:
        prefix = f"data.{dataset.name[:150]}.dvc"
        md5, path = reading.text(f"{prefix}.md5"), reading.text(f"{prefix}.path")
        if not (md5 and path):
            here = _below((dataset.uri or "").removeprefix("file://"), root)
            if here is None and "://" not in (dataset.uri or "://"):
                here = _below(str(PurePosixPath(reading.text("cwd"), dataset.uri or "")), root)
            if here is None:
                reading.doubts.append(f"the data set {dataset.name} is to be fetched by hand: {dataset.uri or '?'}")
            items[DataItem(dataset.name, dataset.digest, dataset.uri, here)] = None
            continue
        project = _below(reading.text(f"{prefix}.root"), root) or "."
        matches = reading.attributes.get(f"environment.{prefix}.matches") is not False
        if not matches:
            reading.doubts.append(
                f"the data set {dataset.name} was changed after DVC recorded it, and is not in a remote"
            )
        where = (PurePosixPath(project) / path).as_posix()
        remote = reading.text(f"{prefix}.remote") or None
        items[DataItem(dataset.name, dataset.digest, dataset.uri, where, md5, remote, project, matches)] = None
    return tuple(items)


def _command(reading: _Reading, root: str) -> tuple[Argument, ...]:
    words = reading.texts("command")
    if any(MASK in word for word in words):
        reading.doubts.append("secrets were taken out of the command; where they stood is ***")
    if words[1:] in ([], ["-"]) or reading.attributes.get("source.entry_point") == "notebook":
        reading.doubts.append("it ran in a notebook or an interpreter: there is no command that repeats it")
        return ()
    programs = PurePosixPath(reading.text("python.executable")).parent
    return tuple(_argument(word, root, programs) for word in words[1:])


def _argument(word: str, root: str, programs: PurePosixPath) -> Argument:
    path = PurePosixPath(word)
    if path.is_absolute() and path.parent == programs:
        return Argument(path.name, "bin")
    below = _below(word, root)
    return Argument(word) if below is None else Argument(below, "root")


def _below(path: str, root: str) -> str | None:
    """Give a path relative to the repository; None where it is not below it."""
    place = PurePosixPath(path)
    if not root or ".." in place.parts or not place.is_relative_to(root):
        return None
    return place.relative_to(root).as_posix()
