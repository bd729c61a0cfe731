"""M1–M6: points, sets, steps, summaries, numbers."""

from __future__ import annotations

import random
from datetime import datetime
from typing import Any

from trackbridge.errors import Rejected
from trackbridge.records.metrics import MetricPoint, MetricSummary, value_key
from trackbridge.records.times import now_ms
from trackbridge.sidecar import native_name
from trackbridge.testing.checks import check
from trackbridge.testing.expect import contains, holds, raises, same
from trackbridge.testing.hostile import BAD_NAMES, NAMES, STEPS, TIMES_MS, VALUES, distinct_nan
from trackbridge.testing.lab import Lab

__all__: list[str] = []

SITUATIONS = {"nan": "nan", "inf": "inf", "-inf": "inf", "-0.0": "negative-zero", "5e-324": "denormal",
              "-5e-324": "denormal", "2.225073858507201e-308": "denormal"}  # fmt: skip


class Number:
    """What a numpy or torch scalar looks like to us."""

    shape = ()

    def __init__(self, value: object) -> None:
        self.value = value

    def item(self) -> object:
        """Give the value as plain Python."""
        return self.value


@check("M1", "every kind of float64 is kept", capability="metrics")
def values(lab: Lab) -> None:
    with lab.start_run() as run:
        for n, value in enumerate(VALUES):
            run.log_metric(f"m{n:02d}", value, step=1, timestamp=1_000 + n)
    same(lab.points(run.id), [MetricPoint(f"m{n:02d}", 1, 1_000 + n, v) for n, v in enumerate(VALUES)], "the points")
    for n, value in enumerate(VALUES):
        native = lab.probe.series(run.id, f"m{n:02d}")
        lab.shows(SITUATIONS.get(repr(value), ""), native, [(1, 1_000 + n, value)], "the native point") if repr(
            value
        ) in SITUATIONS else same(native, [(1, 1_000 + n, value)], "the native point")


@check("M1", "steps are any int64, out of order", capability="metrics")
def steps(lab: Lab) -> None:
    shuffled = list(STEPS)
    random.Random(7).shuffle(shuffled)  # noqa: S311 - an order, not a secret
    with lab.start_run() as run:
        for step in shuffled:
            run.log_metric("loss", step / 3, step=step, timestamp=5_000)
    same(lab.points(run.id), [MetricPoint("loss", step, 5_000, step / 3) for step in sorted(STEPS)], "the points")
    native = {step for step, _, _ in lab.probe.series(run.id, "loss")}
    within = {step for step in STEPS if lab.limits.min_step <= step <= lab.limits.max_step}
    if lab.limits.points_per_step == "all":
        holds(within <= native, f"the raw client sees the steps {sorted(within - native)}")
    lab.shows("step", native, set(STEPS), "the steps on the vendor's own screen")


@check("M1", "timestamps reach from 1970 to the year 9999", capability="metrics")
def timestamps(lab: Lab) -> None:
    with lab.start_run() as run:
        for time in reversed(TIMES_MS):
            run.log_metric("loss", 1.0, step=0, timestamp=time)
    same(lab.points(run.id), [MetricPoint("loss", 0, time, 1.0) for time in TIMES_MS], "the points")
    native = [time for _, time, _ in sorted(lab.probe.series(run.id, "loss"))]
    if lab.limits.points_per_step == "all":
        lab.shows("timestamp", native, list(TIMES_MS), "the timestamps on the vendor's own screen")


@check("M1", "odd names of metrics come back", capability="metrics")
def names(lab: Lab) -> None:
    with lab.start_run() as run:
        for n, name in enumerate(NAMES):
            run.log_metric(name, float(n), step=n, timestamp=1)
    expected = sorted(MetricPoint(name, n, 1, float(n)) for n, name in enumerate(NAMES))
    same(lab.points(run.id), expected, "the points, by name")
    for record in lab.records(run.id):
        same({name: one.last for name, one in record.metrics.items()},
             {name: float(n) for n, name in enumerate(NAMES)}, "the summaries")  # fmt: skip
    for n, name in enumerate(NAMES):
        same(lab.points(run.id, [name]), [MetricPoint(name, n, 1, float(n))], "the points of one name")
        native = lab.probe.series(run.id, name) or lab.probe.series(run.id, native_name(name, lab.limits.metric_name))
        same(native, [(n, 1, float(n))], f"the native points of {name!r}")
        lab.shows("metric-name", lab.limits.metric_name.admits(name), True, f"whether {name!r} is shown as it is")


