"""Models and versions of a dump (G1–G3): numbers and stages as Neptune had them, no trail."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from trackbridge.errors import NotFound
from trackbridge.protocol import Mirror, NativeModel, NativeVersion, VersionSpec, VersionState
from trackbridge.records.models import STAGES, Stage
from trackbridge.records.names import shown
from trackbridge_neptune.attributes import system_ms, system_text
from trackbridge_neptune.dump import Container
from trackbridge_neptune.refusing import read_only
from trackbridge_neptune.runs import Reading

__all__ = ["DumpRegistry"]

_VERSION: Final = re.compile(r"(?P<model>.+)-(?P<number>[1-9]\d*)")
_BY_NAME: Final[dict[str, Stage]] = {stage.lower(): stage for stage in STAGES}


class DumpRegistry:
    """See `trackbridge.protocol.RegistryStore`.

    Neptune numbers a model's versions in their ids: SAN-MOD-3 is version 3 of SAN-MOD. The artifact of a version is
    all its files, which lie in the run that stands for it.
    """

    def __init__(self, reading: Reading) -> None:
        self._reading = reading

    def ensure_model(self, name: str) -> None:
        """Refuse."""
        raise read_only(self._reading.dump.root, "registry")

    def get_model(self, name: str) -> NativeModel | None:
        """Give a model."""
        return next((one for one in self.list_models() if one.name == name), None)

    def list_models(self) -> Iterator[NativeModel]:
        """Give all, by name; one whose versions alone are in the dump too."""
        found: dict[str, NativeModel] = {}
        for container in self._reading.containers():
            if container.kind == "model":
                attributes = self._reading.attributes(container)
                created_ms = system_ms(attributes, "sys/creation_time") or 0
                description = system_text(attributes, "sys/description") or system_text(attributes, "sys/name")
                found[_name(container)] = NativeModel(_name(container), description, attributes.tags, created_ms)
            elif split := _split(container):
                found.setdefault(split[0], NativeModel(split[0]))
        return iter([one for _, one in sorted(found.items())])

    def edit_model(self, name: str, *, description: str | None, tags: Mapping[str, str | None]) -> None:
        """Refuse."""
        raise read_only(self._reading.dump.root, "registry")

    def delete_model(self, name: str) -> None:
        """Refuse."""
        raise read_only(self._reading.dump.root, "registry")

    def create_version(self, model: str, spec: VersionSpec, number: int | None = None) -> int:
        """Refuse."""
        raise read_only(self._reading.dump.root, "registry")

    def versions(self, model: str) -> Iterator[NativeVersion]:
        """Give all versions of a model, by number."""
        if self.get_model(model) is None:
            raise NotFound(f"there is no model {shown(model)} in {self._reading.dump.root}", clause="G1")
        found = [
            self._version(container, split[1])
            for container in self._reading.containers()
            if (split := _split(container)) and split[0] == model
        ]
        return iter(sorted(found, key=lambda one: one.number))

    def versions_of_run(self, run_id: str) -> Iterator[tuple[str, int]]:
        """Give the version that a run stands for."""
        container = self._reading.container(run_id)
        split = _split(container) if container else None
        return iter([split] if split else [])

    def edit_version(self, model: str, number: int, *, description: str | None, tags: Mapping[str, str | None]) -> None:
        """Refuse."""
        raise read_only(self._reading.dump.root, "registry")

    def delete_version(self, model: str, number: int) -> None:
        """Refuse."""
        raise read_only(self._reading.dump.root, "registry")

    def append_entry(self, model: str, n: int, data: bytes) -> bool:
        """Refuse."""
        raise read_only(self._reading.dump.root, "trail")

    def entries(self, model: str, start: int = 0) -> Iterator[bytes]:
        """Give none: Neptune kept no trail."""
        return iter(())

    def set_mirror(self, model: str, mirror: Mirror) -> None:
        """Refuse."""
        raise read_only(self._reading.dump.root, "registry")

    def _version(self, container: Container, number: int) -> NativeVersion:
        attributes = self._reading.attributes(container)
        stage = system_text(attributes, "sys/stage") or "none"
        spec = VersionSpec(
            token=container.native_id,
            run_id=container.run_id,
            artifact_path=_common_folder(sorted(attributes.files)),
            digest=None,
            created_ms=self._reading.started_ms(container),
            description=system_text(attributes, "sys/description"),
            tags=attributes.tags,
        )
        return NativeVersion(number, spec, VersionState(_BY_NAME.get(stage.lower(), "None")))


def _split(container: Container) -> tuple[str, int] | None:
    """Give model and number of a container that is a version; None for another."""
    match = _VERSION.fullmatch(container.name) if container.kind == "version" else None
    return (f"{container.project}/{match['model']}", int(match["number"])) if match else None


def _name(container: Container) -> str:
    return container.native_id


def _common_folder(paths: list[str]) -> str:
    """Give the file or folder that holds all of a version's files: the whole run where there are several."""
    tops = {path.partition("/")[0] for path in paths}
    return tops.pop() if len(tops) == 1 else ""
