"""The audit trail (G5): one write-once param an entry, in a run of the ledger that belongs to the model."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Final

from trackbridge.errors import IntegrityError
from trackbridge_mlflow.client import Client
from trackbridge_mlflow.ledger import Ledger, claim
from trackbridge_mlflow.tags import HIDDEN, chunked, joined

__all__ = ["Trails"]

_ENTRY: Final = "entry."
_DIGITS: Final = 9
_PARAM_CHARS: Final = 6_000  # MLflow cuts a longer param, and says nothing
_HASHED: Final = "sha256:"
_LONG: Final = f"{HIDDEN}entry."
_CHUNK_CHARS: Final = 7_900


class Trails:
    """The trails of all models."""

    def __init__(self, client: Client, ledger: Ledger) -> None:
        self._client = client
        self._ledger = ledger

    def append(self, model: str, n: int, data: bytes) -> bool:
        """Create entry `n` if absent; False if it is taken by other bytes."""
        run = self._ledger.ensure_trail(model)
        text = data.decode()
        if len(text) > _PARAM_CHARS:
            text = self._store(run, data)
        return claim(self._client, run, f"{_ENTRY}{n:0{_DIGITS}}", text)

    def _store(self, run: str, data: bytes) -> str:
        """Keep a long entry in tags named by its hash, which the param then names."""
        from mlflow.entities import RunTag

        digest = hashlib.sha256(data).hexdigest()
        tags = chunked(_LONG + digest, data, chars=_CHUNK_CHARS)
        self._client.tracking.log_batch(run, [], [], [RunTag(key, value) for key, value in tags.items()])
        return _HASHED + digest

    def entries(self, model: str, start: int = 0) -> Iterator[bytes]:
        """Give the trail from entry `start` on, in order, up to the first that is missing."""
        run = self._ledger.trail(model)
        if run is None:
            return
        data = self._client.tracking.get_run(run).data
        n = start
        while (text := data.params.get(f"{_ENTRY}{n:0{_DIGITS}}")) is not None:
            yield self._entry(model, n, text, data.tags)
            n += 1

    def _entry(self, model: str, n: int, text: str, tags: dict[str, str]) -> bytes:
        if not text.startswith(_HASHED):
            return text.encode()
        digest = text.removeprefix(_HASHED)
        data = joined(_LONG + digest, tags)
        if data is None or hashlib.sha256(data).hexdigest() != digest:
            raise IntegrityError(f"entry {n} of the trail of model {model!r} is not what was stored", clause="G5")
        return data
