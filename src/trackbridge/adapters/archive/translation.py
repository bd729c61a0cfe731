"""The one place where errors of file systems and object stores become ours."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from trackbridge.errors import AuthError, ConfigurationError, TrackbridgeError, Transient

__all__ = ["translated"]

_PASSING: Final = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EMFILE, errno.ENFILE, errno.EIO, errno.EBUSY}
_CREDENTIALS: Final = ("Credential", "Token", "Auth", "Profile")
_MISUSE: Final = (TypeError, ValueError, AttributeError, KeyError, AssertionError, NameError)


@contextmanager
def translated(shown: str) -> Iterator[None]:
    """Raise what goes wrong with the file at `shown` as one of ours, the original kept as the cause.

    `FileNotFoundError` and `FileExistsError` pass: they are answers, which the callers expect.
    """
    try:
        yield
    except (FileNotFoundError, FileExistsError, TrackbridgeError, *_MISUSE):
        raise
    except Exception as error:
        raise _ours(error, shown) from error


def _ours(error: Exception, shown: str) -> TrackbridgeError:
    if any(word in type(error).__name__ for word in _CREDENTIALS):
        return AuthError(
            f"{shown} cannot be reached with the credentials at hand: {error}",
            clause="X1",
            remedy="Give credentials in the object store's usual places.",
        )
    if not isinstance(error, OSError) or error.errno in _PASSING or error.errno is None:
        return Transient(f"{shown} cannot be used now: {error}", clause="X1", remedy="Try again.")
    return ConfigurationError(
        f"{shown} cannot be used: {error}", clause="X1", remedy="Give a place that this user may read and write."
    )
