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
    """The tests' own servers; each starts when it is first asked for, and ends with the block.

    Args:
        running: Those that run already, by the database below.

    Attributes:
        databases: Names of those that there are.
        own: Whether they are started here, of as many processes as one likes.
    """

    def __init__(self, running: Mapping[str, str] | None = None) -> None:
        self._running = dict(running or {})
        self._urls: dict[tuple[str, int], str] = {}
        self.databases = tuple(self._running) or ("SQLite", "PostgreSQL")
        self.own = not self._running
        self._stack = ExitStack()
        self._services: Any = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stack.close()

    def url(self, database: str | None = None, processes: int = 1) -> str:
        """Give the URL of the server over a database, of so many processes; of any database by default.

        One that runs already is taken as it is.
        """
        database = database or self.databases[0]
        if database in self._running:
            return self._running[database]
        if (database, processes) not in self._urls:
            self._urls[database, processes] = self._start(database, processes)
        return self._urls[database, processes]

    def _start(self, database: str, processes: int) -> str:
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
        name = f"{database} of {processes}"
        return str(services.once(name, lambda own: mlflow.start(services, own, database=uri, workers=processes))["url"])
