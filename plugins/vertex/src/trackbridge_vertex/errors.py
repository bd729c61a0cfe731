"""The one place where Google's errors, and those of what lies beneath them, become trackbridge's (X1)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from trackbridge.errors import (
    AuthError,
    ConfigurationError,
    Conflict,
    NotFound,
    Rejected,
    TrackbridgeError,
    Transient,
)

__all__ = ["translated"]

_MESSAGE_CHARS: Final = 600
# The canonical codes of google.rpc.Code, whichever transport they came by.
_KINDS: Final[dict[str, type[TrackbridgeError]]] = {
    "NOT_FOUND": NotFound,
    "ALREADY_EXISTS": Conflict,
    "ABORTED": Conflict,
    "FAILED_PRECONDITION": Conflict,
    "INVALID_ARGUMENT": Rejected,
    "OUT_OF_RANGE": Rejected,
    "UNAUTHENTICATED": AuthError,
    "PERMISSION_DENIED": AuthError,
    "UNIMPLEMENTED": ConfigurationError,
}
_STATUSES: Final = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    409: "ABORTED",
    412: "FAILED_PRECONDITION",
    413: "INVALID_ARGUMENT",
    501: "UNIMPLEMENTED",
}
_CREDENTIALS: Final = "Run `gcloud auth application-default login`, or set GOOGLE_APPLICATION_CREDENTIALS."


@contextmanager
def translated(shown: str) -> Iterator[None]:
    """Raise trackbridge's errors for whatever Google's clients raise inside.

    Args:
        shown: The backend's URL without secrets.
    """
    try:
        yield
    except (TrackbridgeError, Warning):  # a warning is an exception only where somebody asked for it
        raise
    except Exception as error:
        known = _error(error, shown)
        if known is None:  # a mistake of ours, not an answer: it must be seen as it is
            raise
        raise known from error


def _error(error: Exception, shown: str) -> TrackbridgeError | None:
    message = f"{shown}: {str(error)[:_MESSAGE_CHARS]}"
    module = type(error).__module__
    if module.startswith("google.api_core"):
        return _answer(error, message)
    if module.startswith("google.auth"):
        if type(error).__name__ == "TransportError":
            return Transient(message, clause="X1")
        return AuthError(message, clause="X1", remedy=_CREDENTIALS)
    if module.startswith("google.cloud.storage"):  # a checksum that does not fit, a stream that was cut
        return Transient(message, clause="X1")
    if module.startswith(("requests", "urllib3")):
        if type(error).__name__ in {"InvalidURL", "InvalidSchema", "MissingSchema", "LocationParseError"}:
            return ConfigurationError(message, clause="X1")
        return Transient(message, clause="X1")
    if isinstance(error, ImportError):
        return ConfigurationError(message, remedy="Install it: pip install 'trackbridge[vertex]'.")
    return Transient(message, clause="X1") if isinstance(error, ConnectionError | TimeoutError) else None


def _answer(error: Any, message: str) -> TrackbridgeError:
    kind = _KINDS.get(_code(error), Transient)
    if kind is Transient:
        return Transient(message, clause="X1", retry_after_s=_retry_after_s(error))
    if kind is NotFound and "bucket does not exist" in message:
        return ConfigurationError(message, clause="X1", remedy="Create the bucket, or correct staging= in the URL.")
    return kind(message, clause="X1", remedy=_CREDENTIALS if kind is AuthError else None)


def _code(error: Any) -> str:
    """Give the canonical code: over REST it stands in the body, for several share one HTTP status."""
    status = getattr(error, "grpc_status_code", None)
    if getattr(error, "response", None) is None and status is not None:
        return str(status.name)
    said = _body(error).get("status")
    return str(said) if said else _STATUSES.get(int(getattr(error, "code", None) or 0), "UNAVAILABLE")


def _body(error: Any) -> dict[str, Any]:
    try:
        body = error.response.json()["error"]
    except (AttributeError, KeyError, TypeError, ValueError):
        return {}
    return body if isinstance(body, dict) else {}


def _retry_after_s(error: Any) -> float | None:
    """Read google.rpc.RetryInfo, or the header Retry-After."""
    for detail in getattr(error, "details", None) or ():
        if type(detail).__name__ == "RetryInfo":
            return float(detail.retry_delay.seconds + detail.retry_delay.nanos / 1e9)
    for detail in _body(error).get("details", ()):
        delay = detail.get("retryDelay") if isinstance(detail, dict) else None
        if isinstance(delay, str) and delay.removesuffix("s").replace(".", "", 1).isdigit():
            return float(delay.removesuffix("s"))
    headers = getattr(getattr(error, "response", None), "headers", None) or {}
    text = str(headers.get("Retry-After", "") if hasattr(headers, "get") else "")
    return float(text) if text.isdigit() else None
