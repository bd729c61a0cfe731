"""Opening a run for writing: the handshake, the journal, and somebody who delivers it."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from trackbridge.config import BackendChoice, Settings
from trackbridge.errors import ConfigurationError, TrackbridgeError
from trackbridge.journal import JournalOptions, find_journals, is_alive
from trackbridge.protocol import find_adapter, parse_url
from trackbridge.redaction import redacted_logger
from trackbridge.shipping.client import Shipper, can_run
from trackbridge.shipping.crew import Crew
from trackbridge.shipping.handshake import Handshake, Opening, shake_hands, unmet
from trackbridge.shipping.hosts import adopt, take_on
from trackbridge.shipping.outlet import JournalOutlet, TakeOn
from trackbridge.shipping.root import journal_root, shared_root
from trackbridge.shipping.waybill import Host, Waybill

__all__ = ["new_writer", "open_outlet"]

_LOGGER: Final = redacted_logger("trackbridge")
_OPTIONAL_SHARE = 2  # of the journal's bound, what backends that are not required may hold is one part in so many


def new_writer() -> str:
    """Give the id of a new writer: 16 hex characters."""
    return secrets.token_hex(8)


def open_outlet(
    opening: Opening, choices: Sequence[BackendChoice], config: Settings, writer: str
) -> tuple[JournalOutlet, Handshake]:
    """Open a run at its backends, and a journal for it.

    Args:
        opening: The run.
        choices: The backends.
        config: How it is delivered.
        writer: The id of this writer.

    Raises:
        TrackbridgeError: as `shake_hands` does; or no journal can be kept, or nobody started to deliver it.
    """
    host = _host(opening, choices, config)
    root = shared_root(journal_root(config), _environment(choices)) if host == "process" else journal_root(config)
    shipper = Shipper(root, config.python)
    manner = _manner(host, shipper)
    if opening.resume in ("allow", "must"):
        _deliver_first(root, opening.header.id, manner, config.connect_timeout_s)
    if host == "offline":
        met = _met_offline(opening, choices)
    else:
        meet = shipper.shake_hands if host == "process" else shake_hands
        # A run that may exist already cannot be opened blindly: its epoch and its params have to be known (P3, R5).
        tolerant = config.on_unreachable == "offline" and opening.resume == "never"
        met = meet(choices, opening, timeout_s=config.connect_timeout_s, tolerant=tolerant)
    waybill = Waybill(
        header=met.header,
        name=opening.name,
        epoch=met.epoch,
        attached=opening.resume is None,
        destinations=met.destinations,
        host=host,
        optional_bytes=config.journal_max_bytes // _OPTIONAL_SHARE,
    )
    options = JournalOptions(
        durability=config.durability,
        sync_interval_s=config.sync_interval_s,
        max_bytes=config.journal_max_bytes,
        when_full="drop" if host == "offline" else config.when_full,  # nobody would ever end the wait
    )
    outlet = JournalOutlet(root, writer, waybill, options=options, take_on=manner)
    if host == "thread":
        adopt(root)
    return outlet, met


def _host(opening: Opening, choices: Sequence[BackendChoice], config: Settings) -> Host:
    """Decide who delivers: what cannot leave this process is delivered by it."""
    if config.mode == "offline":
        return "offline"
    if config.shipper != "process":
        return config.shipper
    stays = any(each.in_process for each in unmet(choices, opening).destinations)
    return "thread" if stays or not can_run() else "process"


def _environment(choices: Sequence[BackendChoice]) -> Iterator[str]:
    """Give the variables that say where and as whom the backends work."""
    for choice in choices:
        yield from find_adapter(parse_url(choice.url, base=choice.base)).environment


def _deliver_first(root: Path, run_id: str, manner: TakeOn, timeout_s: float) -> None:
    """Deliver what an earlier process of the run has left here, so that the handshake sees it (M3, P3)."""
    deadline = time.monotonic() + timeout_s
    for directory in find_journals(root, run_id):
        try:
            if not is_alive(directory) and (crew := manner(directory)):
                crew.close(max(0.0, deadline - time.monotonic()))
        except TrackbridgeError as error:
            _LOGGER.warning("the journal %s is left alone: %s", directory, error)


def _met_offline(opening: Opening, choices: Sequence[BackendChoice]) -> Handshake:
    if opening.resume in ("allow", "must"):
        raise ConfigurationError(
            f"run {opening.header.id} cannot be resumed while mode is offline: what it has is not known",
            clause="R5",
            remedy="Start a run of its own, or go online.",
        )
    return unmet(choices, opening)


def _manner(host: Host, shipper: Shipper) -> TakeOn:
    match host:
        case "process":
            return shipper.take_on
        case "offline":
            return _nobody
    return partial(take_on, inline=host == "inline")


def _nobody(_: Path) -> Crew | None:
    return None
