"""D1, D2: what a run was fed with, and the way from data to models."""

from __future__ import annotations

import hashlib
import json
import tempfile
from pathlib import Path
from typing import Any

from trackbridge.errors import Rejected
from trackbridge.records.datasets import DatasetRecord
from trackbridge.testing.checks import check
from trackbridge.testing.expect import contains, raises, same
from trackbridge.testing.hostile import BAD_NAMES, NAMES, TEXTS
from trackbridge.testing.lab import Lab

__all__: list[str] = []

SHA = "sha256:" + hashlib.sha256(b"data").hexdigest()


@check("D1", "all fields of a dataset come back", capability="datasets")
def fields(lab: Lab) -> None:
    schema = json.dumps({"columns": [{"name": "\u6587", "type": "double"}]}, ensure_ascii=False)
    full = DatasetRecord("features", "v3.2.1", SHA, "s3://bucket/%41?x=1", "training", schema, 2**40)
    with lab.start_run() as run:
        run.use_dataset(name="bare")
        run.use_dataset(name=full.name, version=full.version, digest=SHA, uri=full.uri, context=full.context,
                        schema=schema, rows=full.rows)  # fmt: skip
    for record in lab.records(run.id):
        same(sorted(record.datasets, key=lambda one: one.key), [DatasetRecord("bare"), full], "the datasets")
    shown = {(name, context) for name, _, context in lab.probed(run.id).datasets}
    lab.shows("dataset", ("features", "training") in shown, True, f"whether it is among those shown: {shown}")
    digests = [digest for name, digest, _ in lab.probed(run.id).datasets if name == "features"]
    lab.shows("dataset-digest", digests, [SHA], "the digest on the vendor's own screen")


@check("D1", "one dataset in two contexts is two uses", capability="datasets")
def contexts(lab: Lab) -> None:
    with lab.start_run() as run:
        for context in ("training", "validation", "training"):
            run.use_dataset(name="d", version="1", digest=SHA, context=context)
    for record in lab.records(run.id):
        same(sorted(one.context or "" for one in record.datasets), ["training", "validation"], "the contexts")
    shown = sorted(context or "" for _, _, context in lab.probed(run.id).datasets)
    lab.shows("dataset-context", shown, ["training", "validation"], "the contexts on the vendor's own screen")


@check("D1", "versions and sources of one name stay apart", capability="datasets")
def versions(lab: Lab) -> None:
    uses = {DatasetRecord("d", version, SHA, uri, "training") for version in ("1", "2") for uri in ("s3://a", "s3://b")}
    with lab.start_run() as run:
        for use in uses:
            run.use_dataset(name=use.name, version=use.version, digest=use.digest, uri=use.uri, context=use.context)
    for record in lab.records(run.id):
        same(set(record.datasets) == uses, True, f"all uses come back: {record.datasets}")


@check("D1", "any number of datasets with odd names come back", capability="datasets")
def many(lab: Lab) -> None:
    uses = [
        DatasetRecord(name, f"v{TEXTS[n % len(TEXTS)]}", f"md5:{n:032x}", None, "context \u6587")
        for n, name in enumerate(NAMES)
    ]  # fmt: skip
    with lab.start_run() as run:
        for use in uses:
            run.use_dataset(name=use.name, version=use.version, digest=use.digest, context=use.context)
    for record in lab.records(run.id):
        same(sorted(record.datasets, key=lambda one: one.key), sorted(uses, key=lambda one: one.key), "the datasets")


@check("D1", "the digest of a local file is computed where none is given", capability="datasets")
def computed(lab: Lab) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "train.csv")
        file.write_bytes(b"data")
        with lab.start_run() as run:
            run.use_dataset(name="local", uri=str(file), context="a")
            run.use_dataset(name="given", uri=str(file), digest="md5:00ff", context="a")
            run.use_dataset(name="remote", uri="s3://bucket/none", context="a")
    for record in lab.records(run.id):
        digests = {one.name: one.digest for one in record.datasets}
        same(digests, {"local": SHA, "given": "md5:00ff", "remote": None}, "the digests")


@check("D1", "what is no dataset is refused at the call", capability="datasets")
def refused(lab: Lab) -> None:
    bad: Any
    rows: Any
    with lab.start_run() as run:
        for bad in BAD_NAMES:
            with raises(Rejected, what=f"use_dataset(name={bad!r})"):
                run.use_dataset(name=bad)
        for bad in ("abc", "sha256:", ":ff", "SHA 256:ff", 7):
            with raises(Rejected, what=f"digest={bad!r}"):
                run.use_dataset(name="d", digest=bad)
        for rows in (-1, 1.5, True, 2**63):
            with raises(Rejected, what=f"rows={rows!r}"):
                run.use_dataset(name="d", rows=rows)
    same([record.datasets for record in lab.records(run.id)], [(), ()], "the datasets")


@check("D2", "a digest finds every run that used it", capability="datasets")
def by_digest(lab: Lab) -> None:
    other = "sha256:" + hashlib.sha256(b"other").hexdigest()
    users = set()
    for context in ("training", "test"):
        with lab.start_run() as run:
            run.use_dataset(name=f"named-{context}", digest=SHA, context=context)
            run.use_dataset(name="another", digest=other)
        users.add(run.id)
    with lab.start_run() as bystander:
        bystander.use_dataset(name="named-training", digest=other)
    same(set(lab.found(f"datasets.digest = '{SHA}'")), users, "the runs that used it")
    same(set(lab.found(f"datasets.digest = '{other}'")), {*users, bystander.id}, "the runs that used the other")
    same(lab.found("datasets.digest = 'sha256:00'"), [], "the runs that used what nobody used")


@check("D2", "a version leads to its run and its datasets", capability="registry")
def lineage(lab: Lab) -> None:
    with lab.start_run() as run:
        run.use_dataset(name="features", version="1", digest=SHA, context="training")
        run.log_text("weights", "model/weights.txt")
    model = lab.name("model")
    lab.store.registry.register(model, run_id=run.id, artifact="model")
    for store in lab.stores():
        version = store.registry.get(model, 1)
        same((version.run_id, version.artifact_path), (run.id, "model"), "the source of the version")
        same([one.digest for one in store.runs.get(run.id).datasets], [SHA], "the datasets of its run")
        same(
            [one.path for one in store.artifacts.list(run.id, version.artifact_path)],
            ["model/weights.txt"],
            "its files",
        )


@check("D2", "no run answers for part of one dataset and part of another", capability="datasets")
def some_dataset(lab: Lab) -> None:
    with lab.start_run() as run:
        run.use_dataset(name="a", version="1", digest=SHA)
        run.use_dataset(name="b", version="2")
    same(lab.found("datasets.name = 'a'"), [run.id], "the runs by name")
    same(lab.found("datasets.version = '2' and datasets.name = 'b'"), [run.id], "the runs by version and name")
    same(lab.found("datasets.name = 'c'"), [], "the runs by a name nobody used")
    with raises(Rejected) as caught:
        lab.found("datasets.colour = 'red'")
    contains(caught, "colour", "the message")
