"""Answers that say no."""

from __future__ import annotations


class ServiceError(Exception):
    """An answer that says no, with its HTTP status: W&B gives GraphQL errors one, which the SDK's retries go by."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


class ProtocolError(ServiceError):
    """A request that file_stream does not have."""
