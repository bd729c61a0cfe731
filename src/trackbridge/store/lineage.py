"""Where a model comes from, and what came of a data set: data → run → model, both ways, over several backends (D2)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from trackbridge.errors import NotFound
from trackbridge.records.datasets import DatasetRecord
from trackbridge.records.models import ModelVersion
from trackbridge.records.names import shown
from trackbridge.records.runs import RunRecord
from trackbridge.store.connection import Store

__all__ = ["DataNode", "ModelNode", "RunNode", "Way", "data_lineage", "model_lineage", "run_lineage"]

Way = Literal["up", "down"]
BOTH: Final[tuple[Way, Way]] = ("up", "down")


@dataclass(frozen=True, slots=True)
class DataNode:
    """A data set, with the runs that used it where that was asked for."""

    dataset: DatasetRecord
    runs: tuple[RunNode, ...] = ()


@dataclass(frozen=True, slots=True)
class ModelNode:
    """A model version at one backend, with the run that made it where that was asked for."""

    version: ModelVersion
    backend: str
    run: RunNode | None = None


@dataclass(frozen=True, slots=True)
class RunNode:
    """A run, at all the backends that have it.

    `data` is what it used, `models` what was made of it, as far as that was asked for; `parent` the id of the run around it.
    """

    id: str
    name: str | None
    experiment: str
    status: str
    backends: tuple[str, ...]
    parent: str | None
    data: tuple[DatasetRecord, ...] = ()
    models: tuple[ModelNode, ...] = ()


def run_lineage(stores: Mapping[str, Store], run_id: str, ways: Sequence[Way] = BOTH) -> RunNode:
    """Give a run with the data sets that it used and the versions made of it.

    Args:
        stores: The backends to look at, by name.
        run_id: The run.
        ways: "up" for the data, "down" for the models.

    Raises:
        NotFound: none of the backends has the run.
    """
    found = {name: run for name, store in stores.items() if (run := _run(store, run_id)) is not None}
    if not found:
        raise NotFound(f"no run {run_id} in {', '.join(stores)}", clause="R1")
    return _node(stores, found, ways)


def model_lineage(stores: Mapping[str, Store], model: str, which: int | str) -> tuple[ModelNode, ...]:
    """Give a version, at every backend that has it, with its run and the run's data sets.

    Args:
        stores: The backends to look at, by name.
        model: The model's name.
        which: A number, an alias, or a stage.

    Raises:
        NotFound: none of the backends has it.
    """
    nodes = []
    for name, store in stores.items():
        try:
            version = store.registry.get(model, which)
        except NotFound:
            continue
        nodes.append(ModelNode(version, name, _maker(stores, version)))
    if not nodes:
        raise NotFound(f"no version {which} of model {shown(model)} in {', '.join(stores)}", clause="G1")
    return tuple(nodes)


def data_lineage(stores: Mapping[str, Store], digest: str) -> DataNode:
    """Give what is known of the data of a digest, with the runs that used it and the versions made of them.

    Args:
        stores: The backends to look at, by name.
        digest: ``algorithm:hex``.

    Raises:
        NotFound: no run of any of the backends used it.
    """
    found: dict[str, dict[str, RunRecord]] = {}
    quoted = digest.replace("'", "''")
    for name, store in stores.items():
        for run in store.runs.search(f"datasets.digest = '{quoted}'", order_by=["started", "id"]):
            found.setdefault(run.id, {})[name] = run
    if not found:
        raise NotFound(f"no run in {', '.join(stores)} used data of the digest {shown(digest)}", clause="D2")
    first = next(iter(next(iter(found.values())).values()))
    dataset = next(each for each in first.datasets if each.digest == digest)
    return DataNode(dataset, tuple(_node(stores, places, ("down",)) for places in found.values()))


def _run(store: Store, run_id: str) -> RunRecord | None:
    try:
        return store.runs.get(run_id)
    except NotFound:
        return None


def _maker(stores: Mapping[str, Store], version: ModelVersion) -> RunNode | None:
    if version.run_id is None:
        return None
    try:
        return run_lineage(stores, version.run_id, ("up",))
    except NotFound:
        return None


def _node(stores: Mapping[str, Store], found: Mapping[str, RunRecord], ways: Sequence[Way]) -> RunNode:
    run = next(iter(found.values()))
    data = {dataset.key: dataset for record in found.values() for dataset in record.datasets} if "up" in ways else {}
    models = tuple(_models(stores, run.id)) if "down" in ways else ()
    return RunNode(run.id, run.name, run.experiment, run.status, tuple(found), run.parent, tuple(data.values()), models)


def _models(stores: Mapping[str, Store], run_id: str) -> Iterator[ModelNode]:
    for name, store in stores.items():
        for model, number in store.registry.versions_of_run(run_id):
            yield ModelNode(store.registry.get(model, number), name)
