"""MLflow servers, started once and shared by all that measure with one."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

__all__ = ["Servers"]


class Servers:
    """The tests' own servers, of one worker each; each starts when it is first asked for, and ends with the block.

    Args:
        running: Those that run already, by the database below.
    """

    def __init__(self, running: Mapping[str, str] | None = None) -> None:
        self._urls = dict(running or {})
        self.databases = tuple(self._urls) or ("SQLite", "PostgreSQL")
        self._stack = ExitStack()
        self._services: Any = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stack.close()

    def url(self, database: str | None = None) -> str:
        """Give the URL of the server over a database; of any by default."""
        database = database or self.databases[0]
        if database not in self._urls:
            self._urls[database] = self._start(database)
        return self._urls[database]

    def _start(self, database: str) -> str:
        sys.path.append(str(Path(__file__).parents[1] / "tests"))
        from servers import mlflow, postgres
        from servers.shared import Services

        if self._services is None:
            folder = self._stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True))
            self._services = Services(Path(folder))
            self._stack.callback(self._services.stop)
        services, uri = self._services, None
        if database == "PostgreSQL":
            started = services.once("postgres", lambda own: postgres.start(services, own))
            uri = postgres.create_database(started["uri"])
        return str(services.once(database, lambda own: mlflow.start(services, own, database=uri))["url"])
