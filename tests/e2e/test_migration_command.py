"""``trackbridge migrate`` as people type it: what it says, what it writes, and with which code it leaves."""

from __future__ import annotations

import json

import pytest

from e2e.migration_world import Size, World, build
from trackbridge.adapters.memory.state import state_of
from trackbridge.cli import main
from trackbridge.store import connect

SIZE = Size(runs=6, levels=2, models=1, points=50)


@pytest.fixture
def call(capsys):
    def run(*arguments: str, code: int = 0) -> str:
        with pytest.raises(SystemExit) as left:
            main(arguments)
        said = capsys.readouterr()
        assert left.value.code == code, said
        return said.out + said.err

    return run


@pytest.fixture
def source(tmp_path) -> tuple[str, World]:
    url = f"local://{tmp_path}/source"
    with connect(url) as store:
        return url, build(store.backend, SIZE)


def test_a_whole_backend(call, source, tmp_path) -> None:
    url, target = source[0], f"local://{tmp_path}/target"
    plan = call("migrate", url, target, "--dry-run", "--deleted")
    assert "6 runs in 3 experiments, 2 levels; 0 are there already" in plan
    assert "1 models with 3 versions" in plan
    assert not (tmp_path / "target").exists()

    said = call("migrate", url, target, "--deleted", "--report", f"{tmp_path}/report", "--workers", "2")
    assert "runs: 6: 6 copied, 6 equal" in said
    assert "Not safe to delete the source" in said  # one run has not ended
    assert (tmp_path / "report" / "migration.html").exists()
    assert "6 are there already" in call("migrate", url, target, "--dry-run", "--deleted")

    document = json.loads(call("migrate", url, target, "--deleted", "--json"))
    assert (document["counts"]["run"]["already"], document["sent"]["points"]) == (6, 0)
    assert document["reasons"] == ["1 run had not ended, or changed while being read: run it again when they have"]
    call("verify", url, target)


def test_a_failure_leaves_with_one_and_is_listed(call, source, tmp_path) -> None:
    url, world = source
    target = f"local://{tmp_path}/target"
    call("migrate", url, target)
    with connect(target) as store:
        store.runs.delete(world.runs[0], force=True)
    said = call("migrate", url, target, code=1)
    assert f"✗ run {world.runs[0]}: run {world.runs[0]} was deleted in" in said
    assert "Restore it there, or purge it, or leave it out." in said
    assert "runs: 5: 4 already, 1 failed, 4 equal" in said
    assert "not in the target" in call("verify", url, target, code=1)


@pytest.mark.parametrize(
    ("options", "runs"),
    [
        (("--experiment", "plain"), 2),
        (("--where", "status = 'KILLED'"), 1),
        (("--experiment", "plain", "--models", "fraud"), 3),
        (("--since", "9000-01-01"), 3),  # one that ended then, one that has not, and one that a version comes from
        (("--models", "none", "--verify", "counts"), 5),
        (("--verify", "none", "--rate", "100000"), 5),
    ],
)
def test_a_part_of_it(call, source, tmp_path, options, runs) -> None:
    said = json.loads(call("migrate", source[0], f"local://{tmp_path}/target", "--json", *options))
    assert said["counts"]["run"]["copied"] == runs
    assert not said["safe_to_delete_source"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--since", "yesterday"), "is no ISO time"),
        (("--where", "nonsense ="), "expected"),
        (("--engine", "ray", "--address", "127.0.0.1:1"), "no Ray cluster"),
    ],
)
def test_a_mistake_is_a_line_and_a_two(call, source, tmp_path, options, message) -> None:
    assert message in call("migrate", source[0], f"local://{tmp_path}/target", *options, code=2)


def test_a_backend_is_not_moved_to_itself(call, source) -> None:
    assert "the same backend" in call("migrate", source[0], source[0], code=2)


def test_an_experiment_that_is_not_there_fails_by_name(call, source, tmp_path) -> None:
    said = call("migrate", source[0], f"local://{tmp_path}/target", "--experiment", "plaim", code=1)
    assert "there is no experiment 'plaim'" in said


def test_what_lives_in_memory_cannot_go_to_a_cluster(call) -> None:
    state_of("here")
    assert "cannot be used by the workers" in call(
        "migrate", "memory://here", "memory://there", "--engine", "ray", code=3
    )
