"""Records as a journal keeps them: what comes back is what went in."""

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trackbridge.errors import IntegrityError
from trackbridge.records.datasets import DatasetRecord
from trackbridge.records.log import LoggedArtifact, LoggedObject, LoggedParams, LoggedSeries, LoggedVersion
from trackbridge.records.values import same_value
from trackbridge.records.writes import AttributeWrite, Stamp, StatusWrite, TagWrite
from trackbridge.shipping.codec import decode, encode

PLACE = Path("/journals/run/writer")
STAMP = Stamp(1_700_000_000_000_000_001, "w", 3)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


def there_and_back(record, place=PLACE):
    return [decode(kind, payload, place) for kind, payload in encode(record, place)]


@pytest.mark.parametrize(
    "record",
    [
        TagWrite("t", "x\0\ud7ff😀", STAMP), TagWrite("t", None, STAMP), AttributeWrite("a", [1, 1.0, True, None], STAMP),
        DatasetRecord("d"), DatasetRecord("d", "1", "sha256:00", "u", "c", "{}", 5),
        StatusWrite(2, "KILLED", 5, STAMP), StatusWrite(0, "RUNNING", None, STAMP),
        LoggedArtifact("a/b", PLACE / "files" / "0", 3, "00", STAMP, staged=True),
        LoggedArtifact("a/b", Path("/data/b"), 3, "00", STAMP, staged=False),
        LoggedObject("environment/x", bytes(range(256))), LoggedVersion("t", "m", "a", None, 1),
        LoggedVersion("t", "m", "a", "sha256:0", 1, "{}", "a/input.json"), LoggedParams({"p": 10**4000, "q": {"r": []}}),
        LoggedSeries("s", (1, -(2**63)), (0, 1), (-0.0, 5e-324), 7), LoggedSeries("s", None, None, (1.0,), 7),
    ],
)  # fmt: skip
def test_a_record_comes_back(record):
    assert there_and_back(record) == [record]


@given(VALUES)
def test_a_value_comes_back_with_its_type(value):
    (record,) = there_and_back(LoggedParams({"p": value}))
    assert same_value(record.params["p"], value)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, -0.0, 1, True, 1.0, "1", None])
def test_values_that_look_alike(value):
    (record,) = there_and_back(LoggedParams({"p": value}))
    assert repr(record.params["p"]) == repr(value)


def test_a_long_series_is_cut_and_says_the_same():
    whole = LoggedSeries("s", tuple(range(2_500)), None, tuple(map(float, range(2_500))), 9)
    parts = there_and_back(whole)
    assert [len(part.values) for part in parts] == [1_000, 1_000, 500]
    assert sum((part.steps for part in parts), ()) == whole.steps
    assert sum((part.values for part in parts), ()) == whole.values
    assert {(part.name, part.timestamps_ms, part.now_ms) for part in parts} == {("s", None, 9)}


def test_a_staged_file_moves_with_its_journal():
    staged = LoggedArtifact("a", PLACE / "files" / "0", 0, "00", STAMP, staged=True)
    ((kind, payload),) = encode(staged, PLACE)
    assert decode(kind, payload, Path("/copy")).source == Path("/copy/files/0")


@pytest.mark.parametrize(("kind", "payload"), [(99, b"{}"), (1, b"{"), (3, b"{}"), (3, b"[]"), (2, b'{"name":"s"}')])
def test_what_is_no_record_is_said(kind, payload):
    with pytest.raises(IntegrityError, match=f"a record of kind {kind} in {PLACE} cannot be read"):
        decode(kind, payload, PLACE)
