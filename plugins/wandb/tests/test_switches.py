"""What neither W&B's client nor its documentation settles: the clauses that it touches hold either way."""

from __future__ import annotations

import pytest

from trackbridge.testing import Scale
from trackbridge.testing.checks import checks_of
from trackbridge.testing.verdicts import run_check

pytestmark = pytest.mark.server

SMALL = Scale(points=2_500, runs=30, artifacts=30, writers=4, examples=2, timeout_s=600)
full = pytest.mark.full


@pytest.mark.parametrize(
    ("switch", "clause", "check"),
    [
        ({"nan": "string"}, "M1", "values"),
        ({"nan": "string"}, "X3", "several_writers"),
        ({"same_step": "merge"}, "M2", "one_step"),
        ({"deleted_run": 410}, "R7", "purged"),
        ({"deleted_run": 400}, "R7", "purged"),
        ({"digest_deduplication": "any"}, "G1", "numbers"),
        ({"digest_deduplication": "never"}, "G5", "conditional"),
        ({"file_deduplication": "never"}, "G2", "version_fields"),
        ({"files_appear": "marked"}, "A2", "listing"),
        ({"files_appear": "marked", "features_off": ["MARK_RUN_FILES_UPLOADED"]}, "A3", "replaced"),
        ({"relink": "new"}, "G1", "numbers"),
        ({"relink": "new"}, "G5", "conditional"),
        ({"missing_matches_ne": False}, "S3", "missing"),
        ({"conflict": 200}, "G1", "numbers"),
        ({"history_export": "finished"}, "M5", "long_series"),
        ({"page_limit": 7}, "S5", "pages"),
        ({"history_page_limit": 2_000}, "M5", "long_series"),
    ],
    ids=lambda value: "-".join(map(str, value)) if isinstance(value, dict) else str(value),
)
def test_either_way(service, url, switch, clause, check):
    with service.switched(**switch):
        outcome = run_check(find(clause, check), url, SMALL)
    assert outcome.verdict == "kept", outcome.detail


def find(clause, name):
    return next(one for one in checks_of(clause) if one.function.__name__ == name)
