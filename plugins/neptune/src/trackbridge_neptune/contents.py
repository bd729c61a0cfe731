"""Series, files and what no record holds, of the containers of a dump."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

from trackbridge.errors import NotFound
from trackbridge.protocol import ObjectInfo, Refused, Scope, SurplusFile
from trackbridge.protocol.series import points_of
from trackbridge.records.artifacts import ArtifactRecord
from trackbridge.records.metrics import MetricPoint
from trackbridge.records.names import shown
from trackbridge_neptune.dump import Container, part_name
from trackbridge_neptune.refusing import read_only
from trackbridge_neptune.runs import Reading
from trackbridge_neptune.series import METRICS, metric_names, rows_of, texts_of

__all__ = ["DumpArtifacts", "DumpMetrics", "DumpObjects", "DumpSurplus", "located"]


class DumpMetrics:
    """See `trackbridge.protocol.MetricStore`."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading

    def write(self, run_id: str, points: Sequence[MetricPoint]) -> tuple[Refused, ...]:
        """Refuse."""
        raise read_only(self._reading.dump.root, "metrics")

    def read(self, run_id: str, names: Sequence[str] | None = None) -> Iterator[MetricPoint]:
        """Give the points of a run, by name and in M2 order."""
        container = _container(self._reading, run_id)
        known = metric_names(self._reading.attributes(container).series.get(METRICS, []))
        multiplier, started_ms = self._reading.multiplier(container), self._reading.started_ms(container)
        for name in known if names is None else sorted(set(names) & set(known)):
            yield from points_of(name, rows_of(container, name, multiplier, started_ms))


class DumpArtifacts:
    """See `trackbridge.protocol.ArtifactStore`. A file that the dump lacks is listed, and cannot be opened."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading

    def put(self, run_id: str, path: str, content: BinaryIO, *, size: int, sha256: str) -> None:
        """Refuse."""
        raise read_only(self._reading.dump.root, "artifacts")

    def list(self, run_id: str, prefix: str = "") -> Iterator[ArtifactRecord]:
        """Give all files at or below `prefix`, by path."""
        container, folder = _container(self._reading, run_id), f"{prefix}/" if prefix else ""
        for path, file in sorted(located(self._reading, container).items()):
            if path == prefix or path.startswith(folder):
                yield ArtifactRecord(path, file.stat().st_size if file.is_file() else None, None)

    def open(self, run_id: str, path: str) -> BinaryIO:
        """Open a file for reading."""
        container = _container(self._reading, run_id)
        file = located(self._reading, container).get(path)
        if file is None or not file.is_file():
            where = f": {file}" if file else ""
            raise NotFound(f"the dump of {container.native_id} lacks the file {shown(path)}{where}", clause="A1")
        return file.open("rb")


class DumpObjects:
    """See `trackbridge.protocol.ObjectStore`: a dump has none."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading

    def put(self, scope: Scope, name: str, data: bytes) -> None:
        """Refuse."""
        raise read_only(self._reading.dump.root, "sidecar")

    def list(self, scope: Scope, prefix: str = "") -> Iterator[ObjectInfo]:
        """Give none."""
        return iter(())

    def get(self, scope: Scope, name: str) -> bytes:
        """Find none."""
        raise NotFound(f"{scope.kind} {shown(scope.key)} has no object {shown(name)}", clause="X3")


class DumpSurplus:
    """See `trackbridge.protocol.SurplusStore`."""

    travels: Mapping[str, str] = {
        "string_series": "series of strings, as lines of JSON",
        "histogram_series": "series of histograms, as lines of JSON",
        "value": "values that can be no param, by their names or their lengths, as text",
    }
    stays: Mapping[str, str] = {}

    def __init__(self, reading: Reading) -> None:
        self._reading = reading

    def of_run(self, run_id: str) -> Iterator[SurplusFile]:
        """Give the surplus of one run."""
        container = _container(self._reading, run_id)
        attributes = self._reading.attributes(container)
        for kind in ("string_series", "histogram_series"):
            for name in sorted(attributes.series.get(kind, [])):
                yield SurplusFile(kind, f"{kind}/{part_name(name)}.jsonl", texts_of(container, name, kind))
        for name, text in sorted(attributes.unfit.items()):
            yield SurplusFile("value", f"value/{part_name(name)}.txt", f"{name}\n{text}".encode())


def located(reading: Reading, container: Container) -> dict[str, Path]:
    """Give where each artifact of a container lies or should lie; a set of files is all that is in its folder.

    Where one path would be a file and a folder at once, the file gets the ending ``.file`` (A1).
    """
    found: dict[str, Path] = {}
    for path, stored in reading.attributes(container).files.items():
        file = _place(reading, container, stored)
        if file.is_dir():
            below = (one for one in sorted(file.rglob("*")) if one.is_file())
            found |= {f"{path}/{one.relative_to(file).as_posix()}": one for one in below}
        else:
            found[path] = file
    folders = {"/".join(parts[:n]) for parts in (path.split("/") for path in found) for n in range(1, len(parts))}
    return {f"{path}.file" if path in folders else path: file for path, file in found.items()}


def _place(reading: Reading, container: Container, stored: str) -> Path:
    """Give the file that a path in the dump means; a path that leads out of the dump means one that is not there."""
    roots = reading.dump.files_of(container)
    for root in roots:
        file = (root / stored).resolve()
        if file.exists() and file.is_relative_to(root.resolve()):
            return file
    return roots[0] / stored.replace("..", "__").lstrip("/")


def _container(reading: Reading, run_id: str) -> Container:
    container = reading.container(run_id)
    if container is None:
        raise NotFound(f"there is no run {shown(run_id)} in {reading.dump.root}", clause="R1")
    return container
