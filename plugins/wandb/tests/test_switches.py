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
        pytest.param({"nan": "string"}, "X3", "several_writers", marks=full),
        ({"same_step": "merge"}, "M2", "one_step"),
        ({"deleted_run": 410}, "R7", "purged"),
        pytest.param({"deleted_run": 400}, "R7", "purged", marks=full),
        pytest.param({"digest_deduplication": "any"}, "G1", "numbers", marks=full),
        pytest.param({"digest_deduplication": "never"}, "G5", "conditional", marks=full),
        pytest.param({"file_deduplication": "never"}, "G2", "version_fields", marks=full),
        ({"files_appear": "marked"}, "A2", "listing"),
        ({"files_appear": "marked", "features_off": ["MARK_RUN_FILES_UPLOADED"]}, "A3", "replaced"),
        ({"relink": "new"}, "G1", "numbers"),
        pytest.param({"relink": "new"}, "G5", "conditional", marks=full),
        pytest.param({"missing_matches_ne": False}, "S3", "missing", marks=full),
        pytest.param({"conflict": 200}, "G1", "numbers", marks=full),
        ({"history_export": "finished"}, "M5", "long_series"),
        pytest.param({"page_limit": 7}, "S5", "pages", marks=full),
        pytest.param({"history_page_limit": 2_000}, "M5", "long_series", marks=full),
    ],
    ids=lambda value: "-".join(map(str, value)) if isinstance(value, dict) else str(value),
)
def test_either_way(service, url, switch, clause, check):
    with service.switched(**switch):
        outcome = run_check(find(clause, check), url, SMALL)
    assert outcome.verdict == "kept", outcome.detail


def find(clause, name):
    return next(one for one in checks_of(clause) if one.function.__name__ == name)
