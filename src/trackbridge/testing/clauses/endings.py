"""R4: how a run ends is how its process ended."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from trackbridge.testing.checks import check
from trackbridge.testing.expect import contains, holds, same
from trackbridge.testing.lab import Lab

if TYPE_CHECKING:
    from trackbridge.records.runs import RunRecord
    from trackbridge.run import Run

__all__: list[str] = []

SECRET = "sk-" + "a1B2c3D4" * 6
SCRIPT = """
import sys, trackbridge as tb
run = tb.start_run(experiment=sys.argv[1], capture=False)
run.log_metric("loss", 0.5, step=1)
print(run.id, flush=True)
"""


def _leave(run: Run, error: BaseException) -> None:
    """Leave a run's block by an exception, which must come out of it."""
    try:
        with run:
            _throw(error)
    except BaseException as caught:  # noqa: BLE001 - KeyboardInterrupt and SystemExit are meant
        holds(caught is error, f"{error!r} comes out of the block, not {caught!r}")
    else:
        raise AssertionError(f"{error!r} did not come out of the block")


def _throw(error: BaseException) -> None:
    raise error


def _noted(record: RunRecord) -> str:
    return json.dumps([dict(record.tags), dict(record.attributes)], default=str)


@check("R4", "leaving the block gives FINISHED", capability="runs")
def block(lab: Lab) -> None:
    with lab.start_run() as run:
        run.log_metric("loss", 1.0)
    for record in lab.records(run.id):
        same(record.status, "FINISHED", "the status")
        holds("trackbridge.exception" not in _noted(record), "no exception is noted")


@check("R4", "an exception gives FAILED, notes its type and message, and goes on", capability="runs")
def exception(lab: Lab) -> None:
    run = lab.start_run()
    _leave(run, ValueError("the batch was empty"))
    for record in lab.records(run.id):
        same(record.status, "FAILED", "the status")
        for part in ("trackbridge.exception", "ValueError", "the batch was empty"):
            contains(_noted(record), part, "what the run says")


@check("R4", "the message of an exception is redacted", capability="runs")
def redacted_exception(lab: Lab) -> None:
    run = lab.start_run()
    _leave(run, ValueError(f"no access with https://user:{SECRET}@example.com/x"))
    for record in lab.records(run.id):
        contains(_noted(record), "no access with", "what the run says")
        holds(SECRET not in _noted(record), "the secret is not in what the run says")


@check("R4", "sys.exit gives FAILED unless its code is zero", capability="runs")
def system_exit(lab: Lab) -> None:
    codes: tuple[tuple[str | int | None, str], ...] = (
        (None, "FINISHED"), (0, "FINISHED"), (1, "FAILED"), ("no data", "FAILED")
    )  # fmt: skip
    for code, status in codes:
        run = lab.start_run()
        _leave(run, SystemExit(code))
        same([record.status for record in lab.records(run.id)], [status] * 2, f"the status after sys.exit({code!r})")


@check("R4", "KeyboardInterrupt gives KILLED", capability="runs")
def interrupt(lab: Lab) -> None:
    run = lab.start_run()
    _leave(run, KeyboardInterrupt())
    same([record.status for record in lab.records(run.id)], ["KILLED"] * 2, "the status")


@check("R4", "a status given to finish stands, whatever comes after", capability="runs")
def explicit(lab: Lab) -> None:
    run = lab.start_run()
    run.finish(status="KILLED")
    _leave(run, ValueError("too late"))
    run.finish(status="FAILED")
    same([record.status for record in lab.records(run.id)], ["KILLED"] * 2, "the status")


@check("R4", "a script that ends without finishing is FINISHED", capability="cross_process")
def script_ends(lab: Lab) -> None:
    done = lab.script(SCRIPT, lab.experiment)
    same((done.returncode, done.stderr), (0, ""), "how the script ended")
    for record in lab.records(done.stdout.strip()):
        same((record.status, record.metrics["loss"].last), ("FINISHED", 0.5), "the run")
        holds(record.ended_ms is not None, "it has an end")


@check("R4", "a script that dies of an exception is FAILED", capability="cross_process")
def script_fails(lab: Lab) -> None:
    done = lab.script(SCRIPT + "raise RuntimeError('out of memory')\n", lab.experiment)
    same(done.returncode, 1, "how the script ended")
    contains(done.stderr, "out of memory", "what the script says")
    for record in lab.records(done.stdout.strip()):
        same(record.status, "FAILED", "the status")
