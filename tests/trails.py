"""What every adapter's tests ask of audit trails: promotions at once, and damage that is named."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from trackbridge.errors import Conflict, IntegrityError
from trackbridge.protocol import VersionSpec, open_backend
from trackbridge.records.models import ModelVersion
from trackbridge.records.trail import decode_entry, encode_entry, entry_hash
from trackbridge.registry import Registry
from trackbridge.testing.probe import Probe

CALLERS = 8


def open_registry(url: str) -> tuple[Registry, Callable[[], None]]:
    backend = open_backend(url)
    return Registry(backend.adapter.registry, url), backend.adapter.close


def promotions_at_once(url: str, model: str, rounds: int) -> None:
    """Let eight callers, each with a connection of its own, promote a version each to an exclusive stage; and again.

    Whoever is told yes is an entry of the trail, whoever is told no is told of a conflict, and one version is in the stage.
    """
    opened = [open_registry(url) for _ in range(CALLERS)]
    registries = [registry for registry, _ in opened]
    for number in range(CALLERS):
        registries[0].create(model, VersionSpec(f"{model}-{number}", None, "model", None, 0))
    barrier = threading.Barrier(CALLERS)

    def promote(caller: int) -> ModelVersion | Conflict:
        registry = registries[caller]
        barrier.wait()
        try:
            plan = registry.plan(model, caller + 1, "Production", archive_existing="all")
            return registry.promote(plan, actor=f"caller {caller + 1}")
        except Conflict as conflict:
            return conflict

    try:
        with ThreadPoolExecutor(CALLERS) as pool:
            for _ in range(rounds):
                one_round(registries[0], model, lambda: list(pool.map(promote, range(CALLERS))))
    finally:
        for _, close in opened:
            close()


def one_round(registry: Registry, model: str, act: Callable[[], list[ModelVersion | Conflict]]) -> None:
    before = registry.history(model)
    was = {version.number for version in registry.versions(model, "Production")}
    answers = act()
    new = registry.history(model)[len(before) :]
    # A caller whose version was there when it planned had nothing to do, and was told so by its version.
    idle = {version.number for version in answers if isinstance(version, ModelVersion)} - {e.version for e in new}
    assert idle <= was
    assert [e.actor for e in new] == [f"caller {e.version}" for e in new]
    told = sorted(version.number for version in answers if isinstance(version, ModelVersion))
    assert told == sorted([*(e.version for e in new), *idle])
    assert sum(isinstance(answer, Conflict) for answer in answers) == CALLERS - len(told)
    (winner,) = registry.versions(model, "Production")
    assert winner.number == ([*was, *(e.version for e in new)] or [0])[-1]
    assert all(version.outside == () for version in registry.versions(model))
    assert registry.forks(model) == ()


def decided(registry: Registry, model: str) -> None:
    """Take five decisions about a model."""
    for number in range(3):
        registry.create(model, VersionSpec(f"{model}-{number}", None, "model", None, 0))
    registry.transition(model, 1, "Staging", actor="ann")
    registry.approve(model, 1, actor="bob")
    registry.transition(model, 1, "Production", actor="ann")
    registry.transition(model, 2, "Production", archive_existing="all", actor="cid")
    registry.set_alias(model, "champion", 2, actor="dan")


def edit(entries: list[bytes]) -> None:
    entries[2] = encode_entry(replace(decode_entry(entries[2]), actor="mallory"))


def remove(entries: list[bytes]) -> None:
    del entries[1]


def reorder(entries: list[bytes]) -> None:
    entries[1], entries[3] = entries[3], entries[1]


def truncate(entries: list[bytes]) -> None:
    del entries[3:]


def forge(entries: list[bytes]) -> None:
    """Rewrite an entry and all after it, so that the chain holds: only the head on the model tells."""
    edit(entries)
    for n in range(3, len(entries)):
        entries[n] = encode_entry(replace(decode_entry(entries[n]), previous=entry_hash(entries[n - 1])))


DAMAGES = {
    edit: r"entry 2 of .* was edited",
    remove: r"entry 1 of .* was removed",
    reorder: r"entry [13] of .* (was moved|was edited|cannot be read)",
    truncate: r"entry 3 of .* was removed",
    forge: r"entry 4 of .* was edited: the model remembers another hash",
}
each_damage = pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)


def damage_is_named(url: str, probe: Probe, model: str, damage: Callable[[list[bytes]], None]) -> None:
    """Damage a stored trail past the adapter; whoever reads the model next is told which entry it is, and acts no more."""
    registry, close = open_registry(url)
    decided(registry, model)
    assert len(registry.history(model)) == 5
    probed = probe.model(model)
    assert probed is not None
    entries = list(probed.entries)
    damage(entries)
    probe.replace_entries(model, tuple(entries))
    reader, close_reader = open_registry(url)
    try:
        for act in (reader.history, reader.versions, lambda name: reader.transition(name, 3, "Production")):
            with pytest.raises(IntegrityError, match=DAMAGES[damage]) as caught:
                act(model)
            assert repr(model) in str(caught.value)
    finally:
        close()
        close_reader()
