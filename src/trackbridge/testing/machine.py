"""A state machine: the same operations on a backend and on memory must leave the same (C1, C3, S4).

Every run is sent to both at once, so that ids and times are equal, and after each step digests, searches and models
are compared. Operations are drawn by hypothesis, the same ones every time.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import product
from typing import TYPE_CHECKING, Any

from trackbridge.errors import ConfigurationError, TrackbridgeError
from trackbridge.testing.expect import same

if TYPE_CHECKING:
    from trackbridge.records.trail import TrailEntry
    from trackbridge.store import Store
    from trackbridge.testing.lab import Lab

__all__ = ["Pair", "run_beside_memory"]

_QUERIES = (
    None,
    "params.p > 1 or tags.t = 'x'",
    "not metrics.m > 0.5",
    "metrics.m.min <= 0 and status != 'FAILED'",
    "params.p is null and name like '%'",
    "datasets.context = 'training'",
)
_ORDERS: tuple[list[str] | None, ...] = (None, ["metrics.m desc"], ["params.p", "name desc"])


def run_beside_memory(lab: Lab) -> None:
    """Drive the backend of `lab` beside memory, as many sequences as its scale says; raise what does not hold.

    Raises:
        ConfigurationError: hypothesis is not installed.
    """
    try:
        from hypothesis import HealthCheck, Phase, settings
        from hypothesis.stateful import run_state_machine_as_test

        from trackbridge.testing.rules import Beside
    except ImportError as error:
        raise ConfigurationError(
            "the contract suite needs hypothesis", remedy="Install it: pip install 'trackbridge[testing]'."
        ) from error
    run_state_machine_as_test(
        type("Beside", (Beside,), {"lab": lab}),
        settings=settings(
            max_examples=lab.scale.examples,
            stateful_step_count=12,
            derandomize=True,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )


class Pair:
    """The backend and memory, and what was made on both."""

    def __init__(self, lab: Lab) -> None:
        from trackbridge.store import connect

        self.lab = lab
        self.experiment = lab.name("machine")
        self.oracle_url = f"memory://{lab.name('oracle')}"
        self.stores: tuple[Store, Store] = (lab.store, connect(self.oracle_url))
        self.open: list[Any] = []
        self.ids: list[str] = []
        self.model = lab.name("model")
        self.versions = 0
        with lab.start_run(experiment=lab.name("source"), backend=[lab.url, self.oracle_url]) as source:
            source.log_text("weights", "model/weights.txt")
        self.source = source.id

    def start(self, **options: Any) -> None:
        """Start a run on both."""
        both = [self.lab.url, self.oracle_url]
        run = self.lab.start_run(**{"experiment": self.experiment, "backend": both, **options})
        self.open.append(run)
        if run.id not in self.ids:
            self.ids.append(run.id)

    def close(self) -> None:
        """End what is open."""
        for run in self.open:
            run.finish()
        self.stores[1].close()

    def both(self, act: Callable[[Store], object]) -> None:
        """Do the same to both; they must agree on what is refused."""
        outcomes = []
        for store in self.stores:
            try:
                act(store)
                outcomes.append("done")
            except TrackbridgeError as error:
                outcomes.append(type(error).__name__)
        same(outcomes[0], outcomes[1], "what became of it")

    def register(self) -> None:
        """Register one more version on both."""
        self.both(lambda store: store.registry.register(self.model, run_id=self.source, artifact="model"))
        self.versions += 1

    def agree(self, read: Callable[[Store], object], what: str) -> None:
        """Read the same from both."""
        here, there = (read(store) for store in self.stores)
        same(here, there, what)

    def found(self, store: Store, where: str | None = None, order: list[str] | None = None) -> list[str]:
        """Search one of both."""
        return [run.id for run in store.runs.search(where, experiments=[self.experiment], order_by=order)]

    def living(self) -> list[str]:
        """Give the runs that were not deleted."""
        self.agree(self.found, "the runs that are there")
        return sorted(self.found(self.stores[1]))

    def ended(self) -> list[str]:
        """Give the living runs that nobody has open."""
        return [one for one in self.living() if one not in {run.id for run in self.open}]

    def compare(self) -> None:
        """Look at everything that is there."""
        for run in self.open:
            run.flush()
        for run_id in self.living():
            here, there = (store.runs.get(run_id) for store in self.stores)
            for field in ("params", "tags", "metrics", "status", "name", "ended_ms"):
                same(getattr(here, field), getattr(there, field), f"the {field}")
            self.agree(partial(_digest, run_id), "the digest of a run")
        for where, order in product(_QUERIES, _ORDERS):
            self.agree(partial(self.found, where=where, order=order), f"what {where!r} finds in the order {order}")
        if self.versions:
            self.agree(partial(_shape, model=self.model), "the model")


def _digest(run_id: str, store: Store) -> str:
    return store.runs.digest(run_id)


def _shape(store: Store, model: str) -> dict[str, Any]:
    """Give a model without the times and hashes that two acts cannot share."""

    def entry(one: TrailEntry) -> list[Any]:
        return [one.n, one.action, one.version, one.stage, one.from_stage, list(one.archived), one.approval, one.alias]

    versions = [
        [one.number, one.stage, one.approval, sorted(one.aliases), one.tags, one.digest, one.run_id, one.artifact_path]
        for one in store.registry.versions(model)
    ]
    return {"versions": versions, "trail": [entry(one) for one in store.registry.history(model)]}
