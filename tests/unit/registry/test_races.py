"""Promotions at once: each entry has one author, an exclusive stage one version, and the mirror catches up (G4–G6)."""

from __future__ import annotations

import itertools
import random
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from trackbridge.adapters.memory.state import VersionRow, state_of
from trackbridge.errors import Conflict
from trackbridge.protocol import Backend, Mirror, NativeModel, RegistryStore, VersionSpec, open_backend
from trackbridge.records.trail import decode_entry, encode_entry, entry_hash
from trackbridge.registry import Registry

WRITERS = 8


@pytest.fixture(params=["memory", "local"])
def shared(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Backend]:
    url = f"memory://{tmp_path}" if request.param == "memory" else f"local://{tmp_path}/store"
    backend = open_backend(url)
    yield backend
    backend.adapter.close()


def at_once(act: Callable[[int], Any]) -> list[Any]:
    """Call `act` with 1 … 8 from as many threads, started together; errors are results too."""
    barrier = threading.Barrier(WRITERS)

    def one(number: int) -> Any:
        barrier.wait()
        try:
            return act(number)
        except Conflict as error:
            return error

    with ThreadPoolExecutor(WRITERS) as pool:
        return list(pool.map(one, range(1, WRITERS + 1)))


def prepared(store: RegistryStore, name: str) -> Registry:
    registry = Registry(store, name)
    for number in range(WRITERS):
        registry.create("fraud", VersionSpec(f"token {number}", None, "model", None, 0))
    return registry


def mirrored(store: RegistryStore) -> list[str]:
    return [version.state.stage for version in store.versions("fraud")]


def test_exclusive_promotions_leave_one_version_in_the_stage(shared: Backend) -> None:
    registry = prepared(shared.adapter.registry, str(shared.url))
    results = at_once(lambda number: registry.transition("fraud", number, "Production", archive_existing="all"))
    assert [result.stage for result in results] == ["Production"] * WRITERS
    history = registry.history("fraud")
    assert sorted(entry.version for entry in history) == list(range(1, WRITERS + 1))
    assert [entry.archived for entry in history] == [(), *((entry.version,) for entry in history[:-1])]
    (winner,) = registry.versions("fraud", "Production")
    assert winner.number == history[-1].version
    assert mirrored(shared.adapter.registry) == [version.stage for version in registry.versions("fraud")]
    assert all(version.outside == () for version in registry.versions("fraud"))


def test_of_writers_that_expect_one_stage_exactly_one_succeeds(shared: Backend) -> None:
    registry = prepared(shared.adapter.registry, str(shared.url))
    targets = ["Staging", "Production", "Archived", "Staging", "Production", "Archived", "Staging", "Production"]
    results = at_once(lambda number: registry.transition("fraud", 1, targets[number - 1], expected_stage="None"))
    assert sum(not isinstance(result, Conflict) for result in results) == 1
    assert len(registry.history("fraud")) == 1


def test_an_alias_fought_over_is_held_by_the_last_entry(shared: Backend) -> None:
    registry = prepared(shared.adapter.registry, str(shared.url))
    at_once(lambda number: registry.set_alias("fraud", "champion", number))
    assert registry.get("fraud", "champion").number == registry.history("fraud")[-1].version
    assert len(registry.history("fraud")) == WRITERS


class Unconditional:
    """A vendor without a conditional write: everybody may create entry n, and reading gives them all."""

    def __init__(self, store: RegistryStore) -> None:
        self._store = store
        self._stored: list[bytes] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def append_entry(self, model: str, n: int, data: bytes) -> bool:
        self._stored.append(data)
        return True

    def entries(self, model: str, start: int = 0) -> Iterator[bytes]:
        return iter(
            sorted((data for data in self._stored if decode_entry(data).n >= start), key=lambda d: decode_entry(d).n)
        )


def test_without_a_conditional_write_every_fork_is_told_and_the_trail_is_whole(tmp_path: Path) -> None:
    backend = open_backend(f"memory://{tmp_path}")
    vendor = Unconditional(backend.adapter.registry)
    registry = prepared(vendor, str(backend.url))  # type: ignore[arg-type]
    at_once(lambda number: registry.transition("fraud", number, "Production", archive_existing="all"))
    history = registry.history("fraud")
    assert {entry.version for entry in history} | {fork.version for fork in registry.forks("fraud")} == set(range(1, 9))
    assert len(history) + len(registry.forks("fraud")) == len(vendor._stored)
    assert len(registry.versions("fraud", "Production")) == 1


