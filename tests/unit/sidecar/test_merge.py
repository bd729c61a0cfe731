"""Splitting writes and merging runs: the truth comes back, whatever the vendor can hold (X3, T1, R5, P2)."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trackbridge.protocol import Limits, NameRule, NativeRun
from trackbridge.records.artifacts import ArtifactRecord
from trackbridge.records.datasets import DatasetRecord
from trackbridge.records.values import encode_value
from trackbridge.records.writes import AttributeWrite, RunWrites, Stamp, StatusWrite, TagWrite
from trackbridge.sidecar import Difference, merge_artifacts, merge_run, split_artifact, split_writes

names = st.text(st.characters(exclude_categories=("Cs", "Cc", "Z")), min_size=1, max_size=20) | st.sampled_from(
    ["loss", "sys.cpu", "a b", "a_b", "文", "x" * 200]
)
texts = st.text(st.characters(exclude_categories=("Cs",)), max_size=200)
plain = st.none() | st.booleans() | st.integers() | st.floats() | texts | st.lists(st.integers() | texts, max_size=3)
params = st.dictionaries(names, plain, max_size=6)
stamps = st.builds(Stamp, st.integers(0, 20), st.sampled_from("abc"), st.integers(0, 20))


def typed(mapping):
    return {name: encode_value(value) for name, value in mapping.items()}


@given(written=params)
def test_params_of_any_type_and_length_come_back(make_vendor, poor, stored, written):
    vendor = make_vendor()
    native, entries = split_writes(RunWrites(written), poor)
    vendor.write(native)
    assert typed(merge_run(vendor.native(), stored(entries)).run.params) == typed(written)


@given(written=params)
def test_without_the_sidecar_what_fits_still_reads_equal(make_vendor, poor, written):
    vendor = make_vendor()
    vendor.write(split_writes(RunWrites(written), poor)[0])
    shown = merge_run(vendor.native(), ()).run.params
    for name, value in written.items():
        if isinstance(value, str) and poor.param_name.admits(name) and len(value) <= 64 and "\0" not in value:
            assert shown[name] == value


def test_limits_that_hold_everything_leave_no_entries():
    stamp = Stamp(1, "w", 1)
    writes = RunWrites(
        {"a": [1, None], "文": 2**70},
        (TagWrite("t", "x" * 60_000, stamp),),
        (AttributeWrite("notes", "n", stamp),),
        (DatasetRecord("d"),),
        StatusWrite(0, "FINISHED", 5, stamp),
    )
    assert split_writes(writes, Limits()) == (writes, ())


@given(
    written=st.lists(st.tuples(names, st.none() | texts, stamps), max_size=8, unique_by=lambda w: w[2]),
    seed=st.integers(),
)
def test_the_greatest_stamp_wins_however_writes_arrive(make_vendor, poor, stored, written, seed):
    vendor, entries = make_vendor(), []
    order = list(written)
    random.Random(seed).shuffle(order)
    for name, value, stamp in order:
        native, more = split_writes(RunWrites(tags=(TagWrite(name, value, stamp),)), poor)
        vendor.write(native)
        entries += more
    random.Random(seed + 1).shuffle(entries)
    expected = {name: value for name, value, _ in sorted(written, key=lambda write: write[2])}
    merged = merge_run(vendor.native(), stored(entries))
    assert merged.run.tags == {name: value for name, value in expected.items() if value is not None}
    assert merged.differences == ()


def test_attributes_keep_their_types_and_the_name_is_the_runs(vendor, poor, stored):
    values = {"environment.cpu": 8, "environment.gpu": [None, 1.5], "notes": "x" * 500, "name": "run 文"}
    writes = tuple(AttributeWrite(name, value, Stamp(1, "w", n)) for n, (name, value) in enumerate(values.items()))
    native, entries = split_writes(RunWrites(attributes=writes), poor)
    vendor.write(native)
    run = merge_run(vendor.native(), stored(entries)).run
    assert run.name == "run 文"
    assert run.attributes == {name: values[name] for name in ("environment.cpu", "environment.gpu", "notes")}


def _tagged(vendor, poor, *written):
    entries = []
    for value, wall in written:
        native, more = split_writes(RunWrites(tags=(TagWrite("t", value, Stamp(wall, "w", wall)),)), poor)
        vendor.write(native)
        entries += more
    return entries


@pytest.mark.parametrize("changed", ["theirs", None])
def test_what_a_colleague_changed_wins_and_is_reported(vendor, poor, changed):
    entries = _tagged(vendor, poor, ("ours", 1))
    if changed is None:
        del vendor.tags["t"]
    else:
        vendor.tags["t"] = changed
    merged = merge_run(vendor.native(), entries)
    assert merged.run.tags.get("t") == changed
    assert merged.differences == (Difference("tag", "t", str(changed)),)


def test_a_changed_param_lapses_its_entry(vendor, poor):
    native, entries = split_writes(RunWrites({"p q": 1}), poor)
    vendor.write(native)
    (shown,) = vendor.params
    vendor.params[shown] = "7"
    merged = merge_run(vendor.native(), entries)
    assert merged.run.params == {"p q": "7"}
    assert merged.differences == (Difference("param", "p q", "7"),)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("True", True),
        (True, "True"),
        (1, "1"),
        ("1", 1),
        ("[1]", [1]),
        ("None", None),
        ("nan", math.nan),
        ("1e-05", 1e-5),
    ],
)
def test_of_values_that_look_alike_one_holds_and_it_is_told(vendor, poor, stored, first, second):
    entries = ()
    for value in (first, second, first):
        native, more = split_writes(RunWrites({"p": value, "same": 1}), poor)
        vendor.write(native)
        entries += more
    shown = []
    for known in (entries, entries[::-1]):
        merged = merge_run(vendor.native(), stored(known))
        assert (merged.disputed, merged.differences) == (("p",), ())
        shown.append(typed(merged.run.params))
    assert shown[0] == shown[1]
    assert shown[0] in (typed({"p": first, "same": 1}), typed({"p": second, "same": 1}))


def test_an_entry_without_its_native_value_applies_to_nothing(vendor, poor):
    """A crash between sidecar and native write leaves just that."""
    _, entries = split_writes(
        RunWrites({"p": 1}, (TagWrite("t", "x", Stamp(1, "w", 1)),), (AttributeWrite("a", 1, Stamp(1, "w", 2)),)), poor
    )
    run = merge_run(vendor.native(), entries).run
    assert (run.params, run.tags, run.attributes) == ({}, {}, {})


def test_an_older_native_value_yields_to_a_newer_entry(vendor, poor):
    entries = _tagged(vendor, poor, ("old", 1))
    entries += split_writes(RunWrites(tags=(TagWrite("t", "new", Stamp(2, "w", 2)),)), poor)[1]  # native write is lost
    assert merge_run(vendor.native(), entries).run.tags == {"t": "new"}


def test_where_the_backend_settles_stamps_a_newer_short_value_is_no_difference(vendor):
    limits = Limits(tag_chars=30)
    native, entries = split_writes(RunWrites(tags=(TagWrite("t", "x" * 99, Stamp(1, "w", 1)),)), limits)
    vendor.write(native)
    assert merge_run(vendor.native(), entries).run.tags == {"t": "x" * 99}
    vendor.tags["t"] = "short"
    merged = merge_run(vendor.native(), entries)
    assert (merged.run.tags, merged.differences) == ({"t": "short"}, ())


STATUSES = [
    StatusWrite(0, "FINISHED", 10, Stamp(1, "a", 1)),
    StatusWrite(1, "RUNNING", None, Stamp(2, "b", 1)),
    StatusWrite(0, "KILLED", 30, Stamp(9, "a", 2)),
]


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0), (1, 0, 2)])
def test_only_the_greatest_epoch_closes_a_run(vendor, poor, stored, order):
    entries = []
    for index in order:
        native, more = split_writes(RunWrites(status=STATUSES[index]), poor)
        vendor.write(native)
        entries += more
    run = merge_run(vendor.native(), stored(entries)).run
    assert (run.status, run.ended_ms) == ("RUNNING", None)


def test_a_status_set_outside_wins(vendor, poor):
    native, entries = split_writes(RunWrites(status=STATUSES[0]), poor)
    vendor.write(native)
    vendor.status = "FAILED"
    merged = merge_run(vendor.native(), entries)
    assert merged.run.status == "FAILED"
    assert merged.differences == (Difference("status", "status", "FAILED"),)


def test_datasets_replace_their_poorer_selves(poor):
    full = [
        DatasetRecord("d", "1", "sha256:" + "a" * 64, "s3://x", context, schema, 5)
        for context in ("training", "test")
        for schema in ("{}",)
    ]
    _, entries = split_writes(RunWrites(datasets=tuple(full)), poor)
    shown = (DatasetRecord("d", digest="sha256:" + "a" * 20), DatasetRecord("theirs", digest="md5:1"))
    native = NativeRun("0" * 32, "n", "e", None, "RUNNING", 0, datasets=shown)
    datasets = merge_run(native, entries).run.datasets
    assert sorted(d.key for d in datasets) == sorted(d.key for d in (*full, shown[1]))
    assert merge_run(native, ()).run.datasets == shown


def test_artifacts_get_path_and_checksum_back(poor):
    first = split_artifact("plots/Größe.png", 5, "a" * 64, Stamp(1, "w", 1), poor)
    second = split_artifact("plots/Größe.png", 9, "b" * 64, Stamp(2, "w", 2), poor)
    plain = split_artifact("plain.txt", 1, "c" * 64, Stamp(1, "w", 3), poor)
    entries = [*second[1], *plain[1], *first[1]]
    shown = first[0]
    assert shown == second[0]
    for size, expected in ((5, "a" * 64), (9, "b" * 64), (7, None), (None, "b" * 64)):
        listed = [ArtifactRecord(shown, size, None), ArtifactRecord("plain.txt", 1, None), ArtifactRecord("x", 3, None)]
        merged = {record.path: record for record in merge_artifacts(listed, entries)}
        assert merged["plots/Größe.png"].sha256 == expected
        assert merged["plain.txt"].sha256 == "c" * 64
        assert merged["x"] == ArtifactRecord("x", 3, None)


def test_artifacts_are_listed_by_their_true_paths():
    limits = Limits(artifact_path=NameRule(pattern=r"[a-z0-9_]+"))
    shown, entries = split_artifact("B", 1, "b" * 64, Stamp(1, "w", 1), limits)
    listed = [ArtifactRecord("a", 1, "a" * 64), ArtifactRecord(shown, 1, "b" * 64)]
    assert [record.path for record in merge_artifacts(listed, entries)] == ["B", "a"]
