"""The records of all runs: found, changed, and kept in step with AWS's fields."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from trackbridge.errors import NotFound, Rejected, TrackbridgeError
from trackbridge.records.ids import check_run_id
from trackbridge_sagemaker.documents import Body, Documents
from trackbridge_sagemaker.mirror import Mirror
from trackbridge_sagemaker.names import entity_name
from trackbridge_sagemaker.record import Intent, begin_mirror, end_mirror
from trackbridge_sagemaker.screen import Screen

__all__ = ["Records", "folder_of", "record_key"]

_Result = TypeVar("_Result")

_VERSION_NIBBLE, _UUID5 = 12, "5"


def folder_of(run_id: str) -> str:
    """Give the folder of a run in the bucket."""
    return f"runs/{run_id}/"


class Records:
    """Runs that trackbridge wrote. A purged one is not found; its id stays spent."""

    def __init__(self, documents: Documents, mirror: Mirror) -> None:
        self.documents = documents
        self._mirror = mirror

    def find(self, run_id: str) -> Body | None:
        """Give a run's record as it is now; None where there is none, or it was purged."""
        record = self.documents.read(record_key(run_id))
        return None if record is None or record.get("purged") else record

    def existing(self, run_id: str) -> Body:
        """Do the same; raise `NotFound` where there is none."""
        record = self.find(check_run_id(run_id))
        if record is None:
            raise self._missing(run_id)
        return record

    def change(self, run_id: str, act: Callable[[Body], _Result]) -> _Result:
        """Change what no field of AWS's shows; raise `NotFound` where there is no such run."""

        def change(record: Body) -> _Result:
            if record.get("purged"):
                raise self._missing(run_id)
            return act(record)

        def absent() -> Body:
            raise self._missing(run_id)

        return self.documents.change(record_key(check_run_id(run_id)), change, absent)

    def change_shown(self, run_id: str, act: Callable[[Body], _Result], *, always: bool = False) -> _Result:
        """Change a record, and then AWS's fields, as far as they show what was changed, or `always`.

        Whoever changed the record last sets the fields last: who finds it changed meanwhile sets them once more. Where
        somebody may have died between the two, all fields are looked at.
        """
        result, intent = self.change(run_id, lambda record: begin_mirror(record, act, always=always))
        if intent.nonce is not None:
            self._show(run_id, intent, intent.nonce)
        return result

    def _show(self, run_id: str, intent: Intent, nonce: str) -> None:
        record, before, after = intent.record, intent.before, intent.after
        arn, trial = record["arn"], record["trial"]
        if arn is None or trial is None:
            arn, trial, fresh = self._create(record, after)
            if fresh:
                before = replace(after, params={}, tags={}, inputs={}, ended_ms=None)
        else:
            fresh = False
        if not fresh and record["mirroring"].keys() != {nonce}:
            before = self._seen(run_id, arn).without_outside(before, after, record["history"])
        while True:
            self._mirror.apply(run_id, arn, before, after)
            applied = after
            after = self.change(run_id, lambda held: end_mirror(held, nonce, applied, arn, trial))  # noqa: B023 - called at once
            if after == applied:
                return
            before = applied

    def _create(self, record: Body, screen: Screen) -> tuple[str, str, bool]:
        folder = self.documents.bucket.uri(folder_of(record["id"]))
        return self._mirror.create(record, entity_name(record["experiment"]), screen, folder)

    def _seen(self, run_id: str, arn: str) -> Screen:
        described = self._mirror.describe(run_id)
        if described is None:
            raise NotFound(f"the trial component of run {run_id} is gone", clause="R1")
        return self._mirror.shown(described, self._mirror.tags(arn))

    def _missing(self, run_id: str) -> TrackbridgeError:
        if run_id[_VERSION_NIBBLE] == _UUID5:
            return Rejected(
                f"run {run_id} has no record in {self.documents.bucket.uri('')}: trackbridge did not write it",
                clause="R1",
                remedy="Read it here; change it with the client that it was written by.",
            )
        return NotFound(f"there is no run {run_id} in {self.documents.bucket.uri('')}", clause="R1")


def record_key(run_id: str) -> str:
    """Give the key of a run's record."""
    return f"{folder_of(run_id)}run.json"
