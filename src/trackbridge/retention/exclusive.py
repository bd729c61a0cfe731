"""One collection at a time on one machine and backend, for `cron` starts the next whether the last has ended or not."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from trackbridge.errors import Conflict

__all__ = ["only_one"]


@contextmanager
def only_one(url: str) -> Iterator[None]:
    """Hold the lock of a backend; the system lets go of it when the process dies.

    Raises:
        Conflict: another process holds it.
    """
    try:
        import fcntl
    except ImportError:  # Windows: deletions are safe beside each other, only done twice
        yield
        return
    digest = hashlib.sha256(url.encode()).hexdigest()[:16]
    path = Path(tempfile.gettempdir()) / f"trackbridge-retention-{os.getuid()}-{digest}.lock"
    with path.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Conflict(
                f"another process collects {url} at this moment", remedy="Wait until it has ended; nothing was changed."
            ) from error
        yield
