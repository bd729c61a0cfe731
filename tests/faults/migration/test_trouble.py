"""What goes wrong with one thing is told truly, ends in exit code 1, and never stops the rest."""

from __future__ import annotations

import threading
import uuid
from collections import Counter
from typing import Any

import pytest

from e2e.migration_ends import move, origin
from e2e.migration_world import Size
from trackbridge.adapters.memory.state import state_of
from trackbridge.errors import AuthError, Rejected, Transient
from trackbridge.migration import Migration, Patience, Selection, Side, Threads
from trackbridge.protocol import Backend
from trackbridge.records.metrics import MetricPoint, value_key
from trackbridge.store import Store, connect

SIZE = Size(runs=6, levels=2, models=1, points=50)


class Trouble:
    """Raises from calls of an adapter: at each call `when` is asked, with how many there were, and may raise."""

    def __init__(self, when: Any) -> None:
        self.when = when
        self.calls = 0
        self.lock = threading.Lock()

    def wait(self) -> None:
        with self.lock:
            self.calls += 1
            calls = self.calls
        self.when(calls)


def troubled(store: Store, when: Any) -> Side:
    return Side.of(store, Trouble(when))


@pytest.fixture
def known():
    return origin(SIZE, "")


@pytest.fixture
def target():
    with connect(f"memory://{uuid.uuid4().hex}") as store:
        yield store


def migrate(source: Store, target: Store | Side, *, patience: float = 60.0, **options: Any):
    sides = Side.of(source), target if isinstance(target, Side) else Side.of(target)
    waiting = Patience(patience)
    engine = Threads(*sides, verify="full", workers=2, patience=waiting)
    try:
        return Migration(*sides, Selection(), verify="full", engine=engine, patience=waiting, **options).run()
    finally:
        engine.close()


def states(result) -> Counter[str]:
    return Counter(one.state for one in result.outcomes if one.kind == "run")


def test_too_many_requests_are_waited_out(known, target) -> None:
    refused = []

    def when(calls: int) -> None:
        if calls % 7 == 0:
            refused.append(calls)
            raise Transient("429: too many requests", retry_after_s=0.02)

    result = migrate(known.store, troubled(target, when))
    assert result.good
    assert len(refused) > 20
    assert {run.id: target.runs.digest(run.id) for run in target.runs.search()} == {
        run: known.runs[run] for run in known.world.runs[:-1]
    }


def test_a_backend_that_comes_back_is_waited_for(known, target) -> None:
    def when(calls: int) -> None:
        if 60 <= calls <= 70:
            raise Transient("connection refused")

    result = migrate(known.store, troubled(target, when))
    assert result.good
    assert states(result)["failed"] == 0


def test_a_backend_that_stays_away_fails_all_at_once_and_can_be_gone_on_with(known, target) -> None:
    def when(calls: int) -> None:
        if calls > 90:
            raise Transient("connection refused")

    result = migrate(known.store, troubled(target, when), patience=1.5)
    assert not result.good
    failed = [one for one in result.outcomes if one.state == "failed"]
    assert {one.failure.kind for one in failed} == {"Transient"}
    assert result.seconds < 20  # not 1.5 s for each
    again = migrate(known.store, target)
    assert again.good
    assert states(again)["already"] == states(result)["copied"]


def test_an_artifact_that_is_missing_at_the_source_is_named(known, target) -> None:
    state = state_of(known.store.backend.url.location)
    run = known.world.runs[2]
    kept = dict(state.runs[run].artifacts)

    class Holey(dict):
        def __contains__(self, path: object) -> bool:
            return path != "a.txt" and super().__contains__(path)

    state.runs[run].artifacts = Holey(kept)
    result = migrate(known.store, target)
    (bad,) = (one for one in result.outcomes if not one.good)
    assert (bad.id, bad.state) == (run, "failed")
    assert "artifact 'a.txt' did not arrive" in bad.failure.message
    assert states(result) == {"copied": 4, "failed": 1}
    assert sorted(file.path for file in target.artifacts.list(run)) == sorted(kept.keys() - {"a.txt"})

    state.runs[run].artifacts = kept
    again = migrate(known.store, target)
    assert again.good
    assert states(again) == {"already": 4, "completed": 1}
    assert next(one for one in again.outcomes if one.id == run).sent_files == 1


def test_a_run_that_changes_while_it_is_carried_is_carried_again(known, target) -> None:
    state = state_of(known.store.backend.url.location)
    there = state_of(target.backend.url.location)
    run = known.world.runs[0]
    late = []

    def when(calls: int) -> None:
        if not late and "loss" in (there.runs[run].series if run in there.runs else ()):
            late.append(calls)
            state.runs[run].series["loss"][10_000, 5, value_key(0.5)] = 0.5

    result = migrate(known.store, troubled(target, when))
    assert late
    outcome = next(one for one in result.outcomes if one.id == run)
    assert (outcome.good, outcome.running) == (True, False)
    assert "it changed while it was carried, and was carried again" in outcome.notes
    assert MetricPoint("loss", 10_000, 5, 0.5) in list(target.metrics.read(run, ["loss"]))


