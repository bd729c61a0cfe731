"""The logs of runs, with the file of points that goes with each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from itertools import groupby
from pathlib import Path
from typing import Any, Final

from trackbridge.adapters.archive.archive import Archive, Logs
from trackbridge.adapters.archive.log import Log
from trackbridge.adapters.archive.places import run_folder
from trackbridge.adapters.archive.points import PointsWriter, merged, read_points, write_points
from trackbridge.adapters.archive.rows import publish_row
from trackbridge.adapters.archive.runstate import Loose, PointsFile, RunKind, RunState
from trackbridge.adapters.archive.tables import run_row
from trackbridge.adapters.archive.vault import Vault, sha256_of, verified
from trackbridge.adapters.refusals import no_run
from trackbridge.errors import IntegrityError
from trackbridge.records.metrics import MetricPoint, MetricSummary, point_key, summarize

__all__ = ["RunLogs", "publish_points"]

_LOOSE_POINTS: Final = 200_000
_LOOKS: Final = 20


class RunLogs(Logs[RunState]):
    """See `Logs`; `change` is for a run that exists."""

    def __init__(self, archive: Archive) -> None:
        super().__init__(archive, RunKind(), _fold)

    def change(self, run_id: str, decide: Callable[[RunState], tuple[Any, Any]]) -> Any:
        """Commit to a run; raise `NotFound` where there is none."""

        def decided(state: RunState) -> tuple[Any, Any]:
            if state.header is None:
                raise no_run(run_id)
            return decide(state)

        answer = self.append(run_folder(run_id), decided)
        log = self.of(run_folder(run_id))
        with log.lock:
            if log.state.loose_count > _LOOSE_POINTS:
                self.fold(log)
        return answer

    def state(self, run_id: str) -> RunState:
        """Give the state of a run now, to be read at once; raise `NotFound` where there is none."""
        state = self.of(run_folder(run_id)).refresh()
        if state.header is None:
            raise no_run(run_id)
        return state

    def read(self, run_id: str, names: Sequence[str] | None) -> Iterator[MetricPoint]:
        """Give the points of a run; the file is opened before the first is asked for."""
        log = self.of(run_folder(run_id))
        for _ in range(_LOOKS):
            with log.lock:
                state = self.state(run_id)
                loose = {name: dict(series) for name, series in state.loose.items()}
                file = state.points
            stack = ExitStack()
            try:
                path = _opened(stack, log.vault, file) if file else None
            except FileNotFoundError:
                continue  # another took its place just now
            return _streamed(stack, path, loose, names)
        raise _gone(log.vault, self.state(run_id).points)

    def summaries(self, log: Log[RunState]) -> dict[str, MetricSummary]:
        """Give what each series of a run comes to; points that came since the last fold are looked at one by one."""
        state = log.state
        found = dict(state.summaries)
        unsure = []
        for name, series in state.loose.items():
            late = summarize(MetricPoint(name, *key[:2], value) for key, value in series.items())
            before = found.get(name)
            if late is None:
                continue
            if before is None:
                found[name] = late
            elif min(series) > point_key(MetricPoint(name, before.last_step, before.last_timestamp_ms, before.last)):
                found[name] = before.merged(late)
            else:
                unsure.append(name)  # some may be in the file already
        if unsure and state.header:
            found |= _summarized(self.read(state.header.id, unsure))
        return found


def _fold(log: Log[RunState]) -> None:
    """Write the points that came since the last fold with those before, the row of the run, and a snapshot."""
    for _ in range(_LOOKS):
        state = log.refresh()
        if state.header is None:
            log.dirty = False
            return
        try:
            _fold_points(log, state, state.header.id)
        except FileNotFoundError:
            continue
        break
    else:
        raise _gone(log.vault, log.state.points)
    kept = {publish_row(log, "run", run_row(log.state, log.last, log.state.summaries))}
    if log.state.points:
        kept.add(log.state.points.key)
    log.snapshot()
    log.sweep(kept)


def _fold_points(log: Log[RunState], state: RunState, run_id: str) -> None:
    if not state.loose:
        return
    with ExitStack() as stack, log.vault.staging() as staged:
        path = _opened(stack, log.vault, state.points) if state.points else None
        stored = read_points(path) if path else iter(())
        written = write_points(staged, run_id, merged(stored, state.loose, None))
        state.points = publish_points(log, staged, written)
    state.summaries = written.summaries
    state.loose, state.loose_count = {}, 0


def publish_points(log: Log[RunState], staged: Path, written: PointsWriter) -> PointsFile:
    """Take a finished file of points into the archive."""
    sha256 = sha256_of(staged)
    key = f"{log.folder}/points-{log.last:08}-{sha256}.parquet"
    log.vault.publish(staged, key)
    return PointsFile(key, sha256, written.rows)


def _opened(stack: ExitStack, vault: Vault, file: PointsFile) -> Path:
    path = stack.enter_context(vault.local(file.key))
    return verified(path, file.sha256, vault.shown(file.key))


def _streamed(stack: ExitStack, path: Path | None, loose: Loose, names: Sequence[str] | None) -> Iterator[MetricPoint]:
    with stack:
        yield from merged(read_points(path, names) if path else iter(()), loose, names)


def _summarized(points: Iterator[MetricPoint]) -> dict[str, MetricSummary]:
    found = {}
    for name, series in groupby(points, key=lambda point: point[0]):
        if summary := summarize(series):
            found[name] = summary
    return found


def _gone(vault: Vault, file: PointsFile | None) -> IntegrityError:
    return IntegrityError(
        f"{vault.shown(file.key) if file else 'a file of points'} is missing",
        clause="X1",
        remedy="Restore the file from a copy of the archive.",
    )
