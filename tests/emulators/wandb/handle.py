"""The emulator as a test holds it, wherever it runs."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from emulators.wandb.service import Account

TIMEOUT_S = 30.0


@dataclass(frozen=True, slots=True)
class Handle:
    """Steers the emulator at a URL through /emulator/…"""

    url: str
    account: Account = field(default_factory=Account)

    @property
    def environment(self) -> dict[str, str]:
        """What leads the SDK there, and keeps it from calling anywhere else."""
        return {
            "WANDB_BASE_URL": self.url,
            "WANDB_API_KEY": self.account.key,
            "WANDB_ENTITY": self.account.default_entity,
            "WANDB_ERROR_REPORTING": "false",
            "WANDB_SILENT": "true",
            "WANDB_CONSOLE": "off",
        }

    @property
    def switches(self) -> dict[str, Any]:
        return self._ask("GET", "switches")

    @contextmanager
    def switched(self, **values: Any) -> Iterator[None]:
        """Flip switches for a while.

        Raises:
            ValueError: For a switch or a value that there is not.
        """
        before = self.switches
        self.switch(**values)
        try:
            yield
        finally:
            self.switch(**{name: before[name] for name in values})

    def switch(self, **values: Any) -> None:
        self._ask("POST", "switches", values)

    def fault(self, match: str, **values: Any) -> None:
        """Add a fault; `faults.Fault` says what there is."""
        self._ask("POST", "faults", {"match": match, **values})

    def faults(self) -> dict[str, Any]:
        """Give how many requests were struck, and the faults as they are counted down."""
        return self._ask("GET", "faults")

    def violations(self) -> list[dict[str, Any]]:
        """Give the requests that no client may make."""
        return self._ask("GET", "record")["violations"]

    def requests(self) -> dict[str, int]:
        """Give how often each operation was asked for."""
        return self._ask("GET", "record")["requests"]

    def reset(self) -> None:
        """Forget faults, switches, violations and counts; the data stays."""
        for what in ("faults", "switches", "record"):
            self._ask("DELETE", what)

    def _ask(self, method: str, what: str, values: dict[str, Any] | None = None) -> dict[str, Any]:
        request = urllib.request.Request(
            f"{self.url}/emulator/{what}", json.dumps(values or {}).encode(), method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise ValueError(json.load(error)["error"]) from error
