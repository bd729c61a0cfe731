"""Sixty planted secrets, and not one in the bytes of a backend, a journal, a dead letter, a report or a log (X4)."""

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

import trackbridge as tb
from e2e.leaky import TEXTS, leak, log_all
from planted import PLANTED, VARIABLES
from trackbridge.adapters.memory.state import state_of

LEAKY = Path(__file__).with_name("leaky.py")
# A key of several lines is looked for by the line: a patch has signs between them.
NEEDLES = {each.kind: [part.encode() for part in each.secret.replace("\\n", "\n").split("\n")] for each in PLANTED}


def found_in(data: bytes) -> list[str]:
    """Give the kinds of the secrets in some bytes, as they are and as JSON has them."""
    return [
        kind
        for kind, parts in NEEDLES.items()
        if any(part in data or json.dumps(part.decode())[1:-1].encode() in data for part in parts)
    ]


def marks_in(data: bytes, before: str = "") -> set[str]:
    return {mark for mark in TEXTS if f"{before}{mark}".encode() in data}


def content_of(file: Path) -> bytes:
    """Give the bytes of a file, and of a database what is in its rows: long values are in pieces on its pages."""
    data = file.read_bytes()
    if not data.startswith(b"SQLite format 3"):
        return data
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as database:
        database.text_factory = bytes
        tables = [name.decode() for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        rows = (row for table in tables for row in database.execute(f'SELECT * FROM "{table}"'))
        texts = [cell if isinstance(cell, bytes) else str(cell).encode() for row in rows for cell in row]
    return b"\n".join([data, *texts])


def bytes_below(folder: Path) -> bytes:
    """Give all that the files of a folder hold, their names included, and fail on any secret, by its file."""
    everything = []
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        data = content_of(file) + os.fsencode(file)
        assert found_in(data) == [], file
        everything.append(data)
    return b"\n".join(everything)


def dead_letters(journals: Path) -> bytes:
    """Give all dead letters; those of runs with credentials of their own lie in a folder of their own."""
    return b"".join(map(bytes_below, journals.rglob("dead-letters")))


def git(folder: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A repository whose remote, changes and lock file have secrets, and an environment that has some."""
    work = tmp_path / "work"
    work.mkdir()
    everything = "".join(f"locked {mark} {text}\n\n" for mark, text in TEXTS.items())
    (work / "settings.py").write_text("before\n")
    git(work, "init", "-q")
    git(work, "add", ".")
    git(work, "commit", "-q", "-m", "first")
    git(work, "remote", "add", "origin", next(each.text for each in PLANTED if each.kind == "git remote"))
    (work / "settings.py").write_text(everything.replace("locked", "patched"))
    (work / "requirements.txt").write_text(everything)
    (work / LEAKY.name).write_bytes(LEAKY.read_bytes())
    monkeypatch.chdir(work)
    monkeypatch.setenv("TRACKBRIDGE_CONNECT_TIMEOUT_S", "120")  # the server may be busy with other tests
    monkeypatch.setenv("TRACKBRIDGE_FINISH_TIMEOUT_S", "300")
    monkeypatch.setenv("TRACKBRIDGE_JOURNAL_DIR", str(tmp_path / "journals"))
    monkeypatch.setenv("PYTHONPATH", str(LEAKY.parents[1]), prepend=os.pathsep)
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    return work


def train(project: Path, url: str, **environment: str) -> str:
    """Run the script; give the id of its run."""
    command = [sys.executable, LEAKY.name, url, "../train.log", *TEXTS.values()]
    done = subprocess.run(
        command,
        cwd=project,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.stderr.rstrip().endswith(tuple(TEXTS.values())[-1]), done.stderr[-3000:]  # it ends as it means to
    logged = (project.parent / "train.log").read_bytes()
    assert found_in(logged) == []
    assert marks_in(logged, "in a log ") == marks_in(logged, "in a traceback ") == set(TEXTS)
    return done.stdout.split()[0]


def decide(url: str, run_id: str) -> None:
    """Put them wherever a reader of a store can put one."""
    with tb.connect(url) as store:
        texts = "\n\n".join(f"decided {mark} {text}" for mark, text in TEXTS.items())
        tags = {f"tag-{mark}": f"{mark} {text}" for mark, text in TEXTS.items()}
        store.runs.edit(run_id, notes=texts, tags=tags)
        store.experiments.edit("leaky", description=texts, tags=tags)
        version = next(iter(store.registry.versions("leaky"))).number
        store.registry.update("leaky", version, description=texts, tags=tags)
        store.registry.transition("leaky", version, "Staging", actor=TEXTS["planted-00"], comment=texts)
        said = str([store.runs.get(run_id), *store.runs.environment(run_id).items(), *store.registry.history("leaky")])
        assert found_in(said.encode()) == []
        for before in ("raised ", "decided ", "patched ", "locked ", "in list "):
            assert marks_in(said.encode(), before) == set(TEXTS), before


def test_the_search_finds_each_of_them():
    for written in ("\n".join(TEXTS.values()), json.dumps(list(TEXTS.values())), repr(list(TEXTS.values()))):
        assert found_in(written.encode()) == [each.kind for each in PLANTED]


def test_none_is_on_a_local_backend_nor_in_what_delivers_to_it(project, tmp_path):
    url = f"local://{tmp_path}/store"
    decide(url, train(project, url))
    assert marks_in(bytes_below(tmp_path / "store"), "decided ") == set(TEXTS)
    bytes_below(tmp_path / "journals")
    assert marks_in(dead_letters(tmp_path / "journals"), "clash-") == set(TEXTS)


def test_none_is_in_a_journal_that_waits_nor_in_what_syncs_it(project, tmp_path):
    url = f"local://{tmp_path}/store"
    train(project, url, TRACKBRIDGE_MODE="offline")
    waiting = bytes_below(tmp_path / "journals")
    for before in ("param-", "raised ", "in list ", "note "):
        assert marks_in(waiting, before) == set(TEXTS), before
    done = subprocess.run([sys.executable, "-m", "trackbridge", "sync"], capture_output=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    assert found_in(done.stdout + done.stderr) == []
    assert marks_in(bytes_below(tmp_path / "store"), "raised ") == set(TEXTS)


@pytest.mark.server
@pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy is deprecated:DeprecationWarning")  # MLflow's own
def test_none_is_on_mlflow_nor_in_what_delivers_to_it(project, tmp_path, mlflow_sqlite):
    url = f"mlflow+{mlflow_sqlite['url']}"
    decide(url, train(project, url))
    assert marks_in(bytes_below(Path(mlflow_sqlite["folder"])), "decided ") == set(TEXTS)
    bytes_below(tmp_path / "journals")
    assert marks_in(dead_letters(tmp_path / "journals"), "clash-") == set(TEXTS)


def test_none_is_in_memory_nor_in_a_log(project, tmp_path, caplog):
    with leak(f"memory://{tmp_path.name}") as run:
        log_all()
    with tb.connect(f"memory://{tmp_path.name}") as store:
        store.runs.edit(run.id, notes="\n\n".join(f"decided {mark} {text}" for mark, text in TEXTS.items()))
        held = state_of(tmp_path.name).runs[run.id]
    held_bytes = repr([getattr(held, name) for name in held.__slots__]).encode()
    assert found_in(held_bytes) == []
    assert marks_in(held_bytes, "decided ") == marks_in(held_bytes, "in list ") == set(TEXTS)
    assert found_in(caplog.text.encode()) == []
    assert marks_in(caplog.text.encode(), "in a log ") == set(TEXTS)
    bytes_below(tmp_path / "journals")
