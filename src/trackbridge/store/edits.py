"""Changes to a run after the fact: tags, notes and its name (T1, R9)."""

from __future__ import annotations

import time
from collections.abc import Mapping

from trackbridge.protocol import Backend
from trackbridge.records.ids import new_run_id
from trackbridge.records.names import check_name, check_text
from trackbridge.records.writes import AttributeWrite, Stamp, TagWrite
from trackbridge.redaction import redact_text
from trackbridge.registry.labels import checked_tags
from trackbridge.shipping.deliverer import Deliverer
from trackbridge.shipping.delivery import Ledger

__all__ = ["Edit", "apply_edit", "make_edit"]

Edit = list[TagWrite | AttributeWrite]


def make_edit(writer: str, tags: Mapping[str, str | None] | None, notes: str | None, name: str | None) -> Edit:
    """Check and stamp the changes, redacted (X4).

    Raises:
        Rejected: a name or a text that can never be kept, or a tag that is trackbridge's own (T2).
    """
    wall_ns = time.time_ns()
    writes: Edit = []
    for tag, value in checked_tags(tags).items():
        writes.append(TagWrite(tag, value, Stamp(wall_ns, writer, len(writes))))
    if notes is not None:
        text = redact_text(check_text(notes, "the notes"))
        writes.append(AttributeWrite("notes", text, Stamp(wall_ns, writer, len(writes))))
    if name is not None:
        text = redact_text(check_name(name, "run"))
        writes.append(AttributeWrite("name", text, Stamp(wall_ns, writer, len(writes))))
    return writes


def apply_edit(
    backend: Backend,
    run_id: str,
    *,
    tags: Mapping[str, str | None] | None = None,
    notes: str | None = None,
    name: str | None = None,
) -> None:
    """Write the changes the way a run's own are delivered, and raise what the backend says against them."""
    writer = new_run_id()
    writes = make_edit(writer, tags, notes, name)
    ledger = Ledger(str(backend.url), required=True)
    deliverer = Deliverer(backend, run_id, writer, ledger)
    deliverer.plan(writes)
    deliverer.work()
    if ledger.failure is not None:
        raise ledger.failure
