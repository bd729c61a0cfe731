"""A backend whose calls keep to a rate that all workers share, and are made again where they fail in passing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from typing import Any, Final, Protocol, cast

from trackbridge.protocol import Adapter, Backend
from trackbridge.shipping.retry import patiently

__all__ = ["Pacer", "steady"]

_FAMILIES: Final = frozenset({"experiments", "runs", "metrics", "artifacts", "objects", "registry", "bulk", "surplus"})
_ONCE: Final = frozenset({"load", "close", "glance"})  # what takes a stream that is used up, or asks nothing


class Pacer(Protocol):
    """Whoever hands out turns; `trackbridge.shipping.retry.Pace` does within a process."""

    def wait(self) -> None:
        """Return when the next call may be made."""


def steady(backend: Backend, pacer: Pacer | None = None) -> Backend:
    """Give the same backend; each call of its adapter waits for `pacer`, and is tried three times within seconds.

    What fails while an answer is being read is not tried again here, but with the whole unit.
    """
    return replace(backend, adapter=cast("Adapter", _Steady(backend.adapter, pacer, _FAMILIES)))


class _Steady:
    """An adapter, or one of its families: methods are steadied, families in their turn."""

    def __init__(self, inner: Any, pacer: Pacer | None, families: frozenset[str] = frozenset()) -> None:
        self._inner = inner
        self._pacer = pacer
        self._families = families

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if name in self._families:
            return _Steady(found, self._pacer)
        if not callable(found) or name in {"close", "glance"}:
            return found
        return _steadied(found, self._pacer, again=name not in _ONCE)


def _steadied(method: Callable[..., Any], pacer: Pacer | None, *, again: bool) -> Callable[..., Any]:
    @wraps(method)
    def call(*args: Any, **kwargs: Any) -> Any:
        def once() -> Any:
            if pacer is not None:
                pacer.wait()
            return method(*args, **kwargs)

        def rewind(_: Exception) -> None:
            for argument in args:
                if hasattr(argument, "seek"):  # a file that was sent in part is sent from its start
                    argument.seek(0)

        return patiently(once, rewind) if again else once()

    return call
