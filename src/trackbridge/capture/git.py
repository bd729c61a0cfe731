"""The state of the code: commit, branch, remote, and what was not committed."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from trackbridge.capture.places import entry_folder
from trackbridge.protocol import Found
from trackbridge.records.values import ParamValue

__all__ = ["PATCH", "STATUS", "find_git"]

PATCH: Final = "dirty.patch"
STATUS: Final = "dirty.txt"

_TIMEOUT_S: Final = 20.0
_MOST_BYTES: Final = 1_000_000
# Whatever somebody's configuration says, the patch must be one that `git apply` takes, bytes of any kind included.
_DIFF: Final = (
    *("diff", "HEAD", "--binary", "--full-index", "--no-color", "--no-ext-diff", "--no-textconv", "--no-relative"),
    *("--ignore-submodules=dirty", "--src-prefix=a/", "--dst-prefix=b/"),
)


def find_git() -> Found:
    """Give the repository that the entry point, else the working directory, belongs to."""
    if shutil.which("git") is None:
        return Found()
    folder = entry_folder()
    commit = _fact(folder, "rev-parse", "--verify", "HEAD")
    if not commit:
        return Found()
    attributes: dict[str, ParamValue] = {"environment.git.commit": commit}
    if branch := _fact(folder, "symbolic-ref", "--short", "-q", "HEAD"):
        attributes["environment.git.branch"] = branch
    if remote := _remote(folder):
        attributes["environment.git.remote"] = remote
    if root := _fact(folder, "rev-parse", "--show-toplevel"):
        attributes["environment.git.root"] = root
    changes, files = _changes(folder, Path(root) if root else folder)
    return Found(attributes | changes, files)


def _changes(folder: Path, root: Path) -> tuple[dict[str, ParamValue], dict[str, bytes]]:
    """Give what was not committed: a patch of the tracked files, and the list of all."""
    status = _git(root, "status", "--porcelain", "--untracked-files=normal")
    if not status.good:
        return {"environment.git.unread": _reason(status.said)}, {}
    attributes: dict[str, ParamValue] = {"environment.git.dirty": bool(status.out)}
    if not status.out:
        return attributes, {}
    files = {STATUS: status.out[:_MOST_BYTES]}
    untracked = sum(line.startswith(b"??") for line in status.out.splitlines())
    if untracked:
        attributes["environment.git.untracked"] = untracked
    diff = _git(folder, *_DIFF, most_bytes=_MOST_BYTES)
    if not diff.good:
        attributes["environment.git.unread"] = _reason(diff.said)
    elif diff.out:
        patch = _whole_files(diff.out) if diff.cut else diff.out
        attributes["environment.git.patch_cut"] = diff.cut
        files |= {PATCH: patch} if patch else {}
    return attributes, files


def _whole_files(patch: bytes) -> bytes:
    """Drop the last file, which was cut: what is left can be applied. No line of a file's content begins so."""
    begun = patch.rfind(b"\ndiff --git ")
    return patch[: begun + 1]


def _remote(folder: Path) -> str | None:
    """Give the URL of origin, else of the only remote there is."""
    if url := _fact(folder, "config", "--get", "remote.origin.url"):
        return url
    names = (_fact(folder, "remote") or "").split()
    return _fact(folder, "config", "--get", f"remote.{names[0]}.url") if len(names) == 1 else None


def _reason(said: str) -> str:
    """Say why git does not tell what was changed, and what would let it."""
    if "dubious ownership" in said:
        return "it belongs to another user; allow it: git config --global --add safe.directory FOLDER"
    return said.strip().splitlines()[0][:500] if said.strip() else "git does not say why"


@dataclass(frozen=True, slots=True)
class _Answer:
    good: bool
    out: bytes
    said: str
    cut: bool


def _fact(folder: Path, *arguments: str) -> str | None:
    """Ask for what stands in git's own files, also in a repository that somebody else owns, as containers mount them.

    Nothing of the repository's configuration is carried out for that. To look for changes is another matter: filters
    are programs, so in such a repository that is left to git, which refuses unless ``safe.directory`` allows it.
    """
    answer = _git(folder, "-c", "safe.directory=*", *arguments)
    return answer.out.decode(errors="replace").strip() if answer.good else None


def _git(folder: Path, *arguments: str, most_bytes: int = _MOST_BYTES) -> _Answer:
    """Run git without anything that could ask, lock or run a hook; read no more than asked for."""
    guards = ["-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null"]
    environment = {**os.environ, "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    with subprocess.Popen(
        ["git", *guards, *arguments],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        limit = threading.Timer(_TIMEOUT_S, process.kill)
        limit.daemon = True
        limit.start()
        try:
            out = process.stdout.read(most_bytes + 1)
            cut = len(out) > most_bytes
            if cut:
                process.kill()
            said = process.stderr.read(4_096).decode(errors="replace")
        finally:
            limit.cancel()
            process.stdout.close()
            process.stderr.close()
    return _Answer(cut or process.returncode == 0, out[:most_bytes], said, cut)
