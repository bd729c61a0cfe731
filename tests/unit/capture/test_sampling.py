"""The load of the machine, sampled beside the training (E1, C2)."""

import logging
import sys
import threading

import trackbridge as tb
from trackbridge.capture.sampling import Sampler


def test_samples_come_until_it_is_stopped():
    samples, enough = [], threading.Event()

    def take(sample):
        samples.append(sample)
        if len(samples) == 3:
            enough.set()

    sampler = Sampler(take, 0.01)
    assert enough.wait(60)
    sampler.stop(60)
    count = len(samples)
    assert {"system/cpu_percent", "system/memory_percent", "system/process/memory_bytes"} <= samples[0].keys()
    assert samples[-1]["system/process/memory_bytes"] > 1 << 20
    assert not sampler._thread.is_alive()
    assert len(samples) == count


def test_a_run_shorter_than_the_interval_has_one_sample():
    samples = []
    Sampler(samples.append, 3600).stop(60)
    assert len(samples) == 1


def test_what_fails_ends_the_sampling_and_nothing_else(caplog):
    def broken(_):
        raise RuntimeError("disk full")

    with caplog.at_level(logging.WARNING, "trackbridge"):
        Sampler(broken, 3600).stop(60)
    assert "system metrics end here: RuntimeError: disk full" in caplog.text


def test_without_psutil_it_says_what_to_install(monkeypatch, caplog):
    monkeypatch.setitem(sys.modules, "psutil", None)
    samples = []
    with caplog.at_level(logging.WARNING, "trackbridge"):
        Sampler(samples.append, 3600).stop(60)
    assert samples == []
    assert "pip install 'trackbridge[system]'" in caplog.text


def test_a_run_keeps_them_and_its_content_is_the_same(tmp_path, monkeypatch):
    url = f"local://{tmp_path}/store"
    runs = []
    for interval_s in ("0", "3600"):
        monkeypatch.setenv("TRACKBRIDGE_SYSTEM_METRICS_INTERVAL_S", interval_s)
        with tb.start_run("e", backend=url) as run:
            run.log_metric("loss", 0.5, step=0)
        runs.append(run.id)
    with tb.connect(url) as store:
        quiet, sampled = (store.runs.get(run) for run in runs)
        assert set(quiet.metrics) == {"loss"}
        assert sampled.metrics["system/memory_percent"].count == 1
        assert store.runs.digest(runs[0], content=True) == store.runs.digest(runs[1], content=True)
