"""The service over HTTP and JSON, and beside it ``/_emulator/…``, by which tests in other processes steer it."""

from __future__ import annotations

import contextlib
import functools
import math
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from emulators.vertex import control, transcoding
from emulators.vertex.core import Core, CutError
from emulators.vertex.errors import RefusedError


class RestFront:
    """An HTTP server on a loopback port, without TLS."""

    def __init__(self, core: Core, port: int, cut: Any) -> None:
        self._server = _HttpServer(("127.0.0.1", port), core, cut)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="vertex-rest")
        self._thread.start()

    @property
    def url(self) -> str:
        """Where it listens, as a URL."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def cut(self, spare: socket.socket | None = None) -> None:
        """Drop every connection but one at once, calls under way included."""
        self._server.drop(spare)

    def stop(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._thread.join()
        self._server.drop()
        self._server.server_close()


class _HttpServer(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], core: Core, cut: Any) -> None:
        super().__init__(address, _Handler)
        self.core = core
        self.cut = cut
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no news."""

    def drop(self, spare: socket.socket | None = None) -> None:
        with self._lock:
            dropped = self._open - {spare}
            self._open -= dropped
        for connection in dropped:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: _HttpServer

    def do_GET(self) -> None:
        self._serve()

    do_POST = do_PATCH = do_DELETE = do_GET  # noqa: N815 (http.server names them after the verbs)

    def log_message(self, *_: Any) -> None:
        """Calls are counted by the core."""

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path.startswith(control.PREFIX):
            cut = functools.partial(self.server.cut, self.connection)
            self._send(*control.answer(self.server.core, cut, self.command, self.path, body))
            return
        try:
            method, request = transcoding.request(self.command, self.path, body)
            answer = transcoding.response(self.server.core.call(method, request), self.path)
            self._send(200, answer)
        except RefusedError as refused:
            self.server.core.note(f"{self.command} {self.path.partition('?')[0]}", refused)
            self._send(refused.http, transcoding.refusal(refused), refused.retry_after_s)
        except CutError:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)

    def _send(self, status: int, body: bytes, retry_after_s: float | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json; charset=UTF-8")
        self.send_header("Content-Length", str(len(body)))
        if retry_after_s is not None:
            self.send_header("Retry-After", str(math.ceil(retry_after_s)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()
