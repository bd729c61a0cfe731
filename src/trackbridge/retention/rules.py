"""What may go, and what holds a run whatever a rule says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = ["HOLD_TAG", "TTL_TAG", "Retention", "Rule"]

HOLD_TAG: Final = "hold"
TTL_TAG: Final = "ttl"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Runs that may go once they are old enough.

    Attributes:
        name: What it is called in reasons.
        older_than_ms: How long a run must have ended; one that has not ended counts from its start.
        experiments: Patterns, ``*`` for anything; empty for all.
        status: The statuses that it is about; RUNNING is among them only where it is named.
        where: A search that the run must match.
    """

    name: str
    older_than_ms: int
    experiments: tuple[str, ...] = ()
    status: tuple[str, ...] = ("FINISHED", "FAILED", "KILLED")
    where: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """What may go from a backend.

    Attributes:
        rules: Each gives runs away; what none of them names stays, but for the ``ttl`` tag.
        ttl_tag: The tag by which a run itself says how long it wants to be kept, such as ``ttl=30d``; it comes before
            every rule. Empty for none.
        hold_tags: Tags each of which keeps a run, whatever its value.
    """

    rules: tuple[Rule, ...] = ()
    ttl_tag: str = TTL_TAG
    hold_tags: tuple[str, ...] = (HOLD_TAG,)
