import pytest

from trackbridge.errors import ConfigurationError
from trackbridge.testing import Scale, run_conformance
from trackbridge.testing.checks import all_checks
from trackbridge.testing.lab import Lab
from trackbridge.testing.verdicts import run_check

SMALL = Scale(points=500, runs=8, artifacts=5, writers=3, big_bytes=1_000, examples=1)


def test_memory_is_certified_without_pytest():
    seen = []
    report = run_conformance("memory://conformance", lambda *progress: seen.append(progress), scale=SMALL)
    assert report.certified
    assert report.backend == "memory://conformance"
    assert {row.clause for row in report.rows if row.verdict == "refused"} == {"R2", "R4", "R8", "G5"}
    assert seen[0] == (0, len(all_checks()), all_checks()[0].id)
    assert seen[-1] == (len(all_checks()), len(all_checks()), "")


def test_an_unknown_backend_is_one_clear_error():
    with pytest.raises(ConfigurationError, match="no installed backend serves nowhere"):
        run_conformance("nowhere://x")


def test_a_laboratory_leaves_no_run_active_and_no_setting():
    from trackbridge.config import settings
    from trackbridge.run import active_run

    before = settings()
    with Lab("memory://leftovers") as lab:
        lab.start_run()
        assert settings().shipper == "inline"
    with pytest.raises(ConfigurationError, match="no run is active"):
        active_run()
    assert settings() == before


def test_other_processes_answer_and_raise(tmp_path):
    from trackbridge.testing.clauses import concurrency

    with Lab(f"local://{tmp_path}") as lab:
        run_id = lab.logged(params={"p": 7})
        digest = lab.store.runs.digest(run_id)
        assert lab.together(concurrency._digest, (run_id,), (run_id,)) == [digest, digest]
        from trackbridge.errors import NotFound

        with pytest.raises(NotFound):
            lab.together(concurrency._digest, ("0" * 32,))


def test_a_check_of_another_backend_fails_by_its_words():
    (one,) = [each for each in all_checks() if each.id.startswith("R8-two-processes")]
    outcome = run_check(one, "memory://verdict", SMALL)
    assert (outcome.verdict, outcome.error) == ("refused", None)
    assert outcome.detail.startswith("cross_process (never): ")
