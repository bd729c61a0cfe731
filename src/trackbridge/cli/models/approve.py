"""``trackbridge models approve`` and ``reject``: the second pair of eyes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from trackbridge.cli._options import ActorOption, AsJson, BackendOption, CommentOption
from trackbridge.cli._output import emit, say

if TYPE_CHECKING:
    from trackbridge.records.models import ModelVersion

__all__ = ["approve_version", "reject_version"]

_Model: TypeAlias = Annotated[str, typer.Argument(metavar="MODEL", help="The model's name.")]
_Version: TypeAlias = Annotated[int, typer.Argument(metavar="VERSION", help="The version's number.")]


def approve_version(
    model: _Model,
    version: _Version,
    *,
    actor: ActorOption = None,
    comment: CommentOption = None,
    backend: BackendOption = None,
    as_json: AsJson = False,
) -> None:
    """Approve a version, whatever its stage."""
    from trackbridge.store import connect

    with connect(backend) as store:
        _show(store.registry.approve(model, version, actor=actor, comment=comment), as_json=as_json)


def reject_version(
    model: _Model,
    version: _Version,
    *,
    actor: ActorOption = None,
    comment: CommentOption = None,
    backend: BackendOption = None,
    as_json: AsJson = False,
) -> None:
    """Reject a version, whatever its stage."""
    from trackbridge.store import connect

    with connect(backend) as store:
        _show(store.registry.reject(model, version, actor=actor, comment=comment), as_json=as_json)


def _show(version: ModelVersion, *, as_json: bool) -> None:
    if as_json:
        emit(version)
    else:
        say(f"{version.model} version {version.number}: {version.approval}, in stage {version.stage}")
