"""The state of the code: commit, branch, remote, and what was not committed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from trackbridge.capture.found import Found
from trackbridge.records.values import ParamValue

__all__ = ["find_git"]

_TIMEOUT_S: Final = 10.0
_MOST_PATCH_CHARS: Final = 1_000_000


def find_git() -> Found:
    """Give the repository that the entry point, else the working directory, belongs to."""
    if shutil.which("git") is None:
        return Found()
    folder = _entry_folder()
    commit = _fact(folder, "rev-parse", "--verify", "HEAD")
    if commit is None:
        return Found()
    attributes: dict[str, ParamValue] = {"environment.git.commit": commit.strip()}
    if branch := _fact(folder, "symbolic-ref", "--short", "-q", "HEAD"):
        attributes["environment.git.branch"] = branch.strip()
    if remote := _fact(folder, "config", "--get", "remote.origin.url"):
        attributes["environment.git.remote"] = remote.strip()
    status = _git(folder, "status", "--porcelain", "--untracked-files=normal")
    if status is None:
        return Found(attributes)
    attributes["environment.git.dirty"] = bool(status)
    files = {}
    if status and (patch := _git(folder, "diff", "HEAD", "--no-color", "--no-ext-diff", "--no-textconv")):
        cut = len(patch) > _MOST_PATCH_CHARS
        attributes["environment.git.patch_cut"] = cut
        files["dirty.patch"] = patch[:_MOST_PATCH_CHARS] + ("\n… cut\n" if cut else "")
    if status:
        files["dirty.txt"] = status[:_MOST_PATCH_CHARS]
    return Found(attributes, files)


def _entry_folder() -> Path:
    file = getattr(sys.modules.get("__main__"), "__file__", None)
    folder = Path(file).absolute().parent if file else Path.cwd()
    inside = _fact(folder, "rev-parse", "--is-inside-work-tree")
    return folder if inside and inside.strip() == "true" else Path.cwd()


def _fact(folder: Path, *arguments: str) -> str | None:
    """Ask for what stands in git's own files, also in a repository that somebody else owns, as containers mount them.

    Nothing of the repository's configuration is carried out for that. To look for changes is another matter: filters
    are programs, so in such a repository that is left to git, which refuses unless ``safe.directory`` allows it.
    """
    return _git(folder, "-c", "safe.directory=*", *arguments)


def _git(folder: Path, *arguments: str) -> str | None:
    """Run git without anything that could ask, lock or run a hook; None where it says no."""
    guards = ["-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null"]
    environment = {**os.environ, "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    answer = subprocess.run(
        ["git", *guards, *arguments],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=_TIMEOUT_S,
        check=False,
    )
    return answer.stdout.decode(errors="replace") if answer.returncode == 0 else None
