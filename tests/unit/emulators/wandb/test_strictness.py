"""What no client may ask is an error that is written down."""

from __future__ import annotations

import json

import pytest


@pytest.mark.parametrize(
    ("query", "variables", "message"),
    [
        ("query Q {nothing}", {}, "Cannot query field 'nothing'"),
        ("query Q {viewer {colour}}", {}, "Cannot query field 'colour'"),
        ("query Q {project(named: 1) {id}}", {}, "Unknown argument 'named'"),
        ("mutation M {createTeam(input: {}) {id}}", {}, "Cannot query field 'createTeam'"),
        (
            "mutation M($i: DeleteRunInput!) {deleteRun(input: $i) {clientMutationId}}",
            {"i": {"id": "x", "b": 1}},
            "'b'",
        ),
        ("mutation M($i: JSONString) {upsertBucket(input: {config: $i}) {inserted}}", {"i": "no json"}, "is no JSON"),
        ('query Q($m: Int64) {project {run(name: "x") {history(minStep: $m)}}}', {"m": 2**63}, "Int64"),
        ("query Q {viewer", {}, "Syntax Error"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_graphql(raw, wandb_emulator, query, variables, message):
    body = json.dumps({"query": query, "variables": variables}).encode()
    status, answer, _ = raw.send("POST", "/graphql", body)
    (violation,) = wandb_emulator.violations()
    assert status == 400
    assert message in answer["errors"][0]["message"]
    assert message in violation["message"]
    wandb_emulator.reset()


def test_an_address_that_is_not_there(raw, wandb_emulator):
    assert raw.send("GET", "/api/v2/nothing")[0] == 404
    assert [each["what"] for each in wandb_emulator.violations()] == ["GET /api/v2/nothing"]
    wandb_emulator.reset()
    assert raw.send("POST", "/sdk/otel/v1/metrics")[0] == 404  # telemetry, which needs no proxy
    assert wandb_emulator.violations() == []


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda handle: handle.switch(colour="red"), "no switch 'colour'"),
        (lambda handle: handle.switch(nan="maybe"), "nan is one of"),
        (lambda handle: handle.fault("x", colour="red"), "colour"),
        (lambda handle: handle.fault("x", cut="maybe"), "cut is one of"),
    ],
)
def test_the_controls_are_strict_too(wandb_emulator, ask, message):
    with pytest.raises(ValueError, match=message):
        ask(wandb_emulator)


def test_pages_have_a_limit_whatever_is_asked(raw, wandb_emulator, project):
    for i in range(5):
        raw.create(f"run-{i}")
    wandb_emulator.switch(page_limit=2)
    query = "query Q($p: String, $a: String) {project(name: $p) {runs(first: 100, after: $a) {edges {cursor node {name}} pageInfo {endCursor hasNextPage}}}}"
    names, after = [], None
    while True:
        found = raw.ask(query, p=project, a=after)["project"]["runs"]
        names.append([edge["node"]["name"] for edge in found["edges"]])
        after = found["pageInfo"]["endCursor"]
        if not found["pageInfo"]["hasNextPage"]:
            break
    assert names == [["run-0", "run-1"], ["run-2", "run-3"], ["run-4"]]


def test_history_pages_drop_rows_beyond_their_limit(raw, wandb_emulator):
    raw.create("long")
    raw.history("long", 0, *({"_step": step} for step in range(10)))
    wandb_emulator.switch(history_page_limit=4)
    assert [row["_step"] for row in raw.rows("long")] == [0, 3, 6, 9]


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("run id", {"n": "a:b"}),
        ("run id", {"n": " a"}),
        ("project", {"n": "a", "p": "a/b"}),
        ("project", {"n": "a", "p": "p" * 129}),
        ("run tag", {"n": "a", "t": ["x" * 65]}),
        ("run tag", {"n": "a", "t": [""]}),
    ],
    ids=str,
)
def test_names_that_the_sdk_does_not_send(raw, wandb_emulator, kind, values):
    mutation = (
        "mutation M($n: String, $p: String, $t: [String!])"
        " {upsertBucket(input: {name: $n, modelName: $p, tags: $t}) {inserted}}"
    )
    body = json.dumps({"query": mutation, "variables": values}).encode()
    assert raw.send("POST", "/graphql", body)[0] == 400
    assert [each["what"] for each in wandb_emulator.violations()] == [kind]
    wandb_emulator.reset()


@pytest.mark.parametrize(
    ("name", "kind"), [("a b", "t"), ("c" * 129, "t"), ("c", "t/u"), ("c", ""), ("c", "t" * 129)], ids=str
)
def test_collections_and_types_that_the_sdk_does_not_send(raw, wandb_emulator, project, name, kind):
    mutation = (
        'mutation C($p: String!, $n: String!, $t: String!) {createArtifact(input: {entityName: "team", projectName: $p,'
        ' digest: "d", artifactCollectionName: $n, artifactTypeName: $t}) {artifact {id}}}'
    )
    body = json.dumps({"query": mutation, "variables": {"p": project, "n": name, "t": kind}}).encode()
    assert raw.send("POST", "/graphql", body)[0] == 400
    assert len(wandb_emulator.violations()) == 1
    wandb_emulator.reset()
