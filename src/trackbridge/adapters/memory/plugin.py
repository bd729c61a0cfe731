"""The entry point of ``memory://``."""

from __future__ import annotations

from trackbridge.adapters.memory.adapter import MemoryAdapter
from trackbridge.adapters.memory.state import state_of
from trackbridge.protocol import PRESENT, Absent, AdapterSpec, BackendUrl, Capabilities, Limits, hookimpl

__all__ = ["trackbridge_adapters"]


def _open(url: BackendUrl) -> MemoryAdapter:
    return MemoryAdapter(state_of(url.location))


def _limits(_: BackendUrl) -> Limits:
    return Limits()


@hookimpl
def trackbridge_adapters() -> tuple[AdapterSpec, ...]:
    """Give the adapter of ``memory://NAME``."""
    return (
        AdapterSpec(
            schemes=("memory",),
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
                cross_process=Absent("never", "the data lives in the memory of one process and dies with it"),
            ),
            probe="trackbridge.testing.probes.memory:MemoryProbe",
            in_process=True,
        ),
    )
