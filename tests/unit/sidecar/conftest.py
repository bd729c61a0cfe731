"""A vendor of the poor kind: text only, short fields, few characters, no stamps, one point a step."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from trackbridge.protocol import Limits, NameRule, NativeMetric, NativeRun
from trackbridge.records.metrics import MetricPoint, point_key, summarize
from trackbridge.records.writes import RunWrites
from trackbridge.sidecar import Entry, decode_entries, encode_entries

POOR = Limits(
    param_name=NameRule(pattern=r"[A-Za-z0-9_.-]+", max_chars=60),
    tag_name=NameRule(pattern=r"[A-Za-z0-9_.-]+", max_chars=60, reserved_prefixes=("sys.",)),
    metric_name=NameRule(pattern=r"[A-Za-z0-9_./-]+", max_chars=60),
    artifact_path=NameRule(pattern=r"[A-Za-z0-9_./-]+", max_chars=120),
    param_types=frozenset({"str"}),
    param_chars=64,
    param_nul=False,
    tag_chars=64,
    special_values=frozenset({"nan"}),
    min_step=0,
    max_step=2**40,
    stamps=False,
    typed_attributes=False,
    datasets=False,
    artifact_hashes=False,
)


@dataclass
class PoorVendor:
    """Keeps what it is given in plain dicts: the last call wins, a param only the first time."""

    limits: Limits = POOR
    params: dict = field(default_factory=dict)
    tags: dict = field(default_factory=dict)
    attributes: dict = field(default_factory=dict)
    status: str = "RUNNING"
    ended_ms: int | None = None
    points: dict = field(default_factory=dict)

    def write(self, writes: RunWrites) -> None:
        for name, value in writes.params.items():
            assert self.limits.param_name.admits(name)
            assert isinstance(value, str)
            assert len(value) <= self.limits.param_chars
            assert "\0" not in value
            self.params.setdefault(name, value)
        for kept, labels in ((self.tags, writes.tags), (self.attributes, writes.attributes)):
            for write in labels:
                assert self.limits.tag_name.admits(write.name)
                if write.value is None:
                    kept.pop(write.name, None)
                else:
                    assert isinstance(write.value, str)
                    assert len(write.value) <= self.limits.tag_chars
                    kept[write.name] = write.value
        if writes.status:
            self.status = writes.status.status
            self.ended_ms = writes.status.ended_ms or self.ended_ms

    def write_points(self, points: list[MetricPoint]) -> None:
        for point in points:
            assert self.limits.metric_name.admits(point.name)
            assert self.limits.min_step <= point.step <= self.limits.max_step
            key = (
                (point.step,)
                if self.limits.points_per_step == "last"
                else (point.step, point.timestamp_ms, point.value)
            )
            self.points.setdefault(point.name, {})[key] = point

    def read(self, names=None):
        for name in sorted(self.points):
            if names is None or name in names:
                yield from sorted(self.points[name].values(), key=point_key)

    def native(self, *, last_only: bool = False) -> NativeRun:
        metrics = {name: summarize(self.read([name])) for name in self.points}
        if last_only:
            metrics = {n: NativeMetric(s.last, s.last_step, s.last_timestamp_ms) for n, s in metrics.items()}
        attributes = dict(self.attributes)
        name = attributes.pop("name", None)
        return NativeRun(
            id="0" * 32,
            native_id="n",
            experiment="e",
            name=name,
            status=self.status,
            started_ms=0,
            ended_ms=self.ended_ms,
            params=dict(self.params),
            tags=dict(self.tags),
            attributes=attributes,
            metrics=metrics,
        )


@pytest.fixture(scope="session")
def make_vendor() -> type[PoorVendor]:
    return PoorVendor


@pytest.fixture
def vendor() -> PoorVendor:
    return PoorVendor()


@pytest.fixture(scope="session")
def poor() -> Limits:
    return POOR


@pytest.fixture(scope="session")
def stored():
    """Give entries as they come back: through their bytes."""

    def store(entries) -> tuple[Entry, ...]:
        return decode_entries(encode_entries(entries))

    return store
