"""Registered models, their versions, stages and approvals (G1–G8)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias, get_args

from trackbridge.errors import Rejected
from trackbridge.records.names import shown

__all__ = ["APPROVALS", "STAGES", "Approval", "ModelRecord", "ModelVersion", "Stage", "check_stage"]

Stage: TypeAlias = Literal["None", "Staging", "Production", "Archived"]
Approval: TypeAlias = Literal["pending", "approved", "rejected"]
STAGES: Final[tuple[Stage, ...]] = get_args(Stage)
APPROVALS: Final[tuple[Approval, ...]] = get_args(Approval)


@dataclass(frozen=True, slots=True)
class ModelRecord:
    """A registered model (G1)."""

    name: str
    description: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    created_ms: int = 0
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """A version of a model (G2), with the stage, approval and aliases that the trail gives it (G5).

    `digest` is the folder digest of the artifact; `signature` a JSON text; `input_example` an artifact path;
    `outside` names the fields whose native value somebody changed past the trail.
    """

    model: str
    number: int
    run_id: str | None
    artifact_path: str
    digest: str | None = None
    signature: str | None = None
    input_example: str | None = None
    description: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    created_ms: int = 0
    stage: Stage = "None"
    approval: Approval = "pending"
    aliases: tuple[str, ...] = ()
    outside: tuple[str, ...] = ()


def check_stage(stage: object) -> Stage:
    """Return `stage` if it is one of the four (G3), else raise `Rejected`."""
    for known in STAGES:
        if stage == known:
            return known
    raise Rejected(f"{shown(stage)} is not a stage", clause="G3", remedy=f"Use one of {', '.join(STAGES)}.")
