"""The entries of a model's audit trail: one hash chain a model (G5)."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

from trackbridge.errors import IntegrityError
from trackbridge.records.models import APPROVALS, STAGES, Approval, Stage
from trackbridge.records.values import canonical_json

__all__ = ["GENESIS", "Action", "TrailEntry", "decode_entry", "encode_entry", "entry_hash"]

Action: TypeAlias = Literal["transition", "approval", "set_alias", "delete_alias", "delete_version"]
GENESIS: Final = "0" * 64  # what entry 0 names as the hash before it

# The field that says what an action came to.
_SAYS: Final[dict[Action, str]] = {
    "transition": "stage",
    "approval": "approval",
    "set_alias": "alias",
    "delete_alias": "alias",
    "delete_version": "version",
}


@dataclass(frozen=True, slots=True)
class TrailEntry:
    """One decision about a model: who did what, when and why.

    Entry `n` counts from 0 and names the hash of entry n−1. `version` is the one acted upon; `archived` lists the
    versions a transition archived with it; `gate_digest` is the digest of the gate report that allowed it; `outside` says
    that the change was made past the trail, in the vendor's own fields, and only recorded here.
    """

    n: int
    when_ms: int
    actor: str
    action: Action
    version: int
    previous: str
    stage: Stage | None = None
    from_stage: Stage | None = None
    archived: tuple[int, ...] = ()
    approval: Approval | None = None
    alias: str | None = None
    comment: str | None = None
    gate_digest: str | None = None
    forced: bool = False
    outside: bool = False


def encode_entry(entry: TrailEntry) -> bytes:
    """Give the canonical bytes of an entry: what is stored, hashed and migrated verbatim."""
    fields: dict[str, Any] = {"v": 1}
    for name in entry.__slots__:
        value = getattr(entry, name)
        if value is None or value == () or value is False:
            continue
        fields[name] = list(value) if isinstance(value, tuple) else value
    return canonical_json(fields).encode()


def entry_hash(data: bytes) -> str:
    """Give the hash that the next entry names: SHA-256 of the stored bytes, as hex."""
    return hashlib.sha256(data).hexdigest()


def decode_entry(data: bytes) -> TrailEntry:
    """Read an entry back; raise `IntegrityError` where the bytes are none."""
    try:
        fields = json.loads(data)
        version = fields.pop("v")
        if version != 1:
            raise IntegrityError(
                f"a trail entry has the format version {version!r}", clause="G5", remedy="Upgrade trackbridge."
            )
        if not _well_formed(fields):
            raise IntegrityError("a trail entry has a field of the wrong kind", clause="G5")
        entry = TrailEntry(**{**fields, "archived": tuple(fields.get("archived", ()))})
        again = encode_entry(entry)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise IntegrityError(f"a trail entry cannot be read: {error}", clause="G5") from error
    if again != data:
        raise IntegrityError(f"trail entry {entry.n} is not in its canonical form", clause="G5")
    return entry


def _well_formed(fields: dict[str, Any]) -> bool:
    return (
        all(type(fields[name]) is int for name in ("n", "when_ms", "version"))
        and all(type(fields.get(name, "")) is str for name in ("actor", "previous", "alias", "comment", "gate_digest"))
        and all(type(fields.get(name, True)) is bool for name in ("forced", "outside"))
        and all(type(number) is int for number in fields.get("archived", ()))
        and all(fields.get(name, "None") in STAGES for name in ("stage", "from_stage"))
        and fields.get("approval", "pending") in APPROVALS
        and _SAYS[fields["action"]] in fields
    )
