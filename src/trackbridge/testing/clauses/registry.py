"""G1–G4, G6–G8: models, versions, stages, aliases, approvals."""

from __future__ import annotations

import json
from typing import Any

from trackbridge.errors import Conflict, NotFound, Rejected
from trackbridge.protocol import VersionSpec, VersionState
from trackbridge.records.models import STAGES
from trackbridge.records.times import now_ms
from trackbridge.testing.checks import check
from trackbridge.testing.expect import contains, holds, raises, same
from trackbridge.testing.hostile import BAD_NAMES, NAMES
from trackbridge.testing.lab import Lab

__all__: list[str] = []


def _stages(lab: Lab, model: str) -> dict[int, str]:
    """Give the stage of each version, once two readers and the vendor's own screen agree."""
    first, second = ({one.number: one.stage for one in store.registry.versions(model)} for store in lab.stores())
    same(second, first, "the stages that a second reader sees")
    raw = {number: state.stage for number, state in lab.probed_model(model).versions.items() if number in first}
    lab.shows("stage", raw, first, "the stages on the vendor's own screen")
    return dict(first)


@check("G1", "versions are numbered from 1 and found by number", capability="registry")
def numbers(lab: Lab) -> None:
    model = lab.model(versions=3)
    other = lab.model(versions=1)
    for store in lab.stores():
        same([one.number for one in store.registry.versions(model)], [1, 2, 3], "the numbers")
        same([one.number for one in store.registry.versions(other)], [1], "the numbers of another model")
        same((store.registry.get(model, 2).number, store.registry.get(model, 2).model), (2, model), "version 2")
        for absent in (0, 4, 10**6):
            with raises(NotFound, Rejected, what=f"get({absent})"):
                store.registry.get(model, absent)
        with raises(NotFound):
            store.registry.get(lab.name("absent"), 1)
    same(sorted(lab.probed_model(model).versions), [1, 2, 3], "the versions that the raw client sees")


@check("G1", "numbers sort as numbers", capability="registry")
def many_numbers(lab: Lab) -> None:
    model = lab.model(versions=12)
    for number in (10, 9):
        lab.store.registry.transition(model, number, "Staging")
    for store in lab.stores():
        same([one.number for one in store.registry.versions(model)], list(range(1, 13)), "the numbers")
        same([one.number for one in store.registry.versions(model, stage="Staging")], [9, 10], "those in Staging")
        same(store.registry.get(model, "Staging").number, 10, "the greatest version in Staging")


@check("G1", "a deleted number is never used again", capability="registry")
def spent_numbers(lab: Lab) -> None:
    model = lab.model(versions=3)
    for number in (2, 3):
        lab.store.registry.delete_version(model, number)
    for store in lab.stores():
        same([one.number for one in store.registry.versions(model)], [1], "the versions that are left")
        with raises(NotFound):
            store.registry.get(model, 3)
    same(lab.register(model).number, 4, "the next number")
    same([one.number for one in lab.second().registry.versions(model)], [1, 4], "the versions")


@check("G1", "a migration keeps numbers and meets what is spent", capability="registry")
def given_numbers(lab: Lab) -> None:
    model, run_id = lab.name("model"), lab.logged()
    registry = lab.backend.adapter.registry
    registry.ensure_model(model)
    made = [registry.create_version(model, _spec(run_id, f"t{n}"), n) for n in (5, 2)]
    same(made, [5, 2], "the numbers given")
    same(registry.create_version(model, _spec(run_id, "next")), 6, "the number after those")
    with raises(Conflict):
        registry.create_version(model, _spec(run_id, "again"), 5)
    registry.delete_version(model, 6)
    with raises(Conflict):
        registry.create_version(model, _spec(run_id, "spent"), 6)
    same([one.number for one in lab.second().registry.versions(model)], [2, 5], "the versions")


def _spec(run_id: str, token: str) -> VersionSpec:
    return VersionSpec(token=token, run_id=run_id, artifact_path="model", digest=None, created_ms=now_ms())


