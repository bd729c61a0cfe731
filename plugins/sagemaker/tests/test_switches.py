"""What neither AWS's service model nor its pages settle: read the other way, the clauses it touches hold all the same."""

from __future__ import annotations

import pytest

from trackbridge.testing import Scale
from trackbridge.testing.checks import checks_of
from trackbridge.testing.verdicts import run_check

pytestmark = pytest.mark.server
SMALL = Scale(points=500, runs=10, artifacts=10, writers=4, examples=1, timeout_s=600)

# Each switch of the emulator flipped once, and the clauses that such an answer of SageMaker's could break.
FLIPPED = {
    "search_lag_s": (30.0, "S1"),
    "list_lag_s": (30.0, "G3"),
    "metrics_lag_s": (30.0, "M2"),
    "missing_error": ("ResourceNotFound", "R1"),
    "in_use_error": ("ResourceInUse", "R7"),
    "associate_twice": ("reject", "R1"),
    "update_maps": ("replace", "P1"),
    "search_ignores_case": (True, "S1"),
    "not_equals_matches_missing": (False, "S3"),
    "lineage_delete_needs_no_associations": (False, "D1"),
    "package_needs_source": (False, "G2"),
    "tags_on_versions": (True, "G2"),
    "package_pending_s": (30.0, "G3"),
    "timestamp_window_s": (None, "M1"),
    "timestamp_outside": ("request", "M1"),
    "non_finite": ("request", "M1"),
    "same_point": ("conflict", "M2"),
    "metric_axis": ("ms", "M5"),
    "length_unit": ("scalars", "T1"),
    "dot_matches_newline": (True, "P2"),
    "unknown_members": ("ignore", "R1"),
    "components_per_trial": (2, "S5"),
}


FIRST = {"list_lag_s", "non_finite", "same_point", "search_lag_s", "timestamp_outside", "update_maps"}
FLIPS = [pytest.param(switch, marks=[] if switch in FIRST else pytest.mark.full) for switch in FLIPPED]


@pytest.mark.parametrize("switch", FLIPS)
def test_flipped(place, switch):
    value, clause = FLIPPED[switch]
    place.account.turn(**{switch: value})
    check = next(one for one in checks_of(clause) if not one.function.__module__.endswith(".concurrency"))
    outcome = run_check(check, place.url, SMALL)
    assert outcome.verdict == "kept", outcome.detail


@pytest.mark.full
@pytest.mark.parametrize("switch", FLIPPED)
def test_flipped_every_check(place, switch):
    value, clause = FLIPPED[switch]
    place.account.turn(**{switch: value})
    for check in checks_of(clause):
        outcome = run_check(check, place.url, SMALL)
        assert outcome.verdict == "kept", outcome.detail
