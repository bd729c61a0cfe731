"""Which process owns one of W&B's runs, and whether it is surely dead: what a neighbour on its machine can tell."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

__all__ = ["is_dead", "this_process"]

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_PID_NAMESPACE = Path("/proc/self/ns/pid")


def this_process() -> list[str]:
    """Give boot, pid name space, pid and start of this process; empty where the system does not say."""
    try:
        return [_boot(), str(_PID_NAMESPACE.readlink()), str(os.getpid()), _start_of(str(os.getpid()))]
    except OSError:
        return []


def is_dead(process: Any) -> bool:
    """Tell whether a process was one of this machine's, since it last started, and is gone."""
    if not isinstance(process, list) or len(process) != 4:
        return False
    here = this_process()
    if not here or here[:2] != process[:2]:
        return False
    try:
        return _start_of(str(process[2])) != str(process[3])
    except OSError:
        return True


def _boot() -> str:
    return _BOOT_ID.read_text(encoding="ascii").strip()


def _start_of(pid: str) -> str:
    """Give when a process started, in clock ticks after boot: field 22 of /proc/PID/stat."""
    text = Path("/proc", pid, "stat").read_text(encoding="utf-8", errors="replace")
    return text.rpartition(")")[2].split()[19]  # the command, in parentheses, may hold anything
