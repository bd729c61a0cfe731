"""Model packages: what AWS's registry shows of a version, and the fold of a trail in its fields (G3–G8).

A stage is a package's life cycle, whose two parts SageMaker wants together. ModelApprovalStatus is the home of approval
alone: pipelines deploy by it, so that nothing but an approval ever sets it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from trackbridge.errors import NotFound
from trackbridge.protocol import VersionSpec, VersionState
from trackbridge.records.models import STAGES, Approval, Stage
from trackbridge_sagemaker.client import Client
from trackbridge_sagemaker.documents import Body
from trackbridge_sagemaker.names import digest
from trackbridge_sagemaker.shapes import matches, utf16_length

__all__ = ["Package", "Packages", "state_of"]

VERSION: Final = "trackbridge.version"
_RUN: Final = "trackbridge.run"
_ALIAS: Final = "trackbridge.alias."
_SHOWN_ALIASES: Final = 40
_URI: Final = r"[\p{L}\p{M}\p{Z}\p{N}\p{P}]{0,1024}"
_TEXT: Final = r"[\p{L}\p{M}\p{Z}\p{S}\p{N}\p{P}]*"
_STATUS: Final[Mapping[Stage, str]] = {
    "None": "Withdrawn",
    "Staging": "PendingApproval",
    "Production": "Approved",
    "Archived": "Retired",
}
_APPROVALS: Final[Mapping[Approval, str]] = {
    "pending": "PendingManualApproval",
    "approved": "Approved",
    "rejected": "Rejected",
}
_OURS: Final = {native: ours for ours, native in _APPROVALS.items()}


@dataclass(frozen=True, slots=True)
class Package:
    """A package as a list or a description has it; `metadata` is None in a list."""

    arn: str
    number: int
    state: VersionState
    metadata: Mapping[str, str] | None
    fields: Mapping[str, Any]


class Packages:
    """The packages of all groups."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def create(self, group: str, number: int, spec: VersionSpec, source: str) -> str:
        """Create the package of a version, once for its token, and give its ARN."""
        description = spec.description or ""
        metadata = {VERSION: str(number)} | ({_RUN: spec.run_id} if spec.run_id else {})
        answer = self._client.call(
            "create_model_package",
            ModelPackageGroupName=group,
            ModelPackageDescription=description
            if utf16_length(description) <= 1_024 and matches(_TEXT, description)
            else None,
            SourceUri=source
            if utf16_length(source) <= 1_024 and matches(_URI, source)
            else f"trackbridge:{digest(source, 32)}",
            ModelApprovalStatus=_APPROVALS["pending"],
            CustomerMetadataProperties=metadata,
            ClientToken=digest(f"{group}\0{spec.token}", 32),
        )
        return str(answer["ModelPackageArn"])

    def list(self, group: str) -> dict[str, Package]:
        """Give the packages of a group by ARN, as far as SageMaker lists them by now."""
        try:
            found = list(
                self._client.pages("list_model_packages", "ModelPackageSummaryList", ModelPackageGroupName=group)
            )
        except NotFound:
            return {}
        return {one["ModelPackageArn"]: _package(one, listed=True) for one in found if "ModelPackageVersion" in one}

    def describe(self, arn: str) -> Package | None:
        """Give a package as it is now; None where it was deleted."""
        try:
            return _package(self._client.call("describe_model_package", ModelPackageName=arn), listed=False)
        except NotFound:
            return None

    def delete(self, arn: str) -> None:
        """Delete a package, if it is there."""
        try:
            self._client.call("delete_model_package", ModelPackageName=arn)
        except NotFound:
            return

    def show(self, arn: str, before: VersionState | None, after: VersionState) -> None:
        """Set a package's fields to a state.

        Args:
            arn: The package.
            before: What the fields show for certain; None where that is to be looked up.
            after: What they are to show.
        """
        if before is None or before.approval != after.approval:
            found = self.describe(arn)
            if found is None:
                return
            before = found.state
        changes: dict[str, Any] = {}
        if before.stage != after.stage:
            changes["ModelLifeCycle"] = {"Stage": after.stage, "StageStatus": _STATUS[after.stage]}
        if before.approval != after.approval:
            changes["ModelApprovalStatus"] = _APPROVALS[after.approval]
        kept = after.aliases[:_SHOWN_ALIASES]
        if fresh := {_ALIAS + alias: "true" for alias in kept if alias not in before.aliases}:
            changes["CustomerMetadataProperties"] = fresh
        if gone := [_ALIAS + alias for alias in before.aliases if alias not in kept]:
            changes["CustomerMetadataPropertiesToRemove"] = gone
        if changes:
            try:
                self._client.call("update_model_package", ModelPackageArn=arn, **changes)
            except NotFound:
                return  # deleted meanwhile


def state_of(held: Body, number: int) -> VersionState:
    """Give the state that a model's document says is mirrored for a version."""
    states = held["mirror"][2] if held["mirror"] else {}
    stage, approval, aliases = states.get(str(number), ("None", "pending", ()))
    return VersionState(stage, approval, tuple(aliases))


def _package(found: Mapping[str, Any], *, listed: bool) -> Package:
    metadata = None if listed else found.get("CustomerMetadataProperties", {})
    stage = found.get("ModelLifeCycle", {}).get("Stage", "None")
    aliases = sorted(key.removeprefix(_ALIAS) for key in metadata or () if key.startswith(_ALIAS))
    return Package(
        arn=found["ModelPackageArn"],
        number=int(found.get("ModelPackageVersion", 0)),
        state=VersionState(
            next((known for known in STAGES if known == stage), "None"),
            _OURS.get(found.get("ModelApprovalStatus", ""), "pending"),
            tuple(aliases),
        ),
        metadata=metadata,
        fields=found,
    )
