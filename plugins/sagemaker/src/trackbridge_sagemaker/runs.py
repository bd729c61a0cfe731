"""Runs (R1–R9): a record in the bucket, mirrored by a trial component."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Any, Final
from uuid import uuid4

from trackbridge.errors import NotFound
from trackbridge.protocol import NativeRun, Opened, Refused, Scan
from trackbridge.records.ids import check_run_id
from trackbridge.records.writes import RunHeader, RunWrites
from trackbridge_sagemaker.client import Client
from trackbridge_sagemaker.documents import Body
from trackbridge_sagemaker.experiments import Experiments
from trackbridge_sagemaker.foreign import Foreign
from trackbridge_sagemaker.lineage import Lineage
from trackbridge_sagemaker.mirror import Mirror
from trackbridge_sagemaker.names import digest, run_id_in
from trackbridge_sagemaker.reading import differs, native_run
from trackbridge_sagemaker.record import PURGED, apply_writes, check_living, new_record
from trackbridge_sagemaker.records import Records, folder_of, record_key
from trackbridge_sagemaker.screen import Screen

__all__ = ["Runs"]

_AT_ONCE: Final = 8
_PAGE: Final = 100


class Runs:
    """See `trackbridge.protocol.RunStore`."""

    def __init__(
        self, client: Client, experiments: Experiments, records: Records, mirror: Mirror, foreign: Foreign
    ) -> None:
        self._client = client
        self._experiments = experiments
        self._records = records
        self._documents = records.documents
        self._bucket = records.documents.bucket
        self._mirror = mirror
        self._foreign = foreign
        self._lineage = Lineage(client)

    def create(self, header: RunHeader, *, name: str | None = None) -> Opened:
        """Create the run if absent (R1)."""
        key = record_key(check_run_id(header.id))
        self._experiments.require(header.experiment)
        created = self._documents.create(key, new_record(header, name))
        record = None if created else self._documents.read(key)
        if record is not None:
            check_living(record, header.id)
        if record is None or record["arn"] is None:
            self._bucket.put(_listing_key(header.experiment, header.id), b"")
            self._records.change_shown(header.id, lambda _: None, always=True)
            record = self._records.existing(header.id)
        return Opened(record["arn"], self._urls(header.id), created=created)

    def claim_epoch(self, run_id: str, epoch: int) -> bool:
        """Claim an owner epoch if nobody has; False if it is taken (R5)."""
        nonce = uuid4().hex
        holder: str = self._records.change(run_id, lambda record: record["epochs"].setdefault(str(epoch), nonce))
        return holder == nonce

    def write(self, run_id: str, writes: RunWrites) -> tuple[Refused, ...]:
        """Apply a batch; give what was refused."""
        if not writes:
            return ()
        refused = self._records.change_shown(run_id, lambda record: apply_writes(record, writes))
        if writes.datasets:
            self._lineage.link(self._records.existing(run_id)["arn"], writes.datasets)
        return tuple(refused)

    def get(self, run_ids: Sequence[str]) -> dict[str, NativeRun]:
        """Give the runs of these ids, deleted ones too; an unknown id is left out."""
        with ThreadPoolExecutor(min(_AT_ONCE, max(1, len(run_ids)))) as pool:
            found = list(pool.map(self._get, run_ids))
        return {run.id: run for run in found if run is not None}

    def _get(self, run_id: str) -> NativeRun | None:
        record = self._documents.read(record_key(check_run_id(run_id)))
        if record is None:
            return self._foreign.find(run_id, self._experiments.native_names(None))
        if record.get("purged"):
            return None
        return native_run(record, self._seen(record), self._urls(run_id))

    def _seen(self, record: Body) -> Screen | None:
        described = None if record["arn"] is None else self._mirror.describe(record["id"])
        return None if described is None else self._mirror.shown(described, self._mirror.tags(record["arn"]))

    def scan(self, scan: Scan) -> Iterator[NativeRun]:
        """Go through the runs of each experiment: SageMaker's search first, then those that it does not know yet."""
        for native, name in self._experiments.native_names(scan.experiments):
            yield from self._scan_experiment(native, name, deleted=scan.deleted == "only")

    def _scan_experiment(self, native: str, name: str, *, deleted: bool) -> Iterator[NativeRun]:
        seen: set[str] = set()
        found = self._search(native)
        while some := list(islice(found, _PAGE)):
            ours = {}
            for component in some:
                run_id = run_id_in(component["TrialComponentName"])
                if run_id is None and not deleted:
                    run = self._foreign.read(component, _tags(component), name)
                    if run.id not in seen:
                        seen.add(run.id)
                        yield run
                elif run_id is not None and run_id not in seen:
                    seen.add(run_id)
                    ours[run_id] = component
            yield from self._read_all(name, ours, deleted=deleted)
        listed = (key.rpartition("/")[2] for key, _ in self._bucket.list(_listing_key(name, "")))
        rest = (run_id for run_id in listed if run_id not in seen)
        while some_ids := list(islice(rest, _PAGE)):
            yield from self._read_all(name, dict.fromkeys(some_ids), deleted=deleted)

    def _search(self, native: str) -> Iterator[dict[str, Any]]:
        where = {"Filters": [{"Name": "Parents.ExperimentName", "Operator": "Equals", "Value": native}]}
        found = self._client.pages("search", "Results", Resource="ExperimentTrialComponent", SearchExpression=where)
        return (one["TrialComponent"] for one in found if "TrialComponent" in one)

    def _read_all(
        self, name: str, components: Mapping[str, dict[str, Any] | None], *, deleted: bool
    ) -> Iterator[NativeRun]:
        def read(run_id: str) -> NativeRun | None:
            record, component = self._documents.read(record_key(run_id)), components[run_id]
            if record is None and component is not None and not deleted:
                return self._foreign.read(component, _tags(component), name)
            if record is None or record.get("purged") or record["experiment"] != name or record["deleted"] != deleted:
                return None
            screen = None if component is None else self._mirror.shown(component, _tags(component))
            if screen is not None and differs(record, screen):
                screen = self._seen(record)  # the search lags behind, or a colleague was at work: ask once more
            return native_run(record, screen, self._urls(run_id))

        with ThreadPoolExecutor(_AT_ONCE) as pool:
            yield from filter(None, pool.map(read, components))

    def set_deleted(self, run_id: str, *, deleted: bool) -> None:
        """Delete or restore (R7): SageMaker keeps no tombstones, so that a tag says it."""

        def change(record: Body) -> None:
            record["deleted"] = deleted

        self._records.change_shown(run_id, change)

    def purge(self, run_id: str) -> None:
        """Remove the run and all it has, physically; its id stays spent (R7)."""
        record = self._documents.read(record_key(check_run_id(run_id)))
        if record is None:
            raise NotFound(f"there is no run {run_id} in {self._client.address.shown}", clause="R1")

        def change(held: Body) -> None:
            held.clear()
            held.update(PURGED)

        self._documents.change(record_key(run_id), change, lambda: dict(PURGED))
        self._mirror.remove(run_id, record.get("trial") or "")
        self._bucket.delete_all(folder_of(run_id), but=record_key(run_id))
        if "experiment" in record:
            self._bucket.delete(_listing_key(record["experiment"], run_id))

    def _urls(self, run_id: str) -> tuple[str, ...]:
        address = self._client.address
        if address.s3_endpoint_url is not None:
            return ()
        prefix = f"{address.prefix}/{folder_of(run_id)}" if address.prefix else folder_of(run_id)
        return (f"https://{address.region}.console.aws.amazon.com/s3/buckets/{address.bucket}?prefix={prefix}",)


def _listing_key(experiment: str, run_id: str) -> str:
    return f"experiments/{digest(experiment, 32)}/runs/{run_id}"


def _tags(component: dict[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in component.get("Tags", ())}
