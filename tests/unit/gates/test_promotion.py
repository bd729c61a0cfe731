"""From a store to a verdict and from a verdict to a promotion, on real backends."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import trackbridge as tb
from trackbridge.errors import Conflict, IntegrityError, NotFound, Rejected
from trackbridge.gates import (
    REPORT_FILES,
    Gate,
    Judgement,
    evaluate,
    keep_report,
    make_report,
    parse_gate,
    promote,
    read_curves,
    read_report,
)
from trackbridge.protocol import Scope, VersionSpec

SETTINGS: dict[str, Any] = {
    "metric": [{"name": "auc", "direction": "higher", "max_regression": 0.01}],
    "no_baseline": "pass",
}
Release = Callable[..., int]


@pytest.fixture(params=["memory", "local"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tb.Store]:
    url = f"memory://{tmp_path}" if request.param == "memory" else f"local://{tmp_path}/store"
    with tb.connect(url) as opened:
        yield opened


@pytest.fixture
def release(store: tb.Store) -> Release:
    """Log a run with such an auc and register it; give the version's number."""

    def released(auc: float, **rest: Any) -> int:
        with tb.start_run(experiment="e", backend=store.backend.url.text, capture=False, tags={"team": "risk"}) as run:
            for step in range(3):
                tb.log_metric("auc", auc * (step + 1) / 3, step=step)
            tb.log_dict({"auc": auc}, "model/weights.json")
            for name, table in rest.get("tables", {}).items():
                tb.log_table(table, name)
        return store.registry.register("fraud", run_id=run.id, artifact="model").number

    return released


@pytest.fixture
def gate() -> Gate:
    return parse_gate("fraud", SETTINGS, base=Path())


def test_a_version_is_judged_against_what_is_in_production(store: tb.Store, release: Release, gate: Gate) -> None:
    first, worse, better = release(0.9), release(0.8), release(0.95)
    judgement = evaluate(store, gate, first)
    assert (judgement.baseline, judgement.allowed) == (None, True)
    store.registry.transition("fraud", first, "Production")
    assert evaluate(store, gate, worse).verdict.status == "fail"
    assert evaluate(store, gate, better).verdict.status == "pass"
    assert evaluate(store, gate, worse, baseline=str(worse)).baseline is None, "nobody is his own baseline"
    assert evaluate(store, gate, better, baseline=worse).baseline.version.number == worse
    store.registry.transition("fraud", better, "Production")
    assert evaluate(store, gate, worse).baseline.version.number == better, "the greatest of several"
    assert evaluate(store, gate, better).baseline.version.number == first, "the greatest other one"


def test_an_alias_may_be_free_but_a_number_must_exist(store: tb.Store, release: Release, gate: Gate) -> None:
    number = release(0.9)
    assert evaluate(store, gate, number, baseline="champion").baseline is None
    with pytest.raises(NotFound, match="no version 7"):
        evaluate(store, gate, number, baseline=7)
    with pytest.raises(NotFound):
        evaluate(store, gate, 7)


def test_a_version_whose_run_is_gone_or_was_never_here_cannot_be_judged(
    store: tb.Store, release: Release, gate: Gate
) -> None:
    number = release(0.9)
    store.runs.delete(store.registry.get("fraud", number).run_id or "", force=True)
    elsewhere = store.registry.create("fraud", VersionSpec("t", None, "model", None, 0)).number
    for each in (number, elsewhere):
        judgement = evaluate(store, gate, each)
        assert (judgement.verdict.status, judgement.allowed) == ("insufficient", False)
        assert read_curves(store, judgement) == {}


def test_what_cannot_be_told_may_be_let_pass(store: tb.Store, release: Release) -> None:
    settings = {"metric": [{"name": "nothing", "min": 0}], "insufficient": "pass"}
    judgement = evaluate(store, parse_gate("fraud", settings, base=Path()), release(0.9))
    assert (judgement.verdict.status, judgement.allowed) == ("insufficient", True)
    settings["metric"].append({"name": "auc", "min": 1})  # type: ignore[attr-defined]
    assert not evaluate(store, parse_gate("fraud", settings, base=Path()), 1).allowed


@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
def test_slices_are_computed_from_a_logged_table(store: tb.Store, release: Release, suffix: str) -> None:
    table = {"y": [1, 1, 1, 1], "p": [1, 1, 1, 0], "sex": ["F", "F", "M", "M"]}
    number = release(0.9, tables={f"eval/p{suffix}": table})
    source = {"path": f"eval/p{suffix}", "truth": "y", "prediction": "p"}
    settings = {"slice": [{"metric": "tpr", "by": ["sex"], "max_gap": 0.4, "min_rows": 2, "table": source}]}
    (finding,) = evaluate(store, parse_gate("fraud", settings, base=Path()), number).verdict.findings
    assert (finding.status, finding.candidate) == ("fail", 0.5)
    settings["slice"][0]["table"] = {**source, "path": "eval/none.csv"}
    (finding,) = evaluate(store, parse_gate("fraud", settings, base=Path()), number).verdict.findings
    assert (finding.status, finding.reason) == ("insufficient", "its run has no table 'eval/none.csv'")
    settings["slice"][0]["table"] = {**source, "path": "model/weights.json"}
    (finding,) = evaluate(store, parse_gate("fraud", settings, base=Path()), number).verdict.findings
    assert finding.status == "insufficient"
    assert "cannot be read" in finding.reason


