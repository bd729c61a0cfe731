"""The registry of checks: each is a function of a `Lab` and says which clause it enforces, and of which capability."""

from __future__ import annotations

import hashlib
import pkgutil
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from functools import cache
from importlib import import_module
from types import CodeType
from typing import TYPE_CHECKING, TypeAlias

from trackbridge.errors import IntegrityError
from trackbridge.protocol import Capabilities
from trackbridge.testing.suite import CLAUSES, SUITE_DIGEST, SUITE_VERSION

if TYPE_CHECKING:
    from trackbridge.testing.lab import Lab

__all__ = ["Check", "all_checks", "check", "checks_of", "seal", "suite_digest", "verify_registry"]

CheckFunction: TypeAlias = "Callable[[Lab], None]"

_NAME = re.compile(r"[A-Za-z0-9][ -~]*")
_CAPABILITIES = frozenset(field.name for field in fields(Capabilities))
_registered: dict[str, Check] = {}


@dataclass(frozen=True, slots=True)
class Check:
    """One promise looked at from one side.

    `name` says what holds, in plain ASCII. `capability` is the one that a backend would have to declare absent for the
    check to be inverted.
    """

    clause: str
    name: str
    capability: str
    function: CheckFunction

    @property
    def id(self) -> str:
        """The clause and the name: stable, and what ``pytest -k`` sees."""
        return f"{self.clause}-{re.sub(r'[^A-Za-z0-9]+', '-', self.name).strip('-')}"


def check(clause: str, name: str, *, capability: str) -> Callable[[CheckFunction], CheckFunction]:
    """Register a function as a check of a clause."""
    if clause not in CLAUSES or capability not in _CAPABILITIES or not _NAME.fullmatch(name):
        raise ValueError(f"no such clause, capability or name: {clause}, {capability}, {name!r}")

    def register(function: CheckFunction) -> CheckFunction:
        made = Check(clause, name, capability, function)
        if made.id in _registered:
            raise ValueError(f"two checks have the id {made.id}")
        _registered[made.id] = made
        return function

    return register


@cache
def all_checks() -> tuple[Check, ...]:
    """Give every check of the suite, by clause in the order of the semantics, then as written."""
    from trackbridge.testing import clauses

    for module in pkgutil.iter_modules(clauses.__path__):
        import_module(f"{clauses.__name__}.{module.name}")
    order = {clause: n for n, clause in enumerate(CLAUSES)}
    return tuple(sorted(_registered.values(), key=lambda one: order[one.clause]))


def checks_of(clause: str) -> tuple[Check, ...]:
    """Give the checks of one clause."""
    return tuple(one for one in all_checks() if one.clause == clause)


def suite_digest(checks: Iterable[Check]) -> str:
    """Give the digest that `SUITE_DIGEST` must have."""
    return hashlib.sha256("\n".join(sorted(one.id for one in checks)).encode()).hexdigest()


@cache
def seal() -> dict[str, tuple[CheckFunction, CodeType]]:
    """Take down what every check is, before anybody else can touch it."""
    return {one.id: (one.function, one.function.__code__) for one in all_checks()}


def verify_registry() -> None:
    """Raise `IntegrityError` where the checks are not those that this version of the suite has."""
    sealed, now = seal(), {one.id: one for one in all_checks()}
    for name in sorted(sealed.keys() | now.keys() | _registered.keys()):
        if name not in sealed:
            raise IntegrityError(f"the check {name} was added to the suite")
        if name not in now or name not in _registered:
            raise IntegrityError(f"the check {name} was taken out of the suite")
        function, code = sealed[name]
        if now[name].function is not function or function.__code__ is not code:
            raise IntegrityError(f"the check {name} was replaced")
    if suite_digest(now.values()) != SUITE_DIGEST:
        raise IntegrityError(
            f"the checks are not those of version {SUITE_VERSION} of the suite",
            remedy="Reinstall trackbridge; if you changed its suite, raise SUITE_VERSION and SUITE_DIGEST.",
        )
