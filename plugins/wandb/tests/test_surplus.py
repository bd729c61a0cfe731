"""What W&B's records hold and ours do not: it travels with a run as files, or is declared to stay."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import sys

import pytest

from trackbridge.migration import Migration, Selection, Side, Threads
from trackbridge.migration.surplus import MANIFEST, SURPLUS_FOLDER
from trackbridge.protocol import Scan, surplus_of
from trackbridge.records.ids import new_run_id
from trackbridge.records.writes import RunHeader
from trackbridge.store import connect

pytestmark = pytest.mark.server

ENTITY = "team"
TRAVELS = ["wandb.artifact-uses", "wandb.artifact-versions", "wandb.system-metrics"]
STAYS = [
    "wandb.artifacts-of-no-run",
    "wandb.automations",
    "wandb.collections",
    "wandb.internal-artifacts",
    "wandb.launch",
    "wandb.long-system-metrics",
    "wandb.reports",
    "wandb.sweeps",
    "wandb.users",
    "wandb.views",
    "wandb.weave",
]
METADATA = {"layers": [2, {"wide": 0.5}], "größe": 2**70}
SCRIPT = f"""
METADATA = {METADATA!r}
"""
SCRIPT += """
import sys, time, wandb
from pathlib import Path
project, = sys.argv[1:]
Path("note.txt").write_text("note")
settings = wandb.Settings(x_stats_sampling_interval=0.1)
with wandb.init(project=project, id="makes", settings=settings) as run:
    for number in range(3):
        made = wandb.Artifact("net", type="model", description=f"net {number}", metadata=METADATA)
        made.add_file("note.txt", name=f"{number}.txt")
        run.log_artifact(made, aliases=["best", f"number-{number}"], tags=["small", "a tag"]).wait()
    time.sleep(1)
with wandb.init(project=project, id="uses") as run:
    run.use_artifact("net:number-1")
with wandb.init(project=project, id="neither") as run:
    run.log({"loss": 1.0})
