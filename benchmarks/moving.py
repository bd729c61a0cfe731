"""One migration, as `trackbridge migrate` does it; it must arrive whole."""

from __future__ import annotations

import time
from collections.abc import Callable

from benchmarks.migration_data import Bench
from trackbridge.migration import Engine, Migration, Selection, Side, Threads
from trackbridge.store import connect

__all__ = ["move", "move_on_ray", "timed"]


def move(source_url: str, target_url: str, data: Bench, *, workers: int = 4) -> None:
    """Move what was made, in threads."""
    with connect(source_url) as source, connect(target_url) as target:
        sides = Side.of(source), Side.of(target)
        engine = Threads(*sides, verify="full", workers=workers)
        _carry(sides, data, engine)
        engine.close()


def move_on_ray(source_url: str, target_url: str, data: Bench, *, workers: int) -> float:
    """Move it on a Ray cluster of this machine; give the seconds, without the cluster's own start."""
    from trackbridge.migration.cluster import Cluster

    with connect(source_url) as source, connect(target_url) as target:
        engine = Cluster(source.backend.url, target.backend.url, verify="full", workers=workers)
        sides = Side.of(source), Side.of(target)
        taken = timed(lambda: _carry(sides, data, engine))
        engine.close()
    return taken


def _carry(sides: tuple[Side, Side], data: Bench, engine: Engine) -> None:
    selection = Selection(experiments=(data.experiment,), models=(data.model,))
    result = Migration(*sides, selection, verify="full", engine=engine).run()
    assert result.good, [one for one in result.outcomes if not one.good]
    assert sum(one.kind == "run" for one in result.outcomes) == data.runs


def timed(work: Callable[[], object]) -> float:
    """Give the seconds that something takes."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun
