"""Data, runs and models, found from each other over two backends."""

import json

import pytest

import trackbridge as tb
from trackbridge.cli import main
from trackbridge.errors import NotFound
from trackbridge.store.lineage import data_lineage, model_lineage, run_lineage

DIGEST = "sha256:aa11"
FIRST, SECOND = "local://first", "local://second"


@pytest.fixture
def runs(tmp_path, monkeypatch):
    """Two runs on one data set: the first at both backends, with a version at each; the second at one, without any."""
    monkeypatch.chdir(tmp_path)
    with tb.start_run("fraud", "one", backend=[FIRST, SECOND], capture=False) as one:
        one.use_dataset("features", "v1", digest=DIGEST, context="training")
        one.use_dataset("holdout", digest="sha256:bb", context="test")
        one.log_text("m", "model")
        one.register_model("model", "fraud")
    with tb.start_run("fraud", "two", backend=SECOND, capture=False) as two:
        two.use_dataset("features", "v1", digest=DIGEST, context="training")
    return one.id, two.id


@pytest.fixture
def stores(runs):
    with tb.connect(FIRST) as first, tb.connect(SECOND) as second:
        yield {"first": first, "second": second}


def test_a_run_has_its_data_and_what_became_of_it(stores, runs):
    node = run_lineage(stores, runs[0])
    assert (node.name, node.backends) == ("one", ("first", "second"))
    assert [dataset.name for dataset in node.data] == ["features", "holdout"]
    assert [(model.backend, model.version.number) for model in node.models] == [("first", 1), ("second", 1)]
    assert run_lineage(stores, runs[1]).models == ()


def test_a_version_leads_to_its_run_and_its_data(stores, runs):
    nodes = model_lineage(stores, "fraud", 1)
    assert [node.backend for node in nodes] == ["first", "second"]
    assert nodes[0].run.id == runs[0]
    assert [dataset.digest for dataset in nodes[0].run.data] == [DIGEST, "sha256:bb"]


def test_data_leads_to_every_run_and_every_model(stores, runs):
    node = data_lineage(stores, DIGEST)
    assert node.dataset.name == "features"
    assert [(run.id, run.backends, len(run.models)) for run in node.runs] == [
        (runs[0], ("first", "second"), 2),
        (runs[1], ("second",), 0),
    ]


def test_what_is_not_there_is_told(stores):
    with pytest.raises(NotFound, match="no run"):
        run_lineage(stores, "0" * 32)
    with pytest.raises(NotFound, match="no version 7"):
        model_lineage(stores, "fraud", 7)
    with pytest.raises(NotFound, match="no run in first, second used"):
        data_lineage(stores, "sha256:it's")


def test_a_version_whose_run_is_gone_says_so(stores, runs):
    for store in stores.values():
        store.runs.delete(runs[0], force=True)
    assert model_lineage(stores, "fraud", 1)[0].run is None


@pytest.fixture
def cli(capsys, runs):
    def call(*arguments, code=0):
        with pytest.raises(SystemExit) as left:
            main(["lineage", *arguments, "--backend", FIRST, "--backend", SECOND])
        said = capsys.readouterr()
        assert int(left.value.code or 0) == code, said
        return said.out + said.err

    return call


def test_the_command_draws_trees(cli, runs):
    said = cli("fraud", "1").splitlines()
    assert said[0] == "model fraud version 1, pending, in local://first"
    assert said[1] == f"└── run {runs[0]} one, FINISHED, of fraud, in local://first, local://second"
    assert said[2] == f"    ├── data features: v1, training, {DIGEST}"
    said = cli(DIGEST).splitlines()
    assert said[0] == f"data features: v1, training, {DIGEST}"
    assert said[-1].startswith(f"└── run {runs[1]} two")
    assert "became" in cli(runs[0])


def test_the_command_gives_json_and_says_what_it_needs(cli, runs):
    assert json.loads(cli(runs[0], "--json"))["data"][0]["digest"] == DIGEST
    assert "say which version" in cli("fraud", code=2)
    assert "no run" in cli("f" * 32, code=2)
