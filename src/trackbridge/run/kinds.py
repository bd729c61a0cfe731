"""What an artifact is, where its bytes alone do not say: one reserved tag each, in JSON."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Final, TypeAlias

from trackbridge.records.names import MAX_TAG_BYTES
from trackbridge.records.values import canonical_json

__all__ = ["PREFIX", "FigureKind", "ImageKind", "Kind", "ModelKind", "TableKind", "tag_name", "tag_text"]

PREFIX: Final = "trackbridge.artifact."


@dataclass(frozen=True, slots=True)
class FigureKind:
    """A plot; `format` is the file's, such as "png"."""

    kind: ClassVar[str] = "figure"

    path: str
    format: str


@dataclass(frozen=True, slots=True)
class ImageKind:
    """An image of `width` × `height` pixels where known."""

    kind: ClassVar[str] = "image"

    path: str
    format: str
    width: int | None
    height: int | None


@dataclass(frozen=True, slots=True)
class TableKind:
    """A table in Parquet or CSV."""

    kind: ClassVar[str] = "table"

    path: str
    format: str
    rows: int
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ModelKind:
    """A model: how it was saved, whether loading it could run code, and where its input example is."""

    kind: ClassVar[str] = "model"

    path: str
    flavor: str
    runs_code: bool
    signature: str | None = None
    input_example: str | None = None


Kind: TypeAlias = FigureKind | ImageKind | TableKind | ModelKind


def tag_name(path: str) -> str:
    """Give the name of the tag; a hash, because a path may hold what no vendor's tag name does."""
    return PREFIX + hashlib.sha256(path.encode()).hexdigest()[:16]


def tag_text(kind: Kind) -> str:
    """Give the value of the tag; long lists of columns and signatures are left out where it would not hold them."""
    fields: dict[str, Any] = {"kind": kind.kind, **asdict(kind)}
    fields = {name: value for name, value in fields.items() if value is not None}
    text = canonical_json(fields)
    if len(text.encode()) > MAX_TAG_BYTES:
        text = canonical_json({name: fields[name] for name in fields if name not in ("columns", "signature")})
    return text
