"""The in-process handle: both front ends over one core."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from emulators.vertex.control import EVERY
from emulators.vertex.core import Core
from emulators.vertex.faults import Fault
from emulators.vertex.grpc_front import GrpcFront
from emulators.vertex.remote import Remote
from emulators.vertex.rest_front import RestFront
from emulators.vertex.switches import Switches


class Server:
    """Vertex AI on loopback ports. Use as a context manager, or call `stop`."""

    def __init__(
        self, data: Path, *, port: int = 0, rest_port: int = 0, switches: Mapping[str, Any] | None = None
    ) -> None:
        self.core = Core(data, Switches().flipped(switches or {}))
        self._grpc = GrpcFront(self.core, port)
        self._rest = RestFront(self.core, rest_port, self.cut)

    @property
    def address(self) -> str:
        """Where gRPC is spoken, as ``HOST:PORT``."""
        return self._grpc.address

    @property
    def url(self) -> str:
        """Where REST is spoken, and `control`, as ``http://HOST:PORT``."""
        return self._rest.url

    def remote(self, project: str = EVERY) -> Remote:
        """Give the handle that tests in other processes have too."""
        return Remote(self.url, project)

    def fail(self, **fault: Any) -> str:
        """Put a fault in force (see `faults.Fault`); give its id."""
        return self.core.faults.add(Fault(**fault))

    def cut(self, spare: socket.socket | None = None) -> None:
        """Drop every connection, but the one that asks for it."""
        self._grpc.cut()
        self._rest.cut(spare)

    def stop(self) -> None:
        """Stop serving; the data stays."""
        self._grpc.stop()
        self._rest.stop()
        self.core.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
