"""Retention as it is configured: tables of settings become rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from trackbridge.config import settings
from trackbridge.config.tables import Table
from trackbridge.records.runs import STATUSES
from trackbridge.retention.durations import FORMS, parse_duration
from trackbridge.retention.rules import HOLD_TAG, TTL_TAG, Retention, Rule

__all__ = ["KEYS", "configured_retention", "parse_retention"]

# Every key that there is; docs/reference/retention.md explains each, and a test compares the two.
KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "": ("ttl_tag", "hold_tags", "rule"),
    "rule": ("name", "older_than", "experiments", "status", "where"),
}


def configured_retention() -> Retention:
    """Give the retention of the settings; without any, only the ``ttl`` tag gives runs away.

    Raises:
        ConfigurationError: an unknown key, or a wrong value.
    """
    return parse_retention(settings().retention)


def parse_retention(values: object) -> Retention:
    """Make one of the table ``[retention]``; raises as `configured_retention`."""
    table = Table(values, ("retention",), KEYS[""])
    return Retention(
        rules=tuple(_rule(each) for each in table.tables("rule", KEYS["rule"])),
        ttl_tag=str(table.value("ttl_tag")) if "ttl_tag" in table else TTL_TAG,
        hold_tags=(*(HOLD_TAG,), *(tag for tag in table.texts("hold_tags") if tag != HOLD_TAG)),
    )


def _rule(table: Table) -> Rule:
    age_ms = parse_duration(table.text("older_than"))
    if age_ms is None:
        raise table.wrong("older_than", FORMS)
    given = table.texts("status")
    if not set(given) <= set(STATUSES):
        raise table.wrong("status", f"a list of {', '.join(sorted(STATUSES))}")
    return Rule(
        name=table.text("name"),
        older_than_ms=age_ms,
        experiments=table.texts("experiments"),
        status=given or Rule(name="", older_than_ms=0).status,
        where=table.text("where", "") or None,
    )
