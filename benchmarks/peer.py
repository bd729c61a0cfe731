"""What one call of a tracker costs, alone in its process: ``python peer.py TRACKER CALLS [URL]``.

Prints a JSON object: the nanoseconds of a call, or what is missing. With no calls the run is begun and ended, and nothing
else. It imports that tracker only, and runs on any interpreter that has it.
"""

import contextlib
import json
import os
import sys
import tempfile
import time
from pathlib import Path

WARM_UP = 20


def trackbridge(_url):
    import trackbridge as tb

    tb.configure(backend=f"local://{Path.cwd()}/store", journal_dir=f"{Path.cwd()}/journals", capture=False)
    run = tb.start_run("peers")
    return lambda step: run.log_metric("loss", step * 0.5, step=step), run.finish


def wandb(_url):
    import wandb

    run = wandb.init(
        mode="offline", project="peers", dir=str(Path.cwd()), settings=wandb.Settings(console="off", silent=True)
    )
    return lambda step: run.log({"loss": step * 0.5}, step=step), run.finish


def trackio(_url):
    os.environ["TRACKIO_DIR"] = str(Path.cwd())
    import trackio

    with contextlib.redirect_stdout(sys.stderr):
        trackio.init(project="peers", name="run")
    return lambda step: trackio.log({"loss": step * 0.5}, step=step), trackio.finish


def mlflow(url, *, synchronous=True):
    import mlflow

    mlflow.set_tracking_uri(url)
    mlflow.set_experiment("peers")
    mlflow.start_run()
    return lambda step: mlflow.log_metric("loss", step * 0.5, step=step, synchronous=synchronous), mlflow.end_run


def mlflow_async(url):
    return mlflow(url, synchronous=False)


def tensorboardx(_url):
    from tensorboardX import SummaryWriter

    writer = SummaryWriter(str(Path.cwd()))
    return lambda step: writer.add_scalar("loss", step * 0.5, step), writer.close


def neptune_scale(_url):
    from neptune_scale import Run

    run = Run(experiment_name="peers", project="peers/peers", mode="offline")
    return lambda step: run.log_metrics({"loss": step * 0.5}, step=step), run.close


TRACKERS = {
    "trackbridge": trackbridge,
    "wandb": wandb,
    "trackio": trackio,
    "mlflow": mlflow,
    "mlflow-async": mlflow_async,
    "tensorboardX": tensorboardx,
    "neptune-scale": neptune_scale,
}


def measure(name, calls, url):
    log, end = TRACKERS[name](url)
    for step in range(min(WARM_UP, calls)):
        log(step)
    begun = time.perf_counter_ns()
    for step in range(WARM_UP, WARM_UP + calls):
        log(step)
    took = time.perf_counter_ns() - begun
    with contextlib.redirect_stdout(sys.stderr):
        end()
    return {"ns": took / max(calls, 1)}


def main():
    name, calls, url = sys.argv[1], int(sys.argv[2]), (sys.argv[3:] or [""])[0]
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        os.chdir(folder)
        try:
            answer = measure(name, calls, url)
        except ImportError as error:
            answer = {"missing": str(error)}
        os.chdir("/")
    print(json.dumps(answer))


if __name__ == "__main__":  # some of them start processes of their own
    main()
