"""A writer that dies between its steps leaves a trail that reads right and is repaired by the next writer (G5)."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest

from trackbridge.adapters.memory.state import ModelState, state_of
from trackbridge.errors import Transient
from trackbridge.protocol import Backend, RegistryStore
from trackbridge.records.models import ModelVersion
from trackbridge.registry import Registry

Make = Callable[..., list[ModelVersion]]


class Killed(BaseException):
    """The process is gone: nothing of ours may catch this."""


class Deadly:
    """A registry store whose process dies, or whose network does, at one of its calls."""

    def __init__(self, store: RegistryStore, method: str, end: BaseException) -> None:
        self._store, self._method, self._end = store, method, end

    def __getattr__(self, name: str) -> Any:
        if name == self._method:
            raise self._end
        return getattr(self._store, name)


@pytest.fixture
def dying(backend: Backend) -> Callable[[str, BaseException], Registry]:
    return lambda method, end: Registry(Deadly(backend.adapter.registry, method, end), str(backend.url))  # type: ignore[arg-type]


@pytest.fixture
def native(backend: Backend) -> Callable[[], ModelState]:
    return lambda: state_of(backend.url.location).models["fraud"]


Dying = Callable[[str, BaseException], Registry]
Native = Callable[[], ModelState]


def test_killed_before_the_mirror_the_trail_reads_right_and_nothing_is_outside(
    registry: Registry, make: Make, dying: Dying, native: Native
) -> None:
    make(2)
    registry.transition("fraud", 1, "Production")
    with pytest.raises(Killed):
        dying("set_mirror", Killed()).transition("fraud", 2, "Production", archive_existing="all")
    assert native().versions[2].stage == "None"
    assert [(v.stage, v.outside) for v in registry.versions("fraud")] == [("Archived", ()), ("Production", ())]
    assert registry.get("fraud", "Production").number == 2


@pytest.mark.parametrize("deaths", [1, 2, 3])
def test_the_next_writer_repairs_a_mirror_that_is_behind(
    registry: Registry, make: Make, dying: Dying, native: Native, deaths: int
) -> None:
    make(4)
    for number in range(1, deaths + 1):
        with pytest.raises(Killed):
            dying("set_mirror", Killed()).transition("fraud", number, "Staging")
    registry.approve("fraud", 4)
    assert [native().versions[n].stage for n in range(1, deaths + 1)] == ["Staging"] * deaths
    assert native().mirrored is not None
    assert native().mirrored[0] == deaths + 1


def test_an_act_that_changes_nothing_repairs_too(registry: Registry, make: Make, dying: Dying, native: Native) -> None:
    make()
    with pytest.raises(Killed):
        dying("set_mirror", Killed()).transition("fraud", 1, "Staging")
    registry.transition("fraud", 1, "Staging")
    assert native().versions[1].stage == "Staging"
    assert len(registry.history("fraud")) == 1


def test_a_mirror_is_repaired_on_request(registry: Registry, make: Make, dying: Dying, native: Native) -> None:
    make(2)
    with pytest.raises(Killed):
        dying("set_mirror", Killed()).transition("fraud", 1, "Staging")
    native().versions[2].stage = "Archived"
    registry.reconcile("fraud")
    assert [native().versions[n].stage for n in (1, 2)] == ["Staging", "Archived"]
    assert [(v.stage, v.outside) for v in registry.versions("fraud")] == [("Staging", ()), ("Archived", ("stage",))]


def test_a_change_outside_is_told_from_a_mirror_that_is_behind(
    registry: Registry, make: Make, dying: Dying, native: Native
) -> None:
    make(2)
    with pytest.raises(Killed):
        dying("set_mirror", Killed()).transition("fraud", 1, "Staging")
    native().versions[1].stage = "Archived"
    assert [(v.stage, v.outside) for v in registry.versions("fraud")] == [("Archived", ("stage",)), ("None", ())]


def test_a_half_written_mirror_is_no_change_outside(
    registry: Registry, make: Make, dying: Dying, native: Native
) -> None:
    make(3)
    registry.set_alias("fraud", "champion", 1)
    registry.set_alias("fraud", "blue", 1)
    for alias, number in (("champion", 2), ("blue", 3)):
        with pytest.raises(Killed):
            dying("set_mirror", Killed()).set_alias("fraud", alias, number)
    native().aliases["champion"] = 2  # all that the second writer's mirror came to
    assert [(v.aliases, v.outside) for v in registry.versions("fraud")] == [
        ((), ()),
        (("champion",), ()),
        (("blue",), ()),
    ]


def test_killed_before_the_entry_nothing_happened(registry: Registry, make: Make, dying: Dying) -> None:
    make()
    with pytest.raises(Killed):
        dying("append_entry", Killed()).transition("fraud", 1, "Staging")
    assert registry.history("fraud") == ()
    assert registry.get("fraud", 1).stage == "None"


def test_a_version_whose_deletion_was_cut_short_is_gone_and_removed_by_the_next_writer(
    registry: Registry, make: Make, dying: Dying, native: Native
) -> None:
    make(2)
    registry.set_alias("fraud", "champion", 1)
    with pytest.raises(Killed):
        dying("delete_version", Killed()).delete_version("fraud", 1)
    assert not native().versions[1].deleted
    assert [(v.number, v.outside) for v in registry.versions("fraud")] == [(2, ())]
    registry.approve("fraud", 2)
    assert native().versions[1].deleted


def test_a_mirror_that_fails_does_not_undo_the_act(
    registry: Registry, make: Make, dying: Dying, caplog: pytest.LogCaptureFixture
) -> None:
    make()
    with caplog.at_level(logging.WARNING, "trackbridge.registry"):
        assert dying("set_mirror", Transient("gone")).transition("fraud", 1, "Staging").stage == "Staging"
    assert "behind its trail" in caplog.text
    assert registry.get("fraud", 1).stage == "Staging"
