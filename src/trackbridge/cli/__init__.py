"""The command `trackbridge`: one file a command, each importing what it needs when it runs."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and leave with its exit code.

    0 done, 1 a check said no, 2 usage or configuration, 3 a backend failed.

    Args:
        arguments: All after the program's name; those of the process by default.
    """
    from trackbridge.cli._app import run

    run(arguments)
