"""Version numbers that are given, by a migration or a fan-out (G1): MLflow itself only ever counts on.

What lies before a given number is made too, as versions that nobody sees but MLflow's own screen, so that whoever
brings such a number later finds it free. Such a version was made before its content was known, and MLflow's source
of a version cannot be changed: so its source is a folder of the model's trail run, and the content is copied there.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final
from uuid import uuid4

from trackbridge.errors import Conflict
from trackbridge.protocol import VersionSpec
from trackbridge_mlflow.artifacts import Artifacts
from trackbridge_mlflow.client import Client
from trackbridge_mlflow.ledger import Ledger, claim
from trackbridge_mlflow.versions import FILLER, version_tags

__all__ = ["Numbers", "search_versions", "spent"]

_PAGE: Final = 10_000


class Numbers:
    """Gives a version the number that it must have."""

    def __init__(self, client: Client, ledger: Ledger, artifacts: Artifacts) -> None:
        self._client = client
        self._ledger = ledger
        self._artifacts = artifacts

    def take(self, model: str, native: str, spec: VersionSpec, number: int) -> int | None:
        """Give `number` where it was kept free and is now this version; None where it is MLflow's next one.

        Raises:
            Conflict: the number is spent (G1).
        """
        versions = {int(one.version): one for one in search_versions(self._client, f'name = "{native}"')}
        last = max(versions, default=0)
        while last + 1 < number:
            last = self._keep_free(model, native)
        if last < number:
            return None
        kept = versions.get(number) or self._client.registry.get_model_version(native, str(number))
        if FILLER not in kept.tags or not claim(
            self._client, self._ledger.ensure_trail(model), f"version.{number}", spec.token
        ):
            raise spent(model, number)
        self._fill(native, kept, spec)
        return number

    def _keep_free(self, model: str, native: str) -> int:
        from mlflow.entities.model_registry import ModelVersionTag

        trail = self._ledger.ensure_trail(model)
        made = self._client.registry.create_model_version(
            native,
            f"runs:/{trail}/versions/{uuid4().hex}",
            trail,
            [ModelVersionTag(FILLER, "1")],
            description="Nothing: this number is kept free.",
        )
        return int(made.version)

    def _fill(self, native: str, kept: Any, spec: VersionSpec) -> None:
        from mlflow.entities.model_registry import ModelVersionTag

        registry, number = self._client.registry, str(kept.version)
        run, _, folder = str(kept.source).removeprefix("runs:/").partition("/")
        if spec.run_id is not None:
            self._artifacts.copy(spec.run_id, spec.artifact_path, run, folder)
        shown, tags = version_tags(spec)
        registry.update_model_version(native, number, shown)
        for key, value in tags.items():
            registry.set_model_version_tag(native, number, ModelVersionTag(key, value))
        registry.delete_model_version_tag(native, number, FILLER)


def search_versions(client: Client, where: str) -> Iterator[Any]:
    """Give MLflow's versions that a filter in its language finds, by number, those that keep numbers free included."""
    token, seen = None, set()
    while True:
        page = client.registry.search_model_versions(
            where, max_results=_PAGE, order_by=["version_number ASC"], page_token=token
        )
        for version in page:
            key = (version.name, version.version)
            if key not in seen:
                seen.add(key)
                yield version
        token = page.token
        if not token:
            return


def spent(model: str, number: int | None) -> Conflict:
    """Give the error for a number that was used before, or is in use."""
    return Conflict(f"the number {number} of model {model!r} is spent", clause="G1")
