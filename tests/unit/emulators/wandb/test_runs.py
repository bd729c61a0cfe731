"""Runs by the SDK: init, log, finish, resume, the public API, filters, deletion."""

from __future__ import annotations

import math
import os
import subprocess
import sys

import pytest


def scan(run) -> list[dict]:
    return [{k: v for k, v in row.items() if k[0] != "_" or k == "_step"} for row in run.scan_history(use_cache=False)]


def test_a_run_is_read_back_as_it_was_logged(start, api, project):
    with start(
        id="first",
        name="a name",
        notes="a note",
        group="a group",
        job_type="train",
        tags=["one", "two"],
        config={"lr": 0.1, "deep": {"er": [1, 2]}, "none": None},
    ) as run:
        for i in range(5):
            run.log({"loss": 1 / (i + 1)})
        run.log({"later": 1, "nested": {"value": 2}}, step=9)
    read = api.run(f"team/{project}/first")
    assert (read.state, read.name, read.notes, read.group, read.job_type) == (
        *("finished", "a name", "a note", "a group", "train"),
    )
    assert read.tags == ["one", "two"]
    assert read.config == {"lr": 0.1, "deep": {"er": [1, 2]}, "none": None}
    assert scan(read) == [
        *({"_step": i, "loss": 1 / (i + 1)} for i in range(5)),
        {"_step": 9, "later": 1, "nested": {"value": 2}},
    ]
    assert read.summary["loss"] == 0.2
    assert read.lastHistoryStep == 9
    assert set(read.history_keys["keys"]) >= {"loss", "later", "nested.value"}


def test_history_is_sampled_only_where_it_says_so(start, api, project):
    with start(id="long") as run:
        for i in range(700):
            run.log({"x": i, **({"rare": i} if i % 100 == 0 else {})})
    read = api.run(f"team/{project}/long")
    assert [row["x"] for row in scan(read)] == list(range(700))
    assert [row["rare"] for row in read.scan_history(keys=["rare"], use_cache=False)] == list(range(0, 700, 100))
    assert [row["x"] for row in read.scan_history(min_step=690, page_size=4, use_cache=False)] == list(range(690, 700))
    sampled = [row["x"] for row in read.history(pandas=False)]
    assert len(sampled) == 500
    assert (sampled[0], sampled[-1]) == (0, 699)
    assert len(read.history(samples=7, keys=["x"], pandas=False)) == 7


@pytest.mark.parametrize("nan", ["json", "string"])
def test_values_that_json_has_not(start, api, project, wandb_emulator, nan):
    wandb_emulator.switch(nan=nan)
    with start(id="odd") as run:
        run.log({"a": math.nan, "b": math.inf, "c": -math.inf, "d": 5e-324, "e": 2**62})
    read = api.run(f"team/{project}/odd")
    (row,) = scan(read)
    texts = {"a": "NaN", "b": "Infinity", "c": "-Infinity"}
    assert {key: row[key] if nan == "string" else _text(row[key]) for key in texts} == texts
    assert (row["d"], row["e"]) == (5e-324, 2**62)
    (row,) = read.scan_history(keys=["a", "b", "c"], use_cache=False)
    assert {key: row[key] for key in texts} == texts  # the answer's body is plain JSON


def _text(value: float) -> str:
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def test_resuming_goes_on_where_the_run_was(start, api, project):
    with start(id="again", config={"a": 1}, tags=["kept"]) as run:
        run.log({"x": 1})
        run.log({"x": 2})
    with start(id="again", resume="must", config={"b": 2}) as run:
        assert run.resumed
        run.log({"x": 3})
    read = api.run(f"team/{project}/again")
    assert [(row["_step"], row["x"]) for row in scan(read)] == [(0, 1), (1, 2), (2, 3)]
    assert read.config == {"a": 1, "b": 2}
    assert read.tags == ["kept"]


def test_what_resume_refuses(start, sdk):
    start(id="there").finish()
    with pytest.raises(sdk.errors.UsageError, match="already exists"):
        start(id="there", resume="never")
    with pytest.raises(sdk.errors.UsageError, match=r"does not exist|not been initialized"):
        start(id="nowhere", resume="must")


def test_how_runs_end(start, sdk, api, project, wandb_emulator):
    for code, state in ((0, "finished"), (3, "failed"), (255, "killed")):
        start(id=f"code-{code}").finish(exit_code=code)
        assert api.run(f"team/{project}/code-{code}").state == state
    run = start(id="alive")
    assert api.run(f"team/{project}/alive").state == "running"
    with wandb_emulator.switched(heartbeat_timeout_s=-1.0):
        assert sdk.Api().run(f"team/{project}/alive").state == "crashed"
    run.finish()


