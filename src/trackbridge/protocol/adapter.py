"""What an adapter implements: one small Protocol a family. This is the whole of it.

Every method may be called again with the same arguments and must then change nothing (delivery is at-least-once);
what is said to be created "if absent" is created by exactly one of several callers. Values arrive redacted and within
the adapter's `Limits`. Errors are those of `trackbridge.errors`, the vendor's exception kept as the cause. Methods are
called from several threads at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import BinaryIO, Final, Protocol

from trackbridge.protocol.native import (
    BackendInfo,
    Mirror,
    NativeModel,
    NativeRun,
    NativeVersion,
    ObjectInfo,
    Opened,
    Refused,
    Scan,
    Scope,
    VersionSpec,
)
from trackbridge.records.artifacts import ArtifactRecord
from trackbridge.records.experiments import ExperimentRecord
from trackbridge.records.metrics import MetricPoint
from trackbridge.records.writes import RunHeader, RunWrites

__all__ = [
    "PROTOCOL_VERSION",
    "Adapter",
    "ArtifactStore",
    "BulkStore",
    "ExperimentStore",
    "MetricStore",
    "ObjectStore",
    "RegistryStore",
    "RunStore",
]

PROTOCOL_VERSION: Final = 1


class ExperimentStore(Protocol):
    """Experiments (R2).

    Descriptions and values of tags of up to 64 KiB come back whole: what a vendor's own field cannot hold, the adapter
    keeps beside it. The core's sidecar is of runs alone.
    """

    def ensure(self, name: str) -> None:
        """Create the experiment if absent; restore a deleted one."""

    def get(self, name: str) -> ExperimentRecord | None:
        """Give an experiment, a deleted one too; None where there is none."""

    def list(self) -> Iterator[ExperimentRecord]:
        """Give all that are not deleted, by name."""

    def edit(self, name: str, *, description: str | None, tags: Mapping[str, str | None]) -> None:
        """Set the description unless None, and the tags given; a tag of None is deleted."""

    def delete(self, name: str) -> None:
        """Mark it deleted."""


class RunStore(Protocol):
    """Runs with all that is small: params, tags, attributes, datasets, status."""

    def create(self, header: RunHeader, *, name: str | None = None) -> Opened:
        """Create the run if absent; `name` is only what to show until an attribute write says otherwise (R1).

        The experiment exists. A deleted or purged id raises `Conflict`. A new run is RUNNING with epoch 0.
        """

    def claim_epoch(self, run_id: str, epoch: int) -> bool:
        """Claim an owner epoch if nobody has; False if it is taken (R5)."""

    def write(self, run_id: str, writes: RunWrites) -> tuple[Refused, ...]:
        """Apply a batch; give what was refused, such as a param that has another value already (P3).

        With `Limits.stamps` the greatest stamp of a tag or attribute wins, and the greatest status key; without it the
        last call wins and the core settles the rest.
        """

    def get(self, run_ids: Sequence[str]) -> dict[str, NativeRun]:
        """Give the runs of these ids, deleted ones too; an unknown id is left out."""

    def scan(self, scan: Scan) -> Iterator[NativeRun]:
        """Go through runs page by page, by key and not by offset: a run that exists throughout comes exactly once."""

    def set_deleted(self, run_id: str, *, deleted: bool) -> None:
        """Delete or restore (R7)."""

    def purge(self, run_id: str) -> None:
        """Remove the run and all it has, physically; its id stays spent (R7)."""


class MetricStore(Protocol):
    """Series of points."""

    def write(self, run_id: str, points: Sequence[MetricPoint]) -> tuple[Refused, ...]:
        """Add points to the sets; a point already there is nothing (M2)."""

    def read(self, run_id: str, names: Sequence[str] | None = None) -> Iterator[MetricPoint]:
        """Give every point of these metrics, or of all: by name (code points), then in M2 order, never sampled."""


class ArtifactStore(Protocol):
    """Artifacts by path."""

    def put(self, run_id: str, path: str, content: BinaryIO, *, size: int, sha256: str) -> None:
        """Store the content of one file, replacing what was there (A3); nothing shows before it is whole."""

    def list(self, run_id: str, prefix: str = "") -> Iterator[ArtifactRecord]:
        """Give all files at or below `prefix`, a whole path or folder, by path."""

    def open(self, run_id: str, path: str) -> BinaryIO:
        """Open a file for reading, from the start; raise `NotFound` where there is none."""


class ObjectStore(Protocol):
    """Small opaque objects kept beside a run or a model and hidden from artifact listings.

    Names are ``folder/name`` in [a-z0-9._/-]; the folders ``sidecar`` and ``environment`` are the core's.
    """

    def put(self, scope: Scope, name: str, data: bytes) -> None:
        """Store an object; the same name always comes with the same bytes."""

    def list(self, scope: Scope, prefix: str = "") -> Iterator[ObjectInfo]:
        """Give the objects whose name begins with `prefix`, by name."""

    def get(self, scope: Scope, name: str) -> bytes:
        """Give an object's bytes; raise `NotFound` where there is none."""


