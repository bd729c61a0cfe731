"""The file_stream protocol, request by request."""

from __future__ import annotations

import gzip
import json

import pytest


def steps(raw, *found: int) -> list[dict]:
    return [{"_step": step, "x": step} for step in found]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [("replace", [0, "again", 2]), ("keep", [0, 1, 2]), ("append", [0, 1, "again", 2])],
)
def test_lines_that_come_again(raw, wandb_emulator, rule, expected):
    """An answer is lost, the client sends its last line again, then the next one."""
    wandb_emulator.switch(same_offset=rule)
    raw.create("twice")
    raw.history("twice", 0, {"_step": 0, "x": 0}, {"_step": 1, "x": 1})
    raw.history("twice", 1, {"_step": 1, "x": "again"})
    raw.history("twice", 2, {"_step": 2, "x": 2})
    assert [row["x"] for row in raw.rows("twice")] == expected
    found = raw.rows("twice", "historyKeys historyLineCount")
    counts = found["historyKeys"]["keys"]["x"]["typeCounts"]
    assert sum(each["count"] for each in counts) == found["historyLineCount"] == len(expected)
    assert found["historyKeys"]["lastStep"] == 2


@pytest.mark.parametrize(("rule", "expected"), [("keep", [{"a": 1}, {"b": 2}]), ("merge", [{"a": 1, "b": 2}])])
def test_lines_of_one_step(raw, wandb_emulator, rule, expected):
    wandb_emulator.switch(same_step=rule)
    raw.create("same")
    raw.history("same", 0, {"_step": 3, "a": 1}, {"_step": 3, "b": 2})
    assert [{k: v for k, v in row.items() if k != "_step"} for row in raw.rows("same")] == expected


def test_steps_come_in_any_order_and_are_read_by_step(raw):
    raw.create("any")
    raw.history("any", 0, *({"_step": step} for step in (5, -3, 5, 2**53 + 1, 0)))
    assert [row["_step"] for row in raw.rows("any")] == [-3, 0, 5, 5, 2**53 + 1]
    assert [row["_step"] for row in raw.rows("any", "history(minStep: -3, maxStep: 5, samples: 10)")] == [-3, 0]


def test_summary_events_console_and_the_end(raw):
    raw.create("all")
    events = {"offset": 0, "content": ['{"system.cpu": 3, "_runtime": 1}']}
    raw.stream(
        "all", files={"wandb-summary.json": {"offset": 0, "content": ['{"best": NaN}']}, "wandb-events.jsonl": events}
    )
    raw.stream("all", files={"output.log": {"offset": 0, "content": ["one", "two"]}})
    raw.stream("all", files={"output.log": {"offset": 1, "content": ["two again"]}})
    status, answer, _ = raw.stream("all", complete=True, exitcode=1)
    assert (status, answer["stopped"]) == (200, False)
    found = raw.rows("all", "state summaryMetrics eventsTail logLines(last: 5) {edges {node {line}}} events")
    assert (found["state"], found["summaryMetrics"]) == ("failed", '{"best": NaN}')
    assert json.loads(json.loads(found["eventsTail"])[0]) == json.loads(found["events"][0])
    assert [edge["node"]["line"] for edge in found["logLines"]["edges"]] == ["one", "two again"]
    raw.stream("all", uploaded=["x"])
    assert raw.rows("all", "state") == {"state": "running"}  # any request but the last one says that it is alive


def test_a_stop_is_asked_for_through_file_stream(raw):
    raw.create("stopped")
    run_id = raw.rows("stopped", "id")["id"]
    assert raw.ask("mutation S($i: ID!) {stopRun(input: {id: $i}) {success}}", i=run_id)["stopRun"]["success"]
    assert raw.stream("stopped")[1]["stopped"] is True


def test_writers_that_share_a_run_have_offsets_of_their_own(raw, project):
    raw.create("shared")
    path = f"/files/team/{project}/shared/file_stream"
    for client, offset, values in (("one", 0, [1, 2]), ("two", 0, [3]), ("one", 1, [2, 4]), ("two", 0, [3])):
        chunk = {"offset": offset, "content": [json.dumps({"x": value}) for value in values]}
        body = json.dumps({"files": {"wandb-history.jsonl": chunk}}).encode()
        raw.send("POST", path, body, **{"X-WANDB-ASYNC-CLIENT-ID": client})
    assert [(row["_step"], row["x"]) for row in raw.rows("shared")] == [(0, 1), (1, 2), (2, 3), (3, 4)]


def test_compressed_requests(raw, project):
    raw.create("packed")
    chunk = {"offset": 0, "content": ['{"_step": 0}']}
    body = gzip.compress(json.dumps({"files": {"wandb-history.jsonl": chunk}}).encode())
    path = f"/files/team/{project}/packed/file_stream"
    assert raw.send("POST", path, body, **{"Content-Encoding": "gzip"})[0] == 200
    assert raw.rows("packed") == [{"_step": 0}]


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({"dropped": 1}, "unknown key 'dropped'"),
        ({"files": {"history.jsonl": {"offset": 0, "content": []}}}, "unknown file 'history.jsonl'"),
        ({"files": {"output.log": {"content": []}}}, "no offset and content"),
        ({"files": {"output.log": {"offset": -1, "content": []}}}, "the offset -1"),
        ({"files": {"output.log": {"offset": 0, "content": [1]}}}, "no text"),
        ({"files": {"wandb-history.jsonl": {"offset": 0, "content": ["no json"]}}}, "no JSON object"),
        ({"files": {"wandb-history.jsonl": {"offset": 0, "content": ['{"x": 1}']}}}, "no integer _step"),
        ({"files": {"wandb-history.jsonl": {"offset": 7, "content": ['{"_step": 1}']}}}, "follow only 0"),
        ({"files": {"wandb-summary.json": {"offset": 0, "content": ["[]"]}}}, "no JSON object"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_the_protocol_does_not_have(raw, wandb_emulator, request_, message):
    raw.create("strict")
    raw.stream("strict", **request_)
    (violation,) = wandb_emulator.violations()
    assert message in violation["message"]
    wandb_emulator.reset()


def test_a_run_that_is_not_there(raw, wandb_emulator):
    assert raw.stream("nobody")[0] == 404
    wandb_emulator.switch(file_stream_limit_bytes=10)
    assert raw.stream("nobody", complete=True)[0] == 413
