"""Runs on backends that a test can read back, and that it can make fail."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import stamina

import trackbridge as tb
from trackbridge.protocol import open_backend
from trackbridge.run import active
from trackbridge.shipping import backends

_numbers = itertools.count()


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path, monkeypatch):
    """No configuration and no journals of the machine's, and no run left open."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("TRACKBRIDGE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("TRACKBRIDGE_JOURNAL_DIR", str(tmp_path / "journals"))
    with stamina.set_testing(True, attempts=2, cap=True):
        yield
    for run in active.open_runs():
        run.finish()


class Place:
    """A backend of one test."""

    def __init__(self, url: str):
        self.url = url
        self.adapter = open_backend(url).adapter

    def start(self, **options):
        return tb.start_run(**{"experiment": "e", "backend": self.url, "capture": False, **options})

    def run(self, run_id):
        return self.adapter.runs.get([run_id])[run_id]

    def files(self, run_id):
        listed = self.adapter.artifacts.list(run_id)
        return {record.path: self.adapter.artifacts.open(run_id, record.path).read() for record in listed}

    def points(self, run_id):
        return [tuple(point) for point in self.adapter.metrics.read(run_id)]


@pytest.fixture
def place() -> Place:
    return Place(f"memory://run-{next(_numbers)}")


@pytest.fixture
def other() -> Place:
    return Place(f"memory://run-{next(_numbers)}")


@pytest.fixture
def local(tmp_path):
    made = Place(f"local://{tmp_path / 'store'}")
    yield made
    made.adapter.close()


@pytest.fixture
def fault(monkeypatch):
    """Make every call of an adapter go through `fault.check(family, method)`, which may raise."""

    class Fault:
        check = staticmethod(lambda *_: None)

    class Family:
        def __init__(self, name, real):
            self._name, self._real = name, real

        def __getattr__(self, method):
            def call(*args, **kwargs):
                Fault.check(self._name, method)
                return getattr(self._real, method)(*args, **kwargs)

            return call

    class Faulty:
        def __init__(self, real):
            self._real = real

        def __getattr__(self, name):
            if name in ("check", "close"):
                return Family("adapter", self._real).__getattr__(name)
            return Family(name, getattr(self._real, name))

    def opened(url):
        backend = open_backend(url)
        return replace(backend, adapter=Faulty(backend.adapter))

    monkeypatch.setattr(backends, "open_backend", opened)
    return Fault


@pytest.fixture
def script(tmp_path):
    """Run a training script in a process of its own; give what came of it."""

    def run(code: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess:
        file = Path(tmp_path, "train.py")
        file.write_text(code)
        return subprocess.run(
            [sys.executable, str(file), *arguments],
            capture_output=True, text=True, timeout=120, check=False, cwd=tmp_path, env={**os.environ, **environment},
        )  # fmt: skip

    return run
