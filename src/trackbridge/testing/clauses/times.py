"""R3: statuses and times."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from trackbridge.errors import Rejected
from trackbridge.records.ids import new_run_id
from trackbridge.records.runs import RunStatus
from trackbridge.records.times import MAX_TIME_MS, now_ms, seconds_to_ms
from trackbridge.records.writes import RunHeader, RunWrites, Stamp, StatusWrite
from trackbridge.testing.checks import check
from trackbridge.testing.expect import holds, raises, same
from trackbridge.testing.lab import Lab

__all__: list[str] = []

STATUSES: tuple[RunStatus, ...] = ("FINISHED", "FAILED", "KILLED")


@check("R3", "a run ends with the status it was given", capability="runs")
def statuses(lab: Lab) -> None:
    runs = {status: lab.logged(status=status) for status in STATUSES}
    for status, run_id in runs.items():
        same([record.status for record in lab.records(run_id)], [status] * 2, "the status")
        lab.shows("killed", lab.probed(run_id).status, status, "the status on the vendor's own screen")
        same(lab.found(f"status = '{status}'"), [run_id], "the runs of a status")


@check("R3", "a run is RUNNING until it ends", capability="runs")
def running(lab: Lab) -> None:
    run = lab.start_run()
    run.flush()
    for record in lab.records(run.id):
        same((record.status, record.ended_ms), ("RUNNING", None), "an open run")
    same(lab.probed(run.id).status, "RUNNING", "the status on the vendor's own screen")
    run.finish()
    same(lab.store.runs.get(run.id).status, "FINISHED", "the status of a finished run")


@check("R3", "any other status is refused", capability="runs")
def bad_status(lab: Lab) -> None:
    bad: Any
    run = lab.start_run()
    for bad in ("finished", "SCHEDULED", "", None, 3):
        if bad is not None:
            with raises(Rejected, what=f"finish({bad!r})"):
                run.finish(status=bad)
    run.finish()
    same(lab.store.runs.get(run.id).status, "FINISHED", "the status in the end")


@check("R3", "times are those of the clock, in UTC milliseconds, for every reader", capability="runs")
def clock(lab: Lab) -> None:
    before = now_ms()
    run_id = lab.logged()
    after = now_ms()
    first, second = lab.records(run_id)
    started, ended = first.started_ms, first.ended_ms
    holds(type(started) is int and type(ended) is int, "times are integers")
    holds(ended is not None and before <= started <= ended <= after, f"{before} <= {started} <= {ended} <= {after}")
    same((second.started_ms, second.ended_ms), (started, ended), "the times that a second reader sees")
    raw = lab.probed(run_id)
    same((raw.started_ms, raw.ended_ms), (started, ended), "the times that the raw client sees")


@check("R3", "times from 0 to the end of the year 9999 are kept", capability="runs")
def extreme_times(lab: Lab) -> None:
    lab.backend.adapter.experiments.ensure(lab.experiment)
    for started, ended in (
        (0, 0),
        (0, MAX_TIME_MS),
        (MAX_TIME_MS, MAX_TIME_MS),
        (1_600_000_000_123, 1_600_000_000_999),
    ):
        run_id = new_run_id()
        lab.backend.adapter.runs.create(RunHeader(run_id, lab.experiment, started))
        lab.write(run_id, RunWrites(status=StatusWrite(0, "FINISHED", ended, Stamp(1, "w", 1))))
        for record in lab.records(run_id):
            same((record.started_ms, record.ended_ms), (started, ended), "the times")
        raw = lab.probed(run_id)
        lab.shows("epoch-zero", raw.started_ms, started, "the start on the vendor's own screen")
        lab.shows("far-future", raw.ended_ms, ended, "the end on the vendor's own screen")


@check("R3", "a naive datetime is UTC and an aware one is converted", capability="metrics")
def datetimes(lab: Lab) -> None:
    naive = datetime(2021, 6, 1, 12, 30, 0, 123_000)  # noqa: DTZ001 - a naive one is the point
    aware = datetime(2021, 6, 1, 14, 30, 0, 123_000, tzinfo=timezone(timedelta(hours=2)))
    expected = int(naive.replace(tzinfo=UTC).timestamp() * 1_000)
    with lab.start_run() as run:
        run.log_metric("naive", 1.0, step=0, timestamp=naive)
        run.log_metric("aware", 1.0, step=0, timestamp=aware)
        run.log_metric("ms", 1.0, step=0, timestamp=expected)
    same([point.timestamp_ms for point in lab.points(run.id)], [expected] * 3, "the timestamps")
    same(lab.probe.series(run.id, "naive"), [(0, expected, 1.0)], "the point that the raw client sees")


@check("R3", "times outside the range, and what is no time, are refused", capability="metrics")
def bad_times(lab: Lab) -> None:
    bad: Any
    with lab.start_run() as run:
        for bad in (-1, MAX_TIME_MS + 1, 1.5, "2020-01-01", True):
            with raises(Rejected, what=f"timestamp={bad!r}"):
                run.log_metric("loss", 1.0, step=0, timestamp=bad)
    same(lab.points(run.id), [], "the points that were stored")


@check("R3", "float seconds round half-even", capability="runs")
def half_even(lab: Lab) -> None:
    holds(lab.spec.schemes, "the backend has a scheme")
    pairs = {0.0005: 0, 0.0015: 2, 0.0025: 2, 1.0: 1_000, 1_600_000_000.1235: 1_600_000_000_124}
    same([seconds_to_ms(seconds) for seconds in pairs], list(pairs.values()), "the milliseconds")
