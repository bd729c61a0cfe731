"""The entry point: which schemes this distribution serves. Importing it imports nothing of Google's."""

from __future__ import annotations

from trackbridge.protocol import AdapterSpec, BackendUrl, hookimpl
from trackbridge.protocol.adapter import Adapter
from trackbridge_vertex.declaration import CAPABILITIES, DEVIATIONS, limits

__all__ = ["trackbridge_adapters"]


def _open(url: BackendUrl) -> Adapter:
    from trackbridge_vertex.adapter import VertexAdapter

    return VertexAdapter(url)


def _load() -> None:
    from trackbridge_vertex.errors import translated

    with translated("vertex"):
        import google.cloud.aiplatform_v1
        import google.cloud.storage  # noqa: F401 - all that the first use needs


@hookimpl
def trackbridge_adapters() -> tuple[AdapterSpec, ...]:
    """Give the adapter."""
    return (
        AdapterSpec(
            schemes=("vertex",),
            open=_open,
            limits=limits,
            capabilities=CAPABILITIES,
            probe="trackbridge_vertex.probe:VertexProbe",
            deviations=DEVIATIONS,
            environment=(
                "GOOGLE_APPLICATION_CREDENTIALS",
                "GOOGLE_CLOUD_*",
                "CLOUDSDK_CONFIG",
                "STORAGE_EMULATOR_HOST",
            ),
            load=_load,
            remedy="pip install 'trackbridge[vertex]'",
        ),
    )
