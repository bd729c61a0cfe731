"""The entry point: which scheme this distribution serves. Importing it imports no W&B."""

from __future__ import annotations

from trackbridge.protocol import AdapterSpec, BackendUrl, VendorApi, hookimpl
from trackbridge.protocol.adapter import Adapter
from trackbridge_wandb.declaration import CAPABILITIES, DEVIATIONS, limits

__all__ = ["trackbridge_adapters"]

_API = VendorApi(
    modules=("wandb",),
    commands=("wandb", "wb"),
    integrations=(
        "lightning.pytorch.loggers.WandbLogger",
        "pytorch_lightning.loggers.WandbLogger",
        "transformers.integrations.WandbCallback",
    ),
    arguments=(("report_to", "wandb"),),
)


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
            api=_API,
            environment=("WANDB_API_KEY", "WANDB_BASE_URL", "WANDB_IDENTITY_TOKEN_FILE"),
            remedy="pip install 'trackbridge[wandb]'",
        ),
    )
