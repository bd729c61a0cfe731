"""The golden vectors (C1–C3): what is in tests/golden must never change, for digests are kept for years.

Each vector is checked twice: against trackbridge, and against a second, naive implementation below that shares no code
with it and is written from the words of the design alone.
"""

import hashlib
import json
import math
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from trackbridge.records.artifacts import ArtifactRecord
from trackbridge.records.datasets import DatasetRecord
from trackbridge.records.digests import canonical_content, canonical_model, canonical_run, digest
from trackbridge.records.metrics import MetricPoint
from trackbridge.records.models import ModelRecord, ModelVersion
from trackbridge.records.runs import RunRecord
from trackbridge.records.trail import GENESIS, TrailEntry, encode_entry, entry_hash
from trackbridge.records.values import canonical_json, encode_value

GOLDEN = Path(__file__).parents[2] / "golden"
KINDS = ("values", "runs", "content", "models")
VECTORS = [
    pytest.param(kind, vector, id=f"{kind}: {vector['name']}")
    for kind in KINDS
    for vector in json.loads((GOLDEN / f"{kind}.json").read_text(encoding="ascii"))
]


def test_there_are_enough():
    assert len(VECTORS) >= 60
    assert len({vector.id for vector in VECTORS}) == len(VECTORS)


@pytest.mark.parametrize(("kind", "vector"), VECTORS)
def test_trackbridge_agrees(kind, vector):
    canonical = CANONICAL[kind](vector["input"])
    assert canonical == vector["canonical"]
    assert digest(canonical) == vector["digest"]


@pytest.mark.parametrize(("kind", "vector"), VECTORS)
def test_the_naive_implementation_agrees(kind, vector):
    text = naive_json(NAIVE[kind](vector["input"]))
    assert text == vector["canonical"]
    assert "sha256:" + hashlib.sha256(text.encode("utf-8")).hexdigest() == vector["digest"]


def test_equal_digests_are_meant():
    names = {}
    for parameter in VECTORS:
        kind, vector = parameter.values
        names.setdefault((kind, vector["digest"]), []).append(vector["name"])
    assert sorted(map(tuple, filter(lambda same: len(same) > 1, names.values()))) == [
        ("the least a run has", "another id, parent and times give the same"),
        ("the least a version has", "what was changed outside is not covered"),
        ("timestamps do not count", "other timestamps give the same"),
    ]


# -- the inputs, as trackbridge's records


def plain(tagged):
    [(kind, value)] = tagged.items()
    match kind:
        case "int":
            return int(value)
        case "float":
            return float(value)
        case "list":
            return [plain(item) for item in value]
        case "dict":
            return {key: plain(item) for key, item in value.items()}
    return value


def parts(given):
    mapped = {
        key: {name: plain(value) for name, value in given.get(key, {}).items()} for key in ("params", "attributes")
    }
    run = RunRecord(
        given["id"],
        given.get("name"),
        given["experiment"],
        given["status"],
        given["started_ms"],
        given.get("ended_ms"),
        given.get("parent"),
        tags=given.get("tags", {}),
        datasets=tuple(DatasetRecord(**dataset) for dataset in given.get("datasets", [])),
        native_id="not covered",
        urls=("not covered",),
        **mapped,
    )
    series = [
        (name, [MetricPoint(name, step, time_ms, float(value)) for step, time_ms, value in points])
        for name, points in given.get("series", {}).items()
    ]
    artifacts, files = (
        [ArtifactRecord(*row) for row in given.get(key, [])] for key in ("artifacts", "environment_files")
    )
    return run, series, artifacts, files


def model_form(given):
    versions = [
        ModelVersion(**{**version, "model": given["model"]["name"], "aliases": tuple(version.get("aliases", ()))})
        for version in given["versions"]
    ]
    chain, previous = [], GENESIS
    for entry in given["trail"]:
        archived = tuple(entry.get("archived", ()))
        chain.append(encode_entry(TrailEntry(**{**entry, "archived": archived, "previous": previous})))
        previous = entry_hash(chain[-1])
    return canonical_model(ModelRecord(**given["model"]), versions, chain)


CANONICAL = {
    "values": lambda given: canonical_json(encode_value(plain(given))),
    "runs": lambda given: canonical_run(*parts(given)),
    "content": lambda given: canonical_content(*parts(given)[:3]),
    "models": model_form,
}


