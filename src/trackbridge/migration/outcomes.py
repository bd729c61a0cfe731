"""What became of each thing that a migration was to move: plain records, which travel between machines."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from trackbridge.errors import TrackbridgeError
from trackbridge.migration.differences import Difference

__all__ = ["Failure", "Kind", "Outcome", "State", "Verdict", "failure_of"]

Kind: TypeAlias = Literal["experiment", "run", "model"]
State: TypeAlias = Literal["copied", "completed", "already", "failed"]
Verdict: TypeAlias = Literal["equal", "different", "not compared"]


@dataclass(frozen=True, slots=True)
class Failure:
    """Why something did not arrive: the error's class, what it says, the clause and what to do about it."""

    kind: str
    message: str
    clause: str | None = None
    remedy: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """One experiment, run or model.

    Attributes:
        kind: What it is.
        id: A run's id, else the name.
        name: What people call it.
        experiment: Of a run.
        state: "copied" anew, "completed" where part of it was there, "already" there, or "failed".
        verdict: How the target compares with the source.
        digest: The digest of the source as it was read (C1, C3).
        sent_points: Points sent; 0 where none were missing.
        sent_files: Artifacts and hidden objects sent.
        sent_bytes: The bytes of these.
        seconds: How long it took.
        differences: What is not equal, value by value.
        surplus: What travelled as artifacts because no record holds it: how many, by its declared name.
        notes: What else a reader of the report must know.
        failure: Why it failed.
        running: The source run had not ended.
        seen: A fingerprint of what the source showed, to tell whether it has changed since.
    """

    kind: Kind
    id: str
    state: State
    verdict: Verdict = "not compared"
    name: str | None = None
    experiment: str | None = None
    digest: str | None = None
    sent_points: int = 0
    sent_files: int = 0
    sent_bytes: int = 0
    seconds: float = 0.0
    differences: tuple[Difference, ...] = ()
    surplus: dict[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    failure: Failure | None = None
    running: bool = False
    seen: str = ""

    @property
    def good(self) -> bool:
        """Whether it arrived and nothing is known against it."""
        return self.state != "failed" and self.verdict != "different"


def failure_of(error: Exception) -> Failure:
    """Give the record of an error, one that is none of ours included."""
    if isinstance(error, TrackbridgeError):
        return Failure(type(error).__name__, error.message, error.clause, error.remedy)
    return Failure(type(error).__name__, str(error) or "no message")
