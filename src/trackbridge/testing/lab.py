"""The laboratory that a check works in: one backend, read back three ways, and names that nobody used before."""

from __future__ import annotations

import atexit
import copy
import hashlib
import io
import tempfile
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import cache, cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

from trackbridge.config import configure
from trackbridge.protocol import AdapterSpec, Backend, Limits, open_backend
from trackbridge.records.log import LoggedParams
from trackbridge.testing.declaration import load_probe, verify_declaration
from trackbridge.testing.deviations import covering
from trackbridge.testing.expect import holds, same
from trackbridge.testing.probe import Probe, ProbedModel, ProbedRun

if TYPE_CHECKING:
    import subprocess

    from trackbridge.records.metrics import MetricPoint
    from trackbridge.records.models import ModelVersion
    from trackbridge.records.runs import RunRecord, RunStatus
    from trackbridge.records.writes import RunWrites
    from trackbridge.run import Run
    from trackbridge.shipping import DeadLetter
    from trackbridge.shipping.deliverer import Item
    from trackbridge.store import Store

__all__ = ["Lab", "Scale"]


# What a check takes for granted, whatever the user's own files and environment say.
_SETTINGS: Final = {
    "capture": True,
    "connect_timeout_s": 60.0,
    "finish_timeout_s": 60.0,
    "mode": "online",
    "on_error": "raise",
    "on_unreachable": "raise",
    "ranks": "all",
    "redact": [],
    "shipper": "inline",
    "strict": False,
}
_VERIFIED: set[AdapterSpec] = set()  # a declaration is looked at once a process, not once a check


@cache
def _journals() -> str:
    """Give the journal root of all checks of this process, so that those with a shipper process share one."""
    made = tempfile.TemporaryDirectory(prefix="trackbridge-", ignore_cleanup_errors=True)
    atexit.register(made.cleanup)
    return made.name


@dataclass(frozen=True, slots=True)
class Scale:
    """How much the checks write and how long they wait; smaller for a slow or paid backend.

    Attributes:
        points: Points of the long series: more than a page and more than a batch.
        runs: Runs of a search that needs a second page.
        artifacts: Files of a listing that needs a second page.
        writers: Threads that write at once.
        big_bytes: Size of the large artifact.
        examples: Sequences of operations that the state machine tries.
        timeout_s: How long other processes may take.
    """

    points: int = 12_000
    runs: int = 60
    artifacts: int = 120
    writers: int = 8
    big_bytes: int = 3_000_000
    examples: int = 12
    timeout_s: float = 120.0