@pytest.fixture(scope="module")
def three(sdk) -> str:
    for i in range(3):
        options = {"name": f"name {i}", "group": f"g{i % 2}", "tags": [f"t{i}"], "config": {"lr": i, "a": {"b": i}}}
        with sdk.init(project="three", id=f"run-{i}", reinit="create_new", **options) as run:
            run.log({"loss": 10 - i})
    return "three"


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (None, "012"),
        ({"config.lr": 1}, "1"),
        ({"config.lr.value": {"$gt": 0}}, "12"),
        ({"config.a.b": {"$in": [0, 2]}}, "02"),
        ({"summary_metrics.loss": {"$lte": 9}}, "12"),
        ({"tags": "t2"}, "2"),
        ({"tags": {"$in": ["t0", "t1"]}}, "01"),
        ({"display_name": {"$regex": "name [01]"}}, "01"),
        ({"name": "run-2"}, "2"),
        ({"$or": [{"group": "g1"}, {"config.lr": 2}]}, "12"),
        ({"$and": [{"state": "finished"}, {"jobType": None}]}, "012"),
        ({"$not": {"config.lr": 1}}, "02"),
        ({"config.lr": {"$exists": False}}, ""),
        ({"config.none": {"$ne": 1}}, "012"),
        ({"$nor": [{"config.lr": 1}, {"tags": "t0"}]}, "2"),
        ({"config.lr": {"$nin": [0]}}, "12"),
    ],
    ids=str,
)
def test_filters(three, wandb_emulator, sdk, filters, expected):
    found = sdk.Api().runs(f"team/{three}", filters=filters, per_page=2)
    assert "".join(run.id[-1] for run in found) == expected
    assert len(found) == len(expected)


def test_a_field_that_runs_lack_may_match_ne_or_not(three, wandb_emulator, sdk):
    with wandb_emulator.switched(missing_matches_ne=False):
        assert len(sdk.Api().runs("team/three", filters={"config.none": {"$ne": 1}})) == 0


@pytest.mark.parametrize(
    ("order", "expected"),
    [("-created_at", "210"), ("+summary_metrics.loss", "210"), ("-config.lr.value", "210"), ("+config.none", "012")],
)
def test_orders(three, wandb_emulator, sdk, order, expected):
    assert "".join(run.id[-1] for run in sdk.Api().runs("team/three", order=order)) == expected


def test_an_unknown_field_is_refused_and_written_down(three, wandb_server, sdk):
    wandb_server.reset()
    with pytest.raises(Exception, match="unknown field 'colour'"):
        len(sdk.Api().runs("team/three", filters={"colour": "red"}))
    assert [each["what"] for each in wandb_server.violations()] == ["colour"]
    wandb_server.reset()


def test_changes_through_the_api(start, api, sdk, project):
    with start(id="changed", config={"a": 1}) as run:
        run.log({"x": 1})
    read = api.run(f"team/{project}/changed")
    read.config["b"], read.notes, read.tags, read.name = 2, "noted", ["later"], "renamed"
    read.summary["best"] = 7
    read.update()
    again = sdk.Api().run(f"team/{project}/changed")
    assert (again.config, again.notes, again.tags, again.name) == ({"a": 1, "b": 2}, "noted", ["later"], "renamed")
    assert (again.summary["best"], again.summary["x"]) == (7, 1)
    assert again.state == "finished"


@pytest.mark.parametrize("status", [409, 410, 400])
def test_a_deleted_runs_id_is_spent(start, sdk, api, project, wandb_emulator, status):
    name = f"gone-{status}"
    start(id=name).finish()
    api.run(f"team/{project}/{name}").delete()
    wandb_emulator.switch(deleted_run=status)
    before = wandb_emulator.requests()["UpsertBucket"]
    with pytest.raises(sdk.errors.CommError, match=r"previously created and deleted|409 Conflict"):
        start(id=name, settings=sdk.Settings(init_timeout=3, x_graphql_retry_wait_min_seconds=0.2))
    asked = wandb_emulator.requests()["UpsertBucket"] - before
    assert asked > 1 if status == 409 else asked == 1  # the SDK tries a conflict again until its time is out
    with pytest.raises(sdk.errors.CommError, match="Could not find run"):
        sdk.Api().run(f"team/{project}/{name}")
    assert len(sdk.Api().runs(f"team/{project}")) == 0


