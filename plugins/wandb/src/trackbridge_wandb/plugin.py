"""The entry point: which scheme this distribution serves. Importing it imports no W&B."""

from __future__ import annotations

from trackbridge.protocol import AdapterSpec, BackendUrl, hookimpl
from trackbridge.protocol.adapter import Adapter
from trackbridge_wandb.declaration import CAPABILITIES, DEVIATIONS, limits

__all__ = ["trackbridge_adapters"]


def _open(url: BackendUrl) -> Adapter:
    from trackbridge_wandb.adapter import WandbAdapter

    return WandbAdapter(url)


@hookimpl
def trackbridge_adapters() -> tuple[AdapterSpec, ...]:
    """Give the adapter."""
    return (
        AdapterSpec(
            schemes=("wandb",),
            open=_open,
            limits=limits,
            capabilities=CAPABILITIES,
            probe="trackbridge_wandb.probe:WandbProbe",
            deviations=DEVIATIONS,
            remedy="pip install 'trackbridge[wandb]'",
        ),
    )
