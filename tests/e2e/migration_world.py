"""A hostile data set: every edge of what a run, a model and an experiment can be, written straight to an adapter.

`build` fills a backend whose own fields hold everything (memory, local): so what is written is what is meant, with no
sidecar between. `Size` says how much: ten runs for the first tier, two hundred with three levels for the full one.
"""

from __future__ import annotations

import hashlib
import io
import random
from dataclasses import dataclass
from typing import Any

from trackbridge.protocol import Backend, Scope, VersionSpec
from trackbridge.records.artifacts import ArtifactRecord, folder_digest
from trackbridge.records.datasets import DatasetRecord
from trackbridge.records.metrics import MetricPoint
from trackbridge.records.times import MAX_TIME_MS
from trackbridge.records.writes import AttributeWrite, RunHeader, RunWrites, Stamp, StatusWrite, TagWrite
from trackbridge.registry import Registry
from trackbridge.testing.hostile import NAMES, PATHS, STEPS, TEXTS, TIMES_MS, VALUES, distinct_nan

T0 = 1_600_000_000_000
EXPERIMENTS = ("plain", "Ünïcode/实验 №1", "'; DROP TABLE experiments; --")
MODELS = ("fraud", "Модель/№2", "m" * 250, "a b", "last")
STATUSES = ("FINISHED", "FAILED", "KILLED", "FINISHED")
PARAMS: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 2**63, 10**400, 1.0, -0.0, float("nan"), float("inf"), 5e-324, 0.1,
    "", "None", "True", "1", "1.0", "nan", [], [1, [2.0, "3", None], {"k": True}], {}, "x" * 60_000, "nul\0", "\u202e",
)  # fmt: skip


@dataclass(frozen=True)
class Size:
    """How much there is: runs, levels of nesting, models, points of the longest series."""

    runs: int = 10
    levels: int = 3
    models: int = 2
    points: int = 2_500


SMALL = Size()
FULL = Size(runs=200, levels=3, models=5, points=12_000)


@dataclass(frozen=True)
class World:
    """What was made: ids of runs, parents first, the deleted one last; names of experiments and models."""

    runs: list[str]
    experiments: list[str]
    models: list[str]


def build(backend: Backend, size: Size = SMALL, mark: str = "") -> World:
    """Fill a backend; `mark` keeps its names and ids apart from those of another data set beside it."""
    maker = _Maker(backend, size, mark)
    return World(maker.make(), [*maker.names, maker.name("has no runs")], maker.models)


