"""The fold of a trail, shown in MLflow's own fields: stages, aliases, and tags for what it has no field for (G5).

Each fold that is mirrored lies on the model too, in tags that bear its count, so that a slow writer of an older fold
finds the newer one, and sets right what it has overwritten. Until it has, its own mark on the model says which fold
the fields may still show, so that no reader takes them for a change made outside.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any, Final, get_args
from uuid import uuid4

from trackbridge.errors import ConfigurationError, NotFound, Rejected
from trackbridge.protocol import Mirror, VersionState
from trackbridge.records.models import Approval, Stage
from trackbridge.records.times import now_ms
from trackbridge.records.values import canonical_json
from trackbridge_mlflow.client import Client
from trackbridge_mlflow.tags import HIDDEN, chunked, joined

__all__ = ["APPROVAL", "STAGE", "Mirrors", "mirrored_head", "version_state"]

STAGE: Final = "trackbridge.stage"
APPROVAL: Final = "trackbridge.approval"

_FOLD: Final = f"{HIDDEN}fold."
_COUNT: Final = re.compile(re.escape(_FOLD) + r"(\d+):0")
_SHOWING: Final = f"{HIDDEN}showing."
_ABANDONED_MS: Final = 300_000
_CHUNK_CHARS: Final = 4_900


class Mirrors:
    """Writes folds to MLflow's fields."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def show(self, native: str, mirror: Mirror) -> None:
        """Show a fold of a model's trail; an older count than the one shown changes nothing."""
        from mlflow.entities.model_registry import RegisteredModelTag

        registry = self._client.registry
        if _newer(registry.get_registered_model(native).tags, mirror) is not mirror:
            return
        # Whoever reads meanwhile must know that the fields may show this fold, though a newer one was shown before.
        marker = f"{_SHOWING}{mirror.count}.{uuid4().hex}"
        registry.set_registered_model_tag(native, RegisteredModelTag(marker, f"{now_ms()} {mirror.head}"))
        try:
            self._show(native, mirror)
        finally:
            with suppress(NotFound):
                registry.delete_registered_model_tag(native, marker)

    def _show(self, native: str, mirror: Mirror) -> None:
        registry = self._client.registry
        tags = registry.get_registered_model(native).tags
        newest = _newer(tags, mirror)
        if newest is not mirror:
            return
        self._apply(native, mirror)
        self._write(native, tags, mirror)
        # Who was overtaken while writing has left marks of an older fold on a newer one's: it sets them right.
        while (after := _newer(registry.get_registered_model(native).tags, newest)) is not newest:
            newest = after
            self._apply(native, newest)

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
        for key, count, since_ms, _ in _showing(tags):
            if count < mirror.count and since_ms < now_ms() - _ABANDONED_MS:
                with suppress(NotFound):
                    self._client.registry.delete_registered_model_tag(native, key)

    def _drop(self, native: str, tags: Mapping[str, str], count: int) -> None:
        for key in tags:
            if key.startswith(f"{_FOLD}{count}:"):
                with suppress(NotFound):
                    self._client.registry.delete_registered_model_tag(native, key)


def mirrored_head(tags: Mapping[str, str]) -> tuple[int, str] | None:
    """Give count and head hash of the oldest fold that a model's fields may show now; None before the first."""
    latest = _latest(tags)
    if latest is None:
        return None
    return min([(latest.count, latest.head), *((count, head) for _, count, _, head in _showing(tags))])


def version_state(version: Any, aliases: tuple[str, ...]) -> VersionState:
    """Give what MLflow's own fields show of a version now; where it has no stages any more, our tag stands for it."""
    stage = getattr(version, "current_stage", None) or version.tags.get(STAGE)
    approval = version.tags.get(APPROVAL)
    return VersionState(
        stage=stage if stage in get_args(Stage) else "None",
        approval=approval if approval in get_args(Approval) else "pending",
        aliases=tuple(sorted(aliases)),
    )


def _showing(tags: Mapping[str, str]) -> Iterator[tuple[str, int, int, str]]:
    """Give key, count, begin in ms and head of every fold that somebody is writing, or died writing."""
    for key, value in tags.items():
        if key.startswith(_SHOWING):
            since_ms, _, head = value.partition(" ")
            yield key, int(key.removeprefix(_SHOWING).partition(".")[0]), int(since_ms), head


def _newer(tags: Mapping[str, str], mirror: Mirror) -> Mirror:
    """Give the fold that lies on a model if it is newer than `mirror`, else `mirror`."""
    latest = _latest(tags)
    return latest if latest is not None and latest.count > mirror.count else mirror


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
