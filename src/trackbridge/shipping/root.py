"""Where the journals of this host lie."""

from __future__ import annotations

import getpass
import logging
import os
import sys
import tempfile
from pathlib import Path
from typing import Final

from trackbridge.config import Settings, setting_base
from trackbridge.errors import ConfigurationError

__all__ = ["journal_root"]

_LOGGER: Final = logging.getLogger("trackbridge")


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
                clause="DESIGN 5",
                remedy="Choose a directory on a local disk that this process may write to.",
            ) from error
    root = _cache() / "trackbridge" / "journal"
    try:
        return _made(root)
    except OSError as error:
        other = Path(tempfile.gettempdir(), f"trackbridge-{getpass.getuser()}", "journal")
        _LOGGER.warning("journals are kept in %s, as %s cannot be used: %s", other, root, error.strerror or error)
        return _made(other)


def _made(root: Path) -> Path:
    root.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not os.access(root, os.W_OK | os.X_OK):
        raise PermissionError(13, "Permission denied", str(root))
    return root


def _cache() -> Path:
    if named := os.environ.get("XDG_CACHE_HOME"):
        return Path(named)
    return Path.home() / ("Library/Caches" if sys.platform == "darwin" else ".cache")
