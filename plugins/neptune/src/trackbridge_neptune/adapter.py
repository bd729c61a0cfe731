"""The adapter of a dump: all families read, none written."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from trackbridge.errors import ConfigurationError
from trackbridge.protocol import (
    ArtifactStore,
    BackendInfo,
    BackendUrl,
    BulkStore,
    ExperimentStore,
    MetricStore,
    ObjectStore,
    Refused,
    RegistryStore,
    RunStore,
)
from trackbridge.records.metrics import MetricPoint
from trackbridge.records.writes import RunHeader, RunWrites
from trackbridge_neptune.contents import DumpArtifacts, DumpMetrics, DumpObjects, DumpSurplus, located
from trackbridge_neptune.dump import Dump
from trackbridge_neptune.refusing import read_only
from trackbridge_neptune.registry import DumpRegistry
from trackbridge_neptune.runs import DumpExperiments, DumpRuns, Reading

__all__ = ["DumpAdapter"]


class DumpAdapter:
    """See `trackbridge.protocol.Adapter`."""

    def __init__(self, url: BackendUrl) -> None:
        if not url.location.startswith("/"):
            raise ConfigurationError(f"{url} names no absolute folder", remedy="Write neptune-dump:///DIR.")
        self._reading = reading = Reading(Dump(Path(url.location)))
        self.experiments: ExperimentStore = DumpExperiments(reading)
        self.runs: RunStore = DumpRuns(reading)
        self.metrics: MetricStore = DumpMetrics(reading)
        self.artifacts: ArtifactStore = DumpArtifacts(reading)
        self.objects: ObjectStore = DumpObjects(reading)
        self.registry: RegistryStore = DumpRegistry(reading)
        self.bulk: BulkStore = _NoBulk(reading)
        self.surplus = DumpSurplus(reading)

    def check(self) -> BackendInfo:
        """Look through the whole dump, and name all that shows that it is not complete."""
        dump = self._reading.dump.load()
        missing = list(dump.complaints)
        for container in self._reading.containers():
            attributes = self._reading.attributes(container)
            named = f"{container.kind} {container.native_id}"
            if "sys/creation_time" not in attributes.system:
                missing.append(f"{named} has no creation time: the export did not get that far; its start is 0")
            absent = [path for path, file in located(self._reading, container).items() if not file.is_file()]
            missing += [f"{named} lacks the file {path}" for path in sorted(absent)]
            missing += [f"{named} has a file {name} without a path" for name in attributes.nameless]
        kinds = [container.kind for container in self._reading.containers()]
        facts = (
            ("folder", str(dump.root)),
            *((f"{kind}s", str(kinds.count(kind))) for kind in ("run", "model", "version")),
        )
        return BackendInfo(facts, missing=tuple(missing))

    def close(self) -> None:
        """Do nothing: no file stays open."""


class _NoBulk:
    """See `trackbridge.protocol.BulkStore`."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading

    def load(
        self,
        header: RunHeader,
        writes: RunWrites,
        points: Iterable[Sequence[MetricPoint]],
        *,
        objects: Iterable[tuple[str, bytes]] = (),
    ) -> tuple[Refused, ...]:
        """Refuse."""
        raise read_only(self._reading.dump.root, "bulk")
