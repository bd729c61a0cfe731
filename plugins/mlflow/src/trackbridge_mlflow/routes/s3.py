"""Straight to a bucket, as MLflow's own client goes where the server does not serve artifacts."""

from __future__ import annotations

import io
from collections.abc import Iterator
from functools import cached_property, partial
from typing import Any, BinaryIO

from trackbridge.protocol.streams import Body
from trackbridge_mlflow.errors import translated

__all__ = ["S3Route"]

_DELETE_AT_ONCE = 1_000  # S3's limit


class S3Route:
    """Objects below a prefix of a bucket; large ones go in parts, and none shows before it is whole."""

    kind = "straight to S3"

    def __init__(self, bucket: str, prefix: str) -> None:
        self._bucket = bucket
        self._prefix = prefix

    @cached_property
    def _client(self) -> Any:
        # MLflow's repository knows MLFLOW_S3_ENDPOINT_URL, MLFLOW_S3_IGNORE_TLS and the rest, and keeps one client.
        return self._repository._get_s3_client()  # noqa: SLF001 - its one door to that client

    @cached_property
    def _repository(self) -> Any:
        from mlflow.store.artifact.s3_artifact_repo import S3ArtifactRepository

        return S3ArtifactRepository(f"s3://{self._bucket}/{self._prefix}")

    def put(self, path: str, content: BinaryIO, size: int) -> None:
        """See `Route.put`."""
        extra = self._repository.get_s3_file_upload_extra_args() or {}
        if size < 8 << 20:
            self._client.put_object(Bucket=self._bucket, Key=self._key(path), Body=content.read(), **extra)
        else:
            self._client.upload_fileobj(content, self._bucket, self._key(path), ExtraArgs=extra)

    def list(self, prefix: str) -> Iterator[tuple[str, int | None]]:
        """See `Route.list`."""
        for key, size in self._keys(self._key(prefix) if prefix else f"{self._prefix}/"):
            path = key.removeprefix(f"{self._prefix}/")
            if (not prefix or path == prefix or path.startswith(f"{prefix}/")) and not path.endswith("/"):
                yield path, size

    def entries(self, folder: str) -> dict[str, bool]:
        """See `Route.entries`."""
        prefix = f"{self._key(folder)}/" if folder else f"{self._prefix}/"
        entries: dict[str, bool] = {}
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=prefix, Delimiter="/"
        )
        for page in pages:
            entries.update((found["Key"].removeprefix(prefix), False) for found in page.get("Contents", ()))
            entries.update(
                (found["Prefix"].removeprefix(prefix).rstrip("/"), True) for found in page.get("CommonPrefixes", ())
            )
        return entries

    def open(self, path: str) -> BinaryIO:
        """See `Route.open`."""
        body = self._client.get_object(Bucket=self._bucket, Key=self._key(path))["Body"]
        return io.BufferedReader(Body(body, partial(translated, f"the artifact {path!r}")), 1 << 20)

    def remove_all(self) -> None:
        """See `Route.remove_all`."""
        keys = [key for key, _ in self._keys(f"{self._prefix}/")]
        for start in range(0, len(keys), _DELETE_AT_ONCE):
            some = [{"Key": key} for key in keys[start : start + _DELETE_AT_ONCE]]
            self._client.delete_objects(Bucket=self._bucket, Delete={"Objects": some, "Quiet": True})

    def _key(self, path: str) -> str:
        return f"{self._prefix}/{path}" if self._prefix else path

    def _keys(self, prefix: str) -> Iterator[tuple[str, int]]:
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix)
        for page in pages:
            for entry in page.get("Contents", ()):
                yield entry["Key"], int(entry["Size"])
