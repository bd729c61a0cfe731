"""Starting a run (R1–R8)."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from trackbridge.config import BackendChoice, Settings, chosen_backends, settings
from trackbridge.errors import Rejected
from trackbridge.records.ids import check_run_id, new_run_id
from trackbridge.records.names import check_name, shown
from trackbridge.records.times import now_ms
from trackbridge.records.writes import RunHeader, Stamp, StatusWrite
from trackbridge.redaction import redact_text, redact_value, use_patterns
from trackbridge.run.active import innermost, open_runs
from trackbridge.run.ending import watch_process
from trackbridge.run.notebook import remember, replace_run_of_cell
from trackbridge.run.ranks import SilentOutlet, is_silent_rank
from trackbridge.run.run import Run, check_tags, redacted_params
from trackbridge.run.spec import RunSpec
from trackbridge.shipping import RESUMES, Opening, Resume, new_writer, open_outlet

if TYPE_CHECKING:
    from trackbridge.policy import Guard

__all__ = ["RUN_ID_VARIABLE", "start_run"]

RUN_ID_VARIABLE: Final = "TRACKBRIDGE_RUN_ID"
DEFAULT_EXPERIMENT: Final = "default"


def start_run(
    experiment: str | None = None,
    name: str | None = None,
    *,
    params: Mapping[str, Any] | None = None,
    tags: Mapping[str, str] | None = None,
    run_id: str | None = None,
    resume: Resume = "never",
    parent: Run | str | None = None,
    backend: str | Sequence[str] | None = None,
    capture: bool | None = None,
) -> Run:
    """Start a run, or go on with one; use it in a `with` statement, or call `Run.finish`.

    Within an open run it makes a child. Where the variable ``TRACKBRIDGE_RUN_ID`` is set and no run is open here, it
    attaches to that run, which another process owns, as one more writer (R8).

    Args:
        experiment: The experiment, "default" by default; it comes to be on first use (R2).
        name: A name; there need not be one.
        params: First params (P1–P3).
        tags: First tags (T1).
        run_id: The id, 32 lowercase hex characters; a new one by default (R1).
        resume: What an existing run of that id means: "never" makes it a Conflict, "allow" and "must" go on with it,
            and "must" wants one to be there (R5).
        parent: The run that it is a child of, or its id; the innermost open run of this context by default (R6).
        backend: A name, a URL, or a list of them; the configured by default.
        capture: Whether to record environment, git and system; as configured by default (E1).

    Raises:
        Rejected: an argument that can never work, or that the policy does not allow.
        ConfigurationError: a backend, or a setting, is wrong.
        AuthError: a backend does not accept the credentials.
        Transient: a backend cannot be reached, and ``on_unreachable`` is "raise".
        Conflict: the id is taken, or what it belongs to is something else.
        NotFound: there is nothing to resume or to attach to.
    """
    config = settings()
    use_patterns(config.redact, config.redact_names)
    choices = chosen_backends(backend)
    origin = replace_run_of_cell()
    opening = _opening(
        experiment=experiment, name=name, run_id=run_id, resume=resume, parent=parent, params=params or {}
    )
    check_tags(tags or {})
    captures = (config.capture if capture is None else capture) and opening.resume is not None
    if is_silent_rank(config.ranks):
        run = _silent(opening, config)
    else:
        run = _open(opening, choices, config, _guard(opening, choices, config, tags or {}, captures=captures))
    remember(origin, run)
    watch_process()
    if opening.name is not None:
        run.set_name(opening.name)
    if params:
        run.log_params(params)
    if tags:
        run.set_tags(tags)
    if captures:
        from trackbridge.capture import start_capture

        run.capture(partial(start_capture, interval_s=config.system_metrics_interval_s))
    return run


def _opening(
    *,
    experiment: str | None,
    name: str | None,
    run_id: str | None,
    resume: Resume,
    parent: Run | str | None,
    params: Mapping[str, Any],
) -> Opening:
    """Check what was asked for, before anything is contacted."""
    if resume not in RESUMES:
        raise Rejected(f"resume is {shown(resume)}", clause="R5", remedy=f"Use one of {', '.join(RESUMES)}.")
    if resume == "must" and run_id is None:
        raise Rejected("resume='must' needs to know which run", clause="R5", remedy="Give its run_id.")
    attach_to = os.environ.get(RUN_ID_VARIABLE) if run_id is None and not open_runs() else None
    asked_id = attach_to or run_id
    around = innermost()
    parent_id = parent.id if isinstance(parent, Run) else None if parent is None else check_run_id(parent)
    given = {"experiment": experiment, "parent": parent_id}
    if parent is None and around is not None and around.id != asked_id:
        parent_id = around.id
    header = RunHeader(
        id=new_run_id() if asked_id is None else check_run_id(asked_id),
        experiment=DEFAULT_EXPERIMENT if experiment is None else check_name(experiment, "experiment"),
        started_ms=now_ms(),
        parent=parent_id,
    )
    return Opening(
        header=header,
        name=None if name is None else redact_text(check_name(name, "run")),
        resume=None if attach_to else resume,
        id_is_new=asked_id is None,
        given=frozenset(part for part, value in given.items() if value is not None),
        params=redacted_params(params),
    )


def _guard(
    opening: Opening, choices: Sequence[BackendChoice], config: Settings, tags: Mapping[str, str], *, captures: bool
) -> Guard | None:
    """Hold what is known of the run against the policy, before anything is contacted."""
    if not config.policy:
        return None
    from trackbridge.policy import Guard, RunFacts, configured_policy

    facts = RunFacts(
        experiment=opening.header.experiment,
        name=opening.name,
        backends=tuple(choice.name for choice in choices),
        captured=captures if opening.resume is not None else None,
        params=dict(opening.params),
        tags={name: str(redact_value(text, name)) for name, text in tags.items()},
    )
    return Guard(configured_policy(), facts)


def _open(opening: Opening, choices: Sequence[BackendChoice], config: Settings, guard: Guard | None) -> Run:
    writer = new_writer()
    outlet, met = open_outlet(opening, choices, config, writer)
    if met.epoch:
        outlet.put(StatusWrite(met.epoch, "RUNNING", None, Stamp(time.time_ns(), writer, 0)))
    spec = RunSpec(
        header=met.header,
        name=met.name,
        writer=writer,
        epoch=met.epoch,
        attached=opening.resume is None,
        urls=met.urls,
        params=met.params,
        resumed=met.existed,
        strict=config.strict,
        warn=config.on_error == "warn",
        finish_timeout_s=config.finish_timeout_s,
        guard=guard,
    )
    return Run(spec, outlet)


def _silent(opening: Opening, config: Settings) -> Run:
    """Give a run that checks what it is given and delivers nothing: rank 0 does that for all."""
    spec = RunSpec(
        header=opening.header,
        name=None,
        writer=new_writer(),
        epoch=0,
        attached=True,
        urls=(),
        params={},
        resumed=False,
        strict=False,
        warn=config.on_error == "warn",
        finish_timeout_s=config.finish_timeout_s,
    )
    return Run(spec, SilentOutlet())
