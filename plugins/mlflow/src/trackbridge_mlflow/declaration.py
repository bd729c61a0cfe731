"""What MLflow holds, as data: limits, capabilities, and where its screens show something else."""

from __future__ import annotations

from typing import Final

from trackbridge.protocol import PRESENT, Absent, BackendUrl, Capabilities, Deviation, Limits, NameRule
from trackbridge_mlflow.tags import EPOCH, MLFLOW

__all__ = ["DATABASE", "DATABASE_DEVIATIONS", "SERVER", "SERVER_DEVIATIONS", "limits"]

# mlflow.utils.validation: keys are word characters, "-", ".", " ", "/" and ":", at most 250, and no path may look
# like another. Attributes live in tags too, under a prefix, for which 30 characters are left.
_KEY: Final = r"(?!\.\.)[/\w.\- :]+"
_NAME: Final = NameRule(pattern=_KEY, path_normal=True)

_LIMITS: Final = Limits(
    params_per_write=100,
    tags_per_write=100,
    items_per_write=200,
    points_per_write=1_000,
    param_name=NameRule(pattern=_KEY, path_normal=True, reserved_prefixes=(EPOCH,)),
    tag_name=NameRule(pattern=_KEY, path_normal=True, max_chars=220, reserved_prefixes=(MLFLOW,)),
    metric_name=_NAME,
    artifact_path=NameRule(
        pattern=r"(?!\.trackbridge(?:/|$))"
        r"(?:[ -\"$&-.0-~]{1,250}|[^/%#]{1,62})(?:/(?:[ -\"$&-.0-~]{1,250}|[^/%#]{1,62}))*",
        max_chars=900,
        max_bytes=900,
    ),
    param_types=frozenset({"str"}),
    param_chars=6_000,
    param_nul=False,
    tag_chars=8_000,
    special_values=frozenset({"nan", "denormal"}),
    stamps=False,
    typed_attributes=False,
    datasets=False,
    artifact_hashes=False,
    summaries=False,
)


def limits(url: BackendUrl) -> Limits:  # noqa: ARG001 - one MLflow is as another
    """Give the limits of a backend; a server's batches hold a database's too."""
    return _LIMITS


DATABASE: Final = Capabilities(
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

SERVER: Final = Capabilities(
    **{
        **dict(DATABASE.items()),
        "purge": Absent(
            "upstream",
            "MLflow's REST API deletes a run only so that it can be restored; `mlflow gc` works on the database",
            "https://mlflow.org/docs/latest/api_reference/rest-api.html#delete-run",
        ),
    }
)

_DEVIATIONS: Final = (
    Deviation("param-name", "P1", "a slug with a hash", "MLflow takes word characters and - . space : / only"),
    Deviation("tag-name", "T1", "a slug with a hash", "as of params; and mlflow. is MLflow's own prefix"),
    Deviation("metric-name", "M1", "a slug with a hash", "as of params"),
    Deviation("long-param", "P2", "the first 6,000 characters, marked", "MLflow cuts longer ones without a word"),
    Deviation("long-tag", "T1", "the first 8,000 characters, marked", "MLflow cuts longer ones without a word"),
    Deviation("nul", "P2", "the symbol ␀ for U+0000", "PostgreSQL refuses it"),
    Deviation("inf", "M1", "no point", "MLflow stores the greatest finite number for an infinite one"),
    Deviation("negative-zero", "M1", "no point", "SQLite makes 0.0 of −0.0"),
    Deviation("run-name", "R9", "the run's id where it has no name", "MLflow would make up a name"),
    Deviation("dataset-digest", "D1", "the first 36 characters", "MLflow's limit of a digest"),
    Deviation("dataset-context", "D1", "the first context only", "MLflow drops a second use of a dataset in a run"),
    Deviation(
        "artifact-path",
        "A1",
        "a slug with a hash for names with % or #",
        "MLflow's server decodes the one and refuses the other",
    ),
)

DATABASE_DEVIATIONS: Final = _DEVIATIONS
SERVER_DEVIATIONS: Final = (
    *_DEVIATIONS,
    Deviation("far-future-zero", "R3", "no end of a run that ended at 0 ms", "its answers leave zero out"),
)
