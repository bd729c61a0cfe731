"""The registry (G1–G8): models, versions, their trail, and the mirror of it in Vertex AI's own fields."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import fields
from typing import Any, Final

from trackbridge.errors import Conflict
from trackbridge.protocol import Mirror, NativeModel, NativeVersion, VersionSpec
from trackbridge_vertex.client import Client
from trackbridge_vertex.contexts import time_ms
from trackbridge_vertex.finding import Finder
from trackbridge_vertex.lineage import Lineage
from trackbridge_vertex.mirror import Mirrors, version_state
from trackbridge_vertex.models import Models, edited
from trackbridge_vertex.names import model_id
from trackbridge_vertex.structs import fill
from trackbridge_vertex.trail import Trails
from trackbridge_vertex.versions import Versions

__all__ = ["Registry"]

_SPEC: Final = tuple(field.name for field in fields(VersionSpec))
_LIVE: Final = 2


class Registry:
    """See `trackbridge.protocol.RegistryStore`."""

    def __init__(self, client: Client, finder: Finder, lineage: Lineage) -> None:
        self._client = client
        self._finder = finder
        self._lineage = lineage
        self._models = Models(client)
        self._versions = Versions(client, self._models)
        self._mirrors = Mirrors(client, self._models, self._versions)
        self._trails = Trails(client, lineage)
        self._numbering = threading.Lock()

    # Models

    def ensure_model(self, name: str) -> None:
        """Create the model if absent; a deleted one raises `Conflict`."""
        self._models.ensure(name)

    def get_model(self, name: str) -> NativeModel | None:
        """Give a model, a deleted one too; None where there is none."""
        return self._models.get(name)

    def list_models(self) -> Iterator[NativeModel]:
        """Give all that are not deleted, by name."""
        return self._models.list()

    def edit_model(self, name: str, *, description: str | None, tags: Mapping[str, str | None]) -> None:
        """Set the description unless None, and the tags given; a tag of None is deleted."""
        self._models.edit(name, description, tags)

    def delete_model(self, name: str) -> None:
        """Mark it deleted: its name and numbers are spent."""
        self._models.delete(name)

    # Versions

    def create_version(self, model: str, spec: VersionSpec, number: int | None = None) -> int:
        """Create a version and give its number; the same token gives the number it gave before."""
        with self._numbering:
            made, native = self._versions.create(model, spec, number)
        if spec.run_id is not None:
            self._note(model, spec, made, native)
        return made

    def _note(self, model: str, spec: VersionSpec, number: int, native: str) -> None:
        """Write down which run a version was made from, where it is found, and where the console shows it."""
        run_id = str(spec.run_id)
        self._client.storage.put(f"runs/{run_id}/versions/{model_id(model)}/{number}", b"")
        place = None
        with suppress(Conflict):  # purged
            place = self._finder.place(run_id)
        if place is not None:
            artifact = self._client.message(
                "Artifact",
                display_name=f"{model}"[:120] + f" {number}",
                uri=self._versions.uri(spec),
                schema_title="system.Model",
                schema_version="0.0.1",
                state=_LIVE,
            )
            fill(artifact.metadata, {"resourceName": native})
            self._lineage.produce(
                run_id, place, f"{run_id}-{model_id(model)[:60].replace('_', '-')}-{number}", artifact
            )

    def versions(self, model: str) -> Iterator[NativeVersion]:
        """Give all versions that are not deleted, by number."""
        mirrored = (self._models.record(model) or {}).get("mirror", {})
        natives = {str(one.version_id): one for one in self._versions.natives(model)}
        found: dict[int, NativeVersion] = {}
        taken: set[int] = set()
        for record in self._versions.records(model):
            number, one = int(record["number"]), natives.pop(str(record["native"]), None)
            taken.add(number)
            if one is not None and not record.get("deleted"):
                spec = VersionSpec(**{name: record[name] for name in _SPEC if name in record})
                found[number] = NativeVersion(number, spec, version_state(one, mirrored))
        for native, one in natives.items():
            if int(native) not in taken:
                found[int(native)] = NativeVersion(int(native), _foreign(model, one), version_state(one, mirrored))
        yield from (found[number] for number in sorted(found))

    def versions_of_run(self, run_id: str) -> Iterator[tuple[str, int]]:
        """Give (model, number) of every version made from a run."""
        folder = f"runs/{run_id}/versions/"
        names = None
        for found in self._client.storage.find(folder):
            own, _, number = found.name.removeprefix(folder).partition("/")
            names = self._models.names() if names is None else names
            if own in names and not self._versions.record(names[own], int(number)).get("deleted"):
                yield names[own], int(number)

    def edit_version(self, model: str, number: int, *, description: str | None, tags: Mapping[str, str | None]) -> None:
        """Set the description unless None, and the tags given; a tag of None is deleted."""
        self._versions.edit(model, number, lambda before: edited(before, description, tags))

    def delete_version(self, model: str, number: int) -> None:
        """Delete a version: its number is spent."""
        self._versions.delete(model, number)

    # The trail

    def append_entry(self, model: str, n: int, data: bytes) -> bool:
        """Create entry `n` of the trail if absent; False if it is taken by other bytes (G5)."""
        return self._trails.append(model, n, data)

    def entries(self, model: str, start: int = 0) -> Iterator[bytes]:
        """Give the trail from entry `start` on, in order."""
        return self._trails.entries(model, start)

    def set_mirror(self, model: str, mirror: Mirror) -> None:
        """Show a fold of the trail in the vendor's own fields."""
        self._mirrors.show(model, mirror)


def _foreign(model: str, native: Any) -> VersionSpec:
    return VersionSpec(
        token=f"native-{model}-{native.version_id}",
        run_id=None,
        artifact_path=native.artifact_uri,
        digest=None,
        created_ms=time_ms(native.version_create_time),
        description=native.version_description or None,
    )
