"""What a dump holds comes back: all types, all series, all files, models with their numbers and stages."""

from __future__ import annotations

import io
import math

import pytest

from emulators.neptune.dumps import NOW_MS, PROJECT, file, put, system, write
from trackbridge.errors import ConfigurationError, IntegrityError, NotFound, Unsupported
from trackbridge.protocol import Mirror, Scope, VersionSpec, open_backend, surplus_of
from trackbridge.records.ids import foreign_run_id
from trackbridge.records.writes import RunHeader, RunWrites
from trackbridge.store import connect
from trackbridge.testing.declaration import verify_declaration


def test_a_run_has_its_identity_times_status_and_words(runs):
    run = runs["gbm"]
    assert run.id == foreign_run_id("RUN-1", account=PROJECT)
    assert (run.native_id, run.experiment, run.status) == (f"{PROJECT}/RUN-1", PROJECT, "FINISHED")
    assert (run.started_ms, run.ended_ms) == (NOW_MS, NOW_MS + 12_500)
    assert dict(run.tags) == {"prod": "", "blue": ""}
    assert run.attributes["notes"] == "what it was for"
    assert run.attributes["neptune.sys/running_time"] == 12.5
    assert (runs["fork"].status, runs["fork"].parent, runs["hung"].status) == ("FAILED", run.id, "KILLED")


def test_values_keep_their_types_and_rows_with_nothing_are_passed_over(runs):
    assert dict(runs["gbm"].params) == {
        "params/lr": 0.1,
        "params/depth": 7,
        "params/note": "ünïcode",
        "params/on": True,
        "params/when": "2025-01-01T00:00:00.000Z",
        "params/columns": ["a", "b"],
    }


def test_series_of_several_parts_come_in_order_and_each_point_once(store, runs):
    points = list(store.metrics.read(runs["gbm"].id))
    assert [(p.name, p.step, p.timestamp_ms - NOW_MS) for p in points] == [
        ("train/loss", 1, 1), ("train/loss", 2, 2), ("train/loss", 3, 3), ("val/auc", 1, 0),
    ]  # fmt: skip
    assert points[0].value == 0.5
    assert math.isnan(points[2].value)
    assert runs["gbm"].metrics["train/loss"].count == 3


def test_half_steps_stay_apart_by_a_rule_that_is_kept_with_the_run(store, runs):
    points = list(store.metrics.read(runs["fork"].id, ["loss"]))
    assert [(p.step, p.value) for p in points] == [(5 * n, float(n)) for n in range(2_000)]
    assert runs["fork"].attributes["neptune.step_multiplier"] == 10
    assert "neptune.step_multiplier" not in runs["gbm"].attributes


def test_every_kind_of_file_is_an_artifact(store, runs):
    run_id = runs["gbm"].id
    found = {}
    for artifact in store.artifacts.list(run_id):
        with store.artifacts.open(run_id, artifact.path) as stream:
            found[artifact.path] = stream.read()
    assert found == {
        "model.bin": b"weights",
        "images/0.png": b"png0",
        "images/0.5.png": b"png1",
        "source_code/train.py": b"print()",
        "source_code/lib/util.py": b"pass",
        "data/files_list.json": b"[]",
    }


def test_what_no_record_holds_is_declared_and_travels_as_files(dump, runs):
    surplus = surplus_of(open_backend(f"neptune-dump://{dump}").adapter)
    found = {
        (one.kind, one.path.partition("/")[2].partition("-")[0]): one.data for one in surplus.of_run(runs["gbm"].id)
    }
    assert {kind for kind, _ in found} == set(surplus.travels)
    assert found["string_series", "logs"].splitlines() == [
        b'{"step": 0, "timestamp": %d, "value": "hello"}' % NOW_MS,
        b'{"step": 1.5, "timestamp": %d, "value": "world"}' % NOW_MS,
    ]
    assert b'"edges": [0.0, 1.0, 2.0]' in found["histogram_series", "weights"]
    assert found["value", "params_long"] == b"params/long\n" + b"x" * 70_000


def test_models_have_their_versions_numbers_stages_and_files(store):
    (model,) = store.registry.models()
    assert (model.name, model.description) == (f"{PROJECT}/FR-MOD", "what it was for")
    versions = list(store.registry.versions(model.name))
    assert [(v.number, v.stage, v.artifact_path) for v in versions] == [
        (1, "Archived", "weights.bin"), (2, "Production", "weights.bin"),
    ]  # fmt: skip
    with store.artifacts.open(versions[1].run_id, "weights.bin") as stream:
        assert stream.read() == b"w2"
    assert store.runs.get(versions[1].run_id).experiment == f"{PROJECT}/model_versions"


def test_search_is_that_of_every_backend(store):
    found = store.runs.search(where="params.`params/lr` < 0.2 and tags.prod = ''")
    assert [run.name for run in found] == ["gbm"]


def test_a_whole_dump_has_nothing_to_complain_of(dump):
    info = open_backend(f"neptune-dump://{dump}").adapter.check()
    assert info.warnings == info.missing == ()
    assert dict(info.facts)["runs"] == "3"


