"""Names, texts, paths, aliases, times and ids (P1, T1, A1, G7, R1, R3)."""

import string
import unicodedata
import uuid
from datetime import UTC, datetime, timedelta, timezone, tzinfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trackbridge.errors import Rejected
from trackbridge.records.ids import check_run_id, foreign_run_id, new_run_id
from trackbridge.records.models import STAGES, check_stage
from trackbridge.records.names import check_alias, check_artifact_path, check_name, check_text, is_reserved, shown
from trackbridge.records.runs import STATUSES, check_status
from trackbridge.records.times import MAX_TIME_MS, check_ms, from_ms, iso, now_ms, seconds_to_ms

GOOD_NAMES = ["a", "x" * 250, "é", "e\u0301", "漢字 العربية", "😀" * 250, "a b", "../..", "%41", "'; DROP TABLE runs; --",
              '{"a": 1}', "<b>", "https://x/y?z=1#f", "a\u200bb", "\u200b", "a\u2028b", "-", ".", "None"]  # fmt: skip


@pytest.mark.parametrize("name", GOOD_NAMES)
def test_a_name_stays_as_it_is(name):
    assert check_name(name, "metric") == name
    plain = check_name(np.str_(name), "metric")
    assert type(plain) is str
    assert plain == name


@pytest.mark.parametrize("name", ["", "x" * 251, "😀" * 251, " a", "a ", "\u3000a", "a\u00a0", "a\nb", "a\x00", "\x7fa",
                                  "a\x85b", "a\ud800", None, 3, b"a", ["a"]])  # fmt: skip
def test_what_is_no_name_is_refused(name):
    with pytest.raises(Rejected) as caught:
        check_name(name, "metric")
    assert caught.value.clause == "P1"
    assert "metric" in str(caught.value)


@given(st.text(max_size=5))
def test_names_are_p1_word_by_word(name):
    fits = (
        bool(name)
        and name == name.strip()
        and not any(unicodedata.category(character) in {"Cc", "Cs"} for character in name)
    )
    try:
        assert check_name(name, "tag") == name
        assert fits
    except Rejected:
        assert not fits


def test_text_is_bounded_in_bytes():
    assert check_text("é" * 32_768, "the value of tag 'x'") == "é" * 32_768
    for value in ("é" * 32_769, "\ud800", 3, None, b"x"):
        with pytest.raises(Rejected) as caught:
            check_text(value, "the value of tag 'x'")
        assert caught.value.clause == "T1"


@pytest.mark.parametrize(
    ("path", "expected"),
    [("a", "a"), ("a/b.txt", "a/b.txt"), ("e\u0301/x", "\u00e9/x"), ("...", "..."), ("a b", "a b"), ("%2e%2e/x", "%2e%2e/x"),
     ("a\\b", "a\\b"), (" a", " a"), ("😀", "😀")],
)  # fmt: skip
def test_a_path_is_nfc(path, expected):
    assert check_artifact_path(path) == expected


@pytest.mark.parametrize("path", ["", "/", "/a", "a/", "a//b", ".", "..", "a/../b", "./a", "a/.", "a\nb", "a\x00", "\ud800",
                                  None, b"a", 3])  # fmt: skip
def test_what_is_no_path_is_refused(path):
    with pytest.raises(Rejected) as caught:
        check_artifact_path(path)
    assert caught.value.clause == "A1"


@pytest.mark.parametrize("alias", ["a", "champion", "b-2", "v", "v1x", "latest-1", "a" + "b" * 62])
def test_aliases(alias):
    assert check_alias(alias) == alias


@pytest.mark.parametrize(
    "alias", ["", "A", "1a", "-a", "a_b", "latest", "default", "v1", "v007", "a" * 64, "a\n", None, 3]
)
def test_what_is_no_alias_is_refused(alias):
    with pytest.raises(Rejected) as caught:
        check_alias(alias)
    assert caught.value.clause == "G7"


def test_reserved_tags():
    assert is_reserved("trackbridge.version")
    assert not is_reserved("trackbridge")
    assert not is_reserved("Trackbridge.version")