@check("M1", "what is no name, step or time is refused at the call", capability="metrics")
def refused(lab: Lab) -> None:
    step: Any
    with lab.start_run() as run:
        for bad in BAD_NAMES:
            with raises(Rejected, what=f"log_metric({bad!r}, 1.0)"):
                run.log_metric(bad, 1.0)
        for step in (2**63, -(2**63) - 1, 1.0, "1", True, 1e3):
            with raises(Rejected, what=f"step={step!r}"):
                run.log_metric("loss", 1.0, step=step)
        with raises(Rejected):
            run.log_metrics({"good": 1.0, "": 2.0}, step=1)
    same(lab.points(run.id), [], "the points")


@check("M2", "a point sent twice is one", capability="metrics")
def twice(lab: Lab) -> None:
    with lab.start_run() as run:
        for _ in range(2):
            run.log_metric("loss", 0.5, step=1, timestamp=10)
            run.log_metric("loss", float("nan"), step=2, timestamp=10)
            run.log_series("series", [0, 1, 1], [1.0, 2.0, 2.0], timestamps=[5, 5, 5])
    points = [("loss", 1, 10, 0.5), ("loss", 2, 10, float("nan")), ("series", 0, 5, 1.0), ("series", 1, 5, 2.0)]
    same(lab.points(run.id), points, "the points")
    again = [MetricPoint(*point) for point in points]
    lab.write_points(run.id, again, writer="again")
    same(lab.points(run.id), points, "the points after one more delivery")
    same({name: one.count for name, one in lab.store.runs.get(run.id).metrics.items()}, {"loss": 2, "series": 2},
         "the counts")  # fmt: skip


@check("M2", "two values at one step are both kept", capability="metrics")
def one_step(lab: Lab) -> None:
    with lab.start_run() as run:
        for value in (2.0, 1.0, 3.0):
            run.log_metric("loss", value, step=4, timestamp=10)
        run.log_metric("loss", 0.0, step=4, timestamp=9)
    expected = [(4, 9, 0.0), (4, 10, 1.0), (4, 10, 2.0), (4, 10, 3.0)]
    same([point[1:] for point in lab.points(run.id)], expected, "the points")
    lab.shows("second-point", sorted(lab.probe.series(run.id, "loss")), expected, "the native points")


@check("M2", "points come back by step, timestamp, value, by name first", capability="metrics")
def order(lab: Lab) -> None:
    points = [
        MetricPoint(name, step, time, value)
        for name in ("b", "a", "\u6587", "B")
        for step in (10, 9, -1, 100)
        for time in (20, 3)
        for value in (1.0, -1.0)
    ]
    random.Random(3).shuffle(points)  # noqa: S311 - an order, not a secret
    with lab.start_run() as run:
        for point in points:
            run.log_metric(point.name, point.value, step=point.step, timestamp=point.timestamp_ms)
    same(lab.points(run.id), sorted(points), "the points")
    same(lab.points(run.id, ["b", "a", "absent"]), sorted(p for p in points if p.name in "ab"), "some of the names")


@check("M2", "zeros of both signs are two values and all NaN are one", capability="metrics")
def zeros(lab: Lab) -> None:
    with lab.start_run() as run:
        for value in (0.0, -0.0, 0.0, *distinct_nan()):
            run.log_metric("loss", value, step=0, timestamp=10)
    same([point.value for point in lab.points(run.id)], [float("nan"), -0.0, 0.0], "the values at one step")
    same(lab.store.runs.get(run.id).metrics["loss"].count, 3, "the count")


@check("M3", "without a step it is one more than the greatest so far", capability="metrics")
def next_step(lab: Lab) -> None:
    with lab.start_run() as run:
        run.log_metric("a", 0.0)
        run.log_metric("a", 1.0)
        run.log_metric("b", 0.0)
        run.log_metric("a", 2.0, step=10)
        run.log_metric("a", 3.0, step=4)
        run.log_metric("a", 4.0)
        run.log_metrics({"a": 5.0, "b": 1.0})
        run.log_metric("negative", 0.0, step=-5)
        run.log_metric("negative", 1.0)
    found = [(point.name, point.step, point.value) for point in lab.points(run.id)]
    expected = [("a", 0, 0.0), ("a", 1, 1.0), ("a", 4, 3.0), ("a", 10, 2.0), ("a", 11, 4.0), ("a", 12, 5.0),
                ("b", 0, 0.0), ("b", 1, 1.0), ("negative", -5, 0.0), ("negative", -4, 1.0)]  # fmt: skip
    same(found, expected, "the steps")


