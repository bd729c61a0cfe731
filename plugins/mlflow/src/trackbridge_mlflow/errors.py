"""The one place where MLflow's errors, and those of what lies beneath it, become trackbridge's (X1)."""

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

__all__ = ["LostRace", "failed_status", "translated"]

_MESSAGE_CHARS: Final = 600
_CODES: Final[dict[str, type[TrackbridgeError]]] = {
    "RESOURCE_DOES_NOT_EXIST": NotFound,
    "NOT_FOUND": NotFound,
    "RESOURCE_ALREADY_EXISTS": Conflict,
    "ALREADY_EXISTS": Conflict,
    "RESOURCE_CONFLICT": Conflict,
    "INVALID_STATE": Conflict,
    "UNAUTHENTICATED": AuthError,
    "PERMISSION_DENIED": AuthError,
    "CUSTOMER_UNAUTHORIZED": AuthError,
    "INVALID_PARAMETER_VALUE": Rejected,
    "BAD_REQUEST": Rejected,
    "MALFORMED_REQUEST": Rejected,
    "RESOURCE_LIMIT_EXCEEDED": Rejected,
    "ENDPOINT_NOT_FOUND": ConfigurationError,
    "TEMPORARILY_UNAVAILABLE": Transient,
    "REQUEST_LIMIT_EXCEEDED": Transient,
    "INTERNAL_ERROR": Transient,
}
_CREDENTIALS: Final = (
    "Set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, MLFLOW_TRACKING_TOKEN, or ~/.mlflow/credentials."
)
_NOT_ACTIVE: Final = "must be in the 'active' state"
# Two inserts of one row, where MLflow does not catch the second: the same call again finds the first.
_LOST_RACE: Final = ("UNIQUE constraint failed", "duplicate key value", "database is locked", "deadlock detected")


class LostRace(Transient):
    """Another writer was first and the database rolled this call back: at once again, it finds what the other wrote."""


@contextmanager
def translated(shown: str) -> Iterator[None]:
    """Raise trackbridge's errors for whatever MLflow, its database or its artifact store raises inside.

    Args:
        shown: The backend's URL without secrets.
    """
    try:
        yield
    except (TrackbridgeError, Warning):  # a warning is an exception only where somebody asked for it
        raise
    except Exception as error:
        known = _error(error, shown)
        if known is None:  # a mistake of ours or MLflow's, not an answer: it must be seen as it is
            raise
        raise known from error


def failed_status(status: int, text: str, shown: str, *, retry_after_s: float | None = None) -> TrackbridgeError:
    """Give the error for an answer of a server that is not 200 and says nothing in MLflow's own form."""
    said = text.strip()[:200]
    if status in {401, 403}:
        return AuthError(f"{shown} answers {status}: {said}", clause="X1", remedy=_CREDENTIALS)
    if status in {408, 425, 429} or status >= 500:
        return Transient(f"{shown} answers {status}: {said}", clause="X1", retry_after_s=retry_after_s)
    if status == 413:
        return Rejected(f"{shown} answers 413: the request is too large", clause="X1")
    return ConfigurationError(
        f"{shown} answers {status}: {said}", clause="X1", remedy="Is this the address of an MLflow server?"
    )


def _error(error: Exception, shown: str) -> TrackbridgeError | None:
    code = getattr(error, "error_code", None)
    message = f"{shown}: {str(error)[:_MESSAGE_CHARS]}"
    if isinstance(code, str):
        if _NOT_ACTIVE in message:
            return Conflict(message, clause="R7", remedy="It was deleted: restore it first.")
        if any(sign in message for sign in _LOST_RACE):
            return LostRace(message, clause="X1")
        kind = _CODES.get(code, Transient)
        cause = _connection_error(error, shown) if code == "INTERNAL_ERROR" else None
        return cause or kind(message, clause="X1", remedy=_CREDENTIALS if kind is AuthError else None)
    return _connection_error(error, shown) or _database_error(error, message) or _storage_error(error, message)


def _connection_error(error: BaseException | None, shown: str) -> TrackbridgeError | None:
    """Find an error of `requests` in the chain, for MLflow wraps them without a code of their own."""
    from requests import exceptions

    seen = 0
    while error is not None and seen < 8:
        match error:
            case exceptions.SSLError():
                return ConfigurationError(
                    f"{shown}: {error}", clause="X1", remedy="Set MLFLOW_TRACKING_SERVER_CERT_PATH."
                )
            case exceptions.InvalidURL() | exceptions.InvalidSchema() | exceptions.MissingSchema():
                return ConfigurationError(f"{shown}: {error}", clause="X1")
            case exceptions.Timeout():
                return Transient(f"{shown} did not answer in time: {error}", clause="X1")
            case exceptions.RequestException():
                return Transient(f"{shown} cannot be reached: {error}", clause="X1")
        error, seen = error.__cause__ or error.__context__, seen + 1
    return None


def _database_error(error: Exception, message: str) -> TrackbridgeError | None:
    module = type(error).__module__
    if not module.startswith("sqlalchemy"):
        return None
    if "password authentication failed" in message:
        return AuthError(message, clause="X1", remedy="Correct the user or password in the backend URL.")
    if type(error).__name__ in {"ArgumentError", "NoSuchModuleError"} or "does not exist" in message:
        return ConfigurationError(message, clause="X1")
    return (LostRace if any(sign in message for sign in _LOST_RACE) else Transient)(message, clause="X1")


def _storage_error(error: Exception, message: str) -> TrackbridgeError | None:
    code = _s3_code(error)
    if code in {"NoSuchKey", "404"} or isinstance(error, FileNotFoundError):
        return NotFound(message, clause="A2")
    if code in {"AccessDenied", "403", "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken"}:
        return AuthError(message, clause="X1", remedy="Correct the credentials of the artifact store.")
    if code == "NoSuchBucket" or type(error).__name__ in {"NoCredentialsError", "PartialCredentialsError"}:
        return ConfigurationError(message, clause="X1", remedy="Correct the settings of the artifact store.")
    if isinstance(error, PermissionError | IsADirectoryError | NotADirectoryError):
        return ConfigurationError(message, clause="X1", remedy="Correct the permissions of the artifact store.")
    if isinstance(error, ImportError):
        return ConfigurationError(message, remedy="Install it: pip install 'trackbridge-mlflow[database,s3]'.")
    lost = isinstance(error, OSError) or code or type(error).__module__.startswith(("botocore", "urllib3"))
    return Transient(message, clause="X1") if lost else None


def _s3_code(error: Any) -> str:
    response = getattr(error, "response", None)
    return str(response.get("Error", {}).get("Code", "")) if isinstance(response, dict) else ""
