"""Collections and archivings that are killed: no protected run is ever gone, none is gone whose copy is not whole."""

import os
import random
import signal
import subprocess
import sys
import time

import pytest

import trackbridge as tb

RUNS = 12
FIRST, ALL = 3, 20
COMMAND = [sys.executable, "-m", "trackbridge", "archive", "--older-than", "0m", "--apply", "--purge"]


def kills():
    return [pytest.param(n, marks=[] if n < FIRST else pytest.mark.full) for n in range(ALL)]


def mlflow_kills():
    return [pytest.param(n, marks=[] if n < 1 else pytest.mark.full) for n in range(ALL)]


@pytest.fixture
def fill(tmp_path):
    """Fill a backend with runs, of which the first has a version, the second a hold, and the third a child that is held."""

    def fill(url):
        ids = []
        for n in range(RUNS):
            parent = ids[2] if n == 3 else None
            with tb.start_run("old", f"r{n}", backend=url, capture=False, parent=parent) as run:
                run.log_params({"n": n})
                run.log_series("loss", None, [float(step) for step in range(200)])
                run.log_text("x" * 1000 * n, "notes.txt")
                if n in (1, 3):
                    run.set_tag("hold", "audit")
            ids.append(run.id)
        with tb.connect(url) as store:
            store.registry.register("m", run_id=ids[0], artifact="notes.txt")
            digests = {run: store.runs.digest(run) for run in ids}
        return ids[:4], digests

    return fill


def there(url):
    with tb.connect(url) as store:
        return {run.id: store.runs.digest(run.id) for run in store.runs.search()}


def check(source, target, protected, digests):
    here, kept = there(source), there(target)
    for run, digest in digests.items():
        if run in protected:
            assert here.get(run) == digest, "a run that is needed"
        elif run not in here:
            assert kept.get(run) == digest, "a run whose copy is not whole"
    return here


def killed_and_run_again(source, target, protected, digests, seed):
    moment = random.Random(seed)
    command = [*COMMAND, "--backend", source, "--to", target]
    begun = time.monotonic()
    subprocess.run([*command, "--older-than", "9999w"], check=True, capture_output=True, timeout=300)
    start_s = time.monotonic() - begun  # what it takes to come to the first run
    for _ in range(2):
        process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        time.sleep(start_s * moment.uniform(0.7, 2.0))
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        check(source, target, protected, digests)
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    assert set(check(source, target, protected, digests)) == set(protected)


@pytest.mark.parametrize("seed", kills())
def test_an_archiving_that_is_killed_loses_nothing(fill, tmp_path, seed):
    source, target = f"local://{tmp_path}/hot", f"local://{tmp_path}/cold"
    killed_and_run_again(source, target, *fill(source), seed)


@pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy is deprecated:DeprecationWarning")  # MLflow's own
@pytest.mark.parametrize("seed", mlflow_kills())
def test_an_archiving_of_mlflow_that_is_killed_loses_nothing(fill, tmp_path, seed):
    source, target = f"mlflow+sqlite:///{tmp_path}/mlflow.db", f"local://{tmp_path}/cold"
    killed_and_run_again(source, target, *fill(source), seed)