class _Maker:
    def __init__(self, backend: Backend, size: Size, mark: str) -> None:
        self.backend, self.adapter, self.size = backend, backend.adapter, size
        self.luck, self.mark = random.Random(f"7{mark}"), mark
        self.sequence = 0
        self.names = [self.name(one) for one in EXPERIMENTS]
        self.models = [self.name(one) for one in MODELS[: size.models]]

    def name(self, stem: str) -> str:
        return f"{stem[: 250 - len(self.mark)]}{self.mark}"

    def make(self) -> list[str]:
        self._experiments()
        ids: list[str] = []
        levels: list[list[str]] = [[] for _ in range(self.size.levels)]
        for n in range(self.size.runs):
            level = n % self.size.levels if n >= self.size.levels else n
            parent = self.luck.choice(levels[level - 1]) if level else None
            ids.append(self._run(n, parent))
            levels[level].append(ids[-1])
        for n in range(self.size.models):
            self._model(n, ids)
        self.adapter.runs.set_deleted(ids[-1], deleted=True)
        return ids

    def _experiments(self) -> None:
        for n, name in enumerate(self.names):
            self.adapter.experiments.ensure(name)
            self.adapter.experiments.edit(
                name,
                description=TEXTS[29] + "d" * 9_000 * (n == 1),
                tags={NAMES[n]: TEXTS[n + 10], "long": "t" * 6_000},
            )
        self.adapter.experiments.ensure(self.name("has no runs"))

    def stamp(self) -> Stamp:
        self.sequence += 1
        return Stamp(T0 * 1_000_000, "0" * 32, self.sequence)

    def _run(self, n: int, parent: str | None) -> str:
        run_id = f"{self.luck.getrandbits(128):032x}"
        run_id = run_id[:12] + "7" + run_id[13:]
        adapter = self.adapter
        begin = TIMES_MS[n] if n < len(TIMES_MS) else T0 + self.luck.randrange(10**10)
        adapter.runs.create(RunHeader(run_id, self.names[n % 3], begin, parent))
        if n == 1:
            adapter.runs.claim_epoch(run_id, 3)
        params = {NAMES[(n * 7 + i) % len(NAMES)]: PARAMS[(n + i) % len(PARAMS)] for i in range(12)}
        params |= {f"p{i}": value for i, value in enumerate(PARAMS)} if n == 0 else {}
        tags = {NAMES[(n * 5 + i) % len(NAMES)]: TEXTS[(n * 3 + i) % len(TEXTS)] for i in range(8)}
        tags |= {f"t{i}": text for i, text in enumerate(TEXTS)} if n == 0 else {}
        tags["trackbridge.exception"] = "ValueError: no"
        attributes = {"notes": TEXTS[(n + 5) % len(TEXTS)] or "n", "source.user": "ü", "source.entry_point": "a b.py"}
        attributes |= {"environment.gpus": 2, "environment.frozen": True, "environment.ratio": float("inf")}
        name = None if n % 4 == 2 else NAMES[n % len(NAMES)]
        writes = [*attributes.items(), *([("name", name)] if name else [])]
        ended = None if n == 4 else 0 if n == 0 else MAX_TIME_MS if n == 3 else min(begin + 1_234, MAX_TIME_MS)
        status = "RUNNING" if ended is None else STATUSES[n % len(STATUSES)]
        adapter.runs.write(
            run_id,
            RunWrites(
                params,
                tuple(TagWrite(key, text, self.stamp()) for key, text in tags.items()),
                tuple(AttributeWrite(key, value, self.stamp()) for key, value in writes),
                self._datasets(n),
                None if ended is None else StatusWrite(3 if n == 1 else 0, status, ended, self.stamp()),
            ),
        )
        adapter.metrics.write(run_id, self._points(n))
        self._files(n, run_id)
        return run_id

    def _datasets(self, n: int) -> tuple[DatasetRecord, ...]:
        full = DatasetRecord(
            "träin",
            "v1",
            "sha256:" + "ab" * 32,
            "s3://b/" + "k" * 600,
            "training",
            '{"a": "' + "s" * 3_000 + '"}',
            2**40,
        )
        again = DatasetRecord("träin", "v1", "sha256:" + "ab" * 32, "s3://b/" + "k" * 600, "validation")
        return ((), (full,), (full, again), (DatasetRecord("d" * 250), DatasetRecord("x", digest=f"md5:{n:x}")))[n % 4]

    def _points(self, n: int) -> list[MetricPoint]:
        points = [MetricPoint("loss", step, T0 + step, 1 / (step + 1)) for step in range(40)]
        if n == 0:
            points += [MetricPoint("long", step, T0 + step // 3, step * 0.1) for step in range(self.size.points)]
        if n % 3 == 0:
            points += [
                MetricPoint("every value", step, T0, value) for step, value in enumerate(VALUES + distinct_nan())
            ]
            points += [MetricPoint("one step", 5, T0 + k, value) for value in VALUES for k in (0, 1)]
        if n % 3 == 1:
            points += [MetricPoint("every step", step, time, 0.5) for step in STEPS for time in TIMES_MS]
            points += [MetricPoint("only nan", 0, 0, float("nan"))]
        if n % 3 == 2:
            points += [MetricPoint(name, 0, T0 + n, k / 3) for k, name in enumerate(NAMES)]
            points += [MetricPoint("backwards", 100 - step, T0 + step, step) for step in range(100)]
        return points

    def _files(self, n: int, run_id: str) -> None:
        paths = PATHS if n == 2 else ("model/model.bin", "model/MLmodel", PATHS[n % len(PATHS)], "empty")
        for path in dict.fromkeys(paths):
            content = b"" if path == "empty" else f"{path} {n}\0\xff".encode() * (70_000 if n == 1 else 3)
            self.put(run_id, path, content)
        scope = Scope("run", run_id)
        if n % 2 == 0:
            self.adapter.objects.put(scope, "environment/packages.txt", b"a==1\n" * 50)
            self.adapter.objects.put(scope, "environment/diff.patch", b"\0\xff" * 20_000)
        if n % 3 == 0:
            self.adapter.objects.put(scope, f"gate/{hashlib.sha256(b'{}').hexdigest()}.gate.json", b"{}")

    def put(self, run_id: str, path: str, content: bytes) -> None:
        sha256 = hashlib.sha256(content).hexdigest()
        self.adapter.artifacts.put(run_id, path, io.BytesIO(content), size=len(content), sha256=sha256)

    def _model(self, n: int, ids: list[str]) -> None:
        name = self.models[n]
        registry = self.adapter.registry
        registry.ensure_model(name)
        registry.edit_model(name, description="d" * 7_000 if n else None, tags={"team": TEXTS[n + 30], NAMES[3]: "x"})
        numbers = (1, 2, 5) if n % 2 else (1, 2, 3, 4)
        for number in numbers:
            registry.create_version(name, self._spec(ids[number % (len(ids) - 1)], n, number), number)
        acts = Registry(registry, str(self.backend.url))
        acts.transition(name, 1, "Production", actor="ann", comment="gö")
        acts.approve(name, 2, actor="bob", comment=TEXTS[10])
        acts.set_alias(name, "champion", 1, actor="ann")
        acts.transition(name, 2, "Production", archive_existing="all", actor="bob", comment="c" * 9_000)
        acts.set_alias(name, "champion", 2, actor="ann")
        acts.set_alias(name, "challenger", 1, actor="ann")
        if n == 0:
            acts.reject(name, 3)
            acts.delete_version(name, 4, comment="spent: it was the last")
        self.adapter.objects.put(Scope("model", name), f"gate/{'ab' * 32}.gate.md", b"# fail\n" * 10)

    def _spec(self, run_id: str, n: int, number: int) -> VersionSpec:
        files = [one for one in self.adapter.artifacts.list(run_id) if one.path.startswith("model/")]
        return VersionSpec(
            token=f"token-{self.mark}-{n}-{number}",
            run_id=run_id if number != 2 else None,
            artifact_path="model",
            digest=folder_digest([ArtifactRecord(f.path, f.size, f.sha256) for f in files], "model") if files else None,
            created_ms=T0 + number,
            signature='{"inputs": "[]"}' + " " * 3_000,
            input_example="model/example.json" if number == 1 else None,
            description="v" * 6_000 if number == 2 else None,
            tags={"metric": str(number), "long tag": "y" * 7_000},
        )
