"""A training loop, alone in its process: ``python loop.py SECONDS [URL [age]]``; without a URL nothing is logged.

A hundred steps a second, each with some milliseconds of NumPy and twenty metrics. Prints a JSON object: the CPU time of
the process and the time of its steps, both in seconds, while the loop ran; with ``age`` also how old the oldest point
was that the server did not have yet, sampled from the server.
"""

import json
import sys
import tempfile
import threading
import time
import urllib.request
from contextlib import suppress

import numpy as np

STEPS_A_SECOND, METRICS, SIZE, PRODUCTS = 100, 20, 192, 3
WARM_UP_S, SAMPLE_S = 2.0, 0.1


def train(seconds, log):
    """Give the CPU time and the time of the steps."""
    names = [f"metric-{number:02}" for number in range(METRICS)]
    generator = np.random.default_rng(7)
    x, w = generator.random((SIZE, SIZE)), generator.random((SIZE, SIZE)) / SIZE
    busy = 0.0
    begun, cpu = time.perf_counter(), time.process_time()
    for step in range(int(seconds * STEPS_A_SECOND)):
        start = time.perf_counter()
        for _ in range(PRODUCTS):
            x = np.tanh(x @ w)
        row = x[0, :METRICS].tolist()
        values = dict(zip(names, row, strict=True))
        log(values, step)
        busy += time.perf_counter() - start
        time.sleep(max(0.0, begun + (step + 1) / STEPS_A_SECOND - time.perf_counter()))
    return time.process_time() - cpu, busy


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
    seconds, url, age = float(sys.argv[1]), (sys.argv[2:] or [""])[0], sys.argv[3:] == ["age"]
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
        cpu, busy = train(seconds, log)
        stop.set()
        if age:
            sampler.join()
        (delivery,) = run.finish()
        assert delivery.complete, delivery.summary
    settled = ages[int(len(ages) * min(0.5, WARM_UP_S / seconds)) :]
    print(json.dumps({"cpu_s": cpu, "busy_s": busy, "ages_s": settled}))


if __name__ == "__main__":
    main()
