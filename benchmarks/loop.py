"""A training loop, alone in its process: ``python loop.py SECONDS [URL [age | turns]]``; without a URL nothing is logged.

A hundred steps a second, each with some milliseconds of NumPy and twenty metrics. Prints a JSON object: the CPU time of
the process and the time of its steps, both in seconds, while the loop ran; with ``age`` also how old the oldest point
was that the server did not have yet, sampled from the server. With ``turns`` there are twice as many steps, of which
every other one is logged: what both kinds took, and the process's other threads.
"""

import json
import random
import sys
import tempfile
import threading
import time
import urllib.request
from contextlib import suppress

import numpy as np

STEPS_A_SECOND, METRICS, SIZE, PRODUCTS = 100, 20, 192, 12
WARM_UP_S, SAMPLE_S = 2.0, 0.1


class Training:
    """Some milliseconds of NumPy, which give twenty numbers."""

    def __init__(self):
        self._names = [f"metric-{number:02}" for number in range(METRICS)]
        generator = np.random.default_rng(7)
        self._x, self._w = generator.random((SIZE, SIZE)), generator.random((SIZE, SIZE)) / SIZE

    def step(self):
        for _ in range(PRODUCTS):
            self._x = np.tanh(self._x @ self._w)
        return dict(zip(self._names, self._x[0, :METRICS].tolist(), strict=True))


def train(seconds, log):
    """Give the CPU time and the time of the steps."""
    training, busy = Training(), 0.0
    begun, cpu = time.perf_counter(), time.process_time()
    for step in range(int(seconds * STEPS_A_SECOND)):
        start = time.perf_counter()
        log(training.step(), step)
        busy += time.perf_counter() - start
        time.sleep(max(0.0, begun + (step + 1) / STEPS_A_SECOND - time.perf_counter()))
    return time.process_time() - cpu, busy


def take_turns(seconds, log):
    """Log one step of each two, whichever a coin says; give the seconds that each kind took, and other threads.

    Both kinds meet the same server and the same shipper at work on the same machine.
    """
    training, coin = Training(), random.Random(7)
    cpu, busy = {True: 0.0, False: 0.0}, {True: 0.0, False: 0.0}
    begun, process, thread = time.perf_counter(), time.process_time(), time.thread_time()
    for pair in range(int(seconds * STEPS_A_SECOND)):
        first = coin.random() < 0.5
        for half, logged in enumerate((first, not first)):
            start, own = time.perf_counter(), time.thread_time()
            values = training.step()
            if logged:
                log(values, pair)
            cpu[logged] += time.thread_time() - own
            busy[logged] += time.perf_counter() - start
            time.sleep(max(0.0, begun + (pair + (half + 1) / 2) / STEPS_A_SECOND - time.perf_counter()))
    others = time.process_time() - process - (time.thread_time() - thread)
    return {
        "logged": {"cpu_s": cpu[True] + others, "busy_s": busy[True]},
        "bare": {"cpu_s": cpu[False], "busy_s": busy[False]},
        "others_s": others,
    }


def sample(url, native, ages, at, stop):
    """Ask the server, again and again, which step it has, and compare that with what was logged."""
    query = f"{url}/api/2.0/mlflow/runs/get?run_id={native}"
    while not stop.wait(SAMPLE_S):
        with urllib.request.urlopen(query, timeout=60) as answer:
            metrics = json.load(answer)["run"]["data"].get("metrics", ())
        missing = min((int(metric.get("step", 0)) for metric in metrics), default=-1) + 1
        now = time.time()
        with suppress(IndexError):  # nothing is missing
            ages.append(now - at[missing])


def main():
    seconds, url, mode = float(sys.argv[1]), (sys.argv[2:] or [""])[0], (sys.argv[3:] or [""])[0]
    age = mode == "age"
    if not url:
        cpu, busy = train(seconds, lambda _values, _step: None)
        print(json.dumps({"cpu_s": cpu, "busy_s": busy}))
        return
    import trackbridge as tb

    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        tb.configure(backend=f"mlflow+{url}", journal_dir=folder, capture=False, finish_timeout_s=600.0)
        run = tb.start_run("loop")
        log, ages, at, stop = run.log_metrics, [], [], threading.Event()
        if age:
            with tb.connect() as store:
                native = store.runs.get(run.id).native_id

            def log(values, step):
                run.log_metrics(values, step)
                at.append(time.time())

            sampler = threading.Thread(target=sample, args=(url, native, ages, at, stop))
            sampler.start()
        if mode == "turns":
            found = take_turns(seconds, log)
        else:
            cpu, busy = train(seconds, log)
            found = {"cpu_s": cpu, "busy_s": busy}
        stop.set()
        if age:
            sampler.join()
        (delivery,) = run.finish()
        assert delivery.complete, delivery.summary
    settled = ages[int(len(ages) * min(0.5, WARM_UP_S / seconds)) :]
    print(json.dumps({**found, "ages_s": settled}))


if __name__ == "__main__":
    main()
