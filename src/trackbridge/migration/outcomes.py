"""What became of each thing that a migration was to move: plain records, which travel between machines."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

from trackbridge.errors import TrackbridgeError
from trackbridge.migration.differences import Difference
from trackbridge.redaction import redact_text, redact_value

__all__ = ["Failure", "Kind", "Outcome", "State", "Verdict", "failure_of", "redacted"]

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
        unfiled: Of a model, the versions of no run: what they were made of is no artifact of the source, and stays behind.
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
    unfiled: int = 0
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


def redacted(outcome: Outcome) -> Outcome:
    """Give an outcome without the secrets that a source made by others may have in what is shown of it (X4).

    What is moved is moved as it is: only then is it equal.
    """
    failure = outcome.failure
    return replace(
        outcome,
        differences=tuple(
            replace(one, source=_shown(one.what, one.source), target=_shown(one.what, one.target))
            for one in outcome.differences
        ),
        notes=tuple(map(redact_text, outcome.notes)),
        failure=None if failure is None else replace(failure, message=redact_text(failure.message)),
    )


def _shown(what: str, text: str | None) -> str | None:
    if text is None:
        return None
    family, _, name = what.partition(".")
    return str(redact_value(text, name)) if family in {"params", "tags", "attributes"} else redact_text(text)
