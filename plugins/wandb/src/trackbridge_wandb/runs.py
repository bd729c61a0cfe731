"""Runs (R1–R9): W&B's own under the same id, in the project that is the experiment."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from types import MappingProxyType
from typing import Any, Final

from trackbridge.errors import Conflict
from trackbridge.protocol import NativeRun, Opened, Refused, Scan
from trackbridge.records.values import ParamValue, same_value
from trackbridge.records.writes import RunHeader, RunWrites, StatusWrite
from trackbridge_wandb.client import Client
from trackbridge_wandb.delivery import end, revive
from trackbridge_wandb.document import OWN, Document
from trackbridge_wandb.experiments import Experiments
from trackbridge_wandb.finding import Finder
from trackbridge_wandb.ledger import Ledger
from trackbridge_wandb.lineage import Lineage
from trackbridge_wandb.logged import Logged
from trackbridge_wandb.naming import project_name
from trackbridge_wandb.native import EXIT_CODES, apply, mark_deleted, native_path, native_run
from trackbridge_wandb.streams import STREAM, Stream, Streams

__all__ = ["ITEMS_PER_WRITE", "Runs"]

ITEMS_PER_WRITE: Final = 1_000

_RUNS_PER_LOOK: Final = 25

_HEADER_S: Final = 10.0  # how long the maker of a run may take between making it and saying what it is
_POLL_S: Final = 0.1


class Runs:
    """See `trackbridge.protocol.RunStore`."""

    def __init__(
        self,
        client: Client,
        ledger: Ledger,
        experiments: Experiments,
        finder: Finder,
        streams: Streams,
        *,
        logged: Logged,
    ) -> None:
        self._client = client
        self._ledger = ledger
        self._experiments = experiments
        self._finder = finder
        self._streams = streams
        self._logged = logged
        self._lineage = Lineage(client)

    def create(self, header: RunHeader, *, name: str | None = None) -> Opened:
        """Create the run if absent."""
        found = self._finder.find(header.id)
        if found and _is_whole(found[0], header.id):
            record = self._record(header.id, found)
            if record.deleted:
                raise Conflict(f"the run {header.id} was deleted", clause="R5", remedy="Restore it, or take a new id.")
            return Opened(record.native_id, record.urls, created=False)
        if not found and self._finder.is_spent(header.id):
            raise Conflict(f"the run {header.id} was purged: its id is spent", clause="R7", remedy="Take a new id.")
        project = found[0]["project_name"] if found else project_name(header.experiment)
        if not found:
            self._finder.register(header.id, project)
            self._client.upsert(project, header.id)
        made = self._head(header, project, name)
        native = {"project_name": project, "name": header.id}
        return Opened(native_path(native), self._urls(native), created=made)

    def _head(self, header: RunHeader, project: str, name: str | None) -> bool:
        """Say what a new run is, unless another process does; whether it was this one."""
        generation = 1
        deadline = time.monotonic() + _HEADER_S
        while True:
            stream = self._streams.first(header.id, project, generation)
            if stream is not None:
                document = Document(None)
                own = {"format": 1, "id": header.id, "started_ms": header.started_ms, "parent": header.parent}
                document.set(OWN, {**own, "stream": 0, "status": "RUNNING"})
                document.chart_by_step()
                self._streams.store(stream, document, displayName=name or header.id, groupName=header.parent)
                return True
            native = self._client.run(project, header.id)
            if native is not None and _is_whole(native, header.id):
                return False
            if time.monotonic() > deadline:  # whoever claimed it has died
                generation += 1
                deadline += _HEADER_S
            time.sleep(_POLL_S)

    def claim_epoch(self, run_id: str, epoch: int) -> bool:
        """Claim an owner epoch if nobody has; False if it is taken (R5)."""
        self._finder.place(run_id)
        if not self._ledger.claim(f"{run_id}-e{epoch}"):
            return False
        with self._streams.writing(run_id) as stream:
            document, _ = self._streams.document(stream)
            document.set(OWN, {**document.own, "epoch": max(epoch, int(document.own.get("epoch", 0)))})
            self._streams.store(stream, document)
        return True

    def write(self, run_id: str, writes: RunWrites) -> tuple[Refused, ...]:
        """Apply a batch; give what was refused."""
        with self._streams.writing(run_id, brief=True) as stream:
            document, native = self._streams.document(stream)
            refused = self._taken(run_id, stream, document, writes.params)
            lost = {one.name for one in refused}
            params = {name: value for name, value in writes.params.items() if name not in lost}
            for dataset in writes.datasets:
                self._lineage.use(stream.project, stream.name, dataset)
            fields = apply(
                document, native, RunWrites(params, writes.tags, writes.attributes, writes.datasets, writes.status)
            )
            ended = False
            if writes.status is not None:
                ended = self._set_status(stream, document, writes.status)
            self._streams.store(stream, document, released=ended or stream.brief, **fields)
        return tuple(refused)

    def _taken(
        self, run_id: str, stream: Stream, document: Document, params: Mapping[str, ParamValue]
    ) -> list[Refused]:
        """Give the params that have another value already, here or by another writer (P3)."""
        if not params:
            return []
        known = document.params
        for native in self._finder.find(run_id):
            if native["name"] != stream.name:
                known = {**Document(native["config"]).params, **known}
        return [
            Refused("param", name, f"it already has the value {str(known[name])[:80]!r}", "P3")
            for name, value in params.items()
            if name in known and not same_value(known[name], value)
        ]

    def _set_status(self, stream: Stream, document: Document, write: StatusWrite) -> bool:
        """Show a status in W&B's own state; whether it is an end."""
        ended = write.status != "RUNNING"
        if ended:
            end(self._client, stream, EXIT_CODES[write.status])
        else:
            revive(self._client, stream)
        state = {"status": write.status, "ended_ms": write.ended_ms if ended else None, "status_ns": time.time_ns()}
        document.set(OWN, {**document.own, **state})
        return ended

    def get(self, run_ids: Sequence[str]) -> dict[str, NativeRun]:
        """Give the runs of these ids, deleted ones too; an unknown id is left out."""
        found = {
            run_id: natives
            for run_id, natives in self._finder.several(run_ids).items()
            if natives and natives[0]["jobType"] != STREAM
        }
        lost = self._logged.not_carried(natives[0] for natives in found.values())
        return {run_id: self._record(run_id, natives, lost) for run_id, natives in found.items()}

    def scan(self, scan: Scan) -> Iterator[NativeRun]:
        """Go through runs, project by project and by creation, each once."""
        shared = self._finder.shared_projects()
        for project in self._experiments.projects(scan.experiments):
            others = self._finder.streams(project) if project in shared else {}
            shown = (native for native in self._client.runs(project) if native["jobType"] != STREAM)
            while some := list(islice(shown, _RUNS_PER_LOOK)):
                lost = self._logged.not_carried(some)
                for native in some:
                    run_id = self._finder.run_id(native)
                    record = self._record(run_id, [native, *others.get(run_id, ())], lost)
                    if record.deleted == (scan.deleted == "only"):
                        yield record

    def set_deleted(self, run_id: str, *, deleted: bool) -> None:
        """Delete or restore (R7)."""
        if self._record(run_id, self._finder.existing(run_id)).deleted == deleted:
            return
        with self._streams.writing(run_id, brief=True) as stream:
            document, native = self._streams.document(stream)
            fields = mark_deleted(document, native, deleted, time.time_ns())
            self._streams.store(stream, document, released=stream.brief, **fields)

    def purge(self, run_id: str) -> None:
        """Remove the run and all it has, physically; its id stays spent (R7)."""
        project, _ = self._finder.place(run_id) if not self._finder.is_spent(run_id) else ("", "")
        if not project:
            return
        natives = self._finder.find(run_id)
        self._finder.spend(run_id, project)
        self._streams.drop(run_id)
        for native in natives:
            self._client.delete_run(native["id"])

    def _record(
        self,
        run_id: str,
        natives: Sequence[dict[str, Any]],
        lost: Mapping[tuple[str, str], Sequence[str]] = MappingProxyType({}),
    ) -> NativeRun:
        head = natives[0]
        experiment = self._experiments.name_of(head["project_name"])
        named = lost.get((head["project_name"], head["name"]), ())
        return native_run(run_id, natives, experiment, self._urls(head), named)

    def _urls(self, native: Mapping[str, Any]) -> tuple[str, ...]:
        address = self._client.address
        return (f"{address.app_url}/{address.entity}/{native['project_name']}/runs/{native['name']}",)


def _is_whole(native: Mapping[str, Any], run_id: str) -> bool:
    """Tell whether a run says what it is; one of ours that does not is in the making."""
    return native["name"] != run_id or "id" in Document(native["config"]).own
