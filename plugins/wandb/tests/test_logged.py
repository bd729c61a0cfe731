"""What plain wandb scripts log as W&B's artifacts: read back, loaded as models, and moved without a loss (A2, G2, C1)."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import sys
from dataclasses import dataclass

import pytest

from trackbridge.errors import AuthError, IntegrityError, NotFound, TrackbridgeError
from trackbridge.migration import Migration, Selection, Side, Threads, verify
from trackbridge.migration.surplus import MANIFEST, SURPLUS_FOLDER
from trackbridge.protocol import Scan, parse_url
from trackbridge.records.ids import new_run_id
from trackbridge.records.writes import RunHeader, RunWrites
from trackbridge.store import connect
from trackbridge_wandb.address import address_of
from trackbridge_wandb.client import Client
from trackbridge_wandb.files import Files
from trackbridge_wandb.hashing import md5_of

pytestmark = pytest.mark.server

ENTITY = "tester"  # whose projects no other test has
# Arguments: a project, a model of the registry, a run of ours.
SCRIPT = """
import sys, wandb
from pathlib import Path
project, model, ours = sys.argv[1:]
for number in range(60):
    Path("rows").mkdir(exist_ok=True)
    Path(f"rows/{number:02}.csv").write_text(f"row {number}\\n" * number)
Path("net/inner").mkdir(parents=True)
Path("net/weights.bin").write_bytes(bytes(range(256)) * 1200)
Path("net/inner/config.json").write_text('{"layers": 2}')
Path("net/empty").touch()
Path("code").mkdir()
Path("code/train.py").write_text("pass")
with wandb.init(project=project, id="bare") as run:
    run.log({"shown": wandb.Table(columns=["a"], data=[[1]])})
with wandb.init(project=project, id="trains") as run:
    net = wandb.Artifact("net", type="model", metadata={"layers": 2})
    net.add_dir("net")
    run.link_artifact(run.log_artifact(net).wait(), f"wandb-registry-model/{model}", aliases=["champion"])
    rows = wandb.Artifact("rows", type="dataset")
    rows.add_dir("rows", name="parts")
    rows.add_reference("s3://bucket/raw.csv", name="raw.csv", checksum=False)
    for number in range(24):
        rows.add_reference(f"s3://bucket/{number}", name=f"more/{number:02}", checksum=False)
    run.log_artifact(rows).wait()
    run.log_code("code", name="code")
with wandb.init(project=project, id="reuses") as run:
    split = wandb.Artifact("split", type="dataset")
    split.add_reference(run.use_artifact("rows:latest").get_entry("parts/07.csv"), name="seven.csv")
    split.add_reference("https://me@example.com/raw.csv?signature=hidden", name="elsewhere", checksum=False)
    run.log_artifact(split).wait()
    for number in range(3):
        Path("note.txt").write_text(str(number))
        note = wandb.Artifact("note", type="note")
        note.add_file("note.txt")
        run.log_artifact(note).wait()
wandb.Api().artifact(f"{project}/note:v1").delete()
with wandb.init(project=project, id=ours, resume="must") as run:
    extra = wandb.Artifact("extra", type="note")
    extra.add_file("note.txt")
    extra.add_reference("s3://bucket/more", name="more", checksum=False)
    run.log_artifact(extra).wait()
with wandb.init(project=project, id="gone") as run:
    orphan = wandb.Artifact("orphan", type="model")
    orphan.add_file("net/weights.bin")
    run.link_artifact(run.log_artifact(orphan).wait(), f"wandb-registry-model/{model}")
