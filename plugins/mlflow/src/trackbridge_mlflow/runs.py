"""Runs (R1–R9): MLflow's own, found by a tag, for MLflow ignores an id that a client brings (#12780)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from itertools import groupby, islice
from typing import Any, Final
from uuid import uuid4

from trackbridge.errors import Conflict, NotFound, Rejected, Unsupported
from trackbridge.protocol import NativeRun, Opened, Refused, Scan
from trackbridge.query import And, Compare, Expression
from trackbridge.records.writes import AttributeWrite, RunHeader, RunWrites, StatusWrite
from trackbridge_mlflow.artifacts import Artifacts
from trackbridge_mlflow.client import Client
from trackbridge_mlflow.experiments import Experiments
from trackbridge_mlflow.finding import Finder
from trackbridge_mlflow.ledger import Ledger, claim
from trackbridge_mlflow.native import NAME, PARENT_TAG, attribute_tag, merged, native_dataset, native_run, run_id_of
from trackbridge_mlflow.tags import EPOCH, ID, PARENT
from trackbridge_mlflow.twins import elect, precedence

__all__ = ["ITEMS_PER_BATCH", "Runs", "native_labels"]

ITEMS_PER_BATCH: Final = 100  # params, and tags, in one request of MLflow's
_BODY_BYTES: Final = 700_000  # MLflow refuses a batch of more than 10^6 bytes


class Runs:
    """See `trackbridge.protocol.RunStore`."""

    def __init__(
        self, client: Client, experiments: Experiments, finder: Finder, ledger: Ledger, artifacts: Artifacts
    ) -> None:
        self._client = client
        self._experiments = experiments
        self._finder = finder
        self._ledger = ledger
        self._artifacts = artifacts
        self._births: dict[str, str] = {}  # MLflow's ids of experiments that runs were made in

    def create(self, header: RunHeader, *, name: str | None = None) -> Opened:
        """Create the run if absent."""
        found = self._finder.find(header.id)
        if not found:
            self._create(header, name)
            self._finder.look_again(header.id)
        foreign = bool(found) and ID not in found[0].data.tags  # it has no twin, and is left as it is
        find = partial(self._active, header.id)
        leader = find()[0] if foreign else elect(self._client, find)
        return Opened(leader.info.run_id, self._urls(leader), created=not found)

    def _active(self, run_id: str) -> list[Any]:
        self._finder.look_again(run_id)  # an election has to see what others do meanwhile, within a glance too
        found = self._finder.find(run_id)
        if found[0].info.lifecycle_stage != "active":
            raise Conflict(f"the run {run_id} was deleted", clause="R5", remedy="Restore it, or take a new id.")
        return found

    def birth_tags(self, header: RunHeader) -> dict[str, str]:
        """Give the tags that a run is made with."""
        tags = {ID: header.id}
        if header.parent is not None:
            tags[PARENT] = header.parent
            with suppress(NotFound):  # the parent may arrive later, or never: ours is the tag that counts
                tags[PARENT_TAG] = self._finder.natives(header.parent)[0]
        return tags

    def _create(self, header: RunHeader, name: str | None) -> None:
        self.give_birth(header, name, self.birth_tags(header))

    def give_birth(self, header: RunHeader, name: str | None, tags: Mapping[str, str]) -> Any:
        """Make one of MLflow's runs with these tags; give MLflow's record of it."""
        from mlflow.entities import RunTag

        known = self._births.get(header.experiment)
        native_tags = [RunTag(key, value) for key, value in tags.items()]
        shown = name or header.id  # MLflow would make up a name of its own
        if known is not None:
            with suppress(NotFound, Conflict, Rejected):  # it was deleted since
                return self._client.tracking.create_run(known, "", header.started_ms, native_tags, shown)
        found = self._experiments.ids([header.experiment])
        if not found:
            raise NotFound(f"there is no experiment {header.experiment!r}", clause="R2")
        run = self._client.tracking.create_run(found[0], "", header.started_ms, native_tags, shown)
        self._births[header.experiment] = str(found[0])
        return run

    def claim_epoch(self, run_id: str, epoch: int) -> bool:
        """Claim an owner epoch if nobody has; False if it is taken (R5)."""
        nonce = uuid4().hex
        won: set[str] = set()
        while True:
            # All twins must be won: whoever knows of one only loses it to whoever knows of both.
            fresh = [run.info.run_id for run in self._finder.existing(run_id) if run.info.run_id not in won]
            if not fresh:
                return True
            for native in fresh:
                if not claim(self._client, native, f"{EPOCH}{epoch}", nonce):
                    return False
                won.add(native)

    def write(self, run_id: str, writes: RunWrites) -> tuple[Refused, ...]:
        """Apply a batch; give what was refused."""
        native = self._finder.natives(run_id)[0]
        tags, gone, name = native_labels(writes)
        if writes.datasets:
            self._client.tracking.log_inputs(native, [native_dataset(dataset) for dataset in writes.datasets])
        refused = self._log(native, {key: str(value) for key, value in writes.params.items()}, tags)
        for tag in gone:
            self._delete_tag(native, tag)
        if name is not None:
            self._client.tracking.update_run_info(native, None, None, str(name.value or run_id))
        if writes.status is not None:
            self._set_status(native, writes.status)
        return tuple(refused)

    def _log(self, native: str, params: Mapping[str, str], tags: Mapping[str, str]) -> list[Refused]:
        refused: list[Refused] = []
        for some_params, some_tags in _batches(params, tags):
            try:
                self._log_batch(native, some_params, some_tags)
            except Rejected:
                # One param that has another value already has MLflow refuse the whole batch (P3).
                there = self._client.tracking.get_run(native).data.params
                lost = {key: value for key, value in some_params.items() if there.get(key, value) != value}
                if not lost:
                    raise
                refused += [
                    Refused("param", key, f"it already has the value {there[key][:80]!r}", "P3") for key in lost
                ]
                rest = {key: value for key, value in some_params.items() if key not in lost}
                self._log_batch(native, rest, some_tags)
        return refused

    def _log_batch(self, native: str, params: Mapping[str, str], tags: Mapping[str, str]) -> None:
        from mlflow.entities import Param, RunTag

        self._client.tracking.log_batch(
            native,
            [],
            [Param(key, value) for key, value in params.items()],
            [RunTag(key, value) for key, value in tags.items()],
        )

    def set_tags(self, native: str, tags: Mapping[str, str]) -> None:
        """Set MLflow's own tags of a native run."""
        self._log(native, {}, tags)

    def _delete_tag(self, native: str, key: str) -> None:
        try:
            self._client.tracking.delete_tag(native, key)
        except NotFound:
            return  # deleted before

    def _set_status(self, native: str, write: StatusWrite) -> None:
        from mlflow.entities import RunStatus

        ended_ms = None if write.status == "RUNNING" else write.ended_ms
        self._client.tracking.update_run_info(native, RunStatus.from_string(write.status), ended_ms, None)

    def get(self, run_ids: Sequence[str]) -> dict[str, NativeRun]:
        """Give the runs of these ids, deleted ones too; an unknown id is left out."""
        if len(run_ids) == 1:
            try:
                found = self._finder.find(run_ids[0])
            except Conflict:
                found = []
        else:
            found = self._finder.several(run_ids)
        by_id: dict[str, list[NativeRun]] = {}
        for run in sorted(found, key=precedence):
            record = self._record(run)
            by_id.setdefault(record.id, []).append(record)
        return {run_id: merged(by_id[run_id]) for run_id in run_ids if run_id in by_id}

    def scan(self, scan: Scan) -> Iterator[NativeRun]:
        """Go through runs by start time, each once."""
        ids = self._experiments.ids(scan.experiments)
        found = self._client.runs(ids, _narrowed(scan.where), deleted=scan.deleted == "only")
        for _, moment in groupby(found, key=lambda run: run.info.start_time):
            twins: dict[str, list[Any]] = {}  # twins have one start time
            for run in moment:
                twins.setdefault(run_id_of(run), []).append(run)
            for run_id, runs in twins.items():
                runs.sort(key=precedence)
                self._finder.remember(run_id, runs)
                yield merged([self._record(run) for run in runs])

    def set_deleted(self, run_id: str, *, deleted: bool) -> None:
        """Delete or restore (R7)."""
        for run in self._finder.existing(run_id):
            if (run.info.lifecycle_stage != "active") == deleted:
                continue
            if deleted:
                self._client.tracking.delete_run(run.info.run_id)
            else:
                self._client.tracking.restore_run(run.info.run_id)

    def purge(self, run_id: str) -> None:
        """Remove the run and all it has, physically; its id stays spent (R7)."""
        if self._client.address.is_server:
            raise Unsupported(
                "MLflow's REST API cannot remove a run for good",
                capability="purge",
                clause="R7",
                remedy="Open the server's database as mlflow+postgresql:// or mlflow+sqlite://, or run `mlflow gc`.",
            )
        left, spent = self._finder.tagged(run_id)
        natives = [run.info.run_id for run in left] if left or spent else self._finder.natives(run_id)
        self._ledger.spend(run_id)
        for native in natives:
            self._artifacts.remove_all(native)
            self._client.tracking._hard_delete_run(native)  # noqa: SLF001 - what `mlflow gc` calls; there is no other
        self._finder.forget(run_id)

    def _record(self, run: Any) -> NativeRun:
        experiment = self._client.experiment_name(run.info.experiment_id)
        return native_run(run, experiment, self._finder.run_id, self._urls(run))

    def _urls(self, run: Any) -> tuple[str, ...]:
        address = self._client.address
        if (
            not address.is_server or address.is_managed
        ):  # a managed one's pages are opened by a signed link of the moment
            return ()
        return (f"{address.tracking_uri}/#/experiments/{run.info.experiment_id}/runs/{run.info.run_id}",)


