"""The base class that an adapter's author subclasses; pytest collects every check of the suite for it."""

from __future__ import annotations

from typing import ClassVar

import pytest

from trackbridge.testing import guard as _guard
from trackbridge.testing.checks import Check
from trackbridge.testing.lab import Scale
from trackbridge.testing.verdicts import run_check

__all__ = ["Contract"]


class Contract:
    """The contract suite over one backend.

    Give `url`, or override the fixture `backend_url` where a server or a folder must come first; that one belongs into
    a fixture of the module, so that it is started once and not for each check. `scale` says how much data the checks write. Nothing else may be changed: an overridden, skipped, deselected or expected
    failure is an error at collection, and what a backend cannot do it declares as `Absent`.

    Example:
        >>> class TestToy(Contract):
        ...     url = "toy://bench"
        >>> class TestServer(Contract):
        ...     @pytest.fixture
        ...     def backend_url(self, server):  # a fixture of scope "module"
        ...         return f"toy+http://{server.address}"
    """

    url: ClassVar[str] = ""
    scale: ClassVar[Scale] = Scale()

    @pytest.fixture
    def backend_url(self) -> str:
        """Give the URL of the backend; override it to start a server first."""
        return self.url

    def test_clause(self, check: Check, backend_url: str, request: pytest.FixtureRequest) -> None:
        """Run one check; pytest makes one item of it a check."""
        outcome = run_check(check, backend_url, self.scale)
        _guard.record(request.node, outcome, backend_url)
        if outcome.error is not None:
            raise outcome.error


_guard.watch(Contract)
