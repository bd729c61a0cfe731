"""A run, as a training script holds it."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from types import TracebackType
from typing import Any, Final, Self, TypeAlias

from trackbridge.errors import Rejected, TrackbridgeError, Transient
from trackbridge.records.log import LoggedParams, LoggedSeries, LogRecord
from trackbridge.records.metrics import check_step, check_value
from trackbridge.records.names import check_name, check_text, is_reserved, shown
from trackbridge.records.runs import ENDED, RunStatus, check_status
from trackbridge.records.times import check_ms, now_ms
from trackbridge.records.values import ParamValue, check_param, flatten, same_value
from trackbridge.records.writes import AttributeWrite, Stamp, StatusWrite, TagWrite
from trackbridge.redaction import redact_text, redact_value, redacted_logger
from trackbridge.run.active import enter, leave
from trackbridge.run.calls import checked, complain
from trackbridge.run.content import Content
from trackbridge.run.ending import describe, status_of
from trackbridge.run.spec import RunSpec
from trackbridge.run.staging import Staging
from trackbridge.run.waiting import progress_shown
from trackbridge.shipping import Delivery, LogPoints, Outlet, new_writer, other_param

__all__ = ["Run", "check_tags", "redacted_params"]

StartCapture: TypeAlias = Callable[
    [Callable[[LogRecord], None], Callable[[], Stamp], Callable[[dict[str, float]], None]], Callable[[float], None]
]

_LOGGER: Final = redacted_logger("trackbridge")


class Run(Content):
    """One run of a script: what is logged here goes to every backend of the run.

    A context manager: leaving the block finishes it (R4). All methods may be called from several threads, and in a
    forked child, which then is an attached writer (R8). A bad call raises, or warns where ``on_error = "warn"``;
    what a backend does never raises unless ``strict`` (X2).
    """

    def __init__(self, spec: RunSpec, outlet: Outlet) -> None:
        super().__init__(outlet)
        self._spec = spec
        self._writer = spec.writer
        self._name = spec.name
        self._attached = spec.attached
        self._status: RunStatus = "RUNNING"
        self._lock = threading.Lock()
        self._params: dict[str, ParamValue] = dict(spec.params)
        self._sequence = itertools.count(1)
        self._captured: Callable[[float], None] | None = None
        self._finishing = self._closed = False
        self._deliveries: tuple[Delivery, ...] = ()
        outlet.refuse = self._refuse
        self._log_metrics = self._guarded(outlet.log_metrics)
        # The journal's own closure in the place of the method: a call of it costs what writing a point costs.
        vars(self)["log_metric"] = self._guarded(outlet.log_metric)
        enter(self)

    # What it is

    @property
    def id(self) -> str:
        """Its id: 32 hex characters, the same at every backend (R1)."""
        return self._spec.header.id

    @property
    def name(self) -> str | None:
        """Its name, None for none (R9)."""
        return self._name

    @property
    def experiment(self) -> str:
        """The experiment it belongs to (R2)."""
        return self._spec.header.experiment

    @property
    def parent(self) -> str | None:
        """The id of the run it is a child of (R6)."""
        return self._spec.header.parent

    @property
    def status(self) -> RunStatus:
        """RUNNING, or how this process ended it (R3)."""
        return self._status

    @property
    def urls(self) -> tuple[str, ...]:
        """Pages that show it, one per backend that has any."""
        return self._spec.urls

    def __repr__(self) -> str:
        name = f" {self.name!r}" if self.name else ""
        return f"<Run {self.id}{name} {self._status}>"

    # Metrics: the hot path comes first

    def log_metric(
        self, name: str, value: float, step: int | None = None, *, timestamp: int | datetime | None = None
    ) -> None:
        """Log one point of a metric.

        Args:
            name: As P1.
            value: A float, an int, or a numpy or torch scalar; NaN and infinities are kept (M1, M6).
            step: Any int64; by default one more than the greatest of this series so far (M3).
            timestamp: UTC milliseconds or a datetime, a naive one being UTC; now by default.
        """
        self._guarded(self._outlet.log_metric)(name, value, step, timestamp=timestamp)

    def log_metrics(
        self, metrics: Mapping[str, float], step: int | None = None, *, timestamp: int | datetime | None = None
    ) -> None:
        """Log a point of several metrics at one step and time; all of them, or none where one is no number."""
        given: Any = metrics
        # To ask an abstract class takes some microseconds where the caches are cold.
        if type(given) is dict or isinstance(given, Mapping):
            self._log_metrics(metrics, step, timestamp=timestamp)
        else:
            self._refuse(Rejected(f"metrics must be a dict of names and numbers, not {shown(metrics)}", clause="M6"))

    @checked
    def log_series(
        self,
        name: str,
        steps: Sequence[int] | None,
        values: Sequence[float],
        timestamps: Sequence[int | datetime] | None = None,
    ) -> None:
        """Log many points of one metric at once.

        Args:
            name: As P1.
            steps: One per value; None counts on from the greatest so far (M3).
            values: Numbers; a list, or a numpy or torch array of one dimension.
            timestamps: One per value, UTC milliseconds or datetimes; now by default.
        """
        check_name(name, "metric")
        floats = tuple(check_value(value, name) for value in _listed(values))
        ints = None if steps is None else tuple(check_step(step, name) for step in _listed(steps))
        times = None if timestamps is None else tuple(check_ms(each, "timestamp") for each in _listed(timestamps))
        for what, given in (("steps", ints), ("timestamps", times)):
            if given is not None and len(given) != len(floats):
                raise Rejected(
                    f"the series {shown(name)} has {len(floats)} values but {len(given)} {what}",
                    clause="M1",
                    remedy="Give one for each value, or None.",
                )
        if floats:
            self._put(LoggedSeries(name, ints, times, floats, now_ms()))

    # Params, tags, attributes

    def log_param(self, name: str, value: Any) -> None:
        """Log a param, written once: the same value again is nothing, another raises (P2, P3)."""
        self.log_params({name: value})

    @checked
    def log_params(self, params: Mapping[str, Any]) -> None:
        """Log params; nested dicts flatten with dots (P1). All of them, or none where one cannot be."""
        flat = redacted_params(params)
        with self._lock:
            fresh = {}
            for name, value in flat.items():
                if name not in self._params:
                    fresh[name] = value
                elif not same_value(self._params[name], value):
                    raise other_param(name, self._params[name], value)
            if fresh:
                self._put(LoggedParams(fresh))
                self._params |= fresh

    def set_tag(self, name: str, value: str) -> None:
        """Set a tag; of two writes the later wins, on every backend (T1)."""
        self.set_tags({name: value})

    @checked
    def set_tags(self, tags: Mapping[str, str]) -> None:
        """Set several tags; all of them, or none where one cannot be."""
        for name, text in check_tags(tags).items():
            self._tag(name, str(redact_value(text, name)))

    @checked
    def delete_tag(self, name: str) -> None:
        """Delete a tag; one that is not there is nothing."""
        self._tag(_tag_name(name), None)

    @checked
    def set_name(self, name: str) -> None:
        """Give the run another name (R9)."""
        self._name = redact_text(check_name(name, "run"))
        self._attribute("name", self._name)

    @checked
    def set_notes(self, text: str) -> None:
        """Say in words what the run is about (R9)."""
        self._attribute("notes", check_text(text, "the notes"))

    # Delivery and the end

    @property
    def delivery(self) -> tuple[Delivery, ...]:
        """How delivery to each backend stands: queued, delivered, retried, rejected, dropped, age of the oldest."""
        return self._deliveries if self._closed else self._outlet.state()

    def flush(self, timeout_s: float = 60.0) -> tuple[Delivery, ...]:
        """Deliver what was logged so far.

        Args:
            timeout_s: How long to wait for it.

        Returns:
            How delivery to each backend stands then.
        """
        return self._deliveries if self._closed else self._outlet.flush(timeout_s)

    def finish(self, status: RunStatus = "FINISHED") -> tuple[Delivery, ...]:
        """End the run and deliver all of it, for up to ``finish_timeout_s``; a second call changes nothing.

        Args:
            status: FINISHED, FAILED or KILLED. An attached process ends only its own part (R8).

        Returns:
            What became of it at each backend.

        Raises:
            Rejected: the status is none that ends a run.
            TrackbridgeError: where ``strict``, what a required backend rejected or still lacks; or the policy asks for
                something that the run lacks, and for an error where it does.
        """
        if check_status(status) not in ENDED:
            raise Rejected(f"a run cannot finish as {status}", clause="R3", remedy=f"Use {', '.join(sorted(ENDED))}.")
        deadline = time.monotonic() + self._spec.finish_timeout_s
        with self._lock:
            if self._finishing:
                return self._deliveries
            self._finishing = True
        verdict = None
        try:
            if self._captured:
                self._captured(deadline - time.monotonic())
            verdict = self._judged()
        finally:
            if not self._attached:
                self._outlet.put(StatusWrite(self._spec.epoch, status, now_ms(), self._stamp()))
            self._status, self._closed = status, True
        try:
            with progress_shown(self._outlet.state):
                self._deliveries = self._outlet.close(max(0.0, deadline - time.monotonic()))
        finally:
            leave(self)
        self._report()
        if verdict and status == "FINISHED":
            raise verdict
        return self._deliveries

    def end(self, error: BaseException | None) -> None:
        """End the run the way that leaving a `with` block by `error` does (R4)."""
        status = status_of(error)
        if status == "FAILED" and error is not None and not self._attached and not self._finishing:
            self._tag("trackbridge.exception", describe(error))
        self.finish(status)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end(error)

    # What the other parts of trackbridge call

    def complain(self, error: TrackbridgeError) -> None:
        """Raise an error of a call, or warn of it."""
        complain(error, warn=self._spec.warn)

    def capture(self, start: StartCapture) -> None:
        """Let the environment be recorded beside the training; `finish` waits for what `start` gives."""
        self._captured = start(self._put, self._stamp, self._outlet.log_metrics)

    def become_child(self) -> None:
        """Go on in a forked child: as an attached writer of its own, which never ends the run (R8)."""
        self._lock = threading.Lock()
        self._writer = new_writer()
        self._attached = True
        self._captured = None
        self._staging = Staging(self._outlet.place, self._outlet.admit)
        self._outlet.become_child()

    def _stamp(self) -> Stamp:
        return Stamp(time.time_ns(), self._writer, next(self._sequence))

    def _put(self, record: LogRecord) -> None:
        self._check_open()
        self._permit(record)
        self._outlet.put(record)

    def _permit(self, record: LogRecord) -> None:
        if self._spec.guard:
            self._spec.guard.see(record)

    def _judged(self) -> Rejected | None:
        """Mark what the run lacks by the policy; a resumed or attached part does not know all that the run has."""
        if self._spec.guard is None or self._attached or self._spec.resumed:
            return None
        text, error = self._spec.guard.finish()
        if text:
            self._tag("trackbridge.policy", text)
        return error

    def _tag(self, name: str, value: str | None) -> None:
        self._put(TagWrite(name, value, self._stamp()))

    def _attribute(self, name: str, value: ParamValue) -> None:
        self._put(AttributeWrite(name, redact_value(value, name), self._stamp()))

    def _guarded(self, log: LogPoints) -> LogPoints:
        """Let a strict run raise with the next point what a backend rejected (X2), and a policy know of the metrics."""
        guard = self._spec.guard
        watched = guard is not None and guard.wants_metrics
        if not (self._spec.strict or watched):
            return log

        def call(*args: Any, **kwargs: Any) -> None:
            self._check_open()
            if guard is not None and watched and args:
                try:
                    guard.see_metrics([args[0]] if isinstance(args[0], str) else args[0])
                except TrackbridgeError as error:
                    self.complain(error)
                    return
            log(*args, **kwargs)

        return call

    def _refuse(self, error: TrackbridgeError) -> None:
        self.complain(self._finished() if self._closed else error)

    def _finished(self) -> Rejected:
        return Rejected(
            f"run {self.id} is finished and takes nothing more",
            clause="R3",
            remedy="Resume it: start_run(run_id=…, resume='must').",
        )

    def _check_open(self) -> None:
        if self._closed:
            raise self._finished()
        if self._spec.strict and (error := self._outlet.failure()):
            raise error

    def _report(self) -> None:
        """Say what did not arrive; where strict, raise it."""
        for delivery in self._deliveries:
            if not delivery.complete:
                _LOGGER.warning("run %s is not all at %s: %s", self.id, delivery.backend, delivery.summary)
        if any(delivery.queued for delivery in self._deliveries):
            where = self._outlet.directory
            _LOGGER.warning(
                "what is left lies in %s; the next run here delivers it, or: trackbridge sync %s", where, where
            )
        if not self._spec.strict:
            return
        if error := self._outlet.failure():
            raise error
        for delivery in self._deliveries:
            if delivery.required and delivery.queued:
                raise Transient(
                    f"{delivery.queued} records of run {self.id} did not reach {delivery.backend}: {delivery.error}",
                    clause="X2",
                    remedy="Give finish more time with finish_timeout_s, or see what is wrong with the backend.",
                )


def redacted_params(params: Mapping[str, Any]) -> dict[str, ParamValue]:
    """Give params flat, checked and redacted (P1, P2, X4)."""
    if not isinstance(params, Mapping):
        raise Rejected(f"params must be a dict, not {shown(params)}", clause="P1")
    return {name: check_param(redact_value(value, name), name) for name, value in flatten(params).items()}


def check_tags(tags: Mapping[str, str]) -> dict[str, str]:
    """Return tags if all their names and values are valid (T1, T2)."""
    if not isinstance(tags, Mapping):
        raise Rejected(f"tags must be a dict of strings, not {shown(tags)}", clause="T1")
    return {_tag_name(name): check_text(value, f"the tag {shown(name)}") for name, value in tags.items()}


def _tag_name(name: object) -> str:
    text = check_name(name, "tag")
    if is_reserved(text):
        raise Rejected(
            f"the tag {shown(text)} belongs to trackbridge", clause="T2", remedy="Do not begin it with trackbridge."
        )
    return text


def _listed(values: Any) -> Sequence[Any]:
    """Give a list of what may be a numpy or torch array."""
    to_list = getattr(values, "tolist", None)
    listed = to_list() if callable(to_list) else values
    if isinstance(listed, str | bytes | Mapping) or not hasattr(listed, "__iter__"):
        raise Rejected(f"a series must be a list of numbers, not {shown(values)}", clause="M1")
    return listed if isinstance(listed, Sequence) else list(listed)
