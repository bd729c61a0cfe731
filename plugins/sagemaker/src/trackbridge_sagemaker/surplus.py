"""What SageMaker holds beside runs as trackbridge knows them: a migration leaves it behind (declared by name)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

__all__ = ["STAYS"]

STAYS: Final[Mapping[str, str]] = {
    "sagemaker.aggregated-points": "points of AWS's own trial components that share a step, and the times of all but the "
    "last: SageMaker gives one a step",
    "sagemaker.endpoints": "endpoints, and what is deployed on them",
    "sagemaker.jobs": "training, processing, tuning and pipelines themselves; trial components of theirs are moved",
    "sagemaker.lineage": "actions, contexts and associations of lineage, beyond a run's data sets and artifacts",
    "sagemaker.model-details": "containers, inference specifications, model cards and quality baselines of packages",
    "sagemaker.permissions": "who may do what, and keys of encryption",
    "sagemaker.studio": "domains, spaces, notebooks and charts of Studio",
}
