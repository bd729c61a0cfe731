"""The shipper is killed while it delivers to SageMaker: nothing is lost, nothing is there twice, and no file is half."""

import json
import os
import signal
import struct
import subprocess
import sys
import time
import zlib
from contextlib import suppress

import pytest

import trackbridge as tb

pytestmark = pytest.mark.server
full = pytest.mark.full
POINTS = 3_000

SCRIPT = """
import os, sys
import trackbridge as tb

with tb.start_run("faults", params={"lr": 0.1, "long": "x" * 5_000}, tags={"team": "risk"}, capture=False) as run:
    os.write(1, run.id.encode())
    for step in range(int(sys.argv[1])):
        run.log_metric("loss", step / 7, step=step)
        if step % 300 == 0:
            run.log_text(f"weights {step}", f"model/{step}.txt")
            run.log_param(f"p{step}", step)
            run.set_tag("step", str(step))
"""


def kill_while_it_runs(site, dice, kills):
    """Let a script log, and kill its shipper again and again; give the run's id, and how many were killed."""
    command = [sys.executable, "-c", SCRIPT, str(POINTS)]
    environment = {**site.environment, "TRACKBRIDGE_FINISH_TIMEOUT_S": "240"}
    script = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    run_id = script.stdout.read(32).decode()
    killed = set()
    while len(killed) < kills and script.poll() is None:
        time.sleep(dice.uniform(0.05, 0.8))
        with suppress(FileNotFoundError, ProcessLookupError):  # between two shippers
            shipper = site.shipper()
            if shipper not in killed:
                os.kill(shipper, signal.SIGKILL)
                killed.add(shipper)
    _, said = script.communicate(timeout=300)
    assert script.returncode == 0, said.decode()
    return run_id, len(killed)


def stored_points(place, run_id):
    """Ask S3 itself for every point of every segment that the record names, doubled ones too."""
    s3 = place.client("s3")

    def get(key):
        return s3.get_object(Bucket=place.bucket, Key=f"{place.prefix}/runs/{run_id}/{key}")["Body"].read()

    for name, said in json.loads(get("run.json"))["segments"].items():
        data = get(f"metrics/{name}")
        assert len(data) == said["bytes"]
        (length,) = struct.unpack(">I", data[8:12])
        offset = 12 + length
        for _, count, size in json.loads(data[12:offset]):
            yield from struct.unpack_from(f">{count}q", zlib.decompress(data[offset : offset + size]))
            offset += size


@pytest.mark.parametrize("kills", [3, pytest.param(20, marks=full)])
def test_the_shipper_is_killed(make_site, dice, sagemaker_place, kills):
    site = make_site("process", sagemaker_place.url)
    runs, killed = [], 0
    while killed < kills:
        run_id, count = kill_while_it_runs(site, dice, kills - killed)
        runs.append(run_id)
        killed += count
    site.sync_all()
    for run_id in runs:
        check(sagemaker_place, run_id)


def check(place, run_id):
    marks = range(0, POINTS, 300)
    with tb.connect(place.url) as store:
        run = store.runs.get(run_id)
        assert (run.status, run.tags) == ("FINISHED", {"team": "risk", "step": str(marks[-1])})
        assert run.params == {"lr": 0.1, "long": "x" * 5_000, **{f"p{step}": step for step in marks}}
        points = [(point.step, point.value) for point in store.metrics.read(run_id)]
        assert points == [(step, step / 7) for step in range(POINTS)]
        assert run.metrics["loss"].count == POINTS
        for step in marks:
            with store.artifacts.open(run_id, f"model/{step}.txt") as file:
                assert file.read() == f"weights {step}".encode()
        assert store.runs.differences(run_id) == ()
    assert set(stored_points(place, run_id)) == set(range(POINTS))
    shown = place.client("sagemaker").describe_trial_component(TrialComponentName=f"tb-{run_id}")
    assert shown["Status"]["PrimaryStatus"] == "Completed"