@check("G1", "a deleted model is gone and its name spent", capability="registry")
def deleted_model(lab: Lab) -> None:
    model, other = lab.model(), lab.model()
    lab.store.registry.delete_model(model)
    for store in lab.stores():
        with raises(NotFound):
            store.registry.get(model, 1)
        listed = [one.name for one in store.registry.models()]
        same((model in listed, other in listed), (False, True), "which models are listed")
    with raises(Conflict):
        lab.register(model)
    same(lab.store.registry.get(other, 1).number, 1, "the other model's version")


@check("G1", "a model has a description and tags", capability="registry")
def model_fields(lab: Lab) -> None:
    model = lab.model()
    lab.store.registry.update(model, description=" what\n\u6587", tags={"a": "1", "b": "2"})
    lab.store.registry.update(model, tags={"a": None, "c": "<b>"})
    for store in lab.stores():
        (held,) = [one for one in store.registry.models() if one.name == model]
        same((held.description, held.tags), (" what\n\u6587", {"b": "2", "c": "<b>"}), "the model")


@check("G1", "odd names of models stay apart", capability="registry")
def model_names(lab: Lab) -> None:
    mark = lab.name("m")
    run_id = lab.source()
    names = list(dict.fromkeys(f"{name[:200]} {mark}" for name in NAMES if len(name) < 250))
    for name in names:
        lab.store.registry.register(name, run_id=run_id, artifact="model")
    second = lab.second()
    same(
        [one.name for one in second.registry.models() if one.name.endswith(mark)], sorted(names), "the models, by name"
    )
    for name in names:
        same([one.number for one in second.registry.versions(name)], [1], f"the versions of {name!r}")
    bad: Any
    for bad in BAD_NAMES:
        with raises(Rejected, what=f"register({bad!r})"):
            lab.store.registry.register(bad, run_id=run_id, artifact="model")


@check("G2", "a version says where it comes from", capability="registry")
def version_fields(lab: Lab) -> None:
    run_id = lab.source()
    model = lab.name("model")
    before = now_ms()
    signature = json.dumps({"inputs": [{"name": "\u6587", "type": "double"}]}, ensure_ascii=False)
    lab.store.registry.register(model, run_id=run_id, artifact="model", description="first \u6587", tags={"a": " 1"},
                                signature=signature)  # fmt: skip
    for store in lab.stores():
        version = store.registry.get(model, 1)
        same((version.run_id, version.artifact_path, version.description, version.tags, version.signature),
             (run_id, "model", "first \u6587", {"a": " 1"}, signature), "the version")  # fmt: skip
        holds(before <= version.created_ms <= now_ms(), "its time of creation is that of the clock")
        holds((version.digest or "").startswith("sha256:"), f"it has the digest of its folder: {version.digest}")


@check("G2", "description and tags of a version are edited one by one", capability="registry")
def version_edit(lab: Lab) -> None:
    model = lab.model(versions=2)
    lab.store.registry.update(model, 1, description="one", tags={"a": "1", "b": "2"})
    lab.store.registry.update(model, 1, tags={"a": None, "c": "3"})
    for store in lab.stores():
        version = store.registry.get(model, 1)
        same((version.description, version.tags), ("one", {"b": "2", "c": "3"}), "version 1")
        same((store.registry.get(model, 2).description, store.registry.get(model, 2).tags), (None, {}), "version 2")


@check("G2", "registering again with one token gives one version", capability="registry")
def token(lab: Lab) -> None:
    model, run_id = lab.name("model"), lab.logged()
    registry = lab.backend.adapter.registry
    registry.ensure_model(model)
    first = registry.create_version(model, _spec(run_id, "a"))
    again = lab.reopen().adapter.registry.create_version(model, _spec(run_id, "a"))
    other = registry.create_version(model, _spec(run_id, "b"))
    same((first, again, other), (1, 1, 2), "the numbers")
    same([one.number for one in lab.second().registry.versions(model)], [1, 2], "the versions")


