"""The staging bucket: objects by name, written if absent or if unchanged, which is what decides between writers.

Cloud Storage compares an object's generation before it writes: 0 for one that must not exist yet.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, BinaryIO, Final, Self, cast

from trackbridge.errors import Conflict, NotFound
from trackbridge_vertex.address import Address
from trackbridge_vertex.calls import Calls
from trackbridge_vertex.errors import translated

__all__ = ["Found", "Storage"]

_ROOT: Final = "trackbridge"
_THREADS: Final = 8
_CACHED_BYTES: Final = 16_000_000
_OPEN_CHUNK_BYTES: Final = 8 * 1024 * 1024  # a multiple of 256 KiB, as the client asks


@dataclass(frozen=True, slots=True)
class Found:
    """One listed object: its name below our folder, size in bytes, generation, and the metadata put with it."""

    name: str
    size: int
    generation: int
    metadata: Mapping[str, str] = field(default_factory=dict)


class Storage:
    """All objects of one backend: below ``PREFIX/trackbridge/`` in its bucket. Names given and taken are those below."""

    def __init__(self, address: Address, calls: Calls) -> None:
        self._address = address
        self._calls = calls
        self._root = "/".join(part for part in (address.prefix, _ROOT) if part)
        self._lock = threading.Lock()
        self._cache: OrderedDict[tuple[str, int], bytes] = OrderedDict()
        self._cached_bytes = 0

    @cached_property
    def _client(self) -> Any:
        with translated(self._address.shown):
            import os

            from google.auth.credentials import AnonymousCredentials
            from google.cloud import storage

            address = self._address
            local = address.storage or os.environ.get("STORAGE_EMULATOR_HOST")
            if local and not local.startswith("https://"):
                where = local if "://" in local else f"http://{local}"
                return storage.Client(
                    project=address.project,
                    credentials=AnonymousCredentials(),
                    client_options={"api_endpoint": where},
                )
            options = {"api_endpoint": address.storage} if address.storage else None
            return storage.Client(project=address.project, client_options=options)

    @cached_property
    def _bucket(self) -> Any:
        return self._client.bucket(self._address.bucket)

    def uri(self, name: str) -> str:
        """Give the ``gs://`` URI of an object or folder."""
        return f"gs://{self._address.bucket}/{self._root}/{name}"

    def read(self, name: str) -> tuple[bytes, int] | None:
        """Give an object's bytes and generation; None where there is none."""

        def get() -> tuple[bytes, int]:
            blob = self._blob(name)
            data = blob.download_as_bytes(retry=None, timeout=self._address.timeout_s)
            return data, int(blob.generation)

        try:
            return self._calls.repeated(get)
        except NotFound:
            return None

    def get(self, name: str) -> bytes | None:
        """Give an object's bytes; None where there is none."""
        found = self.read(name)
        return None if found is None else found[0]

    def put(self, name: str, data: bytes) -> None:
        """Store an object, replacing what was there."""
        self._calls.repeated(lambda: self._upload(name, data))

    def create(self, name: str, data: bytes) -> bool:
        """Store an object if there is none; False if there is one of other bytes, True if of these."""
        try:
            self._calls.repeated(lambda: self._upload(name, data, generation=0))
        except Conflict:
            return self.get(name) == data  # ours, where the answer to an earlier try was lost
        return True

    def swap(self, name: str, data: bytes, generation: int) -> bool:
        """Store an object if it still has this generation, 0 for none; False if it was changed since.

        Where an answer was lost, the write may have been made and False is given all the same: read again.
        """
        try:
            self._calls.repeated(lambda: self._upload(name, data, generation=generation))
        except Conflict:
            return False
        return True

    def upload(self, name: str, content: BinaryIO, *, size: int, metadata: Mapping[str, str]) -> None:
        """Store a stream of `size` bytes; it shows when it is whole."""
        start = content.tell()

        def send() -> None:
            content.seek(start)
            blob = self._blob(name)
            blob.metadata = dict(metadata)
            blob.upload_from_file(
                content,
                size=size,
                content_type="application/octet-stream",
                retry=None,
                timeout=self._address.timeout_s,
            )

        self._calls.repeated(send)

    def open(self, name: str) -> BinaryIO | None:
        """Open an object for reading as it is now; None where there is none."""

        def look() -> Any:
            return self._bucket.get_blob(
                self._whole(name),
                retry=None,
                timeout=self._address.timeout_s,
            )

        return self._opened(self._calls.repeated(look))

    def open_uri(self, uri: str) -> BinaryIO | None:
        """Open an object anywhere in Cloud Storage by its ``gs://`` URI; None where there is none."""
        bucket, _, name = uri.removeprefix("gs://").partition("/")
        blob = self._calls.repeated(lambda: self._client.bucket(bucket).get_blob(name, retry=None))
        return self._opened(blob)

    def _opened(self, blob: Any) -> BinaryIO | None:
        if blob is None:
            return None
        stream = blob.open("rb", chunk_size=_OPEN_CHUNK_BYTES, retry=None)
        return cast("BinaryIO", _Patient(stream, self._calls))

    def find(self, prefix: str, *, start: str | None = None) -> Iterator[Found]:
        """Give all objects whose names begin with `prefix`, by name, from `start` on."""
        yield from self._listed(self._bucket, self._whole(prefix), start and self._whole(start), len(self._root) + 1)

    def find_uri(self, uri: str) -> Iterator[Found]:
        """Give all objects at or below a ``gs://`` URI, by name; names are the parts below."""
        bucket, _, name = uri.removeprefix("gs://").rstrip("/").partition("/")
        yield from self._listed(self._client.bucket(bucket), f"{name}/", None, len(name) + 1)

    def _listed(self, bucket: Any, prefix: str, start: str | None, cut: int) -> Iterator[Found]:
        token: str | None = None
        while True:

            def page(token: str | None = token) -> tuple[list[Any], str | None]:
                found = bucket.list_blobs(
                    prefix=prefix,
                    start_offset=start,
                    page_token=token,
                    fields="items(name,size,generation,metadata),nextPageToken",
                    retry=None,
                    timeout=self._address.timeout_s,
                )
                return list(next(found.pages, ())), found.next_page_token

            blobs, token = self._calls.repeated(page)
            for blob in blobs:
                yield Found(blob.name[cut:], int(blob.size), int(blob.generation), blob.metadata or {})
            if not token:
                return

    def folders(self, prefix: str) -> list[str]:
        """Give the names of the folders right below `prefix`, which ends with a slash; sorted."""

        def look() -> list[str]:
            found = self._bucket.list_blobs(
                prefix=self._whole(prefix),
                delimiter="/",
                fields="prefixes,nextPageToken",
                retry=None,
                timeout=self._address.timeout_s,
            )
            for _ in found.pages:
                pass
            return sorted(one[len(self._root) + 1 + len(prefix) :].rstrip("/") for one in found.prefixes)

        return self._calls.repeated(look)

    def several(self, objects: Iterable[Found]) -> list[tuple[Found, bytes]]:
        """Give listed objects with their bytes; one that is gone meanwhile is left out. What was read is remembered."""
        wanted = list(objects)
        with ThreadPoolExecutor(_THREADS) as pool:
            read = list(pool.map(self._remembered, wanted))
        return [(found, data) for found, data in zip(wanted, read, strict=True) if data is not None]

    def _remembered(self, found: Found) -> bytes | None:
        key = found.name, found.generation
        with self._lock:
            if key in self._cache:
                self._cache.move_to_end(key)
                return self._cache[key]
        now = self.read(found.name)
        if now is None:
            return None
        data, generation = now
        with self._lock:
            before = self._cache.pop((found.name, generation), b"")
            self._cache[found.name, generation] = data
            self._cached_bytes += len(data) - len(before)
            while self._cached_bytes > _CACHED_BYTES:
                self._cached_bytes -= len(self._cache.popitem(last=False)[1])
        return data

    def delete(self, name: str) -> None:
        """Remove an object; one that is gone is no fault."""
        try:
            self._calls.repeated(lambda: self._blob(name).delete(retry=None, timeout=self._address.timeout_s))
        except NotFound:
            return

    def delete_all(self, prefix: str, *, but: str = "") -> None:
        """Remove every object whose name begins with `prefix`, except for the one named `but`."""
        with ThreadPoolExecutor(_THREADS) as pool:
            list(pool.map(self.delete, [found.name for found in self.find(prefix) if found.name != but]))

    def check(self) -> None:
        """Reach the bucket; raise where it is not there or not ours to read."""
        limits = {"max_results": 1, "fields": "items(name)", "retry": None, "timeout": self._address.timeout_s}
        self._calls.repeated(lambda: list(self._bucket.list_blobs(prefix=self._root, **limits)))

    def close(self) -> None:
        """Let go of connections."""
        if "_client" in self.__dict__:
            self._client.close()

    def _whole(self, name: str) -> str:
        return f"{self._root}/{name}"

    def _blob(self, name: str) -> Any:
        return self._bucket.blob(self._whole(name))

    def _upload(self, name: str, data: bytes, generation: int | None = None) -> None:
        self._blob(name).upload_from_string(
            data,
            content_type="application/octet-stream",
            if_generation_match=generation,
            retry=None,
            timeout=self._address.timeout_s,
        )


class _Patient:
    """A stream of an object whose reads are translated, and repeated where that may help."""

    def __init__(self, stream: Any, calls: Calls) -> None:
        self._stream = stream
        self._calls = calls

    def read(self, size: int = -1) -> bytes:
        """Give at most `size` bytes, all for -1."""
        start = self._stream.tell()

        def once() -> bytes:
            self._stream.seek(start)
            return bytes(self._stream.read(size))

        return self._calls.repeated(once)

    def close(self) -> None:
        """Let go of what was read ahead."""
        self._stream.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._stream)
