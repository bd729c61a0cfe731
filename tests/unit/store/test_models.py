"""Registering an artifact of a run, and loading it back (G1, G2)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from trackbridge.errors import Conflict, IntegrityError, NotFound, Rejected
from trackbridge.protocol import ModelSaver, SavedModel, VersionSpec, hookimpl
from trackbridge.protocol.discovery import hooks
from trackbridge.records.artifacts import folder_digest

FILES = {"model/weights": b"w", "model/sub/config": b"{}", "alone.bin": b"b"}


def test_an_artifact_becomes_a_version_with_its_digest(lab: Any) -> None:
    run_id = lab.run(files=FILES)
    version = lab.store.registry.register(
        "fraud", run_id=run_id, artifact="model", signature="{}", input_example="model/sub/config",
        description="the first", tags={"size": "1 B"},
    )  # fmt: skip
    assert version == lab.store.registry.get("fraud", 1)
    assert (version.number, version.run_id, version.artifact_path, version.stage) == (1, run_id, "model", "None")
    assert (version.signature, version.input_example, version.description) == ("{}", "model/sub/config", "the first")
    assert version.tags == {"size": "1 B"}
    assert version.digest == folder_digest(lab.store.artifacts.list(run_id), "model")
    assert lab.store.registry.register("fraud", run_id=run_id, artifact="alone.bin").number == 2
    assert lab.store.registry.versions_of_run(run_id) == [("fraud", 1), ("fraud", 2)]


def test_what_is_said_of_a_version_is_redacted(lab: Any) -> None:
    secret = "ghp_" + "a1B2" * 9
    version = lab.store.registry.register(
        "m", run_id=lab.run(files=FILES), artifact="model", signature=f'{{"inputs": "{secret}"}}', description=secret
    )
    assert (version.signature, version.description) == ('{"inputs": "***"}', "***")


def test_the_same_token_gives_the_same_version(lab: Any) -> None:
    run_id = lab.run(files=FILES)
    first, again = (lab.store.registry.register("m", run_id=run_id, artifact="model", token="t") for _ in range(2))
    assert first == again
    with pytest.raises(Conflict):
        lab.store.registry.register("m", run_id=run_id, artifact="model", number=1)
    assert lab.store.registry.register("m", run_id=run_id, artifact="model", number=5).number == 5


def test_what_cannot_be_registered_makes_no_model(lab: Any) -> None:
    run_id = lab.run(files=FILES)
    for changes, error in (
        ({"artifact": "absent"}, NotFound),
        ({"artifact": "../model"}, Rejected),
        ({"run_id": "0" * 32}, NotFound),
        ({"tags": {"trackbridge.x": "1"}}, Rejected),
        ({"tags": {"a": 1}}, Rejected),
        ({"token": ""}, Rejected),
        ({"input_example": "/abs"}, Rejected),
    ):
        with pytest.raises(error):
            lab.store.registry.register("m", **{"run_id": run_id, "artifact": "model", **changes})
    with pytest.raises(Rejected):
        lab.store.registry.register(" m", run_id=run_id, artifact="model")
    assert list(lab.store.registry.models()) == []


def test_models_are_searched_by_name_and_tags(lab: Any) -> None:
    run_id = lab.run(files=FILES)
    for name, team in (("churn", "growth"), ("fraud", "risk"), ("fraud-2", "risk")):
        lab.store.registry.register(name, run_id=run_id, artifact="model")
        lab.store.registry.update(name, tags={"team": team})
    names = [model.name for model in lab.store.registry.models("tags.team = 'risk' and not name like '%2'")]
    assert names == ["fraud"]
    assert [model.name for model in lab.store.registry.models()] == ["churn", "fraud", "fraud-2"]
    for bad in ("params.x = 1", "status = 'FINISHED'", "tags.team ="):
        with pytest.raises(Rejected):
            lab.store.registry.models(bad)


def test_without_a_saver_the_files_come_as_they_were(lab: Any, tmp_path: Path) -> None:
    run_id = lab.run(files=FILES)
    lab.store.registry.register("m", run_id=run_id, artifact="model")
    lab.store.registry.register("m", run_id=run_id, artifact="alone.bin")
    lab.store.registry.transition("m", 1, "Production")
    lab.store.registry.set_alias("m", "champion", 2)
    folder = lab.store.registry.load("m", "Production")
    assert {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == {
        "weights": b"w",
        "config": b"{}",
    }
    file = lab.store.registry.load("m", "champion", dest=tmp_path / "here")
    assert (file, file.read_bytes()) == (tmp_path / "here" / "alone.bin", b"b")


class Savers:
    """A plugin with two ways to load what has weights."""

    def __init__(self) -> None:
        self.loaded: list[tuple[str, bool]] = []

    def saver(self, name: str, priority: int) -> ModelSaver:
        def load(folder: Path, trusted: bool) -> object:
            self.loaded.append((name, trusted))
            return (name, (folder / "weights").read_bytes())

        return ModelSaver(
            name=name, priority=priority, can_save=lambda _: False, save=lambda *_: SavedModel(name, runs_code=False),
            can_load=lambda folder: (folder / "weights").exists(), load=load,
        )  # fmt: skip

    @hookimpl
    def trackbridge_model_savers(self) -> tuple[ModelSaver, ...]:
        return self.saver("plain", 10_001), self.saver("better", 10_002)


@pytest.fixture
def savers() -> Iterator[Savers]:
    plugin = Savers()
    hooks().register(plugin)
    yield plugin
    hooks().unregister(plugin)


def test_the_saver_with_the_greatest_priority_loads_the_object(lab: Any, savers: Savers) -> None:
    run_id = lab.run(files=FILES)
    lab.store.registry.register("m", run_id=run_id, artifact="model")
    assert lab.store.registry.load("m", 1) == ("better", b"w")
    lab.store.registry.load("m", 1, trusted=True)
    assert savers.loaded == [("better", False), ("better", True)]


def test_an_artifact_that_was_replaced_is_not_loaded_as_the_version(lab: Any) -> None:
    run_id = lab.run(files=FILES)
    lab.store.registry.register("m", run_id=run_id, artifact="model")
    lab.write(run_id, [lab.file("model/weights", b"other")])
    with pytest.raises(IntegrityError, match="was changed after it was registered as version 1 of model 'm'"):
        lab.store.registry.load("m", 1)


def test_a_version_without_its_run_cannot_be_loaded(lab: Any, make_lab: Callable[[str], Any]) -> None:
    run_id = lab.run(files=FILES)
    lab.store.registry.register("m", run_id=run_id, artifact="model")
    lab.store.runs.delete(run_id, force=True)
    with pytest.raises(NotFound, match=run_id):
        lab.store.registry.load("m", 1)
    lab.store.registry.create("m", VersionSpec("t", None, "s3://bucket/model", None, 0))
    with pytest.raises(NotFound, match="s3://bucket/model"):
        lab.store.registry.load("m", 2)
