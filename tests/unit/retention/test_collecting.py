"""Carrying it out: what is deleted, what is kept after all, and the commands."""

import json

import pytest

import trackbridge as tb
from trackbridge.cli import main
from trackbridge.errors import Conflict, Transient
from trackbridge.records.times import now_ms
from trackbridge.retention import Retention, Rule, archive_runs, collect, decide, only_one

ALL = Retention(rules=(Rule(name="all", older_than_ms=-1),))
URL = "local://runs"


@pytest.fixture
def runs(tmp_path, monkeypatch):
    """Three runs, the last the child of the second."""
    monkeypatch.chdir(tmp_path)
    ids = []
    with tb.start_run("e", "one", backend=URL, capture=False) as run:
        run.log_metrics({"a": 1.0})
        run.log_text("x", "x.txt")
        ids.append(run.id)
    with tb.start_run("e", "two", backend=URL, capture=False) as run:
        ids.append(run.id)
        with tb.start_run(name="three", backend=URL, capture=False) as child:
            child.log_param("p", 1)
            ids.append(child.id)
    return ids


@pytest.fixture
def store(runs):
    with tb.connect(URL) as store:
        yield store


def names(store, **options):
    return {run.name for run in store.runs.search(**options)}


def test_what_goes_is_deleted_and_can_be_restored(store, runs):
    done = list(collect(store, decide(store, ALL, now_ms()), ALL))
    assert [one.what for one in done] == ["deleted"] * 3
    assert names(store) == set()
    assert names(store, deleted=True) == {"one", "two", "three"}
    store.runs.restore(runs[0])
    assert names(store) == {"one"}


def test_it_is_freed_for_good_where_asked(store, runs):
    assert {one.what for one in collect(store, decide(store, ALL, now_ms()), ALL, purge=True)} == {"purged"}
    assert names(store, deleted=True) == set()


def test_deleted_runs_are_freed(store, runs):
    store.runs.delete(runs[0])
    decisions = decide(store, ALL, now_ms(), deleted=True)
    assert [one.what for one in collect(store, decisions, ALL, purge=True)] == ["purged"]
    assert names(store) == {"two", "three"}


def test_what_is_needed_since_the_plan_was_made_is_kept(store, runs):
    decisions = decide(store, ALL, now_ms())
    store.registry.register("m", run_id=runs[0], artifact="x.txt")
    store.runs.edit(runs[2], tags={"hold": "yes"})
    done = {one.decision.run: (one.what, one.why) for one in collect(store, decisions, ALL)}
    assert done[runs[0]] == ("kept", "version 1 of model 'm' is made of it")
    assert done[runs[2]] == ("kept", "it has the tag 'hold'")
    assert done[runs[1]][0] == "kept"
    assert "is the parent of" in done[runs[1]][1]
    assert names(store) == {"one", "two", "three"}


def test_a_backend_that_fails_is_told_and_the_rest_goes_on(store, runs, monkeypatch):
    before = store.runs.delete

    def delete(run_id):
        if run_id == runs[0]:
            raise Transient("the backend is away")
        before(run_id)

    monkeypatch.setattr(store.runs, "delete", delete)
    done = {one.decision.run: one.what for one in collect(store, decide(store, ALL, now_ms()), ALL)}
    assert done == {runs[0]: "failed", runs[1]: "deleted", runs[2]: "deleted"}


def test_archived_runs_are_equal_there_and_gone_here(store, runs):
    digests = {run: store.runs.digest(run) for run in runs}
    with tb.connect("local://cold") as cold:
        done = list(archive_runs(store, cold, decide(store, ALL, now_ms()), ALL))
        assert [one.what for one in done] == ["deleted"] * 3
        assert names(store) == set()
        assert {run: cold.runs.digest(run) for run in runs} == digests


def test_a_run_whose_copy_differs_stays(store, runs):
    decisions = decide(store, ALL, now_ms())
    with tb.connect("local://cold") as cold:
        put = cold.backend.adapter.artifacts.put

        def damage(run_id, path, content, *, size, sha256):
            import io

            put(run_id, path, io.BytesIO(b"y"), size=1, sha256="00" * 32)

        cold.backend.adapter.artifacts.put = damage
        done = {one.decision.run: one for one in archive_runs(store, cold, decisions, ALL)}
    assert done[runs[0]].what == "failed"
    assert "one" in names(store)
    assert (done[runs[1]].what, done[runs[2]].what) == ("deleted", "deleted")


def test_a_run_that_changed_after_its_copy_stays(store, runs, monkeypatch):
    from trackbridge.retention import collecting

    before = collecting._unproven

    def edited(source, decision, copy):
        if decision.run == runs[0]:
            store.runs.edit(runs[0], tags={"late": "yes"})
        return before(source, decision, copy)

    monkeypatch.setattr(collecting, "_unproven", edited)
    with tb.connect("local://cold") as cold:
        done = {one.decision.run: one for one in archive_runs(store, cold, decide(store, ALL, now_ms()), ALL)}
    assert done[runs[0]].what == "failed"
    assert "has changed since it was copied" in done[runs[0]].why
    assert names(store) == {"one"}


def test_one_collection_at_a_time():
    with only_one("local://x"):
        with only_one("local://y"):
            pass
        with pytest.raises(Conflict, match="another process"), only_one("local://x"):
            pass
    with only_one("local://x"):
        pass


@pytest.fixture
def cli(capsys, runs):
    def call(*arguments, code=0):
        with pytest.raises(SystemExit) as left:
            main([*arguments, "--backend", URL])
        said = capsys.readouterr()
        assert int(left.value.code or 0) == code, said
        return said.out + said.err

    return call


def test_the_command_plans_first_then_does_it_and_logs(cli, runs, tmp_path):
    assert "3 would go, 0 stay; --apply does it." in cli("gc", "--older-than", "0m")
    assert "0 would go" in cli("gc")
    assert "0 would go" in cli("gc", "--older-than", "0m", "--experiment", "sandbox-*")
    assert "1 would go" in cli("gc", "--older-than", "0m", "--where", "name = 'one'", "--status", "FINISHED")
    assert "3 of 3 gone." in cli("gc", "--older-than", "0m", "--apply", "--log", "gc.jsonl")
    lines = [json.loads(line) for line in tmp_path.joinpath("gc.jsonl").read_text().splitlines()]
    assert [(line["run"], line["what"]) for line in lines] == [(run, "deleted") for run in (runs[2], *sorted(runs[:2]))]
    document = json.loads(cli("gc", "--deleted", "--older-than", "0m", "--apply", "--json"))
    assert {one["what"] for one in document["done"]} == {"purged"}


def test_the_command_archives(cli, runs):
    said = cli("archive", "--to", "local://cold", "--older-than", "0m", "--apply")
    assert "3 of 3 gone." in said
    with tb.connect("local://cold") as cold:
        assert names(cold) == {"one", "two", "three"}
    assert "is the backend itself" in cli("archive", "--to", URL, code=2)


def test_mistakes_exit_with_2(cli):
    assert "no span of time" in cli("gc", "--older-than", "long", code=2)
    assert "need --older-than" in cli("gc", "--experiment", "x", code=2)
    from pathlib import Path

    with only_one(f"local://{Path('runs').absolute()}"):
        assert "another process" in cli("gc", code=2)
