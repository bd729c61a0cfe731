"""A handle on a server in another process: what it saw of one project, and how it shall treat it."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from emulators.vertex.control import EVERY, PREFIX


class Remote:
    """One project on a server; without a project, all of it.

    Switches, faults, calls and violations are each project's own, so that tests which take a project of their own do
    not disturb each other on a server that they share.
    """

    def __init__(self, url: str, project: str = EVERY) -> None:
        self._base = f"{url}{PREFIX}{project}/"

    def calls(self) -> dict[str, int]:
        """Count the calls by ``Service.Method``."""
        return dict(self._ask("GET", "calls"))

    def forget_calls(self) -> None:
        """Count from nought."""
        self._ask("DELETE", "calls")

    def violations(self) -> list[dict[str, Any]]:
        """Give every rule that a client broke: when (seconds), method, message and what states the rule."""
        return list(self._ask("GET", "violations"))

    def switches(self) -> dict[str, Any]:
        """Give the switches in force."""
        return dict(self._ask("GET", "switches"))

    def flip(self, **changes: Any) -> dict[str, Any]:
        """Change switches; give those before."""
        return dict(self._ask("POST", "switches", changes))

    @contextmanager
    def flipped(self, **changes: Any) -> Iterator[None]:
        """Change switches for a while."""
        before = self.flip(**changes)
        try:
            yield
        finally:
            self.flip(**before)

    def fail(self, **fault: Any) -> str:
        """Put a fault in force (`faults.Fault` has the fields); give its id."""
        return str(self._ask("POST", "faults", fault)["id"])

    def faults(self) -> list[dict[str, Any]]:
        """Give the faults in force with their hits."""
        return list(self._ask("GET", "faults"))

    def heal(self, identifier: str = "") -> None:
        """Take a fault out of force, or all."""
        self._ask("DELETE", f"faults/{identifier}")

    def cut(self) -> None:
        """Drop every connection of the server, whoever's."""
        self._ask("POST", "cut")

    def _ask(self, verb: str, what: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self._base}{what}", data=data, method=verb)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)
