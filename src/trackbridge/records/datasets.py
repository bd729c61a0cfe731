"""Datasets: what a run was fed with (D1)."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

from trackbridge.errors import Rejected
from trackbridge.records.names import check_name, check_text, shown
from trackbridge.records.values import as_index

__all__ = ["DatasetRecord", "check_dataset"]

_DIGEST = re.compile(r"[a-z0-9][a-z0-9_-]*:[0-9A-Za-z]+")


@dataclass(frozen=True, slots=True)
class DatasetRecord:
    """One use of a dataset by a run (D1).

    `digest` is ``algorithm:hex``; `schema` is a JSON text; `rows` a count. What is not known is None.
    """

    name: str
    version: str | None = None
    digest: str | None = None
    uri: str | None = None
    context: str | None = None
    schema: str | None = None
    rows: int | None = None

    def as_json(self) -> dict[str, Any]:
        """Give the fields that are present, for the canonical form (C1)."""
        return {name: value for name in self.__slots__ if (value := getattr(self, name)) is not None}

    @property
    def key(self) -> tuple[str, ...]:
        """What makes two uses one: all that identifies the data, and the context."""
        return tuple(value or "" for value in (self.name, self.version, self.digest, self.uri, self.context))


def check_dataset(dataset: DatasetRecord) -> DatasetRecord:
    """Return `dataset` in plain types if all its fields are valid (D1), else raise `Rejected`.

    An empty text says no more than None and becomes it, so that two uses which look one are one (`DatasetRecord.key`).
    """
    plain: dict[str, Any] = {"name": check_name(dataset.name, "dataset")}
    for field in ("version", "digest", "uri", "context", "schema"):
        value = getattr(dataset, field)
        if value is not None:
            plain[field] = check_text(value, f"the {field} of dataset {shown(dataset.name)}") or None
    if plain.get("digest") is not None and not _DIGEST.fullmatch(dataset.digest or ""):
        raise Rejected(
            f"the digest of dataset {shown(dataset.name)} is {shown(dataset.digest)}",
            clause="D1",
            remedy="Write it as algorithm:hex, such as sha256:9f86d0….",
        )
    rows = None if dataset.rows is None else as_index(dataset.rows)
    if dataset.rows is not None and (rows is None or not 0 <= rows < 2**63):
        raise Rejected(f"the row count of dataset {shown(dataset.name)} is {shown(dataset.rows)}", clause="D1")
    return replace(dataset, **plain, rows=rows)
