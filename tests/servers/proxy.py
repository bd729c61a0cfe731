"""A proxy on loopback that lets requests through to a real server, or does to them what networks do."""

from __future__ import annotations

import http.client
import socket
import struct
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

SLOW_S = 0.3
# What is sent back in place of the server's answer: status, type, body and further headers.
ANSWERS = {
    "401": (401, "text/plain", b"who are you", {}),
    "429": (429, "application/json", b'{"error_code": "REQUEST_LIMIT_EXCEEDED", "message": "slow down"}', {}),
    "429, come back": (429, "text/plain", b"slow down", {"Retry-After": "1"}),
    "500": (500, "application/json", b'{"error_code": "INTERNAL_ERROR", "message": "oops"}', {}),
    "502": (502, "text/html", b"<html>bad gateway</html>", {}),
    "503": (503, "text/plain", b"down for maintenance", {}),
    "garbage": (200, "application/json", b'{"run": {"inf\x00\xff', {}),
    "nothing": (200, "application/json", b"", {}),
    "a login page": (200, "text/html", b"<html>please sign in</html>", {}),
    "not found": (404, "text/html", b"<html>no such page</html>", {}),
}
# What happens to the connection: the request never gets there, or its answer never comes back.
FAULTS = (*ANSWERS, "slow", "never", "reset", "a lost answer")


class Proxy:
    """One proxy before one server.

    Attributes:
        url: Where it listens.
        fault: What is done to requests from now on, one of `FAULTS`; None lets them through.
        only: What must be in the path of a request for that.
        given: How often each was done.
        watch: Called with method and path of each request that goes through, once the server has it.
    """

    def __init__(self, upstream: str) -> None:
        self._upstream = urlsplit(upstream)
        self._lifted = threading.Event()
        self._fault: str | None = None
        self.only = ""
        self.given: Counter[str] = Counter()
        self.watch: Callable[[str, str], object] = lambda *_: None
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    @property
    def fault(self) -> str | None:
        return self._fault

    @fault.setter
    def fault(self, name: str | None) -> None:
        assert name is None or name in FAULTS
        self._fault = name
        lifted, self._lifted = self._lifted, threading.Event()
        lifted.set()

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        """Do to one request what is to be done."""
        body = request.rfile.read(int(request.headers.get("Content-Length", 0)))
        fault, lifted = self._fault if self.only in request.path else None, self._lifted
        if fault is not None:
            self.given[fault] += 1
        if fault in ANSWERS:
            status, kind, content, headers = ANSWERS[fault]
            _send(request, status, {"Content-Type": kind, **headers}, content)
        elif fault in {"never", "reset"}:
            if fault == "never":
                lifted.wait(120)
            _cut(request)
        else:
            if fault == "slow":
                lifted.wait(SLOW_S)
            self._pass(request, body, lost=fault == "a lost answer")

    def _pass(self, request: BaseHTTPRequestHandler, body: bytes, *, lost: bool) -> None:
        connection = http.client.HTTPConnection(self._upstream.hostname or "", self._upstream.port, timeout=120)
        try:
            headers = {name: value for name, value in request.headers.items() if name.lower() != "connection"}
            connection.request(request.command, request.path, body, headers)
            self.watch(request.command, request.path)
            response = connection.getresponse()
            content = response.read()
        except (OSError, http.client.HTTPException):
            _cut(request)
            return
        finally:
            connection.close()
        if lost:
            _cut(request)
        else:
            kept = {"content-type", "content-disposition", "www-authenticate", "retry-after"}
            passed = {name: value for name, value in response.getheaders() if name.lower() in kept}
            _send(request, response.status, passed, content)


@contextmanager
def before(upstream: str) -> Iterator[Proxy]:
    """Run a proxy before a server."""
    proxy = Proxy(upstream)
    thread = threading.Thread(target=proxy.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        proxy.fault = None
        proxy.server.shutdown()
        proxy.server.server_close()
        thread.join()


def _handler(proxy: Proxy) -> type[BaseHTTPRequestHandler]:
    def act(self: BaseHTTPRequestHandler) -> None:
        try:
            proxy.answer(self)
        except OSError:  # the client went first
            self.close_connection = True

    def log_message(*_: Any) -> None:
        pass

    methods = dict.fromkeys(("do_GET", "do_POST", "do_PUT", "do_PATCH", "do_DELETE", "do_HEAD"), act)
    return type("Handler", (BaseHTTPRequestHandler,), {**methods, "log_message": log_message})


def _send(request: BaseHTTPRequestHandler, status: int, headers: dict[str, str], content: bytes) -> None:
    request.send_response(status)
    for name, value in headers.items():
        request.send_header(name, value)
    request.send_header("Content-Length", str(len(content)))
    request.end_headers()
    if request.command != "HEAD":
        request.wfile.write(content)


def _cut(request: BaseHTTPRequestHandler) -> None:
    """End the connection by a reset, as a machine does that knows nothing of it."""
    request.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    request.close_connection = True