def native_labels(writes: RunWrites) -> tuple[dict[str, str], list[str], AttributeWrite | None]:
    """Give the native tags that a batch sets, the keys of those it deletes, and the write of the run's name if any."""
    gone = [write.name for write in writes.tags if write.value is None]
    tags = {write.name: write.value for write in writes.tags if write.value is not None}
    name: AttributeWrite | None = None
    for attribute in writes.attributes:
        if attribute.name == NAME:
            name = attribute
        elif attribute.value is None:
            gone.append(attribute_tag(attribute.name))
        else:
            tags[attribute_tag(attribute.name)] = str(attribute.value)
    return tags, gone, name


def _batches(params: Mapping[str, str], tags: Mapping[str, str]) -> Iterator[tuple[dict[str, str], dict[str, str]]]:
    """Cut params and tags to batches within MLflow's counts and bytes; params first, for they can be refused."""
    items = [(0, key, value) for key, value in params.items()] + [(1, key, value) for key, value in tags.items()]
    iterator = iter(items)
    while some := list(islice(iterator, ITEMS_PER_BATCH)):
        batch: tuple[dict[str, str], dict[str, str]] = ({}, {})
        size = 0
        for which, key, value in some:
            cost = 40 + 6 * len(key) + 6 * len(value)  # JSON may need six bytes for a character
            if size and size + cost > _BODY_BYTES:
                yield batch
                batch, size = ({}, {}), 0
            batch[which][key] = value
            size += cost
        yield batch


def _narrowed(where: Expression | None) -> str:
    """Give what of a search MLflow can settle and no sidecar could hold: the start time."""
    match where:
        case And(parts):
            return " and ".join(filter(None, map(_narrowed, parts)))
        case Compare(field, operator, int(value)) if field.family == "run" and field.name == "started":
            return f"attributes.start_time {operator} {value}" if operator in _NUMERIC else ""
    return ""


_NUMERIC: Final = frozenset({"=", "!=", "<", "<=", ">", ">="})
