"""Series: 10⁵ hostile points bit for bit, segments that are merged while they are read, and damage that is named."""

from __future__ import annotations

import random
import struct
from itertools import islice

import pytest

from trackbridge.errors import IntegrityError
from trackbridge.protocol import open_backend
from trackbridge.records.metrics import MetricPoint, point_key, summarize
from trackbridge.testing.hostile import STEPS, TIMES_MS, VALUES
from trackbridge_sagemaker.segments import describe, encode, summaries_of

pytestmark = pytest.mark.server
MARCH_2020_MS = 1_583_020_800_000


def bits(points):
    return [(point.name, point.step, point.timestamp_ms, struct.pack(">d", point.value)) for point in points]


def hostile(count):
    """Give points with repeated and negative steps, of 2020, and of the ends of time, in no order, each once."""
    dice = random.Random(2020)
    kinds = [*VALUES, *(dice.uniform(-1, 1) for _ in range(100))]
    steps = [*STEPS, *range(-100, 2_000)]
    points = {}
    while len(points) < count:
        at_ms = dice.choice(TIMES_MS) if dice.random() < 0.1 else MARCH_2020_MS + dice.randrange(10**9)
        point = MetricPoint("loss", dice.choice(steps), at_ms, dice.choice(kinds))
        points[point_key(point)] = point
    return list(points.values())


def test_a_hundred_thousand_hostile_points_come_back_bit_for_bit(place, adapter, start):
    run_id, points = start(), hostile(100_000)
    for first in range(0, len(points), 30_000):
        adapter.metrics.write(run_id, points[first : first + 30_000])
    adapter.metrics.write(run_id, points[:30_000])  # sent twice
    fresh = open_backend(place.url).adapter
    expected = sorted(points, key=point_key)
    assert bits(fresh.metrics.read(run_id)) == bits(expected)
    said = fresh.runs.get([run_id])[run_id].metrics["loss"]
    whole = summarize(points)
    assert struct.pack(">3d", said.last, said.min, said.max) == struct.pack(">3d", whole.last, whole.min, whole.max)


def test_the_record_keeps_digest_and_count_of_each_segment(adapter, start, place):
    run_id = start()
    adapter.metrics.write(run_id, [MetricPoint("loss", n, n, 0.5) for n in range(7)])
    record = adapter.runs._records.existing(run_id)
    ((name, said),) = record["segments"].items()
    body = place.client("s3").get_object(Bucket=place.bucket, Key=f"{place.prefix}/runs/{run_id}/metrics/{name}")
    data = body["Body"].read()
    assert said == describe(data, said["series"])
    assert (said["count"], said["bytes"]) == (7, len(data))


def test_many_small_deliveries_become_few_segments(place, adapter, start):
    run_id = start()
    points = [MetricPoint(name, n, n, float(n)) for n in range(40) for name in ("a", "b")]
    for first in range(0, 80, 2):
        adapter.metrics.write(run_id, points[first : first + 2])
    record = adapter.runs._records.existing(run_id)
    assert len(record["segments"]) < 16
    stored = place.client("s3").list_objects_v2(Bucket=place.bucket, Prefix=f"{place.prefix}/runs/{run_id}/metrics/")
    assert stored["KeyCount"] == len(record["segments"]), "what was merged is gone"
    assert list(adapter.metrics.read(run_id)) == sorted(points)
    summary = adapter.runs.get([run_id])[run_id].metrics["a"]
    assert (summary.count, summary.last, summary.min) == (40, 39.0, 0.0)


def test_segments_may_be_merged_while_they_are_read(place, adapter, start):
    run_id = start()
    for n in range(14):
        adapter.metrics.write(run_id, [MetricPoint("a", n, n, float(n))])
    other, metrics = open_backend(place.url).adapter, adapter.metrics
    fetch, count = metrics._fetch, 0

    def fetch_slowly(*arguments):
        nonlocal count
        count += 1
        if count == 3:  # meanwhile the others are merged, and deleted
            for n in range(14, 18):
                other.metrics.write(run_id, [MetricPoint("a", n, n, float(n))])
        return fetch(*arguments)

    metrics._fetch = fetch_slowly
    assert [point.step for point in metrics.read(run_id)] == list(range(18))


def test_damage_is_named(place, adapter, start):
    run_id = start()
    adapter.metrics.write(run_id, [MetricPoint("a", 0, 0, 1.0)])
    (name,) = adapter.runs._records.existing(run_id)["segments"]
    key = {"Bucket": place.bucket, "Key": f"{place.prefix}/runs/{run_id}/metrics/{name}"}
    place.client("s3").put_object(**key, Body=b"TBSEG001, and then something else")
    with pytest.raises(IntegrityError, match="is not what was stored"):
        list(adapter.metrics.read(run_id))
    place.client("s3").delete_object(**key)
    with pytest.raises(IntegrityError, match="is gone"):
        list(adapter.metrics.read(run_id))


def test_a_segment_that_no_record_names_is_no_part_of_the_run(place, adapter, start):
    run_id = start()
    adapter.metrics.write(run_id, [MetricPoint("a", 0, 0, 1.0)])
    data, _ = encode([MetricPoint("a", 1, 1, 2.0)])
    key = f"{place.prefix}/runs/{run_id}/metrics/half"
    place.client("s3").put_object(Bucket=place.bucket, Key=key, Body=data)
    assert [point.step for point in adapter.metrics.read(run_id)] == [0]


def test_counts_add_up_where_steps_follow_each_other_only():
    parts = [
        encode(MetricPoint("a", step, 0, 1.0) for step in steps)[1] for steps in (range(5), range(5, 9), range(3, 4))
    ]
    assert summaries_of({"series": one} for one in parts[:2])["a"].count == 9
    assert summaries_of({"series": one} for one in parts)["a"].count is None


def test_reading_starts_with_the_first_name(adapter, start):
    run_id = start()
    adapter.metrics.write(run_id, [MetricPoint(name, n, n, 1.0) for name in "cab" for n in range(20_000)])
    assert [point.name for point in islice(adapter.metrics.read(run_id), 0, 60_000, 20_000)] == ["a", "b", "c"]
    assert {point.name for point in adapter.metrics.read(run_id, ["b", "absent"])} == {"b"}
