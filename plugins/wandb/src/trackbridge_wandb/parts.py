"""Descriptions and tags of experiments, models and versions: each a cell of its own in the ledger.

Two editors at once lose nothing of each other's, and a text of any length and name comes back whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from trackbridge_wandb.ledger import Ledger
from trackbridge_wandb.naming import key_of

__all__ = ["Parts", "part", "read_description", "read_tags"]

_SHOWN_CHARS: Final = 1_000  # of a description, in W&B's own field
_TEXT: Final = "description"


class Parts:
    """The parts of things of one kind."""

    def __init__(self, ledger: Ledger, kind: str) -> None:
        self._ledger = ledger
        self._kind = kind

    def put(self, group: str, scope: str, part: str, record: Mapping[str, Any], title: str | None = None) -> None:
        """Write one part of a thing, `scope`, whose cells belong to a group."""
        key = key_of(self._kind, group, scope, part)
        self._ledger.put(
            key, {**record, "group": group, "scope": scope, "part": part}, group=group, kind=self._kind, title=title
        )

    def describe(self, group: str, scope: str, text: str) -> str:
        """Keep a description; give what W&B's own field is to show of it."""
        shown = text[:_SHOWN_CHARS]
        self.put(group, scope, _TEXT, {"shown": shown, "text": text})
        return shown

    def tag(self, group: str, scope: str, tags: Mapping[str, str | None]) -> None:
        """Set tags; a tag of None is deleted."""
        for name, value in tags.items():
            self.put(group, scope, f"tag {name}", {"tag": name, "value": value})


def part(cells: Mapping[str, Mapping[str, Any]], scope: str, name: str) -> Mapping[str, Any]:
    """Give one part of a thing, empty where there is none."""
    return next((cell for cell in cells.values() if cell.get("scope") == scope and cell.get("part") == name), {})


def read_description(cells: Mapping[str, Mapping[str, Any]], scope: str, shown: str | None) -> str | None:
    """Give a thing's description: the whole of what W&B shows, or what it shows if somebody changed that."""
    kept = part(cells, scope, _TEXT)
    if kept and (not shown or shown == kept["shown"]):
        return str(kept["text"])
    return shown or None


def read_tags(cells: Mapping[str, Mapping[str, Any]], scope: str) -> dict[str, str]:
    """Give a thing's tags."""
    return {
        cell["tag"]: cell["value"]
        for cell in cells.values()
        if cell.get("scope") == scope and "tag" in cell and cell["value"] is not None
    }
