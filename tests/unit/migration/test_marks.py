"""The mark of a finished run: what it says, what it survives, and what it notices."""

from __future__ import annotations

from dataclasses import replace

import pytest

from trackbridge.migration.marks import MARK, Mark, files_seen, labels_of, mark_write, marked, native_seen
from trackbridge.protocol import Limits, NameRule, NativeRun
from trackbridge.records.artifacts import ArtifactRecord
from trackbridge.records.metrics import MetricSummary
from trackbridge.records.runs import RunRecord
from trackbridge.records.writes import Stamp

THE_MARK = Mark("sha256:" + "ab" * 32, "0" * 16, "1" * 16, "2" * 16)
NATIVE = NativeRun(
    "a" * 32, "n", "e", "name", "FINISHED", 1, 2, params={"p": 1.0}, tags={"t": "x"}, attributes={"notes": "n"},
    metrics={"m": MetricSummary(1.0, 5, 6, 0.5, 1.0, 3)},
)  # fmt: skip
STAMP = Stamp(1, "w", 1)


def test_a_mark_comes_back_as_it_was_written() -> None:
    assert Mark.read(str(THE_MARK)) == THE_MARK
    assert len(str(THE_MARK)) <= 128  # what the narrowest field of a vendor's label holds


@pytest.mark.parametrize("text", [None, "", "2 " + str(THE_MARK)[2:], str(THE_MARK)[:-1], str(THE_MARK) + "0", "x"])
def test_what_is_no_mark_of_ours_is_none(text) -> None:
    assert Mark.read(text) is None


@pytest.mark.parametrize("limits", [Limits(), Limits(tag_name=NameRule(pattern="[a-z0-9_]+", max_chars=40))])
def test_a_mark_is_found_under_the_name_that_the_target_gives_it(limits) -> None:
    write = mark_write(THE_MARK, limits, STAMP)
    assert limits.tag_name.admits(write.name)
    assert marked(replace(NATIVE, tags={write.name: write.value}), limits) == THE_MARK
    assert marked(NATIVE, limits) is None


@pytest.mark.parametrize(
    "change",
    [
        {"status": "FAILED"},
        {"ended_ms": 3},
        {"name": None},
        {"epoch": 1},
        {"deleted": True},
        {"params": {"p": 1}},
        {"tags": {}},
        {"attributes": {"notes": "m"}},
        {"metrics": {"m": MetricSummary(1.0, 5, 6, 0.5, 1.0, 4)}},
        {"metrics": {"m": MetricSummary(-1.0, 5, 6, 0.5, 1.0, 3)}},
        {"sidecar": {"sidecar/x": None}},
    ],
)
def test_a_run_that_changed_is_noticed(change) -> None:
    assert native_seen(replace(NATIVE, **change)) != native_seen(NATIVE)


def test_a_mark_does_not_change_what_it_is_on() -> None:
    assert native_seen(replace(NATIVE, tags={"t": "x", MARK: str(THE_MARK)})) == native_seen(NATIVE)
    run = RunRecord("a" * 32, "n", "e", "FINISHED", 1, tags={"t": "x"})
    assert labels_of(replace(run, tags={"t": "x", MARK: "y"})) == labels_of(run)
    assert labels_of(replace(run, tags={"t": "y"})) != labels_of(run)


def test_files_and_hidden_objects_are_noticed_too() -> None:
    file = ArtifactRecord("a", 1, "0" * 64)
    seen = files_seen([file], [("gate/x", 2)])
    assert files_seen([replace(file, sha256="1" * 64)], [("gate/x", 2)]) != seen
    assert files_seen([file], []) != seen
    assert files_seen(iter([file]), iter([("gate/x", 2)])) == seen