def test_stages_and_statuses_are_four_each():
    assert [check_stage(stage) for stage in STAGES] == ["None", "Staging", "Production", "Archived"]
    assert [check_status(status) for status in STATUSES] == ["RUNNING", "FINISHED", "FAILED", "KILLED"]
    for wrong in ("production", "", None, 0, "finished"):
        with pytest.raises(Rejected, match="Use one of"):
            check_stage(wrong)
        with pytest.raises(Rejected, match="Use one of"):
            check_status(wrong)


class NoOffset(tzinfo):
    def utcoffset(self, moment):
        return None


TIMES = [
    (0, 0),
    (MAX_TIME_MS, MAX_TIME_MS),
    (np.int64(5), 5),
    (datetime.fromisoformat("1970-01-01"), 0),
    (datetime.fromisoformat("2024-05-01T12:30:00"), 1714566600000),
    (datetime(2024, 5, 1, 12, 30, tzinfo=UTC), 1714566600000),
    (datetime(2024, 5, 1, 14, 30, tzinfo=timezone(timedelta(hours=2))), 1714566600000),
    (datetime(2024, 5, 1, 12, 30, 0, 999, tzinfo=UTC), 1714566600000),
    (datetime(2024, 5, 1, 12, 30, tzinfo=NoOffset()), 1714566600000),
    (datetime.fromisoformat("9999-12-31T23:59:59.999999"), MAX_TIME_MS),
    (pd.Timestamp("2024-05-01T12:30:00Z"), 1714566600000),
]


@pytest.mark.parametrize(("value", "expected"), TIMES)
def test_times_are_milliseconds(value, expected):
    found = check_ms(value)
    assert type(found) is int
    assert found == expected


@pytest.mark.parametrize("value", [-1, MAX_TIME_MS + 1, 2**70, datetime.fromisoformat("1969-12-31T23:59:59.999999"), 1.5, True, None,
                                   "2024-05-01", np.datetime64("2024-05-01"), pd.NaT, np.float64(1), timedelta(1)])  # fmt: skip
def test_what_is_no_time_is_refused(value):
    with pytest.raises(Rejected) as caught:
        check_ms(value)
    assert caught.value.clause == "R3"


@given(st.integers(0, MAX_TIME_MS))
def test_times_come_back(ms):
    assert check_ms(from_ms(ms)) == ms
    assert check_ms(from_ms(ms).replace(tzinfo=None)) == ms
    assert check_ms(datetime.fromisoformat(iso(ms))) == ms


def test_seconds_are_rounded_half_even():
    assert [seconds_to_ms(value) for value in (0.0005, 0.0015, 1.0, 1714566600.1239998)] == [0, 2, 1000, 1714566600124]


def test_new_ids_are_uuids_of_version_7():
    before = now_ms()
    ids = [new_run_id() for _ in range(1000)]
    after = now_ms()
    assert len(set(ids)) == 1000
    for run_id in ids:
        made = uuid.UUID(check_run_id(run_id))
        assert (made.version, made.variant) == (7, uuid.RFC_4122)
        assert before <= made.int >> 80 <= after


def test_foreign_ids_never_change():
    assert foreign_run_id("abc") == "ad0d0a2055145146b7a5ac522478f0ff"
    assert len({foreign_run_id("abc"), foreign_run_id("abc", account="a"), foreign_run_id("c", account="ab")}) == 3
    assert uuid.UUID(check_run_id(foreign_run_id("x", account="y"))).version == 5


@pytest.mark.parametrize(
    "run_id", ["", "a" * 31, "A" * 32, "g" * 32, "a" * 32 + "\n", None, 3, "f04a37b7-e495-44ce-928b-3c56c1f0c397"]
)
def test_what_is_no_run_id_is_refused(run_id):
    with pytest.raises(Rejected) as caught:
        check_run_id(run_id)
    assert caught.value.clause == "R1"


class Hostile:
    def __repr__(self):
        raise RuntimeError(string.ascii_letters)


def test_anything_can_be_shown():
    assert shown("a") == "'a'"
    assert len(shown("a" * 1000)) <= 80
    assert shown(Hostile()) == "<Hostile>"
    assert shown(10**5000) == "<int>"
