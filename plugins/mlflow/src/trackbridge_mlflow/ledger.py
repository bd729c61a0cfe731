"""What MLflow has no place for: the trails of models, and the ids of runs that were purged.

They lie in runs of one experiment of our own, which listings leave out. One of them is the root: what is registered
there, in params, is registered once, for MLflow's params are written once. The root itself is one because it is made
before its experiment gets its name, and MLflow keeps names unique.
"""

from __future__ import annotations

import hashlib
import threading
import uuid
from typing import Any, Final

from trackbridge.errors import Conflict, IntegrityError, TrackbridgeError
from trackbridge_mlflow.client import Client
from trackbridge_mlflow.tags import ID, KIND

__all__ = ["LEDGER", "PURGED", "Ledger"]

LEDGER: Final = "trackbridge.ledger"
PURGED: Final = "purged"  # the kind of run that stands for one that was purged


class Ledger:
    """The ledger of one MLflow; made when first written to."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._lock = threading.Lock()
        self._root: tuple[str, str] | None = None

    def trail(self, model: str) -> str | None:
        """Give MLflow's id of the run that holds a model's trail; None where there is none yet."""
        registered = self._registered(_trail_key(model))
        return registered[max(registered)] if registered else None

    def ensure_trail(self, model: str) -> str:
        """Do the same, and make the run where there is none.

        The root's param has a generation in its name, so that a trail whose run was removed for good, as `mlflow gc`
        does, can be begun anew; that its entries are gone shows by the head that lies on the model.
        """
        key = _trail_key(model)
        while True:
            registered = self._registered(key)
            generation = max(registered, default=0)
            known = registered.get(generation)
            if known is not None and self._usable(known):
                return known
            experiment_id, root = self._opened()
            run = self._create_run(experiment_id, "trail", f"trail of {model}"[:250])
            if claim(self._client, root, f"{key}{generation + 1}", run):
                return run
            self._client.tracking.delete_run(run)  # another process was first

    def spend(self, run_id: str) -> None:
        """Write down that a run's id is spent (R7): a run that bears the id, is found by it, and shows nothing."""
        experiment_id = self._opened()[0]
        if not self._client.tracking.search_runs([experiment_id], f"tags.`{ID}` = '{run_id}'", _all(), 1, None, None):
            self._create_run(experiment_id, PURGED, f"purged {run_id}", {ID: run_id})

    def _registered(self, prefix: str) -> dict[int, str]:
        found = self._found()
        if found is None:
            return {}
        params = self._client.tracking.get_run(found[1]).data.params
        return {int(key.removeprefix(prefix)): value for key, value in params.items() if key.startswith(prefix)}

    def _usable(self, run: str) -> bool:
        found = self._client.run(run)
        if found is not None and found.info.lifecycle_stage != "active":
            self._client.tracking.restore_run(run)
        return found is not None

    def _opened(self) -> tuple[str, str]:
        with self._lock:
            return self._found() or self._made()

    def _found(self) -> tuple[str, str] | None:
        """Give experiment and root run, brought back where somebody deleted them."""
        if self._root is not None:
            return self._root
        experiment = self._client.experiment(LEDGER)
        if experiment is None:
            return None
        experiment_id = str(experiment.experiment_id)
        if experiment.lifecycle_stage != "active":
            self._client.tracking.restore_experiment(experiment_id)
        roots = list(self._client.runs([experiment_id], f"tags.`{KIND}` = 'root'"))
        if not roots:
            raise IntegrityError(
                f"the experiment {LEDGER!r} of {self._client.address.shown} has lost its root run",
                clause="G5",
                remedy="Restore the database, or rename that experiment to begin a new ledger without the old trails.",
            )
        root = min(roots, key=lambda run: (run.info.start_time, run.info.run_id)).info
        if root.lifecycle_stage != "active":
            self._client.tracking.restore_run(root.run_id)
        self._root = experiment_id, str(root.run_id)
        return self._root

    def _made(self) -> tuple[str, str]:
        tracking = self._client.tracking
        experiment_id = str(tracking.create_experiment(f"{LEDGER}.{uuid.uuid4().hex}"))
        self._create_run(experiment_id, "root", "root")
        try:
            tracking.rename_experiment(experiment_id, LEDGER)
        except TrackbridgeError:
            tracking.delete_experiment(experiment_id)
        found = self._found()
        if found is None:
            raise Conflict(f"{self._client.address.shown} does not let us name an experiment {LEDGER!r}", clause="G5")
        return found

    def _create_run(self, experiment_id: str, kind: str, name: str, tags: dict[str, str] | None = None) -> str:
        from mlflow.entities import RunTag

        native_tags = [RunTag(key, value) for key, value in {KIND: kind, **(tags or {})}.items()]
        run = self._client.tracking.create_run(experiment_id, "", 1, native_tags, name)
        return str(run.info.run_id)


def _trail_key(model: str) -> str:
    return f"trail.{hashlib.sha256(model.encode()).hexdigest()[:32]}."


def claim(client: Client, run: str, key: str, value: str) -> bool:
    """Write a param once; False where it has another value. MLflow's one conditional write."""
    from mlflow.entities import Param

    from trackbridge.errors import Rejected

    try:
        client.tracking.log_param(run, Param(key, value))
    except Rejected as error:
        if "Changing param values" not in str(error) and "already" not in str(error):
            raise
        return False
    return True


def _all() -> Any:
    from mlflow.entities import ViewType

    return ViewType.ALL