def test_projects_and_who_is_asking(start, api, sdk, project):
    start(id="one").finish()
    assert project in {each.name for each in api.projects("team")}
    assert api.project(project, "team").name == project
    assert (api.viewer.username, api.viewer.teams, api.default_entity) == ("tester", ["team"], "team")
    with pytest.raises(ValueError, match="Could not find project"):
        len(api.runs("team/no-such-project"))
    with pytest.raises(sdk.errors.CommError, match="not found"):
        sdk.init(entity="strangers", project=project, reinit="create_new")


def test_a_wrong_key_is_refused(sdk, wandb_emulator):
    with pytest.raises(sdk.errors.AuthenticationError):
        sdk.Api(api_key="1" * 40)


def test_runs_of_a_sweep(start, api, sdk, project):
    with pytest.warns(DeprecationWarning, match="app_url"):  # the SDK warns of itself
        sweep = sdk.sweep({"method": "grid", "parameters": {"x": {"values": [1, 2]}}}, project=project, entity="team")
    query = (
        "mutation UpsertBucket($id: String, $sweep: String) {upsertBucket(input: {id: $id, sweep: $sweep}) {inserted}}"
    )
    start(id="swept", config={"x": 1}).finish()
    api._service_api.execute_graphql(query, {"id": api.run(f"team/{project}/swept").storage_id, "sweep": sweep})
    read = sdk.Api().run(f"team/{project}/swept")
    assert read.sweep_name == sweep
    assert [run.id for run in api.sweep(f"team/{project}/{sweep}").runs] == ["swept"]
    assert [each.id for each in api.project(project, "team").sweeps()] == [sweep]


def test_media_tables_alerts_and_the_console(start, api, sdk, project):
    with start(id="rich", settings=sdk.Settings(console="wrap")) as run:
        sys.stdout.write("said on the console\n")
        run.log({"histogram": sdk.Histogram([1, 2, 3]), "table": sdk.Table(columns=["a"], data=[[1]]), "text": "words"})
        run.alert("title", "text")
        run.define_metric("y", step_metric="x")
    read = api.run(f"team/{project}/rich")
    (row,) = read.scan_history(use_cache=False)
    assert (row["histogram"]["_type"], row["table"]["_type"], row["text"]) == ("histogram", "table-file", "words")
    assert any(file.name.startswith("media/table/") for file in read.files())
    assert any("said on the console" in line.content for line in read.console_logs())
    assert api.artifact(f"team/{project}/run-rich-table:latest").type == "run_table"


def test_a_finished_runs_history_moves_to_parquet(start, sdk, project, wandb_emulator):
    wandb_emulator.switch(history_export="finished")
    with start(id="moved") as run:
        for i in range(30):
            run.log({"x": i, "nan": math.nan, **({"rare": "text"} if i == 3 else {})})
    read = sdk.Api().run(f"team/{project}/moved")
    rows = scan(read)
    assert [row["x"] for row in rows] == list(range(30))
    assert [row["rare"] for row in rows if row.get("rare") is not None] == ["text"]
    assert all(math.isnan(row["nan"]) for row in rows)
    assert wandb_emulator.requests().get("HistoryPage", 0) == 0
    assert [row["_step"] for row in read.history(pandas=False)] == list(range(30))
    with start(id="moved", resume="must") as run:
        run.log({"x": 30})
    assert [row["x"] for row in scan(sdk.Api().run(f"team/{project}/moved"))] == list(range(31))


SECOND_WRITER = """
import sys, wandb
settings = wandb.Settings(mode="shared", x_label="two", x_primary=False)
with wandb.init(project=sys.argv[1], id="shared", settings=settings) as run:
    for i in range(5):
        run.log({"b": i})
"""


def test_several_writers_share_a_run(start, sdk, api, project):
    with start(id="shared", settings=sdk.Settings(mode="shared", x_label="one", x_primary=True)) as run:
        for i in range(5):
            run.log({"a": i})
        alone = {
            name: value for name, value in os.environ.items() if name != "WANDB_SERVICE"
        }  # a wandb-core of its own
        subprocess.run([sys.executable, "-c", SECOND_WRITER, project], check=True, timeout=60, env=alone)
        run.log({"a": 5})
    read = api.run(f"team/{project}/shared")
    rows = scan(read)
    assert [row["_step"] for row in rows] == list(range(11))
    assert [row["a"] for row in rows if "a" in row] == list(range(6))
    assert [row["b"] for row in rows if "b" in row] == list(range(5))
    assert (read.summary["a"], read.summary["b"], read.state) == (5, 4, "finished")
