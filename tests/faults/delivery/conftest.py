"""Training scripts that come to harm, and what of theirs is in the backend afterwards."""

from __future__ import annotations

import json
import os
import random
import struct
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import trackbridge as tb
from trackbridge.journal import find_journals

CHILD = Path(__file__).with_name("child.py")
FOREVER = 10**9


class Script:
    """One run of the child."""

    def __init__(self, site, end, threads, limit, environment):
        command = [sys.executable, str(CHILD), str(threads), end, str(limit)]
        self.process = subprocess.Popen(
            command, bufsize=0, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**site.environment, **environment}
        )
        self.run_id = self.process.stdout.read(32).decode()
        assert len(self.run_id) == 32, self.process.stderr.read().decode()
        self.accepted = {}

    def harm(self, after_s, what):
        """Do something to it after a while."""
        threading.Timer(after_s, what).start()

    def wait(self):
        """Read to the end what it says; give its exit code."""
        out, self.said = self.process.communicate(timeout=120)
        for number, count in struct.iter_unpack("<BI", out[: len(out) // 5 * 5]):
            self.accepted[number] = max(count, self.accepted.get(number, 0))
        return self.process.returncode


class Site:
    """A backend, a journal root, and the environment of scripts that use them."""

    def __init__(self, home: Path, host: str):
        self.root, self.url = home / "j", f"local://{home / 'store'}"
        self.environment = {
            **os.environ,
            "TRACKBRIDGE_BACKEND": self.url,
            "TRACKBRIDGE_JOURNAL_DIR": str(self.root),
            "TRACKBRIDGE_SHIPPER": host,
        }

    def script(self, end="none", *, threads=1, limit=FOREVER, **environment) -> Script:
        return Script(self, end, threads, limit, environment)

    def shipper(self) -> int:
        """Give the process id of the shipper."""
        return json.loads((self.root / "shipper.json").read_text())["pid"]

    def sync(self, place=None, *arguments) -> subprocess.CompletedProcess:
        command = [sys.executable, "-m", "trackbridge", "sync", str(place or self.root), *arguments]
        return subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=120, check=False)

    def check(self, script: Script, status: str, *, most_under_way: int = 1) -> None:
        """Everything that a returned call had accepted is there, once, and the run has ended so."""
        with tb.connect(self.url) as store:
            run = store.runs.get(script.run_id)
            held = {}
            for point in store.metrics.read(script.run_id):
                held.setdefault(point.name, []).append((point.step, point.value))
        assert run.status == status
        assert run.ended_ms is not None
        assert run.ended_ms >= run.started_ms
        for number, count in script.accepted.items():
            points = held[f"t{number}"]
            assert points == [(step, float(step)) for step in range(len(points))], "each once, in order"
            assert count <= len(points) <= count + most_under_way

    def journals(self):
        return list(find_journals(self.root))


@pytest.fixture
def make_site(tmp_path):
    return lambda host: Site(tmp_path, host)


@pytest.fixture
def dice():
    """Random moments; the seed is in the name of the test that failed."""
    return random.Random()