def test_the_winner_of_a_fork_mends_the_mirror_of_the_loser(tmp_path: Path) -> None:
    backend = open_backend(f"memory://{tmp_path}")
    vendor = Unconditional(backend.adapter.registry)
    registry = prepared(vendor, str(backend.url))  # type: ignore[arg-type]
    registry.transition("fraud", 1, "Production")
    (first,) = vendor._stored
    rivals = (encode_entry(replace(decode_entry(first), version=2, when_ms=when_ms)) for when_ms in itertools.count())
    rival = next(data for data in rivals if entry_hash(data) < entry_hash(first))
    vendor.append_entry("fraud", 0, rival)
    assert [v.stage for v in registry.versions("fraud")][:3] == ["None", "Production", "None"]
    assert all(version.outside == () for version in registry.versions("fraud"))
    registry.transition("fraud", 2, "Production")
    assert mirrored(backend.adapter.registry)[:3] == ["None", "Production", "None"]
    assert registry.forks("fraud") == (decode_entry(first),)


class PieceByPiece:
    """A vendor that shows a mirror field by field, and tells the oldest count that its fields may still be showing."""

    def __init__(self, store: RegistryStore, rows: Callable[[], dict[int, VersionRow]]) -> None:
        self._store, self._rows = store, rows
        self._latest: Mirror | None = None
        self._begun: dict[object, tuple[int, str]] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def get_model(self, name: str) -> NativeModel | None:
        native = self._store.get_model(name)
        shown = [*self._begun.values(), *([] if self._latest is None else [(self._latest.count, self._latest.head)])]
        return native and replace(native, mirrored=min(shown, default=None) if self._latest else None)

    def set_mirror(self, model: str, mirror: Mirror) -> None:
        mark = object()
        self._begun[mark] = (mirror.count, mirror.head)
        while True:
            newest = mirror if self._latest is None or self._latest.count < mirror.count else self._latest
            for number, state in newest.versions.items():
                time.sleep(random.uniform(0, 0.001))
                self._rows()[number].stage = state.stage
            if self._latest is None or self._latest.count <= newest.count:
                self._latest = newest
                break
        del self._begun[mark]


def test_a_mirror_in_the_making_is_never_taken_for_a_change_outside(tmp_path: Path) -> None:
    backend = open_backend(f"memory://{tmp_path}")
    vendor = PieceByPiece(backend.adapter.registry, lambda: state_of(str(tmp_path)).models["fraud"].versions)
    registry = prepared(vendor, str(backend.url))  # type: ignore[arg-type]
    over, seen = threading.Event(), []

    def watch() -> None:
        while not over.is_set():
            versions = registry.versions("fraud")
            seen.append((sum(v.stage == "Production" for v in versions), [v.number for v in versions if v.outside]))

    watcher = threading.Thread(target=watch)
    watcher.start()
    for _ in range(3):
        at_once(lambda number: registry.transition("fraud", number, "Production", archive_existing="all"))
    over.set()
    watcher.join()
    assert {outside for _, outsiders in seen for outside in outsiders} == set()
    assert {count for count, _ in seen} <= {0, 1}
    assert not any(entry.outside for entry in registry.history("fraud"))
    assert mirrored(backend.adapter.registry) == [version.stage for version in registry.versions("fraud")]


def test_two_backends_of_one_store_serialize_like_two_threads(tmp_path: Path) -> None:
    first, second = (open_backend(f"local://{tmp_path}/store") for _ in range(2))
    registries = [prepared(first.adapter.registry, "a"), Registry(second.adapter.registry, "b")]
    at_once(lambda number: registries[number % 2].transition("fraud", number, "Staging", archive_existing="all"))
    assert len(registries[0].versions("fraud", "Staging")) == 1
    assert len(registries[1].history("fraud")) == WRITERS
    first.adapter.close()
    second.adapter.close()
