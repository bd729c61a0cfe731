"""The audit trail (G5): an object an entry, created if absent, by S3's own conditional write."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from trackbridge_sagemaker.bucket import Bucket
from trackbridge_sagemaker.models import model_folder

__all__ = ["Trails"]

_DIGITS: Final = 9
_AT_ONCE: Final = 8


class Trails:
    """The trails of all models. What was read is remembered by its ETag, so that an entry that was forged is read anew."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket
        self._known: dict[str, tuple[str, bytes]] = {}

    def append(self, model: str, n: int, data: bytes) -> bool:
        """Create entry `n` if absent; False if it is taken by other bytes."""
        if self._bucket.create(_key(model, n), data) is not None:
            return True
        held = self._bucket.get(_key(model, n))
        return held is not None and held[0] == data

    def entries(self, model: str, start: int = 0) -> Iterator[bytes]:
        """Give the trail from entry `start` on, in order."""
        first = _key(model, start)
        listed = [one for one in self._bucket.tagged(f"{model_folder(model)}trail/") if one[0] >= first]
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            yield from pool.map(lambda one: self._entry(*one), listed)

    def _entry(self, key: str, etag: str) -> bytes:
        known = self._known.get(key)
        if known is None or known[0] != etag:
            held = self._bucket.get(key)
            known = self._known[key] = (etag, b"") if held is None else (held[1], held[0])
        return known[1]


def _key(model: str, n: int) -> str:
    return f"{model_folder(model)}trail/{n:0{_DIGITS}}"
