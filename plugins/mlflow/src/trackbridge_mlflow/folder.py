"""A folder of files, ``mlruns`` of old, through MLflow's own reader: only read, so that it can be moved elsewhere."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from trackbridge.errors import ConfigurationError, Unsupported
from trackbridge_mlflow.address import Address

__all__ = ["open_folder"]

_ALLOW: Final = "MLFLOW_ALLOW_FILE_STORE"
_READING: Final = ("get_", "search_", "list_", "batch_get_")


def open_folder(address: Address) -> tuple[Any, Any]:
    """Open MLflow's tracking and registry stores of a folder.

    Raises:
        ConfigurationError: there is no such folder, or this MLflow no longer reads such.
    """
    folder = Path(unquote(urlsplit(address.tracking_uri).path))
    if not folder.is_dir():
        raise ConfigurationError(f"there is no folder {folder}", remedy="Give the folder that MLflow calls mlruns.")
    try:
        from mlflow.store.model_registry.file_store import FileStore as RegistryFiles
        from mlflow.store.tracking.file_store import FileStore as TrackingFiles
    except ImportError as error:
        raise ConfigurationError(
            "this MLflow has no reader of folders any more",
            remedy="Install mlflow 3 below the version that dropped it.",
        ) from error
    with warnings.catch_warnings(), _allowed():
        warnings.simplefilter("ignore")  # that such folders have had their day is why they are read here
        tracking = TrackingFiles(str(folder), str(folder))
        registry = RegistryFiles(str(folder))
    return _ReadOnly(tracking, address.shown), _ReadOnly(registry, address.shown)


@contextmanager
def _allowed() -> Iterator[None]:
    """Have MLflow open what it no longer opens unasked; it looks but once, when a store is made."""
    before = os.environ.get(_ALLOW)
    os.environ[_ALLOW] = "true"
    try:
        yield
    finally:
        if before is None:
            del os.environ[_ALLOW]
        else:
            os.environ[_ALLOW] = before


class _ReadOnly:
    """A store that refuses to be written to."""

    def __init__(self, store: Any, shown: str) -> None:
        self._store = store
        self._shown = shown

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if not name.startswith(_READING):
            return self._refuse
        found: Callable[..., Any] = getattr(self._store, name)
        return found

    def _refuse(self, *_: Any, **__: Any) -> Any:
        raise Unsupported(
            f"{self._shown} is a folder of files, which trackbridge only reads",
            capability="runs",
            remedy="Move it into a database or a server: trackbridge migrate.",
        )
