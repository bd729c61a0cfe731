"""The entry point of ``neptune-dump://``. Importing it imports no pyarrow."""

from __future__ import annotations

from typing import Final

from trackbridge.protocol import (
    PRESENT,
    Absent,
    Adapter,
    AdapterSpec,
    BackendUrl,
    Capabilities,
    Limits,
    VendorApi,
    hookimpl,
)

__all__ = ["trackbridge_adapters"]

_API: Final = VendorApi(
    modules=("neptune", "neptune_scale", "neptune_query", "neptune_fetcher"),
    commands=("neptune",),
    integrations=("lightning.pytorch.loggers.NeptuneLogger", "pytorch_lightning.loggers.NeptuneLogger"),
    arguments=(("report_to", "neptune"),),
)


def _open(url: BackendUrl) -> Adapter:
    from trackbridge_neptune.adapter import DumpAdapter

    return DumpAdapter(url)


def _limits(_: BackendUrl) -> Limits:
    return Limits(artifact_hashes=False, summaries=False)


@hookimpl
def trackbridge_adapters() -> tuple[AdapterSpec, ...]:
    """Give the adapter of dumps: they are read like any backend, and refuse to be written to."""
    return (
        AdapterSpec(
            schemes=("neptune-dump",),
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
                purge=Absent("never", "a dump is all that is left of a service that ended, and is only read"),
                cross_process=PRESENT,
            ),
            probe="trackbridge_neptune.probe:DumpProbe",
            api=_API,
            remedy="pip install 'trackbridge[neptune]'",
        ),
    )
