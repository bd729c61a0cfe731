"""A run in a dirty repository with data that DVC tracks can be come back to: commit, patch, data, command, result (E1, D1)."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import trackbridge as tb
from trackbridge.capture.recipe import read_recipe

TRAIN = """\
import csv
import pathlib
import sys

import trackbridge as tb

rows = list(csv.reader(pathlib.Path("data/train.csv").open()))
rate = float(sys.argv[1])
with tb.start_run(experiment=sys.argv[2], name="gbm", params={"rate": rate, "rows": len(rows)}) as run:
    run.use_dataset("rows", uri="data", context="training")
    run.use_dataset("labels", uri="labels.txt", context="training")
    for step, row in enumerate(rows):
        run.log_metric("loss", rate * float(row[0]), step=step)
    run.log_artifact("model.bin")
    print(run.id)
"""


def git(folder, *arguments):
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"]
    return subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True).stdout


def keep(remote, content, ending=""):
    """Put a content where DVC's remote has it; give its md5."""
    md5 = hashlib.md5(content).hexdigest() + ending
    place = remote / "files" / "md5" / md5[:2] / md5[2:]
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(content)
    return md5


def project(folder):
    """Make an origin, and a clone of it that has changes; both know a folder as DVC's remote."""
    work, remote = folder / "work", folder / "remote"
    (work / "data").mkdir(parents=True)
    (work / ".dvc").mkdir()
    table = b"".join(b"%d,x\n" % n for n in range(20))
    (work / "data" / "train.csv").write_bytes(table)
    listing = json.dumps([{"md5": keep(remote, table), "relpath": "train.csv"}], sort_keys=True).encode()
    md5 = keep(remote, listing, ".dir")
    (work / "data.dvc").write_text(
        f"outs:\n- md5: {md5}\n  size: {len(table)}\n  nfiles: 1\n  hash: md5\n  path: data\n"
    )
    (work / ".dvc" / "config").write_text(f"[core]\n    remote = store\n['remote \"store\"']\n    url = {remote}\n")
    (work / ".gitignore").write_text("/data\n")
    (work / "train.py").write_text(TRAIN)
    (work / "labels.txt").write_text("a\n")
    (work / "model.bin").write_bytes(b"\0before")
    (work / "requirements.txt").write_text("trackbridge\n")
    git(work, "init", "-q", "-b", "trunk")
    git(work, "add", ".")
    git(work, "commit", "-q", "-m", "first")
    git(folder, "clone", "-q", "--bare", "work", "origin.git")
    git(work, "remote", "add", "origin", str(folder / "origin.git"))
    (work / "train.py").write_text(TRAIN.replace("rate * float", "0.5 + rate * float"))
    (work / "model.bin").write_bytes(bytes(range(256)))
    return work


@pytest.fixture(
    params=[
        "local",
        pytest.param("mlflow", marks=pytest.mark.server),
        pytest.param("wandb", marks=pytest.mark.server),
    ]
)
def url(request, tmp_path, monkeypatch):
    """A backend of each kind: files, a server, an emulated service."""
    if request.param == "mlflow":
        return f"mlflow+{request.getfixturevalue('mlflow_sqlite')['url']}"
    if request.param == "wandb":
        emulator = request.getfixturevalue("wandb_emulator")
        for name, text in emulator.environment.items():
            monkeypatch.setenv(name, text)
        return f"wandb://team?base_url={emulator.url}"
    return f"local://{tmp_path}/store"


@pytest.fixture
def without_dvc(tmp_path, monkeypatch):
    """A PATH on which DVC's command is not, whatever this machine has."""
    programs = [name for name in os.environ["PATH"].split(os.pathsep) if not (Path(name) / "dvc").exists()]
    monkeypatch.setenv("PATH", os.pathsep.join(programs))


def train(folder, url, experiment, monkeypatch):
    monkeypatch.setenv("TRACKBRIDGE_BACKEND", url)
    monkeypatch.setenv("TRACKBRIDGE_SHIPPER", "thread")
    monkeypatch.setenv("TRACKBRIDGE_CONNECT_TIMEOUT_S", "120")  # the server may be busy with other tests
    command = [sys.executable, "train.py", "0.25", experiment]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()[-1]


