"""The canonical forms tell runs and models apart exactly where C1–C3 say so."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trackbridge.records.artifacts import ArtifactRecord, folder_digest
from trackbridge.records.datasets import DatasetRecord
from trackbridge.records.digests import canonical_content, canonical_model, canonical_run, digest, stable_mlmodel
from trackbridge.records.metrics import MetricPoint, point_key
from trackbridge.records.models import APPROVALS, STAGES, ModelRecord, ModelVersion
from trackbridge.records.runs import STATUSES, RunRecord
from trackbridge.records.values import canonical_json, encode_value

names = st.sampled_from(
    ["a", "b", "a.b", "é", "e\u0301", "😀", "system/cpu", "native.x", "source.host", "environment.os"]
)
short = st.sampled_from(["", "x", "y"])
values = st.sampled_from([None, True, 1, 1.0, "1", 0.0, -0.0, float("nan"), 2**70, [], {}, [1, "a"], {"a": 1}])
params = st.dictionaries(names, values, max_size=2)
tags = st.dictionaries(names | st.just("trackbridge.x"), short, max_size=2)
datasets = st.builds(DatasetRecord, names, st.none() | short, st.none() | st.just("sha256:1"), st.none() | short,
                     rows=st.none() | st.integers(0, 1))  # fmt: skip
runs = st.builds(
    RunRecord,
    id=st.sampled_from(["0" * 32, "1" * 32]),
    name=st.none() | short,
    experiment=short,
    status=st.sampled_from(STATUSES),
    started_ms=st.integers(0, 1),
    ended_ms=st.none() | st.integers(0, 1),
    parent=st.none() | st.just("2" * 32),
    params=params,
    tags=tags,
    datasets=st.lists(datasets, max_size=2).map(tuple),
    attributes=params,
)
points = st.tuples(st.integers(0, 1), st.integers(0, 1), st.sampled_from([0.0, -0.0, float("nan"), 1.0]))
series = st.dictionaries(names, st.lists(points, max_size=2), max_size=2)
files = st.dictionaries(
    st.sampled_from(["a", "b/c", "MLmodel"]), st.sampled_from([(0, "e3"), (1, "aa"), (1, "bb")]), max_size=2
)
wholes = st.tuples(runs, series, files, files)


def in_order(series):
    for name, found in series.items():
        ordered = {point_key(point): point for point in (MetricPoint(name, *point) for point in found)}
        yield name, [ordered[key] for key in sorted(ordered)]


def records(files):
    return [ArtifactRecord(path, *rest) for path, rest in files.items()]


def run_form(whole):
    run, series, artifacts, environment = whole
    return canonical_run(run, in_order(series), records(artifacts), records(environment))


def content_form(whole):
    run, series, artifacts, _ = whole
    return canonical_content(run, in_order(series), records(artifacts))


def typed(mapping):
    return frozenset((name, canonical_json(encode_value(value))) for name, value in mapping.items())


def covered(whole, *, content=False):
    """What a form covers, as a Python value that is equal where the forms must be."""
    run, series, artifacts, environment = whole
    hidden = ("native.", "source.", "environment.") if content else ("native.",)
    uses = [replace(dataset, uri=None) if content else dataset for dataset in run.datasets]
    common = (
        run.name,
        run.experiment,
        run.status,
        typed(run.params),
        frozenset((name, text) for name, text in run.tags.items() if name != "trackbridge.x"),
        typed({name: value for name, value in run.attributes.items() if not name.startswith(hidden)}),
        tuple(sorted(map(repr, uses))),
        frozenset(artifacts.items()),
    )
    own = (run.id, run.started_ms, run.ended_ms, run.parent, frozenset(environment.items()))
    keys = {
        name: tuple(point_key(p)[::2] if content else point_key(p) for p in found)
        for name, found in in_order(series)
        if found and not (content and name.startswith("system/"))
    }
    return (*common, keys, () if content else own)


@given(wholes, wholes)
def test_a_run_has_the_bytes_of_what_it_is(left, right):
    assert (run_form(left) == run_form(right)) is (covered(left) == covered(right))


@given(wholes, wholes)
def test_content_has_the_bytes_of_what_was_logged(left, right):
    same = covered(left, content=True) == covered(right, content=True)
    assert (content_form(left) == content_form(right)) is same


CHANGES = {
    "id": "3" * 32, "name": "other", "experiment": "other", "status": "FAILED", "started_ms": 7, "ended_ms": 7,
    "parent": "4" * 32, "params": {"other": 1}, "tags": {"other": "1"}, "datasets": (DatasetRecord("other"),),
    "attributes": {"notes": "other"}, "native_id": "other", "urls": ("other",), "deleted": True, "metrics": {},
}  # fmt: skip
OUTSIDE_OF_C1 = {"native_id", "urls", "deleted", "metrics"}
OUTSIDE_OF_C2 = OUTSIDE_OF_C1 | {"id", "started_ms", "ended_ms", "parent"}


@pytest.mark.parametrize("field", CHANGES)
def test_each_field_counts_where_it_should(field):
    before = RunRecord("0" * 32, "n", "e", "FINISHED", 0)
    after = replace(before, **{field: CHANGES[field]})
    assert (canonical_run(before, [], []) == canonical_run(after, [], [])) is (field in OUTSIDE_OF_C1)
    assert (canonical_content(before, [], []) == canonical_content(after, [], [])) is (field in OUTSIDE_OF_C2)


@given(wholes, st.randoms(use_true_random=False))
def test_no_order_of_writing_shows(whole, shuffler):
    run, series, artifacts, environment = whole

    def mixed(mapping):
        items = list(mapping.items())
        shuffler.shuffle(items)
        return dict(items)

    uses = list(run.datasets)
    shuffler.shuffle(uses)
    other = replace(
        run, params=mixed(run.params), tags=mixed(run.tags), attributes=mixed(run.attributes), datasets=tuple(uses)
    )
    again = (other, mixed(series), mixed(artifacts), mixed(environment))
    assert run_form(again) == run_form(whole)
    assert content_form(again) == content_form(whole)


versions = st.builds(
    ModelVersion,
    model=st.just("m"),
    number=st.integers(1, 3),
    run_id=st.none() | st.just("0" * 32),
    artifact_path=short,
    digest=st.none() | st.just("sha256:1"),
    description=st.none() | short,
    tags=tags,
    created_ms=st.integers(0, 1),
    stage=st.sampled_from(STAGES),
    approval=st.sampled_from(APPROVALS),
    aliases=st.sets(st.sampled_from(["a", "b"])).map(tuple),
)
models = st.tuples(
    st.builds(ModelRecord, st.just("m"), st.none() | short, tags, st.integers(0, 1)),
    st.lists(versions, max_size=2, unique_by=lambda version: version.number),
    st.lists(st.sampled_from([b"one", b"two"]), max_size=3),
)


def covered_model(whole):
    model, found, entries = whole
    visible = frozenset((name, text) for name, text in model.tags.items() if name != "trackbridge.x")
    rows = [
        replace(
            version,
            tags=tuple(sorted(pair for pair in version.tags.items() if pair[0] != "trackbridge.x")),
            aliases=tuple(sorted(version.aliases)),
        )
        for version in sorted(found, key=lambda version: version.number)
    ]
    return model.description, visible, rows, (len(entries), entries[-1:])


@given(models, models)
def test_a_model_has_the_bytes_of_what_it_is(left, right):
    same = covered_model(left) == covered_model(right)
    assert (canonical_model(*left) == canonical_model(*right)) is same


def test_a_digest_names_its_algorithm():
    assert digest("") == "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_a_folder_is_its_sorted_files_relative_to_it():
    inside = [ArtifactRecord("m/b", 1, "bb"), ArtifactRecord("m/a/c", 0, "e3")]
    around = [ArtifactRecord("m2/b", 1, "bb"), ArtifactRecord("n", 1, "bb")]
    expected = digest('[["a/c",0,"e3"],["b",1,"bb"]]')
    assert folder_digest(inside + around, "m") == expected
    assert folder_digest(reversed([replace(file, path=file.path[2:]) for file in inside])) == expected
    assert folder_digest(around, "n") == digest('[["n",1,"bb"]]')
    assert folder_digest(inside, "") != expected


def test_an_mlmodel_file_loses_what_differs_by_nature():
    content = (
        b"artifact_path: model\nflavors:\n  python_function:\n    run_id: kept, it is not of the top\n"
        b"mlflow_version: 3.1\nmodel_id: m-1\nmodel_uuid: abc\nrun_id: def\nsignature:\n  inputs: '[]'\n"
        b"utc_time_created: '2024-05-01 12:30:00'"
    )
    assert stable_mlmodel(content) == (
        b"artifact_path: model\nflavors:\n  python_function:\n    run_id: kept, it is not of the top\n"
        b"mlflow_version: 3.1\nsignature:\n  inputs: '[]'\n"
    )
    assert stable_mlmodel(stable_mlmodel(content)) == stable_mlmodel(content)
    assert stable_mlmodel(b"model_uuid: a\r\nx: 1\r\n") == b"x: 1\r\n"
