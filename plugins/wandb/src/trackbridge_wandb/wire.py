"""W&B's service as its own client speaks to it: GraphQL, file_stream, and addresses to put and get content.

This adapter does not start wandb-core. That process acknowledges a point once it lies in its own file, and uploads it
later; a cursor may only move on what the service has. One request is one answer here.
"""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO, Final
from urllib.parse import quote, urljoin

from trackbridge.errors import AuthError, IntegrityError, Transient
from trackbridge_wandb.address import Address, api_key
from trackbridge_wandb.errors import reached, refusal

__all__ = ["Measured", "Wire"]

_OK: Final = 200
_CONNECTIONS: Final = 16
_CHUNK_BYTES: Final = 1 << 20


class Wire:
    """Requests to one service; from any thread."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self._lock = threading.Lock()
        self._opened: Any = None

    @property
    def _session(self) -> Any:
        with self._lock:
            if self._opened is None:
                import requests
                from requests.adapters import HTTPAdapter

                session = requests.Session()
                for scheme in ("http://", "https://"):
                    session.mount(scheme, HTTPAdapter(pool_connections=4, pool_maxsize=_CONNECTIONS))
                session.headers["User-Agent"] = "trackbridge"
                self._opened = session
            return self._opened

    def query(self, document: str, **variables: Any) -> dict[str, Any]:
        """Carry out a GraphQL operation; give its data.

        Raises:
            TrackbridgeError: the service refused it, or gave no answer.
        """
        body = json.dumps({"query": document, "variables": variables}, allow_nan=False).encode()
        answer = self._post("/graphql", body)
        try:
            found = answer.json()
        except ValueError:
            found = None
        if not isinstance(found, dict):
            found = {"errors": [{"message": f"HTTP {answer.status_code}: {answer.text[:200]}"}]}
        errors = found.get("errors")
        if errors or answer.status_code != _OK:
            said = "; ".join(str(error.get("message", error)) for error in errors or [{"message": answer.reason}])
            raise self._refusal(answer, said)
        data: dict[str, Any] = found.get("data") or {}
        return data

    def stream(self, project: str, run: str, body: Mapping[str, Any]) -> None:
        """Send lines of a run's files; a line at an offset that was sent before replaces or repeats that line."""
        path = f"/files/{quote(self.address.entity)}/{quote(project)}/{quote(run)}/file_stream"
        answer = self._post(path, json.dumps(body, allow_nan=False).encode())
        if answer.status_code != _OK:
            raise self._refusal(answer, answer.text)

    def put(self, url: str, headers: list[str], content: BinaryIO | bytes, size: int) -> None:
        """Upload a content to the address that the service gave for it.

        Raises:
            OSError: the content could not be read; nothing was stored.
            IntegrityError: it was not as long as said; nothing was stored.
        """
        body = Measured(io.BytesIO(content) if isinstance(content, bytes) else content, size)
        try:
            with reached(self.address.shown):
                answer = self._session.put(
                    self._absolute(url),
                    data=body if size else b"",
                    headers=dict(header.split(":", 1) for header in headers),
                    auth=self._auth(url),
                    timeout=self.address.timeout_s,
                )
        except Transient:
            if body.failure is not None:  # which the connection's end hides
                raise body.failure from None
            raise
        if answer.status_code not in {200, 201, 204}:
            raise self._refusal(answer, answer.text)

    def get(self, url: str) -> Any:
        """Open an address that the service gave; the answer streams."""
        with reached(self.address.shown):
            answer = self._session.get(
                self._absolute(url), auth=self._auth(url), timeout=self.address.timeout_s, stream=True
            )
        if answer.status_code != _OK:
            raise self._refusal(answer, answer.text)
        return answer

    def save(self, url: str, target: BinaryIO) -> None:
        """Download what lies at an address."""
        with reached(self.address.shown), self.get(url) as answer:
            target.writelines(answer.iter_content(_CHUNK_BYTES))

    def document(self, url: str) -> dict[str, Any]:
        """Read the JSON object that lies at an address.

        Raises:
            IntegrityError: there is something else.
        """
        with reached(self.address.shown), self.get(url) as answer:
            data = answer.content
        try:
            found = json.loads(data)
        except ValueError as error:
            raise IntegrityError(f"{self.address.shown} gave no JSON: {error}", clause="A2") from error
        if not isinstance(found, dict):
            raise IntegrityError(f"{self.address.shown} gave no JSON object", clause="A2")
        return found

    def close(self) -> None:
        """Let go of connections."""
        with self._lock:
            if self._opened is not None:
                self._opened.close()
                self._opened = None

    def _post(self, path: str, body: bytes) -> Any:
        with reached(self.address.shown):
            return self._session.post(
                self.address.base_url + path,
                data=body,
                headers={"Content-Type": "application/json"},
                auth=self._key(),
                timeout=self.address.timeout_s,
            )

    def _key(self) -> tuple[str, str]:
        key = api_key(self.address)
        if not key:
            raise AuthError(
                f"there is no API key for {self.address.shown}",
                clause="X1",
                remedy="Run `wandb login`, or set WANDB_API_KEY.",
            )
        return "api", key

    def _absolute(self, url: str) -> str:
        return urljoin(f"{self.address.base_url}/", url)

    def _auth(self, url: str) -> Any:
        """Give the key to the service alone: a presigned address of a bucket has its own."""
        own = not url.startswith("http") or url.startswith(f"{self.address.base_url}/files/")
        return self._key() if own else _as_it_is

    def _refusal(self, answer: Any, said: str) -> Exception:
        after = answer.headers.get("Retry-After", "")
        error = refusal(
            self.address.shown,
            answer.status_code,
            said or answer.reason or "",
            retry_after_s=float(after) if after.isdigit() else None,
        )
        answer.close()
        return error


class Measured:
    """A file that must have the size it was said to have, so that a cut one is never taken for a whole.

    Attributes:
        len: The size in bytes, under the name that requests looks for.
        failure: What reading it came to, if it failed.
    """

    def __init__(self, file: BinaryIO, size: int) -> None:
        self.len = size
        self.failure: Exception | None = None
        self._file = file
        self._left = size

    def read(self, size: int = -1) -> bytes:
        """Read some bytes; b"" at the end."""
        try:
            data = self._file.read(self._left if size < 0 else min(size, self._left))
        except Exception as error:
            self.failure = error
            raise
        if not data and self._left:
            self.failure = IntegrityError(f"a content ended {self._left} bytes before its end", clause="A4")
            raise self.failure
        self._left -= len(data)
        return data

    def __iter__(self) -> Iterator[bytes]:
        """Give the content in pieces."""
        while data := self.read(_CHUNK_BYTES):
            yield data


def _as_it_is(request: Any) -> Any:
    """Keep requests from adding a key of the netrc file to an address that has its own."""
    return request