def play(script, folder, **environment):
    """Run a script with this interpreter as the one that has the packages."""
    return subprocess.run(
        ["sh", script, folder],
        env={**os.environ, "PYTHON": sys.executable, **environment},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


@pytest.mark.usefixtures("without_dvc")
def test_a_fresh_clone_gives_the_same_run_again(url, tmp_path, monkeypatch):
    work, experiment = project(tmp_path), f"reproduce-{tmp_path.name}"
    first = train(work, url, experiment, monkeypatch)
    with tb.connect(url) as store:
        run = store.runs.get(first)
        assert run.params == {"rate": 0.25, "rows": 20}
        assert run.metrics["loss"].count == 20
        assert [file.path for file in store.artifacts.list(first)] == ["model.bin"]
        assert {data.name for data in run.datasets} == {"rows", "labels"}
        assert run.attributes["environment.git.commit"] == git(work, "rev-parse", "HEAD").decode().strip()
        assert run.attributes["environment.data.rows.dvc.matches"] is True
        kept = store.runs.environment(first)
        assert kept["locks/requirements.txt"] == b"trackbridge\n"
    written = subprocess.run(
        [sys.executable, "-m", "trackbridge", "reproduce", first, "--script", tmp_path / "again.sh", "--backend", url],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert written.returncode == 0, written.stderr
    assert "git apply" in written.stdout
    git(tmp_path, "clone", "-q", "origin.git", "fresh")
    fresh = tmp_path / "fresh"
    assert not (fresh / "data").exists()
    done = play(tmp_path / "again.sh", fresh)
    assert done.returncode == 0, done.stdout + done.stderr
    assert git(fresh, "rev-parse", "HEAD") == git(work, "rev-parse", "HEAD")
    assert git(fresh, "diff", "HEAD", "--binary") == git(work, "diff", "HEAD", "--binary") != b""
    assert (fresh / "data" / "train.csv").read_bytes() == (work / "data" / "train.csv").read_bytes()
    second = done.stdout.split()[-1]
    with tb.connect(url) as store:
        assert list(store.metrics.read(second))
        assert [point[:2] + point[3:] for point in store.metrics.read(second)] == [
            point[:2] + point[3:] for point in store.metrics.read(first)
        ]
        assert second != first
        assert store.runs.digest(second, content=True) == store.runs.digest(first, content=True)


@pytest.fixture
def recorded(tmp_path, monkeypatch, without_dvc):
    """A run on a local backend, and the script that comes back to it."""
    work = project(tmp_path)
    url = f"local://{tmp_path}/store"
    run = train(work, url, "e", monkeypatch)
    path = tmp_path / "again.sh"
    command = [sys.executable, "-m", "trackbridge", "reproduce", run, "--script", path, "--json"]
    subprocess.run(command, check=True, capture_output=True)
    return path, tmp_path, run


def test_it_clones_by_itself_can_be_played_twice_and_leaves_changes_alone(recorded):
    script, folder, _ = recorded
    clone = folder / "made"
    for _ in range(2):
        done = play(script, clone, NO_COMMAND="1")
        assert done.returncode == 0, done.stderr
        assert "rows: as the run read it" in done.stdout
        assert "labels: as the run read it" in done.stdout
    assert (clone / "model.bin").read_bytes() == bytes(range(256))
    (clone / "labels.txt").write_text("mine\n")
    done = play(script, clone, NO_COMMAND="1")
    assert done.returncode == 1
    assert "has changes of its own" in done.stderr
    assert (clone / "labels.txt").read_text() == "mine\n"


def test_data_that_is_not_what_it_was_stops_it_before_the_command(recorded):
    script, folder, run = recorded
    for file in (folder / "remote" / "files").rglob("*"):
        if file.is_file() and not file.name.endswith(".dir"):
            file.write_bytes(b"rotten")
    done = play(script, folder / "made")
    assert done.returncode == 1
    assert "does not have the md5" in done.stdout
    assert "== command" not in done.stdout
    shutil.rmtree(folder / "remote")
    shutil.rmtree(folder / "made" / "data")
    done = play(script, folder / "made")
    assert done.returncode == 1
    assert "it cannot be copied" in done.stdout
    with tb.connect(f"local://{folder}/store") as store:
        assert [one.id for one in store.runs.search()] == [run]


def test_dvc_is_asked_where_it_is(recorded, monkeypatch):
    script, folder, _ = recorded
    (folder / "bin").mkdir()
    tool = folder / "bin" / "dvc"
    tool.write_text(f'#!/bin/sh\necho "$@" > {folder}/asked\nexit 7\n')
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}")
    done = play(script, folder / "made", NO_COMMAND="1")
    assert done.returncode == 1
    assert "dvc pull ended with 7" in done.stdout
    assert (folder / "asked").read_text() == f"pull {folder}/made/data\n"


def test_a_commit_that_was_never_pushed_is_said_to_be_missing(recorded):
    script, folder, _ = recorded
    (folder / "other").mkdir()
    git(folder / "other", "init", "-q")
    git(folder / "other", "commit", "-q", "--allow-empty", "-m", "another")
    done = play(script, folder / "other")
    assert done.returncode == 1
    assert "was it ever pushed?" in done.stderr


def test_a_run_without_an_environment_says_so(tmp_path):
    url = f"local://{tmp_path}/store"
    with tb.start_run("e", backend=url, capture=False) as run:
        pass
    with tb.connect(url) as store, pytest.raises(tb.NotFound, match="recorded no environment"):
        read_recipe(store.runs.get(run.id), store.runs.environment(run.id))
