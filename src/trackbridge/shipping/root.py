"""Where the journals of this host lie."""

from __future__ import annotations

import getpass
import hashlib
import os
import sys
import tempfile
from collections.abc import Iterable
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

from trackbridge.config import Settings, setting_base
from trackbridge.errors import ConfigurationError
from trackbridge.journal import entries_of
from trackbridge.redaction import redacted_logger

__all__ = ["journal_root", "roots_in", "shared_root"]

_AS: Final = "as-"

_LOGGER: Final = redacted_logger("trackbridge")


def journal_root(config: Settings) -> Path:
    """Give the journal root, made if need be: as configured, else this user's cache, else a temporary directory.

    Raises:
        ConfigurationError: the configured directory cannot be written to.
    """
    if config.journal_dir:
        root = Path(os.path.abspath(setting_base(("journal_dir",)) / Path(config.journal_dir).expanduser()))  # noqa: PTH100 - links stay as the user wrote them
        try:
            return _made(root)
        except OSError as error:
            raise ConfigurationError(
                f"journal_dir {root} cannot be used: {error.strerror or error}",
                remedy="Choose a directory on a local disk that this process may write to.",
            ) from error
    root = _cache() / "trackbridge" / "journal"
    try:
        return _made(root)
    except OSError as error:
        other = Path(tempfile.gettempdir(), f"trackbridge-{getpass.getuser()}", "journal")
        _LOGGER.warning("journals are kept in %s, as %s cannot be used: %s", other, root, error.strerror or error)
        return _made(other)


def shared_root(root: Path, environment: Iterable[str]) -> Path:
    """Give the part of a journal root for those who share the variables that matter to their backends.

    The shipper process works with the environment of whoever started it. One that has other credentials, or leads to
    another endpoint, gets a shipper of its own, in a folder of its own; where none of the variables is set, that is the
    root itself.

    Args:
        root: The journal root.
        environment: Patterns of variables, of all backends of a run.
    """
    patterns = tuple(environment)
    matter = sorted((name, text) for name, text in os.environ.items() if any(fnmatchcase(name, p) for p in patterns))
    if not matter:
        return root
    digest = hashlib.sha256(repr(matter).encode(errors="surrogateescape")).hexdigest()[:16]
    return _made(root / f"{_AS}{digest}")


def roots_in(path: Path) -> list[Path]:
    """Give a journal root and its parts, for those who look for journals whoever wrote them."""
    return [path, *(each for each in entries_of(path) if each.name.startswith(_AS) and each.is_dir())]


def _made(root: Path) -> Path:
    root.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not os.access(root, os.W_OK | os.X_OK):
        raise PermissionError(13, "Permission denied", str(root))
    return root


def _cache() -> Path:
    if named := os.environ.get("XDG_CACHE_HOME"):
        return Path(named)
    return Path.home() / ("Library/Caches" if sys.platform == "darwin" else ".cache")
