"""What an adapter implements and declares: the page to read before writing one is `trackbridge.protocol.adapter`."""

from trackbridge.protocol.adapter import (
    PROTOCOL_VERSION,
    Adapter,
    ArtifactStore,
    BulkStore,
    ExperimentStore,
    MetricStore,
    ObjectStore,
    RegistryStore,
    RunStore,
)
from trackbridge.protocol.backend import Backend, open_backend
from trackbridge.protocol.bulk import PlainBulk
from trackbridge.protocol.capabilities import PRESENT, Absent, Capabilities, Deviation, Present
from trackbridge.protocol.discovery import find_adapter, installed_apis, installed_backends
from trackbridge.protocol.glance import glance
from trackbridge.protocol.hooks import (
    AdapterSpec,
    CaptureProvider,
    DataSource,
    DemoServer,
    Found,
    GateCheck,
    ModelSaver,
    SavedModel,
    hookimpl,
)
from trackbridge.protocol.limits import Limits, NameRule
from trackbridge.protocol.native import (
    BackendInfo,
    Mirror,
    NativeMetric,
    NativeModel,
    NativeRun,
    NativeVersion,
    ObjectInfo,
    Opened,
    Refused,
    Scan,
    Scope,
    VersionSpec,
    VersionState,
)
from trackbridge.protocol.preparing import prepare
from trackbridge.protocol.surplus import LeftBehind, SurplusFile, SurplusStore, surplus_of
from trackbridge.protocol.urls import BackendUrl, parse_url
from trackbridge.protocol.vendor import VendorApi

__all__ = [
    "PRESENT",
    "PROTOCOL_VERSION",
    "Absent",
    "Adapter",
    "AdapterSpec",
    "ArtifactStore",
    "Backend",
    "BackendInfo",
    "BackendUrl",
    "BulkStore",
    "Capabilities",
    "CaptureProvider",
    "DataSource",
    "DemoServer",
    "Deviation",
    "ExperimentStore",
    "Found",
    "GateCheck",
    "LeftBehind",
    "Limits",
    "MetricStore",
    "Mirror",
    "ModelSaver",
    "NameRule",
    "NativeMetric",
    "NativeModel",
    "NativeRun",
    "NativeVersion",
    "ObjectInfo",
    "ObjectStore",
    "Opened",
    "PlainBulk",
    "Present",
    "Refused",
    "RegistryStore",
    "RunStore",
    "SavedModel",
    "Scan",
    "Scope",
    "SurplusFile",
    "SurplusStore",
    "VendorApi",
    "VersionSpec",
    "VersionState",
    "find_adapter",
    "glance",
    "hookimpl",
    "installed_apis",
    "installed_backends",
    "open_backend",
    "parse_url",
    "prepare",
    "surplus_of",
]
