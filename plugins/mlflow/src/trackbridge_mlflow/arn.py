"""The adapter of a managed MLflow: as of any server, its models in MLflow's registry or in SageMaker's own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from trackbridge.errors import ConfigurationError, NotFound
from trackbridge.protocol import BackendUrl, ObjectInfo, ObjectStore, Scope
from trackbridge_mlflow.adapter import MlflowAdapter

__all__ = ["ManagedAdapter"]

_OF_PACKAGES: Final = ("bucket", "endpoint_url", "prefix", "s3_endpoint_url")


class ManagedAdapter(MlflowAdapter):
    """See `trackbridge.protocol.Adapter`; with ``?registry=sagemaker&bucket=…`` models are model packages."""

    def __init__(self, url: BackendUrl) -> None:
        super().__init__(url)
        kind = url.option("registry", "mlflow")
        if kind == "sagemaker":
            packages = _packages(url)
            self.registry = packages.registry(self._artifact_uri)
            self.objects = _Split(self.objects, packages.objects)
        elif kind != "mlflow" or any(url.option(name) for name in _OF_PACKAGES):
            raise ConfigurationError(
                f"{url} has registry={kind}",
                remedy="Leave it out for MLflow's own registry, or write registry=sagemaker&bucket=NAME.",
            )

    def _artifact_uri(self, run_id: str, path: str) -> str:
        """Give where an artifact of a run lies in S3."""
        try:
            native = self._finder.natives(run_id)[0]
        except NotFound:
            return f"trackbridge:{run_id}/{path}"
        return f"{self._client.tracking.get_run(native).info.artifact_uri}/{path}"


class _Split:
    """Objects of runs here, those of models there."""

    def __init__(self, runs: ObjectStore, models: ObjectStore) -> None:
        self._stores = {"run": runs, "model": models}

    def put(self, scope: Scope, name: str, data: bytes) -> None:
        """See `trackbridge.protocol.ObjectStore.put`."""
        self._stores[scope.kind].put(scope, name, data)

    def list(self, scope: Scope, prefix: str = "") -> Iterator[ObjectInfo]:
        """See `trackbridge.protocol.ObjectStore.list`."""
        return self._stores[scope.kind].list(scope, prefix)

    def get(self, scope: Scope, name: str) -> bytes:
        """See `trackbridge.protocol.ObjectStore.get`."""
        return self._stores[scope.kind].get(scope, name)


def _packages(url: BackendUrl) -> Any:
    try:
        from trackbridge_sagemaker.packages_alone import PackageRegistry
    except ImportError as error:
        raise ConfigurationError(
            f"{url} asks for SageMaker's registry, which is not installed: {error}",
            remedy="Install it: pip install 'trackbridge[sagemaker]'.",
        ) from error
    return PackageRegistry(packages_url(url))


def packages_url(url: BackendUrl) -> BackendUrl:
    """Give the backend URL of SageMaker's registry in the region of a managed MLflow."""
    region = url.rest.split(":")[2]
    options = {name: url.options[name] for name in _OF_PACKAGES if name in url.options}
    return BackendUrl(url.text, "sagemaker", f"//{region}", options)
