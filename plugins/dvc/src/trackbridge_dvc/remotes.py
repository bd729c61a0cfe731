"""Where a DVC project pushes its data (dvc.org/doc/user-guide/project-structure/configuration)."""

from __future__ import annotations

import os
import re
from configparser import ConfigParser, Error
from pathlib import Path
from typing import Final

__all__ = ["default_remote"]

_URL: Final = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)


def default_remote(root: Path) -> str | None:
    """Give the URL of a project's default remote, a path where it is a folder; None where there is none.

    Args:
        root: The folder that has ``.dvc`` in it.
    """
    settings = ConfigParser(interpolation=None, strict=False)
    folder = root / ".dvc"
    try:
        settings.read([folder / "config", folder / "config.local"], encoding="utf-8")  # the later wins
        name = settings.get("core", "remote", fallback=None)
        url = settings.get(f"'remote \"{name}\"'", "url", fallback=None) if name else None
    except (Error, UnicodeDecodeError):
        return None
    if not url:
        return None
    return url.rstrip("/") if _URL.match(url) else os.path.normpath(folder / url)
