"""A new run in as few requests as MLflow allows: one that makes it with its tags, then full batches of points."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain, islice
from typing import Final

from trackbridge.protocol import PlainBulk, Refused, Scope
from trackbridge.records.metrics import MetricPoint
from trackbridge.records.writes import RunHeader, RunWrites
from trackbridge_mlflow.artifacts import Artifacts
from trackbridge_mlflow.client import Client
from trackbridge_mlflow.finding import Finder
from trackbridge_mlflow.inline import RUN_CHUNK_CHARS, object_tags
from trackbridge_mlflow.objects import INLINE_TAGS, Objects
from trackbridge_mlflow.runs import ITEMS_PER_BATCH, Runs, native_labels

__all__ = ["Bulk"]

_ENTITIES_PER_BATCH: Final = 1_000  # params and points together
_PARAM_CHARS: Final = 20_000  # of all params in a batch with points, so that it stays below MLflow's 10^6 bytes
_BIRTH_TAGS: Final = 90
_BIRTH_CHARS: Final = 120_000


class Bulk:
    """See `trackbridge.protocol.BulkStore`. A run that is there already is loaded like a live one."""

    def __init__(
        self, client: Client, finder: Finder, *, runs: Runs, objects: Objects, artifacts: Artifacts, plain: PlainBulk
    ) -> None:
        self._client = client
        self._finder = finder
        self._runs = runs
        self._objects = objects
        self._artifacts = artifacts
        self._plain = plain

    def load(
        self,
        header: RunHeader,
        writes: RunWrites,
        points: Iterable[Sequence[MetricPoint]],
        *,
        objects: Iterable[tuple[str, bytes]] = (),
    ) -> tuple[Refused, ...]:
        """Create a run with all that is small and all its points."""
        if self._finder.find(header.id):
            return self._plain.load(header, writes, points, objects=objects)
        tags, _, name = native_labels(writes)
        birth = self._runs.birth_tags(header)
        waiting = iter(objects)
        ahead = _take_small(birth, waiting)
        if ahead is None:
            _take(birth, tags)
        run = self._runs.give_birth(header, None if name is None else str(name.value or header.id), birth)
        native = str(run.info.run_id)
        self._finder.remember(header.id, [run])
        self._artifacts.begin(native, run.info.artifact_uri)
        for object_name, data in chain(() if ahead is None else (ahead,), waiting):
            self._objects.put(Scope("run", header.id), object_name, data)
        if rest := {key: value for key, value in tags.items() if key not in birth}:
            self._runs.set_tags(native, rest)
        return self._fill(header.id, native, writes, points)

    def _fill(
        self, run_id: str, native: str, writes: RunWrites, points: Iterable[Sequence[MetricPoint]]
    ) -> tuple[Refused, ...]:
        """Log params with the first points, then the other points, each batch as full as can be; the rest as ever."""
        params = {key: str(value) for key, value in writes.params.items()}
        fits = len(params) <= ITEMS_PER_BATCH and sum(len(key) + len(params[key]) for key in params) <= _PARAM_CHARS
        first = params if fits else {}
        stream = chain.from_iterable(points)
        left = writes.params
        if batch := list(islice(stream, _ENTITIES_PER_BATCH - len(first))):
            self._client.log_batch(native, first, batch)
            left = {} if fits else left
        while batch := list(islice(stream, _ENTITIES_PER_BATCH)):
            self._client.log_batch(native, {}, batch)
        rest = replace(writes, params=left, tags=(), attributes=())
        return self._runs.write(run_id, rest) if rest else ()


def _take_small(birth: dict[str, str], objects: Iterator[tuple[str, bytes]]) -> tuple[str, bytes] | None:
    """Take objects among the tags that a run is made with, as long as they fit; give the first that does not."""
    for name, data in objects:
        tags = object_tags(name, data, chars=RUN_CHUNK_CHARS)
        if len(tags) > INLINE_TAGS or not _has_room(birth, tags):
            return name, data
        birth |= tags
    return None


def _take(birth: dict[str, str], tags: Mapping[str, str]) -> None:
    for key, value in tags.items():
        if _has_room(birth, {key: value}):
            birth[key] = value


def _has_room(birth: Mapping[str, str], more: Mapping[str, str]) -> bool:
    chars = sum(len(key) + len(value) for tags in (birth, more) for key, value in tags.items())
    return len(birth) + len(more) <= _BIRTH_TAGS and chars <= _BIRTH_CHARS
