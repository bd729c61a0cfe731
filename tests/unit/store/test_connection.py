"""Opening a store, and experiments (R2)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from trackbridge.errors import ConfigurationError, NotFound, Rejected
from trackbridge.protocol import open_backend
from trackbridge.store import Store, connect


@pytest.fixture
def configured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "trackbridge.toml").write_text(
        'backend = ["extra", "main"]\n'
        '[backends.extra]\nurl = "memory://extra"\nrequired = false\n'
        '[backends.main]\nurl = "local://runs"\n'
    )
    return tmp_path


def test_of_a_list_the_first_required_backend_is_read(configured: Path) -> None:
    with connect() as store:
        assert store.url == f"local:/{configured}/runs".replace("local:/", "local://")
    with connect(["memory://a", "memory://b"]) as store:
        assert store.url == "memory://a"


def test_a_name_a_url_and_an_open_backend_are_all_taken(configured: Path) -> None:
    assert connect("extra").url == "memory://extra"
    assert connect("memory://other").url == "memory://other"
    backend = open_backend("memory://mine")
    store = connect(backend)
    assert isinstance(store, Store)
    assert store.backend is backend
    assert store.capabilities is backend.spec.capabilities
    assert repr(store) == "Store('memory://mine')"


@pytest.mark.parametrize("backend", ["nowhere", "ftp://x", "extr"])
def test_what_is_no_backend_is_a_configuration_error(configured: Path, backend: str) -> None:
    with pytest.raises(ConfigurationError):
        connect(backend)


def test_experiments_are_edited_one_by_one_deleted_and_come_back(lab: Any) -> None:
    with pytest.raises(NotFound, match="'fraud'"):
        lab.store.experiments.get("fraud")
    lab.run(experiment="fraud")
    lab.run(experiment="churn")
    lab.store.experiments.edit("fraud", description="finds fraud", tags={"a": "1", "b": "2"})
    lab.store.experiments.edit("fraud", tags={"a": None, "c": "é"})
    found = lab.store.experiments.get("fraud")
    assert (found.description, found.tags) == ("finds fraud", {"b": "2", "c": "é"})
    assert [one.name for one in lab.store.experiments.list()] == ["churn", "fraud"]
    lab.store.experiments.delete("fraud")
    for act in (lab.store.experiments.get, lab.store.experiments.delete, lab.store.experiments.edit):
        with pytest.raises(NotFound):
            act("fraud")
    assert [one.name for one in lab.store.experiments.list()] == ["churn"]
    lab.run(experiment="fraud")
    assert lab.store.experiments.get("fraud").tags == {"b": "2", "c": "é"}
    lab.store.experiments.edit("fraud", description="")
    assert lab.store.experiments.get("fraud").description is None
    assert [one.description for one in lab.store.experiments.list()] == [None, None]


@pytest.mark.parametrize("change", [{"tags": {"trackbridge.x": "1"}}, {"tags": {"a": 1}}, {"description": 1}])
def test_a_bad_edit_of_an_experiment_is_rejected(lab: Any, change: dict[str, Any]) -> None:
    lab.run(experiment="fraud")
    with pytest.raises(Rejected):
        lab.store.experiments.edit("fraud", **change)
    assert lab.store.experiments.get("fraud").tags == {}


def test_secrets_in_descriptions_and_tags_are_redacted(lab: Any) -> None:
    lab.run(experiment="fraud")
    lab.store.experiments.edit("fraud", description="password=hunter2secret", tags={"api_key": "abcdefgh12345678"})
    assert "hunter2" not in repr(lab.store.experiments.get("fraud"))
    assert "abcdefgh" not in repr(lab.store.experiments.get("fraud"))
