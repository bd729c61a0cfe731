"""The entry point of ``local://``."""

from __future__ import annotations

from pathlib import Path

from trackbridge.adapters.local.adapter import LocalAdapter
from trackbridge.protocol import PRESENT, AdapterSpec, BackendUrl, Capabilities, Limits, hookimpl

__all__ = ["trackbridge_adapters"]


def _open(url: BackendUrl) -> LocalAdapter:
    return LocalAdapter(Path(url.location))


def _limits(_: BackendUrl) -> Limits:
    return Limits(ordered_scan=True)


@hookimpl
def trackbridge_adapters() -> tuple[AdapterSpec, ...]:
    """Give the adapter of ``local://DIR``."""
    return (
        AdapterSpec(
            schemes=("local",),
            open=_open,
            limits=_limits,
            capabilities=Capabilities(
                experiments=PRESENT,
                runs=PRESENT,
                params=PRESENT,
                tags=PRESENT,
                metrics=PRESENT,
                artifacts=PRESENT,
                datasets=PRESENT,
                environment=PRESENT,
                search=PRESENT,
                registry=PRESENT,
                trail=PRESENT,
                sidecar=PRESENT,
                bulk=PRESENT,
                purge=PRESENT,
                cross_process=PRESENT,
            ),
            probe="trackbridge.testing.probes.local:LocalProbe",
        ),
    )