@check("M3", "after a resume it goes on from the greatest stored", capability="metrics")
def resumed_step(lab: Lab) -> None:
    run_id = lab.logged(metrics={"a": [0.0, 1.0, 2.0]})
    with lab.start_run(run_id=run_id, resume="must") as run:
        run.log_metric("a", 3.0)
        run.log_metric("fresh", 0.0)
    steps_of = {point.value: point.step for point in lab.points(run_id, ["a"])}
    same(steps_of, {0.0: 0, 1.0: 1, 2.0: 2, 3.0: 3}, "the steps")
    same([point.step for point in lab.points(run_id, ["fresh"])], [0], "the step of a new series")


@check("M3", "a series without steps counts on", capability="metrics")
def series_steps(lab: Lab) -> None:
    with lab.start_run() as run:
        run.log_series("a", None, [0.0, 1.0, 2.0])
        run.log_series("a", None, [3.0])
        run.log_metric("a", 4.0)
    same([(point.step, point.value) for point in lab.points(run.id)], [(n, float(n)) for n in range(5)], "the steps")


@check("M3", "times that we stamp never tie at one step", capability="metrics")
def stamped(lab: Lab) -> None:
    before = now_ms()
    with lab.start_run() as run:
        for n in range(50):
            run.log_metric("loss", float(50 - n), step=0)
            run.log_metric("other", float(n))
    points = lab.points(run.id, ["loss"])
    same([point.value for point in points], [float(50 - n) for n in range(50)], "the order of writing")
    same(len({point.timestamp_ms for point in points}), 50, "how many timestamps there are")
    holds(before <= points[0].timestamp_ms <= now_ms(), "the first is that of the clock")
    holds(len(lab.points(run.id, ["other"])) == 50, "a series of single steps is whole")


@check("M3", "the same value at one step without a time is two points", capability="metrics")
def stamped_same(lab: Lab) -> None:
    with lab.start_run() as run:
        run.log_metric("loss", 1.0, step=0)
        run.log_metric("loss", 1.0, step=0)
    first, second = lab.points(run.id)
    holds(first.timestamp_ms < second.timestamp_ms, "the later moved on")


def _summary(points: list[tuple[int, int, float]]) -> MetricSummary:
    step, time, last = max(points, key=lambda p: (p[0], p[1], value_key(p[2])))
    numbers = sorted((p[2] for p in points if p[2] == p[2]), key=value_key)
    nan = float("nan")
    return MetricSummary(last, step, time, numbers[0] if numbers else nan, numbers[-1] if numbers else nan, len(points))


@check("M4", "summaries follow the order of values", capability="metrics")
def summaries(lab: Lab) -> None:
    nan, inf = float("nan"), float("inf")
    series: dict[str, list[tuple[int, int, float]]] = {
        "one": [(0, 1, 2.5)],
        "last by step": [(0, 9, 1.0), (10, 1, 5.0), (9, 9, 7.0)],
        "last by time": [(1, 5, 1.0), (1, 7, 0.5), (1, 6, 9.0)],
        "last by value": [(1, 5, -0.0), (1, 5, 0.0), (1, 5, -1.0)],
        "nan in between": [(0, 1, 3.0), (1, 1, nan), (2, 1, 1.0)],
        "nan last": [(0, 1, 3.0), (1, 1, nan)],
        "only nan": [(0, 1, nan), (1, 1, nan)],
        "infinite": [(0, 1, inf), (1, 1, -inf), (2, 1, 0.0)],
        "nan and infinite": [(0, 1, nan), (0, 1, -inf)],
        "zeros": [(0, 1, 0.0), (1, 1, -0.0)],
        "negative steps": [(-2, 1, 4.0), (-1, 1, 3.0)],
        "far steps": [(2**53 + 1, 1, 1.0), (2**53, 1, 2.0)],
    }
    with lab.start_run() as run:
        for name, points in series.items():
            for step, time, value in points:
                run.log_metric(name, value, step=step, timestamp=time)
    expected = {name: _summary(points) for name, points in series.items()}
    for record in lab.records(run.id):
        same(record.metrics, expected, "the summaries")
    found = next(iter(lab.second().runs.search(experiments=[lab.experiment])))
    same(found.metrics, expected, "the summaries that a search gives")


