"""The runs that migrations are measured with: 10 params, 5 metrics of 200 points, 3 artifacts; three versions of a model."""

from __future__ import annotations

import hashlib
import io
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final

from trackbridge.protocol import Scope, VersionSpec, open_backend
from trackbridge.records.metrics import MetricPoint
from trackbridge.records.writes import AttributeWrite, RunHeader, RunWrites, Stamp, StatusWrite, TagWrite
from trackbridge.sidecar import PointSplitter, encode_entries, object_name, split_artifact, split_writes

__all__ = ["Bench", "fill"]

_METRICS: Final = 5
_POINTS: Final = 1_000
_FILE: Final = b"0123456789abcdef" * 1_024
_FILES: Final = 3
_BATCH: Final = 10_000


@dataclass(frozen=True)
class Bench:
    """What was made."""

    experiment: str
    model: str
    runs: int


def fill(url: str, runs: int, *, points: int = _POINTS, files: int = _FILES) -> Bench:
    """Fill a backend with runs as trackbridge writes them."""
    mark = uuid.uuid4().hex[:10]
    data = Bench(f"bench-{mark}", f"model-{mark}", runs)
    backend = open_backend(url)
    adapter, limits = backend.adapter, backend.limits
    adapter.experiments.ensure(data.experiment)
    ids = []
    for n in range(runs):
        run_id, stamp = uuid.uuid4().hex, Stamp(time.time_ns(), "0" * 32, 1)
        ids.append(run_id)
        begin = 1_700_000_000_000 + n
        writes = RunWrites(
            {f"param-{k}": f"value-{k}-{n}" for k in range(10)},
            (TagWrite("team", "risk", stamp),),
            (AttributeWrite("name", f"run {n}", stamp),),
            (),
            StatusWrite(0, "FINISHED", begin + 60_000, stamp),
        )
        native, entries = split_writes(writes, limits)
        paths = [f"files/{k}.bin" for k in range(files)]
        sha256 = hashlib.sha256(_FILE).hexdigest()
        for path in paths:
            entries += split_artifact(path, len(_FILE), sha256, stamp, limits)[1]
        sidecar = encode_entries(entries)
        objects = [(object_name("0" * 32, 1, sidecar), sidecar)] if entries else []
        adapter.bulk.load(
            RunHeader(run_id, data.experiment, begin),
            native,
            _points(points, begin, PointSplitter(limits)),
            objects=objects,
        )
        for path in paths:
            adapter.artifacts.put(run_id, path, io.BytesIO(_FILE), size=len(_FILE), sha256=sha256)
    adapter.registry.ensure_model(data.model)
    for number in (1, 2, 3):
        spec = VersionSpec(f"{mark}-{number}", ids[number % len(ids)], "files", None, number)
        adapter.registry.create_version(data.model, spec, number)
    assert not list(adapter.objects.list(Scope("model", data.model)))
    adapter.close()
    return data


def _points(count: int, begin: int, splitter: PointSplitter) -> Iterator[list[MetricPoint]]:
    each = max(1, count // _METRICS)
    points = (
        MetricPoint(f"metric-{k}", step, begin + step, 1 / (step + 1)) for k in range(_METRICS) for step in range(each)
    )
    while batch := list(islice(points, _BATCH)):
        native, _ = splitter.split(batch)
        yield native
