"""The digest of data that lies here (D1)."""

from __future__ import annotations

from pathlib import Path
from typing import Final
from urllib.parse import urlsplit
from urllib.request import url2pathname

from trackbridge.errors import Rejected
from trackbridge.protocol import DataSource
from trackbridge.records.artifacts import ArtifactRecord, folder_digest
from trackbridge.records.names import shown
from trackbridge.redaction import redacted_logger
from trackbridge.run.files import files_of
from trackbridge.shipping import copy_and_hash

__all__ = ["describe_data", "local_path", "source_of"]

_LOGGER: Final = redacted_logger("trackbridge")


def source_of(path: Path) -> DataSource | None:
    """Ask the installed tools for data where a local path comes from; what a tool raises is logged, and it is not asked."""
    from trackbridge.protocol.discovery import hooks

    try:
        found: DataSource | None = hooks().hook.trackbridge_data_source(path=path)
    except Exception as error:  # noqa: BLE001 - a tool's trouble is no reason not to train
        _LOGGER.warning("where %s comes from cannot be found out: %s: %s", path, type(error).__name__, error)
        return None
    if found is not None and found.warning:
        _LOGGER.warning("%s", found.warning)
    return found


def describe_data(path: Path) -> str:
    """Give ``sha256:hex`` of a local file, or the folder digest of a local folder (A5)."""
    try:
        if path.is_dir():
            return folder_digest(ArtifactRecord(name, *_hashed(file)) for file, name in files_of(path))
        return f"sha256:{_hashed(path)[1]}"
    except OSError as error:
        raise Rejected(
            f"the data at {shown(str(path))} cannot be read: {error}", clause="D1", remedy="Give its digest."
        ) from error


def _hashed(path: Path) -> tuple[int, str]:
    with path.open("rb") as content:
        return copy_and_hash(content, None)


def local_path(uri: str) -> Path | None:
    """Give the file or folder that `uri` names here, as a path or a ``file:`` URL."""
    parts = urlsplit(uri) if "://" in uri else None
    if parts and (parts.scheme != "file" or parts.netloc not in ("", "localhost")):
        return None
    try:
        path = Path(url2pathname(parts.path) if parts else uri)
        return path if path.is_dir() or path.is_file() else None
    except (OSError, ValueError):  # no name that a file here could have
        return None
