"""What an archive's files are worth: read by others, damaged, left by killed writers, folded while others write."""

from __future__ import annotations

import hashlib
import io
import json
import math
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from trackbridge.adapters.archive.ahead import ahead
from trackbridge.adapters.archive.folder import FolderVault
from trackbridge.adapters.archive.log import Log
from trackbridge.adapters.archive.sealing import seal, unseal
from trackbridge.errors import ConfigurationError, IntegrityError
from trackbridge.protocol import Scope, VersionSpec
from trackbridge.records.ids import new_run_id
from trackbridge.records.metrics import MetricPoint
from trackbridge.records.writes import RunHeader, RunWrites, Stamp, StatusWrite, TagWrite


@pytest.fixture
def root(tmp_path):
    return tmp_path / "cold"


@pytest.fixture
def archive(root, opened):
    return opened(f"archive+file://{root}")


@pytest.fixture
def again(root, opened):
    """Open the archive once more."""
    return lambda: opened(f"archive+file://{root}")


def points(count, name="loss", first=0):
    return [MetricPoint(name, step, 1_000 + step, step / 3) for step in range(first, first + count)]


def load(adapter, batches, **writes):
    adapter.experiments.ensure("e")
    run_id = new_run_id()
    adapter.bulk.load(RunHeader(run_id, "e", 5), RunWrites(**writes), iter(batches))
    return run_id


def put(adapter, run_id, path, data):
    adapter.artifacts.put(run_id, path, io.BytesIO(data), size=len(data), sha256=hashlib.sha256(data).hexdigest())


class TestTables:
    def test_a_run_loaded_whole_is_two_tables_and_no_commit(self, archive, root):
        from pyarrow import parquet

        run_id = load(archive, [points(5), points(3, "psnr")], params={"lr": 0.1, "big": 2**70, "on": True})
        put(archive, run_id, "a/b.txt", b"text")
        archive.close()
        home = root / "runs" / run_id
        (run,), (stored,) = home.glob("run-*.parquet"), home.glob("points-*.parquet")
        row = parquet.read_table(run).to_pylist()[0]
        assert {one["name"]: (one["type"], one["value"], one["int"], one["float"]) for one in row["params"]} == {
            "lr": ("float", "0.1", None, 0.1),
            "big": ("int", str(2**70), None, None),
            "on": ("bool", "true", None, None),
        }
        assert [(one["name"], one["count"]) for one in row["metrics"]] == [("loss", 5), ("psnr", 3)]
        assert (row["points_file"], row["artifacts"][0]["path"]) == (stored.name, "a/b.txt")
        assert [path.name.partition(".")[2] for path in (home / "log").iterdir()] == ["snapshot.json"]
        for file in (run, stored):
            assert file.stem.rpartition("-")[2] == hashlib.sha256(file.read_bytes()).hexdigest()

    def test_points_that_come_out_of_order_or_twice_end_sorted_and_once(self, archive, again):
        run_id = load(
            archive, [points(10, "b"), points(10, "a"), points(5, "a", 7), [MetricPoint("a", 3, 1, math.nan)]]
        )
        wanted = sorted({*points(12, "a"), *points(10, "b")}, key=lambda p: p[:3])
        for adapter in (archive, again()):
            found = list(adapter.metrics.read(run_id))
            assert [p for p in found if p.value == p.value] == wanted
            assert len(found) == 23
            assert adapter.runs.get([run_id])[run_id].metrics["a"].count == 13
            assert [p.name for p in adapter.metrics.read(run_id, ["b", "none"])] == ["b"] * 10
            adapter.close()

    def test_summaries_are_exact_before_and_after_a_fold(self, archive, again):
        run_id = load(archive, [points(100)])
        archive.metrics.write(run_id, points(100, first=50))
        assert archive.runs.get([run_id])[run_id].metrics["loss"].count == 150
        archive.close()
        summary = again().runs.get([run_id])[run_id].metrics["loss"]
        assert (summary.count, summary.last_step, summary.min) == (150, 149, 0.0)

    def test_a_model_is_a_row_with_its_versions_and_trail(self, archive, root):
        from pyarrow import parquet

        archive.registry.ensure_model("fraud/détection")
        archive.registry.create_version("fraud/détection", VersionSpec("t", None, "model", None, 7, tags={"a": "b"}))
        archive.registry.append_entry("fraud/détection", 0, b"{}")
        archive.close()
        (file,) = (root / "models").glob("fraud-d-tection-*/model-*.parquet")
        row = parquet.read_table(file).to_pylist()[0]
        assert (row["name"], row["versions"][0]["number"], row["trail"]) == (
            "fraud/détection", 1, [{"n": 0, "entry": b"{}"}],
        )  # fmt: skip

    def test_a_long_live_run_is_folded_as_it_grows(self, archive, root, again):
        archive.experiments.ensure("e")
        run_id = new_run_id()
        archive.runs.create(RunHeader(run_id, "e", 5))
        reader = again()
        for n in range(150):
            archive.metrics.write(run_id, points(2, first=2 * n))
            if n % 40 == 0:
                assert sum(1 for _ in reader.metrics.read(run_id)) == 2 * n + 2
        assert len(list((root / "runs" / run_id / "log").iterdir())) < 80
        assert list(reader.metrics.read(run_id)) == points(300)


