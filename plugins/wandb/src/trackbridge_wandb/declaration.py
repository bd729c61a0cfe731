"""What W&B holds, as data: limits, capabilities, and where its screens show something else."""

from __future__ import annotations

from typing import Final

from trackbridge.protocol import PRESENT, BackendUrl, Capabilities, Deviation, Limits, NameRule
from trackbridge_wandb.artifacts import HIDDEN_FOLDER
from trackbridge_wandb.metrics import POINTS_PER_WRITE
from trackbridge_wandb.runs import ITEMS_PER_WRITE

__all__ = ["CAPABILITIES", "DEVIATIONS", "limits"]

_EXACT: Final = 2**53 - 1  # rows are JSON, and readers of JSON have one kind of number

_LIMITS: Final = Limits(
    params_per_write=ITEMS_PER_WRITE,
    tags_per_write=ITEMS_PER_WRITE,
    items_per_write=2 * ITEMS_PER_WRITE,
    points_per_write=POINTS_PER_WRITE,
    param_name=NameRule(reserved_prefixes=("_wandb", "wandb_version", "trackbridge")),
    tag_name=NameRule(),
    metric_name=NameRule(reserved_prefixes=("_", "trackbridge/")),
    artifact_path=NameRule(
        pattern=rf"(?!{HIDDEN_FOLDER}(?:/|$))[ !#-)+-9;=@-\[\]-{{}}~]+", max_chars=800, max_bytes=800, path_normal=True
    ),
    param_nul=False,
    special_values=frozenset({"nan", "inf", "denormal"}),
    min_step=-_EXACT,
    max_step=_EXACT,
    stamps=False,
    typed_attributes=False,
    artifact_hashes=False,
    summaries=False,
)


def limits(url: BackendUrl) -> Limits:  # noqa: ARG001 - one W&B is as another
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
    Deviation("metric-name", "M1", "a slug with a hash", "W&B keeps names that begin with an underscore for itself"),
    Deviation(
        "artifact-path",
        "A1",
        'a slug with a hash for names beyond ASCII and those with : * ? " < > | or \\',
        "they are parts of addresses, and W&B's own client refuses or changes these characters",
    ),
    Deviation("nul", "P2", "the symbol ␀ for U+0000", "databases beneath JSON refuse it"),
    Deviation("negative-zero", "M1", "no point", "readers of JSON make 0 of −0.0"),
    Deviation("step", "M1", "no point for a step beyond ±2⁵³", "readers of JSON have no greater whole numbers"),
    Deviation("run-name", "R9", "the run's id where it has no name", "W&B would make up a name"),
)
