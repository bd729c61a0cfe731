"""The hooks that plugins implement, and the typed record each returns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

import pluggy

from trackbridge.protocol.adapter import PROTOCOL_VERSION, Adapter
from trackbridge.protocol.capabilities import Capabilities, Deviation
from trackbridge.protocol.limits import Limits
from trackbridge.protocol.urls import BackendUrl
from trackbridge.protocol.vendor import VendorApi
from trackbridge.records.trail import TrailEntry
from trackbridge.records.values import ParamValue

__all__ = [
    "AdapterSpec",
    "CaptureProvider",
    "DataSource",
    "DemoServer",
    "Found",
    "GateCheck",
    "ModelSaver",
    "SavedModel",
    "hookimpl",
    "hookspec",
]

PROJECT: Final = "trackbridge"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@dataclass(frozen=True, slots=True, kw_only=True)
class AdapterSpec:
    """All that the core needs to know about an adapter before it uses it.

    Attributes:
        schemes: The URL schemes it serves, such as ``("mlflow+http", "mlflow+https")``.
        open: Makes the adapter of a URL; contacts nothing yet, `Adapter.check` does.
        limits: What the vendor's own fields hold, for a URL of this adapter.
        capabilities: The full declaration.
        probe: ``module:callable`` that makes the suite's independent reader of a URL, see `trackbridge.testing`.
        deviations: What the vendor's own screens show otherwise.
        api: How code that goes round trackbridge would name the vendor.
        environment: Patterns of the environment variables that say where and as whom it works, such as ``VENDOR_*``.
            Processes that differ in one of them do not share a shipper process, for that has its starter's.
        in_process: The data dies with the process, so that shipping must happen inside it.
        remedy: What to install when the adapter's own imports fail.
        load: Imports the vendor's SDK ahead of its first use, for one that takes seconds: `start_run` does not count
            that as waiting for the backend. None where the first use does it in no time.
        protocol_version: The version of the protocol it was written for.
    """

    schemes: tuple[str, ...]
    open: Callable[[BackendUrl], Adapter]
    limits: Callable[[BackendUrl], Limits]
    capabilities: Capabilities
    probe: str
    deviations: tuple[Deviation, ...] = ()
    api: VendorApi = field(default_factory=VendorApi)
    environment: tuple[str, ...] = ()
    in_process: bool = False
    remedy: str = ""
    load: Callable[[], None] | None = None
    protocol_version: int = PROTOCOL_VERSION


@dataclass(frozen=True, slots=True)
class SavedModel:
    """What a saver wrote: the flavor's name, whether loading could run code, and the input example's path if any."""

    flavor: str
    runs_code: bool
    input_example: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSaver:
    """A way to save and load one kind of model object.

    Attributes:
        name: The flavor, such as "skops".
        priority: The greatest wins where several can save one object.
        can_save: Whether it knows this object; must import nothing to say no.
        save: Writes the object into an existing empty folder.
        can_load: Whether a folder was written by this saver.
        load: Gives the object back; the flag says that the caller trusts the folder to run code.
    """

    name: str
    priority: int
    can_save: Callable[[Any], bool]
    save: Callable[[Any, Path, str | None, Any], SavedModel]
    can_load: Callable[[Path], bool]
    load: Callable[[Path, bool], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class GateCheck:
    """A check of one's own that a gate can name in a ``custom`` table.

    Attributes:
        name: What the table calls it.
        judge: Given the `trackbridge.gates.Facts` of the candidate, those of the baseline or None, and the table's
            options, gives the status and a sentence that says why. What it raises makes the check insufficient.
    """

    name: str
    judge: Callable[[Any, Any, Mapping[str, Any]], tuple[Literal["pass", "fail", "insufficient"], str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSource:
    """What a tool for data knows of a local file or folder (D1).

    Attributes:
        tool: The tool, [a-z0-9_-]+, under which `facts` are kept: ``environment.data.DATASET.TOOL.FACT``.
        digest: ``algorithm:hex`` of what lies here now.
        version: A version that others would know it by, such as a revision.
        uri: Where the same bytes can be had from.
        facts: What else is worth keeping.
        warning: What is wrong, such as bytes that are not those recorded; it is logged.
    """

    tool: str
    digest: str
    version: str | None = None
    uri: str | None = None
    facts: Mapping[str, ParamValue] = field(default_factory=dict)
    warning: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """What a provider found: attributes by name, and files of the environment by name, byte for byte (E1)."""

    attributes: Mapping[str, ParamValue] = field(default_factory=dict)
    files: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptureProvider:
    """Something that a run can record of where it runs (E1).

    Attributes:
        name: What to call it where it fails.
        find: Looks around; called once a run, on a thread beside the training. Secrets are taken out after it (X4).
        timeout_s: How long it may take; what it finds later is dropped.
    """

    name: str
    find: Callable[[], Found]
    timeout_s: float = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoServer:
    """A real server that ``trackbridge demo`` may start and play on.

    Attributes:
        name: What the demo calls it.
        start: Starts it with its data in an existing folder, on this machine alone, gives its backend URL, and stops it
            at the end of the context.
        later: The URL of a backend that reads the same folder once the server has stopped.
    """

    name: str
    start: Callable[[Path], AbstractContextManager[str]]
    later: Callable[[Path], str]


class AdapterHooks:
    """Entry-point group ``trackbridge``; the entry point's name owns the scheme, or the part before its ``+``."""

    @hookspec
    def trackbridge_adapters(self) -> tuple[AdapterSpec, ...]:  # type: ignore[empty-body]
        """Give the adapters of this distribution."""


class CoreHooks:
    """Entry-point group ``trackbridge.hooks``; loaded when one of these is first called."""

    @hookspec
    def trackbridge_model_savers(self) -> tuple[ModelSaver, ...]:  # type: ignore[empty-body]
        """Give ways to save and load models."""

    @hookspec
    def trackbridge_captures(self) -> tuple[CaptureProvider, ...]:  # type: ignore[empty-body]
        """Give what else a run is to record of where it runs; asked for on a thread beside the training."""

    @hookspec(firstresult=True)
    def trackbridge_data_source(self, path: Path) -> DataSource | None:
        """Say where the data at a local path comes from; None where this tool does not know it."""

    @hookspec
    def trackbridge_serving_versions(self, backend: str, model: str) -> frozenset[int]:  # type: ignore[empty-body]
        """Name the versions of a model that carry traffic now (G4)."""

    @hookspec
    def trackbridge_stage_changed(self, backend: str, model: str, entry: TrailEntry) -> None:
        """Hear of a transition after its entry exists; what this raises is logged and undoes nothing (G5).

        It is called by the process that created the entry, once; where that process dies first, not at all.
        """

    @hookspec
    def trackbridge_demo_servers(self) -> tuple[DemoServer, ...]:  # type: ignore[empty-body]
        """Give the servers that the demo can start with what is installed."""

    @hookspec
    def trackbridge_gate_checks(self) -> tuple[GateCheck, ...]:  # type: ignore[empty-body]
        """Give checks that gates can name."""
