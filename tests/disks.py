"""Small file systems for tests that fill them, each in a mount name space of its own; none where the system forbids that."""

from __future__ import annotations

import os
import subprocess
from functools import cache
from pathlib import Path

_UNSHARE = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--mount", "--user", "--map-root-user"]
_MOUNTS = {
    "tmpfs": "mount -t tmpfs -o size=3m none {root}",
    "ext4": "truncate -s 12M {image} && mkfs.ext4 -q -m 0 {image} && mount -o loop {image} {root}",
}
# An ext4 that was unmounted has only what reached its disk.
_AGAIN = {"tmpfs": "true", "ext4": "umount {root} && mount -o loop {image} {root}"}


@cache
def disks() -> list[str]:
    """Give the small file systems that can be had here."""
    found = []
    for name, mount in _MOUNTS.items():
        script = 'd=$(mktemp -d) && trap "rm -rf $d" EXIT && mkdir $d/r && ' + mount.format(root="$d/r", image="$d/i")
        script += " && umount $d/r"
        if subprocess.run([*_UNSHARE, "sh", "-c", script], capture_output=True, check=False).returncode == 0:
            found.append(name)
    return found


def on_disk(
    disk: str, root: Path, *commands: str, env: dict[str, str] | None = None, between: str | None = None
) -> subprocess.CompletedProcess[str]:
    """Run shell commands with a small file system at `root`, one after the other as long as each succeeds.

    Args:
        disk: One of `disks()`.
        root: Where it is mounted; made here.
        commands: What is run.
        env: Their environment.
        between: What is done between two commands; by default the disk is mounted anew.
    """
    root.mkdir(exist_ok=True)
    again = _AGAIN[disk] if between is None else between
    mount, anew = (each.format(root=root, image=f"{root}.image") for each in (_MOUNTS[disk], again))
    script = f"{mount} && {f' && {anew} && '.join(commands)}"
    return subprocess.run([*_UNSHARE, "sh", "-c", script], capture_output=True, text=True, check=False, env=env)
