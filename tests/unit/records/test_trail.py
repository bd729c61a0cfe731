"""Entries of a trail as bytes (G5), datasets (D1), and what decides between two writes (T1, R5)."""

import itertools
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trackbridge.errors import IntegrityError, Rejected
from trackbridge.records.datasets import DatasetRecord, check_dataset
from trackbridge.records.models import APPROVALS, STAGES
from trackbridge.records.trail import GENESIS, TrailEntry, decode_entry, encode_entry, entry_hash
from trackbridge.records.writes import RunWrites, Stamp, StatusWrite, TagWrite

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
common = {
    "n": st.integers(0, 3),
    "when_ms": st.integers(0, 2**42),
    "actor": texts,
    "version": st.integers(1, 9),
    "previous": st.sampled_from([GENESIS, "a" * 64]),
    "comment": st.none() | texts,
    "gate_digest": st.none() | st.just("sha256:1"),
    "forced": st.booleans(),
    "outside": st.booleans(),
}
entries = st.one_of(
    st.builds(
        TrailEntry,
        action=st.just("transition"),
        stage=st.sampled_from(STAGES),
        from_stage=st.sampled_from(STAGES),
        archived=st.lists(st.integers(1, 9), max_size=2).map(tuple),
        **common,
    ),
    st.builds(TrailEntry, action=st.just("approval"), approval=st.sampled_from(APPROVALS), **common),
    st.builds(
        TrailEntry, action=st.sampled_from(["set_alias", "delete_alias"]), alias=st.sampled_from(["a", "b"]), **common
    ),
    st.builds(TrailEntry, action=st.just("delete_version"), **common),
)


@given(entries)
def test_an_entry_comes_back(entry):
    assert decode_entry(encode_entry(entry)) == entry


@given(entries, entries)
def test_equal_entries_have_equal_bytes_and_others_have_not(left, right):
    assert (encode_entry(left) == encode_entry(right)) is (left == right)
    assert (entry_hash(encode_entry(left)) == entry_hash(encode_entry(right))) is (left == right)


GOOD = json.loads(encode_entry(TrailEntry(0, 5, "ana", "transition", 1, GENESIS, stage="Staging", comment="é")))
WRONG = [
    {"v": 2}, {"v": None}, {"v": True}, {"n": "0"}, {"n": 0.0}, {"n": True}, {"when_ms": None}, {"version": "1"},
    {"actor": 3}, {"comment": 3}, {"stage": "staging"}, {"stage": None}, {"action": "promote"}, {"action": None},
    {"approval": "maybe"}, {"archived": []}, {"archived": ["1"]}, {"archived": "12"}, {"archived": 1}, {"forced": 1},
    {"forced": False}, {"outside": "yes"}, {"extra": 1}, {"previous": None}, {"alias": 1}, {"comment": "\ud800"},
]  # fmt: skip


def compact(fields):
    return json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode(errors="surrogatepass")


def test_the_good_entry_is_good():
    assert decode_entry(compact(GOOD)).comment == "é"


@pytest.mark.parametrize("change", WRONG, ids=str)
def test_a_wrong_field_is_seen(change):
    with pytest.raises(IntegrityError) as caught:
        decode_entry(compact({**GOOD, **change}))
    assert caught.value.clause == "G5"


@pytest.mark.parametrize("missing", ["v", "n", "when_ms", "actor", "action", "version", "previous", "stage"])
def test_a_missing_field_is_seen(missing):
    with pytest.raises(IntegrityError):
        decode_entry(compact({key: value for key, value in GOOD.items() if key != missing}))


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b"[]", b"null", b"1", b"\xff", b"[" * 100_000, json.dumps(GOOD).encode(), compact(GOOD) + b" ",
     compact(GOOD).replace("é".encode(), b"\\u00e9"), compact(GOOD).replace(b'"n":0', b'"n":0,"n":0'),
     compact(GOOD).replace("é".encode(), b"\\ud800"), compact(GOOD).replace(b'"n":0', b'"n":' + b"9" * 5_000)],
    ids=lambda data: repr(data[:20]),
)  # fmt: skip
def test_other_bytes_are_seen(data):
    with pytest.raises(IntegrityError):
        decode_entry(data)


def test_a_dataset_comes_out_plain():
    given_ = DatasetRecord(np.str_("d"), "", "sha256:1a", "", "training", "", np.int64(3))
    assert repr(check_dataset(given_)) == repr(DatasetRecord("d", None, "sha256:1a", None, "training", None, 3))
    assert check_dataset(DatasetRecord("d", rows=0)).as_json() == {"name": "d", "rows": 0}


@pytest.mark.parametrize(
    ("wrong", "clause"),
    [({"name": ""}, "P1"), ({"name": 3}, "P1"), ({"version": 3}, "T1"), ({"uri": "\ud800"}, "T1"), ({"context": b"x"}, "T1"),
     ({"digest": 3}, "T1"), ({"digest": "abc"}, "D1"), ({"digest": "sha256:"}, "D1"), ({"digest": "SHA:ab"}, "D1"),
     ({"rows": -1}, "D1"), ({"rows": 1.0}, "D1"), ({"rows": True}, "D1"), ({"rows": 2**63}, "D1"), ({"rows": "1"}, "D1")],
    ids=str,
)  # fmt: skip
def test_what_is_no_dataset_is_refused(wrong, clause):
    with pytest.raises(Rejected) as caught:
        check_dataset(DatasetRecord(**{"name": "d", **wrong}))
    assert caught.value.clause == clause


def test_two_uses_are_one_by_data_and_context():
    use = DatasetRecord("d", "v1", "sha256:1", "u", "training", "{}", 3)
    assert use.key == DatasetRecord("d", "v1", "sha256:1", "u", "training").key
    assert use.key != DatasetRecord("d", "v1", "sha256:1", "u", "test").key


def test_the_later_epoch_then_the_end_then_the_stamp_decides():
    early, late = Stamp(1, "w", 0), Stamp(2, "a", 0)
    writes = [
        StatusWrite(0, "RUNNING", None, late),
        StatusWrite(0, "FINISHED", 5, early),
        StatusWrite(0, "KILLED", 6, late),
        StatusWrite(1, "RUNNING", None, early),
        StatusWrite(1, "FAILED", 7, early),
    ]
    assert all(before.key < after.key for before, after in itertools.pairwise(writes))
    assert Stamp(1, "a", 9) < Stamp(1, "b", 0) < Stamp(2, "a", 0) < Stamp(2, "a", 1)


def test_writes_without_content_are_nothing():
    assert not RunWrites()
    assert RunWrites(params={"x": None})
    assert RunWrites(tags=(TagWrite("t", None, Stamp(0, "", 0)),))
