"""A migration is killed at any moment and started again: the same end, no run double, none half, nothing sent twice."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from e2e.migration_ends import Origin, bad, described, digests
from e2e.migration_world import Size, build
from trackbridge.migration import Migration, Selection, Side, Threads, verify
from trackbridge.migration.marks import marked
from trackbridge.store import connect

CHILD = Path(__file__).with_name("child.py")
SIZE = Size(runs=8, levels=3, models=2, points=400)
SEED = 20261123


@pytest.fixture(scope="module")
def known(tmp_path_factory) -> tuple[str, Origin, int]:
    """A data set on the disk, what it must come to, and how many calls to the target a migration takes."""
    folder = tmp_path_factory.mktemp("killed")
    source = f"local://{folder}/source"
    with connect(source) as store:
        origin_of = described(store, build(store.backend, SIZE))
    calls = migrate(source, f"local://{folder}/whole")
    assert calls.returncode == 0, calls.stderr
    return source, origin_of, int(calls.stdout)


def migrate(source: str, target: str, last: int = 0) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(CHILD), source, target, str(last)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def moments(count: int) -> list[float]:
    luck = random.Random(SEED)
    return [luck.random() for _ in range(count)]


@pytest.mark.parametrize(
    "moment",
    [pytest.param(m, id=str(n), marks=[pytest.mark.full] if n >= 3 else []) for n, m in enumerate(moments(25))],
)
def test_what_was_killed_goes_on(known, tmp_path, moment) -> None:
    source_url, origin_of, calls = known
    target_url = f"local://{tmp_path}/target"
    assert migrate(source_url, target_url, 1 + int(moment * calls)).returncode == -signal.SIGKILL

    with connect(source_url) as source, connect(target_url) as target:
        limits = target.backend.limits
        ids = origin_of.world.runs
        done = {run for run, native in target.backend.adapter.runs.get(ids).items() if marked(native, limits)}
        sides = Side.of(source), Side.of(target)
        engine = Threads(*sides, verify="full", workers=2)
        result = Migration(*sides, Selection(deleted=True), verify="full", engine=engine).run()
        engine.close()

        assert bad(result) == []
        states = {one.id: one for one in result.outcomes if one.kind == "run"}
        assert {run for run, one in states.items() if one.state == "already"} == done
        assert all(states[run].sent_points == states[run].sent_files == 0 for run in done)
        assert sorted(run.id for run in target.runs.search()) == sorted(ids[:-1])
        assert digests(target, origin_of) == (origin_of.runs, origin_of.models)
        assert verify(source, target).holds
