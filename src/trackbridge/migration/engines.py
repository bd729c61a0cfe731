"""Who does the units of a migration: a few threads of this process; `trackbridge.migration.cluster` has another way."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import islice
from typing import Final, Protocol

from trackbridge.migration.attempts import Patience, attempt
from trackbridge.migration.carrying import Verify, carry_run
from trackbridge.migration.outcomes import Outcome
from trackbridge.migration.sides import Side

__all__ = ["Engine", "Threads"]

_AHEAD: Final = 2  # units handed out beyond those being done, so that no worker waits and nothing piles up


class Engine(Protocol):
    """Does units at once; the next is taken only when there is room for it."""

    def carry(self, run_ids: Iterable[str]) -> Iterator[Outcome]:
        """Carry these runs, in any order; give an outcome for each, as they come."""

    def close(self) -> None:
        """Let go of the workers."""


class Threads:
    """Carries runs in threads of this process.

    Args:
        source: Where they are.
        target: Where they go.
        verify: How much is read back.
        workers: How many at once.
        patience: How long failures that may pass are waited out.
    """

    def __init__(
        self, source: Side, target: Side, *, verify: Verify, workers: int = 4, patience: Patience | None = None
    ) -> None:
        self._source = source
        self._target = target
        self._verify: Verify = verify
        self._workers = workers
        self._patience = patience or Patience()
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="trackbridge-migrate")

    def carry(self, run_ids: Iterable[str]) -> Iterator[Outcome]:
        """See `Engine.carry`."""
        return streamed(run_ids, lambda run_id: self._pool.submit(self._carry, run_id), self._workers * _AHEAD)

    def close(self) -> None:
        """Wait for what is being done; begin nothing more."""
        self._pool.shutdown(cancel_futures=True)

    def _carry(self, run_id: str) -> Outcome:
        return attempt(
            "run",
            run_id,
            lambda: carry_run(self._source, self._target, run_id, verify=self._verify),
            self._patience,
        )


def streamed(run_ids: Iterable[str], submit: Callable[[str], Future[Outcome]], most: int) -> Iterator[Outcome]:
    """Keep at most `most` units handed out; give each outcome when it is there."""
    waiting = iter(run_ids)
    under_way = {submit(run_id) for run_id in islice(waiting, most)}
    while under_way:
        done, under_way = wait(under_way, return_when=FIRST_COMPLETED)
        under_way |= {submit(run_id) for run_id in islice(waiting, len(done))}
        for future in done:
            yield future.result()
