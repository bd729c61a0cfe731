"""The HTTP side: one port for both services and for the control of accounts."""

from __future__ import annotations

import socket
import time
import traceback
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from emulators.sagemaker import service, signing, wire
from emulators.sagemaker.control import REQUEST_KEPT_BYTES, Account, Fault
from emulators.sagemaker.errors import ServiceError
from emulators.sagemaker.service import Accounts, Request
from emulators.sagemaker.store import Store
from emulators.sagemaker.switches import Switches

CONTROL = "/_emulator/"


class Server(ThreadingHTTPServer):
    """The emulator on a port; its accounts are kept in `folder`, in memory only where that is None."""

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, port: int, folder: Path | None, switches: Switches) -> None:
        self.store = Store(folder)
        self.accounts = Accounts(switches)
        super().__init__(("127.0.0.1", port), _Handler)

    def server_close(self) -> None:
        """Close the socket and the store."""
        super().server_close()
        with self.store.lock:
            self.store.close()


class _Cut(Exception):  # noqa: N818 - no error: what a fault wants
    """The connection is to be closed without an answer."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Server

    def do_POST(self) -> None:
        """Serve a call or a command."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path.startswith(CONTROL):
            self._control(body)
            return
        try:
            self._call(body)
        except _Cut:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)

    do_PUT = do_GET = do_DELETE = do_POST  # noqa: N815 - the names the base class looks for

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Say nothing of single requests: `Account.calls` knows them."""

    def _call(self, body: bytes) -> None:
        url = f"http://{self.headers.get('Host', '')}{self.path}"
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(method=self.command, path=self.path, url=url, headers=headers, body=body)
        account, operation, outcome = None, self.path, "ok"
        try:
            caller = signing.caller(request.headers)
            account = self.server.accounts[caller.account]
            operation = service.named(request)[1]
            faults = account.admit(operation)
            _before(faults)
            answer = service.perform(self.server.store, account, caller, request, faults)
            outcome = _after(faults)
            self._send(200, b"{" if outcome == "garbage" else b"" if answer is None else wire.dumps(answer))
        except ServiceError as error:
            outcome = error.code
            self._refuse(error)
        except _Cut as cut:
            outcome = str(cut)
            raise
        except Exception:  # noqa: BLE001 - a fault of the emulator's own is answered too, and loudly
            outcome = "InternalFailure"
            self._refuse(ServiceError(outcome, f"The emulator broke down:\n{traceback.format_exc()}", 500))
        finally:
            if account is not None:
                account.saw(operation, outcome, _read(body))

    def _refuse(self, error: ServiceError) -> None:
        headers = {"x-amzn-ErrorType": error.code}
        if error.retry_after_s is not None:
            headers["Retry-After"] = str(error.retry_after_s)
        self._send(error.status, wire.dumps({"__type": error.code, "message": error.message}), headers)

    def _control(self, body: bytes) -> None:
        number, _, what = self.path.removeprefix(CONTROL).partition("/")
        try:
            answer = _commanded(self.server, self.server.accounts[number], number, what, wire.loads(body))
            self._send(200, wire.dumps(answer))
        except (KeyError, TypeError, ValueError) as error:
            self._send(400, wire.dumps({"message": str(error)}))

    def _send(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {
            "Content-Type": "application/x-amz-json-1.1" if "X-Amz-Target" in self.headers else "application/json",
            "Content-Length": str(len(body)),
            "x-amzn-RequestId": str(uuid.uuid4()),
            **(headers or {}),
        }.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


def _before(faults: list[Fault]) -> None:
    for fault in faults:
        if fault.kind == "slow":
            time.sleep(fault.seconds)
        elif fault.kind == "cut":
            raise _Cut("cut")
        elif fault.kind == "error":
            raise ServiceError(fault.code, fault.message, fault.status, fault.retry_after_s)


def _after(faults: list[Fault]) -> str:
    kinds = {fault.kind for fault in faults}
    if "cut-after" in kinds:
        raise _Cut("cut-after")
    return "garbage" if "garbage" in kinds else "ok"


def _read(body: bytes) -> Any:
    if len(body) > REQUEST_KEPT_BYTES:
        return None
    try:
        return wire.loads(body)
    except ValueError:
        return None


def _commanded(server: Server, account: Account, number: str, what: str, values: dict[str, Any]) -> Any:
    match what:
        case "state":
            return account.state()
        case "switches":
            account.turn(**values)
        case "faults":
            account.fail(values.pop("kind"), **values)
        case "restore":
            account.restore()
        case "calls":
            return [
                {"operation": one.operation, "outcome": one.outcome, "at": one.at, "request": one.request}
                for one in account.calls(values.get("operation", "*"))
            ]
        case "age":
            with server.store.lock:
                server.store.age(number, float(values["seconds"]))
        case "empty":
            with server.store.lock:
                server.store.forget(number)
        case _:
            raise ValueError(f"no command is named {what}")
    return {}
