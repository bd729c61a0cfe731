"""Runs got, edited, deleted, restored and purged (R7, T1, X3, X4)."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from trackbridge.errors import Conflict, NotFound, Rejected, Unsupported
from trackbridge.protocol import Absent
from trackbridge.records.ids import new_run_id
from trackbridge.records.log import LoggedParams
from trackbridge.records.metrics import MetricSummary
from trackbridge.records.writes import RunWrites, Stamp, TagWrite
from trackbridge.store import Store

NASTY = {
    "int": 2**70, "bool": True, "none": None, "list": [1, "a", None], "empty": {}, "long": "x" * 500, "text": "1",
    "nan": float("nan"), "名前 with space": -0.0,
}  # fmt: skip


def test_a_run_comes_back_whole_on_any_backend(lab: Any) -> None:
    run_id = lab.run(
        name="baseline",
        params=NASTY,
        tags={"team": "risk", "long": "y" * 300, "a tag": "z"},
        metrics={"loss": [0.5, float("inf"), -0.0], "val auc": [0.25]},
    )
    run = lab.store.runs.get(run_id)
    assert (run.id, run.name, run.experiment, run.status) == (run_id, "baseline", "fraud", "FINISHED")
    assert (run.started_ms, run.ended_ms) == (1_000, 1_500)
    assert repr(dict(sorted(run.params.items()))) == repr(dict(sorted(NASTY.items())))
    assert run.tags == {"team": "risk", "long": "y" * 300, "a tag": "z"}
    assert run.metrics["loss"] == MetricSummary(-0.0, 2, 1_002, -0.0, float("inf"), 3)
    assert list(run.metrics) == ["loss", "val auc"]
    assert bool(lab.sidecars(run_id)) == (not lab.backend.limits.stamps)


def test_what_is_not_there_is_not_found(lab: Any) -> None:
    unknown = new_run_id()
    for act in (
        lab.store.runs.get, lab.store.runs.delete, lab.store.runs.restore, lab.store.runs.edit, lab.store.runs.digest,
        lab.store.runs.purge, lab.store.metrics.read, lab.store.artifacts.list,
    ):  # fmt: skip
        with pytest.raises(NotFound, match=unknown):
            act(unknown)
    with pytest.raises(Rejected, match="not a run id"):
        lab.store.runs.get("latest")


def test_edits_set_delete_and_leave_alone(lab: Any) -> None:
    run_id = lab.run(tags={"keep": "1", "drop": "2", "change": "3"}, name="before")
    lab.store.runs.edit(
        run_id, tags={"drop": None, "change": "x" * 100, "new one": "é"}, notes="第一\nline", name="after"
    )
    lab.store.runs.edit(run_id, tags={"never": None})
    run = lab.store.runs.get(run_id)
    assert run.tags == {"keep": "1", "change": "x" * 100, "new one": "é"}
    assert (run.name, run.attributes["notes"]) == ("after", "第一\nline")
    assert [found.id for found in lab.store.runs.search("name = 'after' and tags.change like 'xx%'")] == [run_id]


def test_the_later_edit_wins_and_an_older_write_does_not_come_back(lab: Any) -> None:
    run_id = lab.run(tags={"a": "first"})
    for value in ("second", "third", None, "fourth"):
        lab.store.runs.edit(run_id, tags={"a": value})
        assert lab.store.runs.get(run_id).tags == ({} if value is None else {"a": value})
    lab.write(run_id, [TagWrite("a", "late delivery", Stamp(7, "old", 0))])
    assert lab.store.runs.get(run_id).tags == {"a": "fourth"}


def test_edits_are_redacted(lab: Any) -> None:
    run_id = lab.run()
    lab.store.runs.edit(
        run_id, tags={"cmd": "run --url https://ann:hunter2secret@host/"}, notes="password=hunter2secret"
    )
    run = lab.store.runs.get(run_id)
    assert "hunter2secret" not in repr((run.tags, run.attributes))


@pytest.mark.parametrize(
    "change",
    [{"tags": {"trackbridge.exception": "x"}}, {"tags": {"a": 1}}, {"tags": {" a": "1"}}, {"name": ""}, {"notes": 1}],
)
def test_a_bad_edit_is_rejected_and_changes_nothing(lab: Any, change: dict[str, Any]) -> None:
    run_id = lab.run(tags={"a": "1"}, name="n")
    before = lab.store.runs.digest(run_id)
    with pytest.raises(Rejected):
        lab.store.runs.edit(run_id, **change)
    assert lab.store.runs.digest(run_id) == before


def test_an_edit_that_the_backend_refuses_raises(make_lab: Callable[[str], Any]) -> None:
    lab = make_lab("memory")
    run_id = lab.run()

    class Refusing:
        def __init__(self, runs: Any) -> None:
            self._runs = runs

        def __getattr__(self, name: str) -> Any:
            return getattr(self._runs, name)

        def write(self, run_id: str, writes: RunWrites) -> Any:
            raise Rejected("the vendor says no", clause="T1")

    lab.backend.adapter.runs = Refusing(lab.backend.adapter.runs)
    with pytest.raises(Rejected, match="the vendor says no"):
        lab.store.runs.edit(run_id, tags={"a": "1"})


def test_a_deleted_run_is_gone_until_it_is_restored(lab: Any) -> None:
    gone, stays = lab.run(params={"a": 1}, tags={"t": "x"}), lab.run()
    before = lab.store.runs.digest(gone)
    lab.store.runs.delete(gone)
    lab.store.runs.delete(gone)
    for act in (lab.store.runs.get, lab.store.metrics.read, lab.store.artifacts.list, lab.store.runs.edit):
        with pytest.raises(NotFound, match="deleted"):
            act(gone)
    assert [run.id for run in lab.store.runs.search()] == [stays]
    assert [run.id for run in lab.store.runs.search(deleted=True)] == [gone]
    lab.store.runs.restore(gone)
    lab.store.runs.restore(gone)
    assert lab.store.runs.digest(gone) == before


def test_a_run_that_a_version_points_to_is_kept_unless_forced(lab: Any) -> None:
    run_id = lab.run(files={"model/weights": b"w"})
    for _ in range(5):
        lab.store.registry.register("fraud", run_id=run_id, artifact="model")
    for act in (lab.store.runs.delete, lab.store.runs.purge):
        with pytest.raises(Conflict, match=r"version 1 of model 'fraud', .* and 2 more was made from it") as caught:
            act(run_id)
        assert caught.value.clause == "R7"
    assert lab.store.runs.get(run_id).id == run_id
    for number in range(1, 6):
        lab.store.registry.delete_version("fraud", number)
    lab.store.runs.delete(run_id)


def test_a_run_with_live_children_is_kept_unless_forced(lab: Any) -> None:
    parent = lab.run()
    child = lab.run(parent=parent)
    with pytest.raises(Conflict, match=f"it is the parent of {child}"):
        lab.store.runs.delete(parent)
    lab.store.runs.delete(child)
    lab.store.runs.delete(parent)
    lab.store.runs.restore(parent)
    lab.store.runs.restore(child)
    lab.store.runs.purge(parent, force=True)
    assert [run.id for run in lab.store.runs.search()] == [child]


def test_a_purged_run_cannot_be_restored(lab: Any) -> None:
    run_id = lab.run(params={"a": 1})
    lab.store.runs.delete(run_id)
    lab.store.runs.purge(run_id)
    for act in (lab.store.runs.restore, lab.store.runs.purge, lab.store.runs.get):
        with pytest.raises(NotFound):
            act(run_id)


def test_a_backend_that_cannot_purge_says_so(make_lab: Callable[[str], Any]) -> None:
    lab = make_lab("memory")
    run_id = lab.run()
    capabilities = replace(lab.backend.spec.capabilities, purge=Absent("upstream", "the vendor keeps everything"))
    store = Store(replace(lab.backend, spec=replace(lab.backend.spec, capabilities=capabilities)))
    with pytest.raises(Unsupported, match="the vendor keeps everything") as caught:
        store.runs.purge(run_id)
    assert caught.value.capability == "purge"
    assert store.capabilities.absent("purge") is not None


def test_what_a_colleague_changes_natively_wins_and_is_reported(
    make_lab: Callable[[str], Any], caplog: pytest.LogCaptureFixture
) -> None:
    lab = make_lab("narrow")
    run_id = lab.run(tags={"long": "y" * 300})
    lab.backend.adapter.runs.write(run_id, RunWrites(tags=(TagWrite("long", "mine", Stamp(2**62, "c", 0)),)))
    with caplog.at_level(logging.WARNING, "trackbridge.store"):
        for _ in range(2):
            assert lab.store.runs.get(run_id).tags == {"long": "mine"}
    assert len(caplog.records) == 1
    assert run_id in caplog.text
    assert [(one.family, one.name) for one in lab.store.runs.differences(run_id)] == [("tag", "long")]


def test_a_param_that_two_processes_gave_with_two_types_is_told(
    make_lab: Callable[[str], Any], caplog: pytest.LogCaptureFixture
) -> None:
    lab = make_lab("narrow")
    run_id = lab.run(params={"p": "True", "q": True})
    lab.write(run_id, [LoggedParams({"p": True, "q": True})])
    with caplog.at_level(logging.WARNING, "trackbridge.store"):
        for _ in range(2):
            assert lab.store.runs.get(run_id).params["q"] is True
    assert [record.getMessage() for record in caplog.records] == [
        f"param p of run {run_id} was given several values that look alike here, of which one is shown (P3)"
    ]
