"""Runs carried by a Ray cluster: the same unit as a task, so that any worker or node may die and nothing is lost.

Progress lies in the target, in the marks that finished runs bear: a task that Ray does again finds what the one that
died has left, and finishes it. The driver hands out no more tasks than there are workers, and holds outcomes alone.
"""

from __future__ import annotations

import hashlib
import socket
import threading
import time
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import islice
from typing import Any, Final, TypeAlias

from trackbridge.errors import ConfigurationError, Unsupported
from trackbridge.migration.attempts import PATIENCE_S, Patience, attempt
from trackbridge.migration.carrying import Verify, carry_run
from trackbridge.migration.outcomes import Failure, Outcome
from trackbridge.migration.sides import Side
from trackbridge.protocol import BackendUrl, open_backend
from trackbridge.protocol.discovery import find_adapter
from trackbridge.store import Store

__all__ = ["Cluster", "Turns"]

_CONNECT_TIMEOUT_S: Final = 10.0
_RETRIES: Final = 20  # how often Ray does a task again whose worker or node died
_NAMESPACE: Final = "trackbridge"
_End: TypeAlias = tuple[BackendUrl, Any]  # a backend, and the actor that hands out its turns, if any


class Cluster:
    """Carries runs as tasks of a Ray cluster; see `trackbridge.migration.Engine`.

    Args:
        source: Where runs are; every node must reach it by this URL.
        target: Where they go, likewise.
        verify: How much is read back.
        workers: How many at once, over all nodes.
        address: The cluster's address, or "auto"; None makes one on this machine, unless Ray is running here already.
        rate: The most calls a second to either backend, over all workers; what an adapter declares holds as well.
        patience_s: How long failures that may pass are waited out.

    Raises:
        ConfigurationError: Ray is not installed, or there is no cluster.
        Unsupported: a backend that lives in one process.
    """

    def __init__(
        self,
        source: BackendUrl,
        target: BackendUrl,
        *,
        verify: Verify,
        workers: int = 4,
        address: str | None = None,
        rate: float | None = None,
        patience_s: float = PATIENCE_S,
    ) -> None:
        for url in (source, target):
            _refuse_process_bound(url)
        self._ray = _ray()
        self._own = not self._ray.is_initialized()
        if self._own:
            _connect(self._ray, address, workers)
        self._workers = workers
        ends = tuple((url, _turns(self._ray, url, rate)) for url in (source, target))
        self._order = (ends, verify, patience_s)
        self._task = self._ray.remote(max_retries=_RETRIES, scheduling_strategy="SPREAD")(_carry)

    def carry(self, run_ids: Iterable[str]) -> Iterator[Outcome]:
        """See `trackbridge.migration.Engine.carry`."""
        waiting = iter(run_ids)
        under_way = {self._submit(run_id): run_id for run_id in islice(waiting, self._workers)}
        while under_way:
            (done,), _ = self._ray.wait(list(under_way), num_returns=1)
            run_id = under_way.pop(done)
            under_way.update((self._submit(more), more) for more in islice(waiting, 1))
            yield self._outcome(done, run_id)

    def close(self) -> None:
        """Leave the cluster; one that was made here ends."""
        if self._own:
            self._ray.shutdown()

    def _submit(self, run_id: str) -> Any:
        return self._task.remote(run_id, *self._order)

    def _outcome(self, done: Any, run_id: str) -> Outcome:
        try:
            outcome: Outcome = self._ray.get(done)
        except self._ray.exceptions.RayError as error:  # its workers died again and again
            lost = Failure(type(error).__name__, " ".join(str(error).split())[:500], None, "Look at Ray's logs.")
            return Outcome("run", run_id, "failed", name=run_id, failure=lost)
        return outcome


class Turns:
    """Hands out the turns of one backend to all workers of a cluster: an actor, which answers at once.

    Args:
        calls_per_s: How many turns a second.
    """

    def __init__(self, calls_per_s: float) -> None:
        self._gap_s = 1.0 / calls_per_s
        self._free_at = 0.0

    def take(self) -> float:
        """Take a turn; give the seconds until it comes."""
        now = time.monotonic()
        begin = max(now, self._free_at)
        self._free_at = begin + self._gap_s
        return begin - now


class _Queue:
    """Waits for turns of an actor; see `trackbridge.migration.pacing.Pacer`."""

    def __init__(self, turns: Any) -> None:
        self._turns = turns

    def wait(self) -> None:
        time.sleep(_ray().get(self._turns.take.remote()))


def _carry(run_id: str, ends: tuple[_End, _End], verify: Verify, patience_s: float) -> Outcome:
    """Carry one run, on a worker: the stores are opened once a process."""
    left, right = (_side(url.text, queue) for url, queue in ends)
    patience = _patience(patience_s)
    return attempt("run", run_id, lambda: carry_run(left, right, run_id, verify=verify), patience)


_SIDES: Final[dict[str, Side]] = {}
_LOCK: Final = threading.Lock()


def _side(url: str, turns: Any) -> Side:
    with _LOCK:
        if url not in _SIDES:
            _SIDES[url] = Side.of(Store(open_backend(url)), None if turns is None else _Queue(turns))
        return _SIDES[url]


@cache
def _patience(total_s: float) -> Patience:
    return Patience(total_s)


def _turns(ray: Any, url: BackendUrl, rate: float | None) -> Any:
    """Give the actor that all workers of a backend share, those of other migrations of this cluster too."""
    declared = find_adapter(url).limits(url).requests_per_s
    wanted = min((one for one in (rate, declared) if one is not None), default=None)
    if wanted is None:
        return None
    name = f"turns-{hashlib.sha256(url.text.encode()).hexdigest()[:16]}-{wanted}"
    options = {"name": name, "namespace": _NAMESPACE, "get_if_exists": True, "max_restarts": -1, "max_task_retries": -1}
    return ray.remote(num_cpus=0)(Turns).options(**options).remote(wanted)


def _refuse_process_bound(url: BackendUrl) -> None:
    if absent := find_adapter(url).capabilities.absent("cross_process"):
        raise Unsupported(
            f"{url} cannot be used by the workers of a cluster: {absent.reason}",
            capability="cross_process",
            clause="R8",
            remedy="Use the local engine, or a backend that several processes can share.",
        )


def _connect(ray: Any, address: str | None, workers: int) -> None:
    _reach(address or "")
    options: dict[str, Any] = {"address": address} if address else {"num_cpus": workers, "include_dashboard": False}
    try:
        ray.init(**options, namespace=_NAMESPACE, log_to_driver=False, configure_logging=False)
    except (ConnectionError, ValueError, RuntimeError) as error:
        raise ConfigurationError(
            f"there is no Ray cluster at {address or 'this machine'}: {error}",
            remedy="Start one with `ray start --head`, or leave --address out.",
        ) from error


def _reach(address: str) -> None:
    """Try a host and port, for Ray itself would try for minutes, and then end this process."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not (host and port.isdigit()):
        return
    try:
        socket.create_connection((host, int(port)), _CONNECT_TIMEOUT_S).close()
    except OSError as error:
        raise ConfigurationError(
            f"there is no Ray cluster at {address}: {error}",
            remedy="Start one with `ray start --head`, or leave --address out.",
        ) from error


def _ray() -> Any:
    try:
        import ray
        import ray.exceptions
    except ImportError as error:
        raise ConfigurationError(
            "the engine 'ray' needs Ray, which is not installed", remedy="Install it: pip install 'trackbridge[ray]'."
        ) from error
    return ray
