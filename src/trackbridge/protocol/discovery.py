"""Finds adapters and hooks through entry points; a broken plugin is one clear line and never hurts the others."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points

import pluggy

from trackbridge.errors import ConfigurationError, TrackbridgeError
from trackbridge.protocol.adapter import PROTOCOL_VERSION
from trackbridge.protocol.hooks import PROJECT, AdapterHooks, AdapterSpec, CoreHooks
from trackbridge.protocol.urls import BackendUrl
from trackbridge.protocol.vendor import VendorApi

__all__ = ["InstalledBackend", "find_adapter", "hooks", "installed_apis", "installed_backends"]

ADAPTERS, HOOKS = "trackbridge", "trackbridge.hooks"

_KNOWN = {
    "mlflow": "trackbridge[mlflow]",
    "wandb": "trackbridge[wandb]",
    "vertex": "trackbridge[vertex]",
    "sagemaker": "trackbridge[sagemaker]",
    "archive": "trackbridge[archive]",
    "neptune-dump": "trackbridge[neptune]",
}


@dataclass(frozen=True, slots=True)
class InstalledBackend:
    """One scheme that an installed distribution serves, or would if it were not broken."""

    scheme: str
    package: str
    version: str
    state: str
    error: str | None = None


def find_adapter(url: BackendUrl) -> AdapterSpec:
    """Load the adapter of a URL's scheme, and no other.

    Raises:
        ConfigurationError: nothing installed serves the scheme, or what should is broken; names the package and remedy.
    """
    points = _points(tuple(sys.path))
    point = points.get(url.owner)
    if point is None:
        remedy = f"Install it: pip install '{_KNOWN[url.owner]}'." if url.owner in _KNOWN else _installed(points)
        raise ConfigurationError(f"no installed backend serves {url.scheme}://", remedy=remedy)
    for spec in _load(point):
        if url.scheme in spec.schemes:
            return spec
    served = ", ".join(sorted(scheme for spec in _load(point) for scheme in spec.schemes))
    raise ConfigurationError(f"{_package(point)} does not serve {url.scheme}://", remedy=f"It serves {served}.")


def installed_backends() -> Iterator[InstalledBackend]:
    """Load every installed adapter and say what became of it, one row a scheme."""
    for point in sorted(entry_points(group=ADAPTERS), key=lambda point: point.name):
        package = point.dist.name if point.dist else "?"
        version = point.dist.version if point.dist else "?"
        try:
            specs = _load(point)
        except TrackbridgeError as error:
            yield InstalledBackend(point.name, package, version, "broken", str(error))
            continue
        for scheme in sorted(scheme for spec in specs for scheme in spec.schemes):
            yield InstalledBackend(scheme, package, version, "ok")


def installed_apis() -> tuple[VendorApi, ...]:
    """Give how the vendors of all installed adapters are named in code; a broken adapter names none."""
    found: dict[VendorApi, None] = {}
    for point in entry_points(group=ADAPTERS):
        with suppress(ConfigurationError):
            found |= dict.fromkeys(spec.api for spec in _load(point))
    return tuple(found)


@cache
def hooks() -> pluggy.PluginManager:
    """Give the manager of all hooks but adapters, its plugins loaded at the first call."""
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(CoreHooks)
    manager.load_setuptools_entrypoints(HOOKS)
    return manager


@cache
def _points(_path: tuple[str, ...]) -> dict[str, EntryPoint]:
    # Asking every installed distribution takes some 20 ms, which each start of a run would pay again.
    return {point.name: point for point in entry_points(group=ADAPTERS)}


@cache
def _load(point: EntryPoint) -> tuple[AdapterSpec, ...]:
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(AdapterHooks)
    try:
        manager.register(point.load(), name=point.name)
        specs = tuple(spec for group in manager.hook.trackbridge_adapters() for spec in group)
    except Exception as error:
        raise ConfigurationError(
            f"{_package(point)} is installed but broken: {type(error).__name__}: {error}",
            remedy=f"Reinstall it: pip install --force-reinstall {point.dist.name if point.dist else point.value}.",
        ) from error
    for spec in specs:
        if not isinstance(spec, AdapterSpec) or spec.protocol_version != PROTOCOL_VERSION:
            theirs = getattr(spec, "protocol_version", "none")
            raise ConfigurationError(
                f"{_package(point)} speaks version {theirs} of the adapter protocol; this trackbridge speaks {PROTOCOL_VERSION}",
                remedy="Install matching versions of the two.",
            )
    return specs


def _package(point: EntryPoint) -> str:
    return f"{point.dist.name} {point.dist.version}" if point.dist else f"the entry point {point.value}"


def _installed(points: dict[str, EntryPoint]) -> str:
    return f"Installed: {', '.join(sorted(points))}."
