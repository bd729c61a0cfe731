"""Resource names: their patterns and ids.

The patterns are those of the vendor's HTTP routes (``rest_base``): ``projects/*/locations/*/…``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from emulators.vertex import vendor
from emulators.vertex.errors import invalid

LOCATION = r"projects/[a-z0-9:.-]+/locations/[a-z0-9-]+"


@dataclass(frozen=True, slots=True, eq=False)
class Kind:
    """A kind of resource: where its names lie, its type, and what its ids look like."""

    noun: str
    type_name: str
    parent: Kind | None = None
    id_pattern: str = r"[^/]+"
    id_cite: str = ""

    @property
    def message(self) -> Any:
        """The raw protobuf class."""
        return vendor.message(self.type_name)

    @property
    def parent_pattern(self) -> str:
        """What names of parents match."""
        return self.parent.pattern if self.parent else LOCATION

    @property
    def pattern(self) -> str:
        """What names of this kind match."""
        return rf"{self.parent_pattern}/{self.noun}/[^/:]+"

    def checked(self, name: str, cite: str) -> str:
        """Give a name of this kind back, or refuse it."""
        if not re.fullmatch(self.pattern, name):
            raise invalid(f"Invalid resource name {name!r}: it does not match {self.pattern}.", cite)
        return name

    def checked_parent(self, name: str, cite: str) -> str:
        """Give the name of a parent back, or refuse it."""
        if not re.fullmatch(self.parent_pattern, name):
            raise invalid(f"Invalid parent {name!r}: it does not match {self.parent_pattern}.", cite)
        return name


_METADATA_ID = r"[a-z0-9][a-z0-9-]{3,127}"  # "4-128 characters … /[a-z][0-9]-/"
_TENSORBOARD_ID = r"[a-z0-9][a-z0-9-]{0,127}"  # "1-128 characters … /[a-z][0-9]-/"

METADATA_STORE = Kind(
    "metadataStores", "MetadataStore", None, _METADATA_ID, "CreateMetadataStoreRequest.metadata_store_id"
)
ARTIFACT = Kind("artifacts", "Artifact", METADATA_STORE, _METADATA_ID, "CreateArtifactRequest.artifact_id")
CONTEXT = Kind("contexts", "Context", METADATA_STORE, _METADATA_ID, "CreateContextRequest.context_id")
EXECUTION = Kind("executions", "Execution", METADATA_STORE, _METADATA_ID, "CreateExecutionRequest.execution_id")
SCHEMA = Kind(
    "metadataSchemas", "MetadataSchema", METADATA_STORE, _METADATA_ID, "CreateMetadataSchemaRequest.metadata_schema_id"
)
TENSORBOARD = Kind("tensorboards", "Tensorboard")
EXPERIMENT = Kind(
    "experiments",
    "TensorboardExperiment",
    TENSORBOARD,
    _TENSORBOARD_ID,
    "CreateTensorboardExperimentRequest.tensorboard_experiment_id",
)
RUN = Kind("runs", "TensorboardRun", EXPERIMENT, _TENSORBOARD_ID, "CreateTensorboardRunRequest.tensorboard_run_id")
TIME_SERIES = Kind(
    "timeSeries",
    "TensorboardTimeSeries",
    RUN,
    _TENSORBOARD_ID,
    "CreateTensorboardTimeSeriesRequest.tensorboard_time_series_id",
)
MODEL = Kind("models", "Model", None, r"[a-z_][a-z0-9_-]{0,62}", "UploadModelRequest.model_id")


def location_of(name: str) -> str:
    """Give the location that a resource lies in."""
    return "/".join(name.split("/")[:4])
