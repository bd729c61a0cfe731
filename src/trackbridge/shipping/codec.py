"""The records of a run as a journal keeps them: a kind and JSON, which Python writes and reads back exactly.

Points are not among them: they have slots of their own. Version 1; the number of a kind is never used again.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, TypeAlias

from trackbridge.errors import IntegrityError
from trackbridge.records.datasets import DatasetRecord
from trackbridge.records.log import (
    LoggedArtifact,
    LoggedObject,
    LoggedParams,
    LoggedSeries,
    LoggedVersion,
    LogRecord,
)
from trackbridge.records.writes import AttributeWrite, Stamp, StatusWrite, TagWrite

__all__ = ["decode", "encode"]

_Fields: TypeAlias = dict[str, Any]

_PARAMS, _SERIES, _TAG, _ATTRIBUTE, _DATASET, _STATUS, _ARTIFACT, _OBJECT, _VERSION = range(1, 10)
_POINTS_A_RECORD: Final = 1_000  # fits into the smallest journal


def encode(record: LogRecord, place: Path) -> Iterator[tuple[int, bytes]]:
    """Give the kind and the bytes of a record, several of them for a long series.

    Args:
        record: What was logged.
        place: The journal's directory: a staged file in it is named relative to it, so that both can be moved.
    """
    if isinstance(record, LoggedSeries):
        for part in _parts(record):
            yield _SERIES, _packed(_plain(part))
        return
    kind = _KINDS[type(record)]
    fields = _plain(record)
    if isinstance(record, LoggedArtifact):
        fields["source"] = str(record.source.relative_to(place) if record.staged else record.source)
    elif isinstance(record, LoggedObject):
        fields["data"] = base64.b64encode(record.data).decode()
    yield kind, _packed(fields)


def decode(kind: int, payload: bytes, place: Path) -> LogRecord:
    """Read a record back.

    Raises:
        IntegrityError: it is none, or one of a later version.
    """
    try:
        fields = json.loads(payload)
        return _READERS[kind](fields, place)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise IntegrityError(
            f"a record of kind {kind} in {place} cannot be read: {type(error).__name__}: {error}",
            remedy="Deliver the journal with the version of trackbridge that wrote it.",
        ) from error


def _packed(fields: Mapping[str, Any]) -> bytes:
    return json.dumps(fields, separators=(",", ":")).encode()


def _plain(record: Any) -> _Fields:
    # Not dataclasses.asdict, which copies every list: params may be large.
    return {name: getattr(record, name) for name in record.__slots__}


def _parts(series: LoggedSeries) -> Iterator[LoggedSeries]:
    """Cut a series that would make a record of many megabytes."""
    for start in range(0, len(series.values), _POINTS_A_RECORD):
        part = slice(start, start + _POINTS_A_RECORD)
        steps, times = series.steps, series.timestamps_ms
        yield replace(
            series,
            steps=None if steps is None else steps[part],
            timestamps_ms=None if times is None else times[part],
            values=series.values[part],
        )


def _series(fields: _Fields, _: Path) -> LoggedSeries:
    steps, times = fields["steps"], fields["timestamps_ms"]
    return LoggedSeries(
        fields["name"],
        None if steps is None else tuple(steps),
        None if times is None else tuple(times),
        tuple(fields["values"]),
        fields["now_ms"],
    )


def _artifact(fields: _Fields, place: Path) -> LoggedArtifact:
    source = Path(fields["source"])
    return LoggedArtifact(**_stamped(fields) | {"source": place / source if fields["staged"] else source})


def _object(fields: _Fields, _: Path) -> LoggedObject:
    return LoggedObject(fields["name"], base64.b64decode(fields["data"]))


def _stamped(fields: _Fields) -> _Fields:
    return fields | {"stamp": Stamp(*fields["stamp"])}


_KINDS: Final[Mapping[type, int]] = {
    LoggedParams: _PARAMS,
    TagWrite: _TAG,
    AttributeWrite: _ATTRIBUTE,
    DatasetRecord: _DATASET,
    StatusWrite: _STATUS,
    LoggedArtifact: _ARTIFACT,
    LoggedObject: _OBJECT,
    LoggedVersion: _VERSION,
}
_READERS: Final[Mapping[int, Callable[[_Fields, Path], LogRecord]]] = {
    _PARAMS: lambda fields, _: LoggedParams(fields["params"]),
    _SERIES: _series,
    _TAG: lambda fields, _: TagWrite(**_stamped(fields)),
    _ATTRIBUTE: lambda fields, _: AttributeWrite(**_stamped(fields)),
    _DATASET: lambda fields, _: DatasetRecord(**fields),
    _STATUS: lambda fields, _: StatusWrite(**_stamped(fields)),
    _ARTIFACT: _artifact,
    _OBJECT: _object,
    _VERSION: lambda fields, _: LoggedVersion(**fields),
}
