"""How the service says no.

Handlers raise a `RefusalError` by its nature; which of AWS's codes it becomes depends on the operation, since the service
model lists for each operation the errors it can answer, and on the switches where the model lists none.
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from enum import Enum

from emulators.sagemaker.switches import Switches


class Nature(Enum):
    """Why a request is refused."""

    INVALID = "it breaks a rule"
    MISSING = "it names what is not there"
    IN_USE = "others hang on it"
    CONFLICT = "it contradicts an earlier request"
    LIMIT = "a quota is used up"


_CODES = {
    Nature.INVALID: "ValidationException",
    Nature.MISSING: "ResourceNotFound",
    Nature.IN_USE: "ConflictException",
    Nature.CONFLICT: "ConflictException",
    Nature.LIMIT: "ResourceLimitExceeded",
}


@dataclass(eq=False)
class RefusalError(Exception):
    """A handler refuses the request."""

    nature: Nature
    message: str


@dataclass(eq=False)
class ServiceError(Exception):
    """An error as it goes over the wire; `status` is HTTP's."""

    code: str
    message: str
    status: int = 400
    retry_after_s: int | None = None


def invalid(message: str) -> RefusalError:
    """Refuse what breaks a rule."""
    return RefusalError(Nature.INVALID, message)


def missing(message: str) -> RefusalError:
    """Refuse what names a resource that is not there."""
    return RefusalError(Nature.MISSING, message)


def in_use(message: str) -> RefusalError:
    """Refuse to delete what others still hang on."""
    return RefusalError(Nature.IN_USE, message)


def conflict(message: str) -> RefusalError:
    """Refuse what contradicts an earlier request."""
    return RefusalError(Nature.CONFLICT, message)


def limit(what: str, most: int, unit: str) -> RefusalError:
    """Refuse one more than the account may have, as AWS words it: it counts what is there as asked for."""
    return RefusalError(
        Nature.LIMIT,
        f"The account-level service limit '{what}' is {most} {unit}, with current utilization of 0 {unit} and a request "
        f"delta of {most + 1} {unit}. Please use AWS Service Quotas to request an increase for this quota.",
    )


def answered(refusal: RefusalError, modelled: Container[str], switches: Switches) -> ServiceError:
    """Give the error of a refusal by an operation whose model lists the codes `modelled`."""
    code = _CODES[refusal.nature]
    if refusal.nature is Nature.IN_USE and switches.in_use_error != "modelled":
        code = switches.in_use_error
    elif refusal.nature is Nature.MISSING and code not in modelled:
        code = switches.missing_error
    elif code not in modelled:
        code = _CODES[Nature.INVALID]
    return ServiceError(code, refusal.message)
