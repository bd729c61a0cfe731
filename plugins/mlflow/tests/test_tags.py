"""Names and texts of any kind in MLflow's tags."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trackbridge.errors import IntegrityError
from trackbridge_mlflow.tags import chunked, joined, long_text, plain_tags, stale

NAMES = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), min_size=1, max_size=250)
NAMES = NAMES.filter(lambda name: name == name.strip() and not name.startswith("trackbridge."))


@given(
    st.dictionaries(NAMES | st.sampled_from(["mlflow.x", "a/../b", "..", "é" * 250, "x" * 250]), st.text(max_size=50))
)
def test_any_tags_come_back(tags):
    native = {}
    for name, value in tags.items():
        native |= long_text(name, value, chars=20)
    assert plain_tags(native) == tags
    assert all(len(key) <= 250 for key in native)
    for name in tags:
        for key in list(stale(name, native)):
            del native[key]
    assert native == {}


def test_a_native_text_that_was_changed_wins_and_one_that_is_gone_is_gone():
    native = long_text("long", "x" * 100, chars=10) | long_text("é#", "y", chars=10)
    shown = [key for key in native if not key.startswith("mlflow.")]
    native |= dict.fromkeys(shown, "changed")
    assert plain_tags(native) == {"long": "changed", "é#": "changed"}
    for key in shown:
        del native[key]
    assert plain_tags(native) == {}


@given(st.binary(max_size=3_000), st.integers(30, 200))
def test_any_bytes_in_pieces(data, chars):
    tags = chunked("k", data, chars=chars)
    assert joined("k", tags) == data
    assert list(tags)[-1] == "k:0"
    if len(tags) > 1:
        del tags["k:1"]
        assert joined("k", tags) is None


def test_damaged_pieces_are_named():
    for value in ("1 5 !!!", "x", "1 9 eJxLTAQAAloBAw=="):
        with pytest.raises(IntegrityError, match="k:0"):
            joined("k", {"k:0": value})
