"""The state of one run: what its commits come to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from trackbridge.adapters.archive.log import Commit
from trackbridge.records.datasets import DatasetRecord
from trackbridge.records.metrics import MetricPoint, MetricSummary, point_key
from trackbridge.records.values import ParamValue, decode_value, encode_value, float_hex
from trackbridge.records.writes import AttributeWrite, RunHeader, RunWrites, Stamp, StatusWrite, TagWrite

__all__ = ["Loose", "PointsFile", "RunKind", "RunState", "loose_commit", "points_commit", "writes_commit"]

Loose: TypeAlias = dict[str, dict[tuple[int, int, int], float]]


@dataclass(frozen=True, slots=True)
class PointsFile:
    """A Parquet file of points: its key in the archive, its hash, its number of rows."""

    key: str
    sha256: str
    rows: int


@dataclass(slots=True)
class RunState:
    """One run; without a `header` there is none.

    A deleted tag or attribute stays as a write of None (T1). `points` is the file of all points folded so far and
    `summaries` what its series come to; `loose` holds those that came since: (step, timestamp in ms, sort key of the
    value) to the value, by metric. `artifacts` maps a path to size and sha256.
    """

    header: RunHeader | None = None
    first_name: str | None = None
    deleted: bool = False
    status: StatusWrite | None = None
    epochs: set[int] = field(default_factory=set)
    params: dict[str, ParamValue] = field(default_factory=dict)
    tags: dict[str, TagWrite] = field(default_factory=dict)
    attributes: dict[str, AttributeWrite] = field(default_factory=dict)
    datasets: dict[tuple[str, ...], DatasetRecord] = field(default_factory=dict)
    artifacts: dict[str, tuple[int, str]] = field(default_factory=dict)
    points: PointsFile | None = None
    summaries: dict[str, MetricSummary] = field(default_factory=dict)
    loose: Loose = field(default_factory=dict)
    loose_count: int = 0


class RunKind:
    """See `Kind`. A commit of a run has some of the parts that `apply` looks for."""

    def fresh(self) -> RunState:
        """Give no run."""
        return RunState()

    def apply(self, state: RunState, commit: Commit) -> None:
        """Change the state by a commit: what it brings has won already, so that the last commit counts."""
        if header := commit.get("run"):
            state.header = RunHeader(header["id"], header["experiment"], header["started_ms"], header["parent"])
            state.first_name = header["name"]
        if "epoch" in commit:
            state.epochs.add(commit["epoch"])
        if "deleted" in commit:
            state.deleted = commit["deleted"]
        if artifact := commit.get("artifact"):
            state.artifacts[artifact["path"]] = (artifact["size"], artifact["sha256"])
        _apply_writes(state, commit)
        for name, steps, times, values in commit.get("points", ()):
            series = state.loose.setdefault(name, {})
            before = len(series)
            for step, time, text in zip(steps, times, values, strict=True):
                point = MetricPoint(name, step, time, _float(text))
                series[point_key(point)] = point.value
            state.loose_count += len(series) - before
        if file := commit.get("points_file"):
            state.points, state.summaries = _points_file(file), _summaries(commit["summaries"])

    def encode(self, state: RunState) -> dict[str, Any]:
        """Give the state as JSON; there are no loose points when a snapshot is made."""
        form: dict[str, Any] = _writes_form(
            RunWrites(
                state.params,
                tuple(state.tags.values()),
                tuple(state.attributes.values()),
                tuple(state.datasets.values()),
                state.status,
            )
        )
        form["run"] = _header(state)
        form["deleted"] = state.deleted
        form["epochs"] = sorted(state.epochs)
        form["artifacts"] = [[path, size, sha256] for path, (size, sha256) in sorted(state.artifacts.items())]
        if state.points:
            form |= points_commit(state.points, state.summaries)
        return form

    def decode(self, form: Mapping[str, Any]) -> RunState:
        """Give it back."""
        state = RunState()
        self.apply(state, form)
        state.epochs = set(form["epochs"])
        state.artifacts = {path: (size, sha256) for path, size, sha256 in form["artifacts"]}
        return state


def writes_commit(writes: RunWrites) -> dict[str, Any]:
    """Give the commit of what a write changes."""
    return _writes_form(writes)


def points_commit(file: PointsFile, summaries: Mapping[str, MetricSummary]) -> dict[str, Any]:
    """Give the commit that names the file of all points of a run."""
    return {
        "points_file": {"key": file.key, "sha256": file.sha256, "rows": file.rows},
        "summaries": {
            name: [float_hex(s.last), s.last_step, s.last_timestamp_ms, float_hex(s.min), float_hex(s.max), s.count]
            for name, s in summaries.items()
        },
    }


def loose_commit(points: Sequence[MetricPoint]) -> dict[str, Any]:
    """Give the commit of some points: name, steps, times and values of each series."""
    columns: dict[str, tuple[list[int], list[int], list[str]]] = {}
    for name, step, time, value in points:
        series = columns.setdefault(name, ([], [], []))
        series[0].append(step)
        series[1].append(time)
        series[2].append(float_hex(value))
    return {"points": [[name, *series] for name, series in columns.items()]}


def _header(state: RunState) -> dict[str, Any]:
    assert state.header is not None  # nothing is committed to a run before it is created
    header = state.header
    return {
        "id": header.id,
        "experiment": header.experiment,
        "started_ms": header.started_ms,
        "parent": header.parent,
        "name": state.first_name,
    }


def _writes_form(writes: RunWrites) -> dict[str, Any]:
    form: dict[str, Any] = {
        "params": {name: encode_value(value) for name, value in writes.params.items()},
        "tags": [[tag.name, tag.value, tag.stamp] for tag in writes.tags],
        "attributes": [[one.name, encode_value(one.value), one.stamp] for one in writes.attributes],
        "datasets": [dataset.as_json() for dataset in writes.datasets],
    }
    if status := writes.status:
        form["status"] = [status.epoch, status.status, status.ended_ms, status.stamp]
    return {part: content for part, content in form.items() if content}


def _apply_writes(state: RunState, commit: Commit) -> None:
    for name, pair in commit.get("params", {}).items():
        state.params[name] = decode_value(pair)
    for name, value, stamp in commit.get("tags", ()):
        state.tags[name] = TagWrite(name, value, Stamp(*stamp))
    for name, pair, stamp in commit.get("attributes", ()):
        state.attributes[name] = AttributeWrite(name, decode_value(pair), Stamp(*stamp))
    for fields in commit.get("datasets", ()):
        dataset = DatasetRecord(**fields)
        state.datasets[dataset.key] = dataset
    if status := commit.get("status"):
        state.status = StatusWrite(status[0], status[1], status[2], Stamp(*status[3]))


def _points_file(form: Mapping[str, Any]) -> PointsFile:
    return PointsFile(form["key"], form["sha256"], form["rows"])


def _summaries(form: Mapping[str, Any]) -> dict[str, MetricSummary]:
    return {
        name: MetricSummary(_float(last), step, time, _float(least), _float(greatest), count)
        for name, (last, step, time, least, greatest, count) in form.items()
    }


def _float(text: str) -> float:
    return float(decode_value(["float", text]))  # type: ignore[arg-type]  # a typed pair of a float gives a float
