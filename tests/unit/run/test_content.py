"""Files, folders, figures, images, tables, models, datasets (A1–A5, D1, G2)."""

import hashlib
import io
import json
import os
import threading

import numpy as np
import pandas as pd
import pluggy
import pyarrow as pa
import pytest
from matplotlib.figure import Figure
from pyarrow import csv, parquet

from trackbridge.errors import ConfigurationError, Conflict, Rejected
from trackbridge.protocol.hooks import PROJECT, CoreHooks
from trackbridge.records.artifacts import ArtifactRecord, folder_digest
from trackbridge.run import formats, kinds, models
from trackbridge.run.savers import skops


def kind_of(place, run_id, path):
    return json.loads(place.run(run_id).tags[kinds.tag_name(path)])


def test_a_file_arrives_as_it_was(place, tmp_path):
    file = tmp_path / "a.bin"
    file.write_bytes(b"first")
    with place.start() as run:
        run.log_artifact(file)
        run.log_artifact(str(file), "sub/b.bin")
        file.write_bytes(b"second")
        run.log_artifact(file, "c.bin")
        file.unlink()
    assert place.files(run.id) == {"a.bin": b"first", "sub/b.bin": b"first", "c.bin": b"second"}


def test_the_same_path_again_replaces(place):
    with place.start() as run:
        run.log_text("long first", "a.txt")
        run.log_text("", "a.txt")
    assert place.files(run.id) == {"a.txt": b""}


def test_a_reference_is_read_later_and_only_if_it_is_the_same(place, tmp_path):
    kept, changed = tmp_path / "kept", tmp_path / "changed"
    for file in (kept, changed):
        file.write_bytes(b"big")
    run = place.start()
    gate = threading.Event()
    gate.set()
    run.log_artifact(kept, mode="reference")
    run.flush()
    (state,) = run.finish()
    assert state.complete
    assert place.files(run.id) == {"kept": b"big"}
    assert kept.exists()


def test_a_folder_is_stored_as_it_lies(place, tmp_path):
    folder = tmp_path / "folder"
    (folder / "sub" / "deep").mkdir(parents=True)
    (folder / "a").write_bytes(b"1")
    (folder / "sub" / "deep" / "文").write_bytes(b"2")
    (folder / "link").symlink_to("a")
    with place.start() as run:
        run.log_artifacts(folder)
        run.log_artifacts(folder / "sub", "copy")
    assert place.files(run.id) == {"a": b"1", "link": b"1", "sub/deep/文": b"2", "copy/deep/文": b"2"}


@pytest.mark.parametrize("evil", ["file", "folder", "circle", "pipe"])
def test_a_folder_that_leads_out_is_refused_whole(place, tmp_path, evil):
    folder, secret = tmp_path / "folder", tmp_path / "secret"
    folder.mkdir()
    secret.mkdir()
    (secret / "key").write_text("x")
    (folder / "a").write_text("a")
    if evil == "pipe":
        os.mkfifo(folder / "z")
    else:
        (folder / "z").symlink_to({"file": secret / "key", "folder": secret, "circle": folder}[evil])
    with place.start() as run, pytest.raises(Rejected):
        run.log_artifacts(folder)
    assert place.files(run.id) == {}


def test_a_file_is_no_folder(place):
    with place.start() as run:
        run.log_text("x", "a")
        run.log_text("x", "b/c")
        for path in ("a/b", "b"):
            with pytest.raises(Conflict):
                run.log_text("x", path)
    assert set(place.files(run.id)) == {"a", "b/c"}


def test_staged_copies_are_gone_after_the_run(place, tmp_path, monkeypatch):
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    with place.start() as run:
        run.log_text("x", "a")
    assert [each.name for each in scratch.iterdir()] == []


def test_dicts_are_json(place):
    with place.start() as run:
        run.log_dict({"b": [1, np.float64(0.5)], "a": {"é": np.arange(2)}}, "a.json")
    assert place.files(run.id)["a.json"].decode() == json.dumps(
        {"b": [1, 0.5], "a": {"é": [0, 1]}}, ensure_ascii=False, indent=2
    )


@pytest.mark.parametrize(("suffix", "magic"), [("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF")])
def test_figures(place, suffix, magic):
    figure = Figure()
    figure.subplots().plot([1, 2])
    path = f"plots/a.{suffix}"
    with place.start() as run:
        run.log_figure(figure, path)
    assert place.files(run.id)[path].startswith(magic)
    assert kind_of(place, run.id, path) == {"kind": "figure", "path": path, "format": suffix}
    if suffix != "pdf":
        assert formats.figure_bytes(figure, path).startswith(magic)