class RegistryStore(Protocol):
    """Models, versions, and the trail that everything else about them is folded from (G1–G8).

    Names, descriptions and tags come back whole, as those of `ExperimentStore`.
    """

    def ensure_model(self, name: str) -> None:
        """Create the model if absent; a deleted one raises `Conflict`."""

    def get_model(self, name: str) -> NativeModel | None:
        """Give a model, a deleted one too; None where there is none."""

    def list_models(self) -> Iterator[NativeModel]:
        """Give all that are not deleted, by name."""

    def edit_model(self, name: str, *, description: str | None, tags: Mapping[str, str | None]) -> None:
        """Set the description unless None, and the tags given; a tag of None is deleted."""

    def delete_model(self, name: str) -> None:
        """Mark it deleted: its name and numbers are spent."""

    def create_version(self, model: str, spec: VersionSpec, number: int | None = None) -> int:
        """Create a version and give its number; the same token gives the number it gave before.

        Args:
            model: The model, which exists.
            spec: What the version is.
            number: The number it must have, for migrations and fan-outs; `Conflict` where that one is spent.
                Otherwise one more than the greatest number ever used.
        """

    def versions(self, model: str) -> Iterator[NativeVersion]:
        """Give all versions that are not deleted, by number."""

    def versions_of_run(self, run_id: str) -> Iterator[tuple[str, int]]:
        """Give (model, number) of every version made from a run."""

    def edit_version(self, model: str, number: int, *, description: str | None, tags: Mapping[str, str | None]) -> None:
        """As `edit_model`, for a version."""

    def delete_version(self, model: str, number: int) -> None:
        """Delete a version: its number is spent."""

    def append_entry(self, model: str, n: int, data: bytes) -> bool:
        """Create entry `n` of the trail if absent; False if it is taken by other bytes, True if by these (G5)."""

    def entries(self, model: str, start: int = 0) -> Iterator[bytes]:
        """Give the trail from entry `start` on, in order; where a fork can be, all entries of one number."""

    def set_mirror(self, model: str, mirror: Mirror) -> None:
        """Show a fold of the trail in the vendor's own fields; count and head last. An older count changes nothing."""


class BulkStore(Protocol):
    """The fast way in for migrations; `trackbridge.protocol.bulk.PlainBulk` makes one of the other families."""

    def load(
        self,
        header: RunHeader,
        writes: RunWrites,
        points: Iterable[Sequence[MetricPoint]],
        *,
        objects: Iterable[tuple[str, bytes]] = (),
    ) -> tuple[Refused, ...]:
        """Create a run with all that is small and all its points, which come in batches and need not fit in memory.

        `objects` are names and bytes of the run's scope, stored before `writes` are: among them is the sidecar that
        explains these. They are taken one by one. The experiment exists; the run mostly does not yet.
        """


class Adapter(Protocol):
    """A backend: its families, a check, and an end."""

    experiments: ExperimentStore
    runs: RunStore
    metrics: MetricStore
    artifacts: ArtifactStore
    objects: ObjectStore
    registry: RegistryStore
    bulk: BulkStore

    def check(self) -> BackendInfo:
        """Reach the backend with the credentials at hand; raise `AuthError`, `ConfigurationError` or `Transient`."""

    def close(self) -> None:
        """Let go of connections and files; the adapter is not used afterwards."""
