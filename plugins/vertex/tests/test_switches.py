"""What no page of Google's settles, read the other way: each reading keeps the clauses that it touches."""

from __future__ import annotations

import pytest

from trackbridge.testing import Scale
from trackbridge.testing.checks import checks_of
from trackbridge.testing.verdicts import run_check

pytestmark = pytest.mark.server

SMALL = Scale(points=2_500, runs=20, artifacts=20, writers=4, examples=1, timeout_s=600)
# By the reading: the checks of the clauses that it touches, by clause and name.
TOUCHED = {
    "project_names=id": ["R6 nested", "R7 restored", "D1 fields"],
    "struct_nan=null": ["P2 floats"],
    "struct_nan=keep": ["P2 floats"],
    "metadata_bytes=204800": ["P2 many"],
    "short_ids=accept": ["R2 first_use"],
    "unknown_schemas=accept": ["D1 fields"],
    "maskless_update=merge": ["T1 changed", "R7 restored"],
    "struct_masks=accept": ["T1 changed"],
    "idle_update=keep": ["P3 first_wins", "T1 repeated"],
    "idle_update=bump": ["P3 first_wins", "T1 repeated"],
    "filter_not=accept": ["R7 deleted"],
    "filter_wildcards=match": ["R7 deleted"],
    "context_label_filters=accept": ["R7 deleted"],
    "deep_metadata_filters=accept": ["R7 deleted"],
    "list_order=creation": ["S5 pages"],
    "negative_steps=refuse": ["M1 steps"],
    "read_all=sample": ["M5 long_series"],
    "repeated_steps=first": ["M2 one_step"],
    "artifact_without_container=accept": ["G2 version_fields"],
    "model_update_etag=fresh": ["G3 stages"],
    "upload_labels=model": ["G2 token", "G3 stages", "G8 approval"],
    "alias_capitals=accept": ["G7 aliases"],
    "taken_alias=refuse": ["G7 aliases", "G3 shared"],
    "drop_default_alias=reassign": ["G1 spent_numbers"],
    "operation_names=location": ["R7 purged", "G1 numbers"],
    "operation_polls=2": ["R7 purged", "G1 numbers"],
}


@pytest.mark.parametrize(("reading", "touched"), TOUCHED.items(), ids=TOUCHED)
def test_a_reading_keeps_the_clauses_it_touches(reading, touched, fresh):
    switch, _, value = reading.partition("=")
    with fresh.remote.flipped(**{switch: int(value) if value.isdigit() else value}):
        for wanted in touched:
            clause, name = wanted.split()
            (check,) = [one for one in checks_of(clause) if one.function.__name__ == name]
            outcome = run_check(check, fresh.url(), SMALL)
            assert outcome.verdict == "kept", outcome.detail
    assert fresh.remote.violations() == []
