"""A backend that was opened: its address, its declaration, its limits and its adapter, kept together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from trackbridge.errors import Unsupported
from trackbridge.protocol.adapter import Adapter
from trackbridge.protocol.discovery import find_adapter
from trackbridge.protocol.hooks import AdapterSpec
from trackbridge.protocol.limits import Limits
from trackbridge.protocol.urls import BackendUrl, parse_url

__all__ = ["Backend", "open_backend"]


@dataclass(frozen=True, slots=True)
class Backend:
    """What reading and delivery need of one backend."""

    url: BackendUrl
    spec: AdapterSpec
    limits: Limits
    adapter: Adapter

    def __reduce__(self) -> tuple[Callable[[BackendUrl], Backend], tuple[BackendUrl]]:
        """Travel to another process as a URL, to be opened there.

        Raises:
            Unsupported: the data cannot leave its process.
        """
        if absent := self.spec.capabilities.absent("cross_process"):
            raise Unsupported(
                f"{self.url} cannot be used from another process: {absent.reason}",
                capability="cross_process",
                clause="R8",
                remedy="Use a backend that several processes can share, such as local://PATH.",
            )
        return open_backend, (self.url,)


def open_backend(url: str | BackendUrl, *, base: Path | None = None) -> Backend:
    """Find and open the adapter of a URL; nothing is contacted yet."""
    parsed = url if isinstance(url, BackendUrl) else parse_url(url, base=base)
    spec = find_adapter(parsed)
    return Backend(parsed, spec, spec.limits(parsed), spec.open(parsed))
