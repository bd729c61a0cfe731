"""What a backend can do, declared in full: nothing has a default, and hardly anything may be absent."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Final, Literal, TypeAlias

from trackbridge.errors import ConfigurationError

__all__ = ["OPTIONAL", "PRESENT", "Absent", "Capabilities", "Capability", "Deviation", "Present"]

OPTIONAL: Final = frozenset({"purge", "cross_process"})


@dataclass(frozen=True, slots=True)
class Present:
    """The backend can do it, and every clause about it is checked."""


PRESENT: Final = Present()


@dataclass(frozen=True, slots=True)
class Absent:
    """The backend cannot do it: its clauses run all the same and must raise `Unsupported` naming the capability.

    Args:
        why: "never" (contrary to what the vendor is), "upstream" (the vendor lacks it so far), "here" (not written yet).
        reason: One sentence for the person who meets it.
        reference: Where that can be checked: a page or a ticket of the vendor.
    """

    why: Literal["never", "upstream", "here"]
    reason: str
    reference: str = ""

    def __post_init__(self) -> None:
        if not self.reason.strip():
            raise ConfigurationError("an absent capability must give its reason")


Capability: TypeAlias = Present | Absent


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """One field a capability; all must be given, and all but `purge` and `cross_process` must be present."""

    experiments: Capability
    runs: Capability
    params: Capability
    tags: Capability
    metrics: Capability
    artifacts: Capability
    datasets: Capability
    environment: Capability
    search: Capability
    registry: Capability
    trail: Capability
    sidecar: Capability
    bulk: Capability
    purge: Capability
    cross_process: Capability

    def __post_init__(self) -> None:
        for name, capability in self.items():
            if not isinstance(capability, Present | Absent):
                raise ConfigurationError(f"the capability {name} must be PRESENT or Absent(…), not {capability!r}")
            if isinstance(capability, Absent) and name not in OPTIONAL:
                raise ConfigurationError(
                    f"the capability {name} is core and cannot be absent",
                    remedy=f"Only {', '.join(sorted(OPTIONAL))} can.",
                )

    def items(self) -> list[tuple[str, Capability]]:
        """Give every capability with its name."""
        return [(field.name, getattr(self, field.name)) for field in fields(self)]

    def absent(self, name: str) -> Absent | None:
        """Give the declaration of an absent capability, or None where it is present."""
        capability = getattr(self, name)
        return capability if isinstance(capability, Absent) else None


@dataclass(frozen=True, slots=True)
class Deviation:
    """Something that a vendor's own screen shows otherwise than `Store` returns it.

    Args:
        name: Short and stable, such as "inf-clamped".
        clause: The clause it touches.
        shown: What the vendor's screen shows, in one sentence.
        reason: Why, with the vendor's rule.
    """

    name: str
    clause: str
    shown: str
    reason: str
