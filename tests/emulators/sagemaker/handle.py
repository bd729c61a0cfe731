"""How a test holds the emulator: in its own process, or over HTTP; both hand out accounts with the same commands."""

from __future__ import annotations

import json
import threading
import urllib.error
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import boto3
from botocore.config import Config

from emulators.sagemaker.control import Seen
from emulators.sagemaker.server import CONTROL, Server
from emulators.sagemaker.signing import DEFAULT_ACCOUNT
from emulators.sagemaker.switches import Switches


class Emulator:
    """The emulator in this process, on a thread; use it in a with statement, or `start` and `stop` it."""

    def __init__(self, folder: Path | None = None, port: int = 0, **switches: Any) -> None:
        self._server = Server(port, folder, Switches().turned(**switches))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def url(self) -> str:
        """The address, for `endpoint_url`."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def start(self) -> Self:
        """Begin to serve."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Serve no more; what was acknowledged lies in the folder."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def account(self, number: str = DEFAULT_ACCOUNT) -> Remote:
        """Give the handle of an account."""
        return Remote(self.url, number)

    def __enter__(self) -> Self:
        """Begin to serve."""
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Serve no more."""
        self.stop()


class Remote:
    """An account of an emulator at `url`."""

    def __init__(self, url: str, number: str = DEFAULT_ACCOUNT) -> None:
        self.url, self.number = url, number

    def client(self, service: str = "sagemaker", region: str = "us-east-1", **config: Any) -> Any:
        """Give a boto3 client of this account; one try a call unless `config` says otherwise."""
        settings = {"retries": {"total_max_attempts": 1}, **config}
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=region,
            aws_access_key_id=self.number,
            aws_secret_access_key="secret",
            config=Config(**settings),
        )

    def turn(self, **values: Any) -> None:
        """Change `Switches` of the account; a wrong name or value is a ValueError."""
        self._send("switches", values)

    def fail(self, kind: str, **values: Any) -> None:
        """Ask for a `control.Fault`."""
        self._send("faults", {"kind": kind, **values})

    def restore(self) -> None:
        """Clear faults and calls, and set the switches as they were at the start."""
        self._send("restore", {})

    def age(self, seconds: float) -> None:
        """Let all that the account holds have been written so much earlier: what lags behind catches up."""
        self._send("age", {"seconds": seconds})

    def empty(self) -> None:
        """Delete all that the account holds."""
        self._send("empty", {})

    def calls(self, operation: str = "*") -> list[Seen]:
        """Give the latest calls of the operations that match, in order."""
        return [Seen(**one) for one in self._send("calls", {"operation": operation})]

    def state(self) -> dict[str, Any]:
        """Give switches and faults."""
        state: dict[str, Any] = self._send("state", {})
        return state

    def _send(self, what: str, values: dict[str, Any]) -> Any:
        address = f"{self.url}{CONTROL}{self.number}/{what}"
        request = urllib.request.Request(address, json.dumps(values).encode(), method="POST")
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise ValueError(json.load(error)["message"]) from None
