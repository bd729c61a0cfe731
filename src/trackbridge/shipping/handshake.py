"""The handshake: what `start_run` settles with the backends before a script goes on (R1, R2, R5)."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final, Literal, TypeVar

from trackbridge.config import BackendChoice
from trackbridge.errors import Conflict, NotFound, Transient
from trackbridge.protocol import Backend, NativeRun, prepare
from trackbridge.protocol.discovery import find_adapter
from trackbridge.protocol.urls import parse_url
from trackbridge.records.names import shown
from trackbridge.records.values import ParamValue, same_value
from trackbridge.records.writes import RunHeader
from trackbridge.shipping.backends import lease, release
from trackbridge.shipping.waybill import Destination, Waybill
from trackbridge.sidecar import Merged, merge_points, merge_run, read_entries

__all__ = ["RESUMES", "Handshake", "Opening", "Resume", "open_run", "other_param", "shake_hands", "unmet"]

Resume = Literal["never", "allow", "must"]
RESUMES: Final[tuple[Resume, ...]] = ("never", "allow", "must")
_EPOCHS_TRIED: Final = 1_000
_FAREWELL_S: Final = 1.0

_A = TypeVar("_A")


@dataclass(frozen=True, slots=True)
class Opening:
    """What a run is to be opened as.

    Attributes:
        header: The run, as it is made where it is not there yet.
        name: Its name, for the vendor's screen from the first moment on.
        resume: What an existing run means; None for an attached process, which needs one (R8).
        id_is_new: The id was made just now, so that nobody can have used it.
        given: Which parts of the header the caller chose, which an existing run must not contradict.
        params: The first params, which must not contradict it either (P3).
    """

    header: RunHeader
    name: str | None
    resume: Resume | None
    id_is_new: bool
    given: frozenset[str] = frozenset()
    params: Mapping[str, ParamValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Handshake:
    """What the backends said.

    Attributes:
        header: The run as it is.
        name: Its name before this start.
        epoch: The owner epoch claimed; 0 for a new run (R5).
        destinations: The backends, as a waybill names them.
        urls: Pages that show the run.
        params: What it has already (P3).
        existed: It was there before this start, so that not all it has is known here.
    """

    header: RunHeader
    name: str | None
    epoch: int
    destinations: tuple[Destination, ...]
    urls: tuple[str, ...] = ()
    params: Mapping[str, ParamValue] = field(default_factory=dict)
    existed: bool = False


@dataclass(slots=True)
class _Side:
    """One backend during the handshake; `backend` is None once it proved unreachable."""

    choice: BackendChoice
    backend: Backend | None
    found: NativeRun | None = None
    merged: Merged | None = None
    greatest: dict[str, int] = field(default_factory=dict)
    urls: tuple[str, ...] = ()

    @property
    def reached(self) -> Backend:
        assert self.backend is not None
        return self.backend


def shake_hands(choices: Sequence[BackendChoice], opening: Opening, *, timeout_s: float, tolerant: bool) -> Handshake:
    """Open the run at every backend.

    Args:
        choices: The backends.
        opening: The run.
        timeout_s: How long all of it may take; the import of a vendor's SDK and what `prepare` makes are not counted.
        tolerant: An unreachable backend is written to later; otherwise a required one raises.

    Raises:
        ConfigurationError: a backend cannot be opened, whatever else is tolerated.
        AuthError: a backend does not accept the credentials.
        Transient: a backend cannot be reached.
        Conflict: the run exists, was deleted, or is not what the caller says it is.
        NotFound: the run does not exist and must.
    """
    sides = [_Side(choice, None) for choice in choices]
    try:
        for side in sides:
            side.backend = lease(side.choice)
            prepare(side.backend.adapter)
            if side.backend.spec.load is not None:
                side.backend.spec.load()
        deadline = time.monotonic() + timeout_s
        _on_all(partial(_look, opening.header.id), sides, deadline, tolerant=tolerant)
        header = _settle_header(opening, sides)
        params = _known_params(opening, sides)
        _on_all(partial(_create, header, opening), sides, deadline, tolerant=tolerant)
        epoch = 0
        if opening.resume is not None and any(side.found for side in sides):
            epoch = _claim_epoch(header.id, sides, deadline, tolerant=tolerant)
        return Handshake(
            header=header,
            name=next((side.merged.run.name for side in sides if side.merged), None),
            epoch=epoch,
            destinations=tuple(
                _destination(side.choice, opened=side.backend is not None, greatest=side.greatest) for side in sides
            ),
            urls=tuple(url for side in sides for url in side.urls),
            params=params,
            existed=any(side.found for side in sides),
        )
    finally:
        for side in sides:
            _let_go(side)


def unmet(choices: Sequence[BackendChoice], opening: Opening) -> Handshake:
    """Take a run as it is meant to be, where no backend is to be contacted.

    Raises:
        ConfigurationError: a URL is none, or nothing installed serves it.
    """
    destinations = tuple(_destination(choice, opened=False, greatest={}) for choice in choices)
    return Handshake(opening.header, None, 0, destinations)


def open_run(backend: Backend, waybill: Waybill) -> None:
    """Do what the handshake could not; it may be done again and again."""
    backend.adapter.check()
    backend.adapter.experiments.ensure(waybill.header.experiment)
    backend.adapter.runs.create(waybill.header, name=waybill.name)
    if waybill.epoch:
        backend.adapter.runs.claim_epoch(waybill.header.id, waybill.epoch)


def other_param(name: str, held: ParamValue, value: ParamValue) -> Conflict:
    """Give the error of a param that is to change (P3)."""
    return Conflict(
        f"param {shown(name)} is {shown(held)} already and cannot become {shown(value)}",
        clause="P3",
        remedy="Params are written once; log what changes as a metric or a tag.",
    )


def _destination(choice: BackendChoice, *, opened: bool, greatest: Mapping[str, int]) -> Destination:
    url = parse_url(choice.url, base=choice.base)
    alone = find_adapter(url).capabilities.absent("cross_process") is not None
    return Destination(choice.name, url.text, choice.required, opened, alone, greatest)


def _look(run_id: str, side: _Side) -> None:
    """Reach the backend, and see what it knows of the run; changes nothing."""
    backend = side.reached
    backend.adapter.check()
    side.found = backend.adapter.runs.get([run_id]).get(run_id)
    if side.found is None or side.found.deleted:
        return
    entries = read_entries(backend.adapter.objects, side.found)
    side.merged = merge_run(side.found, entries)
    side.urls = side.found.urls
    side.greatest = {name: summary.last_step for name, summary in side.merged.run.metrics.items()}
    unknown = []
    for name, partly in side.merged.partial.items():
        if partly.last_step is None:
            unknown.append(name)
        else:
            side.greatest[name] = partly.last_step
    if unknown:
        read = partial(backend.adapter.metrics.read, run_id)
        for point in merge_points(read, side.found.metrics, entries, unknown):
            side.greatest[point.name] = point.step  # ascending within a series


def _settle_header(opening: Opening, sides: Sequence[_Side]) -> RunHeader:
    """Decide what the run is, from what was asked for and what is there."""
    header, resume = opening.header, opening.resume
    found = next((side.found for side in sides if side.found), None)
    if any(side.found and side.found.deleted for side in sides):
        raise Conflict(
            f"run {header.id} was deleted", clause="R5", remedy="Restore it, or start a run with another id."
        )
    if found is None:
        if resume in ("must", None) and any(side.backend for side in sides):
            raise NotFound(
                f"there is no run {header.id} to {'resume' if resume else 'attach to'}",
                clause="R5" if resume else "R8",
                remedy="Start it first, or resume with 'allow'." if resume else "Start it in the parent process first.",
            )
        return header
    if resume == "never":
        raise Conflict(
            f"run {header.id} exists already",
            clause="R5",
            remedy="Give resume='allow' or 'must' to go on with it, or leave out run_id.",
        )
    for name in sorted(opening.given):
        asked, there = getattr(header, name), getattr(found, name)
        if asked != there:
            raise Conflict(
                f"run {header.id} has the {name} {shown(there)}, not {shown(asked)}",
                clause="R5",
                remedy=f"Leave out {name} when resuming.",
            )
    return RunHeader(found.id, found.experiment, found.started_ms, found.parent)


def _known_params(opening: Opening, sides: Sequence[_Side]) -> dict[str, ParamValue]:
    """Give the params of an existing run, the first backend's where they differ; the first ones must agree (P3)."""
    known: dict[str, ParamValue] = {}
    for side in reversed(sides):
        known |= side.merged.run.params if side.merged else {}
    for name, value in opening.params.items():
        if name in known and not same_value(known[name], value):
            raise other_param(name, known[name], value)
    return known