# -- the second implementation: C1, C2 and C3 word by word


def naive_json(value):
    if isinstance(value, dict):
        pairs = sorted(value.items(), key=lambda pair: [ord(character) for character in pair[0]])
        return "{" + ",".join(f"{naive_json(key)}:{naive_json(item)}" for key, item in pairs) + "}"
    if isinstance(value, list):
        return "[" + ",".join(naive_json(item) for item in value) + "]"
    if isinstance(value, str):
        return '"' + "".join(naive_character(character) for character in value) + '"'
    if isinstance(value, bool):
        return "true" if value else "false"
    return "null" if value is None else f"{value:d}"


def naive_character(character):
    short = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
    return short.get(character) or (f"\\u{ord(character):04x}" if ord(character) < 0x20 else character)


def naive_bits(number):
    return 0x7FF8000000000000 if math.isnan(number) else int(np.float64(number).view(np.uint64))


def naive_pair(tagged):
    [(kind, value)] = tagged.items()
    match kind:
        case "float":
            return ["float", f"{naive_bits(float(value)):016x}"]
        case "list":
            return ["list", [naive_pair(item) for item in value]]
        case "dict":
            return ["dict", {key: naive_pair(item) for key, item in value.items()}]
    return [kind, value]


def naive_order(point):
    """M2 by M4: NaN < −Inf < … < −0.0 < 0.0 < … < Inf."""
    step, time_ms, number = point
    if math.isnan(number):
        return step, time_ms, 0
    if math.isinf(number):
        return step, time_ms, 1 if number < 0 else 3
    return step, time_ms, 2, Fraction(number), math.copysign(1, number)


def naive_series(points, *, timed):
    ordered = sorted(((step, time_ms, float(value)) for step, time_ms, value in points), key=naive_order)
    data = b""
    for step, time_ms, number in ordered:
        data += step.to_bytes(8, "big", signed=True)
        data += time_ms.to_bytes(8, "big", signed=True) if timed else b""
        data += naive_bits(number).to_bytes(8, "big")
    return [len(ordered), hashlib.sha256(data).hexdigest()]


def present(form):
    return {key: value for key, value in form.items() if value is not None and value != {} and value != []}


def naive_run(given, *, content=False):
    bound = ("native.", "source.", "environment.") if content else ("native.",)
    datasets = [
        {key: value for key, value in dataset.items() if not (content and key == "uri")}
        for dataset in given.get("datasets", [])
    ]
    form = {
        "v": 1,
        "experiment": given["experiment"],
        "status": given["status"],
        "name": given.get("name"),
        "params": {name: naive_pair(value) for name, value in given.get("params", {}).items()},
        "tags": {name: text for name, text in given.get("tags", {}).items() if not name.startswith("trackbridge.")},
        "attributes": {
            name: naive_pair(value) for name, value in given.get("attributes", {}).items() if not name.startswith(bound)
        },
        "datasets": sorted(datasets, key=naive_json),
        "artifacts": sorted(given.get("artifacts", [])),
        "metrics": {
            name: naive_series(points, timed=not content)
            for name, points in given.get("series", {}).items()
            if not (content and name.startswith("system/"))
        },
    }
    if not content:
        form |= {key: given.get(key) for key in ("id", "started_ms", "ended_ms", "parent")}
        form["environment_files"] = sorted(given.get("environment_files", []))
    return present(form)


def naive_model(given):
    previous, count = "0" * 64, 0
    for entry in given["trail"]:
        text = naive_json({**entry, "v": 1, "previous": previous})
        previous, count = hashlib.sha256(text.encode("utf-8")).hexdigest(), count + 1
    versions = [
        present(
            {
                "stage": "None",
                "approval": "pending",
                **{key: value for key, value in version.items() if key != "outside"},
                "aliases": sorted(version.get("aliases", [])),
            }
        )
        for version in sorted(given["versions"], key=lambda version: version["number"])
    ]
    model = given["model"]
    tags = {name: text for name, text in model.get("tags", {}).items() if not name.startswith("trackbridge.")}
    return present(
        {
            "v": 1,
            "name": model["name"],
            "description": model.get("description"),
            "tags": tags,
            "versions": versions,
            "trail": [count, previous] if count else None,
        }
    )


NAIVE = {
    "values": naive_pair,
    "runs": naive_run,
    "content": lambda given: naive_run(given, content=True),
    "models": naive_model,
}
