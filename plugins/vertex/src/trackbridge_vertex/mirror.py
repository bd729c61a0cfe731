"""The fold of a trail, shown in Vertex AI's own fields: labels for stage and approval, aliases for aliases (G5).

The newest version in Staging and in Production has an alias of that name as well, so that the SDK finds it.

The fold lies in the model's record, with a mark of whoever is showing one, so that a slow writer of an older fold
finds the newer one and sets right what it has overwritten, and no reader takes what is not finished for a change made
outside.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, get_args
from uuid import uuid4

from trackbridge.errors import NotFound
from trackbridge.protocol import Mirror, VersionState
from trackbridge.records.models import Approval, Stage
from trackbridge.records.times import now_ms
from trackbridge_vertex.client import Client
from trackbridge_vertex.models import Models
from trackbridge_vertex.names import digest
from trackbridge_vertex.versions import Versions

__all__ = ["APPROVAL_LABEL", "STAGE_LABEL", "Mirrors", "version_state"]

STAGE_LABEL: Final = "trackbridge_stage"
APPROVAL_LABEL: Final = "trackbridge_approval"

_ABANDONED_MS: Final = 300_000
_ALIAS: Final = re.compile(r"[a-z][a-zA-Z0-9-]{0,126}[a-z0-9]")  # google.cloud.aiplatform_v1.types.Model
_STAGE_ALIASES: Final[Mapping[Stage, str]] = {"Staging": "staging", "Production": "production"}
_DEFAULT: Final = "default"


class Mirrors:
    """Writes folds to Vertex AI's fields."""

    def __init__(self, client: Client, models: Models, versions: Versions) -> None:
        self._client = client
        self._models = models
        self._versions = versions

    def show(self, model: str, mirror: Mirror) -> None:
        """Show a fold of a model's trail; an older count than the one shown changes nothing."""
        nonce = uuid4().hex
        if not self._models.change(model, lambda fields: _announce(fields, nonce, mirror)):
            return
        shown: Mirror | None = None
        newest = mirror
        while shown != newest:
            shown = newest
            self._apply(model, newest)
            newest = self._models.change(model, lambda fields, done=shown: _finish(fields, nonce, done))  # type: ignore[misc]

    def _apply(self, model: str, mirror: Mirror) -> None:
        numbers = {
            str(record["native"]): int(record["number"])
            for record in self._versions.records(model)
            if record["native"] and not record.get("deleted")
        }  # fmt: skip
        natives = {str(one.version_id): one for one in self._versions.natives(model)}
        wanted: dict[str, str] = {}
        for native, one in natives.items():
            state = mirror.versions.get(numbers.get(native, int(native)), VersionState())
            self._label(model, native, one, state)
            wanted |= {native_alias(alias): native for alias in state.aliases}
        for stage, alias in _STAGE_ALIASES.items():
            staged = [n for n in natives if _state(mirror, numbers, n).stage == stage]
            if staged and alias not in wanted:
                wanted[alias] = max(staged, key=lambda native: numbers.get(native, int(native)))
        self._alias(model, natives, wanted)

    def _alias(self, model: str, natives: Mapping[str, Any], wanted: Mapping[str, str]) -> None:
        """Take aliases from where they are not to be, before they are given to others."""
        for native, one in natives.items():
            gone = [f"-{alias}" for alias in one.version_aliases if alias != _DEFAULT and wanted.get(alias) != native]
            if gone:
                self._versions.alias(model, native, gone)
        for native, one in natives.items():
            new = [alias for alias, to in wanted.items() if to == native and alias not in one.version_aliases]
            if new:
                self._versions.alias(model, native, sorted(new))

    def _label(self, model: str, native: str, one: Any, state: VersionState) -> None:
        labels = dict(one.labels)
        labels |= {STAGE_LABEL: state.stage.lower(), APPROVAL_LABEL: state.approval}
        before = {STAGE_LABEL: "none", APPROVAL_LABEL: "pending"} | dict(one.labels)
        if labels == before:
            return
        request = self._client.message("UpdateModelRequest")
        request.model.name = self._models.resource(f"{self._models.native_id(model)}@{native}")
        request.model.labels.update(labels)
        request.update_mask.paths.append("labels")
        try:
            self._client.models("update_model", request)
        except NotFound:
            return  # deleted meanwhile


def native_alias(alias: str) -> str:
    """Give the form of an alias that Vertex AI takes: it wants two characters at least, and no hyphen at the end."""
    return alias if _ALIAS.fullmatch(alias) else f"{alias.rstrip('-')}-x{digest(alias, 8)}"


def version_state(native: Any, mirrored: Mapping[str, Any]) -> VersionState:
    """Give what Vertex AI's own fields show of a version now.

    Args:
        native: Its version.
        mirrored: The fold in the model's record: what an alias that had to be changed is called truly.
    """
    ours = {alias for _, _, aliases in mirrored.get("versions", {}).values() for alias in aliases}
    true = {native_alias(alias): alias for alias in ours}
    skipped = {_DEFAULT, *(alias for alias in _STAGE_ALIASES.values() if alias not in ours)}
    stages = {stage.lower(): stage for stage in get_args(Stage)}
    approval = native.labels.get(APPROVAL_LABEL)
    return VersionState(
        stage=stages.get(native.labels.get(STAGE_LABEL, ""), "None"),
        approval=approval if approval in get_args(Approval) else "pending",
        aliases=tuple(sorted(true.get(alias, alias) for alias in native.version_aliases if alias not in skipped)),
    )


def _state(mirror: Mirror, numbers: Mapping[str, int], native: str) -> VersionState:
    return mirror.versions.get(numbers.get(native, int(native)), VersionState())


def _announce(fields: dict[str, Any], nonce: str, mirror: Mirror) -> bool:
    """Note that a fold is going to be shown; False where a newer one is shown already."""
    there = fields.setdefault("mirror", {})
    if there.get("count", -1) > mirror.count:
        return False
    showing = {
        key: mark for key, mark in there.get("showing", {}).items() if mark[2] > now_ms() - _ABANDONED_MS
    }  # fmt: skip
    showing.setdefault(nonce, [mirror.count, mirror.head, now_ms()])
    there["showing"] = showing
    return True


def _finish(fields: dict[str, Any], nonce: str, done: Mirror) -> Mirror:
    """Note the fold that is shown now; give the newest, which is still to be shown where it is another."""
    there = fields.setdefault("mirror", {})
    if there.get("count", -1) <= done.count:
        versions = {
            str(number): [state.stage, state.approval, list(state.aliases)]
            for number, state in done.versions.items()
            if state != VersionState()
        }
        there.update(count=done.count, head=done.head, versions=versions)
        there.get("showing", {}).pop(nonce, None)
        return done
    newer = {
        int(number): VersionState(stage, approval, tuple(aliases))
        for number, (stage, approval, aliases) in there["versions"].items()
    }
    return Mirror(there["count"], there["head"], newer)
