"""A promotion is planned first: what it would do, what it refuses, and that it is done as planned or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from trackbridge.errors import Conflict, NotFound, Rejected
from trackbridge.protocol import hookimpl
from trackbridge.protocol.discovery import hooks
from trackbridge.records.models import ModelVersion
from trackbridge.registry import Registry

Make = Callable[..., list[ModelVersion]]


def stages(registry: Registry) -> list[str]:
    return [version.stage for version in registry.versions("fraud")]


class Serving:
    def __init__(self, *numbers: int) -> None:
        self.numbers = frozenset(numbers)

    @hookimpl
    def trackbridge_serving_versions(self, backend: str, model: str) -> frozenset[int]:
        return self.numbers


@pytest.fixture
def serving() -> Iterator[Serving]:
    plugin = Serving()
    hooks().register(plugin)
    yield plugin
    hooks().unregister(plugin)


def test_a_plan_tells_what_moves_and_changes_nothing(registry: Registry, make: Make, serving: Serving) -> None:
    make(4)
    serving.numbers = frozenset({2, 4})
    for number in (1, 2, 3):
        registry.transition("fraud", number, "Production")
    plan = registry.plan("fraud", 4, "Production", archive_existing="not-serving")
    assert (plan.version, plan.from_stage, plan.stage, plan.moves) == (4, "None", "Production", True)
    assert (plan.archived, plan.staying, plan.serving, plan.refusals) == ((1, 3), (2,), (2,), ())
    assert stages(registry) == ["Production", "Production", "Production", "None"]
    assert len(registry.history("fraud")) == 3

    assert registry.promote(plan, actor="ann", comment="better", gate_digest="sha256:00").stage == "Production"
    assert stages(registry) == ["Archived", "Production", "Archived", "Production"]
    entry = registry.history("fraud")[-1]
    assert (entry.archived, entry.actor, entry.comment, entry.gate_digest) == ((1, 3), "ann", "better", "sha256:00")


@pytest.mark.parametrize(("mode", "archived", "staying"), [("none", (), (1, 2)), ("all", (1, 2), ())])
def test_what_becomes_of_the_others(
    registry: Registry, make: Make, mode: str, archived: tuple[int, ...], staying: tuple[int, ...]
) -> None:
    make(3)
    for number in (1, 2):
        registry.transition("fraud", number, "Staging")
    plan = registry.plan("fraud", 3, "Staging", archive_existing=mode)
    assert (plan.archived, plan.staying, plan.serving) == (archived, staying, ())


def test_what_is_refused_is_told_in_the_plan_and_raised_when_it_is_carried_out(registry: Registry, make: Make) -> None:
    make(1)
    plan = registry.plan("fraud", 1, "Production", expected_stage="Staging")
    assert [refusal.clause for refusal in plan.refusals] == ["G6"]
    assert not plan.moves
    with pytest.raises(Conflict, match="is in stage None, not Staging") as caught:
        registry.promote(plan)
    assert caught.value.clause == "G6"
    plan = registry.plan("fraud", 1, "Archived", archive_existing="all")
    assert [refusal.clause for refusal in plan.refusals] == ["G4"]
    with pytest.raises(Rejected, match="makes no sense"):
        registry.promote(plan)
    assert registry.history("fraud") == ()


def test_a_plan_needs_a_version_a_stage_and_a_way_to_archive(registry: Registry, make: Make) -> None:
    make(1)
    with pytest.raises(NotFound):
        registry.plan("fraud", 2, "Production")
    with pytest.raises(Rejected, match="not a stage"):
        registry.plan("fraud", 1, "Live")
    with pytest.raises(Rejected, match="not a way to archive"):
        registry.plan("fraud", 1, "Staging", archive_existing="some")


def test_to_the_stage_it_is_in_is_nothing(registry: Registry, make: Make) -> None:
    make(2)
    registry.transition("fraud", 1, "Production")
    registry.transition("fraud", 2, "Production")
    plan = registry.plan("fraud", 1, "Production", archive_existing="all")
    assert (plan.moves, plan.archived) == (False, ())
    assert registry.promote(plan).stage == "Production"
    assert stages(registry) == ["Production", "Production"]
    assert len(registry.history("fraud")) == 2


def test_of_two_promotions_planned_at_once_the_second_is_a_conflict(registry: Registry, make: Make) -> None:
    make(3)
    registry.transition("fraud", 1, "Production")
    first, second = (registry.plan("fraud", number, "Production", archive_existing="all") for number in (2, 3))
    registry.promote(first)
    with pytest.raises(Conflict, match="stage Production holds version 2, not version 1"):
        registry.promote(second)
    assert stages(registry) == ["Archived", "Production", "None"]
    assert len(registry.history("fraud")) == 2


def test_a_plan_is_void_once_its_version_has_moved(registry: Registry, make: Make) -> None:
    make(1)
    plan = registry.plan("fraud", 1, "Production")
    registry.transition("fraud", 1, "Staging")
    with pytest.raises(Conflict, match="version 1 is in stage Staging, not None"):
        registry.promote(plan)


def test_a_plan_is_void_once_other_versions_carry_traffic(registry: Registry, make: Make, serving: Serving) -> None:
    make(2)
    registry.transition("fraud", 1, "Production")
    plan = registry.plan("fraud", 2, "Production", archive_existing="not-serving")
    assert plan.archived == (1,)
    serving.numbers = frozenset({1})
    with pytest.raises(Conflict, match="version 1 carries traffic, not no version"):
        registry.promote(plan)
    assert stages(registry) == ["Production", "None"]


def test_what_else_happens_to_the_model_leaves_a_plan_standing(registry: Registry, make: Make) -> None:
    make(3)
    plan = registry.plan("fraud", 1, "Production", archive_existing="all")
    registry.approve("fraud", 1)
    registry.transition("fraud", 3, "Staging")
    registry.set_alias("fraud", "champion", 2)
    make(1)
    assert registry.promote(plan).approval == "approved"


@pytest.mark.parametrize("comment", [None, "", "  "])
def test_a_gate_is_not_overruled_without_a_reason(registry: Registry, make: Make, comment: str | None) -> None:
    make(1)
    with pytest.raises(Rejected, match="without a reason"):
        registry.promote(registry.plan("fraud", 1, "Production"), comment=comment, forced=True)
    with pytest.raises(Rejected, match="without a reason"):
        registry.transition("fraud", 1, "Production", comment=comment, forced=True)
    assert registry.history("fraud") == ()


def test_a_forced_promotion_is_marked_for_ever(registry: Registry, make: Make) -> None:
    make(1)
    registry.promote(registry.plan("fraud", 1, "Production"), comment="the old one is broken", forced=True)
    registry.transition("fraud", 1, "None")
    assert [entry.forced for entry in registry.history("fraud")] == [True, False]


def test_rollback_brings_back_the_version_before(registry: Registry, make: Make) -> None:
    make(3)
    for number in (1, 2, 3):
        registry.transition("fraud", number, "Production", archive_existing="all")
    plan = registry.plan_rollback("fraud")
    assert (plan.version, plan.from_stage, plan.archived, plan.rollback) == (2, "Archived", (3,), True)
    assert registry.promote(plan, comment="errors rise").stage == "Production"
    assert stages(registry) == ["Archived", "Production", "Archived"]
    registry.promote(registry.plan_rollback("fraud"))
    assert stages(registry) == ["Production", "Archived", "Archived"], "one further back, not forth again"
    with pytest.raises(Rejected, match="no version of model 'fraud' was in stage Production before"):
        registry.plan_rollback("fraud")


def test_rollback_leaves_a_version_that_was_there_before_both(registry: Registry, make: Make) -> None:
    make(3)
    for number in (1, 2):
        registry.transition("fraud", number, "Production")
    registry.transition("fraud", 2, "Archived")
    registry.transition("fraud", 3, "Production")
    plan = registry.plan_rollback("fraud")
    assert (plan.version, plan.archived, plan.staying) == (2, (3,), (1,))


def test_rollback_passes_over_a_deleted_version(registry: Registry, make: Make) -> None:
    make(3)
    for number in (1, 2, 3):
        registry.transition("fraud", number, "Production", archive_existing="all")
    registry.delete_version("fraud", 2)
    assert registry.plan_rollback("fraud").version == 1


def test_rollback_after_the_present_version_was_archived_by_hand(registry: Registry, make: Make) -> None:
    make(2)
    for number in (1, 2):
        registry.transition("fraud", number, "Production", archive_existing="all")
    registry.transition("fraud", 2, "Archived")
    plan = registry.plan_rollback("fraud")
    assert (plan.version, plan.archived) == (2, ())


def test_rollback_after_another_promotion_is_a_conflict(registry: Registry, make: Make) -> None:
    make(3)
    for number in (1, 2):
        registry.transition("fraud", number, "Production", archive_existing="all")
    plan = registry.plan_rollback("fraud")
    registry.transition("fraud", 3, "Production", archive_existing="all")
    with pytest.raises(Conflict, match="version 2 is now the one to bring back, not 1"):
        registry.promote(plan)
    assert stages(registry) == ["Archived", "Archived", "Production"]


@pytest.mark.parametrize("stage", ["None", "Archived"])
def test_only_a_stage_that_serves_can_be_rolled_back(registry: Registry, make: Make, stage: str) -> None:
    make(1)
    with pytest.raises(Rejected, match="cannot be rolled back"):
        registry.plan_rollback("fraud", stage)
