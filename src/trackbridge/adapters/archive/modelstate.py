"""The state of one model: what its commits come to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from trackbridge.adapters.archive.experiments import edited
from trackbridge.adapters.archive.log import Commit
from trackbridge.protocol import NativeVersion, VersionSpec, VersionState

__all__ = ["ModelKind", "ModelState", "VersionRow"]


@dataclass(slots=True)
class VersionRow:
    """One version; a deleted one stays, for its number and token are spent (G1)."""

    spec: VersionSpec
    state: VersionState = field(default_factory=VersionState)
    deleted: bool = False


@dataclass(slots=True)
class ModelState:
    """One model; without a name there is none."""

    name: str = ""
    created_ms: int = 0
    description: str | None = None
    tags: dict[str, str] = field(default_factory=dict)
    deleted: bool = False
    versions: dict[int, VersionRow] = field(default_factory=dict)
    mirrored: tuple[int, str] | None = None

    def native(self, number: int) -> NativeVersion:
        """Give a version as the protocol has it."""
        row = self.versions[number]
        return NativeVersion(number, row.spec, row.state)


class ModelKind:
    """See `Kind`. A commit of a model has some of the parts that `apply` looks for."""

    def fresh(self) -> ModelState:
        """Give no model."""
        return ModelState()

    def apply(self, state: ModelState, commit: Commit) -> None:
        """Change the state by a commit."""
        if "model" in commit:
            state.name, state.created_ms = commit["model"], commit["created_ms"]
        if commit.get("description") is not None:
            state.description = commit["description"]
        state.tags = edited(state.tags, commit.get("tags", {}))
        for form in commit.get("versions", ()):
            _apply_version(state, form)
        if mirror := commit.get("mirror"):
            _apply_mirror(state, mirror)
        if commit.get("deleted"):
            state.deleted = True
            for row in state.versions.values():
                _delete(row)

    def encode(self, state: ModelState) -> dict[str, Any]:
        """Give the state as JSON."""
        return {
            "model": state.name,
            "created_ms": state.created_ms,
            "description": state.description,
            "tags": state.tags,
            "deleted": state.deleted,
            "versions": [
                {"number": n, "spec": asdict(row.spec), "state": asdict(row.state), "deleted": row.deleted}
                for n, row in sorted(state.versions.items())
            ],
            "mirrored": state.mirrored,
        }

    def decode(self, form: Mapping[str, Any]) -> ModelState:
        """Give it back."""
        state = ModelState()
        self.apply(state, form)
        if mirrored := form["mirrored"]:
            state.mirrored = (mirrored[0], mirrored[1])
        return state


def _apply_version(state: ModelState, form: Mapping[str, Any]) -> None:
    number = form["number"]
    if "spec" in form:
        state.versions[number] = VersionRow(VersionSpec(**form["spec"]))
    row = state.versions[number]
    if "state" in form:
        row.state = _state(form["state"])
    if form.get("description") is not None:
        row.spec = replace(row.spec, description=form["description"])
    row.spec = replace(row.spec, tags=edited(row.spec.tags, form.get("tags", {})))
    if form.get("deleted"):
        _delete(row)


def _apply_mirror(state: ModelState, mirror: Mapping[str, Any]) -> None:
    """Show a fold of the trail; an alias is of one version, and a version that is not named keeps the rest."""
    shown = {int(n): _state(one) for n, one in mirror["versions"].items() if int(n) in state.versions}
    moved = {alias for one in shown.values() for alias in one.aliases}
    for n, row in state.versions.items():
        if n in shown:
            row.state = replace(shown[n], aliases=() if row.deleted else shown[n].aliases)
        elif moved & set(row.state.aliases):
            row.state = replace(row.state, aliases=tuple(one for one in row.state.aliases if one not in moved))
    state.mirrored = (mirror["count"], mirror["head"])


def _state(form: Mapping[str, Any]) -> VersionState:
    return VersionState(form["stage"], form["approval"], tuple(sorted(form["aliases"])))


def _delete(row: VersionRow) -> None:
    row.deleted = True
    row.state = replace(row.state, aliases=())
