"""One look at a run: an adapter may spare the questions that its calls would ask again and again."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import cast

from trackbridge.protocol.adapter import Adapter

__all__ = ["glance"]


def glance(adapter: Adapter) -> AbstractContextManager[None]:
    """Give a context within which this thread may be told of each run what was found first.

    An adapter whose calls must ask anew where a run is has a method `glance`; for the others it is nothing. What this
    thread writes to a run within the context is seen by it; what others write meanwhile may not be.
    """
    look = getattr(adapter, "glance", None)
    return cast("AbstractContextManager[None]", look()) if look else nullcontext()
