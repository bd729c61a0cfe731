"""The errors of trackbridge: a few classes, told apart by what the caller does next (X1)."""

from __future__ import annotations

from typing import Any

__all__ = [
    "AuthError",
    "ConfigurationError",
    "Conflict",
    "IntegrityError",
    "NotFound",
    "Rejected",
    "TrackbridgeError",
    "Transient",
    "Unsupported",
]


class TrackbridgeError(Exception):
    """The base of every error raised on purpose.

    Args:
        message: What was wrong and where, in one sentence; further lines may picture it and are shown last.
        clause: The clause of the semantics that says so, such as ``"P1"``.
        remedy: What to do about it, in one sentence.
    """

    def __init__(self, message: str, *, clause: str | None = None, remedy: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.clause = clause
        self.remedy = remedy

    def __str__(self) -> str:
        clause = f" [{self.clause}]" if self.clause else "." if self.remedy else ""
        remedy = f" {self.remedy}" if self.remedy else ""
        sentence, line, picture = self.message.partition("\n")
        return f"{sentence}{clause}{remedy}{line}{picture}"

    def __reduce__(self) -> tuple[Any, ...]:
        # Exception pickles its positional arguments only; the keyword ones travel as state.
        return (type(self), (self.message,), self.__dict__)


class ConfigurationError(TrackbridgeError):
    """A setting, a URL or a file of configuration is wrong: correct it and start again."""


class AuthError(TrackbridgeError):
    """The backend does not accept the credentials: correct them."""


class NotFound(TrackbridgeError):  # noqa: N818 - the public names are fixed, and read well in `except NotFound`
    """There is no such run, artifact, experiment, model or version."""


class Conflict(TrackbridgeError):  # noqa: N818
    """Somebody else was first, or the state is not the one expected: read again and decide."""


class Rejected(TrackbridgeError):  # noqa: N818
    """The value or the request can never work as it is: change it."""


class Transient(TrackbridgeError):  # noqa: N818
    """The backend cannot answer now; the same call may succeed later.

    Args:
        retry_after_s: How long the backend asks callers to wait, if it said so.
    """

    def __init__(
        self,
        message: str,
        *,
        clause: str | None = None,
        remedy: str | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(message, clause=clause, remedy=remedy)
        self.retry_after_s = retry_after_s


class Unsupported(TrackbridgeError):  # noqa: N818
    """The backend cannot do this at all.

    Args:
        capability: The name of the missing capability, as `trackbridge.protocol.Capabilities` spells it.
    """

    def __init__(
        self, message: str, *, capability: str = "", clause: str | None = None, remedy: str | None = None
    ) -> None:
        super().__init__(message, clause=clause, remedy=remedy)
        self.capability = capability


class IntegrityError(TrackbridgeError):
    """Stored content is not what was written: a checksum, a chain or a schema does not hold."""
