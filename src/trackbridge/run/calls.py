"""What a bad call does: it raises, or warns where the user prefers that (X2)."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, Protocol, TypeVar

from trackbridge.errors import TrackbridgeError
from trackbridge.redaction import redact_text

__all__ = ["checked", "complain"]

_P = ParamSpec("_P")


class _Complains(Protocol):
    def complain(self, error: TrackbridgeError) -> None: ...


_Self = TypeVar("_Self", bound=_Complains)


def checked(method: Callable[Concatenate[_Self, _P], None]) -> Callable[Concatenate[_Self, _P], None]:
    """Let a method of a run raise its errors, or warn of them where ``on_error = "warn"``."""

    @wraps(method)
    def call(self: _Self, /, *args: _P.args, **kwargs: _P.kwargs) -> None:
        try:
            method(self, *args, **kwargs)
        except TrackbridgeError as error:
            self.complain(error)

    return call


def complain(error: TrackbridgeError, *, warn: bool) -> None:
    """Raise `error`, or warn of it at the line outside of this package that is to blame."""
    if not warn:
        raise error
    depth, frame = 1, sys._getframe(0)  # noqa: SLF001 - the documented way to look at one's callers
    while frame.f_back and frame.f_globals.get("__name__", "").startswith("trackbridge."):
        depth, frame = depth + 1, frame.f_back
    warnings.warn(redact_text(str(error)), stacklevel=depth)
