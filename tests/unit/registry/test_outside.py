"""What a colleague changes in the vendor's own fields wins, is reported, and is recorded by the next act (G5)."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest

from trackbridge.adapters.memory.state import ModelState, state_of
from trackbridge.errors import Conflict
from trackbridge.protocol import Backend
from trackbridge.records.models import ModelVersion
from trackbridge.registry import Registry

Make = Callable[..., list[ModelVersion]]


@pytest.fixture
def native(backend: Backend) -> Callable[[], ModelState]:
    """The vendor's own fields."""
    return lambda: state_of(backend.url.location).models["fraud"]


Native = Callable[[], ModelState]


def seen(registry: Registry) -> list[tuple[Any, ...]]:
    return [(v.stage, v.approval, v.aliases, v.outside) for v in registry.versions("fraud")]


def test_what_is_mirrored_is_nothing_outside(registry: Registry, make: Make, native: Native) -> None:
    make(2)
    registry.transition("fraud", 1, "Production")
    registry.set_alias("fraud", "champion", 1)
    registry.approve("fraud", 1)
    assert seen(registry) == [("Production", "approved", ("champion",), ()), ("None", "pending", (), ())]
    rows = native().versions
    assert (rows[1].stage, rows[1].approval, native().aliases) == ("Production", "approved", {"champion": 1})
    assert native().mirrored is not None
    assert native().mirrored[0] == 3


def test_a_stage_set_outside_wins_and_is_reported_once_in_the_log(
    registry: Registry, make: Make, native: Native, caplog: pytest.LogCaptureFixture
) -> None:
    make(2)
    registry.transition("fraud", 1, "Staging")
    registry.transition("fraud", 1, "Production")
    native().versions[1].stage = "Staging"
    with caplog.at_level(logging.WARNING, "trackbridge.registry"):
        assert seen(registry)[0] == ("Staging", "pending", (), ("stage",))
        assert registry.get("fraud", "Staging").number == 1
    assert [record.getMessage() for record in caplog.records] == [
        "stage of version 1 of model 'fraud' changed outside trackbridge, and wins (G5)"
    ]


def test_a_stage_set_outside_is_what_expected_stage_sees(registry: Registry, make: Make, native: Native) -> None:
    make()
    registry.transition("fraud", 1, "Staging")
    native().versions[1].stage = "Archived"
    with pytest.raises(Conflict, match="in stage Archived, not Staging"):
        registry.transition("fraud", 1, "Production", expected_stage="Staging")
    assert len(registry.history("fraud")) == 1
    registry.transition("fraud", 1, "Production", expected_stage="Archived")
    outside, act = registry.history("fraud")[1:]
    assert (outside.outside, outside.actor, outside.from_stage, outside.stage) == (
        True, "outside trackbridge", "Staging", "Archived",
    )  # fmt: skip
    assert (act.outside, act.from_stage, act.stage) == (False, "Archived", "Production")
    assert seen(registry) == [("Production", "pending", (), ())]


def test_a_change_outside_survives_an_act_upon_another_version(registry: Registry, make: Make, native: Native) -> None:
    make(3)
    registry.transition("fraud", 1, "Staging")
    native().versions[2].stage = "Production"
    native().versions[2].approval = "rejected"
    registry.approve("fraud", 3)
    assert [row[:3] for row in seen(registry)] == [
        ("Staging", "pending", ()),
        ("Production", "rejected", ()),
        ("None", "approved", ()),
    ]
    assert [entry.outside for entry in registry.history("fraud")] == [False, True, True, False]
    assert native().versions[2].stage == "Production"


def test_what_was_put_into_a_stage_outside_is_archived_like_the_rest(
    registry: Registry, make: Make, native: Native
) -> None:
    make(2)
    native().versions[1].stage = "Production"
    registry.transition("fraud", 2, "Production", archive_existing="all")
    assert [row[0] for row in seen(registry)] == ["Archived", "Production"]


def test_an_alias_moved_outside_is_reported_on_both_versions(registry: Registry, make: Make, native: Native) -> None:
    make(2)
    registry.set_alias("fraud", "champion", 1)
    native().aliases["champion"] = 2
    assert [(row[2], row[3]) for row in seen(registry)] == [((), ("aliases",)), (("champion",), ("aliases",))]
    assert registry.get("fraud", "champion").number == 2


def test_an_alias_made_and_one_removed_outside_are_seen(registry: Registry, make: Make, native: Native) -> None:
    make(2)
    registry.set_alias("fraud", "champion", 1)
    native().aliases.clear()
    native().aliases["blue"] = 2
    assert [(row[2], row[3]) for row in seen(registry)] == [((), ("aliases",)), (("blue",), ("aliases",))]
    registry.approve("fraud", 1)
    assert native().aliases == {"blue": 2}
    assert [entry.action for entry in registry.history("fraud")] == [
        "set_alias", "set_alias", "delete_alias", "approval",
    ]  # fmt: skip


def test_a_version_deleted_outside_is_gone_and_recorded_by_the_next_act(
    registry: Registry, make: Make, native: Native
) -> None:
    make(2)
    registry.transition("fraud", 2, "Production")
    registry.set_alias("fraud", "champion", 2)
    native().versions[2].deleted = True
    native().aliases.clear()
    assert [version.number for version in registry.versions("fraud")] == [1]
    registry.approve("fraud", 1)
    assert [(entry.action, entry.outside) for entry in registry.history("fraud", 2)][-1] == ("delete_version", True)


def test_a_model_that_never_had_a_trail_shows_what_the_vendor_shows(
    registry: Registry, make: Make, native: Native, caplog: pytest.LogCaptureFixture
) -> None:
    make()
    native().versions[1].stage = "Production"
    assert seen(registry) == [("Production", "pending", (), ("stage",))]
    assert caplog.records == []
    assert registry.transition("fraud", 1, "Archived").stage == "Archived"


def test_a_change_outside_back_to_an_earlier_value_is_seen_once_the_mirror_is_there(
    registry: Registry, make: Make, native: Native
) -> None:
    make()
    for stage in ("Staging", "Production"):
        registry.transition("fraud", 1, stage)
    native().versions[1].stage = "None"
    assert seen(registry) == [("None", "pending", (), ("stage",))]
