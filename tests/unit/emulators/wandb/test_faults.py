"""Faults on demand, and what the SDK makes of them; a server that is killed and started again."""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import time

import pytest

from emulators.wandb import Handle
from servers import wandb as server
from servers.shared import free_port


@pytest.mark.parametrize("status", [409, 429, 500, 503])
def test_statuses(raw, wandb_emulator, status):
    raw.create("run")
    wandb_emulator.fault("file_stream", status=status, retry_after_s=2.5, headers={"X": "y"}, message="why")
    found, answer, headers = raw.history("run", 0, {"_step": 0})
    assert (found, answer, headers["Retry-After"], headers["X"]) == (
        status,
        {"errors": [{"message": "why"}]},
        "2.5",
        "y",
    )
    assert raw.rows("run") == []
    assert raw.history("run", 0, {"_step": 0})[0] == 200
    assert wandb_emulator.faults()["struck"] == 1


def test_which_requests_and_how_many(raw, wandb_emulator):
    raw.create("run")
    wandb_emulator.fault("file_.*", status=500, skip=1, times=2)
    assert [raw.stream("run")[0] for _ in range(4)] == [200, 500, 500, 200]
    wandb_emulator.fault("Viewer|Q", status=500, times=None)
    assert [raw.send("POST", "/graphql", b'{"query": "query Q {viewer {id}}"}')[0] for _ in range(3)] == [500] * 3
    assert raw.stream("run")[0] == 200


@pytest.mark.parametrize(("cut", "arrives"), [("before", False), ("after", True), ("halfway", True)])
def test_cut_connections(raw, wandb_emulator, cut, arrives):
    raw.create("run")
    wandb_emulator.fault("file_stream", cut=cut)
    with pytest.raises((ConnectionError, http.client.HTTPException)):
        raw.history("run", 0, {"_step": 0})
    assert raw.rows("run") == [{"_step": 0}] * arrives


def test_slow_answers(raw, wandb_emulator):
    raw.create("run")
    wandb_emulator.fault("file_stream", delay_s=0.3)
    begin = time.monotonic()
    raw.stream("run")
    assert time.monotonic() - begin >= 0.3


def test_the_sdk_gets_through(start, sdk, api, project, wandb_emulator):
    """Faults on every kind of request, and the run is whole. Without Retry-After the SDK waits for seconds."""
    wandb_emulator.fault("UpsertBucket", status=503, retry_after_s=0.1)
    wandb_emulator.fault("file_stream", status=429, retry_after_s=0.1, times=2)
    wandb_emulator.fault("file_stream", cut="after")
    wandb_emulator.fault("upload|download", status=500, retry_after_s=0.1)
    artifact = sdk.Artifact("a", "model")
    with artifact.new_file("f.txt") as file:
        file.write("content")
    with start(id="through") as run:
        for i in range(40):
            run.log({"x": i})
        run.log_artifact(artifact).wait()
    assert wandb_emulator.faults()["struck"] == 5
    read = api.run(f"team/{project}/through")
    assert [row["x"] for row in read.scan_history(use_cache=False)] == list(range(40))
    assert api.artifact(f"team/{project}/a:latest").version == "v0"
    assert read.state == "finished"


def test_a_conflict_on_commit_is_not_tried_again(start, sdk, wandb_emulator):
    wandb_emulator.fault("CommitArtifact", status=409, message="collided")
    artifact = sdk.Artifact("a", "model")
    with start() as run:
        run.log_artifact(artifact)
        with pytest.raises(ValueError, match="collided"):
            artifact.wait()


def test_contents_come_in_parts(raw, project):
    """Files of 2 GiB and more do; here a small one stands for them."""
    parts = [b"first part", b"second"]
    whole = b"".join(parts)
    create = (
        'mutation C($p: String!) {createArtifact(input: {entityName: "team", projectName: $p, digest: "d",'
        ' artifactTypeName: "t", artifactCollectionName: "c"}) {artifact {id}}}'
    )
    artifact = raw.ask(create, p=project)["createArtifact"]["artifact"]["id"]
    file = {
        "artifactID": artifact,
        "name": "f",
        "md5": base64.b64encode(hashlib.md5(whole).digest()).decode(),
        "uploadPartsInput": [
            {"partNumber": i, "hexMD5": hashlib.md5(part).hexdigest()} for i, part in enumerate(parts, 1)
        ],
    }
    files = (
        "mutation F($f: [CreateArtifactFileSpecInput!]!) {createArtifactFiles(input: {artifactFiles: $f, storageLayout: V2})"
        " {files {edges {node {storagePath uploadUrl uploadMultipartUrls {uploadID uploadUrlParts {partNumber uploadUrl}}}}}}}"
    )
    node = raw.ask(files, f=[file])["createArtifactFiles"]["files"]["edges"][0]["node"]
    urls = node["uploadMultipartUrls"]["uploadUrlParts"]
    assert raw.send("PUT", urls[0]["uploadUrl"], b"other")[0] == 400
    tags = [raw.send("PUT", url["uploadUrl"], part)[2]["ETag"] for url, part in zip(urls, parts, strict=True)]
    complete = (
        "mutation M($a: ID!, $s: String!, $u: String!, $p: [UploadPartsInput!]!) {completeMultipartUploadArtifact(input: "
        "{completeMultipartAction: Complete, artifactID: $a, storagePath: $s, uploadID: $u, completedParts: $p}) {digest}}"
    )
    given = [{"partNumber": i, "hexMD5": tag} for i, tag in enumerate(tags, 1)]
    answer = raw.ask(complete, a=artifact, s=node["storagePath"], u=node["uploadMultipartUrls"]["uploadID"], p=given)
    assert answer["completeMultipartUploadArtifact"]["digest"] == file["md5"]


def test_a_killed_server_starts_again_with_all_it_had(services, tmp_path, raw, project):
    port = free_port()
    started = server.start(services, tmp_path, port=port)
    handle = Handle(started["url"])
    other = type(raw)(handle, project)
    other.create("run")
    assert other.history("run", 0, {"_step": 0, "x": 1})[0] == 200
    services.kill(int(started["pid"]))
    with pytest.raises(OSError, match="refused"):
        other.stream("run")
    again = server.start(services, tmp_path, port=port, switches=('nan="string"',))
    assert other.rows("run") == [{"_step": 0, "x": 1}]
    assert handle.switches["nan"] == "string"
    assert json.loads(other.rows("run", "summaryMetrics")["summaryMetrics"]) == {}
    services.kill(int(again["pid"]))
