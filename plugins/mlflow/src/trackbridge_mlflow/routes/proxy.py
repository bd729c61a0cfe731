"""Through the server, where it keeps the artifact store to itself.

MLflow's own client sends names unquoted, so that `%` and white space are lost on the way; here every name is quoted.
The server decodes again and again, and takes no `#`: `Limits.artifact_path` leaves those two out.
"""

from __future__ import annotations

import io
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, BinaryIO, Final
from urllib.parse import quote, unquote, urlsplit

from trackbridge.errors import NotFound, Transient
from trackbridge.protocol.streams import Body
from trackbridge_mlflow.errors import translated
from trackbridge_mlflow.routes.base import checked

__all__ = ["ProxyRoute"]

_API: Final = "/api/2.0/mlflow-artifacts/artifacts"
_SPOOL_BYTES: Final = 16 << 20
_STREAM: Final = {"Content-Type": "application/octet-stream"}


class ProxyRoute:
    """Files behind an MLflow server, one request each."""

    kind = "through the server"

    def __init__(self, wire: Any, root: str) -> None:
        path = urlsplit(root).path
        self._wire = wire
        self._root = unquote(path.partition(_API)[2] or path).strip("/")

    def put(self, path: str, content: BinaryIO, size: int) -> None:
        """See `Route.put`; the server shows what it got, so that what cannot be read to its end is not sent at all."""
        with tempfile.SpooledTemporaryFile(_SPOOL_BYTES) as whole:
            shutil.copyfileobj(content, whole, 1 << 20)
            whole.seek(0)
            # An empty stream would be sent without a length, which the server takes for a broken request.
            data: Any = whole if size else b""
            self._wire.upload(self._url(path), data, _STREAM)

    def list(self, prefix: str) -> Iterator[tuple[str, int | None]]:
        """See `Route.list`; one request a folder."""
        if not prefix:
            yield from self._folder("")
            return
        parent, _, name = prefix.rpartition("/")
        for entry, is_folder, size in self._entries(parent):
            if entry == name:
                if is_folder:
                    yield from self._folder(prefix)
                else:
                    yield prefix, size

    def entries(self, folder: str) -> dict[str, bool]:
        """See `Route.entries`."""
        return {name: is_folder for name, is_folder, _ in self._entries(folder)}

    def open(self, path: str) -> BinaryIO:
        """See `Route.open`."""
        try:
            response = self._wire.request("GET", self._url(path), repeat=False, stream=True)
        except Transient:
            # Over S3 the server answers 500 where there is no such file.
            if not any(found == path for found, _ in self.list(path)):
                raise NotFound(f"there is no artifact {path!r}", clause="A2") from None
            response = self._wire.request("GET", self._url(path), stream=True)
        response.raw.decode_content = True
        response.raw.enforce_content_length = True  # a body cut short is an error, not an end
        return io.BufferedReader(Body(response.raw, partial(translated, f"the artifact {path!r}")), 1 << 20)

    def remove_all(self) -> None:
        """See `Route.remove_all`."""
        self._wire.request("DELETE", self._url(""))

    def _url(self, path: str) -> str:
        return f"{_API}/{quote(f'{self._root}/{path}'.strip('/'))}"

    def _folder(self, folder: str) -> Iterator[tuple[str, int | None]]:
        for name, is_folder, size in self._entries(folder):
            path = f"{folder}/{name}" if folder else name
            if is_folder:
                yield from self._folder(path)
            else:
                yield path, size

    def _entries(self, folder: str) -> Sequence[tuple[str, bool, int]]:
        where = f"{self._root}/{folder}" if folder else self._root
        try:
            answer = self._wire.call("GET", _API, {"path": where})
        except NotFound:
            return []
        return [
            # Protocol Buffers leave zero out.
            (checked(entry["path"].rpartition("/")[2]), bool(entry.get("is_dir")), int(entry.get("file_size") or 0))
            for entry in answer.get("files", ())
        ]
