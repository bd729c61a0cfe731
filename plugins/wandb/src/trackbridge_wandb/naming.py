"""Names that W&B takes, times as it writes them, and keys for what is ours."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Final

from trackbridge.protocol import NameRule
from trackbridge.sidecar import native_name
from trackbridge_wandb.address import LEDGER

__all__ = [
    "ARTIFACTS_FOLDER",
    "collection_name",
    "is_own_project",
    "key_of",
    "project_name",
    "time_ms",
    "version_folder",
]

ARTIFACTS_FOLDER: Final = "artifacts"  # of a run's artifacts, where the files of its versions of W&B's artifacts are

# W&B refuses "/\#?%:" in a project's name and more than 128 characters; the rest of these rules keeps names that are
# put into paths and filters out of anybody's way.
_PROJECT: Final = NameRule(
    pattern=r"[A-Za-z0-9_][A-Za-z0-9_.-]*",
    max_chars=100,
    reserved_prefixes=("wandb-registry-", "model-registry", LEDGER),
)
# wandb 0.31, sdk/artifacts/_validators.py: no "/:" and at most 128 characters; reserved names begin with "wandb-".
_COLLECTION: Final = NameRule(
    pattern=r"[A-Za-z0-9_][A-Za-z0-9_.-]*", max_chars=100, reserved_prefixes=("wandb-", "job-", "run-", "source-")
)


def project_name(experiment: str) -> str:
    """Give the project of an experiment: of its name where W&B takes that, else a slug with a hash."""
    return native_name(experiment, _PROJECT)


def collection_name(name: str) -> str:
    """Give the collection for a model or a dataset."""
    return native_name(name, _COLLECTION)


def version_folder(collection: str, index: int) -> str:
    """Give the folder of a run's artifacts that shows a version of W&B's artifacts which the run logged."""
    return f"{ARTIFACTS_FOLDER}/{collection}/v{index}"


def is_own_project(project: str) -> bool:
    """Tell whether a project is no experiment: our ledger, or a registry."""
    return project == LEDGER or project.startswith(("wandb-registry-", "model-registry"))


def key_of(*parts: object) -> str:
    """Give a run's name in the ledger for something of ours, whatever characters its own name has."""
    return hashlib.sha256("\x00".join(map(str, parts)).encode()).hexdigest()[:40]


def time_ms(text: str | None) -> int:
    """Read a time of W&B's, which is UTC with or without a Z; 0 for none."""
    if not text:
        return 0
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0, round(moment.timestamp() * 1_000))