class TestDamage:
    @pytest.fixture
    def run_id(self, archive):
        run_id = load(archive, [points(50)], params={"a": 1})
        archive.runs.write(run_id, RunWrites(tags=(TagWrite("t", "v", Stamp(1, "w", 0)),)))
        archive.objects.put(Scope("run", run_id), "environment/pip", b"numpy==2")
        put(archive, run_id, "model.bin", b"weights")
        archive.close()
        return run_id

    def read_all(self, adapter, run_id):
        adapter.runs.get([run_id])
        list(adapter.metrics.read(run_id))
        adapter.objects.get(Scope("run", run_id), "environment/pip")
        list(adapter.experiments.list())

    @pytest.mark.parametrize("pattern", ["points-*.parquet", "log/*", "objects/environment/*"])
    @pytest.mark.parametrize("where", [0.1, 0.5, 0.99])
    def test_a_flipped_byte_names_the_file(self, run_id, root, again, pattern, where):
        (file,) = (root / "runs" / run_id).glob(pattern)
        data = bytearray(file.read_bytes())
        data[int(len(data) * where)] ^= 1
        file.write_bytes(data)
        with pytest.raises(IntegrityError, match=file.name):
            self.read_all(again(), run_id)

    def test_a_flipped_byte_of_an_artifact_is_found_by_who_reads_it(self, run_id, root):
        from trackbridge.store import connect

        (file,) = (root / "runs" / run_id / "artifacts").iterdir()
        file.write_bytes(b"weighty")
        with connect(f"archive+file://{root}") as store, pytest.raises(IntegrityError, match=r"model\.bin"):
            store.artifacts.download(run_id, "model.bin", root / "out")

    @pytest.mark.parametrize(
        ("pattern", "read"),
        [
            ("points-*.parquet", lambda adapter, run_id: list(adapter.metrics.read(run_id))),
            ("artifacts/*", lambda adapter, run_id: adapter.artifacts.open(run_id, "model.bin")),
        ],
        ids=["points", "artifact"],
    )
    def test_a_missing_file_is_named(self, run_id, root, again, pattern, read):
        (file,) = (root / "runs" / run_id).glob(pattern)
        file.unlink()
        with pytest.raises(IntegrityError, match=file.name):
            read(again(), run_id)

    def test_a_commit_missing_between_others_is_named(self, archive, again, root):
        archive.experiments.ensure("e")
        run_id = new_run_id()
        archive.runs.create(RunHeader(run_id, "e", 5))
        for n in range(3):
            archive.runs.write(run_id, RunWrites({str(n): n}))
        (root / "runs" / run_id / "log" / "00000003.json").unlink()
        with pytest.raises(IntegrityError, match=r"00000003\.json"):
            again().runs.get([run_id])

    def test_every_byte_of_a_sealed_file_counts(self):
        data = seal({"a": [1, "é"]})
        assert unseal(data, "x") == {"a": [1, "é"]}
        for n in range(len(data)):
            with pytest.raises(IntegrityError, match="x is damaged"):
                unseal(data[:n] + bytes([data[n] ^ 1]) + data[n + 1 :], "x")

    def test_a_format_of_the_future_is_refused(self, root, again):
        root.mkdir()
        (root / "trackbridge-archive.json").write_text(json.dumps({"format": "trackbridge-archive", "version": 99}))
        with pytest.raises(ConfigurationError, match="format 99"):
            again().runs.get(["0" * 32])


WRITER = """
import hashlib, io, sys
from trackbridge.protocol import open_backend
from trackbridge.records.metrics import MetricPoint
from trackbridge.records.writes import RunHeader, RunWrites, Stamp, StatusWrite

adapter = open_backend(sys.argv[1]).adapter
adapter.experiments.ensure("e")
run = sys.argv[2]
adapter.runs.create(RunHeader(run, "e", 5))
for step in range(10_000):
    adapter.metrics.write(run, [MetricPoint("loss", step, step, 1.0)])
    data = b"%d" % step
    adapter.artifacts.put(run, f"{step % 7}.txt", io.BytesIO(data), size=len(data), sha256=hashlib.sha256(data).hexdigest())
    print(step, flush=True)
"""


