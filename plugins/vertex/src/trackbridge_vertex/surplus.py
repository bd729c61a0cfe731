"""What Vertex AI holds beside runs as trackbridge knows them: a migration leaves it behind (declared by name)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

__all__ = ["STAYS"]

STAYS: Final[Mapping[str, str]] = {
    "vertex.datasets": "managed data sets, feature stores and annotations",
    "vertex.endpoints": "endpoints, and what is deployed on them",
    "vertex.jobs": "pipelines, custom jobs, schedules and studies; runs that they made are moved",
    "vertex.metadata-records": "types and metadata of artifacts in ML Metadata, such as tables of a classification, and "
    "executions other than a run's; the artifacts' files are moved",
    "vertex.model-details": "containers, schemas, explanations and evaluations of models",
    "vertex.permissions": "who may do what, and keys of encryption",
    "vertex.tensorboard-media": "images, texts, histograms and graphs in TensorBoard",
}
