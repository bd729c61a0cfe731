"""Model versions on their way: the first backend gives the number, the others take it (G2)."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from trackbridge.errors import ConfigurationError, NotFound, TrackbridgeError, Transient
from trackbridge.protocol import Backend, VersionSpec
from trackbridge.records.artifacts import folder_digest
from trackbridge.records.log import LoggedVersion
from trackbridge.records.models import ModelVersion
from trackbridge.sidecar import merge_artifacts, native_path, read_entries

__all__ = ["PendingVersion", "Ticket", "create_version"]


@dataclass(slots=True)
class Ticket:
    """Where the backends of one run agree on a version's number."""

    settled: threading.Event = field(default_factory=threading.Event)
    version: ModelVersion | None = None
    error: TrackbridgeError | None = None

    def give(self, version: ModelVersion) -> None:
        """Say that the first backend has it."""
        self.version = version
        self.settled.set()

    def fail(self, error: TrackbridgeError) -> None:
        """Say that there will be no such version."""
        self.error = error
        self.settled.set()


class PendingVersion:
    """A model version whose number is known once the registering backend has it."""

    def __init__(self, ticket: Ticket | None = None, hurry: Callable[[float], object] | None = None) -> None:
        self._ticket = ticket
        self._hurry = hurry

    @classmethod
    def failed(cls, error: TrackbridgeError) -> PendingVersion:
        """Make one that will never come."""
        ticket = Ticket()
        ticket.fail(error)
        return cls(ticket)

    @property
    def done(self) -> bool:
        """Whether `result` will answer at once."""
        return self._ticket is None or self._ticket.settled.is_set()

    def result(self, timeout_s: float = 60.0) -> ModelVersion:
        """Wait for the version.

        Raises:
            ConfigurationError: the model was logged without ``register_as``.
            Transient: the backend has not answered within `timeout_s`; the version may still come to be.
            TrackbridgeError: what the backend said against it.
        """
        if self._ticket is None:
            raise ConfigurationError(
                "the model was logged but not registered, so that it has no version",
                clause="G2",
                remedy="Give log_model a register_as, or call Run.register_model.",
            )
        deadline = time.monotonic() + timeout_s
        if self._hurry and not self.done:
            self._hurry(timeout_s)
        if not self._ticket.settled.wait(max(0.0, deadline - time.monotonic())):
            raise Transient(
                f"the model version was not created within {timeout_s} s",
                clause="G2",
                remedy="Ask again, or look at Run.flush() for what holds it up.",
            )
        if self._ticket.error is not None:
            raise self._ticket.error
        assert self._ticket.version is not None
        return self._ticket.version


def create_version(backend: Backend, run_id: str, record: LoggedVersion, number: int | None) -> ModelVersion:
    """Create the version at one backend; the same record again gives the same version.

    Raises:
        NotFound: the run has no such artifact.
        Conflict: the number is taken by another version, or the model was deleted.
    """
    digest = record.digest or _folder_digest(backend, run_id, record.artifact_path)
    spec = VersionSpec(
        token=record.token,
        run_id=run_id,
        artifact_path=record.artifact_path,
        digest=digest,
        created_ms=record.created_ms,
        signature=record.signature,
        input_example=record.input_example,
    )
    registry = backend.adapter.registry
    registry.ensure_model(record.model)
    given = registry.create_version(record.model, spec, number)
    return ModelVersion(
        model=record.model,
        number=given,
        run_id=run_id,
        artifact_path=record.artifact_path,
        digest=digest,
        signature=record.signature,
        input_example=record.input_example,
        created_ms=record.created_ms,
    )


def _folder_digest(backend: Backend, run_id: str, path: str) -> str | None:
    """Give the folder digest from what the backend lists; None where a file's checksum is not known."""
    native = backend.adapter.runs.get([run_id])[run_id]
    entries = read_entries(backend.adapter.objects, native)
    listed = backend.adapter.artifacts.list(run_id, native_path(path, backend.limits.artifact_path))
    files = merge_artifacts(listed, entries)
    if not files:
        raise NotFound(
            f"run {run_id} has no artifact {path!r} to register",
            clause="G2",
            remedy="Log it first, with log_model or log_artifacts.",
        )
    if any(file.sha256 is None for file in files):
        return None
    return folder_digest(files, path)
