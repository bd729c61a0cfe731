"""Switches that need no SDK to be seen, and what the public API can do without a run."""

from __future__ import annotations

import base64
import hashlib
import json

import pytest

from emulators.wandb import Switches
from emulators.wandb.switches import CHOICES

CREATE = (
    'mutation C($p: String!, $t: String!, $d: String!) {createArtifact(input: {entityName: "team", projectName: $p,'
    ' digest: $d, artifactTypeName: $t, artifactCollectionName: "c", enableDigestDeduplication: true})'
    " {artifact {id state versionIndex}}}"
)
FILES = (
    "mutation F($f: [CreateArtifactFileSpecInput!]!) {createArtifactFiles(input: {artifactFiles: $f, storageLayout: V2})"
    " {files {edges {node {uploadUrl artifact {id}}}}}}"
)
MANIFEST = (
    'mutation M($a: ID!, $p: String!) {createArtifactManifest(input: {artifactID: $a, name: "wandb_manifest.json",'
    ' digest: "d", entityName: "team", projectName: $p, runName: "", type: FULL}) {artifactManifest {file {uploadUrl}}}}'
)
COMMIT = "mutation K($a: ID!) {commitArtifact(input: {artifactID: $a}) {artifact {state}}}"


def test_every_default_is_one_of_its_choices():
    values = Switches().to_dict()
    assert {name: values[name] for name in CHOICES if values[name] not in CHOICES[name]} == {}


def version(raw, project: str, digest: str, content: bytes) -> bool:
    """Make a version with that content; give whether it was to be uploaded."""
    md5 = base64.b64encode(hashlib.md5(content).digest()).decode()
    artifact = raw.ask(CREATE, p=project, t="t", d=digest)["createArtifact"]["artifact"]["id"]
    files = [{"artifactID": artifact, "name": "f", "md5": md5}]
    node = raw.ask(FILES, f=files)["createArtifactFiles"]["files"]["edges"][0]["node"]
    if node["uploadUrl"]:
        assert raw.send("PUT", node["uploadUrl"], content)[0] == 200
    entry = {"digest": md5, "size": len(content), "birthArtifactID": node["artifact"]["id"]}
    url = raw.ask(MANIFEST, a=artifact, p=project)["createArtifactManifest"]["artifactManifest"]["file"]["uploadUrl"]
    raw.send("PUT", url, json.dumps({"version": 1, "contents": {"f": entry}}).encode())
    assert raw.ask(COMMIT, a=artifact)["commitArtifact"]["artifact"]["state"] == "COMMITTED"
    return bool(node["uploadUrl"])


@pytest.mark.parametrize(("rule", "again"), [("collection", False), ("never", True)])
def test_content_that_is_there_is_uploaded_again_or_not(raw, wandb_emulator, project, rule, again):
    wandb_emulator.switch(file_deduplication=rule)
    assert version(raw, project, "one", b"same") is True
    assert version(raw, project, "two", b"same") is again
    assert version(raw, project, "three", b"other") is True


@pytest.mark.parametrize(("rule", "found"), [("latest", [1]), ("any", [0, 1]), ("never", [])])
def test_which_versions_of_equal_content_are_found(raw, wandb_emulator, project, rule, found):
    wandb_emulator.switch(digest_deduplication=rule)
    version(raw, project, "first", b"1")
    version(raw, project, "second", b"2")
    asked = [
        raw.ask(CREATE, p=project, t="t", d=digest)["createArtifact"]["artifact"] for digest in ("first", "second")
    ]
    assert [each["versionIndex"] for each in asked if each["state"] == "COMMITTED"] == found


def test_a_version_without_its_content_is_not_committed(raw, project):
    artifact = raw.ask(CREATE, p=project, t="t", d="d")["createArtifact"]["artifact"]["id"]
    body = json.dumps({"query": COMMIT, "variables": {"a": artifact}}).encode()
    assert raw.send("POST", "/graphql", body)[1]["errors"][0]["message"].endswith("has no manifest")
    url = raw.ask(MANIFEST, a=artifact, p=project)["createArtifactManifest"]["artifactManifest"]["file"]["uploadUrl"]
    raw.send("PUT", url, json.dumps({"contents": {"f": {"digest": "none", "size": 1}}}).encode())
    assert raw.send("POST", "/graphql", body)[1]["errors"][0]["message"].endswith("lacks the content of f")


@pytest.mark.parametrize("status", [409, 200])
def test_conflicts(raw, wandb_emulator, project, status):
    raw.ask(CREATE, p=project, t="t", d="d")
    wandb_emulator.switch(conflict=status)
    body = json.dumps({"query": CREATE, "variables": {"p": project, "t": "other", "d": "d"}}).encode()
    found, answer, _ = raw.send("POST", "/graphql", body)
    assert found == status
    assert "holds artifacts of type t" in answer["errors"][0]["message"]


def test_features_of_an_older_server(raw, wandb_emulator):
    query = "query S {serverInfo {features {name isEnabled}}}"
    wandb_emulator.switch(features_off=["CLIENT_IDS"])
    features = {each["name"]: each["isEnabled"] for each in raw.ask(query)["serverInfo"]["features"]}
    assert [name for name, on in features.items() if not on] == ["CLIENT_IDS"]


def test_the_api_makes_projects_and_runs_and_deletes_with_artifacts(api, sdk, project, start):
    api.create_project(project, "team")
    made = api.create_run(run_id="made", project=project, entity="team")
    assert made.update_state("failed")
    assert sdk.Api().run(f"team/{project}/made").state == "failed"
    with pytest.raises(sdk.errors.CommError, match="cannot change the state"):
        made.update_state("failed")
    with start(id="logs") as run:
        run.log_artifact(sdk.Artifact("a", "model")).wait()
        sdk.Api().run(f"team/{project}/logs").stop()
    sdk.Api().run(f"team/{project}/logs").delete(delete_artifacts=True)
    assert not sdk.Api().artifact_exists(f"team/{project}/a:v0")
    assert [each.id for each in sdk.Api().runs(f"team/{project}")] == ["made"]


def test_documented_rate_limits(raw, wandb_emulator):
    raw.create("fast")
    wandb_emulator.switch(rate_limits="documented")
    assert [raw.stream("fast")[0] for _ in range(3)] == [200, 200, 429]
    raw.create("other")
    assert raw.stream("other")[0] == 200


def test_rows_and_runs_that_are_not_seen_at_once(raw, wandb_emulator, project):
    runs = "query Q($p: String) {project(name: $p) {runCount runs {edges {node {name}}}}}"
    raw.create("old")
    raw.history("old", 0, {"_step": 0})
    wandb_emulator.switch(history_lag_s=60.0, listing_lag_s=60.0)
    raw.history("old", 1, {"_step": 1})
    raw.create("new")
    assert [row["_step"] for row in raw.rows("old")] == [0]
    assert raw.rows("old", 'historyLineCount parquetHistory(liveKeys: ["_step"]) {liveData}') == {
        "historyLineCount": 2,
        "parquetHistory": {"liveData": [{"_step": 0}]},
    }
    assert raw.ask(runs, p=project)["project"] == {"runCount": 0, "runs": {"edges": []}}
    wandb_emulator.reset()
    assert [row["_step"] for row in raw.rows("old")] == [0, 1]
    assert raw.ask(runs, p=project)["project"]["runCount"] == 2
