"""The digest of data that lies here (D1)."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from trackbridge.errors import Rejected
from trackbridge.records.artifacts import ArtifactRecord, folder_digest
from trackbridge.records.names import shown
from trackbridge.run.files import files_of
from trackbridge.shipping import copy_and_hash

__all__ = ["describe_data"]


def describe_data(uri: str) -> str | None:
    """Give ``sha256:hex`` of a local file, or the folder digest of a local folder (A5); None where it is elsewhere."""
    path = _local_path(uri)
    if path is None:
        return None
    try:
        if path.is_dir():
            return folder_digest(ArtifactRecord(name, *_hashed(file)) for file, name in files_of(path))
        return f"sha256:{_hashed(path)[1]}"
    except OSError as error:
        raise Rejected(
            f"the data at {shown(uri)} cannot be read: {error}", clause="D1", remedy="Give its digest."
        ) from error


def _hashed(path: Path) -> tuple[int, str]:
    with path.open("rb") as content:
        return copy_and_hash(content, None)


def _local_path(uri: str) -> Path | None:
    """Give the file or folder that `uri` names here, as a path or a ``file:`` URL."""
    parts = urlsplit(uri) if "://" in uri else None
    if parts and (parts.scheme != "file" or parts.netloc not in ("", "localhost")):
        return None
    try:
        path = Path(url2pathname(parts.path) if parts else uri)
        return path if path.is_dir() or path.is_file() else None
    except (OSError, ValueError):  # no name that a file here could have
        return None
