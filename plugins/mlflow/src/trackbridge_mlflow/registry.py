"""The registry (G1–G8): MLflow's own models, versions, stages and aliases, and the trail in the ledger."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from trackbridge.errors import Conflict, NotFound
from trackbridge.protocol import Mirror, NativeModel, NativeVersion, VersionSpec
from trackbridge_mlflow.artifacts import Artifacts
from trackbridge_mlflow.client import Client
from trackbridge_mlflow.finding import Finder
from trackbridge_mlflow.ledger import Ledger
from trackbridge_mlflow.mirror import Mirrors
from trackbridge_mlflow.models import DELETED, Models, described, model_name, model_record, native_model_name
from trackbridge_mlflow.numbers import Numbers, search_versions, spent
from trackbridge_mlflow.tags import long_text, stale
from trackbridge_mlflow.trail import Trails
from trackbridge_mlflow.versions import FILLER, RUN, TOKEN, path_in, source_of, version_record, version_tags

__all__ = ["Registry"]

_TAG_CHARS: Final = 5_000


class Registry:
    """See `trackbridge.protocol.RegistryStore`."""

    def __init__(self, client: Client, finder: Finder, models: Models, ledger: Ledger, artifacts: Artifacts) -> None:
        self._client = client
        self._finder = finder
        self._models = models
        self._trails = Trails(client, ledger)
        self._numbers = Numbers(client, ledger, artifacts)
        self._mirrors = Mirrors(client)
        self._numbering = threading.Lock()

    # Models

    def ensure_model(self, name: str) -> None:
        """Create the model if absent; a deleted one raises `Conflict`."""
        self._models.ensure(name)

    def get_model(self, name: str) -> NativeModel | None:
        """Give a model, a deleted one too; None where there is none."""
        found = self._models.find(name)
        return None if found is None else model_record(found)

    def list_models(self) -> Iterator[NativeModel]:
        """Give all that are not deleted, by name."""
        return self._models.list()

    def edit_model(self, name: str, *, description: str | None, tags: Mapping[str, str | None]) -> None:
        """Set the description unless None, and the tags given; a tag of None is deleted."""
        self._models.edit(name, description, tags)

    def delete_model(self, name: str) -> None:
        """Mark it deleted by a tag, for MLflow would begin its numbers anew."""
        self._models.set_tags(name, {DELETED: "1"})

    # Versions

    def create_version(self, model: str, spec: VersionSpec, number: int | None = None) -> int:
        """Create a version and give its number; the same token gives the number it gave before."""
        native = self._models.existing(model).name
        with self._numbering:
            known = self._by_token(native, spec.token)
            if known is None and number is not None:
                known = self._numbers.take(model, native, spec, number)
            if known is None:
                made = self._create(native, spec)
                # Numbers only grow: of several made for one token at once, all their makers see the least.
                known = self._by_token(native, spec.token)
                if known is None:
                    raise Conflict(f"version {made} of {model!r} was deleted while it was made", clause="G2")
                if known != made or number not in {None, made}:
                    self._delete(native, made)
                if number not in {None, made} and known == made:
                    raise spent(model, number)
        if number not in {None, known}:
            raise Conflict(f"this version of {model!r} already has the number {known}, not {number}", clause="G2")
        return known

    def _create(self, native: str, spec: VersionSpec) -> int:
        from mlflow.entities.model_registry import ModelVersionTag

        run = self._native_run(spec.run_id)
        shown, tags = version_tags(spec)
        made = self._client.registry.create_model_version(
            native,
            source_of(spec, run),
            run,
            [ModelVersionTag(key, value) for key, value in tags.items()],
            description=shown,
        )
        return int(made.version)

    def _by_token(self, native: str, token: str) -> int | None:
        numbers = [int(version.version) for version in self._all(native) if version.tags.get(TOKEN) == token]
        return min(numbers, default=None)

    def _native_run(self, run_id: str | None) -> str | None:
        if run_id is None:
            return None
        try:
            return self._finder.natives(run_id)[0]
        except NotFound:
            return None

    def versions(self, model: str) -> Iterator[NativeVersion]:
        """Give all versions that are not deleted, by number."""
        found = self._models.existing(model)
        aliases: dict[str, list[str]] = {}
        for alias, version in dict(found.aliases).items():
            aliases.setdefault(str(version), []).append(alias)
        for version in sorted(self._all(found.name), key=lambda version: int(version.version)):
            yield version_record(
                version, tuple(aliases.get(str(version.version), ())), self._finder.run_id, self._located
            )

    def versions_of_run(self, run_id: str) -> Iterator[tuple[str, int]]:
        """Give (model, number) of every version made from a run."""
        found = {
            (version.name, int(version.version))
            for where in (
                f"tags.`{RUN}` = '{run_id}'",
                *(f"run_id = '{native}'" for native in self._finder.natives(run_id)),
            )
            for version in search_versions(self._client, where)
            if FILLER not in version.tags
        }
        names: dict[str, str | None] = {}
        for native, number in sorted(found):
            if native not in names:
                model = self._client.registry.get_registered_model(native)
                names[native] = None if DELETED in model.tags else model_name(model)
            name = names[native]
            if name is not None:
                yield name, number

    def edit_version(self, model: str, number: int, *, description: str | None, tags: Mapping[str, str | None]) -> None:
        """Set the description unless None, and the tags given; a tag of None is deleted."""
        from mlflow.entities.model_registry import ModelVersionTag

        registry, native = self._client.registry, native_model_name(model)
        before = registry.get_model_version(native, str(number))
        changed: dict[str, str] = {}
        if description is not None:
            shown, changed = described(description)
            if shown != before.description:
                registry.update_model_version(native, str(number), shown)
        for tag, value in tags.items():
            if value is not None:
                changed |= long_text(tag, value, chars=_TAG_CHARS)
                continue
            for key in stale(tag, before.tags):
                registry.delete_model_version_tag(native, str(number), key)
        for key, value in changed.items():
            if before.tags.get(key) != value:
                registry.set_model_version_tag(native, str(number), ModelVersionTag(key, value))

    def delete_version(self, model: str, number: int) -> None:
        """Delete a version: its number is spent."""
        self._delete(native_model_name(model), number)

    def _delete(self, native: str, number: int) -> None:
        try:
            self._client.registry.delete_model_version(native, str(number))
        except NotFound:
            return  # deleted before

    def _all(self, native: str) -> Sequence[Any]:
        return [one for one in search_versions(self._client, f'name = "{native}"') if FILLER not in one.tags]

    def _located(self, version: Any) -> str:
        """Give the artifact path of a version that MLflow's own client made."""
        source = str(version.source or "")
        if source.startswith("runs:/"):
            return source.removeprefix("runs:/").partition("/")[2]
        if source.startswith("models:/m-"):
            try:
                return str(self._client.tracking.get_logged_model(source.removeprefix("models:/")).name)
            except NotFound:
                return source
        run = self._client.run(version.run_id) if version.run_id else None
        below = None if run is None else path_in(source, run.info.artifact_uri)
        return source if below is None else below

    # The trail

    def append_entry(self, model: str, n: int, data: bytes) -> bool:
        """Create entry `n` of the trail if absent; False if it is taken by other bytes (G5)."""
        return self._trails.append(model, n, data)

    def entries(self, model: str, start: int = 0) -> Iterator[bytes]:
        """Give the trail from entry `start` on, in order."""
        return self._trails.entries(model, start)

    def set_mirror(self, model: str, mirror: Mirror) -> None:
        """Show a fold of the trail in the vendor's own fields."""
        self._mirrors.show(native_model_name(model), mirror)
