"""The service over HTTP on loopback."""

from __future__ import annotations

import base64
import gzip
import io
import json
import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, BinaryIO, cast
from urllib.parse import unquote, urlsplit

from emulators.wandb import accounts, artifacts, control, file_stream, files, graphql_endpoint, multipart
from emulators.wandb.errors import ProtocolError, ServiceError
from emulators.wandb.faults import Fault, Faults
from emulators.wandb.service import Account, Service
from emulators.wandb.store import Store
from emulators.wandb.switches import Switches

CHUNK_BYTES = 1 << 18
# Telemetry, which a server without its proxy answers so (wandb/analytics/opentelemetry/opentelemetry_proxy.py).
IGNORED = ("/sdk/otel/",)


class CutError(Exception):
    """The connection ends here."""


class AnsweredError(Exception):
    """A fault was the answer."""


class Emulator(ThreadingHTTPServer):
    """The service on a port of loopback, its data in a folder."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(
        self,
        folder: Path,
        port: int = 0,
        *,
        switches: Switches | None = None,
        account: Account | None = None,
    ) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.service = Service(
            Store(folder), account=account or Account(), switches=switches or Switches(), base_url=self.url
        )
        self.faults = Faults()
        with self.service.store.transaction():
            accounts.seed(self.service)

    def start(self) -> Emulator:
        """Serve in a thread of its own."""
        threading.Thread(target=self.serve_forever, daemon=True, name="wandb-emulator").start()
        return self

    def stop(self) -> None:
        self.shutdown()
        self.server_close()
        self.service.store.close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        error = sys.exception()
        if not isinstance(error, ConnectionError | CutError | TimeoutError):
            self.service.record.violation("server", "connection", "".join(traceback.format_exception(error)))


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    timeout = 120

    def log_message(self, *_: Any) -> None:
        """Say nothing: a run makes hundreds of requests."""

    def do_GET(self) -> None:
        self._serve()

    do_HEAD = do_POST = do_PUT = do_DELETE = do_GET  # noqa: N815 - http.server looks for these names

    @property
    def emulator(self) -> Emulator:
        return cast("Emulator", self.server)

    @property
    def service(self) -> Service:
        return self.emulator.service

    def _serve(self) -> None:
        path = urlsplit(self.path).path
        parts = [unquote(part) for part in path.strip("/").split("/")]
        try:
            match self.command, parts:
                case _, ["emulator", *rest]:
                    self._json(*control.answer(self.emulator, self.command, rest, self._body()))
                case "POST", ["graphql"]:
                    self._graphql()
                case "POST", ["files", entity, project, run, "file_stream"]:
                    self._file_stream(entity, project, run)
                case "PUT", ["storage", upload, *_]:
                    self._upload(upload)
                case "GET" | "HEAD", ["storage", upload, *_]:
                    self._download(upload)
                case "GET", ["artifactsV2", _, entity, project, collection, *_, digest, _]:
                    self._redirect(entity, project, collection, digest)
                case "GET", [""]:
                    self._json(200, {"emulator": "wandb"})
                case _:
                    self._unknown(path)
        except ServiceError as error:
            self._json(error.status, {"errors": [{"message": str(error)}]})
        except AnsweredError:
            return
        except CutError:
            self._cut()

    def _unknown(self, path: str) -> None:
        self._body()
        if not path.startswith(IGNORED):
            self.service.record.violation("http", f"{self.command} {path}", "no such address")
        self._json(404, {"error": "not found"})

    def _graphql(self) -> None:
        body = self._body()
        request = json.loads(body)
        if not isinstance(request, dict) or not isinstance(request.get("query"), str):
            raise ServiceError("no GraphQL request")
        name = graphql_endpoint.operation_name(request["query"])
        self._checked(name, lambda: graphql_endpoint.answer(self.service, request))

    def _file_stream(self, entity: str, project: str, run: str) -> None:
        body = self._body()
        client = self.headers.get("X-WANDB-ASYNC-CLIENT-ID")
        if "X-WANDB-SERVER-SIDE-DERIVED-SUMMARY" in self.headers:
            self.service.record.violation("file_stream", run, "summaries are not derived here")

        def act() -> tuple[int, dict[str, Any]]:
            if len(body) > self.service.switches.file_stream_limit_bytes:
                return 413, {"error": "request body too large"}
            try:
                with self.service.store.transaction():
                    return 200, file_stream.receive(self.service, entity, project, run, body, client)
            except ProtocolError as error:
                self.service.record.violation("file_stream", run, str(error))
                raise

        self._checked("file_stream", act)

    def _checked(self, name: str, act: Callable[[], tuple[int, dict[str, Any]]]) -> None:
        """Answer as a fault or as `act` says, to one who has the key."""
        fault = self._fault(name)
        self._check_key()
        status, answer = act()
        self._json(status, answer, fault)

    def _check_key(self) -> None:
        """Refuse a wrong key: 401, which core/internal/clients/retry_policy.go does not try again."""
        key = self.service.account.key
        basic = base64.b64encode(f"api:{key}".encode()).decode()
        if self.headers.get("Authorization") not in {f"Basic {basic}", f"Bearer {key}"}:
            raise ServiceError("user is not logged in", 401)

    def _redirect(self, entity: str, project: str, collection: str, digest: str) -> None:
        """Lead to the content of a version's file (wandb/sdk/artifacts/storage_policies/wandb_storage_policy.py)."""
        self._body()
        self._check_key()
        url = artifacts.content_address(self.service, entity, project, collection, digest)
        self._json(404 if url is None else 302, {}, headers={} if url is None else {"Location": url})

    def _fault(self, name: str) -> Fault | None:
        """Note a request, and let befall it what is to: give what is left for its answer."""
        self.service.record.request(name)
        fault = self.emulator.faults.strike(name)
        if fault is None:
            return None
        time.sleep(fault.delay_s)
        if fault.cut == "before":
            raise CutError
        if fault.status is not None:
            headers = dict(fault.headers)
            if fault.retry_after_s is not None:
                headers["Retry-After"] = f"{fault.retry_after_s:g}"
            self._json(fault.status, {"errors": [{"message": fault.message}]}, headers=headers)
            raise AnsweredError
        return fault

    def _upload(self, upload: str) -> None:
        stream, length = self._stream()
        stored = self.service.store.save_blob(stream, length)  # read first, so that the connection can go on
        fault = self._fault("upload")
        with self.service.store.transaction():
            known = files.put(self.service, upload, stored) or multipart.put(self.service, upload, stored)
        if not known:
            self._json(403, {"error": "no such upload"}, fault)
            return
        self._json(200, {}, fault, headers={"ETag": f'"{stored.md5}"'})

    def _download(self, upload: str) -> None:
        self._body()
        fault = self._fault("download")
        blob = files.content(self.service, upload)
        if blob is None:
            self._json(404, {"error": "no such content"}, fault)
            return
        path = self.service.store.blob_path(blob)
        size = path.stat().st_size
        first, last = _range(self.headers.get("Range"), size)
        self.send_response(HTTPStatus.PARTIAL_CONTENT if "Range" in self.headers else HTTPStatus.OK)
        self.send_header("Content-Type", "application/octet-stream")
        self.send_header("Accept-Ranges", "bytes")
        if "Range" in self.headers:
            self.send_header("Content-Range", f"bytes {first}-{last}/{size}")
        self.send_header("Content-Length", str(last - first + 1))
        self.end_headers()
        if self.command == "HEAD":
            return
        left = last - first + 1
        if fault is not None and fault.cut:
            left //= 2
        with path.open("rb") as source:
            source.seek(first)
            while left and (chunk := source.read(min(left, CHUNK_BYTES))):
                self.wfile.write(chunk)
                left -= len(chunk)
        if fault is not None and fault.cut:
            raise CutError

    def _stream(self) -> tuple[BinaryIO, int]:
        """Give the request's body as a stream and its length."""
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            body = self._chunked()
            return io.BytesIO(body), len(body)
        return cast("BinaryIO", self.rfile), int(self.headers.get("Content-Length") or 0)

    def _body(self) -> bytes:
        stream, length = self._stream()
        body = stream.read(length)
        if len(body) < length:
            raise ConnectionError("the body ended early")
        match self.headers.get("Content-Encoding"):
            case None | "identity":
                return body
            case "gzip":
                return gzip.decompress(body)
            case other:
                raise ServiceError(f"unknown encoding {other}", 415)

    def _chunked(self) -> bytes:
        body = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _json(
        self, status: int, answer: dict[str, Any], fault: Fault | None = None, headers: dict[str, str] | None = None
    ) -> None:
        if fault is not None and fault.cut == "after":
            raise CutError
        body = json.dumps(answer, allow_nan=False).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        if fault is not None and fault.cut == "halfway":
            self.wfile.write(body[: len(body) // 2])
            raise CutError
        if self.command != "HEAD":
            self.wfile.write(body)

    def _cut(self) -> None:
        """End the connection so that the client sees it, whatever it still sends."""
        self.close_connection = True
        self.wfile.flush()
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")


def _range(header: str | None, size: int) -> tuple[int, int]:
    """Give the first and the last byte asked for: one range, as object stores serve it.

    Raises:
        ServiceError: 416 for any other.
    """
    if header is None:
        return 0, size - 1
    first, _, last = header.removeprefix("bytes=").partition("-")
    if not header.startswith("bytes=") or "," in header or not (first or last).isdigit():
        raise ServiceError(f"cannot serve the range {header}", 416)
    if not first:
        return max(size - int(last), 0), size - 1
    return int(first), min(int(last), size - 1) if last else size - 1
