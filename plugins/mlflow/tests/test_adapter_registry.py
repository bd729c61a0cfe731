"""Models, versions, the trail and its mirror on every kind of MLflow."""

from __future__ import annotations

import pytest

from trackbridge.errors import Conflict, NotFound
from trackbridge.protocol import Mirror, VersionSpec, VersionState


def spec(token, run_id=None, **fields):
    return VersionSpec(
        **{"token": token, "run_id": run_id, "artifact_path": "model", "digest": None, "created_ms": 5, **fields}
    )


def numbers(adapter, model):
    return [version.number for version in adapter.registry.versions(model)]


@pytest.fixture
def model(adapter, name):
    model = name("a model: with / and 'quotes\"")
    adapter.registry.ensure_model(model)
    return model


def test_any_name_and_long_texts(adapter, model):
    registry = adapter.registry
    registry.ensure_model(model)
    tags = {"é#": "x", "long": "y" * 20_000, "nul": "a\0b", "mlflow.mine": "z"}
    registry.edit_model(model, description="d" * 30_000, tags=tags)
    found = registry.get_model(model)
    assert (found.name, found.description, found.tags, found.deleted) == (model, "d" * 30_000, tags, False)
    assert model in [one.name for one in registry.list_models()]
    registry.edit_model(model, description="short", tags={"long": None, "é#": None, "absent": None})
    found = registry.get_model(model)
    assert (found.description, set(found.tags)) == ("short", {"nul", "mlflow.mine"})


def test_a_deleted_model_spends_its_name(adapter, model):
    adapter.registry.create_version(model, spec("t"))
    for _ in range(2):
        adapter.registry.delete_model(model)
    assert adapter.registry.get_model(model).deleted
    assert model not in [one.name for one in adapter.registry.list_models()]
    with pytest.raises(Conflict):
        adapter.registry.ensure_model(model)
    assert adapter.registry.get_model(model + "x") is None


@pytest.mark.parametrize("path", ["", "model", "a b/é%41", "file.txt"])
def test_a_version_of_no_run_comes_back(adapter, model, path):
    elsewhere = spec("token", artifact_path=path)
    assert adapter.registry.create_version(model, elsewhere) == 1
    assert [version.spec for version in adapter.registry.versions(model)] == [elsewhere]


def test_a_version_comes_back_whole(adapter, model, start):
    run_id = start()
    whole = spec(
        "token", run_id, digest="sha256:ab", signature='{"a":1}', input_example="model/e.json", description="d" * 9_000,
        tags={"k": "v", "é#": "y" * 9_000},
    )  # fmt: skip
    for _ in range(2):
        assert adapter.registry.create_version(model, whole) == 1
    (version,) = adapter.registry.versions(model)
    assert (version.number, version.spec, version.state) == (1, whole, VersionState())
    assert list(adapter.registry.versions_of_run(run_id)) == [(model, 1)]
    adapter.registry.edit_version(model, 1, description="new", tags={"k": None, "n": "1", "é#": "short"})
    (version,) = adapter.registry.versions(model)
    assert (version.spec.description, version.spec.tags) == ("new", {"n": "1", "é#": "short"})


def test_numbers_are_kept_and_never_used_again(adapter, model):
    registry = adapter.registry
    assert registry.create_version(model, spec("a"), 3) == 3
    assert registry.create_version(model, spec("a"), 3) == 3
    assert registry.create_version(model, spec("b")) == 4
    for _ in range(2):
        registry.delete_version(model, 4)
    for number in (3, 4):
        with pytest.raises(Conflict):
            registry.create_version(model, spec(f"c{number}"), number)
    assert numbers(adapter, model) == [3]
    assert registry.create_version(model, spec("late"), 2) == 2  # it was kept free
    assert registry.create_version(model, spec("late")) == 2
    with pytest.raises(Conflict):
        registry.create_version(model, spec("too late"), 2)
    assert numbers(adapter, model) == [2, 3]
    with pytest.raises(Conflict):
        registry.create_version(model, spec("a"), 9)
    assert registry.create_version(model, spec("d")) >= 5
    with pytest.raises(NotFound):
        registry.create_version(model + "x", spec("a"))


def test_the_trail_takes_each_entry_once(adapter, model):
    registry = adapter.registry
    assert list(registry.entries(model)) == []
    entries = [b'{"n":0}', b'{"long":"' + "é".encode() * 30_000 + b'"}', b'{"n":2}']
    for n, entry in enumerate(entries):
        assert registry.append_entry(model, n, entry)
        assert registry.append_entry(model, n, entry)
        assert not registry.append_entry(model, n, b'{"other":1}')
    assert list(registry.entries(model)) == entries
    assert list(registry.entries(model, 2)) == entries[2:]


def test_a_deleted_trail_run_is_brought_back(adapter, model):
    registry = adapter.registry
    registry.append_entry(model, 0, b"{}")
    client = adapter.runs._client
    client.tracking.delete_run(registry._trails._ledger.trail(model))
    assert list(registry.entries(model)) == [b"{}"]
    assert registry.append_entry(model, 1, b"[]")
    assert list(registry.entries(model)) == [b"{}", b"[]"]


def test_the_ledger_is_no_experiment_of_the_user(adapter, model):
    adapter.registry.append_entry(model, 0, b"{}")
    assert "trackbridge.ledger" not in [one.name for one in adapter.experiments.list()]
    assert adapter.experiments.get("trackbridge.ledger") is None
    with pytest.raises(Conflict):
        adapter.experiments.ensure("trackbridge.ledger")


def test_a_mirror_shows_natively_and_an_older_one_changes_nothing(adapter, model, start):
    registry = adapter.registry
    for token in "abc":
        registry.create_version(model, spec(token, start()))
    states = {1: VersionState("Archived", "approved"), 2: VersionState("Production", "rejected", ("best", "champion"))}
    assert registry.get_model(model).mirrored is None
    for mirror in (Mirror(4, "h4", states), Mirror(4, "h4", states), Mirror(3, "h3", {3: VersionState("Staging")})):
        registry.set_mirror(model, mirror)
        assert {v.number: v.state for v in registry.versions(model)} == {**states, 3: VersionState()}
        assert registry.get_model(model).mirrored == (4, "h4")
    registry.set_mirror(model, Mirror(5, "h5", {3: VersionState("Production", "pending", ("best",))}))
    assert [v.state for v in registry.versions(model)] == [
        VersionState(), VersionState(), VersionState("Production", "pending", ("best",)),
    ]  # fmt: skip
    assert registry.get_model(model).mirrored == (5, "h5")
    assert registry.get_model(model).tags == {}


def test_a_writer_that_was_overtaken_sets_right_what_it_overwrote(adapter, model, start):
    registry = adapter.registry
    registry.create_version(model, spec("a", start()))
    newer = Mirror(2, "h2", {1: VersionState("Production")})
    older = Mirror(1, "h1", {1: VersionState("Staging")})
    mirrors = registry._mirrors
    apply = mirrors._apply

    def overtaken(native, mirror):
        apply(native, mirror)
        if mirror is older and not overtook:
            overtook.append(True)
            apply(native, newer)
            mirrors._write(native, {}, newer)
            apply(native, older)  # the slow one's last calls arrive late
            seen.append(registry.get_model(model).mirrored)  # so that a reader does not take them for outside changes

    overtook: list[bool] = []
    seen: list[tuple[int, str]] = []
    mirrors._apply = overtaken
    registry.set_mirror(model, older)
    assert overtook
    assert seen == [(1, "h1")]
    assert [v.state.stage for v in registry.versions(model)] == ["Production"]
    assert registry.get_model(model).mirrored == (2, "h2")
