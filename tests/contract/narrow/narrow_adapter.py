"""``narrow://NAME``: memory behind the fields of a mean vendor, so that the core's sidecar has all its work to do.

Everything is text, short and under plain names; a second point at a step replaces the first; nothing carries a stamp;
datasets, hashes and summaries are not kept. What is beyond its limits it refuses, which shows that nothing of the kind
is ever sent.
"""

import itertools
from dataclasses import replace

from trackbridge.adapters.memory.adapter import MemoryAdapter
from trackbridge.adapters.memory.artifacts import MemoryArtifacts
from trackbridge.adapters.memory.metrics import MemoryMetrics
from trackbridge.adapters.memory.plugin import trackbridge_adapters as memory_adapters
from trackbridge.adapters.memory.runs import MemoryRuns
from trackbridge.adapters.memory.state import state_of
from trackbridge.errors import Rejected
from trackbridge.protocol import AdapterSpec, Deviation, Limits, NameRule, NativeMetric, PlainBulk, hookimpl
from trackbridge.records.writes import Stamp

PLAIN = NameRule(pattern=r"[A-Za-z0-9_. /-]+", max_chars=100, path_normal=True)
LIMITS = Limits(
    params_per_write=7,
    tags_per_write=5,
    items_per_write=9,
    points_per_write=50,
    param_name=PLAIN,
    tag_name=NameRule(pattern=r"[A-Za-z0-9_.-]+", max_chars=60),
    metric_name=PLAIN,
    artifact_path=NameRule(pattern=r"[A-Za-z0-9_./-]+", max_chars=150),
    param_types=frozenset({"str"}),
    param_chars=250,
    param_nul=False,
    tag_chars=500,
    special_values=frozenset(),
    min_step=-(2**31),
    max_step=2**31,
    min_timestamp_ms=0,
    points_per_step="last",
    stamps=False,
    typed_attributes=False,
    datasets=False,
    artifact_hashes=False,
    summaries=False,
)
_CLOCK = itertools.count()


def _demand(condition, what):
    if not condition:
        raise Rejected(f"narrow was given {what}")


def _demand_text(value, most):
    _demand(isinstance(value, str) and len(value) <= most and "\0" not in value, f"the text {value!r:.80}")


class NarrowRuns(MemoryRuns):
    def write(self, run_id, writes):
        small = len(writes.tags) + len(writes.attributes)
        _demand(len(writes.params) <= LIMITS.params_per_write and small <= LIMITS.tags_per_write, "too much at once")
        for name, value in writes.params.items():
            _demand(LIMITS.param_name.admits(name), f"the param {name!r}")
            _demand_text(value, LIMITS.param_chars)
        for one in (*writes.tags, *writes.attributes):
            _demand(LIMITS.tag_name.admits(one.name), f"the tag {one.name!r}")
            if one.value is not None:
                _demand_text(one.value, LIMITS.tag_chars)
        with self._state.held() as state:
            if writes.status:
                state.run(run_id).status = replace(writes.status, epoch=0)
            latest = {
                "tags": tuple(replace(one, stamp=Stamp(next(_CLOCK), "", 0)) for one in writes.tags),
                "attributes": tuple(replace(one, stamp=Stamp(next(_CLOCK), "", 0)) for one in writes.attributes),
            }
            return super().write(run_id, replace(writes, **latest, datasets=(), status=None))

    def get(self, run_ids):
        return {
            run_id: replace(native, metrics=_lasts(native.metrics)) for run_id, native in super().get(run_ids).items()
        }


def _lasts(metrics):
    return {name: NativeMetric(one.last, one.last_step, one.last_timestamp_ms) for name, one in metrics.items()}


class NarrowMetrics(MemoryMetrics):
    def write(self, run_id, points):
        _demand(len(points) <= LIMITS.points_per_write, "too many points at once")
        for point in points:
            _demand(LIMITS.metric_name.admits(point.name), f"the metric {point.name!r}")
            _demand(LIMITS.min_step <= point.step <= LIMITS.max_step, f"the step {point.step}")
            _demand(point.value == point.value and abs(point.value) < float("inf"), f"the value {point.value}")
            with self._state.held() as state:
                series = state.run(run_id).series.setdefault(point.name, {})
                for key in [key for key in series if key[0] == point.step]:
                    del series[key]
                super().write(run_id, [point])
        return ()


class NarrowArtifacts(MemoryArtifacts):
    def put(self, run_id, path, content, *, size, sha256):
        _demand(LIMITS.artifact_path.admits(path), f"the path {path!r}")
        super().put(run_id, path, content, size=size, sha256=sha256)

    def list(self, run_id, prefix=""):
        return (replace(one, sha256=None) for one in super().list(run_id, prefix))


class NarrowAdapter(MemoryAdapter):
    def __init__(self, state):
        super().__init__(state)
        self.runs = NarrowRuns(state)
        self.metrics = NarrowMetrics(state)
        self.artifacts = NarrowArtifacts(state)
        self.bulk = PlainBulk(self.runs, self.metrics, LIMITS.points_per_write, self.objects)


def _deviation(name, clause, shown):
    return Deviation(name, clause, shown, "the vendor's field takes no more")


DEVIATIONS = (
    _deviation("param-name-slug", "P1", "a name made of plain characters and a hash"),
    _deviation("metric-name-slug", "M1", "a name made of plain characters and a hash"),
    _deviation("tag-name-slug", "T1", "a name made of plain characters and a hash"),
    _deviation("artifact-path-slug", "A1", "a path made of plain characters and a hash"),
    _deviation("long-param-cut", "P2", "its beginning and a hash"),
    _deviation("long-tag-cut", "T1", "its beginning and a hash"),
    _deviation("nul-symbol", "T1", "the symbol for it"),
    _deviation("nan-left-out", "M1", "no point"),
    _deviation("inf-left-out", "M1", "no point"),
    _deviation("negative-zero-left-out", "M1", "no point"),
    _deviation("denormal-left-out", "M1", "no point"),
    _deviation("step-left-out", "M1", "no point"),
    _deviation("second-point-left-out", "M2", "the first point of a step"),
    _deviation("dataset-left-out", "D1", "no dataset"),
)
(MEMORY,) = memory_adapters()


@hookimpl
def trackbridge_adapters():
    spec = AdapterSpec(
        schemes=("narrow",),
        open=lambda url: NarrowAdapter(state_of(url.location)),
        limits=lambda _: LIMITS,
        capabilities=MEMORY.capabilities,
        probe=MEMORY.probe,
        deviations=DEVIATIONS,
        in_process=True,
    )
    return (spec,)
