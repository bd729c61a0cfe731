"""A rate that all workers of one backend keep together: its adapter, each call of which waits for its turn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from typing import Any, Final, Protocol, cast

from trackbridge.protocol import Adapter, Backend

__all__ = ["Pacer", "paced"]

_FAMILIES: Final = frozenset({"experiments", "runs", "metrics", "artifacts", "objects", "registry", "bulk", "surplus"})


class Pacer(Protocol):
    """Whoever hands out turns; `trackbridge.shipping.retry.Pace` does within a process."""

    def wait(self) -> None:
        """Return when the next call may be made."""


def paced(backend: Backend, pacer: Pacer) -> Backend:
    """Give the same backend, each call of whose adapter waits for `pacer`."""
    return replace(backend, adapter=cast("Adapter", _Paced(backend.adapter, pacer, _FAMILIES)))


class _Paced:
    """An adapter, or one of its families: methods wait, families are paced in their turn."""

    def __init__(self, inner: Any, pacer: Pacer, families: frozenset[str] = frozenset()) -> None:
        self._inner = inner
        self._pacer = pacer
        self._families = families

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if name in self._families:
            return _Paced(found, self._pacer)
        if not callable(found) or name == "close":
            return found
        return _waiting(found, self._pacer)


def _waiting(method: Callable[..., Any], pacer: Pacer) -> Callable[..., Any]:
    @wraps(method)
    def call(*args: Any, **kwargs: Any) -> Any:
        pacer.wait()
        return method(*args, **kwargs)

    return call
