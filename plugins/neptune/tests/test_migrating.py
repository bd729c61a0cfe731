"""A whole dump moves to a store, every value verified there."""

from __future__ import annotations

import json

import pytest

from trackbridge.cli import main
from trackbridge.store import connect


def migrate(*arguments):
    with pytest.raises(SystemExit) as ended:
        main(["migrate", *arguments])
    return ended.value.code or 0


def test_everything_arrives_and_a_second_time_moves_nothing(dump, tmp_path, capsys):
    source, target = f"neptune-dump://{dump}", f"local://{tmp_path}/store"
    assert migrate(source, target, "--json") == 0, capsys.readouterr().out
    capsys.readouterr()
    assert migrate(source, target, "--json") == 0
    json.loads(capsys.readouterr().out)
    with connect(source) as there, connect(target) as here:
        wanted = {run.id: run for run in there.runs.search()}
        found = {run.id: run for run in here.runs.search()}
        assert found.keys() == wanted.keys()
        for run_id, run in wanted.items():
            moved = found[run_id]
            assert (moved.status, moved.started_ms, moved.parent) == (run.status, run.started_ms, run.parent)
            tags = {name: text for name, text in moved.tags.items() if not name.startswith("trackbridge.")}
            assert (dict(moved.params), tags) == (dict(run.params), dict(run.tags))
            assert repr(list(here.metrics.read(run_id))) == repr(list(there.metrics.read(run_id)))
        gbm = next(run.id for run in found.values() if run.name == "gbm")
        surplus = [one.path for one in here.artifacts.list(gbm) if "surplus" in one.path]
        assert len(surplus) == 4  # three and their manifest
        versions = here.registry.versions("team/fraud/FR-MOD")
        assert [(one.number, one.stage) for one in versions] == [(1, "Archived"), (2, "Production")]


def test_what_an_export_left_out_is_a_reason_to_keep_the_source(broken, tmp_path, capsys):
    source, target = f"neptune-dump://{broken}", f"local://{tmp_path}/store"
    assert migrate(source, target, "--json") == 1
    report = json.loads(capsys.readouterr().out)
    assert not report["safe_to_delete_source"]
    assert any("GAP lacks part 1" in reason for reason in report["reasons"])
