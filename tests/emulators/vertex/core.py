"""The service itself, behind both front ends: a call by name, with a request message, answered by a message."""

from __future__ import annotations

import collections
import threading
import time
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from google.protobuf.message import Message

from emulators.vertex import rules, vendor
from emulators.vertex.errors import RefusedError, invalid
from emulators.vertex.faults import Fault, Faults
from emulators.vertex.lineage import Lineage
from emulators.vertex.metadata import Metadata
from emulators.vertex.models import Models
from emulators.vertex.operations import Operations
from emulators.vertex.projects import Projects
from emulators.vertex.quotas import Quotas
from emulators.vertex.series import Series
from emulators.vertex.store import Store
from emulators.vertex.switches import Switches
from emulators.vertex.tensorboard import Tensorboards
from emulators.vertex.world import Handler, World

# "If the user does not provide a mask then all fields are overwritten if new values are specified": not required then.
_MASKLESS = "UpdateTensorboard"


class CutError(Exception):
    """The connection is to be dropped without an answer."""


class Core:
    """Everything the service does, over a folder that outlives it."""

    def __init__(self, folder: Path, switches: Switches | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.store = Store(folder / "vertex.db")
        self._switches = {"": switches or Switches()}
        self.world = World(self.store, self._switches[""])
        self.faults = Faults()
        self._operations = Operations(self.world)
        self._projects = Projects(self.store)
        self._quotas = Quotas()
        self._calls: collections.Counter[tuple[str, str]] = collections.Counter()
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
        """Answer a call; raise RefusedError, or CutError where a fault drops the connection."""
        project = self._projects.of(request)
        with self._counting:
            self._calls[project, method.key] += 1
        fault = self.faults.hit(project, method.key)
        if fault is not None and not fault.applied:
            _strike(fault)
        answer = self._answer(project, method, request)
        if fault is not None and fault.applied:
            _strike(fault)
        return answer

    def note(self, where: str, refused: RefusedError) -> None:
        """Record a broken rule that kept a request from becoming a call; calls record their own."""
        if refused.code == "INVALID_ARGUMENT" and not refused.recorded:
            self.store.violate(time.time(), self._projects.in_path(where), where, refused.message, refused.cite)

    # What is kept by project; "" stands for all of them

    def calls(self, project: str = "") -> Mapping[str, int]:
        """Count the calls so far by method."""
        found: collections.Counter[str] = collections.Counter()
        with self._counting:
            for (whose, method), count in self._calls.items():
                if project in {"", whose}:
                    found[method] += count
        return found

    def forget_calls(self, project: str = "") -> None:
        """Count from nought."""
        with self._counting:
            for key in [key for key in self._calls if project in {"", key[0]}]:
                del self._calls[key]

    def violations(self, project: str = "") -> list[dict[str, Any]]:
        """Give every rule that a client broke."""
        fields = ("at", "project", "method", "message", "cite")
        found = [dict(zip(fields, row, strict=True)) for row in self.store.violations()]
        return [row for row in found if project in {"", row["project"]}]

    def switches(self, project: str = "") -> Switches:
        """Give the switches in force."""
        return self._switches.get(project, self._switches[""])

    def flip(self, project: str = "", **changes: Any) -> Switches:
        """Change switches; give those before."""
        before = self.switches(project)
        self._switches[project] = before.flipped(changes)
        return before

    def close(self) -> None:
        """Close the store."""
        self.store.close()

    def _answer(self, project: str, method: vendor.Method, request: Message) -> Message:
        handler = self._handlers.get(method.key)
        if handler is None:
            raise RefusedError("UNIMPLEMENTED", f"{method.key} is not emulated.", "")
        try:
            with self.store.transaction():
                self.world.switches = self.switches(project)
                self._projects.identified(request)
                self._quotas.spend(self._projects.region(request), method, self.world.switches)
                rules.known_fields_only(request)
                _check_required(method, request)
                self._operations.advance(project)
                response = handler(request)
                if self.world.switches.project_names == "number":
                    self._projects.numbered(response)
                return response
        except RefusedError as refused:
            if refused.code == "INVALID_ARGUMENT":
                self.store.violate(time.time(), project, method.key, refused.message, refused.cite)
                refused.recorded = True
            raise
        except Exception as fault:
            traceback.print_exc()  # a fault of this emulator, not of its client
            raise RefusedError("INTERNAL", repr(fault)) from fault


def _strike(fault: Fault) -> None:
    time.sleep(fault.delay_s)
    if fault.cut:
        raise CutError
    if fault.code:
        raise RefusedError(fault.code, fault.message, "", fault.retry_after_s)


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
        if rules.is_empty(request, request.DESCRIPTOR.fields_by_name[name]):
            raise invalid(f"Required field {name} is not set.", f"{type(request).DESCRIPTOR.name}.{name}")
