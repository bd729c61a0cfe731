"""A store: one backend, opened for reading and for decisions."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Self

from trackbridge.config import chosen_backends, settings
from trackbridge.protocol import Backend, Capabilities, open_backend
from trackbridge.redaction import use_patterns
from trackbridge.store.artifacts import Artifacts
from trackbridge.store.experiments import Experiments
from trackbridge.store.files import Files
from trackbridge.store.metrics import Metrics
from trackbridge.store.reading import Reader
from trackbridge.store.registry import StoreRegistry
from trackbridge.store.runs import Runs

__all__ = ["Store", "connect"]


class Store:
    """What a reader, a gate or a migration holds; a context manager. Safe to share between threads.

    Attributes:
        backend: The backend behind it.
        runs: Finding, reading, editing and deleting runs.
        metrics: Points.
        artifacts: Files.
        experiments: What runs are grouped under.
        registry: Models, versions, stages, approvals, aliases and their history.
    """

    def __init__(self, backend: Backend) -> None:
        reader = Reader(backend)
        files = Files(reader)
        self.backend = backend
        self.artifacts = Artifacts(reader, files)
        self.runs = Runs(reader, files)
        self.metrics = Metrics(reader)
        self.experiments = Experiments(backend)
        self.registry = StoreRegistry(reader, files)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Store({self.url!r})"

    @property
    def url(self) -> str:
        """The backend's URL, without secrets."""
        return str(self.backend.url)

    @property
    def capabilities(self) -> Capabilities:
        """What the backend declares that it can do."""
        return self.backend.spec.capabilities

    def close(self) -> None:
        """Let go of connections and files; a second call does nothing."""
        self.backend.adapter.close()


def connect(backend: str | Backend | Sequence[str] | None = None) -> Store:
    """Open a backend for reading and for decisions; nothing is contacted before the first call.

    Args:
        backend: A name from the configuration, a URL, or a backend that is open already; of a list the first that is
            required is read. None takes the configured one.

    Raises:
        ConfigurationError: an unknown name or scheme, or a wrong URL.
    """
    config = settings()
    use_patterns(config.redact, config.redact_names)
    if isinstance(backend, Backend):
        return Store(backend)
    choices = chosen_backends(backend)
    choice = next((choice for choice in choices if choice.required), choices[0])
    return Store(open_backend(choice.url, base=choice.base))
