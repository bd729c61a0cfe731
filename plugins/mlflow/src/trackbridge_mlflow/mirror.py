"""The fold of a trail, shown in MLflow's own fields: stages, aliases, and tags for what it has no field for (G5).

Each fold that is mirrored lies on the model too, in tags that bear its count, so that a slow writer of an older fold
finds the newer one, and sets right what it has overwritten.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final, get_args

from trackbridge.errors import ConfigurationError, NotFound, Rejected
from trackbridge.protocol import Mirror, VersionState
from trackbridge.records.models import Approval, Stage
from trackbridge.records.values import canonical_json
from trackbridge_mlflow.client import Client
from trackbridge_mlflow.tags import HIDDEN, chunked, joined

__all__ = ["APPROVAL", "STAGE", "Mirrors", "mirrored_head", "version_state"]

STAGE: Final = "trackbridge.stage"
APPROVAL: Final = "trackbridge.approval"

_FOLD: Final = f"{HIDDEN}fold."
_COUNT: Final = re.compile(re.escape(_FOLD) + r"(\d+):0")
_CHUNK_CHARS: Final = 4_900


class Mirrors:
    """Writes folds to MLflow's fields."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def show(self, native: str, mirror: Mirror) -> None:
        """Show a fold of a model's trail; an older count than the one shown changes nothing."""
        while True:
            tags = self._client.registry.get_registered_model(native).tags
            shown = _latest(tags)
            if shown is not None and shown.count > mirror.count:
                if mirror.count in _counts(tags):
                    # We were overtaken while writing: what the other wrote may bear our marks.
                    self._apply(native, shown)
                    self._drop(native, tags, mirror.count)
                return
            self._apply(native, mirror)
            self._write(native, tags, mirror)
            again = _latest(self._client.registry.get_registered_model(native).tags)
            if again is None or again.count <= mirror.count:
                return

    def _apply(self, native: str, mirror: Mirror) -> None:
        registry = self._client.registry
        aliases = dict(registry.get_registered_model(native).aliases)
        for version in registry.search_model_versions(f'name = "{native}"', max_results=10_000):
            number = int(version.version)
            state = mirror.versions.get(number, VersionState())
            self._show_version(native, version, state)
            for alias in state.aliases:
                if str(aliases.pop(alias, None)) != str(number):
                    registry.set_registered_model_alias(native, alias, str(number))
        kept = {alias for state in mirror.versions.values() for alias in state.aliases}
        for alias in set(aliases) - kept:
            registry.delete_registered_model_alias(native, alias)

    def _show_version(self, native: str, version: Any, state: VersionState) -> None:
        from mlflow.entities.model_registry import ModelVersionTag

        registry, number = self._client.registry, str(version.version)
        for key, value, default in ((STAGE, state.stage, "None"), (APPROVAL, state.approval, "pending")):
            if version.tags.get(key, default) != value:
                registry.set_model_version_tag(native, number, ModelVersionTag(key, value))
        if (getattr(version, "current_stage", None) or "None") != state.stage:
            # The store itself, for MLflow's client warns of the stages' end; where it has come, the tag remains.
            with suppress(Rejected, ConfigurationError, AttributeError):
                registry.transition_model_version_stage(native, number, state.stage, False)

    def _write(self, native: str, tags: Mapping[str, str], mirror: Mirror) -> None:
        from mlflow.entities.model_registry import RegisteredModelTag

        versions = {
            str(number): [state.stage, state.approval, list(state.aliases)]
            for number, state in mirror.versions.items()
            if state != VersionState()
        }
        data = canonical_json([mirror.head, versions]).encode()
        for key, value in chunked(f"{_FOLD}{mirror.count}", data, chars=_CHUNK_CHARS).items():
            if tags.get(key) != value:
                self._client.registry.set_registered_model_tag(native, RegisteredModelTag(key, value))
        for count in _counts(tags):
            if count < mirror.count:
                self._drop(native, tags, count)

    def _drop(self, native: str, tags: Mapping[str, str], count: int) -> None:
        for key in tags:
            if key.startswith(f"{_FOLD}{count}:"):
                with suppress(NotFound):
                    self._client.registry.delete_registered_model_tag(native, key)


def mirrored_head(tags: Mapping[str, str]) -> tuple[int, str] | None:
    """Give count and head hash of the fold that lies on a model; None before the first."""
    latest = _latest(tags)
    return None if latest is None else (latest.count, latest.head)


def version_state(version: Any, aliases: tuple[str, ...]) -> VersionState:
    """Give what MLflow's own fields show of a version now; where it has no stages any more, our tag stands for it."""
    stage = getattr(version, "current_stage", None) or version.tags.get(STAGE)
    approval = version.tags.get(APPROVAL)
    return VersionState(
        stage=stage if stage in get_args(Stage) else "None",
        approval=approval if approval in get_args(Approval) else "pending",
        aliases=tuple(sorted(aliases)),
    )


def _counts(tags: Mapping[str, str]) -> list[int]:
    return sorted(int(match[1]) for key in tags if (match := _COUNT.fullmatch(key)))


def _latest(tags: Mapping[str, str]) -> Mirror | None:
    for count in reversed(_counts(tags)):
        data = joined(f"{_FOLD}{count}", tags)
        if data is not None:
            head, versions = json.loads(data)
            states = {int(number): VersionState(s, a, tuple(names)) for number, (s, a, names) in versions.items()}
            return Mirror(count, head, states)
    return None
