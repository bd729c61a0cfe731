"""Core-owned overflow: what a vendor's fields cannot hold is kept in small objects beside the run (X3).

Writing: `split_writes`, `PointSplitter` and `split_artifact` give the native form and the entries, `encode_entries`
and `object_name` the object; it is stored *before* the native write. Reading: `read_entries`, then `merge_run`,
`merge_points` and `merge_artifacts`.
"""

from trackbridge.sidecar.codec import FOLDER, decode_entries, encode_entries, object_name, read_entries
from trackbridge.sidecar.entries import (
    ArtifactEntry,
    AttributeEntry,
    DatasetEntry,
    Entry,
    MetricEntry,
    ParamEntry,
    PointsEntry,
    StatusEntry,
    TagEntry,
)
from trackbridge.sidecar.merge import Difference, Merged, merge_artifacts, merge_run
from trackbridge.sidecar.naming import fit_text, native_name, native_path, native_text
from trackbridge.sidecar.points import PointSplitter, split_points
from trackbridge.sidecar.split import split_artifact, split_writes
from trackbridge.sidecar.stream import ReadSeries, merge_points

__all__ = [
    "FOLDER",
    "ArtifactEntry",
    "AttributeEntry",
    "DatasetEntry",
    "Difference",
    "Entry",
    "Merged",
    "MetricEntry",
    "ParamEntry",
    "PointSplitter",
    "PointsEntry",
    "ReadSeries",
    "StatusEntry",
    "TagEntry",
    "decode_entries",
    "encode_entries",
    "fit_text",
    "merge_artifacts",
    "merge_points",
    "merge_run",
    "native_name",
    "native_path",
    "native_text",
    "object_name",
    "read_entries",
    "split_artifact",
    "split_points",
    "split_writes",
]