def promoted(store: tb.Store, gate: Gate, number: int, **rest: Any) -> tuple[Judgement, str]:
    plan = store.registry.plan("fraud", number, "Production", archive_existing=gate.archive_existing)
    judgement = evaluate(store, gate, number)
    report = make_report(judgement, read_curves(store, judgement), rest.get("forced"))
    keep_report(store, judgement.candidate.version, report)
    promote(store, plan, judgement, report, **rest)
    return judgement, report.digest


def test_the_report_is_kept_with_the_version_and_named_by_the_trail(
    store: tb.Store, release: Release, gate: Gate
) -> None:
    number = release(0.9)
    version = store.registry.get("fraud", number)
    before = store.runs.digest(version.run_id or "")
    _, digest = promoted(store, gate, number, actor="ann", comment="ship")
    (entry,) = store.registry.history("fraud")
    assert (entry.gate_digest, entry.actor, entry.comment, entry.forced) == (digest, "ann", "ship", False)
    version = store.registry.get("fraud", number)
    document = json.loads(read_report(store, version, digest))
    assert (document["verdict"], document["candidate"]["version"]) == ("pass", number)
    for name in REPORT_FILES:
        assert read_report(store, version, digest, name)
    assert store.runs.digest(version.run_id or "") == before, "the run is what it was"
    assert [one.path for one in store.artifacts.list(version.run_id or "")] == ["model/weights.json"]


def test_the_reports_of_a_version_without_a_run_are_kept_with_the_model(store: tb.Store) -> None:
    version = store.registry.create("fraud", VersionSpec("t", None, "model", None, 0))
    gate = parse_gate("fraud", {"metric": [{"name": "x", "min": 0}]}, base=Path())
    report = make_report(evaluate(store, gate, version.number))
    keep_report(store, version, report)
    assert read_report(store, version, report.digest) == report.files["gate.json"]


def test_a_report_that_was_changed_or_never_kept_is_told(store: tb.Store, release: Release, gate: Gate) -> None:
    version = store.registry.get("fraud", release(0.9))
    with pytest.raises(NotFound):
        read_report(store, version, f"sha256:{'0' * 64}")
    with pytest.raises(NotFound, match="no digest of a report"):
        read_report(store, version, "sha256:../../x")
    scope = Scope("run", version.run_id or "")
    store.backend.adapter.objects.put(scope, f"gate/{'0' * 64}.gate.json", b"{}")
    with pytest.raises(IntegrityError, match="is not what was kept"):
        read_report(store, version, f"sha256:{'0' * 64}")


def test_a_gate_that_says_no_promotes_nothing(store: tb.Store, release: Release, gate: Gate) -> None:
    store.registry.transition("fraud", release(0.9), "Production")
    with pytest.raises(Rejected, match="does not let version 2 pass"):
        promoted(store, gate, release(0.8))
    assert len(store.registry.history("fraud")) == 1


def test_overruling_needs_a_reason_and_is_marked_for_ever(store: tb.Store, release: Release, gate: Gate) -> None:
    store.registry.transition("fraud", release(0.9), "Production")
    worse = release(0.8)
    with pytest.raises(Rejected, match="without a reason"):
        promoted(store, gate, worse, forced=" ")
    promoted(store, gate, worse, forced="the old one leaks")
    store.registry.promote(store.registry.plan_rollback("fraud"))
    entry = store.registry.history("fraud")[1]
    assert (entry.forced, entry.comment, entry.archived) == (True, "the old one leaks", (1,))


def test_what_passes_is_not_forced(store: tb.Store, release: Release, gate: Gate) -> None:
    promoted(store, gate, release(0.9), forced="to be sure", comment="ship")
    (entry,) = store.registry.history("fraud")
    assert (entry.forced, entry.comment) == (False, "ship")


def test_a_promotion_that_was_overtaken_while_it_was_judged_is_a_conflict(
    store: tb.Store, release: Release, gate: Gate
) -> None:
    first, second, third = release(0.9), release(0.91), release(0.95)
    store.registry.transition("fraud", first, "Production")
    plan = store.registry.plan("fraud", second, "Production", archive_existing="not-serving")
    judgement = evaluate(store, gate, second)
    promoted(store, gate, third)
    with pytest.raises(Conflict, match=f"holds version {third}, not version {first}"):
        promote(store, plan, judgement, make_report(judgement))
    assert store.registry.get("fraud", "Production").number == third


def test_a_plan_for_another_version_is_refused(store: tb.Store, release: Release, gate: Gate) -> None:
    first, second = release(0.9), release(0.91)
    judgement = evaluate(store, gate, first)
    plan = store.registry.plan("fraud", second, "Production")
    with pytest.raises(Rejected, match=f"judged version {first}, not version {second}"):
        promote(store, plan, judgement, make_report(judgement))
    with pytest.raises(Rejected):
        promote(store, replace(plan, model="other"), judgement, make_report(judgement))


def test_curves_are_thinned_to_their_extremes(store: tb.Store, gate: Gate) -> None:
    with tb.start_run(experiment="e", backend=store.backend.url.text, capture=False) as run:
        values = [0.5] * 20_000
        values[777], values[12_345] = 9.0, -9.0
        run.log_series("auc", list(range(20_000)), values)
        run.log_series("nan", [0, 1, 2], [float("nan")] * 3)
        tb.log_dict({}, "model/weights.json")
    number = store.registry.register("fraud", run_id=run.id, artifact="model").number
    curves = read_curves(store, evaluate(store, gate, number))
    assert len(curves["auc"].candidate) <= 700
    assert {(777, 9.0), (12_345, -9.0)} <= set(curves["auc"].candidate)
    assert [step for step, _ in curves["auc"].candidate] == sorted(step for step, _ in curves["auc"].candidate)
    assert len(curves["nan"].candidate) == 3