@check("G2", "what is not there cannot be registered", capability="registry")
def nothing_to_register(lab: Lab) -> None:
    from trackbridge.records.ids import new_run_id

    run_id, model = lab.source(), lab.name("model")
    for run, artifact in ((new_run_id(), "model"), (run_id, "absent"), (run_id, "../model"), (run_id, "mode")):
        with raises(NotFound, Rejected, what=f"registering {artifact!r} of {run}"):
            lab.store.registry.register(model, run_id=run, artifact=artifact)
    holds(model not in [one.name for one in lab.store.registry.models()], "no model came to be")


@check("G2", "a version made by a run is known once its number is", capability="registry")
def pending(lab: Lab) -> None:
    model = lab.name("model")
    with lab.start_run() as run:
        run.log_text("weights", "model/weights.txt")
        version = run.register_model("model", model).result(timeout_s=lab.scale.timeout_s)
    same((version.model, version.number, version.run_id), (model, 1, run.id), "the version")
    for store in lab.stores():
        same(store.registry.get(model, 1).artifact_path, "model", "its artifact")
    same(
        [tuple(one) for one in lab.backend.adapter.registry.versions_of_run(run.id)], [(model, 1)], "the run's versions"
    )


@check("G2", "loading gives the files of a version", capability="registry")
def loaded(lab: Lab) -> None:
    from pathlib import Path

    model = lab.name("model")
    with lab.start_run() as run:
        run.log_text("one", "m/a.txt")
        run.log_text("two", "m/b/c.txt")
        run.log_text("no", "mm/other.txt")
    lab.store.registry.register(model, run_id=run.id, artifact="m")
    folder = Path(lab.store.registry.load(model, 1))
    found = {one.relative_to(folder).as_posix(): one.read_text() for one in folder.rglob("*") if one.is_file()}
    same(found, {"a.txt": "one", "b/c.txt": "two"}, "the files")


@check("G3", "a version is in exactly one of four stages, None at first", capability="registry")
def stages(lab: Lab) -> None:
    model = lab.model(versions=2)
    same(_stages(lab, model), {1: "None", 2: "None"}, "the first stages")
    for stage in ("Staging", "Production", "Archived", "None", "Production", "Staging"):
        moved = lab.store.registry.transition(model, 1, stage)
        same((moved.number, moved.stage), (1, stage), "what the transition gives")
        same(_stages(lab, model), {1: stage, 2: "None"}, "the stages")
    bad: Any
    for bad in ("production", "", "Prod", None, "none", 1):
        with raises(Rejected, what=f"the stage {bad!r}"):
            lab.store.registry.transition(model, 1, bad)
    same(_stages(lab, model), {1: "Staging", 2: "None"}, "the stages after refusals")


@check("G3", "several versions share a stage", capability="registry")
def shared(lab: Lab) -> None:
    model = lab.model(versions=4)
    for number in (1, 3, 4):
        lab.store.registry.transition(model, number, "Production")
    same(_stages(lab, model), {1: "Production", 2: "None", 3: "Production", 4: "Production"}, "the stages")
    for stage in STAGES:
        expected = {"Production": [1, 3, 4], "None": [2]}.get(stage, [])
        same([one.number for one in lab.second().registry.versions(model, stage=stage)], expected, f"those in {stage}")
    same(lab.store.registry.get(model, "Production").number, 4, "the greatest in Production")
    with raises(NotFound):
        lab.store.registry.get(model, "Staging")


@check("G3", "a transition touches no other model", capability="registry")
def other_model(lab: Lab) -> None:
    one, two = lab.model(versions=2), lab.model(versions=2)
    lab.store.registry.transition(one, 1, "Production")
    lab.store.registry.transition(one, 2, "Production", archive_existing="all")
    same(_stages(lab, one), {1: "Archived", 2: "Production"}, "the stages")
    same(_stages(lab, two), {1: "None", 2: "None"}, "the stages of the other model")
    same(list(lab.store.registry.history(two)), [], "the trail of the other model")


