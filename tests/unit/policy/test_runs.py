"""Runs that are held to a policy: stopped, marked or only warned of."""

import pytest

import trackbridge as tb
from trackbridge.cli import main
from trackbridge.errors import Rejected
from trackbridge.run.active import open_runs

URL = "local://store"


@pytest.fixture
def start(tmp_path, monkeypatch):
    """Start runs on a local store under a policy."""
    monkeypatch.chdir(tmp_path)

    def start(policy, **options):
        tb.configure(policy=policy, backend=URL, shipper="inline")
        return tb.start_run(**{"experiment": "fraud", "capture": False, **options})

    yield start
    tb.configure(policy=None, backend=None, shipper=None)


def recorded(run_id):
    with tb.connect(URL) as store:
        return store.runs.get(run_id)


@pytest.mark.parametrize(
    ("policy", "options", "said"),
    [
        ({"allowed_experiments": ["risk"]}, {}, "the experiment 'fraud' is none of risk"),
        ({"allowed_backends": ["prod"]}, {}, "the backend local://store is none of prod"),
        ({"required_capture": True}, {}, "the environment is not recorded"),
        ({"names": {"runs": "r-.*"}}, {"name": "x"}, "the run 'x' is not named like r-"),
    ],
)
def test_a_run_that_may_not_be_is_not_started(start, tmp_path, policy, options, said):
    with pytest.raises(Rejected, match=said):
        start(policy, **options)
    assert not (tmp_path / "store").exists()


def test_first_params_and_tags_that_may_not_be_stop_the_run(start):
    with pytest.raises(Rejected, match=r"params\.owner is 'todo'"):
        start({"forbidden_values": {"params.owner": ["todo"]}}, params={"owner": "todo"})
    assert not open_runs()


def test_what_may_not_be_is_refused_at_the_call_and_the_rest_goes_on(start, tmp_path):
    policy = {
        "names": {"params": "[a-z]+", "tags": "[a-z]+", "metrics": "[a-z/]+", "models": "fraud-.*"},
        "max_artifact_size_bytes": 4,
        "required_signature": True,
        "forbidden_values": {"tags.team": ["none"]},
    }
    with start(policy) as run:
        run.log_text("1234", "model.bin")
        for call in (
            lambda: run.log_param("LR", 1),
            lambda: run.set_tag("team", "none"),
            lambda: run.log_metric("Loss", 1.0),
            lambda: run.log_metrics({"a": 1.0, "B": 2.0}),
            lambda: run.log_series("C", [1], [2.0]),
            lambda: run.log_text("12345", "big.txt"),
            lambda: run.register_model("model.bin", "risk"),
        ):
            with pytest.raises(Rejected, match="against the rule 'policy'"):
                call()
        run.log_params({"lr": 1})
        run.log_metrics({"a": 1.0})
        with pytest.raises(Rejected, match="without a signature"):
            run.register_model("model.bin", "fraud-x")
    record = recorded(run.id)
    assert (record.params, set(record.metrics), record.status) == ({"lr": 1}, {"a"}, "FINISHED")
    assert "trackbridge.policy" not in record.tags
    with tb.connect(URL) as store:
        assert [file.path for file in store.artifacts.list(run.id)] == ["model.bin"]


def test_a_run_that_lacks_something_is_kept_and_marked(start):
    with start({"required_params": ["lr"], "required_tags": ["team"], "required_metrics": ["auc"]}) as run:
        run.log_param("lr", 1)
        run.log_metric("auc", 0.5)
    record = recorded(run.id)
    assert record.status == "FINISHED"
    assert record.tags["trackbridge.policy"] == "violated: there is no tag 'team', against the rule 'policy'."


def test_a_tag_that_was_deleted_is_missing(start):
    with start({"required_tags": ["team"]}, tags={"team": "risk"}) as run:
        run.delete_tag("team")
    assert "no tag 'team'" in recorded(run.id).tags["trackbridge.policy"]


def test_where_it_is_configured_the_script_fails_once_all_is_delivered(start):
    with (
        pytest.raises(Rejected, match="no data set is recorded"),
        start({"required_datasets": True, "at_finish": "fail"}) as run,
    ):
        run.log_metric("a", 1.0)
    record = recorded(run.id)
    assert (record.status, record.metrics["a"].count) == ("FINISHED", 1)
    assert "no data set" in record.tags["trackbridge.policy"]


def test_a_script_that_fails_by_itself_keeps_its_own_error(start):
    with pytest.raises(ZeroDivisionError), start({"required_datasets": True, "at_finish": "fail"}):
        1 / 0  # noqa: B018


def test_a_warning_is_logged_once_and_marked(start, caplog):
    policy = {"mode": "warn", "names": {"params": "[a-z]+"}, "required_tags": ["team"]}
    with start(policy) as run:
        run.log_param("A", 1)
        run.log_param("A", 1)
    assert recorded(run.id).params == {"A": 1}
    assert recorded(run.id).tags["trackbridge.policy"].splitlines() == [
        "warned: the param 'A' is not named like [a-z]+, against the rule 'policy'.",
        "warned: there is no tag 'team', against the rule 'policy'.",
    ]
    assert caplog.text.count("the param 'A'") == 1


def test_a_resumed_run_is_not_judged_by_what_this_process_knows(start):
    with start({"required_params": ["lr"]}, params={"lr": 1}) as run:
        pass
    with start({"required_params": ["lr"]}, run_id=run.id, resume="must"):
        pass
    assert "trackbridge.policy" not in recorded(run.id).tags


def test_the_registry_is_held_to_it(start):
    policy = {"approval_for": ["Production"], "author_may_approve": False, "promoters": {"Production": ["ci"]}}
    with start(policy) as run:
        run.log_text("m", "model")
    with tb.connect(URL) as store:
        version = store.registry.register("fraud", run_id=run.id, artifact="model").number
        store.registry.transition("fraud", version, "Staging")
        with pytest.raises(Rejected, match="pending, not approved"):
            store.registry.transition("fraud", version, "Production", actor="ci")
        with pytest.raises(Rejected, match="nobody knows who made it"):
            store.registry.approve("fraud", version, actor="ann")
        assert [entry.action for entry in store.registry.history("fraud")] == ["transition"]


@pytest.fixture
def cli(capsys):
    def call(*arguments):
        with pytest.raises(SystemExit) as left:
            main(["policy", *arguments])
        said = capsys.readouterr()
        return int(left.value.code or 0), said.out + said.err

    return call


def test_recorded_runs_can_be_tried(start, cli):
    with start({}, name="one", tags={"team": "risk"}):
        pass
    with start({}, name="two") as two:
        pass
    tb.configure(
        policy={"required_tags": ["team"], "rule": [{"name": "data", "mode": "warn", "required_datasets": True}]}
    )
    code, said = cli("test", "--where", "name = 'two'")
    assert (code, said.splitlines()) == (
        1,
        [
            f"{two.id} two",
            "  ✗ there is no tag 'team', against the rule 'policy'.",
            "  ! no data set is recorded, against the rule 'data'.",
            "1 of 1 runs go against 2 rules.",
        ],
    )
    assert cli("test", "--where", "name = 'one'")[0] == 0
    assert cli("show")[1].splitlines() == ["policy: enforce", "data: warn", "2 rules."]
