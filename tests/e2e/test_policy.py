"""A policy holds on every vendor alike: what may not be is stopped, what is missing is marked, decisions need their rights."""

import pytest

import trackbridge as tb
from servers.clouds import CLOUDS
from trackbridge.errors import Rejected

POLICY = {
    "required_params": ["seed"],
    "required_datasets": ["training"],
    "required_capture": True,
    "names": {"params": "[a-z_]+"},
    "max_artifact_size_bytes": 10,
    "rule": [{"name": "release", "approval_for": ["Production"], "promoters": {"Production": ["ci"]}}],
}


@pytest.fixture(autouse=True)
def enforced(monkeypatch, tmp_path):
    monkeypatch.setenv("TRACKBRIDGE_CONNECT_TIMEOUT_S", "60")
    tb.configure(policy=POLICY)
    yield
    tb.configure(policy=None)


def held(url: str) -> None:
    with pytest.raises(Rejected, match="the environment is not recorded"):
        tb.start_run(experiment="policy", backend=url, capture=False)
    with tb.start_run(experiment="policy", backend=url) as run:
        with pytest.raises(Rejected, match="is not named like"):
            run.log_param("Seed", 1)
        with pytest.raises(Rejected, match="more than 10"):
            run.log_text("x" * 11, "big.txt")
        run.log_text("x" * 10, "model")
    with tb.connect(url) as store:
        record = store.runs.get(run.id)
        assert record.params == {}
        assert [file.path for file in store.artifacts.list(run.id)] == ["model"]
        assert record.tags["trackbridge.policy"].splitlines() == [
            "violated: there is no param 'seed', against the rule 'policy'.",
            "violated: no data set is recorded for 'training', against the rule 'policy'.",
        ]
        version = store.registry.register("policy", run_id=run.id, artifact="model").number
        with pytest.raises(Rejected, match="pending, not approved"):
            store.registry.transition("policy", version, "Production", actor="ci")
        store.registry.approve("policy", version, actor="ann")
        with pytest.raises(Rejected, match="none of ci"):
            store.registry.transition("policy", version, "Production", actor="ann")
        assert store.registry.transition("policy", version, "Production", actor="ci").stage == "Production"


@pytest.mark.parametrize("scheme", ["local", "memory", "archive+file"])
def test_it_holds_in_the_core(tmp_path, scheme):
    held(f"{scheme}://{tmp_path}/store")


@pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy is deprecated:DeprecationWarning")  # MLflow's own
def test_it_holds_on_mlflow_without_a_server(tmp_path):
    held(f"mlflow+sqlite:///{tmp_path}/mlflow.db")


@pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy is deprecated:DeprecationWarning")  # MLflow's own
@pytest.mark.server
def test_it_holds_on_mlflow(mlflow_sqlite):
    held(f"mlflow+{mlflow_sqlite['url']}")


@pytest.mark.filterwarnings("ignore:.*google:FutureWarning", "ignore:.*google:DeprecationWarning")
@pytest.mark.parametrize("cloud", sorted(CLOUDS), indirect=True)
def test_it_holds_on_emulated_clouds(cloud):
    held(cloud)