"""


@pytest.fixture(scope="module")
def project(wandb_server, tmp_path_factory):
    home, name = tmp_path_factory.mktemp("surplus"), f"surplus-{new_run_id()[-10:]}"
    environment = {**wandb_server.environment, "WANDB_ENTITY": ENTITY, "WANDB_DIR": str(home), "HOME": str(home)}
    command = [sys.executable, "-c", SCRIPT, name]
    subprocess.run(command, env={**environment, "PATH": "/usr/bin:/bin"}, cwd=home, check=True, timeout=300)
    return name


@pytest.fixture
def store(service):
    with connect(f"wandb://{ENTITY}?base_url={service.url}") as store:
        yield store


def surplus(store, project):
    """Give each run's surplus, by W&B's name of the run."""
    found = {}
    for run in store.backend.adapter.runs.scan(Scan(experiments=(project,))):
        files = {file.path: file for file in surplus_of(store.backend.adapter).of_run(run.id)}
        found[run.native_id.rpartition("/")[2]] = files
    return found


def test_it_is_declared_by_name(store):
    adapter = surplus_of(store.backend.adapter)
    assert (sorted(adapter.travels), sorted(adapter.stays)) == (TRAVELS, STAYS)


@pytest.mark.parametrize("switches", [{}, {"page_limit": 1}], ids=["at once", "in pages"])
def test_what_is_kept_of_versions_travels(service, store, project, switches):
    with service.switched(**switches):
        found = surplus(store, project)
    made = json.loads(found["makes"]["wandb/artifact-versions.json"].data)
    own = f"{ENTITY}/{project}/net"
    assert [one["version"] for one in made] == [f"{own}:v{number}" for number in range(3)]
    aliases = {one["version"][-1]: [alias for _, alias in one["aliases"]] for one in made}
    assert aliases == {"0": ["number-0"], "1": ["number-1"], "2": ["best", "latest", "number-2"]}
    for number, one in enumerate(made):
        assert (one["type"], one["description"], one["folder"]) == (
            "model",
            f"net {number}",
            f"artifacts/net/v{number}",
        )
        assert one["metadata"] == METADATA
        assert one["tags"] == ["a tag", "small"]
        assert {path for path, _ in one["aliases"]} == {own}
        assert one["digest"]
    used = json.loads(found["uses"]["wandb/artifact-uses.json"].data)
    assert [one["version"] for one in used] == [f"{own}:v1"]
    assert used == made[1:2]
    assert "wandb/artifact-versions.json" not in found["uses"] | found["neither"]


def test_what_was_measured_of_the_machine_travels_whole_or_not_at_all(store, project, monkeypatch):
    lines = surplus(store, project)["makes"]["wandb/system-metrics.jsonl"].data.decode().splitlines()
    rows = [json.loads(line) for line in lines]
    assert len(rows) > 3
    assert all(any(name.startswith("system.") for name in row) for row in rows)
    monkeypatch.setattr("trackbridge_wandb.surplus._MOST_ROWS", len(rows) - 1)
    assert "wandb/system-metrics.jsonl" not in surplus(store, project)["makes"]


def test_what_json_cannot_hold_is_kept_as_text(store, project, monkeypatch):
    client = store.backend.adapter._client
    ask = client.ask

    def odd(document, **variables):
        found = ask(document, **variables)
        connection = ((found.get("project") or {}).get("run") or {}).get("artifacts") or {}
        for edge in connection.get("edges", ()):
            edge["node"]["metadata"] = '{"a": NaN, "b": -Infinity, "c": 1e400, "d": 0.5, "e": "\\ud800"}'
        return found

    monkeypatch.setattr(client, "ask", odd)
    rows = json.loads(surplus(store, project)["makes"]["wandb/artifact-versions.json"].data)
    assert rows[0]["metadata"] == {"a": "NaN", "b": "-Infinity", "c": "1e400", "d": 0.5, "e": "\ud800"}


def test_a_run_that_is_all_ours_costs_no_request(service, store, project):
    ours = new_run_id()
    store.backend.adapter.runs.create(RunHeader(ours, project, 1_000))
    service.reset()
    assert list(surplus_of(store.backend.adapter).of_run(ours)) == []
    assert not {"RunLoggedRecords", "RunUsedRecords", "RunEvents"} & service.requests().keys()


def moved(store, target, project):
    sides = Side.of(store), Side.of(target)
    engine = Threads(*sides, verify="full", workers=2)
    try:
        return Migration(*sides, Selection(experiments=(project,)), verify="full", engine=engine).run()
    finally:
        engine.close()


def test_it_arrives_with_a_manifest_and_is_read_back(store, project, tmp_path):
    with connect(f"local://{tmp_path / 'there'}") as target:
        result = moved(store, target, project)
        assert result.good
        assert sorted(result.left) == STAYS
        run = next(run for run in target.runs.search() if "wandb/artifact-versions.json" in str(paths(target, run)))
        with target.artifacts.open(run.id, MANIFEST) as stream:
            manifest = json.load(stream)
        kinds = {path.removeprefix(SURPLUS_FOLDER): kind for kind, path, *_ in manifest["files"]}
        assert kinds == {
            "wandb/artifact-versions.json": "wandb.artifact-versions",
            "wandb/system-metrics.jsonl": "wandb.system-metrics",
        }

        assert {one.state for one in moved(store, target, project).outcomes if one.kind == "run"} == {"already"}
        before = paths(target, run)
        damage(target, run.id, f"{SURPLUS_FOLDER}wandb/artifact-versions.json")
        again = {one.id: one.state for one in moved(store, target, project).outcomes if one.kind == "run"}
        assert again.pop(run.id) == "completed"
        assert set(again.values()) == {"already"}
        assert paths(target, run) == before
        with target.artifacts.open(run.id, f"{SURPLUS_FOLDER}wandb/artifact-versions.json") as stream:
            assert len(json.load(stream)) == 3


def paths(store, run):
    return [one.path for one in store.artifacts.list(run.id)]


def damage(store, run_id, path):
    data = b"[]"
    sha256 = hashlib.sha256(data).hexdigest()
    store.backend.adapter.artifacts.put(run_id, path, io.BytesIO(data), size=len(data), sha256=sha256)