@pytest.mark.parametrize("suffix", ["png", "svg", "pdf", "jpg"])
def test_equal_figures_are_equal_files(suffix):
    def drawn() -> bytes:
        figure = Figure()
        figure.subplots().plot([1, 2], marker="o", label="a")
        return formats.figure_bytes(figure, f"a.{suffix}")

    assert drawn() == drawn()


def test_a_figure_in_an_unknown_format_is_refused():
    with pytest.raises(Rejected, match="xyz"):
        formats.figure_bytes(Figure(), "a.xyz")


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        (np.array([[0, 255], [1, 2]], np.uint8), "L"),
        (np.zeros((2, 3, 3), np.uint8), "RGB"),
        (np.ones((2, 3, 4)), "RGBA"),
        (np.array([[[0.5]]]), "L"),
        (np.array([[True, False]]), "L"),
        (np.array([[7, 8]]), "L"),
    ],
)
def test_arrays_are_png(place, array, expected):
    from PIL import Image

    with place.start() as run:
        run.log_image(array, "a.png")
    image = Image.open(io.BytesIO(place.files(run.id)["a.png"]))
    assert (image.mode, image.size) == (expected, (array.shape[1], array.shape[0]))
    pixels = np.asarray(image)
    if array.dtype == np.uint8:
        assert (pixels == array).all()
    assert kind_of(place, run.id, "a.png")["width"] == array.shape[1]


def test_images_by_pillow_and_by_path(place, tmp_path):
    from PIL import Image

    image = Image.new("RGB", (4, 5), "red")
    image.save(tmp_path / "a.jpg")
    with place.start() as run:
        run.log_image(image, "b.png")
        run.log_image(tmp_path / "a.jpg", "a.jpg")
    assert place.files(run.id)["a.jpg"] == (tmp_path / "a.jpg").read_bytes()
    assert Image.open(io.BytesIO(place.files(run.id)["b.png"])).size == (4, 5)


@pytest.mark.parametrize("array", [np.zeros(3), np.zeros((2, 2, 2)), np.zeros((0, 2)), np.array([[300]])])
def test_what_is_no_image_is_refused(array):
    with pytest.raises(Rejected):
        formats.image_bytes(array, "a.png")


COLUMNS = {"x": [1, 2], "y": ["a", None]}
TABLES = {
    "columns": lambda: COLUMNS,
    "rows": lambda: [{"x": 1, "y": "a"}, {"x": 2}],
    "arrow": lambda: pa.table(COLUMNS),
    "pandas": lambda: pd.DataFrame(COLUMNS),
    "arrays": lambda: {"x": np.array([1, 2]), "y": ["a", None]},
}


@pytest.mark.parametrize("what", TABLES)
@pytest.mark.parametrize("suffix", ["parquet", "csv"])
def test_tables(place, what, suffix):
    with place.start() as run:
        run.log_table(TABLES[what](), f"t.{suffix}")
    content = io.BytesIO(place.files(run.id)[f"t.{suffix}"])
    table = parquet.read_table(content) if suffix == "parquet" else csv.read_csv(content)
    assert table.column("x").to_pylist() == [1, 2]
    assert [value or None for value in table.column("y").to_pylist()] == ["a", None]
    kind = kind_of(place, run.id, f"t.{suffix}")
    assert (kind["kind"], kind["rows"], kind["columns"]) == ("table", 2, ["x", "y"])


def test_a_table_without_a_suffix_gets_one(monkeypatch):
    assert formats.table_bytes(COLUMNS, "t")[0] == "t.parquet"
    monkeypatch.setattr(formats.importlib.util, "find_spec", lambda _: None)
    path, content, rows, columns = formats.table_bytes(COLUMNS, "t")
    assert (path, content, rows, columns) == ("t.csv", b"x,y\r\n1,a\r\n2,\r\n", 2, ("x", "y"))
    with pytest.raises(Rejected, match="pyarrow"):
        formats.table_bytes(COLUMNS, "t.parquet")


@pytest.mark.parametrize("table", [{"a": [1], "b": [1, 2]}, 5, {"a": [1, "x"]}])
def test_what_is_no_table_is_refused(table):
    with pytest.raises(Rejected):
        formats.table_bytes(table, "t.parquet")