def test_a_run_that_never_rests_is_said_to_be_changing(known, target) -> None:
    state = state_of(known.store.backend.url.location)
    run = known.world.runs[0]

    def when(calls: int) -> None:
        state.runs[run].series["loss"][10_000 + calls, 5, value_key(0.5)] = 0.5

    result = migrate(known.store, troubled(target, when))
    outcome = next(one for one in result.outcomes if one.id == run)
    assert outcome.running
    assert any("still changing" in note for note in outcome.notes)
    assert states(result)["failed"] == 0


def test_a_run_that_begins_meanwhile_comes_too(known, target) -> None:
    from trackbridge.records.writes import RunHeader

    made = []

    def when(calls: int) -> None:
        if calls == 60:
            made.append("ab" * 16)
            known.store.backend.adapter.runs.create(RunHeader(made[0], "plain", 1, known.world.runs[0]))

    result = migrate(known.store, troubled(target, when))
    assert result.good
    assert target.runs.get(made[0]).parent == known.world.runs[0]


@pytest.mark.parametrize(
    "error", [Rejected("no", clause="X"), AuthError("who?"), RuntimeError("a fault of an adapter")]
)
def test_one_bad_run_stops_no_other(known, target, error) -> None:
    run = known.world.runs[1]
    refusing = _Refusing(target.backend, run, error)
    result = migrate(known.store, Store(refusing.backend))
    (bad,) = (one for one in result.outcomes if one.kind == "run" and not one.good)
    assert (bad.id, bad.failure.kind) == (run, type(error).__name__)
    assert states(result) == {"copied": 4, "failed": 1}


def test_a_target_that_lies_is_found_out_and_leaves_no_mark(known, target) -> None:
    state = state_of(target.backend.url.location)
    run = known.world.runs[0]

    def when(_: int) -> None:
        if run in state.runs and "loss" in state.runs[run].series:
            state.runs[run].series["loss"].pop((0, 1_600_000_000_000, value_key(1.0)), None)

    result = migrate(known.store, troubled(target, when))
    (bad,) = (one for one in result.outcomes if not one.good)
    assert (bad.id, bad.verdict) == (run, "different")
    assert [difference.what for difference in bad.differences] == ["metrics.loss", "metrics.loss, step 0"]
    assert "trackbridge.migrated" not in state.runs[run].tags
    again = migrate(known.store, target)
    assert again.good
    assert next(one for one in again.outcomes if one.id == run).sent_points == 1


def test_what_was_decided_in_both_places_is_not_merged(known, target) -> None:
    assert migrate(known.store, target).good
    target.registry.set_alias("fraud", "here", 1)
    known.store.registry.set_alias("fraud", "there", 1)
    (bad,) = (one for one in migrate(known.store, target).outcomes if not one.good)
    assert (bad.kind, bad.failure.kind) == ("model", "Conflict")
    assert "another one in the target" in bad.failure.message


def test_a_run_that_was_deleted_in_the_target_is_not_brought_back(known, target) -> None:
    assert move(known.store, target, known.world).good
    target.runs.delete(known.world.runs[0], force=True)
    (bad,) = (one for one in move(known.store, target, known.world).outcomes if not one.good)
    assert (bad.id, bad.failure.kind) == (known.world.runs[0], "Conflict")


def test_tags_taken_away_at_the_source_go_unless_somebody_touched_the_target(known, target) -> None:
    run, other = known.world.runs[0], known.world.runs[1]
    tags = {one: next(iter(known.store.runs.get(one).tags)) for one in (run, other)}
    assert migrate(known.store, target).good
    target.runs.edit(other, tags={"mine": "1"})
    for one, tag in tags.items():
        known.store.runs.edit(one, tags={tag: None})
    result = migrate(known.store, target)
    assert tags[run] not in target.runs.get(run).tags
    (bad,) = (one for one in result.outcomes if not one.good)
    assert (bad.id, bad.verdict) == (other, "different")
    assert target.runs.get(other).tags["mine"] == "1"


class _Refusing:
    """A backend that raises one error for one run."""

    def __init__(self, backend: Backend, run: str, error: Exception) -> None:
        from dataclasses import replace

        adapter, bulk = backend.adapter, backend.adapter.bulk

        class Bulk:
            def load(self, header: Any, *args: Any, **kwargs: Any) -> Any:
                if header.id == run:
                    raise error
                return bulk.load(header, *args, **kwargs)

        class Adapter:
            def __getattr__(self, name: str) -> Any:
                return Bulk() if name == "bulk" else getattr(adapter, name)

        self.backend = replace(backend, adapter=Adapter())
