"""The entry point of ``archive+…://``. Importing it imports neither pyarrow nor fsspec."""

from __future__ import annotations

from trackbridge.protocol import PRESENT, Adapter, AdapterSpec, BackendUrl, Capabilities, Limits, hookimpl

__all__ = ["trackbridge_adapters"]


def _open(url: BackendUrl) -> Adapter:
    from trackbridge.adapters.archive.adapter import ArchiveAdapter

    return ArchiveAdapter(url)


def _limits(_: BackendUrl) -> Limits:
    return Limits(points_per_write=20_000)


@hookimpl
def trackbridge_adapters() -> tuple[AdapterSpec, ...]:
    """Give the adapter of archives in folders and in buckets."""
    return (
        AdapterSpec(
            schemes=("archive+file", "archive+s3", "archive+gs"),
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
            probe="trackbridge.testing.probes.archive:ArchiveProbe",
            remedy="pip install 'trackbridge[archive]'",
        ),
    )
