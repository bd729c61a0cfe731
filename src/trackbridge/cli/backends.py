"""``trackbridge backends``: which backends are installed, and which of them are broken."""

from __future__ import annotations

from trackbridge.cli._options import AsJson
from trackbridge.cli._output import console, emit, one_line, table

__all__ = ["backends"]


def backends(*, as_json: AsJson = False) -> None:
    """List the URL schemes that installed packages serve."""
    from trackbridge.protocol import installed_backends

    rows = list(installed_backends())
    if as_json:
        emit(rows)
        return
    console().print(
        table(
            ("scheme", "package", "version", "state"),
            ((f"{row.scheme}://", row.package, row.version, one_line(row.error or row.state)) for row in rows),
        )
    )