@pytest.mark.parametrize("after", [3, 31, 47])
def test_a_killed_writer_leaves_all_it_was_told_is_written(root, again, after):
    run_id = new_run_id()
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, f"archive+file://{root}", run_id], stdout=subprocess.PIPE, text=True
    )
    told = -1
    while told < after:
        told = int(process.stdout.readline())
    os.kill(process.pid, signal.SIGKILL)
    rest = process.stdout.read().split()
    process.stdout.close()
    assert process.wait() == -signal.SIGKILL
    told = int(rest[-1]) if rest and rest[-1].isdigit() else told

    adapter = again()
    found = [point.step for point in adapter.metrics.read(run_id)]
    assert found == list(range(len(found)))
    assert len(found) >= told
    for file in adapter.artifacts.list(run_id):
        with adapter.artifacts.open(run_id, file.path) as stream:
            assert hashlib.sha256(stream.read()).hexdigest() == file.sha256
    adapter.runs.write(run_id, RunWrites(status=StatusWrite(0, "KILLED", 9, Stamp(1, "w", 0))))
    adapter.close()
    assert again().runs.get([run_id])[run_id].metrics["loss"].count == len(found)


class Numbers:
    """A log's kind whose state is the list of numbers committed."""

    def fresh(self):
        return []

    def apply(self, state, commit):
        state.append(commit["x"])

    def encode(self, state):
        return {"numbers": state}

    def decode(self, form):
        return list(form["numbers"])


def test_commits_and_snapshots_of_many_writers_lose_and_double_nothing(root):
    logs = [Log(FolderVault(root), "things/one", Numbers()) for _ in range(4)]

    def write(writer):
        for n in range(40):
            logs[writer].append(lambda _, n=n: ({"x": writer * 100 + n}, None))
            if n % 7 == writer:
                with logs[writer].lock:
                    logs[writer].refresh()
                    logs[writer].snapshot()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(4)))
    orders = [log.refresh() for log in [*logs, Log(FolderVault(root), "things/one", Numbers())]]
    assert all(order == orders[0] for order in orders)
    assert sorted(orders[0]) == [writer * 100 + n for writer in range(4) for n in range(40)]


def test_a_commit_under_a_number_that_a_snapshot_covers_counts_for_nothing(root):
    slow, fast = (Log(FolderVault(root), "things/one", Numbers()) for _ in range(2))
    slow.append(lambda _: ({"x": 1}, None))

    def overtaken(state):
        if state == [1]:
            fast.append(lambda _: ({"x": 2}, None))
            fast.refresh()
            fast.snapshot()  # number 2 is free again
        return {"x": 3}, list(state)

    assert slow.append(overtaken) == [1, 2]
    assert Log(FolderVault(root), "things/one", Numbers()).refresh() == [1, 2, 3]


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("archive+file://relative", "no absolute folder"),
        ("archive+s3://", "no bucket"),
        ("archive+file:///a?endpoint_url=x", "endpoint_url"),
    ],
    ids=["relative", "bucket", "option"],
)
def test_an_address_that_names_no_place(url, said, opened):
    with pytest.raises(ConfigurationError, match=said):
        opened(url)


@pytest.mark.parametrize("readers", [1, 3])
def test_answers_come_in_the_order_of_the_questions_and_no_further_ahead_than_said(readers):
    asked = []

    def ask(n):
        asked.append(n)
        return n * n

    answers = ahead(ask, range(100), readers)
    assert [next(answers) for _ in range(5)] == [0, 1, 4, 9, 16]
    answers.close()
    assert len(asked) <= 5 + 2 * readers
    assert list(ahead(ask, range(20), readers)) == [n * n for n in range(20)]


def test_a_search_in_one_experiment_reads_its_runs_alone(archive, root, monkeypatch):
    from trackbridge.protocol import Scan

    archive.experiments.ensure("other")
    for name in ("e", "other"):
        archive.experiments.ensure(name)
        archive.runs.create(RunHeader(new_run_id(), name, 5))
    assert len(list(archive.runs.scan(Scan()))) == 2
    looked = []
    names = FolderVault.names
    monkeypatch.setattr(FolderVault, "names", lambda vault, folder: looked.append(folder) or names(vault, folder))
    assert [run.experiment for run in archive.runs.scan(Scan(experiments=("e",)))] == ["e"]
    assert len({folder.split("/")[1] for folder in looked}) == 1
