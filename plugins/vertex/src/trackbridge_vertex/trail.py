"""The audit trail (G5): an object an entry, created if absent; the console shows each as an execution."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Final

from trackbridge.errors import IntegrityError, Transient
from trackbridge.records.trail import decode_entry
from trackbridge_vertex.client import Client
from trackbridge_vertex.lineage import Lineage
from trackbridge_vertex.names import digest, model_id
from trackbridge_vertex.storage import Found

__all__ = ["Trails"]

_DIGITS: Final = 9


class Trails:
    """The trails of all models."""

    def __init__(self, client: Client, lineage: Lineage) -> None:
        self._client = client
        self._lineage = lineage

    def append(self, model: str, n: int, data: bytes) -> bool:
        """Create entry `n` if absent; False if it is taken by other bytes."""
        if not self._client.storage.create(f"{_folder(model)}{n:0{_DIGITS}}", data):
            return False
        with suppress(Transient):  # the entry is made; what the console shows of it is not worth failing
            self._show(model, n, data)
        return True

    def _show(self, model: str, n: int, data: bytes) -> None:
        try:
            entry = decode_entry(data)
        except IntegrityError:  # somebody else's form of an entry: it is kept, and not explained
            return
        to = entry.stage or entry.approval or entry.alias or ""
        facts = {
            "model": model,
            "n": float(n),
            "version": str(entry.version),
            "action": entry.action,
            "to": to,
            "actor": entry.actor,
            "comment": (entry.comment or "")[:1_000],
            "when_ms": str(entry.when_ms),
        }
        self._lineage.record(f"trail-{digest(model)}-{n}", f"{model} {entry.version}: {entry.action} {to}", facts)

    def entries(self, model: str, start: int = 0) -> Iterator[bytes]:
        """Give the trail from entry `start` on, in order, up to the first that is missing."""
        folder = _folder(model)
        found = list(self._client.storage.find(folder, start=f"{folder}{start:0{_DIGITS}}"))
        kept = [one for n, one in enumerate(found, start) if _number(one) == n]
        yield from (data for _, data in self._client.storage.several(kept))


def _folder(model: str) -> str:
    return f"models/{model_id(model)}/trail/"


def _number(found: Found) -> int:
    return int(found.name.rpartition("/")[2])