def test_an_incomplete_dump_is_named_in_each_part_and_read_as_far_as_it_goes(broken):
    with connect(f"neptune-dump://{broken}") as store:
        said = "\n".join(store.backend.adapter.check().missing)
        for words in ("GAP lacks part 1", "parquet.tmp was still being written", "BARE has no creation time",
                      "BARE lacks the file lost.bin", "a file none without a path"):  # fmt: skip
            assert words in said
        runs = {run.name: run for run in store.runs.search()}
        assert [p.step for p in store.metrics.read(runs["gap"].id)] == [1]
        with pytest.raises(NotFound, match=r"lost\.bin"):
            store.artifacts.open(runs["BARE"].id, "lost.bin")


def test_a_file_cut_short_is_an_integrity_error_that_names_it(broken):
    (first, *_) = sorted((broken / "data").rglob("*.parquet"))
    first.write_bytes(first.read_bytes()[:-20])
    with pytest.raises(IntegrityError, match=first.name):
        open_backend(f"neptune-dump://{broken}").adapter.check()


def test_a_path_that_leads_out_of_the_dump_leads_nowhere(tmp_path):
    write(tmp_path, "EVIL", [*system("evil"), file("f", "file", "../../../secret.txt")])
    (tmp_path / "secret.txt").write_text("secret")
    put(tmp_path, "other.txt", b"x")
    with connect(f"neptune-dump://{tmp_path}") as store:
        (run,) = store.runs.search()
        with pytest.raises(NotFound):
            store.artifacts.open(run.id, "f.txt")


def test_ids_come_from_columns_not_from_names_of_files(tmp_path):
    (part,) = write(tmp_path, "A-REAL-ID", [*system("named")])
    part.rename(part.with_name("whatever.parquet"))
    with connect(f"neptune-dump://{tmp_path}") as store:
        assert [run.native_id for run in store.runs.search()] == [f"{PROJECT}/A-REAL-ID"]


def test_a_folder_without_a_dump_is_told(tmp_path):
    with pytest.raises(ConfigurationError, match="no dump of Neptune"):
        open_backend(f"neptune-dump://{tmp_path}").adapter.check()


SPEC = VersionSpec("t", None, "m", None, 0)
WRITES = {
    "experiments": lambda a: a.experiments.ensure("e"),
    "experiments-edit": lambda a: a.experiments.edit("e", description=None, tags={}),
    "experiments-delete": lambda a: a.experiments.delete("e"),
    "runs": lambda a: a.runs.create(RunHeader("0" * 32, "e", 0)),
    "runs-epoch": lambda a: a.runs.claim_epoch("0" * 32, 1),
    "runs-write": lambda a: a.runs.write("0" * 32, RunWrites()),
    "runs-delete": lambda a: a.runs.set_deleted("0" * 32, deleted=True),
    "purge": lambda a: a.runs.purge("0" * 32),
    "metrics": lambda a: a.metrics.write("0" * 32, []),
    "artifacts": lambda a: a.artifacts.put("0" * 32, "p", io.BytesIO(), size=0, sha256=""),
    "sidecar": lambda a: a.objects.put(Scope("run", "0" * 32), "sidecar/x", b""),
    "registry": lambda a: a.registry.ensure_model("m"),
    "registry-edit": lambda a: a.registry.edit_model("m", description=None, tags={}),
    "registry-delete": lambda a: a.registry.delete_model("m"),
    "registry-version": lambda a: a.registry.create_version("m", SPEC),
    "registry-edit-version": lambda a: a.registry.edit_version("m", 1, description=None, tags={}),
    "registry-delete-version": lambda a: a.registry.delete_version("m", 1),
    "registry-mirror": lambda a: a.registry.set_mirror("m", Mirror(0, "")),
    "trail": lambda a: a.registry.append_entry("m", 0, b""),
    "bulk": lambda a: a.bulk.load(RunHeader("0" * 32, "e", 0), RunWrites(), []),
}


@pytest.mark.parametrize("what", WRITES)
def test_every_write_is_refused_and_says_what_to_do(dump, what):
    adapter = open_backend(f"neptune-dump://{dump}").adapter
    with pytest.raises(Unsupported, match=r"only reads.*trackbridge migrate") as refused:
        WRITES[what](adapter)
    assert refused.value.capability == what.partition("-")[0]


def test_the_declaration_is_total_and_its_probe_independent(dump):
    backend = open_backend(f"neptune-dump://{dump}")
    verify_declaration(backend.spec, backend.limits, backend.adapter)


def test_the_probe_sees_what_the_store_says(dump, store, runs):
    from trackbridge_neptune.probe import DumpProbe

    probe, run = DumpProbe(store.backend.url), runs["fork"]
    seen = probe.run(run.id)
    assert (seen.native_id, seen.name, seen.status, seen.started_ms) == (
        run.native_id,
        run.name,
        run.status,
        run.started_ms,
    )
    assert dict(seen.tags) == dict(run.tags)
    gbm = runs["gbm"]
    assert {name: seen for name, seen in probe.run(gbm.id).params.items() if name in ("params/lr", "params/on")} == {
        "params/lr": 0.1, "params/on": True,
    }  # fmt: skip
    assert sorted(step for step, _, _ in probe.series(gbm.id, "train/loss")) == [1, 2, 3, 3]
    assert probe.artifact(gbm.id, "model") == b"weights"
    with pytest.raises(Unsupported):
        probe.set_tag(run.id, "a", "b")