@check("G4", "archiving takes every other version of the target stage", capability="registry")
def archive_all(lab: Lab) -> None:
    model = lab.model(versions=5)
    for number, stage in {1: "Production", 2: "Production", 3: "Staging", 4: "Archived"}.items():
        lab.store.registry.transition(model, number, stage)
    lab.store.registry.transition(model, 5, "Production", archive_existing="all")
    expected = {1: "Archived", 2: "Archived", 3: "Staging", 4: "Archived", 5: "Production"}
    same(_stages(lab, model), expected, "the stages")
    same(len(list(lab.store.registry.history(model))), 5, "how many entries the trail has: one act, one entry")
    same(sorted(list(lab.store.registry.history(model))[-1].archived), [1, 2], "what the last entry archived")


@check("G4", "nothing is archived unless asked for", capability="registry")
def archive_none(lab: Lab) -> None:
    model = lab.model(versions=3)
    lab.store.registry.transition(model, 1, "Production")
    lab.store.registry.transition(model, 2, "Production")
    lab.store.registry.transition(model, 3, "Production", archive_existing="none")
    same(_stages(lab, model), dict.fromkeys((1, 2, 3), "Production"), "the stages")


@check("G4", "archiving what nobody serves archives all, as no hook names any", capability="registry")
def archive_not_serving(lab: Lab) -> None:
    model = lab.model(versions=2)
    lab.store.registry.transition(model, 1, "Production")
    lab.store.registry.transition(model, 2, "Production", archive_existing="not-serving")
    same(_stages(lab, model), {1: "Archived", 2: "Production"}, "the stages")


@check("G4", "archiving into None or Archived is refused", capability="registry")
def archive_into(lab: Lab) -> None:
    model = lab.model(versions=2)
    for stage in ("None", "Archived"):
        with raises(Rejected, what=f"archiving into {stage}"):
            lab.store.registry.transition(model, 1, stage, archive_existing="all")
    with raises(Rejected):
        lab.store.registry.transition(model, 1, "Production", archive_existing="some")
    same(_stages(lab, model), {1: "None", 2: "None"}, "the stages")
    same(list(lab.store.registry.history(model)), [], "the trail")


@check("G4", "a transition to the same stage is nothing", capability="registry")
def same_stage(lab: Lab) -> None:
    model = lab.model(versions=2)
    lab.store.registry.transition(model, 1, "Production")
    lab.store.registry.transition(model, 2, "Production")
    before = lab.probed_model(model).entries
    lab.store.registry.transition(model, 1, "Production")
    same(lab.probed_model(model).entries, before, "the trail")
    same(_stages(lab, model), {1: "Production", 2: "Production"}, "the stages")


@check("G6", "another stage than expected is a conflict and changes nothing", capability="registry")
def expected_stage(lab: Lab) -> None:
    model = lab.model(versions=2)
    lab.store.registry.transition(model, 1, "Production", expected_stage="None")
    before = lab.probed_model(model).entries
    for expected in ("None", "Staging", "Archived"):
        with raises(Conflict) as caught:
            lab.store.registry.transition(model, 1, "Archived", expected_stage=expected)
        contains(caught, "Production", "the message says the stage it is in")
    with raises(Conflict):
        lab.store.registry.transition(model, 2, "Production", archive_existing="all", expected_stage="Staging")
    same(_stages(lab, model), {1: "Production", 2: "None"}, "the stages")
    same(lab.probed_model(model).entries, before, "the trail")
    lab.store.registry.transition(model, 1, "Archived", expected_stage="Production")
    same(_stages(lab, model), {1: "Archived", 2: "None"}, "the stages in the end")


