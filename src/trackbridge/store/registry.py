"""``store.registry``: the registry with the runs and artifacts of its store at hand."""

from __future__ import annotations

import os
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from trackbridge.config import settings
from trackbridge.errors import NotFound
from trackbridge.protocol import VersionSpec
from trackbridge.records.models import ModelVersion
from trackbridge.records.names import check_artifact_path, check_name, check_text
from trackbridge.records.times import now_ms
from trackbridge.records.trail import TrailEntry
from trackbridge.redaction import redact_text
from trackbridge.registry import Registry
from trackbridge.registry.labels import checked_description, checked_tags
from trackbridge.store.files import Files
from trackbridge.store.loading import fetch_version, folder_of, load_saved
from trackbridge.store.reading import Reader

__all__ = ["StoreRegistry"]


class StoreRegistry(Registry):
    """Adds to `Registry` what needs a run: registering one of its artifacts, and loading it back."""

    def __init__(self, reader: Reader, files: Files) -> None:
        super().__init__(reader.adapter.registry, str(reader.backend.url))
        self._reader = reader
        self._files = files

    def register(
        self,
        model: str,
        *,
        run_id: str,
        artifact: str,
        signature: str | None = None,
        input_example: str | None = None,
        description: str | None = None,
        tags: Mapping[str, str] | None = None,
        token: str | None = None,
        number: int | None = None,
    ) -> ModelVersion:
        """Make an artifact of a run a version of a model, and the model on first use (G1, G2).

        Args:
            model: The model's name.
            run_id: The run.
            artifact: The path of a file or folder of the run; its digest is kept, and checked by `load`.
            signature: The model's signature, a JSON text.
            input_example: The artifact path of an input example.
            description: What is worth knowing about it.
            tags: Tags of the version.
            token: Makes the call idempotent: the same token gives the version it gave before.
            number: The number it must have; by default one more than the greatest ever used.

        Raises:
            NotFound: there is no such run or artifact.
            Conflict: the model was deleted, or the number is spent.
            Rejected: a name or a value that can never be kept.
        """
        path = check_artifact_path(artifact)
        spec = VersionSpec(
            token=uuid.uuid4().hex if token is None else check_name(token, "token"),
            run_id=run_id,
            artifact_path=path,
            digest=folder_of(self._files, self._reader.find(run_id), path),
            created_ms=now_ms(),
            signature=None if signature is None else redact_text(check_text(signature, "the signature")),
            input_example=None if input_example is None else check_artifact_path(input_example),
            description=checked_description(description),
            tags={name: value for name, value in checked_tags(tags).items() if value is not None},
        )
        return self.create(model, spec, number)

    def load(
        self,
        model: str,
        which: int | str,
        *,
        trusted: bool = False,
        dest: str | os.PathLike[str] | None = None,
    ) -> Any:
        """Give the object that was logged, or the local path of its files where no saver knows them.

        Args:
            model: The model's name.
            which: A number, an alias, or a stage, of which the greatest version is meant.
            trusted: Whether the files may run code as they are loaded; without it such formats are refused.
            dest: The folder to download into; by default a temporary one that lives as long as this process.

        Raises:
            NotFound: there is no such version, or its run is gone.
            IntegrityError: its files are not what was registered.
            Rejected: loading could run code, and `trusted` was not given.
        """
        version = self.get(model, which)
        path = fetch_version(self._reader, self._files, version, None if dest is None else Path(dest))
        return load_saved(path, trusted=trusted)

    def _permit(self, act: TrailEntry, version: ModelVersion) -> None:
        """Hold an act against the configured policy, if there is one."""
        if not settings().policy:
            return
        from trackbridge.policy import check_act, configured_policy

        check_act(configured_policy(), act, version, self._author_of)

    def _author_of(self, version: ModelVersion) -> str | None:
        """Give the user whose run made a version; None where that is not recorded."""
        if version.run_id is None:
            return None
        try:
            user = self._reader.find(version.run_id).merged.run.attributes.get("source.user")
        except NotFound:
            return None
        return user if isinstance(user, str) else None
