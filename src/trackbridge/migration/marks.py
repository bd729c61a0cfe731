"""The ledger of a migration lies in the target: each finished run bears a mark, which is the last thing written to it.

The mark is one tag of trackbridge's own (T2), which belongs to no digest. So any machine can tell what is complete, and
a run without one is found and finished. It says what was moved: the digest of the source run, and fingerprints of what
the source showed, of its files, and of the labels that the target was given.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, Self

from trackbridge.protocol import Limits, NativeRun
from trackbridge.records.artifacts import ArtifactRecord
from trackbridge.records.runs import RunRecord
from trackbridge.records.values import canonical_json, encode_value
from trackbridge.records.writes import Stamp, TagWrite
from trackbridge.sidecar import native_name

__all__ = ["MARK", "Mark", "files_seen", "labels_of", "mark_write", "marked", "native_seen"]

MARK: Final = "trackbridge.migrated"

_FORMAT: Final = re.compile(r"1 ([0-9a-f]{64}) ([0-9a-f]{16}) ([0-9a-f]{16}) ([0-9a-f]{16})")
_SHORT: Final = 16


@dataclass(frozen=True, slots=True)
class Mark:
    """What was moved: the source's digest, and fingerprints as `native_seen`, `files_seen` and `labels_of` give them."""

    digest: str
    native: str
    files: str
    labels: str

    @classmethod
    def read(cls, text: str | None) -> Self | None:
        """Read a mark; None where there is none, or one of a later format."""
        match = _FORMAT.fullmatch(text or "")
        return cls(f"sha256:{match[1]}", match[2], match[3], match[4]) if match else None

    def __str__(self) -> str:
        return f"1 {self.digest.removeprefix('sha256:')} {self.native} {self.files} {self.labels}"


def marked(native: NativeRun, limits: Limits) -> Mark | None:
    """Give the mark that a run in the target bears."""
    return Mark.read(native.tags.get(native_name(MARK, limits.tag_name)))


def mark_write(mark: Mark, limits: Limits, stamp: Stamp) -> TagWrite:
    """Give the write that marks a run as finished, in the target's own form: no sidecar is needed for it."""
    return TagWrite(native_name(MARK, limits.tag_name), str(mark), stamp)


def native_seen(native: NativeRun) -> str:
    """Fingerprint what a backend shows of a run without its points and files being read."""
    metrics = {
        name: [_cell(getattr(summary, field, None)) for field in ("last", "last_step", "last_timestamp_ms", "count")]
        for name, summary in native.metrics.items()
    }
    return _short(
        [
            native.experiment, native.name, native.status, native.started_ms, native.ended_ms, native.parent,
            native.epoch, native.deleted, _cells(native.params), _cells(native.attributes), metrics,
            {name: text for name, text in native.tags.items() if name != MARK},
            sorted(canonical_json(dataset.as_json()) for dataset in native.datasets), sorted(native.sidecar),
        ]
    )  # fmt: skip


def files_seen(files: Iterable[ArtifactRecord], objects: Iterable[tuple[str, int]]) -> str:
    """Fingerprint what a backend lists of a run's artifacts and hidden objects."""
    return _short([sorted([file.path, file.size, file.sha256] for file in files), sorted(map(list, objects))])


def labels_of(run: RunRecord) -> str:
    """Fingerprint tags and attributes: while a target's are as they were left, nobody has touched them there."""
    return _short([{k: v for k, v in run.tags.items() if k != MARK}, _cells(run.attributes), run.name])


def _cells(values: Any) -> dict[str, Any]:
    return {name: encode_value(value) for name, value in values.items()}


def _cell(value: Any) -> Any:
    return encode_value(value) if isinstance(value, float) else value


def _short(facts: Any) -> str:
    return hashlib.sha256(canonical_json(facts).encode()).hexdigest()[:_SHORT]
