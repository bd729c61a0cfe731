"""Opening a database as MLflow's own server would; needs the full mlflow."""

from __future__ import annotations

import contextlib
import logging
import os
import tempfile
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

from mlflow.store.model_registry.sqlalchemy_store import SqlAlchemyStore as RegistrySqlStore
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore as TrackingSqlStore

from trackbridge.errors import ConfigurationError
from trackbridge_mlflow.address import Address

__all__ = ["open_stores"]

_CONNECT_TIMEOUT_S: Final = 10


def open_stores(address: Address) -> tuple[Any, Any]:
    """Open MLflow's tracking and registry stores, making the tables of an empty database.

    Raises:
        ConfigurationError: the database's schema is another version's.
    """
    uri = address.tracking_uri
    _reach(uri)
    # Two processes that meet an empty database must not both make its tables, nor the default experiment.
    with _one_at_a_time(uri), _quiet("alembic", "mlflow.store.db.utils"):
        tracking = TrackingSqlStore(uri, address.artifacts)
        registry = RegistrySqlStore(uri)
    return tracking, registry


def _reach(uri: str) -> None:
    """Connect once, for MLflow itself would retry for minutes where there is nothing to reach."""
    import sqlalchemy

    if uri.startswith("sqlite:"):
        folder = Path(unquote(uri.removeprefix("sqlite:").lstrip("/")))
        try:
            (Path("/") / folder).parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigurationError(f"the folder of {uri} cannot be made: {error}") from error
        return
    engine = sqlalchemy.create_engine(uri, connect_args={"connect_timeout": _CONNECT_TIMEOUT_S})
    try:
        engine.connect().close()
    finally:
        engine.dispose()


@contextlib.contextmanager
def _one_at_a_time(uri: str) -> Iterator[None]:
    if os.name == "nt":  # MLflow takes no lock there either
        yield
        return
    import fcntl

    name = f"trackbridge-mlflow-{os.getuid()}-{sha256(uri.encode()).hexdigest()[:16]}.lock"
    with (Path(tempfile.gettempdir()) / name).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def _quiet(*names: str) -> Iterator[None]:
    """Keep the making of tables from printing a page of lines; warnings and errors stay."""
    loggers = [logging.getLogger(name) for name in names]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
