"""The service itself, behind both front ends: a call by name, with a request message, answered by a message."""

from __future__ import annotations

import collections
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from google.protobuf.message import Message

from emulators.vertex import rules, vendor
from emulators.vertex.errors import Refused
from emulators.vertex.faults import Fault, Faults
from emulators.vertex.lineage import Lineage
from emulators.vertex.metadata import Metadata
from emulators.vertex.models import Models
from emulators.vertex.names import Projects
from emulators.vertex.operations import Operations
from emulators.vertex.series import Series
from emulators.vertex.store import Store
from emulators.vertex.switches import Switches
from emulators.vertex.tensorboard import Tensorboards
from emulators.vertex.world import Handler, World

# "If the user does not provide a mask then all fields are overwritten if new values are specified": not required then.
_MASKLESS = "UpdateTensorboard"


class Cut(Exception):
    """The connection is to be dropped without an answer."""


class Core:
    """Everything the service does, over a folder that outlives it."""

    def __init__(self, folder: Path, switches: Switches | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.store = Store(folder / "vertex.db")
        self.world = World(self.store, switches or Switches())
        self.faults = Faults()
        self._operations = Operations(self.world)
        self._projects = Projects(self.store)
        self._calls: collections.Counter[str] = collections.Counter()
        self._counting = threading.Lock()
        metadata = Metadata(self.world, self._operations)
        self._handlers: dict[str, Handler] = {
            **self._operations.handlers(),
            **metadata.handlers(),
            **Lineage(self.world, metadata.artifact_fields).handlers(),
            **Tensorboards(self.world, self._operations).handlers(),
            **Series(self.world).handlers(),
            **Models(self.world, self._operations).handlers(),
        }

    def call(self, method: vendor.Method, request: Message) -> Message:
        """Answer a call; raise Refused, or Cut where a fault drops the connection."""
        with self._counting:
            self._calls[method.key] += 1
        fault = self.faults.hit(method.key)
        if fault is None:
            return self._answer(method, request)
        answer = self._answer(method, request) if fault.applied else None
        self._strike(fault)
        return answer or self._answer(method, request)

    def calls(self) -> Mapping[str, int]:
        """Count the calls so far by method."""
        with self._counting:
            return dict(self._calls)

    def forget_calls(self) -> None:
        """Count from nought."""
        with self._counting:
            self._calls.clear()

    def violations(self) -> list[dict[str, Any]]:
        """Give every rule that a client broke."""
        fields = ("at", "method", "message", "cite")
        return [dict(zip(fields, row, strict=True)) for row in self.store.violations()]

    def flip(self, **changes: Any) -> Switches:
        """Change switches; give those before."""
        before = self.world.switches
        self.world.switches = before.flipped(changes)
        return before

    def close(self) -> None:
        """Close the store."""
        self.store.close()

    def _answer(self, method: vendor.Method, request: Message) -> Message:
        handler = self._handlers.get(method.key)
        if handler is None:
            raise Refused("UNIMPLEMENTED", f"{method.key} is not emulated.", "")
        try:
            with self.store.transaction():
                self._projects.identified(request)
                rules.known_fields_only(request)
                _check_required(method, request)
                self._operations.advance()
                response = handler(request)
                if self.world.switches.project_names == "number":
                    self._projects.numbered(response)
                return response
        except Refused as refused:
            if refused.code == "INVALID_ARGUMENT":
                self.store.violate(time.time(), method.key, refused.message, refused.cite)
            raise

    def _strike(self, fault: Fault) -> None:
        time.sleep(fault.delay_s)
        if fault.cut:
            raise Cut
        if fault.code:
            raise Refused(fault.code, fault.message, "", fault.retry_after_s)


def _check_required(method: vendor.Method, request: Any) -> None:
    if method.service == "Operations":
        return
    if not method.name.startswith("Update"):
        rules.required_fields(request)
        return
    # Of a resource in an update only the masked fields count; the request's own fields count all.
    for name, said in vendor.behaviours(type(request)).items():
        if "Required" not in said or (name == "update_mask" and method.name.startswith(_MASKLESS)):
            continue
        if (
            not request.HasField(name)
            if request.DESCRIPTOR.fields_by_name[name].message_type
            else not getattr(request, name)
        ):
            raise rules.invalid(f"Required field {name} is not set.", f"{type(request).DESCRIPTOR.name}.{name}")