@check("M4", "a summary covers what a resume and another writer added", capability="metrics")
def summary_grows(lab: Lab) -> None:
    run_id = lab.logged(metrics={"a": [2.0, 3.0]})
    with lab.start_run(run_id=run_id, resume="must") as run:
        run.log_metric("a", 1.0, step=5, timestamp=50)
    lab.write_points(run_id, [MetricPoint("a", 3, 3, 9.0)], writer="other")
    for record in lab.records(run_id):
        same(record.metrics["a"], MetricSummary(1.0, 5, 50, 1.0, 9.0, 4), "the summary")


@check("M5", "a long series is read whole, never sampled", capability="metrics")
def long_series(lab: Lab) -> None:
    count = lab.scale.points
    values_ = [float(n % 997) for n in range(count)]
    with lab.start_run() as run:
        run.log_series("long", list(range(count)), values_, timestamps=[1_000 + n // 7 for n in range(count)])
    expected = [MetricPoint("long", n, 1_000 + n // 7, values_[n]) for n in range(count)]
    holds(lab.points(run.id) == expected, f"all {count} points come back in order")
    same(lab.store.runs.get(run.id).metrics["long"].count, count, "the count")
    same(len(lab.probe.series(run.id, "long")), count, "how many points the raw client sees")


@check("M5", "many metrics come back, each whole", capability="metrics")
def many_metrics(lab: Lab) -> None:
    names_ = [f"layer/{n:03d}/grad" for n in range(300)]
    with lab.start_run() as run:
        for step in range(3):
            run.log_metrics({name: float(n * step) for n, name in enumerate(names_)}, step=step, timestamp=step)
    expected = [MetricPoint(name, step, step, float(n * step)) for n, name in enumerate(names_) for step in range(3)]
    same(lab.points(run.id), expected, "the points")
    same(sorted(lab.store.runs.get(run.id).metrics), names_, "the metrics of the run")


@check("M5", "reading starts before it has read all", capability="metrics")
def streamed(lab: Lab) -> None:
    run_id = lab.logged(metrics={"a": [1.0, 2.0], "b": [3.0]})
    points = lab.store.metrics.read(run_id)
    same(next(points).name, "a", "the first point")
    same([point.value for point in points], [2.0, 3.0], "the rest")


@check("M5", "a table has every point", capability="metrics")
def table(lab: Lab) -> None:
    run_id = lab.logged(metrics={"a": [1.0, float("nan"), -0.0], "b": [3.0]})
    rows = lab.store.metrics.table(run_id).to_pylist()
    found = [(row["name"], row["step"], row["value"]) for row in rows]
    same(found, [("a", 0, 1.0), ("a", 1, float("nan")), ("a", 2, -0.0), ("b", 0, 3.0)], "the rows")
    same([_ms(row) for row in rows], [1_000, 1_001, 1_002, 1_000], "the timestamps")


def _ms(row: dict[str, Any]) -> int:
    value = row.get("timestamp_ms", row.get("timestamp"))
    return round(value.timestamp() * 1_000) if isinstance(value, datetime) else int(value)  # type: ignore[arg-type]


@check("M6", "numbers of Python and of array libraries are accepted", capability="metrics")
def accepted(lab: Lab) -> None:
    given: dict[str, Any] = {"int": 3, "float": 0.5, "big": 2**70, "item-float": Number(0.25), "item-int": Number(7)}
    with lab.start_run() as run:
        run.log_metrics(given, step=0, timestamp=1)
    expected = {"int": 3.0, "float": 0.5, "big": float(2**70), "item-float": 0.25, "item-int": 7.0}
    same({point.name: point.value for point in lab.points(run.id)}, expected, "the values")


@check("M6", "anything else is refused at the call", capability="metrics")
def not_numbers(lab: Lab) -> None:
    bad: Any
    with lab.start_run() as run:
        for bad in (True, 1j, "0.5", None, [0.5], b"1", Number("x"), Number(True), 10**400, object()):
            with raises(Rejected, what=f"log_metric('loss', {bad!r})") as caught:
                run.log_metric("loss", bad)
            contains(caught, "loss", "the message names the metric")
            with raises(Rejected, what=f"log_series of {bad!r}"):
                run.log_series("loss", [0], [bad])
        with raises(Rejected):
            run.log_series("loss", [0, 1], [1.0])
    same(lab.points(run.id), [], "the points")
