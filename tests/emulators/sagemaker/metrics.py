"""The metrics service: points of trial components, read back in aggregates only."""

from __future__ import annotations

import math
import statistics
import time
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from emulators.sagemaker import entities, errors
from emulators.sagemaker.call import Call
from emulators.sagemaker.entities import COMPONENT
from emulators.sagemaker.store import Document, Point

_PERIOD_S = {"OneMinute": 60, "FiveMinute": 300, "OneHour": 3600}
_STATISTICS: dict[str, Callable[[list[float]], float]] = {
    "Min": min,
    "Max": max,
    "Avg": statistics.fmean,
    "Count": lambda values: float(len(values)),
    "StdDev": statistics.pstdev,
    "Last": lambda values: values[-1],
}


def put(call: Call) -> dict[str, Any]:
    """Take up to ten points (RawMetricDataList); what is wrong with one is said of that one (BatchPutMetricsError)."""
    component = _key(entities.require(call, COMPONENT, call.request["TrialComponentName"]))
    items = call.request["MetricData"]
    codes = [call.broken_items.get(index) or _fault_of(call, item) for index, item in enumerate(items)]
    names = set(call.shelf.store.names(call.shelf.place, component))
    with call.shelf.store.together():
        for index, item in enumerate(items):
            codes[index] = codes[index] or _take(call, component, names, item)
    wrong = [{"Code": code, "MetricIndex": index} for index, code in enumerate(codes) if code is not None]
    return {"Errors": wrong} if wrong else {}


def get(call: Call) -> dict[str, Any]:
    """Answer up to a hundred queries (MetricQueryList), each for itself."""
    return {"MetricQueryResults": [_query(call, query) for query in call.request["MetricQueries"]]}


def summaries(call: Call, component: Document, lag_s: float = 0.0) -> list[dict[str, Any]]:
    """Give a component's TrialComponentMetricSummary records, by name."""
    behind_s = max(call.switches.metrics_lag_s, lag_s)
    found = []
    for name, figures in call.shelf.store.summaries(call.shelf.place, _key(component), behind_s).items():
        record = {
            "MetricName": name,
            "SourceArn": component["TrialComponentArn"],
            "TimeStamp": round(figures.received * 1000),
            "Max": figures.most,
            "Min": figures.least,
            "Last": figures.last,
            "Count": figures.count,
            "Avg": figures.mean,
            "StdDev": figures.deviation,
        }
        found.append({member: value for member, value in record.items() if value is not None})
    return found


def forget(call: Call, component: Document) -> None:
    """Drop the points of a component that is deleted."""
    call.shelf.store.drop_points(call.shelf.place, _key(component))


def _fault_of(call: Call, item: dict[str, Any]) -> str | None:
    window, outside = call.switches.timestamp_window_s, False
    if window is not None:
        age_s = (call.now_ms - item["Timestamp"]) / 1000
        outside = age_s > window[0] or -age_s > window[1]
    if outside and call.switches.timestamp_outside == "request":
        raise errors.invalid("Timestamps must be between two weeks before and two hours from now.")
    non_finite = not math.isfinite(item["Value"]) and call.switches.non_finite == "item"
    return "VALIDATION_ERROR" if outside or non_finite else None


def _take(call: Call, component: str, names: set[str], item: dict[str, Any]) -> str | None:
    """Keep a point that is sound in itself; give a code where the component does not take it."""
    store, place, name = call.shelf.store, call.shelf.place, item["MetricName"]
    at, step = item["Timestamp"], item.get("Step")
    if name not in names and len(names) == call.switches.metric_names_per_component:
        return "METRIC_LIMIT_EXCEEDED"
    if call.switches.same_point == "conflict":
        if any((one.at, one.step) == (at, step) for one in store.points(place, component, name, math.inf)):
            return "CONFLICT_ERROR"
    elif call.switches.same_point == "overwrite":
        store.drop_points(place, component, name, at=at, step=step)
    names.add(name)
    store.add_point(place, component, name, Point(at, step, item["Value"], time.time()))
    return None


def _query(call: Call, query: dict[str, Any]) -> dict[str, Any]:
    by_step = query["XAxisType"] == "IterationNumber"
    if by_step != (query["Period"] == "IterationNumber"):
        return _refused("Period IterationNumber goes with XAxisType IterationNumber, and only with that.")
    kind, key = entities.split(query["ResourceArn"])
    if kind != COMPONENT or call.shelf.get(COMPONENT, key) is None:
        return _refused(f"{query['ResourceArn']} does not exist.")
    until = time.time() - call.switches.metrics_lag_s if call.switches.metrics_lag_s else math.inf
    groups: dict[int, list[float]] = defaultdict(list)
    for point in call.shelf.store.points(call.shelf.place, key, query["MetricName"], until):
        x = point.step if by_step else _bucket(call, point.at, _PERIOD_S[query["Period"]])
        if x is not None:
            groups[x].append(point.value)
    wanted = [x for x in sorted(groups) if query.get("Start", x) <= x <= query.get("End", x)]
    most = call.switches.points_per_query
    statistic = _STATISTICS[query["MetricStat"]]
    return {
        "Status": "Complete" if len(wanted) <= most else "Truncated",
        "XAxisValues": wanted[:most],
        "MetricValues": [statistic(groups[x]) for x in wanted[:most]],
    }


def _bucket(call: Call, at_ms: int, period_s: int) -> int:
    begin_s = at_ms // 1000 // period_s * period_s
    return begin_s if call.switches.metric_axis == "s" else begin_s * 1000


def _refused(message: str) -> dict[str, Any]:
    return {"Status": "ValidationError", "Message": message, "XAxisValues": [], "MetricValues": []}


def _key(component: Document) -> str:
    return entities.split(component["TrialComponentArn"])[1]


OPERATIONS = {"BatchPutMetrics": put, "BatchGetMetrics": get}
