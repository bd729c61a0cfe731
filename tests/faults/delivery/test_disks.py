"""A full disk and a read-only one under whole scripts: training goes on, and what was accepted arrives."""

import json
import shlex
import sys

import pytest

import trackbridge as tb
from disks import disks, on_disk

FILLING = """
import json
import trackbridge as tb
with tb.start_run("faults", capture=False) as run:
    step = 0
    while run.delivery[0].dropped < 500:
        for _ in range(100):
            run.log_metric("loss", float(step), step)
            step += 1
    state = run.delivery[0]
print(json.dumps({"id": run.id, "logged": step, "dropped": state.dropped}))
"""


@pytest.mark.parametrize("disk", disks())
@pytest.mark.parametrize("mode", ["offline", "online"])
def test_a_disk_that_fills_up(make_site, disk, mode):
    """Offline nothing is ever freed; a thread that delivers frees segments while the script goes on."""
    site = make_site("thread")
    script, sync = f"{sys.executable} -c {shlex.quote(FILLING)}", f"{sys.executable} -m trackbridge sync {site.root}"
    environment = {**site.environment, "TRACKBRIDGE_MODE": mode}
    done = on_disk(disk, site.root, script, sync, env=environment, between="true")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout.splitlines()[0])
    with tb.connect(site.url) as store:
        points = [(point.step, point.value) for point in store.metrics.read(said["id"])]
        assert store.runs.get(said["id"]).status == "FINISHED", "there was room for the last word"
    assert points == sorted({(step, float(step)) for step, _ in points})
    assert len(points) == said["logged"] - said["dropped"] > 1_000


LITTLE = """
import trackbridge as tb
with tb.start_run("faults", capture=False) as run:
    run.log_metric("loss", 1.0, 0)
"""


@pytest.mark.parametrize("disk", disks())
def test_a_journal_on_a_read_only_disk_waits_for_one_that_is_not(make_site, disk):
    site = make_site("thread")
    script, sync = f"{sys.executable} -c {shlex.quote(LITTLE)}", f"{sys.executable} -m trackbridge sync {site.root}"
    refused = f"mount -o remount,ro {site.root} && {{ {sync} || echo exit $?; }} && mount -o remount,rw {site.root}"
    environment = {**site.environment, "TRACKBRIDGE_MODE": "offline"}
    done = on_disk(disk, site.root, script, refused, sync, env=environment, between="true")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "cannot be delivered from where it lies" in done.stdout + done.stderr
    assert "exit 3" in done.stdout
    with tb.connect(site.url) as store:
        (run,) = store.runs.search()
    assert (run.status, run.metrics["loss"].count) == ("FINISHED", 1)
