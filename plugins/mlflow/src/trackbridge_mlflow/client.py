"""One MLflow, opened on first use and shared by all families of the adapter."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property, wraps
from typing import Any, Final

import stamina

from trackbridge.errors import Conflict, NotFound
from trackbridge.records.metrics import MetricPoint
from trackbridge_mlflow.address import Address
from trackbridge_mlflow.errors import LostRace, translated

__all__ = ["Client"]

_PAGE_RUNS: Final = 1_000
_MAX_PAGE_RUNS: Final = 50_000  # MLflow's own limit
_PAGE_EXPERIMENTS: Final = 5_000
_BODY_BYTES: Final = 800_000
_POINT_BYTES: Final = 120


class Client:
    """MLflow's two stores behind one address.

    Opening it costs nothing; MLflow is imported, and its database or server met, at the first call of anything.
    """

    def __init__(self, address: Address) -> None:
        self.address = address
        self._lock = threading.RLock()
        self._stores: tuple[Any, Any] | None = None
        self._experiments: dict[str, str] = {}

    @cached_property
    def wire(self) -> Any:
        """The requests to the server."""
        from trackbridge_mlflow.rest import Wire

        return Wire(self.address)

    @property
    def tracking(self) -> Any:
        """MLflow's tracking store; what it raises is translated."""
        return _Translated(self._open()[0], self.address.shown)

    @property
    def registry(self) -> Any:
        """MLflow's registry store; what it raises is translated."""
        return _Translated(self._open()[1], self.address.shown)

    def prepare(self) -> None:
        """Open the database if it is a file of this machine, so that its tables are there."""
        if self.address.tracking_uri.startswith("sqlite:"):
            self._open()

    def _open(self) -> tuple[Any, Any]:
        if self._stores is None:
            with self._lock:
                if self._stores is None:
                    with translated(self.address.shown):
                        self._stores = self._opened()
        return self._stores

    def _opened(self) -> tuple[Any, Any]:
        if self.address.is_server:
            from trackbridge_mlflow.rest import registry_store, tracking_store

            return tracking_store(self.wire), registry_store(self.wire)
        if self.address.is_folder:
            from trackbridge_mlflow.folder import open_folder

            return open_folder(self.address)
        from trackbridge_mlflow.database import open_stores

        return open_stores(self.address)

    def close(self) -> None:
        """Forget everything; MLflow itself keeps connections for the process."""
        with self._lock:
            self._stores = None
            self._experiments.clear()

    # Experiments

    def experiment(self, name: str) -> Any | None:
        """Give MLflow's record of an experiment, a deleted one too."""
        try:
            found = self.tracking.get_experiment_by_name(name)
        except NotFound:
            return None
        if found is not None:
            self._experiments[found.experiment_id] = found.name
        return found

    def experiments(self, *, deleted: bool = True) -> Iterator[Any]:
        """Give MLflow's records of all experiments."""
        from mlflow.entities import ViewType

        view = ViewType.ALL if deleted else ViewType.ACTIVE_ONLY
        token, seen = None, set()
        while True:
            page = self.tracking.search_experiments(
                view_type=view, max_results=_PAGE_EXPERIMENTS, order_by=["experiment_id ASC"], page_token=token
            )
            for experiment in page:
                if experiment.experiment_id not in seen:
                    seen.add(experiment.experiment_id)
                    self._experiments[experiment.experiment_id] = experiment.name
                    yield experiment
            token = page.token
            if not token:
                return

    def experiment_name(self, experiment_id: str) -> str:
        """Give the name of an experiment by MLflow's id."""
        known = self._experiments.get(experiment_id)
        if known is None:
            known = self._experiments[experiment_id] = self.tracking.get_experiment(experiment_id).name
        return known

    # Runs

    def runs(
        self, experiment_ids: Sequence[str], where: str = "", *, deleted: bool | None = None, page: int = _PAGE_RUNS
    ) -> Iterator[Any]:
        """Give MLflow's runs by start time, each once, whatever is written meanwhile (S5).

        MLflow's page tokens are offsets, which shift when a run comes or goes. So each page is asked for anew, from the
        start time of the last run on; where one moment fills a page, the page grows.

        Args:
            experiment_ids: MLflow's ids.
            where: A filter in MLflow's language.
            deleted: Only those, or only others; None for both.
            page: Runs to ask for at once.
        """
        from mlflow.entities import ViewType

        if not experiment_ids:
            return
        view = {None: ViewType.ALL, True: ViewType.DELETED_ONLY, False: ViewType.ACTIVE_ONLY}[deleted]
        since: int | None = None
        seen: set[str] = set()
        while True:
            clauses = [where] if where else []
            if since is not None:
                clauses.append(f"attributes.start_time >= {since}")
            found = self.tracking.search_runs(
                list(experiment_ids), " and ".join(clauses), view, page, ["attributes.start_time ASC"], None
            )
            yield from (run for run in found if run.info.run_id not in seen)
            if len(found) < page:
                return
            last = found[-1].info.start_time
            if last == since:
                if page >= _MAX_PAGE_RUNS:
                    raise Conflict(
                        f"more than {page} runs of {self.address.shown} began at {last} ms",
                        clause="S5",
                        remedy="MLflow cannot page through them; search them by experiment.",
                    )
                page = min(page * 4, _MAX_PAGE_RUNS)
            since = last
            seen = {run.info.run_id for run in found if run.info.start_time == last}

    def run(self, native_id: str) -> Any | None:
        """Give MLflow's run by its own id; None where there is none."""
        try:
            return self.tracking.get_run(native_id)
        except NotFound:
            return None

    # Points

    def log_points(self, native_id: str, points: Sequence[MetricPoint]) -> None:
        """Send at most 1,000 points as one batch."""
        self.log_batch(native_id, {}, points)

    def log_batch(self, native_id: str, params: Mapping[str, str], points: Sequence[MetricPoint]) -> None:
        """Send at most 1,000 params and points together, at most 100 of them params, in as few requests as can be."""
        # MLflow refuses more than 10^6 bytes; in JSON a character of a name may be six.
        most = _BODY_BYTES // (_POINT_BYTES + 6 * max((len(point[0]) for point in points), default=0))
        for start in range(0, max(1, len(points)), most):
            self._log_batch(native_id, {} if start else params, points[start : start + most])

    def _log_batch(self, native_id: str, params: Mapping[str, str], points: Sequence[MetricPoint]) -> None:
        if self.address.is_server:
            from trackbridge_mlflow.rest import log_batch

            log_batch(self.wire, native_id, params, points)
            return
        from mlflow.entities import Metric, Param

        metrics = [Metric(name, value, time, step) for name, step, time, value in points]
        self.tracking.log_batch(native_id, metrics, [Param(key, value) for key, value in params.items()], [])

    def history(
        self, native_id: str, name: str, size: int, token: str | None
    ) -> tuple[list[tuple[int, int, float]], str | None]:
        """Give a page of a series as (step, timestamp in ms, value), and the token of the next page."""
        if self.address.is_server:
            from trackbridge_mlflow.rest import history_page

            return history_page(self.wire, native_id, name, size, token)
        if self.address.is_folder:  # its reader knows no pages
            rows = self.tracking.get_metric_history(native_id, name)
            return [(point.step, point.timestamp, point.value) for point in rows], None
        page = self.tracking.get_metric_history(native_id, name, size, token)
        return [(point.step, point.timestamp, point.value) for point in page], page.token


class _Translated:
    """A store all of whose methods raise trackbridge's errors."""

    __slots__ = ("_shown", "_store")

    def __init__(self, store: Any, shown: str) -> None:
        self._store = store
        self._shown = shown

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._store, name)

        @wraps(method)
        def call(*args: Any, **kwargs: Any) -> Any:
            with translated(self._shown):
                return method(*args, **kwargs)

        return stamina.retry(on=LostRace, attempts=5, wait_initial=0.02, wait_max=0.5)(call)
