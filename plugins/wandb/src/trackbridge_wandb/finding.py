"""From trackbridge's ids of runs to W&B's runs (R1): through the ledger for ours, through a map for foreign ones."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from typing import Any, Final

from trackbridge.errors import NotFound
from trackbridge.records.ids import check_run_id, foreign_run_id
from trackbridge_wandb.client import Client
from trackbridge_wandb.document import Document
from trackbridge_wandb.experiments import Experiments
from trackbridge_wandb.ledger import Ledger
from trackbridge_wandb.streams import STREAM

__all__ = ["Finder"]

_IDS_PER_QUERY: Final = 50
_VERSION_NIBBLE, _UUID5 = 12, "5"
_KIND: Final = "run"


class Finder:
    """Finds W&B's runs, and remembers which project an id is in; whether it is there is always asked of W&B."""

    def __init__(self, client: Client, ledger: Ledger, experiments: Experiments) -> None:
        self._client = client
        self._ledger = ledger
        self._experiments = experiments
        self._lock = threading.Lock()
        self._places: dict[str, tuple[str, str]] = {}  # an id's project, and its run's name there
        self._spent: set[str] = set()
        self._ids: dict[tuple[str, str], str] = {}  # by a run's project and its name there

    def find(self, run_id: str) -> list[dict[str, Any]]:
        """Give W&B's runs of an id: the one that shows it, then further writers' by number; mostly one."""
        place = self._place(check_run_id(run_id))
        if place is None:
            return []
        return sorted(self._client.runs(place[0], _filter([(run_id, place[1])])), key=_number)

    def existing(self, run_id: str) -> list[dict[str, Any]]:
        """Give W&B's runs of an id.

        Raises:
            NotFound: there is no such run.
        """
        found = self.find(run_id)
        if not found:
            raise NotFound(f"there is no run {run_id} in {self._client.address.shown}", clause="R1")
        return found

    def several(self, run_ids: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
        """Give W&B's runs of many ids in few requests; an unknown id is left out."""
        projects: dict[str, list[tuple[str, str]]] = {}
        self._learn([run_id for run_id in dict.fromkeys(run_ids) if run_id not in self._places])
        for run_id in dict.fromkeys(run_ids):
            place = self._place(check_run_id(run_id))
            if place is not None:
                projects.setdefault(place[0], []).append((run_id, place[1]))
        found: dict[str, list[dict[str, Any]]] = {}
        for project, named in projects.items():
            for start in range(0, len(named), _IDS_PER_QUERY):
                for run in self._client.runs(project, _filter(named[start : start + _IDS_PER_QUERY])):
                    found.setdefault(self.run_id(run), []).append(run)
        return {run_id: sorted(runs, key=_number) for run_id, runs in found.items()}

    def place(self, run_id: str) -> tuple[str, str]:
        """Give the project and the name of W&B's run that shows an id.

        Raises:
            NotFound: there is no such run.
        """
        place = self._place(check_run_id(run_id))
        if place is None:
            raise NotFound(f"there is no run {run_id} in {self._client.address.shown}", clause="R1")
        return place

    def is_spent(self, run_id: str) -> bool:
        """Tell whether an id's run was purged."""
        self._place(run_id)
        return run_id in self._spent

    def register(self, run_id: str, project: str) -> None:
        """Write down where an id's run is, before it is made."""
        self._ledger.put(run_id, {"project": project}, kind=_KIND)
        self._places[run_id] = project, run_id

    def spend(self, run_id: str, project: str) -> None:
        """Write down that an id's run was purged."""
        self._ledger.put(run_id, {"project": project, "purged": True}, kind=_KIND)
        self._spent.add(run_id)
        self._places.pop(run_id, None)

    def run_id(self, run: dict[str, Any]) -> str:
        """Give trackbridge's id of one of W&B's runs: what its config says, or what follows from its name."""
        own = Document(run["config"]).own
        if "id" in own:
            return str(own["id"])
        project, name = run["project_name"], str(run["name"])
        known = self._places.get(name)
        if known is not None and known[0] == project:
            return name  # being made
        run_id = foreign_run_id(name, account=f"{self._client.address.entity}/{project}")
        self._places[run_id] = project, name
        return run_id

    def ids(self, project: str, names: Sequence[str]) -> dict[str, str]:
        """Give trackbridge's ids of W&B's runs by their names; those that were given once are not asked for again."""
        missing = sorted({name for name in names if (project, name) not in self._ids})
        for start in range(0, len(missing), _IDS_PER_QUERY):
            for run in self._client.runs(project, {"name": {"$in": missing[start : start + _IDS_PER_QUERY]}}):
                self._ids[project, str(run["name"])] = self.run_id(run)
        return {name: self._ids[project, name] for name in names if (project, name) in self._ids}

    def streams(self, project: str) -> dict[str, list[dict[str, Any]]]:
        """Give the further writers' runs of a project by trackbridge's id."""
        found: dict[str, list[dict[str, Any]]] = {}
        for run in self._client.runs(project, {"jobType": STREAM}):
            found.setdefault(str(run["group"]), []).append(run)
        return found

    def shared_projects(self) -> set[str]:
        """Give the projects in which any run has further writers' runs."""
        return {str(record["project"]) for _, record in self._ledger.kind(STREAM)}

    def _place(self, run_id: str) -> tuple[str, str] | None:
        known = self._places.get(run_id)
        if known is not None:
            return known
        record = self._ledger.get(run_id)
        if record is not None and record.get("purged"):
            self._spent.add(run_id)
            return None
        if record is not None and "project" in record:
            self._places[run_id] = record["project"], run_id
        elif run_id[_VERSION_NIBBLE] == _UUID5:
            self._learn_foreign(run_id)
        return self._places.get(run_id)

    def _learn(self, run_ids: Sequence[str]) -> None:
        """Look many ids up at once, where that is worth while."""
        for start in range(0, len(run_ids) if len(run_ids) > 1 else 0, _IDS_PER_QUERY):
            for run_id, record in self._ledger.several(run_ids[start : start + _IDS_PER_QUERY]).items():
                if "project" in record and not record.get("purged"):
                    self._places[run_id] = record["project"], run_id

    def _learn_foreign(self, run_id: str) -> None:
        """Look through the runs of all projects for a foreign one's id."""
        with self._lock:
            for run in self._foreign():
                if self.run_id(run) == run_id:
                    return

    def _foreign(self) -> Iterator[dict[str, Any]]:
        for project in self._experiments.projects(None):
            yield from self._client.runs(project)


def _filter(named: Sequence[tuple[str, str]]) -> dict[str, Any]:
    groups = {"group": {"$in": [run_id for run_id, _ in named]}, "jobType": STREAM}
    return {"$or": [{"name": {"$in": [name for _, name in named]}}, groups]}


def _number(run: dict[str, Any]) -> int:
    return int(Document(run["config"]).own.get("stream", 0))