def test_a_long_kind_still_fits_a_tag():
    kind = kinds.TableKind("t.csv", "csv", 1, tuple(f"column {n}" for n in range(20_000)))
    assert json.loads(kinds.tag_text(kind)) == {"kind": "table", "path": "t.csv", "format": "csv", "rows": 1}


@pytest.fixture
def only_skops(monkeypatch):
    """No saver but our own, whatever plugins are installed."""
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(CoreHooks)
    manager.register(skops)
    monkeypatch.setattr(models, "hooks", lambda: manager)


@pytest.mark.usefixtures("only_skops")
def test_a_model_object_is_saved_registered_and_loads_back(place, tmp_path):
    from sklearn.linear_model import LinearRegression

    import trackbridge as tb

    features, target = np.arange(8.0).reshape(4, 2), np.arange(4.0)
    model = LinearRegression().fit(features, target)
    with place.start() as run:
        signature = tb.infer_signature(features, target)
        pending = run.log_model(model, "model", signature=signature, input_example=features[:1], register_as="m")
        version = pending.result(20)
    files = place.files(run.id)
    assert set(files) == {"model/model.skops", "model/signature.json", "model/input_example.json"}
    assert json.loads(files["model/input_example.json"]) == [[0.0, 1.0]]
    records = [ArtifactRecord(path, len(data), hashlib.sha256(data).hexdigest()) for path, data in files.items()]
    assert version.digest == folder_digest(records, "model")
    assert (version.number, version.signature, version.artifact_path) == (1, signature, "model")
    kind = kind_of(place, run.id, "model")
    assert (kind["flavor"], kind["runs_code"]) == ("skops", False)
    for path, data in files.items():
        (tmp_path / path.partition("/")[2]).write_bytes(data)
    (saver,) = models.model_savers()
    assert saver.can_load(tmp_path)
    assert (saver.load(tmp_path, False).predict(features) == model.predict(features)).all()


def test_a_model_that_runs_code_asks_for_trust(tmp_path):
    from sklearn.preprocessing import FunctionTransformer

    from trackbridge.run.savers.skops import trackbridge_model_savers

    (saver,) = trackbridge_model_savers()
    saved = saver.save(FunctionTransformer(func=os.path.basename), tmp_path, None, None)
    assert saved.runs_code
    with pytest.raises(Rejected, match="trusted=True"):
        saver.load(tmp_path, False)
    assert saver.load(tmp_path, True).func is os.path.basename


def test_models_as_they_are(place, tmp_path):
    folder = tmp_path / "saved"
    (folder / "sub").mkdir(parents=True)
    (folder / "sub" / "w.bin").write_bytes(b"w")
    with place.start() as run:
        one = run.log_model(folder, "model", register_as="m")
        two = run.log_model(folder / "sub" / "w.bin", "single.bin", register_as="m")
        assert [one.result(10).number, two.result(10).number] == [1, 2]
        again = run.register_model("model", "m")
        assert again.result(10).digest == one.result().digest
        with pytest.raises(ConfigurationError, match="not registered"):
            run.log_model(folder, "other").result()
    assert set(place.files(run.id)) == {"model/sub/w.bin", "single.bin", "other/sub/w.bin"}


def test_a_resumed_run_registers_what_it_had(place):
    with place.start() as run:
        run.log_text("w", "model/w.bin")
    with place.start(run_id=run.id, resume="must") as again:
        assert again.register_model("model", "m").result(10).digest.startswith("sha256:")


def test_datasets(place, tmp_path):
    file, folder = tmp_path / "a.csv", tmp_path / "folder"
    file.write_bytes(b"data")
    folder.mkdir()
    (folder / "x").write_bytes(b"data")
    sha = hashlib.sha256(b"data").hexdigest()
    with place.start() as run:
        run.use_dataset("file", uri=file, schema={"x": "long"}, rows=1)
        run.use_dataset("url", uri=file.as_uri())
        run.use_dataset("folder", uri=str(folder))
        run.use_dataset("remote", uri="s3://b/x")
        run.use_dataset("given", uri=str(file), digest="md5:00ff", version="1", context="training")
        run.use_dataset("given", uri=str(file), digest="md5:00ff", version="1", context="test")
    found = {(d.name, d.context): d for d in place.run(run.id).datasets}
    assert found["file", None].digest == found["url", None].digest == f"sha256:{sha}"
    assert found["file", None].schema == '{"x": "long"}'
    assert found["folder", None].digest == folder_digest([ArtifactRecord("x", 4, sha)])
    assert found["remote", None].digest is None
    assert len(found) == 6
