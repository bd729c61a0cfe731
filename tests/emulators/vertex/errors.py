"""How the service says no.

Codes are those of google.rpc.Code; the HTTP status of each is the one that its comments in ``google/rpc/code.proto``
give. A refusal cites what it rests on: a type's field, a route or a page.
"""

from __future__ import annotations

HTTP = {
    "CANCELLED": 499,
    "UNKNOWN": 500,
    "INVALID_ARGUMENT": 400,
    "DEADLINE_EXCEEDED": 504,
    "NOT_FOUND": 404,
    "ALREADY_EXISTS": 409,
    "PERMISSION_DENIED": 403,
    "UNAUTHENTICATED": 401,
    "RESOURCE_EXHAUSTED": 429,
    "FAILED_PRECONDITION": 400,
    "ABORTED": 409,
    "OUT_OF_RANGE": 400,
    "UNIMPLEMENTED": 501,
    "INTERNAL": 500,
    "UNAVAILABLE": 503,
    "DATA_LOSS": 500,
}


class RefusedError(Exception):
    """An answer that is an error: its code, what it says, what rule says so and when to ask again."""

    def __init__(self, code: str, message: str, cite: str = "", retry_after_s: float | None = None) -> None:
        super().__init__(f"{code}: {message}")
        assert code in HTTP
        self.code = code
        self.message = message
        self.cite = cite
        self.retry_after_s = retry_after_s
        self.recorded = False

    @property
    def http(self) -> int:
        """The HTTP status that goes with the code."""
        return HTTP[self.code]


def invalid(message: str, cite: str) -> RefusedError:
    """Say that a request breaks a rule of the vendor's."""
    return RefusedError("INVALID_ARGUMENT", message, cite)


def missing(name: str) -> RefusedError:
    """Say that there is no such resource; google.aip.dev/131."""
    return RefusedError("NOT_FOUND", f"The requested entity {name} was not found.", "google.aip.dev/131")


def exists(what: str, name: str, cite: str) -> RefusedError:
    """Say that a resource of this name is there already."""
    return RefusedError("ALREADY_EXISTS", f"{what} with name {name} already exists", cite)
