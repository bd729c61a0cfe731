"""Ways to a backend, as a sender uses them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from trackbridge.config import BackendChoice
from trackbridge.protocol import Backend
from trackbridge.run.backends import lease, release
from trackbridge.shipping import Route

__all__ = ["make_route", "reopened"]


def make_route(
    choice: BackendChoice,
    backend: Backend | None,
    open_run: Callable[[Backend], None],
    greatest: Mapping[str, int],
) -> Route:
    """Make the way to a backend.

    Args:
        choice: Which backend.
        backend: It, leased and with the run opened in it; None to do both when the way is first used.
        open_run: Opens the run; called until it returns.
        greatest: The greatest step of each series there.
    """
    held = [backend] if backend else []

    def connect() -> Backend:
        if not held:
            fresh = lease(choice)
            try:
                open_run(fresh)
            except BaseException:
                release(fresh)
                raise
            held.append(fresh)
        return held[0]

    def disconnect() -> None:
        while held:
            release(held.pop())

    return Route(choice.name, choice.required, connect, disconnect, greatest)


def reopened(choice: BackendChoice, greatest: Mapping[str, int]) -> Route:
    """Make the way for a forked child: the run is open, and nothing of the parent's connection is used (R8)."""
    return make_route(choice, None, lambda _: None, greatest)
