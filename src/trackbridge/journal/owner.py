"""Who writes a journal, and whether that process still lives.

The owner file names the process and is locked by it for as long as it writes: the kernel lets go of the lock when the
process dies, however it dies. Where a forked child still holds the lock, or the file system knows no locks, the
process itself is looked for.
"""

from __future__ import annotations

import contextlib
import json
import os
import platform
import time
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from trackbridge.errors import IntegrityError, NotFound
from trackbridge.journal.format import VERSION, check_version

__all__ = ["OWNER_FILE", "Identity", "claim", "is_alive", "read_identity", "this_process", "try_lock", "unlock"]

OWNER_FILE = "owner.json"
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True, slots=True)
class Identity:
    """Who writes a journal.

    `boot`, `started` (clock ticks after boot) and `pid_namespace` tell the process from another with its pid; they are
    empty where the system does not say. `forked_from` is the writer whose process was forked to make this one: such a
    child is attached to the run and does not own it (R8). `extra` is the caller's.
    """

    run: str
    writer: str
    pid: int
    started: str
    boot: str
    pid_namespace: str
    host: str
    created_ms: int
    forked_from: str | None = None
    extra: dict[str, str] = field(default_factory=dict)
    version: int = VERSION


def this_process(
    run: str, writer: str, *, forked_from: str | None = None, extra: dict[str, str] | None = None
) -> Identity:
    """Give the identity of the calling process as the writer of a journal."""
    return Identity(
        run=run,
        writer=writer,
        pid=os.getpid(),
        started=_start_of(os.getpid()) or "",
        boot=_boot(),
        pid_namespace=_pid_namespace(),
        host=platform.node(),
        created_ms=time.time_ns() // 1_000_000,
        forked_from=forked_from,
        extra=dict(extra or {}),
    )


def claim(directory: Path, identity: Identity) -> int:
    """Write the owner file of a journal and lock it; give the descriptor that holds the lock."""
    draft = directory / f"{OWNER_FILE}.new"
    # Nobody else's to read: where a backend's URL has a password, it is in here, or nothing could be delivered later.
    descriptor = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        try_lock(descriptor)  # before the file has its name, so that no reader finds it unlocked
        os.write(descriptor, json.dumps(asdict(identity), indent=1).encode())
        draft.replace(directory / OWNER_FILE)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def try_lock(descriptor: int, *, shared: bool = False) -> bool | None:
    """Take an advisory lock without waiting: True if it was free, False if not, None where there are no locks."""
    try:
        import fcntl
    except ImportError:  # not a POSIX system
        return None
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True


def unlock(descriptor: int) -> None:
    """Give up a lock and close its file, also where a forked child still has it open."""
    with contextlib.suppress(ImportError, OSError):  # where there are no locks there is nothing to give up
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_UN)
    os.close(descriptor)


def read_identity(directory: Path) -> Identity:
    """Read the owner file of a journal.

    Raises:
        NotFound: there is none.
        ConfigurationError: a later version wrote it.
        IntegrityError: it cannot be read.
    """
    path = directory / OWNER_FILE
    try:
        values: Any = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise NotFound(f"{directory} is not a journal: it has no {OWNER_FILE}") from None
    except ValueError as error:
        raise IntegrityError(f"{path} cannot be read: {error}") from error
    if not isinstance(values, dict) or "version" not in values:
        raise IntegrityError(f"{path} does not say who writes the journal")
    check_version(values["version"], str(directory))
    try:
        return Identity(**{item.name: values[item.name] for item in fields(Identity) if item.name in values})
    except TypeError as error:
        raise IntegrityError(f"{path} cannot be read: {error}") from error


def is_alive(directory: Path) -> bool:
    """Tell whether the writer of a journal may still write to it."""
    try:
        descriptor = os.open(directory / OWNER_FILE, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        free = try_lock(descriptor, shared=True)
    finally:
        os.close(descriptor)
    if free:
        return False
    try:
        identity = read_identity(directory)
    except (IntegrityError, NotFound):
        return free is False
    if not identity.boot or identity.boot != _boot():
        # Another machine, or an earlier life of this one: only a lock that somebody holds speaks for a writer.
        return free is False
    if identity.pid_namespace != _pid_namespace():
        return True
    return _start_of(identity.pid) == identity.started


def _boot() -> str:
    try:
        return _BOOT_ID.read_text(encoding="ascii").strip()
    except OSError:
        return ""


def _pid_namespace() -> str:
    try:
        return str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        return ""


def _start_of(pid: int) -> str | None:
    """Give when a process started, in clock ticks after boot (field 22 of /proc/PID/stat); None if there is none."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    return text.rpartition(")")[2].split()[19]  # the command, in parentheses, may hold anything
