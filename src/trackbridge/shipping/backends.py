"""Backends that this process has open: shared between its runs, closed with the last that uses them."""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass
from typing import Final

from trackbridge.config import BackendChoice
from trackbridge.protocol import Backend, open_backend, parse_url
from trackbridge.redaction import redacted_logger

__all__ = ["lease", "release"]

_LOGGER: Final = redacted_logger("trackbridge")


@dataclass(slots=True)
class _Open:
    backend: Backend
    users: int = 0


_lock = threading.Lock()
_open: dict[str, _Open] = {}
_inherited: list[_Open] = []


def lease(choice: BackendChoice) -> Backend:
    """Give the backend opened; nothing is contacted. To be followed by `release`.

    Raises:
        ConfigurationError: nothing installed serves the URL, or it is none.
    """
    url = parse_url(choice.url, base=choice.base)
    with _lock:
        held = _open.get(url.text)
        if held is None:
            held = _open[url.text] = _Open(open_backend(url))
        held.users += 1
        return held.backend


def release(backend: Backend) -> None:
    """Let go of a leased backend."""
    with _lock:
        held = _open.get(backend.url.text)
        if held is None or held.backend is not backend:
            return  # leased before a fork: the parent closes it
        held.users -= 1
        if held.users:
            return
        del _open[backend.url.text]
    try:
        backend.adapter.close()
    except Exception as error:  # noqa: BLE001 - nothing is lost by a farewell that fails
        _LOGGER.debug("closing %s failed: %s", backend.url, error)


def _start_anew() -> None:
    """In a forked child: open everything again, and never close, not even by garbage, what the parent still uses."""
    global _lock  # noqa: PLW0603 - another thread of the parent may have held it
    _lock = threading.Lock()
    _inherited.extend(_open.values())
    _open.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_start_anew)
