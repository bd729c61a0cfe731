"""What lies in a dump: which containers (runs, models, model versions), in which files, and what is missing.

Ids come from the columns, never from names of files: those are shortened and hashed.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from trackbridge.errors import ConfigurationError, IntegrityError
from trackbridge.records.ids import foreign_run_id

__all__ = ["Container", "Dump", "Kind", "part_name", "table_of"]

Kind = Literal["run", "model", "version"]

_SCOPES: Final[dict[str, Kind]] = {"models": "model", "model_versions": "version"}
_PART = re.compile(r"(?P<stem>.+)_part_(?P<number>\d+)\.parquet")
_ACCOUNTS: Final[dict[Kind, str]] = {"run": "", "model": "\0models", "version": "\0model_versions"}


@dataclass(frozen=True, slots=True)
class Container:
    """One run, model or model version of Neptune, and the files that hold its attributes."""

    kind: Kind
    project: str
    name: str
    parts: tuple[Path, ...]

    @property
    def run_id(self) -> str:
        """Its id as a run (R1)."""
        return foreign_run_id(self.name, account=f"{self.project}{_ACCOUNTS[self.kind]}")

    @property
    def native_id(self) -> str:
        """Its id as Neptune shows it."""
        return f"{self.project}/{self.name}"


@dataclass(slots=True)
class Dump:
    """A folder with ``data``, ``files``, ``model_data`` and ``model_files``; read once, when it is first needed.

    Attributes:
        containers: All by their id as a run.
        complaints: What shows that the dump is not whole, a sentence each.
    """

    root: Path
    containers: dict[str, Container] = field(default_factory=dict)
    complaints: list[str] = field(default_factory=list)
    _read: bool = False

    def load(self) -> Dump:
        """Look through the dump; a second time does nothing.

        Raises:
            ConfigurationError: there is no such folder, or it holds no dump.
        """
        if self._read:
            return self
        if not any((self.root / name).is_dir() for name in ("data", "model_data")):
            raise ConfigurationError(
                f"{self.root} is no dump of Neptune: it has neither data nor model_data",
                remedy="Give the folder that holds neptune-exporter's data, files, model_data and model_files.",
            )
        found: dict[tuple[Kind, str, str], list[Path]] = {}
        for kind, file in self._tables():
            for project, name in _containers_in(file):
                found.setdefault((kind, project, name), []).append(file)
        for (kind, project, name), files in sorted(found.items()):
            container = Container(kind, project, name, tuple(sorted(files, key=_part_number)))
            self.containers[container.run_id] = container
            self._look_for_gaps(container)
        self._read = True
        return self

    def files_of(self, container: Container) -> tuple[Path, ...]:
        """Give the folders that paths of the container's files may be relative to, the likeliest first."""
        names = ("files", "model_files") if container.kind == "run" else ("model_files", "files")
        return tuple(self.root / name / part_name(container.project) for name in names)

    def _tables(self) -> Iterator[tuple[Kind, Path]]:
        for file in sorted((self.root / "data").glob("*/*.parquet")):
            yield "run", file
        for scope, kind in _SCOPES.items():
            for file in sorted((self.root / "model_data").glob(f"*/{scope}/*.parquet")):
                yield kind, file
        for file in sorted(self.root.rglob("*.parquet.tmp")):
            self.complaints.append(f"{file.relative_to(self.root)} was still being written when the export stopped")

    def _look_for_gaps(self, container: Container) -> None:
        numbers = [_part_number(file) for file in container.parts]
        missing = sorted(set(range(max(numbers) + 1)) - set(numbers))
        if missing:
            parts = ", ".join(map(str, missing))
            self.complaints.append(f"{container.kind} {container.native_id} lacks part {parts}")


def part_name(text: str) -> str:
    """Give the name of a folder or file that the exporter makes of an id."""
    plain = "".join(c if c.isalnum() or c in "_-" else "_" for c in text)
    return f"{plain}-{hashlib.blake2b(text.encode(), digest_size=8).hexdigest()}"


def table_of(container: Container, columns: Sequence[str], types: Sequence[str], path: str | None = None) -> Any:
    """Give the rows of a container whose attributes are of some types, or of them the rows of one attribute."""
    import pyarrow as pa
    from pyarrow import dataset

    wanted = (dataset.field("project_id") == container.project) & (dataset.field("run_id") == container.name)
    wanted &= dataset.field("attribute_type").isin(list(types))
    if path is not None:
        wanted &= dataset.field("attribute_path") == path
    try:
        source = dataset.dataset([str(part) for part in container.parts], format="parquet")
        return source.scanner(columns=list(columns), filter=wanted)
    except (pa.ArrowInvalid, OSError) as error:
        raise _damaged(container.parts[0], error) from error


def _containers_in(file: Path) -> list[tuple[str, str]]:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        with parquet.ParquetFile(file) as opened:
            found: dict[tuple[str, str], None] = {}
            for batch in opened.iter_batches(columns=["project_id", "run_id"]):
                distinct = pa.Table.from_batches([batch]).group_by(["project_id", "run_id"]).aggregate([])
                rows = zip(distinct["project_id"].to_pylist(), distinct["run_id"].to_pylist(), strict=True)
                found |= dict.fromkeys(rows)
            return list(found)
    except (pa.ArrowInvalid, OSError, KeyError) as error:
        raise _damaged(file, error) from error


def _damaged(file: Path, error: Exception) -> IntegrityError:
    return IntegrityError(
        f"{file} cannot be read: {error}", clause="X1", remedy="Copy it anew, or take it away to go on without it."
    )


def _part_number(file: Path) -> int:
    match = _PART.fullmatch(file.name)
    return int(match["number"]) if match else 0
