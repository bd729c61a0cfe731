"""The entry point: which schemes this distribution serves. Importing it imports no MLflow."""

from __future__ import annotations

from trackbridge.protocol import AdapterSpec, BackendUrl, VendorApi, hookimpl
from trackbridge.protocol.adapter import Adapter
from trackbridge_mlflow.address import ARN_SCHEME, DATABASE_SCHEMES, FOLDER_SCHEME, REST_SCHEMES
from trackbridge_mlflow.declaration import DATABASE, DATABASE_DEVIATIONS, SERVER, SERVER_DEVIATIONS, limits

__all__ = ["trackbridge_adapters"]

_PROBE = "trackbridge_mlflow.probe:MlflowProbe"
_ENVIRONMENT = (
    "MLFLOW_TRACKING_*",
    "MLFLOW_S3_ENDPOINT_URL",
    "DATABRICKS_*",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_PROFILE",
    "AWS_ENDPOINT_URL*",
)
_API = VendorApi(
    modules=("mlflow",),
    commands=("mlflow",),
    integrations=(
        "lightning.pytorch.loggers.MLFlowLogger",
        "pytorch_lightning.loggers.MLFlowLogger",
        "transformers.integrations.MLflowCallback",
    ),
    arguments=(("report_to", "mlflow"),),
)


def _open(url: BackendUrl) -> Adapter:
    from trackbridge_mlflow.adapter import MlflowAdapter

    return MlflowAdapter(url)


def _open_managed(url: BackendUrl) -> Adapter:
    from trackbridge_mlflow.arn import ManagedAdapter

    return ManagedAdapter(url)


@hookimpl
def trackbridge_adapters() -> tuple[AdapterSpec, ...]:
    """Give the adapters: servers over REST, databases without one, and folders of files, which are only read."""
    return (
        AdapterSpec(
            schemes=REST_SCHEMES,
            open=_open,
            limits=limits,
            capabilities=SERVER,
            probe=_PROBE,
            deviations=SERVER_DEVIATIONS,
            api=_API,
            environment=_ENVIRONMENT,
            remedy="pip install 'trackbridge[mlflow]'",
        ),
        AdapterSpec(
            schemes=(ARN_SCHEME,),
            open=_open_managed,
            limits=limits,
            capabilities=SERVER,
            probe="trackbridge_mlflow.arn_probe:ManagedProbe",
            deviations=SERVER_DEVIATIONS,
            api=_API,
            environment=_ENVIRONMENT,
            remedy="pip install 'trackbridge-mlflow[sagemaker]'",
        ),
        AdapterSpec(
            schemes=DATABASE_SCHEMES,
            open=_open,
            limits=limits,
            capabilities=DATABASE,
            probe=_PROBE,
            deviations=DATABASE_DEVIATIONS,
            api=_API,
            environment=_ENVIRONMENT,
            remedy="pip install 'trackbridge-mlflow[database]'",
        ),
        AdapterSpec(
            schemes=(FOLDER_SCHEME,),
            open=_open,
            limits=limits,
            capabilities=DATABASE,  # as of a database: it can be read like one, and refuses to be written to
            probe=_PROBE,
            deviations=DATABASE_DEVIATIONS,
            remedy="pip install 'trackbridge[mlflow]'",
        ),
    )