def _create(header: RunHeader, opening: Opening, side: _Side) -> None:
    if side.found is not None:
        return
    backend = side.reached
    backend.adapter.experiments.ensure(header.experiment)
    opened = backend.adapter.runs.create(header, name=opening.name)
    side.urls = opened.urls
    if not (opened.created or opening.id_is_new or opening.resume != "never"):
        raise Conflict(
            f"another process has just started run {header.id}", clause="R5", remedy="Leave out run_id, or resume it."
        )


def _claim_epoch(run_id: str, sides: Sequence[_Side], deadline: float, *, tolerant: bool) -> int:
    """Claim one epoch at every backend that is reached; another process may be claiming as well."""
    epoch = max(side.found.epoch for side in sides if side.found) + 1
    for candidate in range(epoch, epoch + _EPOCHS_TRIED):
        claims: list[bool] = []

        def claim(side: _Side, candidate: int = candidate, claims: list[bool] = claims) -> None:
            claims.append(side.reached.adapter.runs.claim_epoch(run_id, candidate))

        _on_all(claim, sides, deadline, tolerant=tolerant)
        if all(claims):
            return candidate
    raise Conflict(f"no owner epoch of run {run_id} could be claimed", clause="R5", remedy="Start again.")


def _on_all(act: Callable[[_Side], None], sides: Sequence[_Side], deadline: float, *, tolerant: bool) -> None:
    """Act on every backend at once; one that does not answer is left out where that is allowed, else raised."""
    reached = [side for side in sides if side.backend]
    for side, error in zip(reached, _in_parallel(act, reached, deadline), strict=True):
        if error is None:
            continue
        if isinstance(error, Transient) and (tolerant or not side.choice.required):
            _let_go(side)
            continue
        raise error


def _let_go(side: _Side) -> None:
    """Release a backend; one that hangs must not hold us up with its farewell."""
    if side.backend:
        thread = threading.Thread(target=release, args=(side.backend,), name="trackbridge-release", daemon=True)
        thread.start()
        thread.join(_FAREWELL_S)
        side.backend = None


def _in_parallel(act: Callable[[_A], None], items: Sequence[_A], deadline: float) -> list[Exception | None]:
    """Give what each call raised; one that is not through by the deadline is `Transient`."""
    late = Transient("the backend did not answer in time", clause="X2", remedy="Raise connect_timeout_s.")
    errors: list[Exception | None] = [late] * len(items)

    def one(index: int, item: _A) -> None:
        try:
            act(item)
        except Exception as error:  # noqa: BLE001 - raised by the caller
            errors[index] = error
        else:
            errors[index] = None

    threads = [
        threading.Thread(target=one, args=pair, name="trackbridge-handshake", daemon=True) for pair in enumerate(items)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    return list(errors)
