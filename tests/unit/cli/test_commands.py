"""Each command on a small store, as people and as programs see it."""

import json
from types import SimpleNamespace

import pytest

import trackbridge as tb
from trackbridge.cli import main

URL = "local://store"


@pytest.fixture
def cli(capsys):
    def call(*arguments: str, code: int = 0):
        with pytest.raises(SystemExit) as left:
            main(arguments)
        said = capsys.readouterr()
        assert int(left.value.code or 0) == code, said
        return said.out

    return call


@pytest.fixture
def filled(tmp_path, monkeypatch):
    """Two runs and a model with two versions, in a folder of their own."""
    monkeypatch.chdir(tmp_path)
    ids = []
    for name, lr in (("first", 0.1), ("second", 0.2)):
        with tb.start_run(
            experiment="demo", name=name, params={"lr": lr, "same": "x"}, backend=URL, capture=False
        ) as run:
            for step in range(3):
                tb.log_metric("loss", lr / (step + 1), step=step)
            run.set_tag("kind", "[bold]odd[/bold]")
            tb.log_dict({"lr": lr}, "model/weights.json")
        ids.append(run.id)
    with tb.connect(URL) as store:
        for run_id in ids:
            store.registry.register("fraud", run_id=run_id, artifact="model")
        store.registry.transition("fraud", 1, "Production", comment="ship it")
        store.registry.set_alias("fraud", "champion", 1)
    return SimpleNamespace(first=ids[0], second=ids[1])


def test_runs_list(cli, filled) -> None:
    shown = cli("runs", "list", "--backend", URL, "--show", "metrics.loss", "--show", "params.lr", "--order-by", "name")
    lines = [line.split() for line in shown.splitlines() if filled.first in line or filled.second in line]
    assert [line[0] for line in lines] == [filled.first, filled.second]
    assert lines[0][1:4] == ["first", "demo", "FINISHED"]
    assert lines[1][-2:] == ["0.0666667", "0.2"]


def test_runs_list_as_json(cli, filled) -> None:
    found = json.loads(cli("runs", "list", "--backend", URL, "--where", "params.lr > 0.15", "--json"))
    assert [run["id"] for run in found] == [filled.second]
    assert found[0]["params"] == {"lr": 0.2, "same": "x"}
    assert found[0]["metrics"]["loss"]["count"] == 3


def test_runs_list_says_when_there_is_more_and_when_there_is_none(cli, filled) -> None:
    assert "The first 1" in cli("runs", "list", "--backend", URL, "--limit", "1")
    assert "No runs found" in cli("runs", "list", "--backend", URL, "--where", "name = 'third'")


def test_runs_show(cli, filled) -> None:
    shown = cli("runs", "show", filled.first, "--backend", URL)
    for piece in ("first  FINISHED", filled.first, "lr", "0.1", "[bold]odd[/bold]", "model/weights.json"):
        assert piece in shown
    document = json.loads(cli("runs", "show", filled.first, "--backend", URL, "--json"))
    assert document["run"]["tags"] == {"kind": "[bold]odd[/bold]"}
    assert [artifact["path"] for artifact in document["artifacts"]] == ["model/weights.json"]


def test_runs_compare(cli, filled) -> None:
    rows = json.loads(cli("runs", "compare", filled.first, filled.second, "--backend", URL, "--json"))
    assert {row["what"]: row["values"] for row in rows}["params.lr"] == [0.1, 0.2]
    assert "params.same" not in {row["what"] for row in rows}
    assert "params.same" in cli("runs", "compare", filled.first, filled.second, "--backend", URL, "--all")
    assert "do not differ" in cli("runs", "compare", filled.first, filled.first, "--backend", URL)


def test_runs_delete_and_restore(cli, filled, capsys) -> None:
    cli("runs", "delete", filled.first, "--backend", URL, code=2)  # a model version points to it (R7)
    shown = cli("runs", "delete", filled.first, "--force", "--backend", URL)
    assert f"trackbridge runs restore {filled.first}" in shown
    cli("runs", "show", filled.first, "--backend", URL, code=2)
    assert json.loads(cli("runs", "restore", filled.first, "--backend", URL, "--json")) == {"restored": [filled.first]}
    assert filled.first in cli("runs", "show", filled.first, "--backend", URL)


def test_runs_purge(cli, filled) -> None:
    cli("runs", "delete", filled.second, "--purge", "--force", "--backend", URL)
    cli("runs", "restore", filled.second, "--backend", URL, code=2)


def test_models(cli, filled) -> None:
    line = next(line.split() for line in cli("models", "list", "--backend", URL).splitlines() if "fraud" in line)
    assert line[:4] == ["fraud", "2", "1", "–"]
    shown = cli("models", "show", "fraud", "--backend", URL)
    assert "Production" in shown
    assert "champion" in shown
    history = cli("models", "history", "fraud", "--backend", URL)
    assert "None → Production" in history
    assert "ship it" in history
    assert "alias champion" in history
    entries = json.loads(cli("models", "history", "fraud", "--version", "2", "--backend", URL, "--json"))
    assert entries == []


def test_verify(cli, filled) -> None:
    assert "2 runs and 1 models, 3 equal, 0 not" in cli("verify", URL, URL)
    with tb.start_run(
        experiment="demo", name="first", params={"lr": 0.3, "same": "x"}, backend="local://other", capture=False
    ):
        tb.log_metric("loss", 0.1, step=0)
    shown = cli("verify", "--content", URL, "local://other", code=1)
    assert "params.lr: 0.1" in shown
    assert "metrics.loss, step 1: 0.05" in shown
    assert "not in the target" in shown
    document = json.loads(cli("verify", URL, "local://other", "--json", code=1))
    assert (document["holds"], document["runs"], document["equal"]) == (False, 2, 0)
    assert {one["counterpart"] for one in document["mismatches"]} == {None}


def test_doctor(cli, filled) -> None:
    assert f"✓ local:{'//'}" in cli("doctor", URL)
    report = json.loads(cli("doctor", "memory://x", "--json"))
    assert [(one["url"], one["ok"], one["exit_code"]) for one in report["backends"]] == [("memory://x", True, 0)]
    assert ["no cross_process", "the data lives in the memory of one process and dies with it"] in report["backends"][
        0
    ]["facts"]


def test_backends(cli) -> None:
    rows = {row["scheme"]: row for row in json.loads(cli("backends", "--json"))}
    assert rows["local"] == {
        "scheme": "local",
        "package": "trackbridge",
        "version": tb.__version__,
        "state": "ok",
        "error": None,
    }
    assert "memory://" in cli("backends")
