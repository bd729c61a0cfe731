"""Projects as DVC 3.67 writes them: the hashes and the listing below are DVC's own."""

import hashlib
import json
import subprocess
import sys

import pytest

import trackbridge as tb
from trackbridge_dvc.hashing import md5_of
from trackbridge_dvc.hook import trackbridge_data_source
from trackbridge_dvc.tracking import find_tracked

FOLDER = "fd819cc9cf0340c830c8e02cde1655d2"
TRAIN = "e5ebd4c02cefbe7955977c67ada242b7"
ONE = "4e03dd5f05f68ca4f8941fd80c63e0b2"
OUT = "c4ca4238a0b923820dcc509a6f75849b"
LISTING = (
    '[{"md5": "d41d8cd98f00b204e9800998ecf8427e", "relpath": "sub/empty"}, '
    f'{{"md5": "{TRAIN}", "relpath": "train.csv"}}, '
    '{"md5": "9dd4e461268c8034f5c8564e155c67a6", "relpath": "\\u00e9 b.txt"}]'
)
FILES = {
    "data.dvc": f"outs:\n- md5: {FOLDER}.dir\n  size: 9\n  nfiles: 3\n  hash: md5\n  path: data\n",
    "data/train.csv": "a,b\n1,2\n",
    "data/é b.txt": "x",
    "data/sub/empty": "",
    "one.txt": "one\r\ntwo\r\n",
    "one.txt.dvc": f"outs:\n- md5: {ONE}\n  size: 10\n  hash: md5\n  path: one.txt\n",
    "untracked.txt": "",
    "sub/out.csv": "1",
    "dvc.yaml": "stages:\n  prep:\n    wdir: sub\n    cmd: x\n    outs:\n    - out.csv\n",
    "dvc.lock": "schema: '2.0'\nstages:\n  prep:\n    cmd: x\n    outs:\n    - path: out.csv\n      hash: md5\n"
    f"      md5: {OUT}\n      size: 1\n",
    ".dvc/config": "[core]\n    remote = store\n['remote \"store\"']\n    url = s3://bucket/dvc\n",
    f".dvc/cache/files/md5/fd/{FOLDER[2:]}.dir": LISTING,
}


def write(root, files):
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())


@pytest.fixture
def project(tmp_path):
    write(tmp_path, FILES)
    return tmp_path


@pytest.mark.parametrize(
    ("path", "md5", "kept"),
    [
        ("data", FOLDER, f"fd/{FOLDER[2:]}.dir"),
        ("data/train.csv", TRAIN, f"e5/{TRAIN[2:]}"),
        ("data/é b.txt", "9dd4e461268c8034f5c8564e155c67a6", "9d/d4e461268c8034f5c8564e155c67a6"),
        ("one.txt", ONE, f"4e/{ONE[2:]}"),
        ("sub/out.csv", OUT, f"c4/{OUT[2:]}"),
    ],
)
def test_what_dvc_tracks_is_found_hashed_and_located(project, path, md5, kept):
    source = trackbridge_data_source(project / path)
    assert (source.digest, source.uri, source.warning) == (f"md5:{md5}", f"s3://bucket/dvc/files/md5/{kept}", "")
    assert (source.facts["matches"], source.facts["path"]) == (True, path)
    assert source.facts["root"] == str(project)


@pytest.mark.parametrize("path", ["untracked.txt", "dvc.yaml", "sub", "data/new.txt"])
def test_what_it_does_not_track_is_left_alone(project, path):
    project.joinpath("data/new.txt").write_text("new")
    assert trackbridge_data_source(project / path) is None


def test_a_folder_without_a_project_is_left_alone(tmp_path):
    write(tmp_path, {"one.txt": "x", "one.txt.dvc": FILES["one.txt.dvc"]})
    assert trackbridge_data_source(tmp_path / "one.txt") is None


@pytest.mark.parametrize(
    ("path", "change"), [("one.txt", "one.txt"), ("data", "data/train.csv"), ("data", "data/more")]
)
def test_bytes_that_are_not_those_recorded_are_told(project, path, change):
    project.joinpath(change).write_text("changed")
    source = trackbridge_data_source(project / path)
    assert (source.facts["matches"], source.uri) == (False, None)
    assert source.digest != f"md5:{source.facts['md5']}"
    assert "is not what DVC recorded" in source.warning