wandb.Api().run(f"{project}/gone").delete()
"""


@dataclass(frozen=True)
class Scripted:
    """What the scripts made: the project, the model, and the run of ours that they went on in."""

    project: str
    model: str
    ours: str


@pytest.fixture(scope="module")
def scripted(wandb_server, tmp_path_factory):
    home, mark = tmp_path_factory.mktemp("logged"), new_run_id()[-10:]
    found = Scripted(f"logged-{mark}", f"net-{mark}", new_run_id())
    environment = {**wandb_server.environment, "WANDB_ENTITY": ENTITY}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        with connect(f"wandb://{ENTITY}?base_url={wandb_server.url}") as store:
            store.backend.adapter.experiments.ensure(found.project)
            store.backend.adapter.runs.create(RunHeader(found.ours, found.project, 1_000))
            store.backend.adapter.runs.write(found.ours, RunWrites(params={"lr": 1.0}))
    environment |= {"PATH": "/usr/bin:/bin", "HOME": str(home), "WANDB_DIR": str(home)}
    script = [sys.executable, "-c", SCRIPT, found.project, found.model, found.ours]
    subprocess.run(script, env=environment, cwd=home, check=True, timeout=300)
    return found


@pytest.fixture
def store(service):
    with connect(f"wandb://{ENTITY}?base_url={service.url}") as store:
        yield store


def run_named(store, scripted, name):
    found = store.backend.adapter.runs.scan(Scan(experiments=(scripted.project,)))
    return next(run for run in found if run.native_id == f"{scripted.project}/{name}")


def below(store, run_id, prefix="artifacts"):
    return {one.path: one for one in store.artifacts.list(run_id, prefix)}


def test_files_of_versions_are_artifacts_of_the_run(store, scripted):
    run = run_named(store, scripted, "trains")
    files = below(store, run.id)
    assert {path: one.size for path, one in files.items()} == {
        "artifacts/net/v0/weights.bin": 256 * 1_200,
        "artifacts/net/v0/inner/config.json": 13,
        "artifacts/net/v0/empty": 0,
        "artifacts/code/v0/train.py": 4,
        **{f"artifacts/rows/v0/parts/{number:02}.csv": len(f"row {number}\n") * number for number in range(60)},
    }
    assert {one.sha256 for one in files.values()} == {None}
    with store.artifacts.open(run.id, "artifacts/net/v0/weights.bin") as content:
        assert content.read() == bytes(range(256)) * 1_200
    with store.artifacts.open(run.id, "artifacts/rows/v0/parts/59.csv") as content:
        assert content.read() == b"row 59\n" * 59
    assert list(below(store, run.id, "artifacts/net/v0/inner")) == ["artifacts/net/v0/inner/config.json"]
    path = "artifacts/net/v0/empty"
    with connect(store.url) as anew, anew.backend.adapter.artifacts.open(run.id, path) as content:
        assert content.read() == b""  # to one who has listed nothing


def test_what_is_not_in_the_run_is_not_found(store, scripted):
    run = run_named(store, scripted, "reuses")
    for path in ("net/v0/weights.bin", "note/v1/note.txt", "note/v9/note.txt", "note/v0/other", "split/v0/elsewhere"):
        with pytest.raises(NotFound):
            store.backend.adapter.artifacts.open(run.id, f"artifacts/{path}")


def test_what_is_named_is_never_more_than_an_attribute_holds(store, scripted, monkeypatch):
    monkeypatch.setattr("trackbridge_wandb.logged._BYTES", 100)
    run = run_named(store, scripted, "trains")
    assert run.attributes["wandb.not_carried"] == "references of up to 2 more versions"


def test_references_are_named_and_those_between_versions_followed(store, scripted):
    trains, reuses = (run_named(store, scripted, name) for name in ("trains", "reuses"))
    lost = str(trains.attributes["wandb.not_carried"]).split("; ")
    assert lost == [
        *(f"reference rows:v0/more/{number:02} (s3://bucket/{number})" for number in range(20)),
        "5 more references of rows:v0",
    ]
    assert reuses.attributes["wandb.not_carried"] == "reference split:v0/elsewhere (https://example.com/raw.csv)"
    assert {path: one.size for path, one in below(store, reuses.id, "artifacts/split").items()} == {
        "artifacts/split/v0/seven.csv": 42
    }
    with store.artifacts.open(reuses.id, "artifacts/split/v0/seven.csv") as content:
        assert content.read() == b"row 7\n" * 7
    got = store.backend.adapter.runs.get([trains.id, reuses.id])
    assert [got[run.id].attributes for run in (trains, reuses)] == [trains.attributes, reuses.attributes]


@pytest.mark.parametrize("switches", [{"page_limit": 1}, {"gone_outputs": "listed"}], ids=["pages", "gone"])
def test_all_pages_and_nothing_that_is_gone(service, store, scripted, switches):
    with service.switched(**switches):
        files = below(store, run_named(store, scripted, "reuses").id, "artifacts/note")
    assert list(files) == ["artifacts/note/v0/note.txt", "artifacts/note/v2/note.txt"]


def test_a_run_of_ours_has_what_its_script_logged(store, scripted):
    store.registry.register(f"{scripted.model}-ours", run_id=scripted.ours, artifact="artifacts/extra/v0")
    assert list(below(store, scripted.ours)) == ["artifacts/extra/v0/note.txt"]  # and no version of ours
    run = store.runs.get(scripted.ours)
    assert run.attributes["wandb.not_carried"] == "reference extra:v0/more (s3://bucket/more)"
    assert repr(run.params) == "{'lr': 1.0}"  # W&B's client has added to its config, and taken nothing away


def test_a_file_that_is_not_what_was_logged_is_refused(service, store, scripted):
    run = run_named(store, scripted, "trains")
    files = Files(Client(address_of(parse_url(store.url))))
    record = files.find(scripted.project, "trains", ["config.yaml"])["config.yaml"]
    with pytest.raises(IntegrityError, match="MD5"):
        files.download(record, md5_of(io.BytesIO(b"something else")))
    service.fault("download", cut="halfway", times=None, skip=1)  # the manifest passes
    with connect(store.url) as anew, pytest.raises(TrackbridgeError):
        anew.backend.adapter.artifacts.open(run.id, "artifacts/net/v0/weights.bin")


def test_versions_that_cannot_be_read_are_named_and_never_passed_over(service, store, scripted):
    service.fault("download", status=403, times=None)
    run = run_named(store, scripted, "trains")
    assert "files of net:v0, which cannot be read (AuthError)" in str(run.attributes["wandb.not_carried"])
    with pytest.raises(AuthError):
        below(store, run.id)


def test_what_was_put_there_is_in_its_place(store, scripted, tmp_path):
    run = run_named(store, scripted, "reuses")
    path, data = "artifacts/note/v2/note.txt", b"put later"
    sha256 = hashlib.sha256(data).hexdigest()
    (tmp_path / "later").write_bytes(data)
    with (tmp_path / "later").open("rb") as content:
        store.backend.adapter.artifacts.put(run.id, path, content, size=len(data), sha256=sha256)
    assert below(store, run.id)[path].size == len(data)
    with store.artifacts.open(run.id, path) as content:
        assert content.read() == data


def test_runs_without_any_cost_a_request_at_most(service, store, scripted):
    bare, ours = run_named(store, scripted, "bare"), new_run_id()
    store.backend.adapter.runs.create(RunHeader(ours, scripted.project, 1_000))
    for run_id, asked in ((bare.id, {"RunsOutputArtifacts": 1}), (ours, {})):
        service.reset()
        assert below(store, run_id, "") or run_id == ours
        outputs = {name: count for name, count in service.requests().items() if "Output" in name}
        assert outputs == asked
    service.reset()
    assert len(list(store.backend.adapter.runs.scan(Scan(experiments=(scripted.project,))))) >= 5
    assert service.requests()["RunsOutputArtifacts"] == 1


def test_a_linked_model_is_loaded(store, scripted, tmp_path):
    version = store.registry.get(scripted.model, "champion")
    run = run_named(store, scripted, "trains")
    assert (version.run_id, version.artifact_path) == (run.id, "artifacts/net/v0")
    folder = store.registry.load(scripted.model, "champion", dest=tmp_path)
    assert json.loads((folder / "inner" / "config.json").read_text()) == {"layers": 2}
    assert (folder / "weights.bin").read_bytes() == bytes(range(256)) * 1_200
    assert list(store.backend.adapter.registry.versions_of_run(run.id)) == [(scripted.model, version.number)]


def test_a_version_of_no_run_says_where_it_is(store, scripted):
    orphan = store.registry.get(scripted.model, 2)
    address = f"{ENTITY}/{scripted.project}/orphan:v0"
    assert (orphan.run_id, orphan.artifact_path) == (None, address)
    assert address in orphan.tags["wandb.not_carried"]
    with pytest.raises(NotFound, match=address):
        store.registry.load(scripted.model, 2)


def test_a_migration_takes_all_of_it(store, scripted, tmp_path):
    with connect(f"local://{tmp_path / 'there'}") as target:
        sides = Side.of(store), Side.of(target)
        engine = Threads(*sides, verify="full", workers=2)
        try:
            chosen = Selection(experiments=(scripted.project,), models=(scripted.model,))
            result = Migration(*sides, chosen, verify="full", engine=engine).run()
        finally:
            engine.close()
        assert [(one.id, one.failure, one.differences) for one in result.outcomes if not one.good] == []
        assert [one.unfiled for one in result.outcomes if one.kind == "model"] == [1]  # the version of no run
        assert verify(store, target, models=False).mismatches == ()
        for name in ("trains", "reuses"):
            run = run_named(store, scripted, name)
            there = [one.path for one in target.artifacts.list(run.id)]
            own = [path for path in there if not path.startswith(SURPLUS_FOLDER)]
            assert own == [one.path for one in store.artifacts.list(run.id)]
            assert MANIFEST in there
        folder = target.registry.load(scripted.model, "champion", dest=tmp_path / "loaded")
        assert (folder / "weights.bin").read_bytes() == bytes(range(256)) * 1_200
