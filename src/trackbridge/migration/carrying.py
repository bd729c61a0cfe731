"""The unit of a migration: one run, carried over, read back and marked; to do it again changes nothing."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from trackbridge.migration.comparing import compare_run, counts_differ
from trackbridge.migration.differences import Difference
from trackbridge.migration.finishing import finish_run
from trackbridge.migration.forms import RunForm, read_form, run_form
from trackbridge.migration.loading import load_run
from trackbridge.migration.marks import Mark, files_seen, labels_of, mark_write, marked, native_seen
from trackbridge.migration.outcomes import Failure, Outcome, State, Verdict
from trackbridge.migration.parcel import Parcel, Stamps
from trackbridge.migration.sides import Side
from trackbridge.protocol import NativeRun, Scope, glance
from trackbridge.records.writes import RunWrites
from trackbridge.sidecar import FOLDER
from trackbridge.store.reading import Reading

__all__ = ["Verify", "carry_run"]

Verify: TypeAlias = Literal["full", "counts", "none"]


def carry_run(source: Side, target: Side, run_id: str, *, verify: Verify = "full") -> Outcome:
    """Bring one run to the target; what is complete there is not sent again.

    Args:
        source: Where it is.
        target: Where it goes, and where the mark lies that says that it is complete.
        run_id: Our id of it, which it keeps.
        verify: "full" reads all of it back, points and bytes; "counts" compares what is listed; "none" believes.

    Raises:
        TrackbridgeError: one of the two cannot be read or written to; what was written stays, to be finished.
    """
    with glance(source.adapter):
        return _Carriage(source, target, source.find(run_id), verify).carry()


@dataclass(slots=True)
class _Carriage:
    source: Side
    target: Side
    reading: Reading
    verify: Verify

    def carry(self) -> Outcome:
        begin, native = time.monotonic(), self.reading.native
        with glance(self.target.adapter):
            there = self.target.look(native.id)
            mark = None if there is None else marked(there, self.target.backend.limits)
            outcome = self._already(there, mark) if there is not None and mark is not None else None
            parcel = load_run(self.source, self.target, self.reading) if there is None else None
        if parcel is not None:
            outcome = self._settled("copied", parcel)
        elif there is not None and (outcome is None or outcome.verdict == "different"):
            outcome = self._finished(there, mark, distrust=outcome is not None)
        assert outcome is not None
        return replace(
            outcome,
            name=self.reading.merged.run.name,
            experiment=native.experiment,
            running=native.status == "RUNNING",
            seen=native_seen(native),
            seconds=time.monotonic() - begin,
        )

    # What is there already

    def _already(self, there: NativeRun, mark: Mark) -> Outcome | None:
        """Give the outcome of a run that is complete; None where it is not, or the source has changed since."""
        spurned = there.deleted and not self.reading.native.deleted
        if spurned or mark.native != native_seen(self.reading.native) or mark.files != self._files_seen():
            return None
        self._set_deleted(there)
        if self.verify == "none":
            return self._outcome("already", mark.digest)
        if self.verify == "counts":
            return self._judged("already", mark.digest, counts_differ(self.source, self.target, self.reading))
        form = read_form(self.source, self.reading)
        return replace(self._judged("already", form.digest, self._differences(form)), surplus=form.kinds)

    def _files_seen(self) -> str:
        scope = Scope("run", self.reading.id)
        objects = [(one.name, one.size) for one in self.source.adapter.objects.list(scope)]
        return files_seen(
            self.source.files.listed(self.reading), [one for one in objects if not one[0].startswith(FOLDER)]
        )

    # Carrying it

    def _finished(self, there: NativeRun, mark: Mark | None, *, distrust: bool) -> Outcome:
        if there.deleted and self.reading.native.deleted:
            self.target.adapter.runs.set_deleted(there.id, deleted=False)
        held = self.target.find(there.id)
        parcel = finish_run(self.source, self.target, self.reading, held, mark, distrust=distrust)
        return self._settled("completed", parcel)

    def _settled(self, state: State, parcel: Parcel) -> Outcome:
        """Check what was sent, and mark the run where all is well."""
        form = run_form(self.reading, parcel.metrics, parcel.files, parcel.objects, parcel.surplus)
        with glance(self.target.adapter):
            outcome = self._checked(state, form, parcel)
        if outcome.good:
            self._mark(form, parcel)
        if self.reading.native.deleted:
            self.target.adapter.runs.set_deleted(self.reading.id, deleted=True)
        return outcome

    def _checked(self, state: State, form: RunForm, parcel: Parcel) -> Outcome:
        if self.verify == "full":
            outcome = self._judged(state, form.digest, self._differences(form))
        elif self.verify == "counts":
            outcome = self._judged(state, form.digest, counts_differ(self.source, self.target, self.reading))
        else:
            outcome = self._outcome(state, form.digest)
        outcome = replace(
            outcome,
            sent_points=parcel.sent_points,
            sent_files=parcel.sent_files,
            sent_bytes=parcel.sent_bytes,
            surplus=parcel.kinds,
        )
        if parcel.problems:
            lost = Failure("Incomplete", f"not all of it arrived: {'; '.join(parcel.problems)}")
            outcome = replace(outcome, state="failed", failure=lost)
        return outcome

    def _differences(self, form: RunForm) -> tuple[Difference, ...]:
        """Compare, leaving aside whether the run is deleted, which is settled last."""
        found = compare_run(self.source, self.target, self.reading, form)
        return tuple(difference for difference in found if difference.what != "deleted")

    def _mark(self, form: RunForm, parcel: Parcel) -> None:
        limits, native = self.target.backend.limits, self.reading.native
        objects = [(one.path, one.size or 0) for one in parcel.objects]
        mark = Mark(
            form.digest, native_seen(native), files_seen(parcel.listed, objects), labels_of(self.reading.merged.run)
        )
        write = mark_write(mark, limits, Stamps().next())
        self.target.adapter.runs.write(native.id, RunWrites(tags=(write,)))

    def _set_deleted(self, there: NativeRun) -> None:
        deleted = self.reading.native.deleted
        if deleted and not there.deleted:
            self.target.adapter.runs.set_deleted(there.id, deleted=True)

    # Saying so

    def _judged(self, state: State, digest: str, differences: tuple[Difference, ...]) -> Outcome:
        verdict: Verdict = "different" if differences else "equal"
        return replace(self._outcome(state, digest), verdict=verdict, differences=differences)

    def _outcome(self, state: State, digest: str) -> Outcome:
        return Outcome("run", self.reading.id, state, digest=digest)
