"""A check that a plugin brings, through the hook ``trackbridge_gate_checks``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from trackbridge.gates.facts import Facts
from trackbridge.gates.verdicts import STATUSES, Finding
from trackbridge.protocol import GateCheck
from trackbridge.records.names import shown

__all__ = ["Custom"]


@dataclass(frozen=True, slots=True)
class Custom:
    """A plugin's check with the options that the gate gives it; one that breaks proves nothing, and is insufficient."""

    plugin: GateCheck
    options: Mapping[str, Any] = field(default_factory=dict)

    def findings(self, candidate: Facts, baseline: Facts | None) -> Iterator[Finding]:
        """Ask the plugin."""
        name = self.plugin.name
        try:
            status, reason = self.plugin.judge(candidate, baseline, self.options)
        except Exception as error:  # noqa: BLE001 - a plugin may raise anything, and that is its answer
            yield Finding("custom", name, "insufficient", f"the check failed: {type(error).__name__}: {error}")
            return
        if status not in STATUSES:
            yield Finding("custom", name, "insufficient", f"the check answered {shown(status)}")
            return
        yield Finding("custom", name, status, str(reason))
