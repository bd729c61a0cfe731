"""A migration from its beginning to its end: experiments, runs, models, and a second look at what has changed since."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Final, TypeAlias

from trackbridge.migration.attempts import Patience, attempt
from trackbridge.migration.carrying import Verify
from trackbridge.migration.engines import Engine
from trackbridge.migration.experiments import carry_experiment
from trackbridge.migration.marks import native_seen
from trackbridge.migration.models import carry_model
from trackbridge.migration.outcomes import Outcome, redacted
from trackbridge.migration.selection import (
    RunRef,
    Selection,
    choose_models,
    choose_runs,
    levels,
    runs_of_models,
)
from trackbridge.migration.sides import Side
from trackbridge.protocol import Scan, surplus_of
from trackbridge.records.times import now_ms
from trackbridge.redaction import redact_text

__all__ = ["Migration", "Result", "Tell"]

Tell: TypeAlias = Callable[[Outcome | None, int], None]

_LOOKS: Final = 2  # second looks: what is still changing then is said to be
_RUNS_PER_LOOK: Final = 100


@dataclass(frozen=True, slots=True)
class Result:
    """What a migration came to.

    Attributes:
        source: The URL it read, without secrets.
        target: The URL it wrote.
        selection: What was asked for.
        verify: How much was read back.
        began_ms: When it began.
        ended_ms: When it ended.
        seconds: How long it took.
        outcomes: One a thing, in the order in which they ended.
        left: What stays behind: why, by name.
        deleted_left: Deleted runs of the source that nobody asked for.
        missing: What the source itself says it should hold and does not.
    """

    source: str
    target: str
    selection: Selection
    verify: Verify
    began_ms: int
    ended_ms: int
    seconds: float
    outcomes: tuple[Outcome, ...]
    left: dict[str, str] = field(default_factory=dict)
    deleted_left: int = 0
    missing: tuple[str, ...] = ()

    @property
    def good(self) -> bool:
        """Whether all that was asked for has arrived, and nothing is known against it."""
        return all(outcome.good for outcome in self.outcomes)


class Migration:
    """Moves what was selected from one store to another; to do it again moves what is new.

    Args:
        source: Where it is.
        target: Where it goes.
        selection: What.
        verify: How much is read back of what was written.
        engine: Who carries the runs.
        patience: How long failures that may pass are waited out.
        tell: Told of each outcome, and of how many things there are in all as far as is known.
    """

    def __init__(
        self,
        source: Side,
        target: Side,
        selection: Selection,
        *,
        verify: Verify,
        engine: Engine,
        patience: Patience | None = None,
        tell: Tell = lambda *_: None,
    ) -> None:
        self._source = source
        self._target = target
        self._selection = selection
        self._verify: Verify = verify
        self._engine = engine
        self._patience = patience or Patience()
        self._tell = tell
        self._total = 0
        self._outcomes: dict[tuple[str, str], Outcome] = {}

    def run(self) -> Result:
        """Do all of it; what goes wrong with one thing is in its outcome.

        Raises:
            TrackbridgeError: the source cannot be listed, or one of the two cannot be reached at all.
        """
        began_ms, begin = now_ms(), time.monotonic()
        found = self._source.adapter.check()
        self._target.adapter.check()
        models = choose_models(self._source, self._selection)
        runs = {run.id: run for run in self._chosen(models)}
        experiments = self._experiments(runs.values())
        self._total = len(runs) + len(models) + len(experiments)
        self._tell(None, self._total)
        for name in experiments:
            self._note(self._unit_experiment(name))
        self._carry(runs.values())
        self._look_again(runs, models)
        for name in models:
            self._note(self._unit_model(name))
        surplus = surplus_of(self._source.adapter)
        return Result(
            self._source.store.url,
            self._target.store.url,
            self._selection,
            self._verify,
            began_ms,
            now_ms(),
            time.monotonic() - begin,
            tuple(self._outcomes.values()),
            dict(surplus.stays) if surplus else {},
            0 if self._selection.deleted else sum(1 for _ in self._deleted()),
            tuple(map(redact_text, found.missing)),
        )

    def _chosen(self, models: Iterable[str]) -> Iterator[RunRef]:
        yield from choose_runs(self._source, self._selection)
        if not (self._selection.all_runs and self._selection.deleted):
            yield from runs_of_models(self._source, models)

    def _experiments(self, runs: Iterable[RunRef]) -> list[str]:
        names = {run.experiment for run in runs} | set(self._selection.experiments or ())
        if self._selection.all_runs:
            names |= {experiment.name for experiment in self._source.adapter.experiments.list()}
        return sorted(names)

    def _deleted(self) -> Iterator[str]:
        scan = Scan(experiments=self._selection.experiments, deleted="only")
        return (run.id for run in self._source.adapter.runs.scan(scan) if ("run", run.id) not in self._outcomes)

    # Units

    def _unit_experiment(self, name: str) -> Outcome:
        check = self._verify != "none"
        return attempt(
            "experiment",
            name,
            lambda: carry_experiment(self._source, self._target, name, check=check),
            self._patience,
        )

    def _unit_model(self, name: str) -> Outcome:
        check = self._verify != "none"
        return attempt(
            "model", name, lambda: carry_model(self._source, self._target, name, check=check), self._patience
        )

    def _carry(self, runs: Iterable[RunRef]) -> None:
        for level in levels(runs):
            for outcome in self._engine.carry(run.id for run in level):
                self._note(outcome)

    def _note(self, outcome: Outcome) -> None:
        key = outcome.kind, outcome.id
        before = self._outcomes.get(key)
        if before is not None:
            outcome = _together(before, outcome)
        outcome = self._outcomes[key] = redacted(outcome)
        self._tell(outcome if before is None else None, self._total)

    # The second look

    def _look_again(self, runs: dict[str, RunRef], models: Iterable[str]) -> None:
        for _ in range(_LOOKS):
            new = {run.id: run for run in self._chosen(models) if run.id not in runs}
            changed = [runs[run_id] for run_id in self._changed()]
            if not new and not changed:
                return
            runs.update(new)
            self._total += len(new)
            self._carry([*new.values(), *changed])
        for run_id in self._changed():
            outcome = self._outcomes["run", run_id]
            note = "it is still changing at the source: what it was when it was read is in the target"
            self._outcomes["run", run_id] = replace(outcome, running=True, notes=(*outcome.notes, note))

    def _changed(self) -> Iterator[str]:
        """Give the runs that no longer show what they showed when they were read."""
        seen = ((key[1], one.seen) for key, one in list(self._outcomes.items()) if key[0] == "run" and one.seen)
        while batch := dict(islice(seen, _RUNS_PER_LOOK)):
            found = self._source.adapter.runs.get(list(batch))
            yield from (
                run_id for run_id, was in batch.items() if run_id in found and native_seen(found[run_id]) != was
            )


def _together(before: Outcome, after: Outcome) -> Outcome:
    """Give one outcome of a run that was carried twice, because it changed while it was read."""
    return replace(
        after,
        state=before.state if after.state in {"already", "completed"} and before.state != "failed" else after.state,
        sent_points=before.sent_points + after.sent_points,
        sent_files=before.sent_files + after.sent_files,
        sent_bytes=before.sent_bytes + after.sent_bytes,
        seconds=before.seconds + after.seconds,
        notes=(*after.notes, "it changed while it was carried, and was carried again"),
    )
