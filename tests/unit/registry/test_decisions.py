"""Stages, approvals and aliases: what each act does, and what it refuses (G1–G8)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from trackbridge.errors import ConfigurationError, Conflict, NotFound, Rejected
from trackbridge.protocol import VersionSpec, hookimpl
from trackbridge.protocol.discovery import hooks
from trackbridge.records.models import STAGES, ModelVersion
from trackbridge.registry import Registry

Make = Callable[..., list[ModelVersion]]


def stages(registry: Registry, model: str = "fraud") -> list[str]:
    return [version.stage for version in registry.versions(model)]


def test_numbers_count_from_one_and_a_token_makes_one_version(registry: Registry, make: Make) -> None:
    assert [version.number for version in make(3)] == [1, 2, 3]
    spec = VersionSpec("the-token", "0" * 32, "model", "sha256:aa", 7, "{}", "input.json", "why", {"a": "b"})
    first, again = registry.create("fraud", spec), registry.create("fraud", spec)
    assert first == again
    assert (first.number, first.run_id, first.tags, first.input_example) == (4, "0" * 32, {"a": "b"}, "input.json")
    assert registry.versions_of_run("0" * 32) == [("fraud", 4)]


def test_a_number_can_be_given_and_is_spent(registry: Registry) -> None:
    assert registry.create("fraud", VersionSpec("a", None, "m", None, 0), 7).number == 7
    with pytest.raises(Conflict):
        registry.create("fraud", VersionSpec("b", None, "m", None, 0), 7)


@pytest.mark.parametrize("number", [0, -1, True, "1", 1.0, None, 2**63])
def test_what_is_no_version_number_is_rejected(registry: Registry, make: Make, number: object) -> None:
    make()
    with pytest.raises(Rejected, match="no version number"):
        registry.transition("fraud", number, "Staging")  # type: ignore[arg-type]


def test_a_number_of_any_make_is_one(registry: Registry, make: Make) -> None:
    make(2)
    number: int = np.int64(2)  # type: ignore[assignment]  # what a data frame's column gives
    registry.update("fraud", number, description="why")
    found = registry.get("fraud", number)
    assert (found.number, type(found.number), found.description) == (2, int, "why")


@pytest.mark.parametrize("which", ["9" * 5_000, "\u00b2", "\u0663", "-1", ""])
def test_what_names_no_version_is_not_found(registry: Registry, make: Make, which: str) -> None:
    make(3)
    with pytest.raises(NotFound):
        registry.get("fraud", which)


def test_several_versions_may_share_a_stage(registry: Registry, make: Make) -> None:
    make(3)
    for number in (1, 3):
        assert registry.transition("fraud", number, "Production").stage == "Production"
    assert stages(registry) == ["Production", "None", "Production"]
    assert registry.get("fraud", "Production").number == 3
    assert [version.number for version in registry.versions("fraud", "Production")] == [1, 3]


@pytest.mark.parametrize("stage", ["production", "Live", "", None, 3])
def test_an_unknown_stage_is_rejected(registry: Registry, make: Make, stage: object) -> None:
    make()
    with pytest.raises(Rejected) as caught:
        registry.transition("fraud", 1, stage)  # type: ignore[arg-type]
    assert caught.value.clause == "G3"


def test_all_archives_every_other_version_of_the_stage_in_one_entry(registry: Registry, make: Make) -> None:
    make(4)
    for number in (1, 2):
        registry.transition("fraud", number, "Production")
    registry.transition("fraud", 3, "Staging")
    registry.transition("fraud", 4, "Production", archive_existing="all", comment="better")
    assert stages(registry) == ["Archived", "Archived", "Staging", "Production"]
    entry = registry.history("fraud")[-1]
    assert (entry.archived, entry.from_stage, entry.stage, entry.comment) == ((1, 2), "None", "Production", "better")


@pytest.mark.parametrize("stage", ["None", "Archived"])
@pytest.mark.parametrize("mode", ["all", "not-serving"])
def test_archiving_into_none_or_archived_is_rejected(registry: Registry, make: Make, stage: str, mode: str) -> None:
    make(2)
    registry.transition("fraud", 1, "Staging")
    with pytest.raises(Rejected) as caught:
        registry.transition("fraud", 1, stage, archive_existing=mode)
    assert caught.value.clause == "G4"
    assert len(registry.history("fraud")) == 1


def test_an_unknown_way_to_archive_is_rejected(registry: Registry, make: Make) -> None:
    make()
    with pytest.raises(Rejected, match="not a way to archive"):
        registry.transition("fraud", 1, "Staging", archive_existing="yes")


class Serving:
    """A plugin that knows what carries traffic."""

    def __init__(self, numbers: frozenset[int] | Exception) -> None:
        self.numbers = numbers
        self.asked: list[tuple[str, str]] = []

    @hookimpl
    def trackbridge_serving_versions(self, backend: str, model: str) -> frozenset[int]:
        self.asked.append((backend, model))
        if isinstance(self.numbers, Exception):
            raise self.numbers
        return self.numbers


@pytest.fixture
def plug() -> Iterator[Callable[[object], None]]:
    plugins: list[object] = []

    def register(plugin: object) -> None:
        hooks().register(plugin)
        plugins.append(plugin)

    yield register
    for plugin in plugins:
        hooks().unregister(plugin)


def test_what_serves_is_spared(registry: Registry, make: Make, plug: Callable[[object], None]) -> None:
    make(4)
    for number in (1, 2, 3):
        registry.transition("fraud", number, "Production")
    first, second = Serving(frozenset({1})), Serving(frozenset({3, 9}))
    plug(first)
    plug(second)
    registry.transition("fraud", 4, "Production", archive_existing="not-serving")
    assert stages(registry) == ["Production", "Archived", "Production", "Production"]
    assert first.asked[0][1] == "fraud"
    assert first.asked[0][0].startswith("memory://")


def test_a_broken_hook_archives_nothing(registry: Registry, make: Make, plug: Callable[[object], None]) -> None:
    make(2)
    registry.transition("fraud", 1, "Production")
    plug(Serving(RuntimeError("the cluster does not answer")))
    with pytest.raises(ConfigurationError, match="the cluster does not answer"):
        registry.transition("fraud", 2, "Production", archive_existing="not-serving")
    assert stages(registry) == ["Production", "None"]


def test_the_same_stage_is_nothing(registry: Registry, make: Make) -> None:
    make(2)
    registry.transition("fraud", 1, "Production")
    registry.transition("fraud", 2, "Production")
    assert registry.transition("fraud", 1, "Production", archive_existing="all").stage == "Production"
    assert registry.transition("fraud", 2, "Production", expected_stage="Production").stage == "Production"
    assert len(registry.history("fraud")) == 2


def test_another_stage_than_expected_is_a_conflict_and_changes_nothing(registry: Registry, make: Make) -> None:
    make(1)
    registry.transition("fraud", 1, "Staging", expected_stage="None")
    before = registry.versions("fraud")
    for target in STAGES:
        with pytest.raises(Conflict) as caught:
            registry.transition("fraud", 1, target, expected_stage="Production")
        assert caught.value.clause == "G6"
    assert registry.versions("fraud") == before
    assert len(registry.history("fraud")) == 1


def test_approval_is_its_own_axis(registry: Registry, make: Make) -> None:
    make(2)
    assert registry.get("fraud", 1).approval == "pending"
    approved = registry.approve("fraud", 1, actor="ann", comment="looks well")
    assert (approved.approval, approved.stage) == ("approved", "None")
    assert registry.transition("fraud", 1, "Production").approval == "approved"
    assert registry.reject("fraud", 1).approval == "rejected"
    assert registry.get("fraud", 1).stage == "Production"
    assert registry.get("fraud", 2).approval == "pending"
    registry.reject("fraud", 1)
    assert [entry.approval for entry in registry.history("fraud")] == ["approved", None, "rejected"]


def test_moving_an_alias_is_one_act(registry: Registry, make: Make) -> None:
    make(2)
    registry.set_alias("fraud", "champion", 1)
    registry.set_alias("fraud", "blue", 1)
    assert registry.set_alias("fraud", "champion", 2).aliases == ("champion",)
    assert [version.aliases for version in registry.versions("fraud")] == [("blue",), ("champion",)]
    assert registry.get("fraud", "champion").number == 2
    registry.set_alias("fraud", "champion", 2)
    assert len(registry.history("fraud")) == 3
    registry.delete_alias("fraud", "champion")
    with pytest.raises(NotFound, match="no alias 'champion'"):
        registry.get("fraud", "champion")
    with pytest.raises(NotFound):
        registry.delete_alias("fraud", "champion")


@pytest.mark.parametrize("alias", ["latest", "default", "v3", "Champion", "3", "", "a" * 64, "-a"])
def test_what_is_no_alias_is_rejected(registry: Registry, make: Make, alias: str) -> None:
    make()
    with pytest.raises(Rejected):
        registry.set_alias("fraud", alias, 1)


def test_versions_are_found_by_number_as_text(registry: Registry, make: Make) -> None:
    make(2)
    assert registry.get("fraud", "2").number == 2
    assert registry.get("fraud", "None").number == 2


def test_what_is_not_there_is_not_found(registry: Registry, make: Make) -> None:
    make(2)
    for act in (
        lambda: registry.get("fraud", 3),
        lambda: registry.get("fraud", "Staging"),
        lambda: registry.get("nobody", 1),
        lambda: registry.model("nobody"),
        lambda: registry.transition("nobody", 1, "Staging"),
        lambda: registry.transition("fraud", 3, "Staging"),
        lambda: registry.approve("fraud", 3),
        lambda: registry.set_alias("fraud", "champion", 3),
        lambda: registry.delete_version("fraud", 3),
        lambda: registry.update("fraud", 3, description="x"),
        lambda: registry.history("nobody"),
    ):
        with pytest.raises(NotFound):
            act()
    assert registry.history("fraud") == ()


def test_a_deleted_version_is_gone_with_its_aliases_and_its_number_is_spent(registry: Registry, make: Make) -> None:
    make(2)
    registry.transition("fraud", 2, "Production")
    registry.set_alias("fraud", "champion", 2)
    registry.delete_version("fraud", 2, actor="ann")
    assert [version.number for version in registry.versions("fraud")] == [1]
    for which in (2, "champion", "Production"):
        with pytest.raises(NotFound):
            registry.get("fraud", which)
    assert make()[0].number == 3
    assert registry.history("fraud", 2)[-1].action == "delete_version"
    with pytest.raises(NotFound):
        registry.delete_version("fraud", 2)


def test_a_deleted_model_is_gone_and_its_name_is_spent(registry: Registry, make: Make) -> None:
    make()
    make(model="other")
    registry.delete_model("fraud")
    assert [model.name for model in registry.models()] == ["other"]
    for act in (registry.model, registry.versions, registry.history, registry.delete_model):
        with pytest.raises(NotFound):
            act("fraud")
    with pytest.raises(Conflict):
        make()


def test_descriptions_and_tags_are_edited_in_place(registry: Registry, make: Make) -> None:
    make()
    registry.update("fraud", description="finds fraud", tags={"team": "risk", "old": "x"})
    registry.update("fraud", tags={"old": None})
    registry.update("fraud", 1, description="first", tags={"size": "8 MB"})
    model, version = registry.model("fraud"), registry.get("fraud", 1)
    assert (model.description, model.tags) == ("finds fraud", {"team": "risk"})
    assert (version.description, version.tags) == ("first", {"size": "8 MB"})


def test_the_history_of_a_version_holds_what_changed_it(registry: Registry, make: Make) -> None:
    make(3)
    registry.transition("fraud", 1, "Production")
    registry.set_alias("fraud", "champion", 1)
    registry.approve("fraud", 2)
    registry.transition("fraud", 2, "Production", archive_existing="all")
    registry.set_alias("fraud", "champion", 2)
    assert [entry.n for entry in registry.history("fraud", 1)] == [0, 1, 3, 4]
    assert [entry.n for entry in registry.history("fraud", 2)] == [2, 3, 4]
    assert registry.history("fraud", 3) == ()


def test_an_entry_says_who_when_and_why(registry: Registry, make: Make) -> None:
    make()
    registry.transition("fraud", 1, "Staging", actor="ann", comment="第一", gate_digest="sha256:00", forced=True)
    (entry,) = registry.history("fraud")
    assert (entry.actor, entry.comment, entry.gate_digest, entry.forced) == ("ann", "第一", "sha256:00", True)
    assert entry.when_ms > 1_600_000_000_000
    registry.transition("fraud", 1, "None")
    assert registry.history("fraud")[1].actor


@pytest.mark.parametrize("tags", [[("a", "b")], "ab", 5])
def test_what_is_no_mapping_is_no_tags(registry: Registry, make: Make, tags: object) -> None:
    make()
    with pytest.raises(Rejected, match="tags are a dict of strings"):
        registry.update("fraud", tags=tags)  # type: ignore[arg-type]


def test_a_digest_covers_the_model_its_versions_and_its_trail(registry: Registry, make: Make) -> None:
    make(2)
    seen = [registry.digest("fraud")]
    for change in (
        lambda: registry.update("fraud", tags={"a": "b"}),
        lambda: registry.update("fraud", 1, description="why"),
        lambda: registry.approve("fraud", 1, actor="ann"),
        lambda: registry.delete_version("fraud", 2, actor="ann"),
    ):
        change()
        seen.append(registry.digest("fraud"))
        assert registry.digest("fraud") == seen[-1]
    assert len(set(seen)) == 5
    assert json.loads(registry.canonical("fraud"))["trail"][0] == 2
    with pytest.raises(NotFound):
        registry.digest("absent")


def test_an_empty_description_is_none(registry: Registry) -> None:
    registry.create("fraud", VersionSpec("t", None, "model", None, 5, description=""))
    for version in (None, 1):
        registry.update("fraud", version, description="why")
        assert "why" in registry.canonical("fraud")
        registry.update("fraud", version, description="")
    assert (registry.model("fraud").description, registry.get("fraud", 1).description) == (None, None)
    assert "description" not in registry.canonical("fraud")
