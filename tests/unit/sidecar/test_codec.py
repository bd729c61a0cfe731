"""Sidecar objects: bytes, names, damage (X3)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trackbridge.errors import IntegrityError
from trackbridge.protocol import NativeRun, Scope, open_backend
from trackbridge.records.datasets import DatasetRecord
from trackbridge.records.metrics import MetricPoint, value_key
from trackbridge.records.values import encode_value
from trackbridge.records.writes import RunHeader, Stamp
from trackbridge.sidecar import (
    ArtifactEntry,
    AttributeEntry,
    DatasetEntry,
    MetricEntry,
    ParamEntry,
    PointsEntry,
    StatusEntry,
    TagEntry,
    decode_entries,
    encode_entries,
    object_name,
    read_entries,
)
from trackbridge.sidecar.columns import pack_points, unpack_points

texts = st.text(st.characters(exclude_categories=("Cs",)), max_size=30)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
stamps = st.builds(
    Stamp, st.integers(0, 2**62), st.text("0123456789abcdef", min_size=1, max_size=8), st.integers(0, 99)
)
points = st.lists(
    st.builds(
        MetricPoint,
        st.just("m"),
        st.integers(-(2**63), 2**63 - 1),
        st.integers(0, 2**45),
        st.floats(allow_subnormal=True),
    ),
    max_size=20,
)
entries = st.one_of(
    st.builds(ParamEntry, texts, values, texts, values),
    st.builds(TagEntry, texts, st.none() | texts, texts, st.none() | texts, stamps, st.booleans()),
    st.builds(AttributeEntry, texts, values, texts, values, stamps, st.booleans()),
    st.builds(
        StatusEntry, st.integers(0, 9), st.sampled_from(["RUNNING", "KILLED"]), st.none() | st.integers(0), stamps
    ),
    st.builds(MetricEntry, texts, texts),
    st.builds(PointsEntry, texts, points.map(pack_points), st.booleans()),
    st.builds(DatasetEntry, st.builds(DatasetRecord, texts, texts, st.none(), st.none(), texts, texts, st.integers(0))),
    st.builds(ArtifactEntry, texts, texts, st.integers(0), texts, stamps),
)


@given(st.lists(entries, max_size=6))
def test_entries_come_back(written):
    data = encode_entries(written)
    assert encode_entries(decode_entries(data)) == data
    assert len(decode_entries(data)) == len({repr(entry) for entry in written})


@given(st.lists(entries, max_size=6), st.randoms())
def test_the_same_set_gives_the_same_bytes(written, random):
    shuffled = [*written, *written[:2]]
    random.shuffle(shuffled)
    assert encode_entries(shuffled) == encode_entries(written)


def test_types_are_not_mixed_up():
    written = [ParamEntry("p", "1", "p", value) for value in (1, 1.0, True, "1", [1], None)]
    back = decode_entries(encode_entries(written))
    assert {repr(encode_value(entry.value)) for entry in back} == {repr(encode_value(e.value)) for e in written}


@given(points)
def test_columns_hold_a_set_in_order(written):
    back = list(unpack_points("m", pack_points(written)))
    expected = sorted({(p.step, p.timestamp_ms, value_key(p.value)) for p in written})
    assert [(p.step, p.timestamp_ms, value_key(p.value)) for p in back] == expected


def test_a_hundred_thousand_points_are_a_small_object():
    data = pack_points(MetricPoint("m", step, 1_700_000_000_000 + step, float("inf")) for step in range(100_000))
    assert len(data) < 1_000_000


@pytest.mark.parametrize("data", [b"", b"\xff\xfe", b"trackbridge-sidecar 2\n", b'trackbridge-sidecar 1\n{"kind":"?"}\n',
                                  b"trackbridge-sidecar 1\nnot json\n", b'trackbridge-sidecar 1\n{"kind":"metric"}\n'])  # fmt: skip
def test_what_cannot_be_read_is_an_integrity_error(data):
    with pytest.raises(IntegrityError):
        decode_entries(data)


@pytest.mark.parametrize("columns", [b"nonsense", pack_points([])[:-1]])
def test_damaged_columns_are_an_integrity_error(columns):
    with pytest.raises(IntegrityError, match="metric 'm'"):
        list(unpack_points("m", columns))


@pytest.fixture
def kept():
    backend = open_backend("memory://sidecar-codec")
    backend.adapter.experiments.ensure("e")
    header = RunHeader("a" * 32, "e", 0)
    backend.adapter.runs.create(header)
    return backend.adapter, Scope("run", header.id)


def test_objects_are_read_once_each_in_any_order(kept):
    adapter, scope = kept
    one, two, three = (MetricEntry(f"n{i}", f"m{i}") for i in range(3))
    for writer, sequence, group in (("b", 0, (one, two)), ("a", 1, (two, three)), ("a", 0, (one,))):
        data = encode_entries(group)
        adapter.objects.put(scope, object_name(writer, sequence, data), data)
    names = [info.name for info in adapter.objects.list(scope)]
    for order in (names, names[::-1]):
        native = NativeRun(scope.key, "n", "e", None, "RUNNING", 0, sidecar=dict.fromkeys(order))
        assert read_entries(adapter.objects, native) == (one, two, three)


def test_an_object_that_was_changed_is_not_believed(kept):
    adapter, _ = kept
    data = encode_entries([MetricEntry("n", "m")])
    native = NativeRun("a" * 32, "n", "e", None, "RUNNING", 0, sidecar={object_name("w", 0, data): data + b" "})
    with pytest.raises(IntegrityError, match="was changed"):
        read_entries(adapter.objects, native)
