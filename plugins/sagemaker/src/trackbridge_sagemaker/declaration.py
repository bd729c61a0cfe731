"""What SageMaker holds, as data: limits, capabilities, and where AWS's screens show something else.

The record in the bucket keeps names, values and points whole, so that the limits are those of S3 alone; the deviations
are those of the trial components, tags and packages that AWS's screens show.
"""

from __future__ import annotations

from typing import Final

from trackbridge.protocol import PRESENT, Capabilities, Deviation, Limits, NameRule

__all__ = ["CAPABILITIES", "DEVIATIONS", "LIMITS"]

LIMITS: Final = Limits(
    points_per_write=100_000,
    artifact_path=NameRule(max_chars=800, max_bytes=800),  # a key of S3 has 1,024 bytes, folder and prefix among them
    artifact_hashes=False,
)

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
    Deviation(
        "run-name",
        "R9",
        "the component's name where there is none; a slug with a hash",
        "letters, digits and hyphens only",
    ),
    Deviation("tag-name", "T1", "a slug with a hash", "AWS's tags take letters, digits, spaces and _ . : / = + - @"),
    Deviation(
        "long-tag", "T1", "240 characters, others than _ . : / = + - @ replaced, and a hash", "as of tags' names"
    ),
    Deviation("nul", "T1", "an underscore, and a hash", "as of tags' names"),
    Deviation(
        "dataset-digest", "D1", "no digest: it is in SageMaker's lineage", "an input artifact has an address alone"
    ),
)
