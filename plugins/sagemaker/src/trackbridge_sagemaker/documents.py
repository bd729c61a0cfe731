"""JSON documents in the bucket, changed by compare-and-set: what several writers agree on.

A change is a function of what is there, and may run several times; its last run is the one that counts.
"""

from __future__ import annotations

import json
import random
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Final, TypeVar

from trackbridge.errors import IntegrityError, Transient
from trackbridge.records.values import canonical_json
from trackbridge_sagemaker.bucket import Bucket
from trackbridge_sagemaker.errors import Changed

__all__ = ["Body", "Documents"]

Body = dict[str, Any]
_Result = TypeVar("_Result")

FORMAT: Final = "trackbridge-sagemaker 1"
_ATTEMPTS: Final = 200
_FIRST_PAUSE_S: Final = 0.01
_LONGEST_PAUSE_S: Final = 0.4
_REMEMBERED: Final = 256


class Documents:
    """The documents of one bucket.

    What was read last is remembered, so that a writer who is alone needs one request a change; it is never trusted
    for anything but a write that S3 itself checks.
    """

    def __init__(self, bucket: Bucket) -> None:
        self.bucket = bucket
        self._lock = threading.Lock()
        self._known: OrderedDict[str, tuple[bytes, str]] = OrderedDict()

    def read(self, key: str) -> Body | None:
        """Give a document as it is now; None where there is none."""
        found = self._fetch(key)
        return None if found is None else _decoded(key, found[0])

    def create(self, key: str, body: Body) -> bool:
        """Store a document if there is none; False where there is one, be it the same."""
        data = _encoded(body)
        etag = self.bucket.create(key, data)
        if etag is not None:
            self._remember(key, (data, etag))
        return etag is not None

    def change(self, key: str, act: Callable[[Body], _Result], absent: Callable[[], Body]) -> _Result:
        """Let `act` change a document in place, and store it; give what `act` returned.

        Args:
            key: The document.
            act: Changes it. What it raises is raised, and nothing stored.
            absent: Gives the document where there is none yet; may raise.

        Raises:
            Transient: others kept changing it.
        """
        with self._lock:
            found = self._known.get(key)
        remembered = found is not None
        for attempt in range(_ATTEMPTS):
            if not remembered:
                found = self._fetch(key)
            try:
                body = absent() if found is None else _decoded(key, found[0])
                result = act(body)
                data = _encoded(body)
            except Exception:
                if not remembered:
                    raise
                remembered = False
                continue
            if found is not None and data == found[0]:
                if not remembered:
                    return result
                remembered = False
                continue
            if self._store(key, data, found):
                return result
            remembered = False
            time.sleep(random.uniform(0, min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2 ** min(attempt, 6))))  # noqa: S311 - jitter
        raise Transient(f"{self.bucket.uri(key)} kept being changed by others", clause="X1")

    def forget(self, key: str) -> None:
        """Forget a document that is gone."""
        with self._lock:
            self._known.pop(key, None)

    def _fetch(self, key: str) -> tuple[bytes, str] | None:
        found = self.bucket.get(key)
        if found is None:
            self.forget(key)
        else:
            self._remember(key, found)
        return found

    def _store(self, key: str, data: bytes, before: tuple[bytes, str] | None) -> bool:
        try:
            etag = self.bucket.create(key, data) if before is None else self.bucket.replace(key, data, before[1])
        except Changed:
            etag = None
        if etag is not None:
            self._remember(key, (data, etag))
        return etag is not None

    def _remember(self, key: str, found: tuple[bytes, str]) -> None:
        with self._lock:
            self._known[key] = found
            self._known.move_to_end(key)
            while len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)


def _encoded(body: Body) -> bytes:
    return canonical_json({"format": FORMAT, **body}).encode()


def _decoded(key: str, data: bytes) -> Body:
    try:
        body: Body = json.loads(data)
        found = body.pop("format")
    except (ValueError, KeyError, AttributeError) as error:
        raise IntegrityError(f"the document {key} cannot be read: {error!r}", clause="X3") from error
    if found != FORMAT:
        raise IntegrityError(f"the document {key} has the format {found!r}", clause="X3", remedy="Upgrade trackbridge.")
    return body
