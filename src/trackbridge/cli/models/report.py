"""``trackbridge models report``: the gate report that a promotion names."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from trackbridge.cli._options import BackendOption
from trackbridge.cli._output import say
from trackbridge.errors import ConfigurationError, NotFound

__all__ = ["fetch_report"]


def fetch_report(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="The model's name.")],
    entry: Annotated[int, typer.Argument(metavar="ENTRY", help="The number of the trail's entry.")],
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where to write it.")],
    *,
    backend: BackendOption = None,
) -> None:
    """Fetch the gate report that allowed a promotion, checked against the digest in the audit trail."""
    from trackbridge.gates import REPORT_FILES, read_report
    from trackbridge.store import connect

    with connect(backend) as store:
        history = {one.n: one for one in store.registry.history(model)}
        digest = history[entry].gate_digest if entry in history else None
        if digest is None:
            raise NotFound(
                f"entry {entry} of model {model!r} names no report",
                clause="G5",
                remedy="`trackbridge models history` shows the entries.",
            )
        version = store.registry.get(model, history[entry].version)
        found = {name: read_report(store, version, digest, name) for name in REPORT_FILES}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, data in found.items():
            (folder / name).write_bytes(data)
    except OSError as error:
        raise ConfigurationError(f"{folder} cannot be written: {error.strerror or error}") from error
    say(f"{digest} → {folder}")
