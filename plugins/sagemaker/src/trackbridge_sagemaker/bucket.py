"""The bucket: objects below the address's prefix, conditional writes among them.

S3 lists and reads what was written last, always; its conditional writes are the one compare-and-set that AWS gives us.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO, Final

from trackbridge.errors import NotFound
from trackbridge_sagemaker.client import Client
from trackbridge_sagemaker.errors import Changed, error_code, is_missing, translated

__all__ = ["Bucket"]

_DELETE_AT_ONCE: Final = 1_000  # S3's limit
_IN_PARTS_BYTES: Final = 8 << 20
_LOST: Final = frozenset({"PreconditionFailed", "412", "ConditionalRequestConflict"})


class Bucket:
    """See the module. Keys are relative to the prefix."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._name = client.address.bucket
        self._prefix = f"{client.address.prefix}/" if client.address.prefix else ""

    def uri(self, key: str) -> str:
        """Give the address of an object or a folder as AWS writes it."""
        return f"s3://{self._name}/{self._prefix}{key}"

    def get(self, key: str) -> tuple[bytes, str] | None:
        """Give an object's bytes and its ETag; None where there is none."""
        with translated(self._client.address.shown):
            answer = self._answer(key)
            return None if answer is None else (answer["Body"].read(), str(answer["ETag"]))

    def stream(self, key: str, what: str) -> Any:
        """Open an object for reading, from the start; raise `NotFound` where there is none."""
        with translated(self._client.address.shown):
            answer = self._answer(key)
        if answer is None:
            raise NotFound(f"there is no {what}", clause="A2")
        return answer["Body"]

    def elsewhere(self, uri: str, what: str) -> Any:
        """Open an object anywhere in S3 by its address; raise `NotFound` where there is none."""
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        with translated(self._client.address.shown):
            if not key:
                raise NotFound(f"there is no {what}", clause="A2")
            return self._client.s3.get_object(Bucket=bucket, Key=key)["Body"]

    def put(self, key: str, data: bytes) -> None:
        """Store an object, replacing what was there."""
        with translated(self._client.address.shown):
            self._client.s3.put_object(Bucket=self._name, Key=self._prefix + key, Body=data)

    def create(self, key: str, data: bytes) -> str | None:
        """Store an object if there is none by this key; give its ETag, None where there is one."""
        try:
            return self._conditional(key, data, {"IfNoneMatch": "*"})
        except Changed:
            return None

    def replace(self, key: str, data: bytes, etag: str) -> str:
        """Store an object in the place of the one that had `etag`, and give the new one's.

        Raises:
            Changed: it has another by now, or is gone.
        """
        return self._conditional(key, data, {"IfMatch": etag})

    def upload(self, key: str, content: BinaryIO, size: int, metadata: dict[str, str]) -> None:
        """Store a file, a large one in parts; nothing shows before it is whole (A3)."""
        s3, target = self._client.s3, {"Bucket": self._name, "Key": self._prefix + key}
        with translated(self._client.address.shown):
            if size < _IN_PARTS_BYTES:
                s3.put_object(**target, Body=content.read(), Metadata=metadata)
            else:
                s3.upload_fileobj(content, **target, ExtraArgs={"Metadata": metadata})

    def list(self, prefix: str) -> Iterator[tuple[str, int]]:
        """Give key and size of every object whose key begins with `prefix`, by key."""
        for page in self._pages(prefix):
            for entry in page.get("Contents", ()):
                yield entry["Key"].removeprefix(self._prefix), int(entry["Size"])

    def tagged(self, prefix: str) -> Iterator[tuple[str, str]]:
        """Give key and ETag of every object whose key begins with `prefix`, by key."""
        for page in self._pages(prefix):
            for entry in page.get("Contents", ()):
                yield entry["Key"].removeprefix(self._prefix), str(entry["ETag"])

    def entries(self, folder: str) -> dict[str, bool]:
        """Give the names directly below a folder, whose key ends with a slash, each with whether it is a folder."""
        found: dict[str, bool] = {}
        start = len(self._prefix) + len(folder)
        for page in self._pages(folder, Delimiter="/"):
            found.update((entry["Key"][start:], False) for entry in page.get("Contents", ()))
            found.update((entry["Prefix"][start:].rstrip("/"), True) for entry in page.get("CommonPrefixes", ()))
        return found

    def delete(self, key: str) -> None:
        """Delete an object, if there is one."""
        with translated(self._client.address.shown):
            self._client.s3.delete_object(Bucket=self._name, Key=self._prefix + key)

    def delete_all(self, prefix: str, *, but: str = "") -> None:
        """Delete every object whose key begins with `prefix`, one key apart."""
        keys = [key for key, _ in self.list(prefix) if key != but]
        for start in range(0, len(keys), _DELETE_AT_ONCE):
            some = [{"Key": self._prefix + key} for key in keys[start : start + _DELETE_AT_ONCE]]
            with translated(self._client.address.shown):
                self._client.s3.delete_objects(Bucket=self._name, Delete={"Objects": some, "Quiet": True})

    def reach(self) -> None:
        """Ask S3 whether the bucket is there and may be used."""
        with translated(self._client.address.shown):
            self._client.s3.list_objects_v2(Bucket=self._name, Prefix=self._prefix, MaxKeys=1)

    def _answer(self, key: str) -> Any:
        try:
            return self._client.s3.get_object(Bucket=self._name, Key=self._prefix + key)
        except Exception as error:
            if is_missing(error):
                return None
            raise

    def _conditional(self, key: str, data: bytes, condition: dict[str, str]) -> str:
        with translated(self._client.address.shown):
            try:
                answer = self._client.s3.put_object(Bucket=self._name, Key=self._prefix + key, Body=data, **condition)
            except Exception as error:
                if error_code(error) in _LOST or (condition.get("IfMatch") and is_missing(error)):
                    raise Changed from error
                raise
        return str(answer["ETag"])

    def _pages(self, prefix: str, **options: str) -> Iterator[Any]:
        with translated(self._client.address.shown):
            paginator = self._client.s3.get_paginator("list_objects_v2")
            pages = iter(paginator.paginate(Bucket=self._name, Prefix=self._prefix + prefix, **options))
        while True:
            with translated(self._client.address.shown):
                page = next(pages, None)
            if page is None:
                return
            yield page
