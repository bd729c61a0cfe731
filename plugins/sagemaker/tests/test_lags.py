"""Searches and lists that lag behind: nothing is missed, and nothing is taken for a colleague's change."""

from __future__ import annotations

import pytest

from trackbridge.protocol import Mirror, Scan, VersionSpec, VersionState, open_backend
from trackbridge.records.writes import RunWrites, Stamp, TagWrite

pytestmark = pytest.mark.server
LAG_S = 120  # the longest past that the emulator keeps


def tag(value, n):
    return RunWrites(tags=(TagWrite("t", value, Stamp(n, "w", n)),))


def test_a_scan_finds_what_the_search_does_not_know(place, adapter, start):
    place.account.turn(search_lag_s=LAG_S, list_lag_s=LAG_S)
    runs = {start() for _ in range(3)}
    assert {run.id for run in adapter.runs.scan(Scan(experiments=("exp",)))} == runs
    assert [one.name for one in open_backend(place.url).adapter.experiments.list()] == ["exp"]


def test_a_search_that_shows_yesterday_is_no_change_outside(place, adapter, start):
    run_id = start()
    adapter.runs.write(run_id, tag("first", 1))
    place.account.age(LAG_S)
    place.account.turn(search_lag_s=60)
    adapter.runs.write(run_id, tag("second", 2))
    (run,) = open_backend(place.url).adapter.runs.scan(Scan(experiments=("exp",)))
    assert run.tags == {"t": "second"}


def test_a_registry_that_lags_shows_what_was_mirrored(place, adapter, start):
    place.account.turn(list_lag_s=LAG_S)
    registry, run_id = adapter.registry, start()
    registry.ensure_model("m")
    for token in "ab":
        registry.create_version("m", VersionSpec(token, run_id, "model", None, 1_000))
    states = {1: VersionState("Production", "approved", ("champion",)), 2: VersionState()}
    registry.set_mirror("m", Mirror(3, "0" * 64, states))
    found = open_backend(place.url).adapter.registry
    assert {one.number: one.state for one in found.versions("m")} == states
    assert [one.name for one in found.list_models()] == ["m"]
    assert sorted(found.versions_of_run(run_id)) == [("m", 1), ("m", 2)]