class Lab:
    """One check's laboratory; a context manager.

    Attributes:
        url: The backend's URL.
        scale: How much to write.
        backend: The backend, opened for this check.
        experiment: The name of an experiment that only this check uses; it exists once a run is started in it.
    """

    def __init__(self, url: str, scale: Scale | None = None) -> None:
        self.url = url
        self.scale = scale or Scale()
        self._stack = ExitStack()
        self._provoked: set[str] = set()
        self._mark = uuid.uuid4().hex[:10]
        self._count = 0
        self.backend = self.reopen()
        if self.spec not in _VERIFIED:
            verify_declaration(self.spec, self.limits, self.backend.adapter)
            _VERIFIED.add(self.spec)
        self.experiment = self.name("experiment")

    def __enter__(self) -> Self:
        configure(**_SETTINGS, journal_dir=_journals())
        self._stack.callback(configure, **dict.fromkeys(_SETTINGS), journal_dir=None)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    # The backend, and the ways to it

    @property
    def spec(self) -> AdapterSpec:
        """What the adapter declares."""
        return self.backend.spec

    @property
    def limits(self) -> Limits:
        """What the vendor's own fields hold."""
        return self.backend.limits

    def reopen(self) -> Backend:
        """Open the backend once more: a new adapter that shares nothing in this process with the others."""
        backend = open_backend(self.url)
        self._stack.callback(backend.adapter.close)
        return backend

    @cached_property
    def store(self) -> Store:
        """The store that a check works with."""
        return self.second()

    def second(self) -> Store:
        """Give a freshly opened store: what another reader sees."""
        from trackbridge.store import connect

        return self._stack.enter_context(connect(self.url))

    def stores(self) -> tuple[Store, Store]:
        """Give the store that was open all along, and a fresh one: both must say the same."""
        return self.store, self.second()

    @cached_property
    def probe(self) -> Probe:
        """The independent reader."""
        probe: Probe = load_probe(self.spec)(self.backend.url)
        self._stack.callback(probe.close)
        return probe

    # Writing

    def name(self, stem: str = "x") -> str:
        """Give a name that nobody used before."""
        self._count += 1
        return f"tbc-{stem}-{self._mark}-{self._count}"

    def start_run(self, **options: Any) -> Run:
        """Start a run on this backend, delivered inline, nothing captured; `options` are those of `tb.start_run`."""
        from trackbridge.run import start_run

        run = start_run(**{"experiment": self.experiment, "backend": self.url, "capture": False, **options})
        self._stack.callback(run.finish)  # nothing happens twice; a check that fails leaves no run active
        return run

    def log_bytes(self, run: Run, path: str, content: bytes) -> None:
        """Log bytes as an artifact, through a file."""
        with tempfile.TemporaryDirectory(prefix="trackbridge-") as home:
            file = Path(home, "content")
            file.write_bytes(content)
            run.log_artifact(file, path)

    def logged(self, **options: Any) -> str:
        """Start and finish a run; give its id. `metrics` maps a name to its values, at steps 0, 1 and so on."""
        metrics: Mapping[str, Sequence[float]] = options.pop("metrics", {})
        status: RunStatus = options.pop("status", "FINISHED")
        run = self.start_run(**options)
        for name, values in metrics.items():
            for step, value in enumerate(values):
                run.log_metric(name, value, step=step, timestamp=1_000 + step)
        run.finish(status=status)
        return str(run.id)

    # Reading

    def records(self, run_id: str) -> Iterator[RunRecord]:
        """Give the run as both stores see it."""
        for store in self.stores():
            yield store.runs.get(run_id)

    def points(self, run_id: str, names: Sequence[str] | None = None) -> list[MetricPoint]:
        """Give all points of a run, once two readers agree on them."""
        first, second = (list(store.metrics.read(run_id, names)) for store in self.stores())
        same(second, first, "the points that a second reader sees")
        return first

    def content(self, run_id: str, path: str) -> bytes:
        """Give the bytes of an artifact."""
        with self.store.artifacts.open(run_id, path) as stream:
            return bytes(stream.read())

    def found(self, where: str | None = None, **options: Any) -> list[str]:
        """Search this check's experiment; give the ids once two readers agree on them and their order."""
        first, second = (
            [run.id for run in store.runs.search(where=where, **{"experiments": [self.experiment], **options})]
            for store in self.stores()
        )
        same(second, first, f"what a second reader finds for {where!r}")
        return first

    def probed(self, run_id: str) -> ProbedRun:
        """Give the run as the vendor's raw client sees it."""
        run = self.probe.run(run_id)
        if run is None:
            raise AssertionError(f"the vendor's raw client finds no run {run_id}")
        return run

    def probed_model(self, name: str) -> ProbedModel:
        """Give the model as the vendor's raw client sees it."""
        model = self.probe.model(name)
        if model is None:
            raise AssertionError(f"the vendor's raw client finds no model {name}")
        return model

    @property
    def provoked(self) -> tuple[str, ...]:
        """The declared deviations that this check met."""
        return tuple(sorted(self._provoked))

    def shows(self, situation: str, actual: object, expected: object, what: str) -> None:
        """Compare what the vendor's own screen shows; a declared deviation may answer for a difference."""
        try:
            same(actual, expected, what)
        except AssertionError as error:
            names = covering(situation, self.spec.deviations)
            if not names:
                raise AssertionError(
                    f"{error} (on the vendor's own screen; no deviation {situation} declared)"
                ) from None
            self._provoked.update(names)

    def shows_params(self, run_id: str, params: Mapping[str, Any]) -> None:
        """Compare the params on the vendor's own screen, as text, under their own names."""
        from trackbridge.sidecar import native_name, native_text

        shown = self.probed(run_id).params
        for name, value in params.items():
            there = name if name in shown else native_name(name, self.limits.param_name)
            self.shows("param-name", there, name, "the name of a param")
            holds(there in shown, f"the raw client sees the param {name!r}")
            text, expected = native_text(shown[there]), native_text(value)  # type: ignore[arg-type]
            if "\0" in expected and not self.limits.param_nul:
                self.shows("nul", text, expected, f"the param {name!r}")
            elif self.limits.param_chars is not None and len(expected) > self.limits.param_chars:
                self.shows("long-param", text, expected, f"the param {name!r}")
            else:
                same(text, expected, f"the param {name!r} on the vendor's own screen")

    # Other processes

    def together(self, act: Callable[..., Any], *arguments: tuple[Any, ...]) -> list[Any]:
        """Run `act(lab, go, *arguments)` in one process a tuple, let go at one moment; give what they returned."""
        from trackbridge.testing.processes import run_together

        return run_together(self.backend, act, arguments, timeout_s=self.scale.timeout_s)

    def script(self, code: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a training script against this backend in a process of its own."""
        from trackbridge.testing.processes import run_script

        return run_script(self.backend, code, arguments, timeout_s=self.scale.timeout_s, environment=environment)

    # Past the store and the run: what another writer, or another process, would do

    def put(self, run_id: str, path: str, content: bytes) -> None:
        """Store an artifact through the adapter itself; `path` is one that the vendor takes as it is."""
        sha256 = hashlib.sha256(content).hexdigest()
        self.backend.adapter.artifacts.put(run_id, path, io.BytesIO(content), size=len(content), sha256=sha256)

    def deliver(
        self, run_id: str, items: Sequence[Item], *, writer: str = "other", backend: Backend | None = None
    ) -> tuple[DeadLetter, ...]:
        """Deliver records to a run as another writer; give what was refused for good."""
        from trackbridge.shipping.deliverer import Deliverer
        from trackbridge.shipping.delivery import Ledger

        ledger = Ledger(self.url, required=True)
        deliverer = Deliverer(backend or self.backend, run_id, writer, ledger, alone=False)
        deliverer.plan(items)
        deliverer.work()
        return ledger.snapshot(0, None).dead_letters

    def write(
        self, run_id: str, writes: RunWrites, *, writer: str = "other", backend: Backend | None = None
    ) -> tuple[DeadLetter, ...]:
        """Deliver changes to a run as another writer; give what was refused for good."""
        params = [LoggedParams(writes.params)] if writes.params else []
        status = [writes.status] if writes.status else []
        items: list[Item] = [*params, *writes.tags, *writes.attributes, *writes.datasets, *status]
        return self.deliver(run_id, items, writer=writer, backend=backend)

    def write_points(
        self, run_id: str, points: Sequence[MetricPoint], *, writer: str = "other", backend: Backend | None = None
    ) -> None:
        """Deliver points to a run as another writer."""
        same(self.deliver(run_id, points, writer=writer, backend=backend), (), "the points that were refused")

    def with_artifacts(self, wrap: Callable[[Any], Any]) -> Store:
        """Give a store whose backend has other artifacts than the true ones."""
        from trackbridge.store import Store

        other = copy.copy(self.reopen().adapter)
        other.artifacts = wrap(other.artifacts)
        return Store(replace(self.backend, adapter=other))

    # Models

    def source(self) -> str:
        """Log a run that has something to register under ``model``; give its id."""
        with self.start_run() as run:
            run.log_text("weights", "model/weights.txt")
        return str(run.id)

    def register(self, model: str) -> ModelVersion:
        """Register one more version of a model."""
        return self.store.registry.register(model, run_id=self.source(), artifact="model")

    def model(self, versions: int = 1) -> str:
        """Register a fresh model with so many versions, all made from one run."""
        name, run_id = self.name("model"), self.source()
        for _ in range(versions):
            self.store.registry.register(name, run_id=run_id, artifact="model")
        return name
