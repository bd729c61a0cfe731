"""Tells plugins that a stage has changed: after the entry exists, and whatever they make of it."""

from __future__ import annotations

from collections.abc import Iterable

from trackbridge.protocol.discovery import hooks
from trackbridge.records.names import shown
from trackbridge.records.trail import TrailEntry
from trackbridge.redaction import redacted_logger

__all__ = ["announce"]

_log = redacted_logger("trackbridge.registry")


def announce(backend: str, model: str, entries: Iterable[TrailEntry]) -> None:
    """Call every ``trackbridge_stage_changed`` hook for each transition among these new entries.

    The act is done: a hook that fails is logged, undoes nothing, and keeps no other hook from being called.
    """
    for entry in entries:
        if entry.action != "transition":
            continue
        told = {"backend": backend, "model": model, "entry": entry}
        # Called one by one: pluggy's own call ends with the first that raises.
        for listener in hooks().hook.trackbridge_stage_changed.get_hookimpls():
            try:
                listener.function(*(told[name] for name in listener.argnames))
            except Exception:  # noqa: BLE001 - a plugin may raise anything, and the entry stands
                _log.exception(
                    "the hook %s failed on entry %d of model %s, which stands",
                    listener.plugin_name,
                    entry.n,
                    shown(model),
                )
