"""From trackbridge's ids of runs to MLflow's (R1): by tag for our runs, through a map for foreign ones."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from trackbridge.errors import Conflict, NotFound
from trackbridge.records.ids import check_run_id, foreign_run_id
from trackbridge_mlflow.client import Client
from trackbridge_mlflow.experiments import Experiments
from trackbridge_mlflow.ledger import PURGED
from trackbridge_mlflow.native import run_id_of
from trackbridge_mlflow.tags import ID, KIND
from trackbridge_mlflow.twins import precedence

__all__ = ["Finder"]

_IDS_PER_QUERY: Final = 200
_VERSION_NIBBLE, _UUID5 = 12, "5"


class Finder:
    """Finds runs, and remembers which native runs an id has.

    What is remembered is only ever a hint for writing and for asking by MLflow's id: whether a run exists, was deleted
    or has a twin is always asked of MLflow.
    """

    def __init__(self, client: Client, experiments: Experiments) -> None:
        self._client = client
        self._experiments = experiments
        self._lock = threading.Lock()
        self._natives: dict[str, tuple[str, ...]] = {}
        self._ids: dict[str, str] = {}
        self._foreign_since: int | None = None
        self._everywhere: Sequence[str] = []  # MLflow searches in named experiments only, the ledger among them
        self._glances = threading.local()

    @contextmanager
    def glance(self) -> Iterator[None]:
        """Ask MLflow but once for each run that this thread looks at or reads within; see `trackbridge.protocol.glance`."""
        before = self._seen()
        self._glances.seen = {}
        try:
            yield
        finally:
            self._glances.seen = before

    def _seen(self) -> dict[str, list[Any]] | None:
        seen: dict[str, list[Any]] | None = getattr(self._glances, "seen", None)
        return seen

    def find(self, run_id: str) -> list[Any]:
        """Give MLflow's runs of an id, the leading one first, deleted ones too; mostly one.

        Raises:
            Conflict: the id is spent, its run was purged (R7).
        """
        seen = self._seen()
        if seen is None:
            return self._found(run_id)
        if run_id not in seen:
            known = [self._client.run(native) for native in self._natives.get(run_id, ())]
            seen[run_id] = [run for run in known if run is not None] or self._found(run_id)
        return list(seen[run_id])

    def _found(self, run_id: str) -> list[Any]:
        found, spent = self.tagged(check_run_id(run_id))
        if spent:
            raise Conflict(f"the run {run_id} was purged: its id is spent", clause="R7", remedy="Take a new id.")
        if not found and run_id[_VERSION_NIBBLE] == _UUID5:
            native_id = self._foreign(run_id)
            run = None if native_id is None else self._client.run(native_id)
            found = [] if run is None else [run]
        found.sort(key=precedence)
        if found:
            self.remember(run_id, found)
        return found

    def several(self, run_ids: Sequence[str]) -> list[Any]:
        """Give MLflow's runs of many ids in few requests; unknown and purged ids are left out."""
        known = [native for run_id in run_ids for native in self._natives.get(run_id, ())]
        found: list[Any] = []
        for start in range(0, len(known), _IDS_PER_QUERY):
            ids = ", ".join(f"'{native}'" for native in known[start : start + _IDS_PER_QUERY])
            found += self._client.runs(self._everywhere, f"attributes.run_id IN ({ids})")
        for run_id in dict.fromkeys(run_ids):
            if run_id not in self._natives:
                try:
                    found += self.find(run_id)
                except Conflict:
                    continue
        return found

    def natives(self, run_id: str) -> tuple[str, ...]:
        """Give MLflow's ids of a run, the leading one first.

        Raises:
            NotFound: there is no such run.
        """
        known = self._natives.get(run_id)
        self.look_again(run_id)  # who asks this is about to write
        if known is None:
            self.existing(run_id)
            known = self._natives[run_id]
        return known

    def run_id(self, native_id: str) -> str | None:
        """Give trackbridge's id of one of MLflow's runs; None where there is no such run."""
        known = self._ids.get(native_id)
        if known is None:
            run = self._client.run(native_id)
            if run is None:
                return None
            known = self._ids[native_id] = run_id_of(run)
        return known

    def remember(self, run_id: str, runs: Iterable[Any]) -> None:
        """Keep what was just seen."""
        natives = tuple(run.info.run_id for run in runs)
        self._natives[run_id] = natives
        self._ids.update(dict.fromkeys(natives, run_id))

    def look_again(self, run_id: str) -> None:
        """Hear that a run is being changed: what a glance has seen of it holds no more."""
        if (seen := self._seen()) is not None:
            seen.pop(run_id, None)

    def forget(self, run_id: str) -> None:
        """Forget a run that is gone."""
        for native in self._natives.pop(run_id, ()):
            self._ids.pop(native, None)

    def existing(self, run_id: str) -> list[Any]:
        """Give MLflow's runs of an id, the leading one first.

        Raises:
            NotFound: there is no such run.
        """
        try:
            found = self.find(run_id)
        except Conflict:
            found = []
        if not found:
            raise NotFound(f"there is no run {run_id} in {self._client.address.shown}", clause="R1")
        return found

    def tagged(self, run_id: str) -> tuple[list[Any], bool]:
        """Give MLflow's runs that bear an id, and whether the id is spent: a purge may have been cut short."""
        found = self._tagged(run_id)
        kept = [run for run in found if run.data.tags.get(KIND) != PURGED]
        return kept, len(kept) < len(found)

    def _tagged(self, run_id: str) -> list[Any]:
        where = f"tags.`{ID}` = '{run_id}'"
        found = list(self._client.runs(self._everywhere, where))
        if not found:
            before, self._everywhere = self._everywhere, [one.experiment_id for one in self._client.experiments()]
            if before != self._everywhere:
                found = list(self._client.runs(self._everywhere, where))
        return found

    def _foreign(self, run_id: str) -> str | None:
        """Look an id up among the foreign runs: all of them once, afterwards only what began since."""
        with self._lock:
            if run_id not in self._natives:
                where = f"tags.`{ID}` IS NULL"
                if self._foreign_since is not None:
                    where += f" and attributes.start_time >= {self._foreign_since}"
                for run in self._client.runs(self._experiments.ids(None), where):
                    self.remember(foreign_run_id(run.info.run_id), [run])
                    self._foreign_since = max(self._foreign_since or 0, run.info.start_time or 0)
        return self._natives.get(run_id, (None,))[0]