@check("G7", "an alias leads to its version and moves in one act", capability="registry")
def aliases(lab: Lab) -> None:
    model = lab.model(versions=3)
    lab.store.registry.set_alias(model, "champion", 1)
    lab.store.registry.set_alias(model, "challenger", 2)
    lab.store.registry.set_alias(model, "champion", 3)
    for store in lab.stores():
        same(store.registry.get(model, "champion").number, 3, "the champion")
        same({one.number: list(one.aliases) for one in store.registry.versions(model)},
             {1: [], 2: ["challenger"], 3: ["champion"]}, "the aliases")  # fmt: skip
    same(len(list(lab.store.registry.history(model))), 3, "how many entries the trail has")
    raw = {number: list(state.aliases) for number, state in lab.probed_model(model).versions.items()}
    lab.shows("alias", raw, {1: [], 2: ["challenger"], 3: ["champion"]}, "the aliases on the vendor's own screen")
    lab.store.registry.delete_alias(model, "champion")
    with raises(NotFound):
        lab.second().registry.get(model, "champion")
    same(lab.second().registry.get(model, "challenger").number, 2, "the other alias")


@check("G7", "an alias of a deleted version is gone", capability="registry")
def alias_of_deleted(lab: Lab) -> None:
    model = lab.model(versions=2)
    lab.store.registry.set_alias(model, "champion", 2)
    lab.store.registry.delete_version(model, 2)
    with raises(NotFound):
        lab.second().registry.get(model, "champion")
    lab.store.registry.set_alias(model, "champion", 1)
    same(lab.second().registry.get(model, "champion").number, 1, "the alias set anew")


@check("G7", "what is no alias is refused", capability="registry")
def bad_aliases(lab: Lab) -> None:
    model = lab.model()
    bad: Any
    for bad in ("latest", "default", "v1", "v23", "Champion", "1st", "a_b", "", "a b", "a" * 64, "\u00e9", None):
        with raises(Rejected, what=f"the alias {bad!r}"):
            lab.store.registry.set_alias(model, bad, 1)
    for good in ("a", "a" * 63, "v", "v1a", "latest-1"):
        lab.store.registry.set_alias(model, good, 1)
        same(lab.store.registry.get(model, good).number, 1, f"the version called {good!r}")
    with raises(NotFound):
        lab.store.registry.set_alias(model, "champion", 9)
    with raises(NotFound):
        lab.store.registry.delete_alias(model, "absent")


@check("G8", "approval and stage do not touch each other", capability="registry")
def approval(lab: Lab) -> None:
    model = lab.model(versions=2)
    registry = lab.store.registry
    same([one.approval for one in registry.versions(model)], ["pending", "pending"], "the first approvals")
    registry.approve(model, 1, actor="alice", comment="looks good")
    registry.transition(model, 1, "Production")
    registry.transition(model, 2, "Production", archive_existing="all")
    same([one.approval for one in registry.versions(model)], ["approved", "pending"], "the approvals after promotions")
    registry.reject(model, 2, actor="bob")
    for store in lab.stores():
        same([(one.stage, one.approval) for one in store.registry.versions(model)],
             [("Archived", "approved"), ("Production", "rejected")], "stages and approvals")  # fmt: skip
    raw = lab.probed_model(model).versions
    lab.shows("approval", {number: state.approval for number, state in raw.items()}, {1: "approved", 2: "rejected"},
              "the approvals on the vendor's own screen")  # fmt: skip
    registry.approve(model, 2)
    same(lab.second().registry.get(model, 2).approval, "approved", "the approval given after all")
    holds(isinstance(raw[1], VersionState), "the raw client gives states")


@check("G8", "a decision can be changed, and said twice it is one", capability="registry")
def approval_changed(lab: Lab) -> None:
    model = lab.model(versions=2)
    registry = lab.store.registry
    for decide, expected in (
        (registry.approve, "approved"),
        (registry.reject, "rejected"),
        (registry.approve, "approved"),
    ):
        for _ in range(2):
            same(decide(model, 2, actor="alice", comment="after review").approval, expected, "what the decision gives")
        found = [[one.approval for one in store.registry.versions(model)] for store in lab.stores()]
        same(found, [["pending", expected]] * 2, "the approvals")
    same([one.approval for one in registry.history(model)], ["approved", "rejected", "approved"], "the trail")
    with raises(NotFound):
        registry.approve(model, 3)
