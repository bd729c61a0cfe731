"""The one place where W&B's refusals, and those of the network beneath it, become trackbridge's (X1)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from trackbridge.errors import AuthError, ConfigurationError, Conflict, NotFound, Rejected, TrackbridgeError, Transient

__all__ = ["reached", "refusal"]

_MESSAGE_CHARS: Final = 600
_CREDENTIALS: Final = "Run `wandb login`, or set WANDB_API_KEY."
_SPENT: Final = "previously created and deleted"
_MISSING: Final = re.compile(r"not found|could not find|does not exist", re.IGNORECASE)
_FORBIDDEN: Final = re.compile(r"permission denied|unauthorized|not logged in", re.IGNORECASE)
_SCHEMA: Final = re.compile(r"Cannot query field|Unknown argument|Unknown type|is not defined by type")


@contextmanager
def reached(shown: str) -> Iterator[None]:
    """Raise `Transient` for a request that got no answer, and what is no request's fault as it is.

    Args:
        shown: The backend's URL without secrets.
    """
    from requests import exceptions

    try:
        yield
    except (exceptions.InvalidURL, exceptions.InvalidSchema, exceptions.MissingSchema) as error:
        raise ConfigurationError(f"{shown}: {error}", clause="X1") from error
    except exceptions.SSLError as error:
        raise ConfigurationError(
            f"{shown}: {error}", clause="X1", remedy="Is the certificate one that this machine trusts?"
        ) from error
    except exceptions.RequestException as error:
        raise Transient(f"{shown} cannot be reached: {str(error)[:_MESSAGE_CHARS]}", clause="X1") from error


def refusal(shown: str, status: int, message: str, *, retry_after_s: float | None = None) -> TrackbridgeError:
    """Give the error for an answer that says no, by its HTTP status and its words.

    W&B answers GraphQL errors with a status that its client's retries go by (core/internal/clients/retry_policy.go of
    wandb 0.31); 200 with errors says nothing, and the words must do.
    """
    said = f"{shown}: {' '.join(message.split())[:_MESSAGE_CHARS]}"
    if _SPENT in message or status == 410:
        return Conflict(said, clause="R7", remedy="W&B never takes a deleted run's id again: take a new one.")
    if status == 401:
        return AuthError(said, clause="X1", remedy=_CREDENTIALS)
    if status == 403 or _FORBIDDEN.search(message):
        return AuthError(said, clause="X1", remedy="Ask for the right to write there, or use another key.")
    if status in {408, 409, 425, 429} or status >= 500:
        return Transient(said, clause="X1", retry_after_s=retry_after_s)
    if _SCHEMA.search(message):
        return ConfigurationError(said, clause="X1", remedy="Is this W&B server as old as wandb 0.31's protocol?")
    if status == 404 or _MISSING.search(message):
        return NotFound(said, clause="X1")
    return Rejected(said, clause="X1")
