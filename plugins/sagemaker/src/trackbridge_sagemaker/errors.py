"""The one place where errors of boto3, SageMaker and S3 become trackbridge's (X1)."""

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

__all__ = ["Changed", "already_exists", "error_code", "is_missing", "limit_exceeded", "translated"]

_MESSAGE_CHARS: Final = 600
_CREDENTIALS: Final = (
    "Give credentials in AWS's own places: environment, ~/.aws, or a role; doctor says what they lack."
)
_DENIED: Final = frozenset(
    {
        "AccessDenied", "AccessDeniedException", "ExpiredToken", "ExpiredTokenException", "IncompleteSignature",
        "InvalidAccessKeyId", "InvalidClientTokenId", "InvalidSignatureException", "MissingAuthenticationToken",
        "MissingAuthenticationTokenException", "NotAuthorized", "OptInRequired", "SignatureDoesNotMatch",
        "UnauthorizedOperation", "UnrecognizedClientException", "403",
    }
)  # fmt: skip
_MISSING: Final = frozenset({"ResourceNotFound", "ResourceNotFoundException", "NoSuchKey", "404"})
_LATER: Final = frozenset(
    {
        "ConditionalRequestConflict", "InternalError", "InternalFailure", "OperationAborted", "RequestLimitExceeded",
        "RequestTimeout", "ServiceUnavailable", "SlowDown", "Throttling", "ThrottledException", "ThrottlingException",
        "TooManyRequestsException",
    }
)  # fmt: skip
_SAYS_MISSING: Final = ("does not exist", "not found", "cannot be found", "could not find")


class Changed(Exception):  # noqa: N818 - not an error: somebody else was first
    """A conditional write met another state than the one it was made for."""


@contextmanager
def translated(shown: str) -> Iterator[None]:
    """Raise trackbridge's errors for whatever boto3 raises inside.

    Args:
        shown: The backend's URL without secrets.
    """
    try:
        yield
    except (TrackbridgeError, Changed):
        raise
    except Exception as error:
        known = _error(error, shown)
        if known is None:  # a mistake of ours, not an answer: it must be seen as it is
            raise
        raise known from error


def error_code(error: BaseException | None) -> str:
    """Give the code of a service's answer, "" where the error is none."""
    response = getattr(error, "response", None)
    return str(response.get("Error", {}).get("Code", "")) if isinstance(response, dict) else ""


def already_exists(error: TrackbridgeError) -> bool:
    """Tell whether a create met a name that is in use: SageMaker has no code of its own for that."""
    said = str(error.__cause__).lower()
    return "already exist" in said or "already in use" in said or error_code(error.__cause__) == "ResourceInUse"


def limit_exceeded(error: TrackbridgeError) -> bool:
    """Tell whether a quota is used up."""
    return error_code(error.__cause__) == "ResourceLimitExceeded"


def is_missing(error: BaseException) -> bool:
    """Tell whether an answer of boto3 says that there is no such thing; for some operations that is a ValidationException."""
    code = error_code(error)
    return code in _MISSING or (code == "ValidationException" and any(said in str(error) for said in _SAYS_MISSING))


def _error(error: Exception, shown: str) -> TrackbridgeError | None:
    message = f"{shown}: {str(error)[:_MESSAGE_CHARS]}"
    code = error_code(error)
    if code:
        return _answered(error, code, message)
    return _unanswered(error, message)


def _answered(error: Any, code: str, message: str) -> TrackbridgeError:
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400))
    if code in _DENIED:
        return AuthError(message, clause="X1", remedy=_CREDENTIALS)
    if is_missing(error):
        return NotFound(message, clause="X1")
    if code in {"NoSuchBucket", "PermanentRedirect", "AuthorizationHeaderMalformed", "UnknownOperationException"}:
        return ConfigurationError(message, clause="X1", remedy="Correct the bucket or the region in the backend URL.")
    if code in _LATER or status >= 500:
        headers = error.response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
        return Transient(message, clause="X1", retry_after_s=_seconds(headers.get("retry-after")))
    if code in {"ConflictException", "ResourceInUse"}:
        return Conflict(message, clause="X1")
    return Rejected(message, clause="X1")


def _unanswered(error: Exception, message: str) -> TrackbridgeError | None:
    from botocore import exceptions

    match error:
        case (
            exceptions.NoCredentialsError()
            | exceptions.PartialCredentialsError()
            | exceptions.CredentialRetrievalError()
            | exceptions.TokenRetrievalError()
            | exceptions.SSOError()
        ):
            return AuthError(message, clause="X1", remedy=_CREDENTIALS)
        case exceptions.ProfileNotFound() | exceptions.InvalidEndpointConfigurationError() | exceptions.SSLError():
            return ConfigurationError(message, clause="X1", remedy="Correct AWS's settings or the endpoint in the URL.")
        case exceptions.ParamValidationError():
            return Rejected(message, clause="X1")
        case exceptions.HTTPClientError() | exceptions.ConnectionError() | exceptions.BotoCoreError() | OSError():
            return Transient(message, clause="X1")
    return Transient(message, clause="X1") if type(error).__module__.startswith(("urllib3", "s3transfer")) else None


def _seconds(text: str | None) -> float | None:
    return float(text) if text and text.isdigit() else None
