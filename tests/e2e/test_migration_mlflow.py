"""What MLflow's own client made moves with everything it has; what no record holds travels, or stays, by name."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from e2e.migration_ends import THEIRS, bad
from trackbridge.errors import Unsupported
from trackbridge.migration import Migration, Selection, Side, Threads, make_plan, verify
from trackbridge.migration.surplus import MANIFEST
from trackbridge.protocol import surplus_of
from trackbridge.store import connect

pytestmark = [pytest.mark.filterwarnings(line) for line in THEIRS]
SCRIPT = Path(__file__).with_name("migration_foreign.py")
QUIET = {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_ALLOW_FILE_STORE": "true", "GIT_PYTHON_REFRESH": "quiet"}

TRAVELS = ["mlflow.dataset-inputs", "mlflow.logged-models", "mlflow.model-links", "mlflow.traces"]
STAYS = [
    "mlflow.ai-gateway",
    "mlflow.creation-times",
    "mlflow.evaluation-datasets",
    "mlflow.logged-models-of-no-run",
    "mlflow.mcp-servers",
    "mlflow.prompts",
    "mlflow.reviews",
    "mlflow.scorers",
    "mlflow.traces-of-no-run",
    "mlflow.users",
    "mlflow.webhooks",
]


@pytest.fixture(scope="module", params=["database", "folder"])
def foreign(request, tmp_path_factory) -> str:
    """The URL of a backend in which MLflow's own client has worked."""
    folder = tmp_path_factory.mktemp("foreign")
    uri = f"sqlite:///{folder}/mlflow.db" if request.param == "database" else f"file://{folder}/mlruns"
    subprocess.run([sys.executable, str(SCRIPT), uri], cwd=folder, env={**os.environ, **QUIET}, check=True)
    return f"mlflow+{uri}" if request.param == "folder" else f"mlflow+{uri}?artifacts={folder}/mlruns"


def test_everything_of_a_foreign_mlflow_arrives(foreign, tmp_path) -> None:
    with connect(foreign) as source, connect(f"local://{tmp_path}/home") as home:
        sides = Side.of(source), Side.of(home)
        selection = Selection(deleted=True)
        engine = Threads(*sides, verify="full", workers=2)
        result = Migration(*sides, selection, verify="full", engine=engine).run()
        engine.close()

        assert bad(result) == []
        assert verify(source, home).holds
        runs = {run.name: run for run in home.runs.search()}
        assert runs.keys() - {"parent", "failed"} == {next(r.name for r in runs.values() if r.parent)}
        parent = runs["parent"]
        child = next(run for run in runs.values() if run.parent == parent.id)
        (gone,) = home.runs.search(deleted=True)
        assert (gone.name, runs["failed"].status) == ("gone", "FAILED")
        assert parent.params == {"lr": "0.1", "long": "x" * 5_000}
        assert parent.attributes["notes"] == "notes!"
        assert parent.attributes["mlflow.custom"] == "kept"
        assert parent.datasets[0].name == "rows"
        assert [point.value for point in home.metrics.read(child.id)] == [1 / (step + 1) for step in range(30)]
        assert home.artifacts.open(child.id, "a/b.txt").read() == b"hi"
        assert home.experiments.get("foreign").tags == {"team": "risk"}
        versions = home.registry.versions("lin")
        assert [(one.number, one.stage, one.aliases, one.run_id) for one in versions] == [
            (1, "Production", (), parent.id),
            (2, "None", ("champion",), parent.id),
        ]
        assert home.artifacts.open(parent.id, "model/MLmodel").read() == b"flavors: {}\n"

        manifest = json.loads(home.artifacts.open(parent.id, MANIFEST).read())
        assert sorted({kind for kind, *_ in manifest["files"]}) == TRAVELS
        for _, path, size, sha256 in manifest["files"]:
            assert (size, sha256) == next((a.size, a.sha256) for a in home.artifacts.list(parent.id, path))
        (record,) = (path for kind, path, *_ in manifest["files"] if kind == "mlflow.logged-models")
        assert json.loads(home.artifacts.open(parent.id, record).read())["params"] == {"depth": "3"}
        assert next(one for one in result.outcomes if one.id == parent.id).surplus == dict.fromkeys(TRAVELS, 1)


def test_what_has_no_place_here_is_declared_by_name(foreign, tmp_path) -> None:
    with connect(foreign) as source, connect(f"local://{tmp_path}/home") as home:
        surplus = surplus_of(source.backend.adapter)
        assert surplus is not None
        assert (sorted(surplus.travels), sorted(surplus.stays)) == (TRAVELS, STAYS)
        *_, plan = make_plan(Side.of(source), Side.of(home), Selection(), workers=1)
        assert (sorted(plan.travels), sorted(plan.stays)) == (TRAVELS, STAYS)
        assert (plan.runs, plan.models, plan.versions) == (3, 1, 2)
        assert not list(home.runs.search())


def test_a_folder_is_only_read(tmp_path) -> None:
    (tmp_path / "mlruns").mkdir()
    with connect(f"mlflow+file://{tmp_path}/mlruns") as store, pytest.raises(Unsupported, match="only reads"):
        store.backend.adapter.experiments.ensure("new")