def test_an_import_names_its_repository_and_revision(project):
    write(
        project,
        {
            "got.xml.dvc": "md5: aa\nfrozen: true\ndeps:\n- path: get/data.xml\n  repo:\n    url: https://example.com/registry\n"
            f"    rev: v1\n    rev_lock: 96fdd8f12aeff\nouts:\n- md5: {OUT}\n  size: 1\n  hash: md5\n  path: got.xml\n",
            "got.xml": "1",
        },
    )
    source = trackbridge_data_source(project / "got.xml")
    assert source.version == "96fdd8f12aeff"
    assert source.facts["repository"] == "https://example.com/registry"


def test_dvc_2_made_line_ends_of_texts_alike_and_kept_things_elsewhere(project):
    md5 = hashlib.md5(b"one\ntwo\n").hexdigest()
    write(project, {"one.txt.dvc": f"outs:\n- md5: {md5}\n  size: 10\n  path: one.txt\n"})
    source = trackbridge_data_source(project / "one.txt")
    assert (source.digest, source.uri) == (f"md5:{md5}", f"s3://bucket/dvc/{md5[:2]}/{md5[2:]}")
    binary = b"\x00\r\n"
    project.joinpath("b").write_bytes(binary)
    assert md5_of(project / "b", legacy=True) == hashlib.md5(binary).hexdigest()


def test_local_settings_win_and_a_folder_may_be_the_remote(project):
    write(project, {".dvc/config.local": "['remote \"store\"']\n    url = ../kept\n"})
    found = find_tracked(project / "one.txt")
    assert found.remote == f"{project}/kept/files/md5/4e/{ONE[2:]}"
    write(project, {".dvc/config": "", ".dvc/config.local": ""})
    assert find_tracked(project / "one.txt").remote is None


def test_a_folder_of_which_the_cache_has_no_listing_is_tracked_as_a_whole(project):
    project.joinpath(f".dvc/cache/files/md5/fd/{FOLDER[2:]}.dir").unlink()
    assert find_tracked(project / "data" / "train.csv") is None
    assert find_tracked(project / "data").md5 == f"{FOLDER}.dir"


def test_a_listing_is_hashed_as_dvc_writes_it(project):
    assert json.loads(LISTING)[2]["relpath"] == "é b.txt"
    assert md5_of(project / "data", legacy=False) == f"{FOLDER}.dir"


def test_a_run_keeps_what_dvc_knows(project, monkeypatch):
    monkeypatch.chdir(project)
    with tb.start_run(experiment="e", backend="memory://dvc", capture=False) as run:
        run.use_dataset("features", uri="data/train.csv", context="training")
    with tb.connect("memory://dvc") as store:
        record = store.runs.get(run.id)
    (dataset,) = record.datasets
    assert (dataset.digest, dataset.uri) == (f"md5:{TRAIN}", f"s3://bucket/dvc/files/md5/e5/{TRAIN[2:]}")
    assert record.attributes["environment.data.features.dvc.matches"] is True
    assert record.attributes["environment.data.features.dvc.path"] == "data/train.csv"


def test_a_damaged_file_of_dvcs_is_no_reason_not_to_train(project, monkeypatch, caplog):
    monkeypatch.chdir(project)
    project.joinpath("one.txt.dvc").write_text("outs: [")
    with tb.start_run(experiment="e", backend="memory://dvc", capture=False) as run:
        run.use_dataset("one", uri="one.txt")
    with tb.connect("memory://dvc") as store:
        (dataset,) = store.runs.get(run.id).datasets
    assert dataset.digest == f"sha256:{hashlib.sha256(b'one' + bytes([13, 10]) + b'two' + bytes([13, 10])).hexdigest()}"
    assert "cannot be found out" in caplog.text


def test_it_needs_neither_dvc_nor_yaml_until_a_data_set_is_used():
    code = "import sys, trackbridge_dvc.hook; print(sorted({'dvc', 'yaml'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
