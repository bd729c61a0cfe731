"""Stage, approval and aliases as the fold of a trail: pure, and the only place that says what an entry does (G3–G8)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from trackbridge.protocol import VersionState
from trackbridge.records.models import Approval, Stage
from trackbridge.records.trail import TrailEntry

__all__ = ["Fold", "Window"]


@dataclass(slots=True)
class Fold:
    """What the entries applied so far come to; a version that none of them names is as it was born.

    `holders` maps an alias to the one version that has it (G7).
    """

    stages: dict[int, Stage] = field(default_factory=dict)
    approvals: dict[int, Approval] = field(default_factory=dict)
    holders: dict[str, int] = field(default_factory=dict)
    deleted: set[int] = field(default_factory=set)

    @classmethod
    def of(cls, entries: Iterable[TrailEntry]) -> Fold:
        """Fold a trail from its first entry."""
        fold = cls()
        for entry in entries:
            fold.apply(entry)
        return fold

    def after(self, entries: Iterable[TrailEntry]) -> Fold:
        """Give what these further entries would come to, leaving this fold as it is."""
        fold = Fold(dict(self.stages), dict(self.approvals), dict(self.holders), set(self.deleted))
        for entry in entries:
            fold.apply(entry)
        return fold

    def apply(self, entry: TrailEntry) -> None:
        """Go on by one entry."""
        match entry.action:
            case "transition":
                self.stages.update(stage_changes(entry))
            case "approval":
                self.approvals[entry.version] = entry.approval or "pending"
            case "set_alias":
                self.holders[entry.alias or ""] = entry.version
            case "delete_alias":
                self.holders.pop(entry.alias or "", None)
            case "delete_version":
                self._forget(entry.version)

    def _forget(self, number: int) -> None:
        self.deleted.add(number)
        self.stages.pop(number, None)
        self.approvals.pop(number, None)
        for alias in [alias for alias, holder in self.holders.items() if holder == number]:
            del self.holders[alias]

    def aliases(self) -> dict[int, tuple[str, ...]]:
        """Give the sorted aliases of each version that has any."""
        held: dict[int, list[str]] = {}
        for alias in sorted(self.holders):
            held.setdefault(self.holders[alias], []).append(alias)
        return {number: tuple(names) for number, names in held.items()}

    def states(self, numbers: Iterable[int]) -> dict[int, VersionState]:
        """Give the state of each of these versions."""
        held = self.aliases()
        return {
            number: VersionState(
                self.stages.get(number, "None"), self.approvals.get(number, "pending"), held.get(number, ())
            )
            for number in numbers
        }

    @property
    def named(self) -> set[int]:
        """The versions that the entries say something about and that are not deleted."""
        return {*self.stages, *self.approvals, *self.holders.values()} - self.deleted


def stage_changes(entry: TrailEntry) -> Mapping[int, Stage]:
    """Give the stages that a transition sets: its own version's, and Archived for those it displaced (G4)."""
    archived: dict[int, Stage] = dict.fromkeys(entry.archived, "Archived")
    return {**archived, entry.version: entry.stage or "None"}


class Window:
    """Every value that each field had at some entry from `count` on: what a mirror of that count may show (G5).

    A mirror is written after its entry, and by several writers at once; a native value outside of its window was
    therefore set by nobody who went through the trail.
    """

    def __init__(self, entries: Iterable[TrailEntry], count: int) -> None:
        self.last = Fold()
        self._stages: dict[int, set[Stage]] = {}
        self._approvals: dict[int, set[Approval]] = {}
        self._holders: dict[str, set[int | None]] = {}
        for n, entry in enumerate(entries):
            if n < count:
                self.last.apply(entry)
            else:
                self._widen(entry)

    def _widen(self, entry: TrailEntry) -> None:
        aliases = {entry.alias} if entry.alias else set()
        if entry.action == "delete_version":
            aliases = {alias for alias, holder in self.last.holders.items() if holder == entry.version}
        self._note((entry.version, *entry.archived), aliases)
        self.last.apply(entry)
        self._note((entry.version, *entry.archived), aliases)

    def _note(self, numbers: Iterable[int], aliases: Iterable[str]) -> None:
        for number in numbers:
            self._stages.setdefault(number, set()).add(self.last.stages.get(number, "None"))
            self._approvals.setdefault(number, set()).add(self.last.approvals.get(number, "pending"))
        for alias in aliases:
            self._holders.setdefault(alias, set()).add(self.last.holders.get(alias))

    def stages(self, number: int) -> set[Stage]:
        """Give the stages that a version had within the window."""
        return self._stages.get(number) or {self.last.stages.get(number, "None")}

    def approvals(self, number: int) -> set[Approval]:
        """Give the approvals that a version had within the window."""
        return self._approvals.get(number) or {self.last.approvals.get(number, "pending")}

    def holders(self, alias: str) -> set[int | None]:
        """Give the versions that held an alias within the window, None where it did not exist."""
        return self._holders.get(alias) or {self.last.holders.get(alias)}
