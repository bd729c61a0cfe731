"""How large a model may be. What it may cost in time is a bound on a logged latency."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from trackbridge.gates.facts import Facts
from trackbridge.gates.verdicts import Finding, Status

__all__ = ["SizeBudget"]


@dataclass(frozen=True, slots=True)
class SizeBudget:
    """The version's artifact, a file or all files of a folder, has at most `max_bytes` bytes."""

    max_bytes: int

    def findings(self, candidate: Facts, baseline: Facts | None) -> Iterator[Finding]:
        """Add up the sizes."""
        mine, theirs = _size(candidate), None if baseline is None else _size(baseline)
        status: Status = "insufficient"
        reason = f"the size of {candidate.version.artifact_path!r} of {candidate.label} is not known"
        if mine is not None:
            status = "pass" if mine <= self.max_bytes else "fail"
            reason = f"{candidate.label} has {mine:,} bytes; at most {self.max_bytes:,} are allowed"
        yield Finding(
            "budget",
            f"size at most {self.max_bytes:,} bytes",
            status,
            reason,
            None if mine is None else float(mine),
            None if theirs is None else float(theirs),
        )


def _size(facts: Facts) -> int | None:
    path = facts.version.artifact_path
    sizes = [file.size for file in facts.artifacts if file.path == path or file.path.startswith(f"{path}/")]
    known = [size for size in sizes if size is not None]
    return sum(known) if sizes and len(known) == len(sizes) else None
