"""The shipper to Vertex AI is killed while it delivers: nothing is lost, nothing comes twice (M2)."""

from __future__ import annotations

import json
import os
import signal
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from emulators.vertex import Remote
from servers import gcs

pytestmark = pytest.mark.server

WRITE = "TensorboardService.WriteTensorboardRunData"
PATIENCE_S = 180.0


@pytest.fixture
def place(vertex_emulator, gcs_endpoint):
    """Give a URL of the test's own, and the handle on its project."""
    mark = uuid.uuid4().hex[:12]
    staging = f"gs://{gcs.create_bucket(gcs_endpoint, f'faults-{mark}')}/staging"
    url = f"vertex://p{mark}/us-central1?staging={staging}&endpoint={vertex_emulator['grpc']}&insecure=true"
    remote = Remote(vertex_emulator["rest"], f"p{mark}")
    yield url, remote
    remote.heal()


def wait_until(holds):
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def kill(site, dead):
    """Kill a shipper that was not killed before; False where there is none just now."""
    for address in site.root.rglob("shipper.json"):  # those with credentials of their own have one of their own
        try:
            pid = json.loads(address.read_text())["pid"]
        except (OSError, ValueError):  # it is writing down where it is
            continue
        if pid not in dead:
            os.kill(pid, signal.SIGKILL)
            dead.add(pid)
            return True
    return False


@pytest.mark.parametrize("count", [3, pytest.param(20, marks=pytest.mark.full)])
def test_nothing_is_lost_where_the_shipper_is_killed(make_site, place, dice, count):
    url, remote = place
    site = make_site("process", url)
    remote.fail(method=WRITE, delay_s=0.5, times=None)  # so that most of what kills interrupt is delivery
    script = site.script("finish", limit=25_000 * count, TRACKBRIDGE_FINISH_TIMEOUT_S="900")
    reading = ThreadPoolExecutor(1).submit(script.wait, PATIENCE_S * count)  # it stops where nobody listens
    dead = set()
    for _ in range(count):
        before = remote.calls().get(WRITE, 0)
        wait_until(lambda before=before: remote.calls().get(WRITE, 0) > before)
        time.sleep(dice.uniform(0.0, 0.5))
        wait_until(lambda: kill(site, dead))
    remote.heal()
    assert reading.result() == 0, script.said.decode()
    site.check(script, "FINISHED")
    assert site.journals() == []
    assert remote.violations() == []
