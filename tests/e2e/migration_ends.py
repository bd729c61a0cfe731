"""The back ends that migrations are tested between. A new one is a line in `ENDS`: the others need not know it.

An end is a function of pytest's request that gives the URL of a place to write to. Where it can, that is a new and
empty one each time; else a server that all tests share, in which each data set bears a mark of its own.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from e2e.migration_world import Size, World, build
from servers import s3
from trackbridge.migration import Migration, Result, Selection, Side, Threads
from trackbridge.store import Store, connect

Request = pytest.FixtureRequest


def _folder(request: Request) -> Path:
    return request.getfixturevalue("tmp_path_factory").mktemp("end")


def _bucket(request: Request) -> str:
    endpoint = request.getfixturevalue("s3_endpoint")
    name = s3.create_bucket(endpoint, f"cold-{uuid.uuid4().hex[:12]}")
    return f"archive+s3://{name}/kept?endpoint_url={endpoint}"


ENDS: dict[str, Callable[[Request], str]] = {
    "memory": lambda request: f"memory://{uuid.uuid4().hex}",
    "local": lambda request: f"local://{_folder(request)}",
    "archive": lambda request: f"archive+file://{_folder(request)}",
    "archive-s3": _bucket,
    "mlflow-database": lambda request: f"mlflow+sqlite:///{_folder(request)}/mlflow.db",
    "mlflow-server": lambda request: f"mlflow+{request.getfixturevalue('mlflow_sqlite')['url']}",
    "mlflow-postgres-s3": lambda request: f"mlflow+{request.getfixturevalue('mlflow_postgres_s3')['url']}",
    "wandb": lambda request: request.getfixturevalue("lasting_cloud")("wandb"),
    "vertex": lambda request: request.getfixturevalue("lasting_cloud")("vertex"),
    "sagemaker": lambda request: request.getfixturevalue("lasting_cloud")("sagemaker"),
}
FIRST_TIER = (
    ("memory", "local"),
    ("local", "memory"),
    ("local", "local"),
    ("local", "archive"),
    ("archive", "local"),
)
THERE_AND_BACK = (
    "mlflow-server",
    "wandb",
    "vertex",
    "sagemaker",
)  # from local and home again, ten runs, in the first tier
# What vendors' own packages warn about; each line is one of theirs, none is about us.
THEIRS = (
    "ignore:The ``noload`` loader strategy is deprecated:DeprecationWarning",
    "ignore:.*Any type hint is inferred as AnyType:UserWarning",
)


@dataclass(frozen=True)
class Origin:
    """A data set in memory, and what its runs' and models' digests are."""

    store: Store
    world: World
    runs: dict[str, str]
    models: dict[str, str]


def origin(size: Size, mark: str) -> Origin:
    """Build a data set in memory."""
    store = connect(f"memory://{uuid.uuid4().hex}")
    return described(store, build(store.backend, size, mark))


def described(store: Store, world: World) -> Origin:
    """Take the digests of a data set that lies in a store."""
    *alive, gone = world.runs
    digests = {run: store.runs.digest(run) for run in alive}
    store.runs.restore(gone)
    digests[gone] = store.runs.digest(gone)
    store.runs.delete(gone, force=True)
    return Origin(store, world, digests, {model: store.registry.digest(model) for model in world.models})


def move(source: Store, target: Store, world: World, **options: object) -> Result:
    """Move a data set, and nothing else that may be there."""
    selection = Selection(experiments=tuple(world.experiments), models=tuple(world.models), deleted=True)
    sides = Side.of(source), Side.of(target)
    engine = Threads(*sides, verify=options.pop("verify", "full"), workers=options.pop("workers", 2))
    try:
        return Migration(*sides, selection, verify="full", engine=engine, **options).run()
    finally:
        engine.close()


def bad(result: Result) -> list[object]:
    """Give what is not as it should be."""
    return [(one.kind, one.id, one.failure, one.differences) for one in result.outcomes if not one.good]


def digests(store: Store, known: Origin) -> tuple[dict[str, str], dict[str, str]]:
    """Give the digests that a store has for a data set; its deleted run must be deleted, and is read all the same."""
    gone = known.world.runs[-1]
    assert store.backend.adapter.runs.get([gone])[gone].deleted
    store.runs.restore(gone)
    try:
        runs = {run: store.runs.digest(run) for run in known.runs}
    finally:
        store.runs.delete(gone, force=True)
    return runs, {model: store.registry.digest(model) for model in known.models}
