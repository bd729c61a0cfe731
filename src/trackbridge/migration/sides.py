"""One end of a migration: a store with the parts of it that read a run as it truly is (X3)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Self

from trackbridge.errors import NotFound
from trackbridge.migration.pacing import Pacer, steady
from trackbridge.protocol import Adapter, Backend, NativeRun, Scope
from trackbridge.records.artifacts import ArtifactRecord
from trackbridge.sidecar import FOLDER
from trackbridge.store import Store
from trackbridge.store.checked import measured
from trackbridge.store.files import Files
from trackbridge.store.reading import Reader, Reading

__all__ = ["ENVIRONMENT", "Side"]

ENVIRONMENT = "environment/"


@dataclass(frozen=True, slots=True)
class Side:
    """A backend to read from, or to write to and read back."""

    store: Store
    reader: Reader
    files: Files
    experiments: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, store: Store, pacer: Pacer | None = None) -> Self:
        """Make one of a store, which stays the caller's to close; its calls wait for `pacer`."""
        steadied = Store(steady(store.backend, pacer))
        reader = Reader(steadied.backend)
        return cls(steadied, reader, Files(reader))

    @property
    def backend(self) -> Backend:
        """The backend."""
        return self.store.backend

    @property
    def adapter(self) -> Adapter:
        """Its adapter."""
        return self.store.backend.adapter

    def ensure_experiment(self, name: str) -> None:
        """Create an experiment if absent; asked once a process."""
        if name not in self.experiments:
            self.adapter.experiments.ensure(name)
            self.experiments.add(name)

    def look(self, run_id: str) -> NativeRun | None:
        """Give a run as the backend holds it, a deleted one too; None where there is none."""
        return self.adapter.runs.get([run_id]).get(run_id)

    def find(self, run_id: str) -> Reading:
        """Read a run, a deleted one too; raise `NotFound` where there is none."""
        native = self.look(run_id)
        if native is None:
            raise NotFound(f"there is no run {run_id} in {self.store.url}", clause="R1")
        return self.reader.read(native)

    def objects(self, scope: Scope) -> Iterator[tuple[str, bytes]]:
        """Give name and bytes of every hidden object but the sidecar's, which each backend makes its own of."""
        for info in self.adapter.objects.list(scope):
            if not info.name.startswith(FOLDER):
                yield info.name, self.adapter.objects.get(scope, info.name)

    def object_records(self, scope: Scope) -> list[ArtifactRecord]:
        """Give the same as name, size and sha256."""
        return [ArtifactRecord(n, len(data), hashlib.sha256(data).hexdigest()) for n, data in self.objects(scope)]

    def read_through(self, reading: Reading, file: ArtifactRecord) -> ArtifactRecord:
        """Give size and sha256 of the bytes that the backend gives back, whatever it says they are."""
        with self.files.opened(reading, ArtifactRecord(file.path, None, None)) as stream:
            return measured(stream, file.path)
