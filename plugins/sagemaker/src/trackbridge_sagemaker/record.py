"""A run's record: one document in the bucket with all that is small, and pure functions over it (R1–R9, P3, T1, D1).

=============  =======================================================================================================
``id``, ``experiment``, ``parent``, ``started_ms``, ``label``: what the run was born with
``status``     [epoch, status, ended_ms, stamp]
``epochs``     who claimed which: {epoch: nonce}
``params``     {name: [typed pair, n]}, n counting their arrival
``tags``       {name: [value or None, stamp, n]}
``attributes`` {name: [typed pair or None, stamp]}
``datasets``   {hash of its key: fields}
``segments``   {object name: what `segments.describe` says}
``objects``    {name: base64 text, or the size of an object of its own}
``deleted``    whether it is
``arn``, ``trial``  of its trial component, once that is there
``mirroring``  {nonce: since when} of those at work on AWS's fields
``history``    {label: values} that these fields may show meanwhile
=============  =======================================================================================================
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar
from uuid import uuid4

from trackbridge.errors import Conflict
from trackbridge.protocol import Refused
from trackbridge.records.datasets import DatasetRecord
from trackbridge.records.names import shown
from trackbridge.records.times import now_ms
from trackbridge.records.values import decode_value, encode_value
from trackbridge.records.writes import AttributeWrite, RunHeader, RunWrites, Stamp, StatusWrite, TagWrite
from trackbridge_sagemaker.documents import Body
from trackbridge_sagemaker.names import digest
from trackbridge_sagemaker.screen import Screen, screen_of

__all__ = ["PURGED", "Intent", "apply_writes", "begin_mirror", "check_living", "end_mirror", "new_record"]

PURGED: Final = {"purged": True}
_Result = TypeVar("_Result")

_NEVER: Final = [-1, "", -1]
_ABANDONED_MS: Final = 600_000


def new_record(header: RunHeader, name: str | None) -> Body:
    """Give the record of a new run."""
    return {
        "id": header.id,
        "experiment": header.experiment,
        "parent": header.parent,
        "started_ms": header.started_ms,
        "label": name,
        "status": [0, "RUNNING", None, _NEVER],
        "epochs": {},
        "params": {},
        "tags": {},
        "attributes": {},
        "datasets": {},
        "segments": {},
        "objects": {},
        "deleted": False,
        "arn": None,
        "trial": None,
        "mirroring": {},
        "history": {},
    }


def check_living(record: Body, run_id: str) -> None:
    """Raise `Conflict` where the run was purged or deleted (R5, R7)."""
    for state in ("purged", "deleted"):
        if record.get(state):
            remedy = "Restore it, or start a run with another id." if state == "deleted" else "Take another id."
            raise Conflict(f"run {run_id} was {state} and its id cannot be used again", clause="R5", remedy=remedy)


def apply_writes(record: Body, writes: RunWrites) -> list[Refused]:
    """Change a record in place; give the params that have another value already (P3)."""
    refused = _apply_params(record, writes)
    for tag in writes.tags:
        _apply_tag(record["tags"], tag)
    for attribute in writes.attributes:
        _apply_attribute(record["attributes"], attribute)
    for dataset in writes.datasets:
        record["datasets"].setdefault(_dataset_key(dataset), dataset.as_json())
    if writes.status is not None:
        _apply_status(record, writes.status)
    return refused


def _apply_params(record: Body, writes: RunWrites) -> list[Refused]:
    refused, held = [], record["params"]
    for name, value in writes.params.items():
        pair = encode_value(value)
        there = held.setdefault(name, [pair, len(held)])[0]
        if there != pair:
            what = f"it is {shown(decode_value(there))} already and cannot become {shown(value)}"
            refused.append(Refused("param", name, what, "P3"))
    return refused


def _apply_tag(tags: Body, write: TagWrite) -> None:
    held = tags.get(write.name)
    if held is None:
        tags[write.name] = [write.value, list(write.stamp), len(tags)]
    elif Stamp(*held[1]) < write.stamp:
        held[:2] = [write.value, list(write.stamp)]


def _apply_attribute(attributes: Body, write: AttributeWrite) -> None:
    held = attributes.get(write.name)
    if held is None or Stamp(*held[1]) < write.stamp:
        attributes[write.name] = [None if write.value is None else encode_value(write.value), list(write.stamp)]


def _apply_status(record: Body, write: StatusWrite) -> None:
    epoch, status, ended_ms, stamp = record["status"]
    if write.key > StatusWrite(epoch, status, ended_ms, Stamp(*stamp)).key:
        record["status"] = [write.epoch, write.status, write.ended_ms, list(write.stamp)]


def _dataset_key(dataset: DatasetRecord) -> str:
    return digest(json.dumps(dataset.key), 16)


@dataclass(frozen=True, slots=True)
class Intent:
    """A change of AWS's fields that a record announces.

    Attributes:
        record: The record as it is now.
        nonce: For `end_mirror`; None where nothing is to be mirrored.
        before: The screen of the record before the change.
        after: The screen of the record now.
    """

    record: Body
    nonce: str | None
    before: Screen
    after: Screen


def begin_mirror(record: Body, act: Callable[[Body], _Result], *, always: bool) -> tuple[_Result, Intent]:
    """Let `act` change a record, and note what AWS's fields may show until they are set; `always`, or if they must be."""
    before = screen_of(record)
    result = act(record)
    after = screen_of(record)
    if before == after and not record["mirroring"] and not always:
        return result, Intent(record, None, before, after)
    nonce = uuid4().hex[:16]
    record["mirroring"][nonce] = now_ms()
    old, new = before.labels(), after.labels()
    for label in sorted(old.keys() | new.keys()):
        if old.get(label) != new.get(label):
            seen = record["history"].setdefault(label, [])
            seen += [value for value in (old.get(label), new.get(label)) if value not in seen]
    return result, Intent(record, nonce, before, after)


def end_mirror(record: Body, nonce: str, applied: Screen, arn: str | None, trial: str | None) -> Screen:
    """Note that `applied` was mirrored, unless the record says something else by now; give what the screen is to show."""
    record["arn"], record["trial"] = arn or record["arn"], record["trial"] if trial is None else trial
    now = screen_of(record)
    if now != applied:
        return now
    since, at_ms = record["mirroring"], now_ms()
    for other in [one for one, started_ms in since.items() if one == nonce or at_ms - started_ms > _ABANDONED_MS]:
        del since[other]
    if not since:
        record["history"] = {}
    return now
