"""What Vertex AI holds, as data: limits, capabilities, and where its screens show something else."""

from __future__ import annotations

from typing import Final

from trackbridge.protocol import PRESENT, BackendUrl, Capabilities, Deviation, Limits, NameRule

__all__ = ["CAPABILITIES", "DEVIATIONS", "limits"]

_LIMITS: Final = Limits(
    params_per_write=1_000,
    tags_per_write=1_000,
    items_per_write=2_000,
    points_per_write=5_000,  # WriteTensorboardRunDataRequest.time_series_data
    metric_name=NameRule(max_chars=128),  # the display name of a series; the SDK takes no longer ones
    artifact_path=NameRule(pattern=r"[^\r\n]*", max_chars=700, max_bytes=700),  # 1,024 with our folder and a run's id
    param_chars=1_000,
    tag_chars=1_000,
    param_nul=False,
    min_step=0,  # a "step index"
    points_per_step="last",
    summaries=False,
)


def limits(url: BackendUrl) -> Limits:  # noqa: ARG001 - one project is as another
    """Give the limits of a backend."""
    return _LIMITS


CAPABILITIES: Final = Capabilities(
    experiments=PRESENT,
    runs=PRESENT,
    params=PRESENT,
    tags=PRESENT,
    metrics=PRESENT,
    artifacts=PRESENT,
    datasets=PRESENT,
    environment=PRESENT,
    search=PRESENT,
    registry=PRESENT,
    trail=PRESENT,
    sidecar=PRESENT,
    bulk=PRESENT,
    purge=PRESENT,
    cross_process=PRESENT,
)

DEVIATIONS: Final = (
    Deviation("long-param", "P2", "the first 1,000 characters, marked", "a run's metadata holds 200 KB in all"),
    Deviation("long-tag", "T1", "the first 1,000 characters, marked", "a run's metadata holds 200 KB in all"),
    Deviation("metric-name", "M1", "a slug with a hash", "a display name has up to 128 characters"),
    Deviation("nul", "P2", "the symbol ␀ for U+0000", "no page says that texts may hold it"),
    Deviation("run-name", "R9", "a-z, 0-9 and - of it, the run's id where it has none",
              "the SDK makes an id of a TensorBoard run of it"),
    Deviation("second-point", "M2", "the first point of each step", "TensorBoard keeps one point a step"),
    Deviation("step", "M1", "no point at a negative step", "TensorBoard calls a step an index"),
)  # fmt: skip
