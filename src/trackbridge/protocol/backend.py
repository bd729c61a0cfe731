"""A backend that was opened: its address, its declaration, its limits and its adapter, kept together."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

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


def open_backend(url: str | BackendUrl, *, base: Path | None = None) -> Backend:
    """Find and open the adapter of a URL; nothing is contacted yet."""
    parsed = url if isinstance(url, BackendUrl) else parse_url(url, base=base)
    spec = find_adapter(parsed)
    return Backend(parsed, spec, spec.limits(parsed), spec.open(parsed))
