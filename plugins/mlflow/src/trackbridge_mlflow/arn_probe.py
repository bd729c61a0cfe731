"""The suite's independent reader of a managed MLflow: MLflow's raw client behind sagemaker-mlflow, and raw boto3."""

from __future__ import annotations

from typing import Any

from trackbridge.protocol import BackendUrl
from trackbridge.testing.probe import ProbedModel
from trackbridge_mlflow.probe import MlflowProbe

__all__ = ["ManagedProbe"]


class ManagedProbe(MlflowProbe):
    """See `trackbridge.testing.Probe`. The plugin signs for MLflow's tracking URI, which is one for the process."""

    def __init__(self, url: BackendUrl) -> None:
        import mlflow

        self._before = mlflow.get_tracking_uri() if mlflow.is_tracking_uri_set() else None
        mlflow.set_tracking_uri(f"arn:{url.rest}")
        super().__init__(url)
        self._packages: Any = None
        if url.option("registry") == "sagemaker":
            from trackbridge_sagemaker.probe import SageMakerProbe

            names = ("bucket", "endpoint_url", "prefix", "s3_endpoint_url")
            options = {name: url.options[name] for name in names if name in url.options}
            self._packages = SageMakerProbe(BackendUrl("", "sagemaker", f"//{url.rest.split(':')[2]}", options))

    def model(self, name: str) -> ProbedModel | None:
        """Find a model, its versions and its stored trail."""
        found: ProbedModel | None = super().model(name) if self._packages is None else self._packages.model(name)
        return found

    def set_stage(self, model: str, number: int, stage: str) -> None:
        """Change a version's native stage as a colleague would."""
        if self._packages is None:
            super().set_stage(model, number, stage)
        else:
            self._packages.set_stage(model, number, stage)

    def replace_entries(self, model: str, entries: tuple[bytes, ...]) -> None:
        """Overwrite the stored trail: what a forger would do."""
        if self._packages is None:
            super().replace_entries(model, entries)
        else:
            self._packages.replace_entries(model, entries)

    def close(self) -> None:
        """Let go of connections, and of MLflow's tracking URI."""
        import mlflow

        super().close()
        mlflow.set_tracking_uri(self._before)
        if self._packages is not None:
            self._packages.close()
