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
from trackbridge.journal import JournalReader
from trackbridge.shipping.survey import journals_in

CHILD = Path(__file__).with_name("child.py")
FOREVER = 10**9
TIMEOUT_S = 180


class Script:
    """One run of the child."""

    def __init__(self, site, end, threads, limit, mode, slots, environment):
        command = [sys.executable, str(CHILD), str(threads), end, str(limit), mode, str(slots)]
        self.process = subprocess.Popen(
            command, bufsize=0, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**site.environment, **environment}
        )
        self.run_id = self.process.stdout.read(32).decode()
        assert len(self.run_id) == 32, self.process.stderr.read().decode()
        self.accepted = {}

    def harm(self, after_s, what):
        """Do something to it after a while."""
        threading.Timer(after_s, what).start()

    def wait(self, timeout_s=TIMEOUT_S):
        """Read to the end what it says; give its exit code."""
        out, self.said = self.process.communicate(timeout=timeout_s)
        for number, count in struct.iter_unpack("<BI", out[: len(out) // 5 * 5]):
            self.accepted[number] = max(count, self.accepted.get(number, 0))
        return self.process.returncode


class Site:
    """A backend, a journal root, and the environment of scripts that use them."""

    def __init__(self, home: Path, host: str, url: str | None = None):
        self.root, self.url = home / "j", url or f"local://{home / 'store'}"
        self.environment = {
            **os.environ,
            "TRACKBRIDGE_BACKEND": self.url,
            "TRACKBRIDGE_JOURNAL_DIR": str(self.root),
            "TRACKBRIDGE_SHIPPER": host,
            "TRACKBRIDGE_CONNECT_TIMEOUT_S": "60",  # a busy machine is no finding
        }

    def script(self, end="none", *, threads=1, limit=FOREVER, mode="auto", slots=0, **environment) -> Script:
        return Script(self, end, threads, limit, mode, slots, environment)

    def shipper(self) -> int:
        """Give the process id of the shipper; one whose backend has an environment of its own lives in a folder."""
        here = self.root / "shipper.json"
        found = here if here.exists() else next(self.root.glob("as-*/shipper.json"), here)
        return json.loads(found.read_text())["pid"]

    def sync(self, place=None, *arguments) -> subprocess.CompletedProcess:
        command = [sys.executable, "-m", "trackbridge", "sync", str(place or self.root), *arguments]
        environment = self.environment
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)

    def sync_all(self) -> None:
        """Deliver all that is left; nothing is left then."""
        done = self.sync(None, "--timeout", "150")
        assert done.returncode == 0, done.stdout + done.stderr
        assert self.journals() == []

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
        return journals_in(self.root)

    def rolling_over(self, scripts: list[Script]) -> int:
        """Count the dead scripts that had filled their last segment and had no other yet; the next one delivers them."""
        dead = {script.run_id for script in scripts}
        return sum(_died_rolling_over(journal) for journal in self.journals() if journal.parent.name in dead)


def _died_rolling_over(journal: Path) -> bool:
    with JournalReader(journal) as reader:
        entries = reader.read(limit=10**9, limit_bytes=10**9).entries
        if not entries:
            return False
        last = entries[-1].slot
        (held,) = [each for each in reader._open.values() if each.header.first <= last < each.header.end]
        return last == held.regions[0][1] - 1


@pytest.fixture
def make_site(tmp_path):
    return lambda host, url=None: Site(tmp_path, host, url)


@pytest.fixture
def dice():
    """Random moments; the seed is in the name of the test that failed."""
    return random.Random()
